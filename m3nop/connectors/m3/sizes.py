"""How many calls one request may carry: what M3 answers in time, and no more than pays.

A request takes a while by itself and a while for each of its calls; both are learnt from the requests made.
Where the calls are what takes long, a larger group only lets M3 work on fewer requests beside each other.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from m3nop.core.connector import Operation

FULL_REQUESTS_BEFORE_GROWTH = 10
PAYS = 4.0
"""The calls of a group take so many times as long as its request itself: more would save little."""
FEWEST = 10
"""A group is never made smaller than this because it would not pay."""
_NEWEST = 0.1
"""Weight of the newest request among those that the times are learnt from."""
_REQUESTS = 5
"""Requests of an operation before its times are believed."""
_DIFFER = 0.1
"""How much the sizes of requests must differ, as a share of their mean, before they tell anything."""


class GroupSizes:
    """The present group size of each operation, never above ``most``.

    A group is to be answered within a quarter of the time-out; one that was not answered in time is halved.
    What begins with less than ``most`` (Confirm) is doubled while M3 answers well, until it first does not.
    """

    def __init__(self, *, timeout: float, most: int) -> None:
        self._allowed = timeout / 4
        self._most = most
        self._lock = threading.Lock()
        self._known: dict[str, _Size] = {}

    def size(self, operation: Operation) -> int:
        """Say how many calls of this operation one request may carry."""
        with self._lock:
            size = self._of(operation)
            return min(size.limit, size.times.pays(), size.most)

    def timed_out(self, operations: Iterable[Operation], *, calls: int) -> None:
        """Halve what a request that was not answered in time carried."""
        with self._lock:
            for operation in operations:
                self._of(operation).shrink(calls // 2)

    def answered(self, operations: Iterable[Operation], *, calls: int, seconds: float) -> None:
        """Take note of how long a request of so many calls took."""
        with self._lock:
            for operation in operations:
                size = self._of(operation)
                size.times.note(calls, seconds)
                if seconds > self._allowed:
                    size.shrink(int(calls * self._allowed / seconds))
                elif calls >= size.limit:
                    size.grow(may_double=2 * seconds <= self._allowed)

    def _of(self, operation: Operation) -> _Size:
        size = self._known.get(operation.name)
        if size is None:
            begin = operation.group_size or 1
            most = begin if operation.bulk is None else max(begin, self._most)
            size = self._known[operation.name] = _Size(begin, most, _Times())
        return size


class _Size(Struct):
    """How many calls of one operation M3 has shown to answer in time."""

    limit: int
    most: int
    times: _Times
    began_well: bool = True
    well: int = 0

    def shrink(self, size: int) -> None:
        self.limit = max(1, min(size, self.limit))
        self.began_well, self.well = False, 0

    def grow(self, *, may_double: bool) -> None:
        if self.limit >= self.most:
            return
        if self.began_well:
            self.limit = min(self.most, self.limit * 2) if may_double else self.limit
            return
        self.well += 1
        if self.well >= FULL_REQUESTS_BEFORE_GROWTH:
            self.limit = min(self.most, self.limit + max(1, self.most // 10))
            self.well = 0


class _Times(Struct):
    """Means over the requests of one operation: calls, seconds, and how they go together."""

    seen: int = 0
    calls: float = 0.0
    seconds: float = 0.0
    squares: float = 0.0
    products: float = 0.0

    def note(self, calls: int, seconds: float) -> None:
        self.seen += 1
        weight = max(_NEWEST, 1 / self.seen)
        self.calls += weight * (calls - self.calls)
        self.seconds += weight * (seconds - self.seconds)
        self.squares += weight * (calls * calls - self.squares)
        self.products += weight * (calls * seconds - self.products)

    def pays(self) -> int:
        """Return the largest group that pays, as far as that is known."""
        spread = self.squares - self.calls * self.calls
        if self.seen < _REQUESTS or spread < (_DIFFER * self.calls) ** 2:
            return _ANY
        each = (self.products - self.calls * self.seconds) / spread
        start = self.seconds - each * self.calls
        if each <= 0 or PAYS * start >= _ANY * each:
            return _ANY
        return max(FEWEST, round(PAYS * start / each))


_ANY = 10_000
