"""What the shop has and the state does not: read once, in one transaction with the watermark, and nothing is lost."""

from __future__ import annotations

import re

import pytest

from m3nop.core import json
from m3nop.core.clock import DAY, HOUR, MINUTE, SECOND, to_text
from m3nop.core.errors import SourceError
from m3nop.core.records import RecordState
from m3nop.engine.claims import LOOK_AGAIN, LOOKS_BEFORE_GONE
from tests.contract.engine.bench import CLEAN, SETTLE, START, Bench, Fate


def position(bench: Bench, partition: str = "") -> int:
    return int(json.loads(bench.state.watermark("orders", partition) or '{"id": 0}')["id"])


def hide(bench: Bench, order: int) -> dict:
    """Let an order be in a transaction of the shop that is not committed yet."""
    orders = bench.world.books.table("shop.orders")
    row = orders[str(order)]
    del orders[str(order)]
    return row


def show(bench: Bench, row: dict) -> None:
    bench.world.books.table("shop.orders")[str(row["id"])] = row


# -- records and watermark


@pytest.mark.parametrize("dialect", ["official", "oss"])
def test_what_was_read_is_not_read_again(make_bench, dialect: str) -> None:
    bench = make_bench(dialect=dialect)
    order = bench.place()
    assert bench.run().read >= 1
    assert position(bench, bench.record(order).partition) == order

    assert bench.run().read == 0


def test_records_and_watermark_are_committed_together(bench: Bench) -> None:
    order = bench.place()
    whole = Fate()
    bench.run(fate=whole)
    commits = [number for number, name in enumerate(whole.passed, start=1) if name == "commit:before"]
    bench.world.books.table("m3.orders").clear()

    for at in range(1, commits[4] + 1):
        fresh = bench.place()
        bench.die(at)
        known = bench.state.known_keys("orders", [str(fresh)])
        assert bool(known) == (position(bench) >= fresh), whole.passed[at - 1]
    assert position(bench) > order


def test_a_run_begins_at_the_start_of_the_pipeline(bench: Bench) -> None:
    old = bench.place(ago=3 * HOUR)
    new = bench.place()
    bench.run()

    assert bench.real(new)
    assert not bench.real(old)
    assert bench.record(new).state is RecordState.DONE
    # The shop gives ids in the order of creation, so the old one is read too: it stands right below.
    found = bench.state.record("orders", str(old))
    assert found is None or found.state is RecordState.BASELINED


def test_a_later_date_leaves_older_records_unread_and_an_earlier_one_reads_them(bench: Bench) -> None:
    first, second = bench.place(ago=90 * MINUTE), bench.place(ago=10 * MINUTE)
    bench.run(since=START - 20 * MINUTE)
    assert bench.states() == {str(second): "done"}

    bench.run(since=START - 2 * HOUR)
    assert bench.states() == {str(first): "done", str(second): "done"}
    assert bench.judge(first, second) == CLEAN


def test_a_full_run_reads_everything_and_delivers_nothing_twice(bench: Bench) -> None:
    order = bench.place()
    bench.run()
    before = bench.state.record("orders", "1001")

    assert bench.run(full=True).read > 10
    assert before is None
    assert bench.record(1001).state is RecordState.BASELINED
    assert bench.record(1001).reason == "created before the start of this pipeline"
    assert bench.judge(order) == CLEAN
    assert bench.states() == {str(order): "done"}


def test_a_baseline_leaves_what_is_older_alone(make_bench) -> None:
    bench = make_bench(start=False)
    with bench.state.transaction() as tx:
        tx.set_baseline("orders", START - HOUR)
        tx.set_baseline("customers", START - HOUR)
    old, new = bench.place(ago=2 * HOUR), bench.place(ago=30 * MINUTE)
    bench.run(full=True)

    assert bench.record(old).state is RecordState.BASELINED
    assert bench.record(new).state is RecordState.DONE
    assert not bench.real(old)


# -- what is not ready yet


def test_a_young_order_is_left_alone_until_the_shop_has_written_it(bench: Bench) -> None:
    order = bench.place(ago=10_000_000)
    bench.run()
    assert bench.record(order).state is RecordState.WAITING
    assert bench.record(order).reason == "too young: the shop may still be writing it"

    bench.clock.wait(51)
    bench.run()
    assert bench.judge(order) == CLEAN


def test_an_order_whose_lines_come_later_is_entered_with_them(bench: Bench) -> None:
    order = bench.place(ago=0, delay=30)
    bench.run()
    bench.clock.wait(61)
    bench.run()

    assert bench.record(order).state is RecordState.DONE
    assert sum(bench.entered_lines(bench.real(order)[0]).values()) == 2


def test_an_order_that_is_paid_three_days_later_is_entered_then(bench: Bench) -> None:
    order = bench.place(payment_status="pending")
    for _ in range(12):
        bench.run()
        assert bench.record(order).state is RecordState.WAITING
        bench.clock.wait(6 * 3600)
    bench.change(order, payment_status="paid")
    bench.run()

    assert bench.judge(order) == CLEAN
    assert bench.record(order).state is RecordState.DONE


def test_a_waiting_order_is_not_read_before_it_is_due(bench: Bench) -> None:
    order = bench.place(payment_status="pending")
    bench.run()
    bench.change(order, payment_status="paid")
    bench.clock.wait(14 * 60)
    bench.run()
    assert bench.record(order).state is RecordState.WAITING

    bench.clock.wait(60)
    bench.run()
    assert bench.record(order).state is RecordState.DONE


def test_an_order_that_is_cancelled_before_it_was_ready_is_ignored(bench: Bench) -> None:
    order = bench.place(payment_status="pending")
    bench.run()
    bench.change(order, cancel=True)
    bench.clock.wait(900)
    bench.run()

    assert bench.record(order).state is RecordState.IGNORED
    assert bench.record(order).reason == "closed in the shop before it was ready"
    assert not bench.real(order)


def test_an_order_that_waits_too_long_goes_to_a_person(bench: Bench) -> None:
    order = bench.place(payment_status="pending")
    bench.run()
    bench.clock.wait(60 * 86_400 + 3600)
    summary = bench.run()

    assert bench.record(order).state is RecordState.REVIEW
    assert bench.record(order).reason.startswith("expired: not ready: ")
    assert summary.counts["review"] == 1


def test_an_order_that_is_gone_from_the_shop_is_waited_for_and_then_expires(bench: Bench) -> None:
    order = bench.place(payment_status="pending")
    bench.run()
    row = hide(bench, order)
    bench.clock.wait(900)
    bench.run()
    assert bench.record(order).reason == "the shop does not have it (any more)"
    assert bench.record(order).not_before == bench.clock.now() + 15 * MINUTE

    bench.clock.wait(61 * 86_400)
    bench.run()
    assert bench.record(order).state is RecordState.REVIEW
    assert row["id"] == order


# -- what appears late


def test_an_id_that_did_not_appear_is_looked_for_again_for_a_day(bench: Bench) -> None:
    first = bench.place()
    bench.run()
    late, missing = bench.place(), bench.place()
    row, gone = hide(bench, late), hide(bench, missing)
    last = bench.place()
    bench.run()
    assert bench.states() == {str(first): "done", str(last): "done"}
    assert bench.state.missing("orders", "", since=0) == [late, missing]

    show(bench, row)
    bench.clock.wait(3600)
    assert bench.run().read == 1
    assert bench.judge(late, last) == CLEAN
    assert bench.state.missing("orders", "", since=0) == [missing]

    bench.clock.wait(24 * 3600)
    show(bench, gone)
    asked = len(bench.world.requests)
    bench.run()
    paths = [request.path for request in list(bench.world.requests)[asked:]]
    assert not any(f"GetByIds/{missing}" in path for path in paths)


def test_a_gap_below_what_is_older_than_a_day_is_not_asked_for(make_bench) -> None:
    bench = make_bench(change=lambda text: text.replace(to_text(START - 2 * HOUR), to_text(START - 30 * DAY)))
    hide(bench, bench.place(ago=3 * DAY))
    bench.place(ago=3 * DAY)
    bench.run()

    assert bench.state.missing("orders", "", since=0) == []


def test_once_a_day_the_shops_count_is_compared_and_what_was_lost_is_read(bench: Bench) -> None:
    bench.run()
    bench.clock.wait(3600)
    lost = hide(bench, bench.place(ago=10 * MINUTE))
    other = bench.place(ago=5 * MINUTE)
    bench.run()
    with bench.state.transaction() as tx:
        tx.drop_missing("orders", "", [lost["id"]])
    show(bench, lost)
    bench.clock.wait(22 * 3600)
    assert bench.run().read == 0
    assert bench.watcher.notes == []

    bench.clock.wait(3600)
    bench.run()

    assert bench.watcher.notes == ["orders: the shop counts 2 since the last check, 1 are known"]
    assert bench.judge(other, lost["id"]) == CLEAN
    bench.clock.wait(23 * 3600)
    bench.run()
    assert len(bench.watcher.notes) == 1


def test_a_count_that_agrees_reads_nothing_again(bench: Bench) -> None:
    bench.place()
    bench.run()
    bench.clock.wait(25 * 3600)

    assert bench.run().read == 0
    assert bench.watcher.notes == []


# -- whose it is, and which


def test_a_row_without_a_key_stops_the_run(make_bench) -> None:
    bench = make_bench()
    bench.edit("pipelines/orders.yaml", "key: order.id\n", "key: order.customer_id\n")
    order = bench.place()
    bench.world.books.table("shop.orders")[str(order)] |= {"customer_id": None}

    with pytest.raises(SourceError):
        bench.run()
    assert position(bench) < order


def without_b2b(text: str) -> str:
    """Leave the second store out of the project."""
    return re.sub(r"(?m)^  b2b:\n(?:    .*\n)+", "", text)


def test_orders_of_a_store_that_is_not_served_are_left_alone_and_accounted_for(make_bench) -> None:
    bench = make_bench(change=without_b2b)
    order = bench.place(store_id=2, customer_id=11)
    bench.run()

    assert bench.record(order).state is RecordState.IGNORED
    assert bench.record(order).reason == "store 2 is not served by this project"
    assert bench.rows("m3.orders") == []


def test_a_store_that_becomes_served_has_its_orders_since_the_start_entered(make_bench) -> None:
    whole: list[str] = []
    bench = make_bench(change=lambda text: whole.append(text) or without_b2b(text))
    old, order, other = (
        bench.place(store_id=2, customer_id=11, ago=3 * HOUR),
        bench.place(store_id=2, customer_id=11),
        bench.place(),
    )
    bench.run()
    assert bench.states() == {str(other): "done"}
    bench.change(order, quantities={str(bench.rows("shop.order_items", order_id=order)[0]["id"]): 4})

    bench.write("m3nop.yaml", whole[0])
    bench.load()
    bench.run()

    assert bench.states() == {str(other): "done", str(order): "done"}
    assert bench.judge(order, store="B2B").missing == ()
    assert 4.0 in {float(row["ORQT"]) for row in bench.rows("m3.order_lines")}
    found = bench.state.record("orders", str(old))
    assert found is None or found.state in (RecordState.BASELINED, RecordState.IGNORED)
    assert bench.run().read == 0


def test_a_customer_of_no_store_is_delivered_for_the_order_that_needs_it(bench: Bench) -> None:
    customer = bench.world.books.table("shop.customers")["5"]
    bench.world.books.table("shop.customers")["5"] = {**customer, "registered_in_store_id": 0}
    bench.run("customers", full=True)
    order = bench.place(customer_id=5)
    bench.run()

    assert bench.record(order).state is RecordState.DONE, bench.record(order).reason
    assert bench.record(5, "customers").state is RecordState.DONE


def test_another_order_under_a_known_id_goes_to_a_person(bench: Bench) -> None:
    waiting, ready = bench.place(payment_status="pending"), bench.place(payment_status="pending")
    bench.run()
    orders = bench.world.books.table("shop.orders")
    orders[str(waiting)] |= {"customer_id": 6}
    bench.clock.wait(900)
    bench.run()

    assert bench.record(waiting).state is RecordState.REVIEW
    assert bench.record(waiting).reason == "another record has taken its key in the shop"
    assert bench.record(ready).state is RecordState.WAITING


def test_an_order_that_was_read_long_ago_is_read_again_before_its_first_attempt(bench: Bench) -> None:
    order, other, gone = bench.place(), bench.place(), bench.place()
    bench.fault("status", "OIS100MI/*", status=503, times=None, system="m3")
    bench.fault("status", "CRS610MI/*", status=503, times=None, system="m3")
    with pytest.raises(Exception, match="does not answer"):
        bench.run()
    bench.world.faults.clear()
    assert bench.states() == {str(key): "blocked" for key in (order, other, gone)}

    line = bench.rows("shop.order_items", order_id=order)[0]
    bench.change(order, quantities={str(line["id"]): 7})
    bench.world.books.table("shop.orders")[str(other)] |= {"customer_id": 6}
    hide(bench, gone)
    bench.clock.wait(SETTLE + 3600)
    for _ in range(LOOKS_BEFORE_GONE + 1):
        bench.run()
        assert bench.record(gone).state is not RecordState.DONE
        bench.clock.wait(LOOK_AGAIN / SECOND)

    assert ("LAMP-HEAD", "7") in bench.entered_lines(bench.real(order)[0])
    assert bench.record(other).state is RecordState.REVIEW
    assert bench.record(gone).state is RecordState.DEAD
    letters = bench.state.dead_letters(pipeline="orders")
    assert [(letter.key, letter.signature, letter.message) for letter in letters] == [
        (str(gone), "gone: the shop no longer has it", "the shop no longer has it")
    ]


def test_a_customer_that_the_shop_shows_late_is_looked_for_again(bench: Bench) -> None:
    order = bench.place(customer_id=5)
    # The order itself is read with its customer.
    bench.fault("late_records", "*/GetCustomersByIds/5", count=1, nth=2)
    bench.run()

    assert bench.record(5, "customers").state is RecordState.READY
    assert bench.record(5, "customers").reason == "the shop does not show it; looked for again"
    assert bench.record(order).state is RecordState.BLOCKED

    bench.clock.wait(61)
    bench.run()

    assert bench.record(5, "customers").doubts == 0
    assert bench.states() == {str(order): "done"}


def test_an_order_that_the_shop_shows_late_once_more_is_looked_for_again(bench: Bench) -> None:
    order = bench.place()
    bench.fault("status", "CRS610MI/*", status=503, times=None, system="m3")
    with pytest.raises(Exception, match="does not answer"):
        bench.run()
    bench.world.faults.clear()
    row = hide(bench, order)
    bench.clock.wait(SETTLE + 3600)
    bench.run()

    assert bench.record(order).state is RecordState.READY

    show(bench, row)
    bench.clock.wait(61)
    bench.run()

    assert bench.states() == {str(order): "done"}


def test_a_customer_that_could_not_be_read_is_read_again_by_a_run_of_its_orders(bench: Bench) -> None:
    order = bench.place(customer_id=5)
    # The order itself is read with its customer.
    bench.fault("reset_before", "*/GetCustomerRoleIds/5", nth=2, times=None)
    bench.run()
    bench.world.faults.clear()

    assert bench.record(5, "customers").state is RecordState.WAITING
    assert bench.record(5, "customers").reason.startswith("cannot be read: customer 5, its roles: ")
    assert bench.record(order).state is RecordState.BLOCKED

    bench.clock.wait(3600)
    bench.run()

    assert bench.states() == {str(order): "done"}
