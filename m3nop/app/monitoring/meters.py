"""Counts what a process does, for Prometheus; how many label values there can be is bounded."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram

from m3nop.app.monitoring import catalogue
from m3nop.app.monitoring.catalogue import OTHER, Kind, Metric
from m3nop.core.clock import SECOND
from m3nop.core.records import RecordState
from m3nop.engine.ports import Silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.core.clock import Instant
    from m3nop.core.connector import Answer
    from m3nop.core.records import Record
    from m3nop.engine.lanes import Waiting


class Limited:
    """Lets so many values of a metric's last label through for each combination of the others."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], set[str]] = {}

    def values(self, metric: Metric, labels: Sequence[str]) -> tuple[str, ...]:
        """Return the labels, the last one replaced where there are too many of it."""
        if not metric.most:
            return tuple(labels)
        known = self._known.setdefault((metric.name, *labels[:-1]), set())
        if labels[-1] not in known and len(known) >= metric.most:
            return (*labels[:-1], OTHER)
        known.add(labels[-1])
        return tuple(labels)


class Meters:
    """The counters and histograms of one process. Safe to use from several threads."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._limited = Limited()
        self._lock = threading.Lock()
        self._counters = {
            metric.name: Counter(metric.name, metric.help, metric.labels, registry=self.registry)
            for metric in catalogue.PROCESS
            if metric.kind is Kind.COUNTER
        }
        self._histograms = {
            metric.name: Histogram(
                metric.name, metric.help, metric.labels, registry=self.registry, buckets=catalogue.BUCKETS
            )
            for metric in catalogue.PROCESS
            if metric.kind is Kind.HISTOGRAM
        }

    def count(self, metric: Metric, *labels: str, by: float = 1.0) -> None:
        """Add to a counter; labels in the order of the table."""
        counter = self._counters[metric.name]
        (counter.labels(*self._limit(metric, labels)) if labels else counter).inc(by)

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Add to a histogram; labels in the order of the table."""
        self._histograms[metric.name].labels(*self._limit(metric, labels)).observe(value)

    def _limit(self, metric: Metric, labels: Sequence[str]) -> tuple[str, ...]:
        with self._lock:
            return self._limited.values(metric, labels)


class Counting(Silent):
    """An observer of runs that counts what they do."""

    def __init__(self, meters: Meters) -> None:
        self._meters = meters

    def read(self, pipeline: str, count: int) -> None:
        """Count records that were read."""
        self._meters.count(catalogue.READS, pipeline, by=count)

    def moved(self, record: Record, state: RecordState, reason: str) -> None:  # noqa: ARG002 - of the port
        """Count a record that came to rest, or is tried again."""
        if state is RecordState.READY:
            self._meters.count(catalogue.RETRIES, record.pipeline)
        else:
            self._meters.count(catalogue.RESULTS, record.pipeline, str(state))

    def answered(
        self, group: Sequence[Waiting], answers: Sequence[Answer], *, sent_at: Instant, answered_at: Instant
    ) -> None:
        """Count the calls of a request, and how long it took."""
        first = group[0].send.target
        seconds = max(answered_at - sent_at, 0) / SECOND
        program = first.operation.name.partition("/")[0]
        self._meters.observe(catalogue.REQUEST_SECONDS, seconds, first.connection, program)
        for waiting, answer in zip(group, answers, strict=True):
            target = waiting.send.target
            self._meters.count(catalogue.CALLS, target.connection, target.operation.name, str(answer.outcome))
