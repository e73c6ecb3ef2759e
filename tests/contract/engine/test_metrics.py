from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from m3nop.app.monitoring import catalogue
from m3nop.app.monitoring.exposition import Exposition
from m3nop.app.monitoring.gauges import StateMetrics, WaitMetrics
from m3nop.app.monitoring.meters import Counting, Meters
from m3nop.app.watching import WatchedRun, count_run
from m3nop.core.errors import PausedError
from m3nop.sandbox.catalogue import UNKNOWN_SKU

if TYPE_CHECKING:
    from tests.contract.engine.bench import Bench


class Scrape:
    """What a scrape of everything would tell."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.meters = Meters()
        bench.watcher = Counting(self.meters)

    def __call__(self, name: str, **labels: str) -> float:
        """Return the sum of the samples of a name that have these labels."""
        return sum(
            value for found, of, value in self.samples() if found == name and labels.items() <= of.items()
        )

    def samples(self) -> list[tuple[str, dict[str, str], float]]:
        state, names = self._bench.state, self._bench.project.pipelines
        told = lambda: (state.vitals(names, now=self._bench.clock.now()), state.alerts(open_only=True))  # noqa: E731
        waits = WaitMetrics(lambda: {name: self._bench.connection(name) for name in ("erp", "shop")})
        whole = Exposition((StateMetrics("sandbox", ("erp", "shop"), told), self.meters.registry, waits))
        families = text_string_to_metric_families(whole.text().decode())
        return [(one.name, one.labels, one.value) for family in families for one in family.samples]


def test_what_a_run_counts_is_what_the_books_and_the_state_show(bench: Bench):
    scrape = Scrape(bench)
    good = [bench.place() for _ in range(3)]
    bad = bench.place(lines=[{"sku": UNKNOWN_SKU, "quantity": 1}])
    bench.run()

    assert scrape("m3nop_records_processed_total", pipeline="orders", result="done") == len(good)
    assert scrape("m3nop_records", pipeline="orders", state="done") == len(good)
    assert scrape("m3nop_records", pipeline="orders", state="dead") == 1
    assert scrape("m3nop_dead_letters", pipeline="orders") == 1
    entered = sum(len(bench.real(order)) for order in good)
    assert scrape("m3nop_calls_total", operation="OIS100MI/Confirm", outcome="done") == entered == len(good)
    assert scrape("m3nop_request_duration_seconds_count", connection="erp") > 0
    assert scrape("m3nop_last_success_timestamp_seconds", pipeline="orders") == bench.clock.now() / 1_000_000
    assert scrape("m3nop_records_read_total", pipeline="orders") >= len([*good, bad])


def test_what_a_poll_found_and_no_event_had_named_is_counted(bench: Bench):
    meters = Meters()
    named, missed = bench.place(), [bench.place(), bench.place()]
    runs = [{"named": {"orders": {str(named): 0.0}}, "polled": frozenset[str]()}, {}]
    for wish in runs:
        run = WatchedRun(["orders"], (), (), begun=lambda _: None)
        run.summary = bench.run(announced=frozenset({"orders"}), **wish)
        count_run(meters, run)

    whole = Exposition((meters.registry,)).text().decode()
    assert f"m3nop_records_unannounced_total {float(len(missed))}" in whole


def test_doubts_and_retries_are_counted_and_a_doubt_that_lasts_is_seen(bench: Bench):
    scrape = Scrape(bench)
    bench.place()
    bench.fault("reset_after", "OIS100MI/Confirm", times=1)
    blind = bench.fault("reset_before", "OIS275MI/GetTmpOrderStat", times=None)
    with pytest.raises(PausedError):
        bench.run()

    assert scrape("m3nop_calls_total", operation="OIS100MI/Confirm", outcome="in_doubt") == 1
    assert scrape("m3nop_records_in_doubt", pipeline="orders") == 1
    assert scrape("m3nop_circuit_open", connection="erp") == 1
    bench.world.faults.remove(blind)
    bench.clock.wait(3600)
    bench.settle()
    assert scrape("m3nop_records_in_doubt", pipeline="orders") == 0


def test_no_label_tells_who_ordered_what(bench: Bench):
    scrape = Scrape(bench)
    bench.place()
    bench.place(lines=[{"sku": UNKNOWN_SKU, "quantity": 1}])
    bench.run()

    people = {str(value) for row in bench.rows("shop.customers") for value in (row.get("email"),) if value}
    people |= {row["CUOR"] for row in bench.rows("m3.orders")}
    labels = {value for _, of, _ in scrape.samples() for value in of.values()}
    assert people
    assert not [label for label in labels for word in people if word in label]


def test_every_sample_belongs_to_a_metric_of_the_table(bench: Bench):
    scrape = Scrape(bench)
    bench.place()
    bench.run()

    known = {name for metric in catalogue.METRICS for name in metric.samples}
    assert {name for name, _, _ in scrape.samples()} <= known
