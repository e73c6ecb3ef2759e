"""How many calls one request may carry: less after it was slow, slowly more again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from m3nop.core.connector import Operation

FULL_REQUESTS_BEFORE_GROWTH = 10


class GroupSizes:
    """The present group size of each operation, never above the configured one.

    A group is to be answered within a quarter of the time-out; one that was not answered in time is halved.
    """

    def __init__(self, *, timeout: float) -> None:
        self._allowed = timeout / 4
        self._lock = threading.Lock()
        self._sizes: dict[str, int] = {}
        self._well: dict[str, int] = {}

    def size(self, operation: Operation) -> int:
        """Say how many calls of this operation one request may carry."""
        with self._lock:
            return self._size(operation)

    def timed_out(self, operations: Iterable[Operation], *, calls: int) -> None:
        """Halve what a request that was not answered in time carried."""
        with self._lock:
            for operation in operations:
                self._shrink(operation, calls // 2)

    def answered(self, operations: Iterable[Operation], *, calls: int, seconds: float) -> None:
        """Take note of how long a request of so many calls took."""
        with self._lock:
            for operation in operations:
                if seconds > self._allowed:
                    self._shrink(operation, int(calls * self._allowed / seconds))
                elif calls >= self._size(operation):
                    self._grow(operation)

    def _size(self, operation: Operation) -> int:
        most = operation.group_size or 1
        return min(self._sizes.get(operation.name, most), most)

    def _shrink(self, operation: Operation, size: int) -> None:
        self._sizes[operation.name] = max(1, min(size, self._size(operation)))
        self._well[operation.name] = 0

    def _grow(self, operation: Operation) -> None:
        most = operation.group_size or 1
        size = self._size(operation)
        if size == most:
            return
        self._well[operation.name] = self._well.get(operation.name, 0) + 1
        if self._well[operation.name] >= FULL_REQUESTS_BEFORE_GROWTH:
            self._sizes[operation.name] = min(most, size + max(1, most // 10))
            self._well[operation.name] = 0
