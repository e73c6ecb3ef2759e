from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from m3nop.app.monitoring import catalogue
from m3nop.app.monitoring.exposition import Exposition
from m3nop.app.monitoring.measuring import measure
from m3nop.app.monitoring.meters import Counting, Meters
from m3nop.app.monitoring.observers import Several
from m3nop.app.monitoring.telemetry import open_telemetry, provider_for
from m3nop.app.monitoring.tracing import Tracing
from m3nop.core.errors import ConfigurationError, PausedError
from m3nop.sandbox.catalogue import UNKNOWN_SKU
from tests.receiver import receiving

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from tests.contract.engine.bench import Bench


class Collector:
    """Gets the spans of runs on a bench."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._exporter = InMemorySpanExporter()
        self.provider, self._ids = provider_for("sandbox")
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def run(self, *names: str) -> None:
        self._bench.watcher = tracing = Tracing(self.provider, self._ids, environment="sandbox")
        try:
            self._bench.run(*names)
        finally:
            tracing.close()

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._exporter.get_finished_spans()

    def roots(self, pipeline: str, key: object) -> list[ReadableSpan]:
        return [one for one in self.spans if one.name == pipeline and one.attributes["m3nop.key"] == str(key)]

    def calls(self, root: ReadableSpan) -> list[ReadableSpan]:
        own = root.context.span_id
        return [one for one in self.spans if one.parent is not None and one.parent.span_id == own]


def test_a_record_is_one_trace_with_a_span_for_each_call_that_the_log_has(bench: Bench):
    collector = Collector(bench)
    order = bench.place()
    collector.run()

    (root,) = collector.roots("orders", order)
    calls = collector.calls(root)
    logged = [line.step for line in bench.calls(order)]
    assert [one.attributes["m3nop.step"] for one in calls] == logged
    assert {one.context.trace_id for one in calls} == {root.context.trace_id}
    connections = {one.attributes["m3nop.connection"] for one in calls}
    assert connections == {"erp", "shop"}, "through both systems"
    confirm = next(one for one in calls if one.name == "OIS100MI/Confirm")
    assert confirm.attributes["m3nop.program"] == "OIS100MI"
    assert confirm.attributes["m3nop.transaction"] == "Confirm"
    assert confirm.attributes["m3nop.outcome"] == "done"
    assert (root.attributes["m3nop.state"], root.attributes["m3nop.run_id"]) == ("done", 1)
    assert all(root.start_time <= one.start_time <= one.end_time <= root.end_time for one in calls)


def test_each_record_has_a_trace_of_its_own_and_one_that_is_refused_is_an_error(bench: Bench):
    collector = Collector(bench)
    good, bad = bench.place(), bench.place(lines=[{"sku": UNKNOWN_SKU, "quantity": 1}])
    collector.run()

    (well,), (refused,) = collector.roots("orders", good), collector.roots("orders", bad)
    assert well.context.trace_id != refused.context.trace_id
    assert (well.status.status_code, refused.status.status_code) == (StatusCode.UNSET, StatusCode.ERROR)
    assert refused.attributes["m3nop.state"] == "dead"


def test_an_attempt_that_two_runs_work_on_is_one_trace(bench: Bench):
    collector = Collector(bench)
    order = bench.place()
    bench.fault("reset_after", "OIS100MI/Confirm", times=1)
    blind = bench.fault("reset_before", "OIS275MI/GetTmpOrderStat", times=None)
    with pytest.raises(PausedError):
        collector.run()
    bench.world.faults.remove(blind)
    bench.clock.wait(3600)
    collector.run()

    first, second = collector.roots("orders", order)
    assert first.context.trace_id == second.context.trace_id
    assert first.context.span_id != second.context.span_id
    doubted = [one for one in collector.calls(first) if one.attributes["m3nop.outcome"] == "in_doubt"]
    assert [one.name for one in doubted] == ["OIS100MI/Confirm"]
    assert doubted[0].status.status_code is StatusCode.ERROR


def test_no_span_tells_who_ordered_what(bench: Bench):
    collector = Collector(bench)
    bench.place()
    bench.place(lines=[{"sku": UNKNOWN_SKU, "quantity": 1}])
    collector.run()

    told = " ".join(one.to_json() for one in collector.spans)
    people = {row["email"] for row in bench.rows("shop.customers") if row.get("email")}
    people |= {row["CUOR"] for row in bench.rows("m3.orders")} | {"Mustermann", "Heidestraße"}
    assert collector.spans
    assert not [word for word in people if word in told]


ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {ENDPOINT: ""},
        {ENDPOINT: "https://otel.example.com", "OTEL_SDK_DISABLED": "true"},
        {
            ENDPOINT: "https://otel.example.com",
            "OTEL_TRACES_EXPORTER": "none",
            "OTEL_METRICS_EXPORTER": "none",
        },
    ],
)
def test_nothing_is_opened_unless_it_is_asked_for(environ: dict[str, str]):
    assert open_telemetry("prod", environ) is None


def test_nothing_is_opened_where_the_extra_is_not_installed(monkeypatch: pytest.MonkeyPatch):
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("m3nop.app.monitoring.telemetry.find_spec", missing)

    assert open_telemetry("prod", {ENDPOINT: "https://otel.example.com"}) is None


def test_a_collector_on_another_machine_is_reached_by_tls_only():
    with pytest.raises(ConfigurationError, match="is plain http"):
        open_telemetry("prod", {ENDPOINT: "http://otel.example.com:4318"})


def test_a_collector_gets_the_spans_of_a_process_that_ends(monkeypatch: pytest.MonkeyPatch, bench: Bench):
    with receiving() as receiver:
        monkeypatch.setenv(ENDPOINT, receiver.url)
        telemetry = open_telemetry("sandbox", {ENDPOINT: receiver.url})
        assert telemetry.wants_metrics
        meters = Meters()
        telemetry.measure(Exposition((meters.registry,)).samples)
        tracing = telemetry.of_a_run()
        bench.watcher = Several((tracing, Counting(meters)))
        bench.place()
        bench.run()
        tracing.close()
        assert telemetry.close()

    asked = {path: [] for _, path, _, _ in receiver.requests}
    for method, path, headers, body in receiver.requests:
        assert method == "POST"
        asked[path].append(gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body)
    assert set(asked) == {"/v1/traces", "/v1/metrics"}
    assert b"OIS100MI/Confirm" in b"".join(asked["/v1/traces"])
    assert b"m3nop_records_processed_total" in b"".join(asked["/v1/metrics"])


def test_the_metrics_of_the_table_are_told_as_they_are():
    meters, reader = Meters(), InMemoryMetricReader()
    meters.count(catalogue.READS, "orders", by=3)
    meters.observe(catalogue.REQUEST_SECONDS, 0.5, "erp", "OIS100MI")
    measure(MeterProvider([reader]), Exposition((meters.registry,)).samples)
    meters.count(catalogue.READS, "orders", by=4)

    told = {
        metric.name: [(dict(point.attributes), point.value) for point in metric.data.data_points]
        for resource in reader.get_metrics_data().resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert told["m3nop_records_read_total"] == [({"pipeline": "orders"}, 7)]
    assert told["m3nop_request_duration_seconds_count"] == [({"connection": "erp", "program": "OIS100MI"}, 1)]
    assert told["m3nop_request_duration_seconds_sum"] == [({"connection": "erp", "program": "OIS100MI"}, 0.5)]
