"""The sandbox's own time: the machine's, shifted by an offset that is kept in the books."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from m3nop.core.clock import SECOND, Instant, to_datetime

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from m3nop.sandbox.books import Books


class SandboxClock:
    """Tells both doubles the time; moving it moves them together, and the move outlives the process."""

    def __init__(self, books: Books, *, source: Callable[[], Instant] | None = None) -> None:
        self._table = books.table("sandbox.clock")
        self._source = source or (lambda: time.time_ns() // 1000)
        self._offset: Instant = self._table.get("clock", {"offset": 0})["offset"]

    @property
    def offset(self) -> Instant:
        """Microseconds by which the sandbox is ahead of the machine."""
        return self._offset

    def now(self) -> Instant:
        """Return the sandbox's present instant."""
        return self._source() + self._offset

    def datetime(self) -> datetime:
        """Return the sandbox's present time as an aware UTC datetime."""
        return to_datetime(self.now())

    def advance(self, seconds: float) -> Instant:
        """Move the time forward and return the new instant.

        Raises:
            ValueError: ``seconds`` is negative; time stamps that were given out must stay in the past.
        """
        if seconds < 0:
            msg = f"time does not go back: seconds must not be negative, it is {seconds}"
            raise ValueError(msg)
        self._offset += round(seconds * SECOND)
        self._table["clock"] = {"offset": self._offset}
        return self.now()

    def reset(self) -> None:
        """Go back to the machine's time; the books that were kept by the other one are gone."""
        self._offset = 0
        self._table.clear()
