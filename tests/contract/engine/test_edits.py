"""Orders that somebody changed by hand: entered once, as changed, with what was read beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from m3nop.core.records import RecordState
from m3nop.engine import edits
from m3nop.engine.edits import Edits
from m3nop.sandbox.catalogue import UNKNOWN_SKU
from tests.contract.engine.bench import CLEAN, Bench
from tests.contract.engine.test_run import GUEST

if TYPE_CHECKING:
    from collections.abc import Callable

LINES = [{"sku": "LAMP-HEAD", "quantity": 1}, {"sku": UNKNOWN_SKU, "quantity": 2}]
NOTE = "changed by anna: the supplier's number"


def refused(bench: Bench, **members: Any) -> int:
    order = bench.place(lines=LINES, guest=GUEST, **members)
    bench.run()
    assert bench.record(order).state is RecordState.DEAD
    return order


def with_other_sku(order: dict[str, Any]) -> dict[str, Any]:
    first, second = order["items"]
    return {**order, "items": [first, {**second, "sku": "MUG-TI"}]}


def edit(
    bench: Bench,
    order: int,
    change: Callable[[dict[str, Any]], dict[str, Any]] = with_other_sku,
    **calls: Any,
) -> None:
    record = bench.record(order)
    snapshot: Any = record.snapshot
    made = Edits(tuple(edits.changes_between(snapshot, change(snapshot))), calls, NOTE)
    bench.retry(order)
    with bench.state.transaction() as tx:
        tx.save_record(replace(bench.record(order), edits=edits.written(made)))


def test_an_order_is_entered_as_it_was_changed_and_kept_as_it_was_read(bench: Bench) -> None:
    order = refused(bench)
    edit(bench, order)
    bench.run()

    (real,) = bench.real(order)
    assert bench.judge(order) == CLEAN
    assert {item for item, _ in bench.entered_lines(real)} == {"LAMP-HEAD", "MUG-TI"}
    record = bench.record(order)
    attempt = bench.state.attempts(record.id)[-1]
    assert record.edits is None
    assert record.snapshot["items"][1]["sku"] == attempt.snapshot["items"][1]["sku"] == UNKNOWN_SKU
    assert edits.names(attempt.edits) == ["items[1].sku"]
    assert bench.state.dead_letters() == []


def test_a_field_of_a_call_is_sent_as_it_was_given_with_who_gave_it(bench: Bench) -> None:
    order = bench.place(guest=GUEST, payment_method="Payments.New")
    bench.run()
    assert bench.record(order).state in (RecordState.DEAD, RecordState.REVIEW)
    edit(bench, order, lambda record: record, head={"TEPY": "014", "PYCD": None})
    bench.run()

    assert bench.judge(order) == CLEAN
    (head,) = [call for call in bench.calls(order) if call.step == "head"]
    assert (head.fields["TEPY"], head.origins["TEPY"]) == ("014", NOTE)
    assert "PYCD" not in head.fields


def test_a_value_that_changed_in_the_shop_as_well_is_for_a_person_to_decide(bench: Bench) -> None:
    order = refused(bench)
    edit(
        bench,
        order,
        lambda one: {**with_other_sku(one), "billing_address": {**one["billing_address"], "city": "Bergen"}},
    )
    bench.change(order, billing_address={"city": "Hamar"})
    bench.run()
    record = bench.record(order)
    assert record.state is RecordState.REVIEW
    assert record.reason == "changed by hand, and in the shop since: billing_address.city"

    with bench.state.transaction() as tx:
        tx.save_record(replace(record, state=RecordState.READY, released=True))
    bench.run()
    assert bench.judge(order) == CLEAN
    (real,) = bench.real(order)
    assert {item for item, _ in bench.entered_lines(real)} == {"LAMP-HEAD", "MUG-TI"}


def test_a_later_change_in_the_shop_is_told_from_the_one_made_by_hand(bench: Bench) -> None:
    order = refused(bench)
    edit(bench, order)
    bench.run()
    bench.clock.wait(3600)
    bench.run()
    assert bench.record(order).state is RecordState.DONE


@pytest.mark.parametrize("at", range(1, 60, 7))
def test_wherever_the_run_of_a_changed_order_dies_it_is_entered_once(bench: Bench, at: int) -> None:
    order = refused(bench)
    edit(bench, order)
    bench.die(at)
    bench.settle()

    (real,) = bench.real(order)
    assert bench.judge(order) == CLEAN
    assert {item for item, _ in bench.entered_lines(real)} == {"LAMP-HEAD", "MUG-TI"}
    assert bench.record(order).edits is None


def test_a_field_that_m3_refused_is_given_by_hand_in_a_new_attempt(bench: Bench) -> None:
    order = bench.place(guest=GUEST)
    bench.edit("lookups/payment_methods.csv", "Payments.CheckMoneyOrder,014", "Payments.CheckMoneyOrder,999")
    bench.run()
    record = bench.record(order)
    assert record.state is RecordState.DEAD
    edit(bench, order, lambda one: one, head={"TEPY": "014"})
    bench.settle()
    assert bench.judge(order) == CLEAN
    assert edits.names(attempts(bench, order)[-1].edits) == ["head.TEPY"]
    assert attempts(bench, order)[0].edits is None


def attempts(bench: Bench, order: int) -> list[Any]:
    return list(bench.state.attempts(bench.record(order).id))
