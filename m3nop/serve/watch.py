"""What watches the service: metrics, readiness, alerts, traces, and pings of what is scheduled."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from m3nop.app.alerts.pings import PingsBeside
from m3nop.app.monitoring.health import Heartbeats, Readiness
from m3nop.app.monitoring.monitor import Monitor
from m3nop.app.monitoring.telemetry import open_telemetry
from m3nop.app.watching import Watch
from m3nop.core.errors import ConfigurationError
from m3nop.serve.health import routes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from starlette.routing import Route

    from m3nop.app.session import Session
    from m3nop.app.watching import WatchedRun
    from m3nop.engine.ports import Observer
    from m3nop.serve.vitals import Vitals

EVERY = 30.0
"""Seconds between two looks for alerts."""
_LONGEST_TURN = 5.0
"""Seconds in which the service's own loop goes round where nothing holds it up."""


_LAST_WORD = 60.0
"""Seconds that channels have when the service ends."""


class ServiceWatch:
    """Watches one service, whose ``session`` is another one after its project was read again."""

    def __init__(
        self, session: Callable[[], Session], *, vitals: Vitals, warn: Callable[[str], None],
        answers: Callable[[], Mapping[tuple[str, int], int]],
    ) -> None:  # fmt: skip
        self._session = session
        self._warn = warn
        self.monitor = Monitor(session, answers=answers)
        self._heartbeats = Heartbeats()
        self._readiness = Readiness(
            lambda: self._session().opened_state,
            heartbeats=self._heartbeats,
            configuration=lambda: "the new one is refused; see the log" if vitals.reload_error else "",
        )
        try:
            self._telemetry = open_telemetry(session().place.environment, os.environ)
            if self._telemetry is not None and self._telemetry.wants_metrics:
                self._telemetry.measure(self.monitor.samples)
        except ConfigurationError as error:
            self._telemetry = None
            warn(str(error))
        self._pings = PingsBeside()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, name="m3nop-alerts", daemon=True)

    def routes(self) -> list[Route]:
        """Return what answers those who ask how the service stands."""
        return routes(self._readiness, self.monitor.text)

    def start(self) -> None:
        """Begin to look for alerts, beside the runs: a channel that is slow holds none of them up."""
        self._thread.start()

    def beat(self) -> None:
        """Say that the service's loop goes round."""
        self._heartbeats.beat("service", within=_LONGEST_TURN)

    @property
    def is_well(self) -> bool:
        """Whether no loop is stuck."""
        return not self._heartbeats.stuck()

    def run(
        self, pipelines: Sequence[str], shown: Observer, *, scheduled: Sequence[str]
    ) -> AbstractContextManager[WatchedRun]:
        """Watch a run; only what its schedule began is told to pings."""
        return self._watch().run(pipelines, shown, pinged=scheduled)

    def close(self) -> None:
        """Look for alerts once more, and send what is left."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(_LAST_WORD)
        self._pings.close()
        if self._telemetry is not None:
            self._telemetry.close()

    def _watch(self) -> Watch:
        return Watch(
            self._session(), warn=self._warn, monitor=self.monitor, telemetry=self._telemetry, alone=False,
            beside=self._pings,
        )  # fmt: skip

    def _look(self) -> None:
        while True:
            over = self._end.wait(EVERY)
            self._heartbeats.beat("alerts", within=EVERY)
            self._watch().evaluate()
            if over:
                return
