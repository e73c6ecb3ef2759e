"""Tells whether a service works: its state is its own, its configuration valid, no loop stuck."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.core.errors import M3nopError

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.core.state import State

PATIENCE = 300.0
"""Seconds that a loop may be late, whatever its rhythm: a system that is slow is no fault of the service."""


class Check(Struct, frozen=True):
    """One thing that has to be well."""

    name: str
    trouble: str = ""
    """What is the matter, without secrets; blank where it is well."""


class Heartbeats:
    """When each loop of a service last went round. Safe to use from several threads."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._due: dict[str, float] = {}

    def beat(self, loop: str, *, within: float) -> None:
        """Say that a loop goes round, and will again within so many seconds."""
        with self._lock:
            self._due[loop] = self._now() + within + PATIENCE

    def end(self, loop: str) -> None:
        """Say that a loop ended as it should."""
        with self._lock:
            self._due.pop(loop, None)

    def stuck(self) -> list[str]:
        """Name the loops that should have gone round since."""
        with self._lock:
            return sorted(loop for loop, due in self._due.items() if due < self._now())


class Readiness:
    """The checks behind ``/health/ready``."""

    def __init__(
        self, state: Callable[[], State | None], *, heartbeats: Heartbeats, configuration: Callable[[], str]
    ) -> None:
        self._state = state
        self._heartbeats = heartbeats
        self._configuration = configuration

    def checks(self) -> list[Check]:
        """Make all checks."""
        stuck = ", ".join(self._heartbeats.stuck())
        return [
            Check("state", self._state_trouble()),
            Check("configuration", self._configuration()),
            Check("loops", f"stuck: {stuck}" if stuck else ""),
        ]

    def _state_trouble(self) -> str:
        state = self._state()
        if state is None:
            return "the state is not open yet"
        try:
            state.assure()
            with state.transaction():
                # That it can be begun and committed is all there is to see.
                pass
        except M3nopError as error:
            # Its message may name a server and a user: that is for the log.
            return f"the state cannot be written ({type(error).__name__})"
        return ""
