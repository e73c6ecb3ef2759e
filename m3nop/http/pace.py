"""A rate limit that threads share, and processes as well where they share what is used up of it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from m3nop.core.clock import SECOND

if TYPE_CHECKING:
    from m3nop.core.clock import Clock, Instant
    from m3nop.core.connector import Rates


class Pace:
    """Lets ``requests`` through in each ``per`` seconds: as a burst after a rest, evenly from then on.

    Each turn has its own instant, ``interval`` after the one before, and may be used up to ``per`` seconds
    early. Turns that others may want, too, are reserved for a second in advance, so that not each request has
    to wait for a database; a turn that is not used by its instant is lost.
    """

    def __init__(self, requests: int, *, per: float, clock: Clock) -> None:
        if requests < 1 or per <= 0:
            msg = "a pace needs at least one request in a time longer than 0"
            raise ValueError(msg)
        self._clock = clock
        self._window = round(per * SECOND)
        self._interval = max(1, self._window // requests)
        self._batch = max(1, min(requests, SECOND // self._interval))
        self._lock = threading.Lock()
        self._latest: Instant = 0
        """The instant of the turn that was used last."""
        self._held = 0
        """Turns after it that were reserved."""
        self._seen: Instant = 0
        self._rates: Rates | None = None
        self._name = ""
        self.waited = 0.0
        """Seconds that requests have waited here so far."""

    def share(self, name: str, rates: Rates) -> None:
        """Take turns from those that all users of ``rates`` share under this name."""
        with self._lock:
            self._name, self._rates, self._held = name, rates, 0

    def take(self) -> None:
        """Wait for a turn. Turns are given in the order of asking.

        Raises:
            StateError: what is shared cannot be reached, so nothing may be sent.
        """
        with self._lock:
            now = self._clock.now()
            if now < self._seen:
                # A clock that was set back must not make everybody wait for the difference.
                self._latest, self._held = self._latest - (self._seen - now), 0
            self._seen = now
            self._latest = self._next(now)
            delay = self._latest - now - self._window
            self.waited += max(delay, 0) / SECOND
        if delay > 0:
            self._clock.wait(delay / SECOND)

    def _next(self, now: Instant) -> Instant:
        if self._rates is None:
            return max(self._latest, now) + self._interval
        lost = min(self._held, max(0, -(-(now - self._latest) // self._interval) - 1))
        self._latest, self._held = self._latest + lost * self._interval, self._held - lost
        if not self._held:
            ahead = self._rates.reserve(
                self._name, turns=self._batch, interval=self._interval, window=self._window, now=now
            )
            self._latest, self._held = now + ahead, self._batch
        self._held -= 1
        return self._latest + self._interval
