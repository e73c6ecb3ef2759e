"""What a comparison finds: differences, each with where its record stands and what helps."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from m3nop.core.clock import Instant


class Kind(StrEnum):
    """What is not as it should be."""

    MISSING = "missing"
    """It should be in the other system, and is not."""
    DUPLICATED = "duplicated"
    """It is in the other system more than once."""
    AMOUNT = "amount"
    """The totals differ."""
    LINES = "lines"
    """Items, quantities or prices of lines differ."""
    FIELDS = "fields"
    """Other values differ."""
    STATUS = "status"
    """The two systems are not equally far."""
    STUCK = "stuck"
    """A temporary order (OIS275) did not become real."""
    UNKNOWN = "unknown"
    """It has a reference of ours, and the shop does not know it."""
    GONE = "gone"
    """What a link leads to is not there any more."""
    BLOCKED = "blocked"
    """What a link leads to is not in use any more."""
    STOCK = "stock"
    """Another quantity is published than would be now."""
    UNPOSTED = "unposted"
    """Money moved in the shop and is not entered."""
    VOUCHER = "voucher"
    """Money was entered, and M3 has no voucher of it."""
    UNCLEAR = "unclear"
    """It could not be worked out what should be there."""


class Fix(StrEnum):
    """What `--fix` proposes to turn a record back to work by the usual means."""

    NONE = ""
    RETRY = "retry"
    """A dead letter: it is retried."""
    AGAIN = "again"
    """A delivered record of a pipeline that only makes equal: it is made ready."""
    SYNC = "sync"
    """The next run works on it anyway."""
    DECIDE = "decide"
    """A person has to: in a review, or in M3."""


class Difference(Struct, frozen=True):
    """One record in which the systems differ."""

    kind: Kind
    pipeline: str
    key: str
    """Of the record, where there is one; else the reference or number by which it was found."""
    store: str
    message: str
    details: tuple[str, ...] = ()
    reference: str = ""
    m3: tuple[str, ...] = ()
    """Numbers in M3."""
    state: str = ""
    """Where the record stands in m3nop, or ``never read``."""
    reason: str = ""
    remedy: str = ""
    fix: Fix = Fix.NONE


class Window(Struct, frozen=True):
    """Which records are compared, by when they were created (``end`` exclusive); no ``start``: all."""

    start: Instant | None
    end: Instant


class Tally(Struct):
    """What was looked at, and what could not be compared."""

    compared: Counter[str] = field(default_factory=Counter)
    """How many records of what (``orders in the shop``)."""
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Say once what cannot be compared, and why."""
        if text not in self.notes:
            self.notes.append(text)
