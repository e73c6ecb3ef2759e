"""How many requests a system bears beside each other: half as many when it struggles, else more and more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.core.clock import SECOND, Instant

if TYPE_CHECKING:
    from collections.abc import Hashable

SLOWER = 3.0
"""A request that takes so many times as long as the quickest of its kind is a sign of too many."""
SHORTEST = 1.0
"""Seconds; what is quicker than this is never too slow."""
_SAMPLES = 5
_NEWEST = 0.3
"""Weight of the newest time in the mean."""
_FORGETS = 1.02
"""How much the quickest time is forgotten with each request: what is slow for good becomes usual."""


class _Usual(Struct):
    """Times of one kind of request, in seconds."""

    best: float
    mean: float
    seen: int = 1

    def note(self, seconds: float) -> None:
        self.best = min(self.best * _FORGETS, seconds)
        self.mean += (seconds - self.mean) * _NEWEST
        self.seen += 1

    @property
    def is_slow(self) -> bool:
        return self.seen >= _SAMPLES and self.mean > SLOWER * self.best and self.mean >= SHORTEST


class Concurrency:
    """The present limit of one connection, never above the configured one."""

    def __init__(self, most: int, *, start: int | None = None) -> None:
        self._most = most
        self._limit = float(most if start is None else max(1, min(start, most)))
        self._cut_at: Instant = 0
        self._usual: dict[Hashable, _Usual] = {}

    @property
    def allowed(self) -> int:
        """How many requests may be under way at once."""
        return min(self._most, max(1, int(self._limit)))

    def answered(self, kind: Hashable, *, sent_at: Instant, now: Instant) -> None:
        """Take note of a request that was answered; ``kind`` are requests that should take equally long."""
        seconds = (now - sent_at) / SECOND
        usual = self._usual.get(kind)
        if usual is None:
            usual = self._usual[kind] = _Usual(seconds, seconds)
        else:
            usual.note(seconds)
        if usual.is_slow:
            self.failed(sent_at=sent_at, now=now)
        else:
            self._limit = min(float(self._most), self._limit + 1 / self._limit)

    def failed(self, *, sent_at: Instant, now: Instant) -> None:
        """Halve the limit, once for all the requests that were under way together."""
        if sent_at >= self._cut_at:
            self._limit = max(1.0, self._limit / 2)
            self._cut_at = now
