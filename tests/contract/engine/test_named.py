"""Records that events named: looked at at once, judged as a poll would, and found by the poll where no event came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.clock import DAY, HOUR, SECOND, to_text
from m3nop.core.records import RecordState
from m3nop.engine.intake import UNANNOUNCED
from tests.contract.engine.bench import CLEAN, START, Bench

if TYPE_CHECKING:
    from m3nop.engine.run import Summary

NOBODY: frozenset[str] = frozenset()


def told(bench: Bench, *keys: object, quiet: float | None = None, polled: frozenset[str] = NOBODY) -> Summary:
    """Run because an event named these orders."""
    named = {"orders": {str(key): quiet for key in keys}}
    return bench.run(named=named, polled=polled, announced=frozenset({"orders"}))


def test_a_named_order_is_entered_without_a_poll_and_the_next_poll_knows_it(bench: Bench) -> None:
    other, named = bench.place(), bench.place()
    assert told(bench, named).read == 1
    assert (bench.record(named).state, bench.state.record("orders", str(other))) == (RecordState.DONE, None)
    summary = bench.run(announced=frozenset({"orders"}))
    assert summary.counts[UNANNOUNCED] == 1
    assert bench.judge(other, named) == CLEAN


def test_an_order_that_was_just_placed_waits_until_it_is_quiet(bench: Bench) -> None:
    order = bench.place(created=to_text(START))
    told(bench, order)
    assert bench.record(order).state is RecordState.WAITING
    bench.clock.wait(61)
    told(bench)
    assert bench.judge(order) == CLEAN


def test_an_event_that_says_that_the_order_is_complete_need_not_wait(bench: Bench) -> None:
    order = bench.place(created=to_text(START))
    told(bench, order)
    told(bench, order, quiet=0)
    assert bench.record(order).state is RecordState.DONE
    assert bench.judge(order) == CLEAN


def test_an_order_that_is_named_when_it_is_paid_is_looked_at_before_it_is_due(bench: Bench) -> None:
    order = bench.place(payment_status="pending")
    told(bench, order)
    assert bench.record(order).state is RecordState.WAITING
    bench.change(order, payment_status="paid")
    told(bench, order)
    assert bench.judge(order) == CLEAN


def test_a_delivered_order_that_is_named_again_is_compared_and_not_entered_again(bench: Bench) -> None:
    order = bench.place()
    for _ in range(3):
        told(bench, order, quiet=0)
    assert bench.record(order).state is RecordState.DONE
    assert bench.judge(order) == CLEAN


def test_an_old_order_is_not_entered_because_an_event_names_it(bench: Bench) -> None:
    old = bench.place(created=to_text(START - 5 * HOUR))
    told(bench, old, quiet=0)
    assert bench.record(old).state is RecordState.BASELINED
    assert bench.rows("m3.orders", CUOR=f"B2C-{old}") == []


def test_an_order_that_the_shop_does_not_show_yet_is_asked_for_by_later_polls(bench: Bench) -> None:
    order = bench.place()
    assert told(bench, order + 1, "0", "abc", "9" * 19, "-4").read == 0
    assert bench.state.missing("orders", "", since=START - DAY) == [order + 1]
    late = bench.place()
    assert late == order + 1
    bench.clock.wait(1)
    bench.run()
    assert bench.judge(order, late) == CLEAN


def test_an_order_of_a_person_stays_with_that_person(bench: Bench) -> None:
    order = bench.place(payment_method="Payments.Strange")
    told(bench, order)
    before = bench.record(order)
    assert before.state in (RecordState.DEAD, RecordState.REVIEW)
    told(bench, order, quiet=0)
    assert bench.record(order).state is before.state


def test_many_named_orders_are_read_in_groups(bench: Bench) -> None:
    orders = [bench.place() for _ in range(130)]
    bench.clock.instant += SECOND
    assert told(bench, *orders).read == 130
    assert bench.judge(*orders) == CLEAN
