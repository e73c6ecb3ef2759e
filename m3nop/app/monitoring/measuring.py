"""Tells OpenTelemetry the metrics of the table, as they are whenever it asks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from opentelemetry.metrics import Observation

from m3nop import __version__
from m3nop.app.monitoring.catalogue import METRICS, Kind, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from opentelemetry.metrics import CallbackOptions
    from opentelemetry.sdk.metrics import MeterProvider
    from prometheus_client.core import Sample

    Read = Callable[[], Iterable[Sample]]


def measure(provider: MeterProvider, read: Read) -> None:
    """Make an instrument of each metric; of a histogram the two sums, for it cannot be told as it stands."""
    meter = provider.get_meter("m3nop", __version__)
    for metric in METRICS:
        for name in _sums_of(metric):
            callbacks = [partial(_observe, read, name)]
            if metric.kind is Kind.GAUGE:
                meter.create_observable_gauge(name, callbacks, description=metric.help)
            else:
                meter.create_observable_counter(name, callbacks, description=metric.help)


def _sums_of(metric: Metric) -> tuple[str, ...]:
    if metric.kind is Kind.HISTOGRAM:
        return f"{metric.name}_count", f"{metric.name}_sum"
    return (metric.name,)


def _observe(read: Read, name: str, _options: CallbackOptions) -> Iterator[Observation]:
    return (Observation(one.value, dict(one.labels)) for one in read() if one.name == name)
