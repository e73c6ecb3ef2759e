"""Exporters of OpenTelemetry that remember whether what they had to send was taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics.export import MetricExportResult
from opentelemetry.sdk.trace.export import SpanExportResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.metrics.export import MetricsData
    from opentelemetry.sdk.trace import ReadableSpan


class Spans(OTLPSpanExporter):
    """Sends spans."""

    failed = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send some, and note whether they were taken."""
        result = super().export(spans)
        self.failed = result is not SpanExportResult.SUCCESS
        return result


class Metrics(OTLPMetricExporter):
    """Sends metrics."""

    failed = False

    def export(
        self, metrics_data: MetricsData, timeout_millis: float | None = 10_000,
        **more: Any,  # noqa: ANN401  as in the base
    ) -> MetricExportResult:  # fmt: skip
        """Send some, and note whether they were taken."""
        result = super().export(metrics_data, timeout_millis, **more)
        self.failed = result is not MetricExportResult.SUCCESS
        return result
