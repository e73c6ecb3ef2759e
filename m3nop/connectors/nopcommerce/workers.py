"""A few threads that make the many small reads of one page side by side."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
R = TypeVar("R")


class Workers:
    """Calls a function for several values, ``count`` at a time. What it calls must not use it again."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def each(self, function: Callable[[T], R], values: Sequence[T]) -> list[R]:
        """Return the results in the order of the values; the first failure is raised."""
        if self._count == 1 or len(values) <= 1:
            return [function(value) for value in values]
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._count, thread_name_prefix="shop")
        return list(self._pool.map(function, values))

    def close(self) -> None:
        """End the threads; what waits is not begun."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(cancel_futures=True)
