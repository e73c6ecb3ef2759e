"""Messages that came in from outside, as the state keeps them until their records were looked at."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from m3nop.core.clock import Instant


class Reception(StrEnum):
    """Where a message stands."""

    ACCEPTED = "accepted"
    """Its sender was told that it was received; nothing came of it yet."""
    HANDLED = "handled"
    """What it names was looked at; from here on the records tell."""
    IGNORED = "ignored"
    """No pipeline is woken by its topic."""
    SUPERSEDED = "superseded"
    """A later variation of its document came before it."""


class Message(Struct, frozen=True):
    """One event of a message from outside. It is a hint: what it says of a record is never believed."""

    source: str
    """Name of the source in ``m3nop.yaml``."""
    message: str
    """The sender's id of the message; the same one never counts twice."""
    topic: str
    key: str = ""
    """The record that it names, or ``""``."""
    part: int = 0
    """Which of several events in one message, from 0."""
    digest: str = ""
    """SHA-256 of the body, in hexadecimal."""
    document: str = ""
    """Which document it is a variation of, or ``""``."""
    variation: int | None = None
    """The number of the variation; None where variations have no order."""


class Received(Struct, frozen=True):
    """A message that is in the inbox."""

    id: int
    message: Message
    received_at: Instant
    state: Reception
    handled_at: Instant | None = None
