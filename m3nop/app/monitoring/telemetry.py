"""Opens OpenTelemetry where its environment variables ask for it and the extra ``otel`` is installed."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING

from m3nop import __version__
from m3nop.http.addresses import checked_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from prometheus_client.core import Sample

    from m3nop.app.monitoring.otlp import Metrics, Spans
    from m3nop.app.monitoring.tracing import RecordIds, Tracing

_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_OF_TRACES, _OF_METRICS = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"
_TIMEOUT = "OTEL_EXPORTER_OTLP_TIMEOUT"
_SECONDS = 3.0
"""How long a collector may take, unless the environment says: a run waits for it at its end."""


class Telemetry:
    """Where spans and metrics go; one for a process."""

    def __init__(self, environment: str, *, traces: bool, metrics: bool, timeout: float | None) -> None:
        self._environment = environment
        self._timeout = timeout
        self._exporters: list[Spans | Metrics] = []
        self._spans = self._open_spans() if traces else None
        self.wants_metrics = metrics
        """Whether somebody asks for metrics; then ``measure`` says where they are."""
        self._meters: MeterProvider | None = None

    def _open_spans(self) -> tuple[TracerProvider, RecordIds]:
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        from m3nop.app.monitoring.otlp import Spans

        provider, ids = provider_for(self._environment)
        exporter = Spans(timeout=self._timeout)
        self._exporters.append(exporter)
        provider.add_span_processor(BatchSpanProcessor(exporter))
        return provider, ids

    def of_a_run(self) -> Tracing | None:
        """Return an observer for one run, where somebody asks for traces."""
        if self._spans is None:
            return None
        from m3nop.app.monitoring.tracing import Tracing

        return Tracing(*self._spans, environment=self._environment)

    def measure(self, read: Callable[[], Iterable[Sample]]) -> None:
        """Tell the metrics that ``read`` gives, now and then and at the end."""
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

        from m3nop.app.monitoring.measuring import measure
        from m3nop.app.monitoring.otlp import Metrics

        exporter = Metrics(timeout=self._timeout)
        self._exporters.append(exporter)
        reader = PeriodicExportingMetricReader(exporter)
        self._meters = MeterProvider([reader], resource=resource_of(self._environment))
        measure(self._meters, read)

    def close(self) -> bool:
        """Send what is left; False if that, or what was sent last, was not taken."""
        if self._spans is not None:
            self._spans[0].shutdown()
        if self._meters is not None:
            self._meters.shutdown()
        return not any(exporter.failed for exporter in self._exporters)


def open_telemetry(environment: str, environ: Mapping[str, str]) -> Telemetry | None:
    """Open it; None where nobody asks for it, or it is not installed.

    Raises:
        ConfigurationError: an address is none that anything may be sent to.
    """
    traces, metrics = (
        _asked(environ, own, off)
        for own, off in ((_OF_TRACES, "OTEL_TRACES_EXPORTER"), (_OF_METRICS, "OTEL_METRICS_EXPORTER"))
    )
    if not (traces or metrics) or not _is_installed():
        return None
    # What it logs goes nowhere: a collector that is away is no trouble of a run.
    logging.getLogger("opentelemetry").addHandler(logging.NullHandler())
    logging.getLogger("opentelemetry").propagate = False
    timeout = None if _TIMEOUT in environ else _SECONDS
    return Telemetry(environment, traces=traces, metrics=metrics, timeout=timeout)


def _asked(environ: Mapping[str, str], own: str, off: str) -> bool:
    """Tell whether an address is named, and not switched off."""
    endpoint = environ.get(own) or environ.get(_ENDPOINT)
    if not endpoint or environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or environ.get(off) == "none":
        return False
    checked_address(endpoint)
    return True


def _is_installed() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


def provider_for(environment: str) -> tuple[TracerProvider, RecordIds]:
    """Make a provider that says who it is, and the ids of its traces."""
    from opentelemetry.sdk.trace import TracerProvider

    from m3nop.app.monitoring.tracing import RecordIds

    ids = RecordIds()
    return TracerProvider(resource=resource_of(environment), id_generator=ids), ids


def resource_of(environment: str) -> Resource:
    """Say who tells it; what the environment says of itself (``OTEL_SERVICE_NAME``) counts for more."""
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource

    own = {
        "service.name": "m3nop", "service.version": __version__, "deployment.environment.name": environment,
    }  # fmt: skip
    return Resource.create(own).merge(OTELResourceDetector().detect())
