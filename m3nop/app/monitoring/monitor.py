"""The metrics of a session: what its state tells, what its runs count, and how its requests wait."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from m3nop.app.monitoring.exposition import Exposition
from m3nop.app.monitoring.gauges import StateMetrics, WaitMetrics, WebhookMetrics
from m3nop.app.monitoring.meters import Counting, Meters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from prometheus_client.core import Sample

    from m3nop.app.session import Session
    from m3nop.core.alerts import Alert
    from m3nop.core.clock import Instant
    from m3nop.core.vitals import Vitals
    from m3nop.engine.ports import Observer

FRESH = 2.0
"""Seconds for which what was read in the state is told again: several may scrape at a time."""


class Monitor:
    """Tells the metrics of one environment. ``session`` may change when a configuration is read again."""

    def __init__(
        self, session: Callable[[], Session], *, answers: Callable[[], Mapping[tuple[str, int], int]] = dict
    ) -> None:
        self._session = session
        self._answers = answers
        """How many requests of each source of webhooks were answered with which status."""
        self.meters = Meters()
        self.observer: Observer = Counting(self.meters)
        self._lock = threading.Lock()
        self._read_at: Instant = 0
        self._known: tuple[Vitals, Sequence[Alert]] | None = None

    def text(self) -> bytes:
        """Return all metrics in the text form of Prometheus.

        Raises:
            StateError: the state cannot be read.
        """
        return self._exposition().text()

    def samples(self) -> list[Sample]:
        """Return the values of all metrics.

        Raises:
            StateError: the state cannot be read.
        """
        return self._exposition().samples()

    def write(self, path: Path) -> None:
        """Write all metrics into a file, whose sums go on.

        Raises:
            OSError: it cannot be written.
            StateError: the state cannot be read.
        """
        self._exposition().write(path)

    def _exposition(self) -> Exposition:
        session = self._session()
        state = StateMetrics(session.place.environment, sorted(session.project.connections), self._vitals)
        waits = WaitMetrics(lambda: session.opened_connections)
        return Exposition((state, self.meters.registry, waits, WebhookMetrics(self._answers)))

    def _vitals(self) -> tuple[Vitals, Sequence[Alert]]:
        session = self._session()
        with self._lock:
            now = session.clock.now()
            if self._known is None or not 0 <= now - self._read_at < FRESH * 1_000_000:
                state = session.opened_state or session.state(read_only=True)
                vitals = state.vitals(session.project.pipelines, now=now)
                self._known, self._read_at = (vitals, state.alerts(open_only=True)), now
            return self._known
