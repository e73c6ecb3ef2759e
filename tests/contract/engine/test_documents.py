"""Documents of ION: what they name is found by its key or by its link, and made equal to M3 again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.inbox import Message, Reception
from m3nop.serve.events import Batch, Events, Woken

if TYPE_CHECKING:
    from tests.contract.engine.bench import Bench

ITEMS = Woken("products", by_key=True, reads=True)
ORDERS = Woken("shipments", by_key=True, reads=True, links="orders")
EVENTS = Events({("m3", "item"): [ITEMS], ("m3", "shipment"): [ORDERS, ITEMS]})


def told(bench: Bench, *messages: Message) -> Batch:
    with bench.state.transaction() as tx:
        tx.receive(messages, now=bench.clock.now())
    return EVENTS.take(bench.state)


def test_an_item_is_named_and_what_is_new_is_read(bench: Bench) -> None:
    batch = told(bench, Message("m3", "a", "item", "TENT-2P"), Message("m3", "b", "item", "TENT-2P"))
    assert (batch.named, batch.polled) == ({"products": {"TENT-2P": None}}, {"products"})


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


def test_a_document_that_no_pipeline_asks_for_is_ignored(bench: Bench) -> None:
    batch = told(bench, Message("m3", "a", "Sync.Nobody"), Message("m3", "b", "item", "X"))
    assert (len(batch.ignored), len(batch.ids)) == (1, 1)
