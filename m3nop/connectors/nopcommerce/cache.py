"""Remembers rows that many records share, for a short time and in a bounded number."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

from m3nop.core.clock import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from m3nop.core.clock import Clock, Instant

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Holds the ``size`` values read last, each for ``seconds``. Safe to use from several threads."""

    def __init__(self, size: int, *, seconds: float, clock: Clock) -> None:
        self._size = size
        self._life = round(seconds * SECOND)
        self._clock = clock
        self._held: OrderedDict[K, tuple[Instant, V]] = OrderedDict()
        self._lock = threading.Lock()

    def many(self, keys: Iterable[K], read: Callable[[Sequence[K]], Mapping[K, V]]) -> dict[K, V]:
        """Return the values of ``keys``, reading together those that are not held.

        A key that ``read`` leaves out is left out here too, and asked for again the next time.
        """
        wanted = list(dict.fromkeys(keys))
        found = self._fresh(wanted)
        absent = [key for key in wanted if key not in found]
        if absent:
            values = read(absent)
            self._hold(values)
            found.update(values)
        return found

    def one(self, key: K, read: Callable[[], V]) -> V:
        """Return the value of ``key``, reading it if it is not held."""
        return self.many([key], lambda _: {key: read()})[key]

    def _fresh(self, keys: Sequence[K]) -> dict[K, V]:
        now = self._clock.now()
        with self._lock:
            held = {key: self._held[key] for key in keys if key in self._held}
        return {key: value for key, (since, value) in held.items() if since <= now < since + self._life}

    def _hold(self, values: Mapping[K, V]) -> None:
        now = self._clock.now()
        with self._lock:
            for key, value in values.items():
                self._held[key] = (now, value)
                self._held.move_to_end(key)
            while len(self._held) > self._size:
                self._held.popitem(last=False)
