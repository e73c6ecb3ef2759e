"""The right of a process to act on a database that it shares with others, renewed for as long as it lives.

The lease ends by the clock of the database. What the process knows of it is when it was last renewed, by
clocks of its own that go on while it is stopped or its machine sleeps.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from m3nop.core.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_SECONDS = 30.0
_TURNS = 3
"""Renewals within one lease, so that one of them may fail."""
_MARGIN = 1 / 3
"""Part of the lease that has to be left when a request leaves."""


class Unlimited:
    """The right to a database that belongs to one process as long as it lives."""

    def check(self) -> None:
        """Do nothing."""

    def ask(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class Lease:
    """A right that ends unless it is renewed. A thread of its own renews it; any thread may ask for it."""

    def __init__(self, renew: Callable[[], bool], *, seconds: float, place: str) -> None:
        self._renew = renew
        self._seconds = seconds
        self._place = place
        self._renewed = _moment()
        self._lost = False
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="m3nop-lease", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Make sure that the right holds for a while: by what is known, or by asking the database.

        Raises:
            BusyError: another process has taken over.
            DBAPIError: the database does not say.
        """
        if self._lost or _passed(self._renewed) > self._seconds * (1 - _MARGIN):
            self.ask()

    def ask(self) -> None:
        """Renew the right now; raises as ``check`` does."""
        with self._lock:
            began = _moment()
            self._lost = self._lost or not self._renew()
            if self._lost:
                raise BusyError(lost(self._place, self._seconds))
            self._renewed = began

    def close(self) -> None:
        """Renew no more."""
        self._ended.set()
        self._thread.join()

    def _keep(self) -> None:
        while not self._ended.wait(self._seconds / _TURNS):
            try:
                self.ask()
            except BusyError:
                return
            except DBAPIError:
                # Whoever sends or commits next is told; until then it may come back.
                continue


def lost(place: str, seconds: float) -> str:
    """Say what it means that another process has taken over."""
    return (
        f"this process was out of touch with the state database {place} for longer than its lease of "
        f"{seconds:g} s, and another one has taken over: nothing more is sent or written here. What was "
        "under way is looked up by the other one; run again"
    )


def _moment() -> tuple[float, float]:
    # On Linux the monotonic clock stands still while the machine sleeps.
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return (time.monotonic() if boot is None else time.clock_gettime(boot)), time.time()


def _passed(since: tuple[float, float]) -> float:
    """Return the seconds since a moment, by whichever clock says more: asking too often does no harm."""
    return max(now - then for now, then in zip(_moment(), since, strict=True))
