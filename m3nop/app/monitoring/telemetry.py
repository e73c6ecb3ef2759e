"""Opens OpenTelemetry where its environment variables ask for it and the extra ``otel`` is installed."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING

from m3nop import __version__
from m3nop.http.addresses import checked_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.sdk.trace import TracerProvider

    from m3nop.app.monitoring.tracing import RecordIds, Tracing

_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_OF_TRACES = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
_PATIENCE = 5_000
"""Milliseconds that a process waits at its end until its spans are sent."""


class Telemetry:
    """Where spans go; one for a process."""

    def __init__(self, provider: TracerProvider, ids: RecordIds, *, environment: str) -> None:
        self._provider = provider
        self._ids = ids
        self._environment = environment

    def of_a_run(self) -> Tracing:
        """Return an observer for one run."""
        from m3nop.app.monitoring.tracing import Tracing

        return Tracing(self._provider, self._ids, environment=self._environment)

    def close(self) -> bool:
        """Send what is left; False if that was not possible in time."""
        sent = self._provider.force_flush(_PATIENCE)
        self._provider.shutdown()
        return sent


def open_telemetry(environment: str, environ: Mapping[str, str]) -> Telemetry | None:
    """Open it; None where nobody asks for it, or it is not installed.

    Raises:
        ConfigurationError: the address is none that anything may be sent to.
    """
    endpoint = environ.get(_OF_TRACES) or environ.get(_ENDPOINT)
    off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if not endpoint or off or environ.get("OTEL_TRACES_EXPORTER") == "none" or not _is_installed():
        return None
    checked_address(endpoint)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # What it logs goes nowhere: a collector that is away is no trouble of a run.
    logging.getLogger("opentelemetry").addHandler(logging.NullHandler())
    logging.getLogger("opentelemetry").propagate = False
    provider, ids = provider_for(environment)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Telemetry(provider, ids, environment=environment)


def _is_installed() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


def provider_for(environment: str) -> tuple[TracerProvider, RecordIds]:
    """Make a provider that says who it is, and the ids of its traces."""
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider

    from m3nop.app.monitoring.tracing import RecordIds

    own = {
        "service.name": "m3nop", "service.version": __version__, "deployment.environment.name": environment,
    }  # fmt: skip
    ids = RecordIds()
    # What the environment says of itself (OTEL_SERVICE_NAME) counts for more.
    resource = Resource.create(own).merge(OTELResourceDetector().detect())
    return TracerProvider(resource=resource, id_generator=ids), ids
