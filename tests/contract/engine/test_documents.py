"""Documents of ION: what they name is found by its key or by its link, and made equal to M3 again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.inbox import Message, Reception
from m3nop.core.records import RecordState
from m3nop.engine.arrival import only_key
from m3nop.sandbox.m3 import goods
from m3nop.sandbox.m3.happenings import HAPPENINGS
from m3nop.sandbox.m3.session import Session, Tables
from m3nop.serve.events import Batch, Events, Woken

if TYPE_CHECKING:
    from tests.contract.engine.bench import Bench

ITEMS = Woken("products", by_key=True, reads=True)
ORDERS = Woken("shipments", by_key=True, reads=True, links="orders")
STOCK = Woken("inventory", by_key=True, reads=True, rows_only_name=True)
EVENTS = Events({("m3", "item"): [ITEMS], ("m3", "count"): [STOCK], ("m3", "shipment"): [ORDERS, ITEMS]})


def told(bench: Bench, *messages: Message) -> Batch:
    with bench.state.transaction() as tx:
        tx.receive(messages, now=bench.clock.now())
    return EVENTS.take(bench.state)


def test_an_item_is_named_and_what_is_new_is_read(bench: Bench) -> None:
    batch = told(bench, Message("m3", "a", "item", "TENT-2P"), Message("m3", "b", "item", "TENT-2P"))
    assert (batch.named, batch.polled) == ({"products": {"TENT-2P": None}}, {"products"})


def test_where_rows_only_name_records_the_list_is_read_for_those_that_nobody_knows(bench: Bench) -> None:
    assert told(bench, Message("m3", "a", "count", "TENT-2P")).polled == {"inventory"}
    with bench.state.transaction() as tx:
        tx.settle_messages([1], Reception.HANDLED, now=bench.clock.now())
        tx.arrive(
            [only_key("inventory", "TENT-2P", store="b2c", partition="", snapshot={})], now=bench.clock.now()
        )
    batch = told(bench, Message("m3", "b", "count", "TENT-2P"))
    assert (batch.named, batch.polled) == ({"inventory": {"TENT-2P": None}}, set())
    assert told(bench, Message("m3", "c", "count", "OTHER")).polled == {"inventory"}
    assert told(bench, Message("m3", "d", "count", "")).polled == {"inventory"}


def test_a_document_without_a_key_lets_the_pipeline_read_what_is_new(bench: Bench) -> None:
    batch = told(bench, Message("m3", "a", "shipment", ""))
    assert (batch.named, batch.polled) == ({}, {"products", "shipments"})


def test_the_number_of_an_order_in_m3_leads_to_its_record_and_an_order_of_others_wakes_nothing(
    bench: Bench,
) -> None:
    order = bench.place()
    bench.run()
    (link,) = bench.state.links("orders")
    batch = told(bench, Message("m3", "a", "shipment", link.m3))
    assert batch.named["shipments"] == {str(order): None}
    assert "shipments" in batch.polled
    with bench.state.transaction() as tx:
        tx.settle_messages(batch.ids, Reception.HANDLED, now=bench.clock.now())
    batch = told(bench, Message("m3", "b", "shipment", "0099999999"))
    assert ("shipments" in batch.named, "shipments" in batch.polled, len(batch.ids)) == (False, False, 1)


def test_a_named_item_is_made_equal_although_its_row_says_nothing_new(bench: Bench) -> None:
    bench.edit("m3nop.yaml", "item_types: [FG]", "item_types: [WEB]")
    session = Session(bench.world, Tables(bench.world))
    goods.change_item(session, "TENT-2P", {"ITTY": "WEB"})
    bench.run("products")
    bench.clock.wait(60)
    bench.run("products")
    goods.set_price(session, "TENT-2P", "177.00", prrf="WEB", cucd="EUR")
    bench.clock.wait(60)
    # The list has the item again, of the same day, as it was: prices do not date an item.
    assert bench.run("products").counts.get("done", 0) == 0
    batch = told(bench, Message("m3", "a", "item", "TENT-2P"), Message("m3", "b", "item", "NOT-OURS"))
    summary = bench.run("products", named=batch.named, polled=frozenset(batch.polled))
    assert (summary.counts["done"], bench.state.record("products", "NOT-OURS")) == (1, None)
    (product,) = bench.rows("shop.products", sku="TENT-2P")
    assert product["price"] == 177


def test_a_delivery_of_which_m3_tells_is_in_the_shop_before_it_is_looked_for(bench: Bench) -> None:
    order = bench.place()
    bench.run("orders")
    bench.run("shipments")
    (link,) = bench.state.links("orders")
    with bench.world.books.change(apart=True):
        HAPPENINGS["/m3/orders/{number}/deliver"](bench.world, {"number": link.m3}, {})
    bench.clock.wait(5)
    bench.run("shipments", polled=frozenset())
    assert bench.rows("shop.shipments", order_id=order) == []
    batch = told(bench, Message("m3", "a", "shipment", link.m3))
    bench.run("shipments", named={"shipments": batch.named["shipments"]}, polled=frozenset())
    assert len(bench.rows("shop.shipments", order_id=order)) == 1
    record = bench.state.record("shipments", str(order))
    assert record is not None
    assert record.state is RecordState.DONE


def test_a_document_that_no_pipeline_asks_for_is_ignored(bench: Bench) -> None:
    batch = told(bench, Message("m3", "a", "Sync.Nobody"), Message("m3", "b", "item", "X"))
    assert (len(batch.ignored), len(batch.ids)) == (1, 1)
