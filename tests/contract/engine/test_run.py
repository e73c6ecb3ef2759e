"""One run as a whole: what it refuses to begin, how it ends early, and what it leaves for the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from m3nop.core.clock import HOUR, MINUTE, SECOND, to_text
from m3nop.core.errors import AccessError, ConfigurationError, PausedError
from m3nop.core.records import RecordState
from m3nop.engine.ports import ThreadExecutor
from m3nop.engine.run import in_order
from tests.contract.engine.bench import CLEAN, SETTLE, START, Bench

if TYPE_CHECKING:
    from m3nop.sandbox.world import Request

ACTING = (
    "AddBatchHead",
    "AddBatchAddress",
    "AddBatchLine",
    "AddBatchText",
    "AddBatchHeadChg",
    "Confirm",
    "DelBatchHead",
)


def acted(bench: Bench) -> int:
    return sum(bench.sent(f"OIS100MI/{name}") for name in ACTING) + bench.sent("CRS610MI/Add")


# -- what a run refuses to begin


def test_a_pipeline_that_acts_never_runs_without_a_start(make_bench) -> None:
    bench = make_bench(environment="prod", start=False)
    bench.place()

    with pytest.raises(ConfigurationError) as refused:
        bench.run()

    assert refused.value.exit_code == 3
    assert "customers has never run in prod and would enter every old record" in str(refused.value)
    assert "m3nop state baseline customers --before INSTANT --env prod" in str(refused.value)
    assert bench.state.runs() == []
    assert not bench.world.requests


def test_with_a_start_it_runs_and_leaves_older_records_untouched(make_bench) -> None:
    bench = make_bench(environment="prod")
    old, new = bench.place(ago=3 * HOUR), bench.place()
    bench.run(full=True)

    assert bench.judge(new) == CLEAN
    assert bench.record(old).state is RecordState.BASELINED
    assert not bench.real(old)


def test_with_a_baseline_it_runs(make_bench) -> None:
    bench = make_bench(environment="prod", start=False)
    for name in ("orders", "customers"):
        with bench.state.transaction() as tx:
            tx.set_baseline(name, START - HOUR)
    order = bench.place()
    bench.run()

    assert bench.judge(order) == CLEAN


def test_a_store_without_a_start_is_refused_although_another_has_one(make_bench) -> None:
    since = to_text(START - 2 * HOUR)
    bench = make_bench(environment="prod", start=False)
    bench.edit(
        "m3nop.yaml",
        "environments:\n  prod:\n",
        f'environments:\n  prod:\n    start: {{customers: "{since}"}}\n',
    )

    with pytest.raises(ConfigurationError, match="orders has never run in prod"):
        bench.run()


def test_the_sandbox_needs_no_start(make_bench) -> None:
    bench = make_bench(start=False)
    order = bench.place()
    bench.run()

    assert bench.judge(order).missing == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("key: order.id\n", "key: order.order_guid\n"),
        ("concat(store.code, '-', order.id)", "concat('N', order.id)"),
    ],
)
def test_a_changed_key_or_reference_is_refused(bench: Bench, old: str, new: str) -> None:
    order = bench.place()
    bench.run()
    again = bench.place()
    bench.edit("pipelines/orders.yaml", old, new)
    seen = len(bench.world.requests)

    with pytest.raises(ConfigurationError, match="key and reference were"):
        bench.run()

    assert len(bench.world.requests) == seen
    bench.edit("pipelines/orders.yaml", new, old)
    bench.run()
    assert bench.judge(order, again) == CLEAN


# -- the order of things


def test_required_pipelines_come_first_whatever_was_asked_for(bench: Bench) -> None:
    jobs = bench.jobs("orders", "customers")

    assert in_order(["orders"], jobs) == ["customers", "guests", "orders"]
    assert in_order(["orders", "customers"], jobs) == ["customers", "guests", "orders"]
    assert in_order(["customers"], jobs) == ["customers"]
    assert in_order(["orders", "elsewhere"], {"orders": jobs["orders"]}) == ["orders"]


def test_a_run_is_kept_with_what_it_did(bench: Bench) -> None:
    order = bench.place()
    waiting = bench.place(payment_status="pending")
    summary = bench.run(command="sync orders")

    (run,) = bench.state.runs()
    assert (run.pipeline, run.command, run.result, run.message) == ("orders", "sync orders", "ok", "")
    assert run.counts == {"read": summary.read, **summary.counts}
    assert summary.counts["done"] == 2
    assert summary.counts["waiting"] == 1
    assert summary.counts.get("blocked", 0) == 0
    assert bench.states() == {str(order): "done", str(waiting): "waiting"}


def test_an_observer_is_told_of_everything_that_came_to_rest(bench: Bench) -> None:
    order = bench.place()
    bench.run()

    assert bench.watcher.reads[0][0] == "orders"
    moves = [(pipeline, key, state) for pipeline, key, state, _ in bench.watcher.moves]
    assert moves[-1] == ("orders", str(order), "done")
    assert ("orders", str(order), "blocked") in moves
    assert moves.index(("customers", "5", "done")) < moves.index(("orders", str(order), "done"))


# -- some records only


def test_a_limit_bounds_what_is_worked_on(bench: Bench) -> None:
    orders = [bench.place(guest=GUEST) for _ in range(3)]
    bench.run(limit=2)
    assert sum(len(bench.real(order)) for order in orders) == 2

    bench.run(limit=2)
    assert bench.judge(*orders) == CLEAN


def test_only_the_records_of_some_keys_or_stores_are_worked_on(bench: Bench) -> None:
    first, second, other = (
        bench.place(guest=GUEST),
        bench.place(guest=GUEST),
        bench.place(store_id=2, customer_id=11, lines=[{"sku": "MUG-TI", "quantity": 1}]),
    )
    bench.run(keys=(str(second),))
    assert (len(bench.real(first)), len(bench.real(second)), len(bench.real(other, "B2B"))) == (0, 1, 0)

    bench.run(stores=("b2b",))
    assert (len(bench.real(first)), len(bench.real(other, "B2B"))) == (0, 1)

    bench.run()
    assert bench.judge(first, second) == CLEAN


GUEST = {
    "first_name": "Kari", "last_name": "Nordmann", "email": "kari@example.com", "address1": "Bakkegata 2",
    "city": "Oslo", "zip_postal_code": "0150", "country": "NO", "phone_number": "+47 70 00 00 10",
}  # fmt: skip


# -- asked to stop


@pytest.mark.parametrize("after", [1, 4, 9, 11, 12, 13])
def test_a_stop_signal_parks_what_is_under_way_and_the_next_run_goes_on(bench: Bench, after: int) -> None:
    orders = [bench.place(guest=GUEST) for _ in range(2)]
    seen: list[bool] = []

    def look(request: Request) -> None:
        seen.append(any(name.partition("/")[2] in ACTING for name in request.operations))
        if len(seen) == after:
            bench.stop.ask("SIGTERM")

    bench.world.on_request.append(look)
    summary = bench.run()
    assert summary.result == "stopped"
    assert not any(seen[after:])
    assert bench.state.runs()[0].result == "stopped"
    assert bench.state.counts("orders").get(RecordState.IN_FLIGHT, 0) == 0

    bench.world.on_request.clear()
    bench.reopen()
    bench.run()
    assert bench.judge(*orders) == CLEAN


def test_a_stop_while_the_shop_is_read_keeps_what_was_read(bench: Bench) -> None:
    for _ in range(3):
        bench.place(guest=GUEST)
    bench.world.on_request.append(lambda request: bench.stop.ask("SIGINT"))

    summary = bench.run(full=True)

    assert summary.result == "stopped"
    assert acted(bench) == 0
    assert bench.state.watermark("orders", "") is not None


def test_a_stop_ends_the_waiting_for_what_is_parked(bench: Bench) -> None:
    bench.place(guest=GUEST)
    bench.fault("reset_before", "OIS100MI/AddBatchHead")
    naps: list[float] = []
    wait = bench.clock.wait

    def stop_soon(seconds: float) -> None:
        naps.append(seconds)
        wait(seconds)
        if len(naps) == 3:
            bench.stop.ask("SIGTERM")

    bench.clock.wait = stop_soon
    try:
        assert bench.run(linger=600.0).result == "stopped"
    finally:
        del bench.clock.wait
    assert len(naps) == 3


# -- systems that do not work


def test_a_system_that_never_answers_ends_the_run_and_costs_no_attempt(bench: Bench) -> None:
    order = bench.place(guest=GUEST)
    bench.fault("status", system="m3", status=503, times=None)

    with pytest.raises(AccessError, match="erp does not answer") as ended:
        bench.run()

    assert ended.value.exit_code == 4
    assert bench.record(order).state is RecordState.READY
    assert bench.record(order).attempts == 0
    assert (bench.state.runs()[0].result, bench.state.runs()[0].message) == ("failed", str(ended.value))
    bench.world.faults.clear()
    bench.clock.wait(61)
    bench.run()
    assert bench.judge(order) == CLEAN


def test_a_system_that_stops_answering_pauses_the_run_and_the_other_records_are_untouched(
    bench: Bench,
) -> None:
    orders = [bench.place(guest=GUEST) for _ in range(2)]
    bench.fault("reset_before", "OIS100MI/AddBatchLine", times=None)
    bench.fault("reset_before", "EXPORTMI/*", times=None)
    bench.fault("reset_before", "OIS100MI/DelBatchHead", times=None)

    with pytest.raises(PausedError, match="erp stopped answering") as ended:
        bench.run()

    assert ended.value.exit_code == 7
    assert set(bench.states().values()) == {"ready"}
    bench.world.faults.clear()
    bench.clock.wait(61)
    bench.run()
    assert bench.judge(*orders) == CLEAN


@pytest.mark.parametrize(("status", "error"), [(401, AccessError), (403, AccessError)])
def test_credentials_that_are_refused_end_the_run_at_once(
    bench: Bench, status: int, error: type[Exception]
) -> None:
    order = bench.place(guest=GUEST)
    bench.fault("status", "OIS100MI/*", status=status, times=None)
    with pytest.raises(error):
        bench.run()

    assert bench.record(order).state is RecordState.READY
    bench.world.faults.clear()
    bench.run()
    assert bench.judge(order) == CLEAN


def test_a_shop_that_does_not_answer_ends_the_run(bench: Bench) -> None:
    bench.place(guest=GUEST)
    bench.fault("status", system="shop", status=503, times=None)
    with pytest.raises(AccessError):
        bench.run()

    assert acted(bench) == 0
    assert bench.state.runs()[0].result == "failed"


def test_a_busy_system_is_waited_for_as_long_as_it_asks(bench: Bench) -> None:
    order = bench.place(guest=GUEST)
    bench.fault("status", "OIS100MI/AddBatchHead", status=429, retry_after=20)
    before = bench.clock.now()
    bench.run()

    assert bench.judge(order) == CLEAN
    assert 20 * SECOND <= bench.clock.now() - before < MINUTE


def test_requests_run_beside_each_other_on_threads(bench: Bench) -> None:
    orders = [bench.place(guest=GUEST) for _ in range(6)]
    executor = ThreadExecutor(threads=4)
    try:
        bench.run(executor=executor)
    finally:
        executor.close()

    assert bench.judge(*orders) == CLEAN


# -- planning


def test_a_plan_shows_the_calls_of_each_record_and_sends_nothing_that_acts(bench: Bench) -> None:
    order = bench.place()
    guest = bench.place(guest=GUEST)
    young = bench.place(ago=0, guest=GUEST)
    planned = {record.key: record for record in bench.plan()}

    assert acted(bench) == 0
    assert bench.state.records("orders") == []
    assert bench.state.watermark("orders", "") is None
    calls = {call.path: call for call in planned[str(order)].calls}
    assert planned[str(order)].acts
    assert calls["customer"].target == "after customers 5"
    assert calls["head"].fields["CUOR"] == f"B2C-{order}"
    assert calls["head"].fields["CUNO"] == "<new>"
    assert {call.path: call for call in planned[str(guest)].calls}["head"].fields["CUNO"] == "W9999"
    assert (planned[str(young)].state, planned[str(young)].acts) == (RecordState.WAITING, False)


def test_a_plan_is_what_the_run_then_does(bench: Bench) -> None:
    order = bench.place(guest=GUEST)
    planned = {call.path: call.fields for call in bench.plan()[-1].calls if call.fields}
    bench.run()

    made = {call.step: call.fields for call in bench.calls(order) if call.effect != "read"}
    assert made.keys() == planned.keys()
    assert {name: made[name] for name in ("head", "confirm")}["head"] == planned["head"]


def test_a_plan_shows_what_is_left_of_records_that_were_read(bench: Bench) -> None:
    order, dead = (
        bench.place(guest=GUEST),
        bench.place(guest=GUEST, lines=[{"sku": "DISC-2019", "quantity": 1}]),
    )
    bench.fault("status", system="m3", status=503, times=None)
    with pytest.raises(AccessError):
        bench.run()
    bench.world.faults.clear()

    planned = {record.key: record.state for record in bench.plan()}
    assert planned == {str(order): RecordState.READY, str(dead): RecordState.READY}
    bench.clock.wait(SETTLE)
    bench.run()
    assert bench.plan() == []


def test_a_plan_reads_what_is_only_known_by_its_key(bench: Bench) -> None:
    order = bench.place()
    bench.fault("status", "CRS610MI/*", status=503, times=None)
    with pytest.raises(AccessError):
        bench.run()

    (customer,) = bench.plan("customers", keys=("5",))
    assert {call.path for call in customer.calls} >= {"create", "order_data"}
    assert bench.record(order).state is RecordState.BLOCKED
    assert [record.key for record in bench.plan("orders", keys=(str(order),))] == [str(order)]


def test_a_plan_follows_limits_stores_dates_and_the_order_of_pipelines(bench: Bench) -> None:
    first = bench.place(guest=GUEST, ago=100 * MINUTE)
    second = bench.place(guest=GUEST)
    other = bench.place(store_id=2, customer_id=11, lines=[{"sku": "MUG-TI", "quantity": 1}])

    assert [record.key for record in bench.plan(limit=1)] == [str(first)]
    assert [record.key for record in bench.plan(limit=0)] == []
    assert [record.key for record in bench.plan(stores=("b2b",))] == [str(other)]
    assert [record.key for record in bench.plan(since=START - HOUR)] == [str(second), str(other)]
    assert [record.pipeline for record in bench.plan("orders", "customers", full=True)][-1] == "orders"
    bench.run(keys=(str(first),))
    assert [record.key for record in bench.plan()] == [str(second), str(other)]


def test_a_plan_says_what_a_check_or_a_reference_would_refuse(bench: Bench) -> None:
    bench.edit(
        "pipelines/orders.yaml",
        "  - {condition: length(order.items) > `0`, message: the order has no lines}\n",
        "  - {condition: length(order.items) > `5`, message: too few lines, on_fail: review}\n  - {condition: order.id > order.items, message: never}\n",
    )
    order = bench.place(guest=GUEST)
    planned = bench.plan()[-1]
    assert (planned.key, planned.reason) == (str(order), "review: too few lines")

    bench.edit("pipelines/orders.yaml", "> `5`", "> `0`")
    assert bench.plan()[-1].state is RecordState.DEAD
    assert "cannot compare" in bench.plan()[-1].reason

    bench.edit(
        "pipelines/orders.yaml",
        "upper(concat(store.code, '-', order.id))",
        "upper(concat(store.code, '-', left(order.created_on_utc, `16`)))",
    )
    assert bench.plan()[-1].state is RecordState.DEAD
    assert "upper-case letters" in bench.plan()[-1].reason


def test_a_plan_reads_what_steps_read(make_bench) -> None:
    bench = make_bench(change=lambda text: text.replace("item_by: sku ", "item_by: alias "))
    bench.place(guest=GUEST, lines=[{"sku": "BOTTLE-1L", "quantity": 1}])
    seen = bench.sent("MMS025MI/GetItem")

    planned = {call.path.partition("/")[0]: call for call in bench.plan()[-1].calls}

    assert bench.sent("MMS025MI/GetItem") == seen + 1
    assert planned["aliases"].fields["POPN"] == "BOTTLE-1L"
    bench.fault("status", "MMS025MI/*", status=503, times=None)
    with pytest.raises(AccessError):
        bench.plan()


# -- several records of one customer


def test_two_orders_of_one_new_customer_create_it_once(bench: Bench) -> None:
    first, second = bench.place(customer_id=6), bench.place(customer_id=6)
    summary = bench.run()

    assert bench.judge(first, second) == CLEAN
    assert bench.sent("CRS610MI/Add") == 1
    assert [row["CUNO"] for row in bench.rows("m3.customers", CUNO="W0000006")] == ["W0000006"]
    assert {row["CUNO"] for row in bench.rows("m3.orders")} == {"W0000006"}
    assert summary.counts["done"] == 3
    assert summary.counts["blocked"] == 0


@pytest.mark.parametrize("claim", [3, 5])
def test_no_order_stays_blocked_when_its_customer_is_delivered_meanwhile(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, claim: int
) -> None:
    monkeypatch.setattr("m3nop.engine.claims.CLAIM", claim)
    monkeypatch.setattr("m3nop.engine.delivery.CLAIM", claim)
    orders = [bench.place(customer_id=5 + number % 3) for number in range(10)]
    bench.run()

    assert set(bench.states().values()) == {"done"}
    assert bench.judge(*orders) == CLEAN
    assert bench.sent("CRS610MI/Add") <= 3


def test_orders_wait_for_a_customer_that_was_refused_and_go_on_when_it_is_put_right(bench: Bench) -> None:
    bench.edit("m3nop.yaml", "template_customer: TPLB2C ", "template_customer: NONE ")
    first, second = bench.place(customer_id=6), bench.place(customer_id=6)
    summary = bench.run()
    assert bench.record(6, "customers").state is RecordState.DEAD
    assert {bench.record(key).state for key in (first, second)} == {RecordState.BLOCKED}
    assert bench.record(first).reason.startswith("waits for customers 6")
    assert bench.record(first).attempts == 0
    assert (summary.counts["dead"], summary.counts["blocked"]) == (1, 2)

    later = bench.place(customer_id=6)
    bench.run()
    assert "which is dead: " in bench.record(later).reason

    bench.edit("m3nop.yaml", "template_customer: NONE ", "template_customer: TPLB2C ")
    bench.retry(6, pipeline="customers")
    bench.run()
    assert bench.judge(first, second, later) == CLEAN


def test_a_required_customer_is_delivered_whatever_its_age_and_never_twice(bench: Bench) -> None:
    bench.run("customers", full=True)
    assert bench.record(6, "customers").state is RecordState.BASELINED
    order = bench.place(customer_id=6)
    bench.run()
    assert bench.judge(order) == CLEAN

    bench.run("customers", full=True)
    assert bench.sent("CRS610MI/Add") == 1


def test_an_order_that_waits_for_what_was_delivered_without_a_link_says_so(bench: Bench) -> None:
    order = bench.place(customer_id=6)
    bench.run()
    assert bench.judge(order) == CLEAN
    with bench.state.transaction() as tx:
        tx._connection.exec_driver_sql("delete from links where pipeline = 'customers'")
    later = bench.place(customer_id=6)
    bench.run()

    assert bench.record(later).reason == "waits for customers 6, which is done without a link"
