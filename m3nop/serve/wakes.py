"""What wakes the service: an event, a signal. Safe to ring in a signal handler and from any thread."""

from __future__ import annotations

import queue
from enum import StrEnum


class Wake(StrEnum):
    """Why the service is woken."""

    EVENT = "event"
    """Something came in."""
    RELOAD = "reload"
    """The project is to be read again."""
    STOP = "stop"
    """The service is to end."""


class Wakes:
    """Where wakers ring and the service waits."""

    def __init__(self) -> None:
        # The one queue of the standard library that a signal handler may put into at any moment.
        self._queue: queue.SimpleQueue[Wake] = queue.SimpleQueue()

    def ring(self, wake: Wake) -> None:
        """Wake the service."""
        self._queue.put(wake)

    def wait(self, seconds: float) -> set[Wake]:
        """Wait until somebody rings, so many seconds at most; return everything that was rung for."""
        found: set[Wake] = set()
        try:
            found.add(self._queue.get(timeout=seconds) if seconds > 0 else self._queue.get_nowait())
            while True:
                found.add(self._queue.get_nowait())
        except queue.Empty:
            return found
