"""How far a source has been read, what may still turn up behind it, and times as queries name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core import json
from m3nop.core.clock import DAY, to_datetime
from m3nop.core.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.core.clock import Instant

_LONGEST_GAP = 1000
"""Databases skip this many ids at a restart; one that is still being written lies close below a row."""
_MICROSECOND = 1


class Gaps:
    """Finds ids that did not appear and may still, because the transaction that drew them goes on.

    An id cannot appear any more once a later one is a day old.
    """

    def __init__(self, after: int, *, now: Instant) -> None:
        self._next = after + 1
        self._oldest = now - DAY
        self._latest = self._oldest - 1

    def below(self, number: int, *, created: Instant) -> Sequence[int]:
        """Return what was skipped between the row before and this one."""
        # A row that was imported later carries an old date: the youngest so far tells how late it is.
        self._latest = max(self._latest, created)
        skipped = range(max(self._next, number - _LONGEST_GAP), number)
        self._next = number + 1
        return skipped if self._latest >= self._oldest else ()


def watermark_of(number: int) -> str:
    """Write the id that a source has been read up to."""
    return json.canonical({"id": number})


def position_of(watermark: str | None) -> int:
    """Read the id back; 0 before the first record.

    Raises:
        SourceError: it is no watermark of a shop.
    """
    if watermark is None:
        return 0
    try:
        number = json.loads(watermark)["id"]
        if isinstance(number, int) and number >= 0:
            return number
    except (ValueError, KeyError, TypeError):
        pass
    msg = f"the watermark {watermark!r} is none of a nopCommerce source"
    raise SourceError(msg)


def keys_of(keys: Sequence[str]) -> list[int]:
    """Return record keys as ids; what is no id names no row and is left out."""
    return sorted({int(key) for key in keys if key.isascii() and key.isdigit() and int(key) > 0})


def utc_text(instant: Instant) -> str:
    """Write an instant for a query.

    Without the Z the open-source API reads it as its server's local time.
    """
    moment = to_datetime(instant).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds" if moment.microsecond else "seconds") + "Z"


def tick_before(instant: Instant) -> str:
    """Write the last time that the shop can store before an instant (its times have 100 nanoseconds)."""
    moment = to_datetime(instant - _MICROSECOND).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='microseconds')}9Z"
