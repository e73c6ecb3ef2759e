"""Shipments over live HTTP: one for a delivery, completed by whoever comes next, sent off once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from m3nop.core.connector import Outcome
from m3nop.sandbox.shop import place_order
from tests.contract.connectors.nopcommerce.shop_calls import (
    NOWHERE,
    UNHURRIED,
    acting,
    call,
    edit,
    refusal,
    shop_fault,
    table,
    upsert,
)

MARKER = "m3:0000012345"


@pytest.fixture
def order(world):
    lines = [{"sku": "TENT-2P", "quantity": 2}, {"sku": "MAT-AIR", "quantity": 3}]
    return place_order(world, {"customer_id": 5, "lines": lines, "payment_status": "paid"})


@pytest.fixture
def delivery(world, order):
    """A call for everything that was ordered, as M3 delivers it."""
    items = [
        {"order_item_id": row["id"], "quantity": row["quantity"], "warehouse_id": 1}
        for row in table(world, "order_items").find(order_id=order["id"])
    ]
    return {
        "match": {"order_id": order["id"], "marker": MARKER},
        "fields": {
            "tracking_number": "1Z 999", "total_weight": Decimal("5.25"), "items": items, "shipped": True,
            "delivered": False, "notify_customer": True,
        },
    }  # fmt: skip


def with_fields(delivery, **fields):
    return {**delivery, "fields": {**delivery["fields"], **fields}}


def shipments(world):
    return list(table(world, "shipments").values())


def packed(world):
    return {
        row["order_item_id"]: (row["quantity"], row["warehouse_id"])
        for row in table(world, "shipment_items").values()
    }


def test_a_delivery_becomes_a_shipment_that_has_left(sandbox, world, connect, order, delivery):
    row = upsert(connect(sandbox.shop_url), "shipments", **delivery)
    assert (row["action"], row["changed"], row["lost"]) == (
        "created", ["tracking_number", "total_weight", "items", "shipped"], [],
    )  # fmt: skip
    (held,) = shipments(world)
    assert (held["id"], held["order_id"], held["admin_comment"]) == (row["id"], order["id"], MARKER)
    assert (held["tracking_number"], held["total_weight"]) == ("1Z 999", Decimal("5.25"))
    assert held["created_on_utc"][:10] == row["shipped_date_utc"][:10] == "2026-11-23"
    assert row["delivery_date_utc"] is None
    assert sorted(packed(world).values()) == [(2, 1), (3, 1)]
    assert table(world, "orders")[str(order["id"])]["shipping_status_id"] == 30
    assert acting(world)[-1].endswith(f"Ship/{row['id']}")


def test_the_same_delivery_again_does_nothing(sandbox, world, connect, delivery):
    shop = connect(sandbox.shop_url)
    first = upsert(shop, "shipments", **delivery)
    acts = acting(world)
    again = upsert(shop, "shipments", **delivery)
    assert (again["id"], again["action"], again["changed"]) == (first["id"], "unchanged", [])
    assert acting(world) == acts


def test_a_second_delivery_of_the_order_is_a_second_shipment(sandbox, world, connect, delivery):
    shop = connect(sandbox.shop_url)
    one, other = ([item] for item in delivery["fields"]["items"])
    first = upsert(shop, "shipments", **with_fields(delivery, items=one))
    match = {**delivery["match"], "marker": "m3:0000012346"}
    second = upsert(shop, "shipments", **{**with_fields(delivery, items=other), "match": match})
    assert second["id"] != first["id"]
    assert len(shipments(world)) == 2


def test_a_delivery_that_arrives_later_is_delivered_then(sandbox, world, connect, order, delivery):
    shop = connect(sandbox.shop_url)
    upsert(shop, "shipments", **delivery)
    row = upsert(shop, "shipments", **with_fields(delivery, delivered=True))
    assert (row["changed"], row["delivery_date_utc"][:10]) == (["delivered"], "2026-11-23")
    assert table(world, "orders")[str(order["id"])]["shipping_status_id"] == 40


def test_a_tracking_number_that_comes_late_or_changes_is_written(sandbox, world, connect, delivery):
    shop = connect(sandbox.shop_url)
    fields = {name: value for name, value in delivery["fields"].items() if name != "tracking_number"}
    row = upsert(shop, "shipments", delivery["match"], fields)
    assert row["tracking_number"] is None
    for number in ("1Z 999", "1Z 998"):
        row = upsert(shop, "shipments", **with_fields(delivery, tracking_number=number))
        assert (row["changed"], row["tracking_number"]) == (["tracking_number"], number)
    (held,) = shipments(world)
    assert (held["admin_comment"], bool(held["shipped_date_utc"])) == (MARKER, True)


def test_a_comment_that_somebody_added_to_is_kept_and_found(sandbox, world, connect, delivery):
    shop = connect(sandbox.shop_url)
    first = upsert(shop, "shipments", **with_fields(delivery, shipped=False))
    edit(world, "shipments", first["id"], admin_comment=f"{MARKER} handle with care")
    assert upsert(shop, "shipments", **delivery)["changed"] == ["shipped"]
    assert shipments(world)[0]["admin_comment"] == f"{MARKER} handle with care"


@pytest.mark.parametrize(
    "operation",
    [
        "POST */Shipment/Create",
        "POST */ShipmentItem/Create",
        "*OrderProcessing/Ship*",
        "GET *Shipment/GetById*",
    ],
)
@pytest.mark.parametrize(
    ("kind", "more"),
    [("reset_before", {}), ("reset_after", {}), ("status", {"status": 500}), ("empty", {})],
)
def test_whatever_is_lost_on_the_way_is_completed_by_the_repeat(
    sandbox, world, connect, *, delivery, operation, kind, more
):
    shop = connect(sandbox.shop_url)
    # A read is tried three times.
    world.faults.add(shop_fault(kind, operation, times=3 if operation.startswith("GET") else 1, **more))
    answer = call(shop, "shipments", **delivery)
    verb_without_body = kind == "empty" and "Ship*" in operation
    assert answer.outcome is (Outcome.DONE if verb_without_body else Outcome.IN_DOUBT)
    row = upsert(shop, "shipments", **delivery)
    assert row["shipped_date_utc"]
    assert len(shipments(world)) == 1
    assert sorted(packed(world).values()) == [(2, 1), (3, 1)]
    assert len(table(world, "shipment_items")) == 2
    notes = [row["note"] for row in table(world, "order_notes").values() if "has been sent" in row["note"]]
    assert len(notes) == 1


def test_a_shop_that_is_in_haste_is_waited_for_in_the_middle(sandbox, world, connect, clock, delivery):
    shop = connect(sandbox.shop_url)
    world.faults.add(shop_fault("status", "POST */ShipmentItem/Create", status=429, retry_after=3))
    assert upsert(shop, "shipments", **delivery)["action"] == "created"
    assert 3 in clock.waits


def test_haste_at_the_first_write_leaves_nothing(sandbox, world, connect, delivery):
    world.faults.add(shop_fault("status", "POST */Shipment/Create", status=429, retry_after=3))
    answer = call(connect(sandbox.shop_url), "shipments", **delivery)
    assert (answer.outcome, answer.failure.retry_after) == (Outcome.NOT_SENT, 3)
    assert shipments(world) == []


def test_nothing_is_made_where_the_pipeline_says_so(sandbox, world, connect, delivery):
    assert upsert(connect(sandbox.shop_url), "shipments", **delivery, missing="skip")["action"] == "missing"
    assert acting(world) == []


def test_two_shipments_with_one_marker_are_refused(sandbox, world, connect, delivery):
    shop = connect(sandbox.shop_url)
    upsert(shop, "shipments", **delivery)
    (held,) = shipments(world)
    table(world, "shipments")["99"] = {**held, "id": 99}
    assert refusal(shop, "shipments", **delivery).code == "ambiguous"


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [("order_status_id", 40, "cancelled"), ("pickup_in_store", True, "pickup"), ("deleted", True, "missing")],
)
def test_an_order_that_ships_nothing_is_refused_before_anything_is_written(
    sandbox, world, connect, *, order, delivery, column, value, code
):
    edit(world, "orders", order["id"], **{column: value})
    assert refusal(connect(sandbox.shop_url), "shipments", **delivery).code == code
    assert acting(world) == []


def test_more_than_was_ordered_is_refused_before_anything_is_written(sandbox, world, connect, delivery):
    shop = connect(sandbox.shop_url)
    item = delivery["fields"]["items"][0]
    for items, says in (
        ([{**item, "quantity": 3}], "3 were sent, 2 can still be shipped"),
        ([item, item], "4 were sent, 2 can"),
        ([{**item, "order_item_id": 4711}], "has no line 4711"),
        ([], "needs `items`"),
    ):
        assert says in refusal(shop, "shipments", **with_fields(delivery, items=items)).message
    assert acting(world) == []


def test_lines_that_somebody_packed_otherwise_are_refused(sandbox, world, connect, delivery):
    shop = connect(sandbox.shop_url)
    upsert(shop, "shipments", **with_fields(delivery, items=delivery["fields"]["items"][:1]))
    for items in (delivery["fields"]["items"], [{**delivery["fields"]["items"][0], "quantity": 1}]):
        assert refusal(shop, "shipments", **with_fields(delivery, items=items)).code == "items"
    assert len(packed(world)) == 1


@pytest.mark.parametrize(
    ("match", "fields", "field"),
    [
        ({"order_id": 1, "marker": "two words"}, {}, "marker"),
        ({"order_id": 1, "marker": " "}, {}, "marker"),
        ({"marker": "m"}, {}, "order_id"),
        ({"order_id": 1, "marker": "m"}, {"items": {}}, "items"),
        ({"order_id": 1, "marker": "m"}, {"items": [{"order_item_id": 1, "quantity": 0}]}, "items"),
        ({"order_id": 1, "marker": "m"}, {"items": [{"order_item_id": 1, "quantity": "x"}]}, "quantity"),
        ({"order_id": 1, "marker": "m"}, {"carrier": "UPS"}, "carrier"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused_before_anything_is_sent(connect, match, fields, field):
    assert refusal(connect(NOWHERE), "shipments", match=match, fields=fields).field == field


def test_an_edit_after_our_tracking_number_is_told(sandbox, world, connect, clock, delivery):
    shop = connect(sandbox.shop_url, rate_limit=UNHURRIED)
    first = upsert(shop, "shipments", **delivery)

    def edits():
        if world.requests[-1].method == "PUT":
            edit(world, "shipments", first["id"], tracking_number="by hand")

    clock.meanwhile = edits
    row = upsert(shop, "shipments", **with_fields(delivery, tracking_number="1Z 1"))
    assert (row["changed"], row["lost"]) == (["tracking_number"], ["tracking_number"])


def test_shipments_are_listed_with_their_lines(sandbox, world, connect, order, delivery):
    shop = connect(sandbox.shop_url)
    upsert(shop, "shipments", **delivery)
    (listed,) = call(shop, "shipments/list", order_id=order["id"]).rows
    assert (listed["order_id"], listed["total_weight"]) == (order["id"], Decimal("5.25"))
    assert listed["shipped_date_utc"].endswith("Z")
    assert [item["quantity"] for item in listed["items"]] == [2, 3]
    assert call(shop, "shipments/list", order_id=4711).rows == ()
