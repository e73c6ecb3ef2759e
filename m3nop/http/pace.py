"""A rate limit that threads share."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from m3nop.core.clock import SECOND

if TYPE_CHECKING:
    from m3nop.core.clock import Clock, Instant


class Pace:
    """Lets ``requests`` through in each ``per`` seconds: as a burst after a rest, evenly from then on."""

    def __init__(self, requests: int, *, per: float, clock: Clock) -> None:
        if requests < 1 or per <= 0:
            msg = "a pace needs at least one request in a time longer than 0"
            raise ValueError(msg)
        self._clock = clock
        self._window = round(per * SECOND)
        self._interval = self._window // requests
        self._lock = threading.Lock()
        self._full_at: Instant = 0
        self._seen: Instant = 0

    def take(self) -> None:
        """Wait for a turn. Turns are given in the order of asking."""
        delay = self._reserve()
        if delay > 0:
            self._clock.wait(delay / SECOND)

    def _reserve(self) -> int:
        with self._lock:
            now = self._clock.now()
            if now < self._seen:
                # A clock that was set back must not make everybody wait for the difference.
                self._full_at -= self._seen - now
            self._seen = now
            self._full_at = max(self._full_at, now) + self._interval
            return self._full_at - now - self._window
