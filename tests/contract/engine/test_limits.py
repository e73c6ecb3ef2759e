"""Runs in which too much comes to nothing stop before they write; what is on its way to M3 is not published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from m3nop.core.errors import PausedError
from m3nop.core.records import RecordState
from tests.contract.engine.test_run import GUEST

if TYPE_CHECKING:
    from tests.contract.engine.bench import Bench

STOCK = """
pipeline: stock
source: {{read: shop/orders, as: order, quiet: 0s, watermark: {{by: id}}, recheck: {{every: 15m}}, filter: "order.id > `1013`"}}
key: order.id
on_change: steps
vars: {{quantity: "if(order.payment_status == 'paid', `{full}`, `0`)"}}
limits: {{to_zero: {{value: vars.quantity, before: remembered.quantity, percent: 50, at_least: {at_least}}}}}
steps:
  - id: write
    call: shop/orders/attribute
    fields: {{order_id: order.id, store_id: "`0`", key: {{value: Q}}, value: vars.quantity}}
remember: {{quantity: vars.quantity}}
"""
PUBLISHED = """
pipeline: published
source: {read: shop/customers, as: customer, quiet: 0s, watermark: {by: id}, filter: "customer.id == `1`"}
key: customer.id
steps:
  - id: write
    call: shop/customers/attribute
    fields: {customer_id: customer.id, store_id: "`0`", key: {value: Q}, value: "subtract(`100`, in_flight('LAMP-HEAD'))"}
"""


def stock(bench: Bench, *, full: int = 5, at_least: int = 2) -> None:
    bench.write("pipelines/stock.yaml", STOCK.format(full=full, at_least=at_least))
    bench.load()


def written(bench: Bench) -> list[str]:
    return sorted(row["value"] for row in bench.rows("shop.generic_attributes", key="Q"))


def refund(bench: Bench, *orders: int) -> None:
    for order in orders:
        bench.change(order, payment_status="refunded")


def test_a_run_that_would_bring_too_much_to_nothing_stops_before_it_writes_anything(bench: Bench) -> None:
    stock(bench)
    orders = [bench.place(guest=GUEST) for _ in range(4)]
    bench.run("stock")
    assert written(bench) == ["5", "5", "5", "5"]

    refund(bench, *orders[:3])
    stock(bench, full=6)
    bench.clock.wait(900)
    with pytest.raises(
        PausedError, match=r"3 of 4 records would come to nothing, and 50 % is the limit: nothing was"
    ):
        bench.run("stock")
    assert written(bench) == ["5", "5", "5", "5"]
    assert {bench.record(order, "stock").state for order in orders[:3]} == {RecordState.READY}

    bench.run("stock", allow_to_zero=True)
    assert written(bench) == ["0", "0", "0", "5"]


def test_what_is_nothing_already_does_not_count(bench: Bench) -> None:
    stock(bench)
    orders = [bench.place(guest=GUEST) for _ in range(4)]
    refund(bench, *orders[:3])
    bench.run("stock", allow_to_zero=True)
    for order in orders:
        bench.retry(order, pipeline="stock")
    bench.run("stock")
    assert written(bench) == ["0", "0", "0", "5"]


def test_a_few_never_stop_a_run(bench: Bench) -> None:
    stock(bench, at_least=4)
    orders = [bench.place(guest=GUEST) for _ in range(4)]
    bench.run("stock")
    refund(bench, *orders[:3])
    bench.clock.wait(900)
    bench.run("stock")
    assert written(bench) == ["0", "0", "0", "5"]


@pytest.mark.parametrize("at", range(1, 14))
def test_a_run_that_dies_in_or_after_its_rehearsal_is_taken_up(bench: Bench, at: int) -> None:
    stock(bench)
    orders = [bench.place(guest=GUEST) for _ in range(2)]
    bench.die(at, "stock")
    bench.run("stock", linger=600.0)
    assert written(bench) == ["5", "5"]
    assert {bench.record(order, "stock").state for order in orders} == {RecordState.DONE}


def test_what_is_on_orders_that_m3_does_not_have_is_not_published(bench: Bench) -> None:
    bench.write("pipelines/published.yaml", PUBLISHED)
    bench.load()
    bench.place(guest=GUEST, payment_status="pending", lines=({"sku": "LAMP-HEAD", "quantity": 4},))
    entered = bench.place(guest=GUEST, lines=({"sku": "LAMP-HEAD", "quantity": 7},))
    cancelled = bench.place(
        guest=GUEST, payment_status="pending", lines=({"sku": "LAMP-HEAD", "quantity": 9},)
    )
    bench.change(cancelled, order_status=40)
    bench.run("orders")
    assert bench.record(entered).state is RecordState.DONE

    bench.run("published")
    assert written(bench) == ["96"]
