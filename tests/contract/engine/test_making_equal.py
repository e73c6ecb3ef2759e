"""Calls that look first whether anything is to be done, and pipelines that enter what moved since the last time."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from m3nop.core.records import RecordState
from tests.contract.engine.test_run import GUEST

if TYPE_CHECKING:
    from tests.contract.engine.bench import Bench

NAMES = """
pipeline: names
source: {read: shop/customers, as: customer, quiet: 0s, watermark: {by: id}, recheck: {every: 15m}, filter: "customer.id == `1`"}
key: customer.id
on_change: steps
steps:
  - id: name
    call: erp/CRS610MI/ChgBasicData
    fields: {CUNO: settings.guest_customer, CUNM: customer.first_name}
    compare: {read: erp/CRS610MI/GetBasicData, fields: {CUNO: settings.guest_customer}}
"""
TEXTS = """
pipeline: texts
source: {read: shop/orders, as: order, quiet: 0s, watermark: {by: id}, recheck: {every: 15m}}
key: order.id
on_change: steps
vars:
  refunded: default(remembered.refunded, `0`)
  moved: subtract(order.refunded_amount, vars.refunded)
skip_when: vars.moved == `0`
steps:
  - id: post
    call: shop/orders/note
    fields: {order_id: order.id, note: "concat('refund ', vars.moved, ' number ', attempt.number)", display_to_customer: {value: false}}
    outputs: [id]
    commit: true
    probe: posted
remember: {refunded: order.refunded_amount}
probes:
  posted:
    read: shop/orders/notes
    fields: {order_id: order.id}
    match: row.note == steps.post.fields.note
    outputs: [id]
    proves_absence: true
"""


def add(bench: Bench, name: str, text: str) -> None:
    bench.write(f"pipelines/{name}.yaml", text)
    bench.load()


def notes(bench: Bench, order: int) -> list[str]:
    return [
        row["note"]
        for row in bench.rows("shop.order_notes", order_id=order)
        if row["note"].startswith("refund ")
    ]


def refund(bench: Bench, order: int, amount: str) -> None:
    """Keep a running total as the shop does after a refund."""
    orders = bench.world.books.table("shop.orders")
    orders[str(order)] = {**orders[str(order)], "refunded_amount": Decimal(amount)}


def test_a_call_whose_fields_have_their_values_already_is_not_made(bench: Bench) -> None:
    add(bench, "names", NAMES)
    bench.run("names")
    first = bench.rows("shop.customers", id=1)[0]["first_name"]
    assert bench.rows("m3.customers", CUNO="W9999")[0]["CUNM"] == first
    assert bench.sent("CRS610MI/ChgBasicData") == 1

    with bench.state.transaction() as tx:
        record = bench.record(1, "names")
        record.state, record.not_before = RecordState.READY, None
        tx.save_record(record)
    bench.run("names")
    assert bench.record(1, "names").state is RecordState.DONE
    assert bench.sent("CRS610MI/ChgBasicData") == 1
    assert bench.sent("CRS610MI/GetBasicData") == 2


def test_an_order_on_which_nothing_moved_is_left_alone(bench: Bench) -> None:
    add(bench, "texts", TEXTS)
    order = bench.place(guest=GUEST)
    bench.run("texts")
    assert bench.record(order, "texts").state is RecordState.DONE
    assert (notes(bench, order), bench.calls(order, "texts")) == ([], [])


def test_each_movement_is_entered_once_and_counts_from_the_last(bench: Bench) -> None:
    add(bench, "texts", TEXTS)
    order = bench.place(guest=GUEST)
    for amount in ("10.00", "25.50"):
        bench.run("texts")
        refund(bench, order, amount)
        bench.clock.wait(900)
        bench.run("texts")
        bench.clock.wait(900)
        bench.run("texts")
    assert notes(bench, order) == ["refund 10 number 1", "refund 15.5 number 2"]
    assert bench.record(order, "texts").remembered == {"refunded": Decimal("25.5")}


@pytest.mark.parametrize("at", range(1, 24))
def test_a_movement_is_entered_once_wherever_the_run_dies(bench: Bench, at: int) -> None:
    add(bench, "texts", TEXTS)
    order = bench.place(guest=GUEST)
    bench.run("texts")
    refund(bench, order, "10.00")
    bench.clock.wait(900)
    bench.die(at, "texts")
    bench.clock.wait(900)
    bench.run("texts", linger=600.0)
    bench.clock.wait(900)
    bench.run("texts", linger=600.0)
    assert notes(bench, order) == ["refund 10 number 1"]
    assert bench.record(order, "texts").state is RecordState.DONE


def test_a_movement_whose_answer_was_lost_is_looked_for(bench: Bench) -> None:
    add(bench, "texts", TEXTS)
    order = bench.place(guest=GUEST)
    bench.run("texts")
    refund(bench, order, "10.00")
    bench.clock.wait(900)
    bench.fault("reset_after", "*OrderNote*", system="shop")
    bench.run("texts", linger=600.0)
    assert notes(bench, order) == ["refund 10 number 1"]
