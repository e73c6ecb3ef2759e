"""Time as a port, so that a test can move it.

An ``Instant`` is a count of microseconds since the Unix epoch, UTC. State rows hold nothing else.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

Instant = int

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> Instant:
        """Return the present instant."""
        ...

    def wait(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        ...


class SystemClock:
    """The machine's clock, shifted by a fixed offset (a sandbox whose time was moved)."""

    def __init__(self, *, offset: Instant = 0) -> None:
        self._offset = offset

    def now(self) -> Instant:
        """Return the machine's time plus the offset."""
        return time.time_ns() // 1000 + self._offset

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)


def to_instant(moment: datetime) -> Instant:
    """Count the microseconds from the epoch to ``moment``; a naive moment is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def to_datetime(instant: Instant) -> datetime:
    """Return the aware UTC datetime of ``instant``."""
    return _EPOCH + timedelta(microseconds=instant)


def to_text(instant: Instant) -> str:
    """Return ISO 8601 with a Z, to the second (``2026-11-23T09:00:00Z``)."""
    return to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=4096)
def parse_instant(text: str) -> Instant:
    """Read an ISO 8601 instant; one without a zone is UTC, fractions beyond microseconds are cut.

    Raises:
        ValueError: ``text`` is not such an instant.
    """
    head, dot, tail = text.partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        text = f"{head}.{tail[: min(digits, 6)]}{tail[digits:]}" if digits else text
    moment = datetime.fromisoformat(text)
    try:
        return to_instant(moment.astimezone(UTC) if moment.tzinfo else moment)
    except OverflowError:
        msg = f"{text!r} is outside the years 1 to 9999 of UTC"
        raise ValueError(msg) from None
