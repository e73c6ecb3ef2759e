"""Turns what the state tells into metrics, each time that somebody asks."""

from __future__ import annotations

from collections import Counter as Tally
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from m3nop import __version__
from m3nop.app.monitoring import catalogue
from m3nop.app.monitoring.meters import Limited
from m3nop.core.clock import SECOND
from m3nop.core.records import Phase, RecordState
from m3nop.engine.resting import template_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from prometheus_client.core import Metric as Family

    from m3nop.app.monitoring.catalogue import Metric
    from m3nop.core.alerts import Alert
    from m3nop.core.clock import Instant
    from m3nop.core.connector import Connection
    from m3nop.core.vitals import PipelineVitals, Vitals

Row = tuple[tuple[str, ...], float]


class StateMetrics(Collector):
    """The metrics of a state, of an environment and its connections."""

    def __init__(
        self, environment: str, connections: Sequence[str], read: Callable[[], tuple[Vitals, Sequence[Alert]]]
    ) -> None:
        self._environment = environment
        self._connections = connections
        self._read = read

    def collect(self) -> Iterator[Family]:
        """Yield every family; one without samples is told as well, so that its meaning is known."""
        vitals, alerts = self._read()
        limited = Limited()
        for metric, rows in self._rows(vitals, alerts):
            family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
            summed: dict[tuple[str, ...], float] = {}
            for labels, value in rows:
                known = limited.values(metric, labels)
                summed[known] = summed.get(known, 0.0) + value
            for labels, value in summed.items():
                family.add_metric(labels, value)
            yield family

    def _rows(self, vitals: Vitals, alerts: Sequence[Alert]) -> Iterator[tuple[Metric, Iterable[Row]]]:
        yield catalogue.BUILD, [((__version__, self._environment), 1.0)]
        yield (
            catalogue.LETTERS,
            [((one.pipeline, one.remedy, one.signature), float(one.count)) for one in vitals.letters],
        )
        for metric, rows_of in _BY_PIPELINE.items():
            yield (
                metric,
                [
                    ((name, *labels), value)
                    for name, one in vitals.pipelines.items()
                    for labels, value in rows_of(one)
                ],
            )
        is_open = {one.connection for one in vitals.circuits if one.phase is Phase.OPEN}
        yield catalogue.CIRCUIT_OPEN, [((name,), float(name in is_open)) for name in self._connections]
        yield catalogue.DIFFERENCES, [((one.subject,), one.differences) for one in vitals.comparisons]
        yield catalogue.COMPARED_AT, [((one.subject,), _unix(one.compared_at)) for one in vitals.comparisons]
        told = Tally(
            (rule, severity) for rule, _, severity in {(a.rule, a.subject, a.severity) for a in alerts}
        )
        yield catalogue.ALERTS, [(labels, float(number)) for labels, number in told.items()]


class WaitMetrics(Collector):
    """How long the requests of open connections have waited for their rate limits."""

    def __init__(self, connections: Callable[[], Mapping[str, Connection]]) -> None:
        self._connections = connections

    def collect(self) -> Iterator[Family]:
        """Yield the one family."""
        metric = catalogue.RATE_WAITS
        family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
        for name, connection in sorted(self._connections().items()):
            family.add_metric((name,), connection.waited)
        yield family


class WebhookMetrics(Collector):
    """How the requests of each source of webhooks were answered."""

    def __init__(self, answers: Callable[[], Mapping[tuple[str, int], int]]) -> None:
        self._answers = answers

    def collect(self) -> Iterator[Family]:
        """Yield the one family."""
        metric = catalogue.WEBHOOKS
        family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
        for (source, status), number in sorted(dict(self._answers()).items()):
            family.add_metric((source, str(status)), number)
        yield family


def _unix(instant: Instant) -> float:
    return instant / SECOND


def _records(one: PipelineVitals) -> Iterator[Row]:
    for state in RecordState:
        yield (str(state),), float(one.counts.get(state, 0))


def _reviews(one: PipelineVitals) -> Iterator[Row]:
    for reason, number in sorted(one.reviews.items(), key=lambda pair: -pair[1]):
        yield (template_of(reason),), float(number)


def _moved(one: PipelineVitals) -> Iterator[Row]:
    for partition, instant in one.moved_at.items():
        yield (partition,), _unix(instant)


def _at(read: Callable[[PipelineVitals], Instant | None]) -> Callable[[PipelineVitals], Iterator[Row]]:
    def rows(one: PipelineVitals) -> Iterator[Row]:
        instant = read(one)
        if instant is not None:
            yield (), _unix(instant)

    return rows


def _number(read: Callable[[PipelineVitals], float | None]) -> Callable[[PipelineVitals], Iterator[Row]]:
    def rows(one: PipelineVitals) -> Iterator[Row]:
        value = read(one)
        if value is not None:
            yield (), float(value)

    return rows


def _duration(one: PipelineVitals) -> float | None:
    return None if one.last is None else (one.last.ended_at - one.last.started_at) / SECOND


_BY_PIPELINE: Mapping[Metric, Callable[[PipelineVitals], Iterator[Row]]] = {
    catalogue.RECORDS: _records,
    catalogue.REVIEWS: _reviews,
    catalogue.IN_DOUBT: _number(lambda one: one.in_doubt),
    catalogue.READ_AT: _at(lambda one: one.last_good.started_at if one.last_good else None),
    catalogue.MOVED_AT: _moved,
    catalogue.DUE_SINCE: _at(lambda one: one.due_since),
    catalogue.RECEIVED_AT: _at(lambda one: one.received_at),
    catalogue.SUCCESS_AT: _at(lambda one: one.last_good.ended_at if one.last_good else None),
    catalogue.RUN_AT: _at(lambda one: one.last.ended_at if one.last else None),
    catalogue.RUN_SECONDS: _number(_duration),
    catalogue.FAILED_RUNS: _number(lambda one: one.failed_runs),
}
"""How each metric of pipelines is read."""
