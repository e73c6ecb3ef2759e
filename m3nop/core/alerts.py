"""What people are told of: one row for each rule, subject and channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from m3nop.core.clock import Instant


class Alert(Struct, frozen=True):
    """Something that is, or was, the matter, and what one channel knows of it."""

    rule: str
    subject: str
    """What it is about: a pipeline, a connection, a group of dead letters."""
    channel: str
    severity: str
    text: str
    """What is the matter, without personal data."""
    opened_at: Instant
    last_sent_at: Instant | None = None
    """When the channel was last told; None for not yet."""
    closed_at: Instant | None = None
    """When it was over; None while it is not."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies it."""
        return self.rule, self.subject, self.channel

    @property
    def owes_recovery(self) -> bool:
        """Tell whether the channel was told that it began, and not yet that it is over."""
        if self.closed_at is None or self.last_sent_at is None:
            return False
        return self.last_sent_at < self.closed_at
