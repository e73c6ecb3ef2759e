"""Watches runs for those outside: metrics in a file, alerts, pings. What fails there fails no run."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from m3nop.app.monitoring import catalogue
from m3nop.app.monitoring.observers import Several
from m3nop.app.monitoring.telemetry import open_telemetry
from m3nop.core.errors import BusyError, M3nopError, PausedError, UsageError
from m3nop.engine.intake import UNANNOUNCED
from m3nop.engine.ports import Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from m3nop.app.alerts.pings import Moment, Pings, PingsBeside
    from m3nop.app.monitoring.meters import Meters
    from m3nop.app.monitoring.monitor import Monitor
    from m3nop.app.monitoring.telemetry import Telemetry
    from m3nop.app.session import Session
    from m3nop.engine.ports import Observer
    from m3nop.engine.run import Summary
    from m3nop.spec.project_model import EffectiveProject

_NO_RUN = (BusyError, UsageError)
"""What ends a command before there was a run: whoever runs, or nobody, has something to tell."""


class WatchedRun(Silent):
    """What is known of one run while it goes, and when it has ended."""

    def __init__(
        self, pipelines: Sequence[str], observers: Sequence[Observer], pinged: Sequence[str], *,
        begun: Callable[[Sequence[str]], None],
    ) -> None:  # fmt: skip
        self.pipelines = tuple(pipelines)
        self.pinged = tuple(pinged)
        self._begun = begun
        self._observers = tuple(observers)
        self.has_begun = False
        self.summary: Summary | None = None
        """What it did, once that is known."""
        self.error: M3nopError | None = None
        """What ended it as a whole."""

    @property
    def observer(self) -> Observer:
        """What the engine is to tell; not kept, for it refers to this."""
        return Several((*self._observers, self))

    def began(self, run_id: int, pipelines: Sequence[str]) -> None:  # noqa: ARG002 - of the port
        """Note that the state knows of the run."""
        self.has_begun = True
        self._begun(self.pinged)

    @property
    def is_paused(self) -> bool:
        """Whether it did not begin on purpose: a maintenance window, or a system that is left alone."""
        return isinstance(self.error, PausedError) and not self.has_begun

    @property
    def failures(self) -> Mapping[str, str]:
        """Why pipelines failed, by name."""
        if self.is_paused:
            return {}
        if self.error is not None:
            return dict.fromkeys(self.pipelines, str(self.error))
        failed = {} if self.summary is None else self.summary.failed
        return {name: str(error) for name, error in failed.items()}

    def result(self, pipeline: str) -> str:
        """Return how it ended for one of its pipelines: ``ok``, ``stopped``, ``paused`` or ``failed``."""
        if self.is_paused:
            return "paused"
        if pipeline in self.failures or self.summary is None:
            return "failed"
        return "ok" if self.summary.error is not None else self.summary.result


class Watch:
    """What a process does around its runs; ``warn`` is told what failed of that.

    A process that makes many runs gives its own ``monitor`` and ``telemetry``, and looks for alerts when it
    likes (``evaluate``); for one that makes a single run all of that is done at the run's end. With
    ``beside`` pings are not waited for.
    """

    def __init__(
        self, session: Session, *, warn: Callable[[str], None], metrics_file: Path | None = None,
        monitor: Monitor | None = None, telemetry: Telemetry | None = None, alone: bool = True,
        beside: PingsBeside | None = None,
    ) -> None:  # fmt: skip
        self._session = session
        self._warn = warn
        self._monitor = monitor
        self._telemetry = telemetry
        self._alone = alone
        self._beside = beside
        self._file = metrics_file or self._configured_file()
        if self._file is not None:
            self._begin_counting()
        self._pings: Pings | None = None
        with self._harmless():
            if alone:
                self._telemetry = open_telemetry(session.place.environment, os.environ)
                self._measure()

    @contextmanager
    def run(
        self, pipelines: Sequence[str], shown: Observer, *, pinged: Sequence[str] | None = None
    ) -> Iterator[WatchedRun]:
        """Watch a run of these pipelines, whose ``observer`` the engine is given; ``shown`` is told, too.

        ``pinged`` are those whose beginning and end are told to their pings; all unless given.
        """
        tracing = self._telemetry.of_a_run() if self._telemetry is not None else None
        counting = self._monitor.observer if self._monitor is not None else None
        observers = [one for one in (shown, counting, tracing) if one is not None]
        pinged = pipelines if pinged is None else pinged
        if self._beside is not None:
            pinged = [name for name in pinged if name not in self._beside.busy]
        run = WatchedRun(pipelines, observers, pinged, begun=self._begun)
        try:
            yield run
        except _NO_RUN:
            raise
        except M3nopError as error:
            run.error = error
            self._end(run)
            raise
        finally:
            if tracing is not None:
                tracing.close()
        self._end(run)

    def _begin_counting(self) -> Monitor:
        if self._monitor is None:
            from m3nop.app.monitoring.monitor import Monitor

            self._monitor = Monitor(lambda: self._session)
        return self._monitor

    def _measure(self) -> None:
        if self._telemetry is not None and self._telemetry.wants_metrics:
            self._telemetry.measure(self._begin_counting().samples)

    def evaluate(self) -> None:
        """Find out what is the matter, and tell it to whom it concerns."""
        with self._harmless():
            alerts = self._spec.alerts if self._spec is not None else None
            state = self._session.opened_state
            if alerts is None or state is None:
                return
            if alerts.rules or state.alerts(open_only=True):
                from m3nop.app.alerts.telling import Alerts

                alerts_of = Alerts(self._session, warn=self._warn, count=self._count_message)
                alerts_of.evaluate(state)

    def _begun(self, pipelines: Sequence[str]) -> None:
        with self._harmless():
            if self._spec is not None and self._spec.alerts.pings:
                from m3nop.app.alerts.pings import Pings

                self._pings = Pings(self._spec.alerts.pings, secrets=self._session.secrets, warn=self._warn)
                self._pings.began(pipelines)

    def _end(self, run: WatchedRun) -> None:
        with self._harmless():
            self._note_failure(run)
        with self._harmless():
            self._end_pings(run)
        if self._monitor is not None:
            count_run(self._monitor.meters, run)
        if self._alone:
            self.evaluate()
        self._write_metrics()
        if self._alone and self._telemetry is not None and not self._telemetry.close():
            self._warn("traces or metrics were not taken by the collector of OpenTelemetry")

    def _end_pings(self, run: WatchedRun) -> None:
        if self._pings is None:
            self._begun(())
        if self._pings is None:
            return
        pings, self._pings = self._pings, None
        failed = {name for name in run.pinged if run.result(name) == "failed"}
        results: dict[str, Moment] = {name: "fail" if name in failed else "success" for name in run.pinged}
        if self._beside is not None:
            self._beside.end(pings, results)
        else:
            pings.ended(results)

    def _count_message(self, channel: str, result: str) -> None:
        if self._monitor is not None:
            self._monitor.meters.count(catalogue.DELIVERIES, channel, result)

    def _note_failure(self, run: WatchedRun) -> None:
        """Put a run that failed before it began among the others, so that whoever looks there knows of it."""
        state, now = self._session.opened_state, self._session.clock.now()
        if run.error is None or run.is_paused or run.has_begun or state is None:
            return
        with state.transaction() as tx:
            number = tx.start_run(",".join(run.pipelines), now=now, command="", definition="")
            tx.end_run(number, now=now, result="failed", counts={}, message=str(run.error))

    def _write_metrics(self) -> None:
        if self._file is None or self._monitor is None:
            return
        try:
            self._monitor.write(self._file)
        except OSError as error:
            self._warn(f"the metrics cannot be written to {self._file}: {error.strerror or error}")
        except M3nopError as error:
            self._warn(f"the metrics cannot be written to {self._file}: {error}")

    @property
    def _spec(self) -> EffectiveProject | None:
        return self._session.project.spec

    def _configured_file(self) -> Path | None:
        spec = self._spec
        named = spec.metrics.textfile if spec is not None else None
        return None if named is None else self._session.place.folder / named

    @contextmanager
    def _harmless(self) -> Iterator[None]:
        try:
            yield
        except M3nopError as error:
            self._warn(str(error))
        except Exception as error:  # noqa: BLE001 - what was done is done, whatever becomes of telling it
            self._warn(f"nobody may have been told: {type(error).__name__}")


def count_run(meters: Meters, run: WatchedRun) -> None:
    """Count a run, by how it ended for each of its pipelines, and what no event had named."""
    for name in run.pipelines:
        meters.count(catalogue.RUNS, name, run.result(name))
    counts = run.summary.counts if run.summary is not None else {}
    if counts.get(UNANNOUNCED):
        meters.count(catalogue.UNANNOUNCED, by=counts[UNANNOUNCED])
