"""One row of the shop that answers an error for ever: its own record says so, all others come whole."""

from __future__ import annotations

import pytest

from m3nop.connectors.nopcommerce.catalog import OPERATIONS
from m3nop.core.connector import Call, Outcome
from m3nop.core.errors import AccessError
from m3nop.sandbox.faults import Fault
from m3nop.sandbox.shop import place_order

BOOT = {"sku": "BOOT-44", "quantity": 1}
PARTS = {"items", "billing_address", "shipping_address", "pickup_address", "customer", "coupon_codes"}


def break_for_ever(world, operation, kind="status", **more):
    status = {"status": 500} if kind == "status" else {}
    world.faults.add(Fault(kind=kind, system="shop", operation=operation, times=None, **{**status, **more}))


@pytest.fixture
def order(world):
    """An order that uses rows of its own in every place where one can break."""
    return place_order(world, {"customer_id": 5, "lines": [BOOT], "coupon": "WELCOME10", "pickup": True})


def path_of(world, order, part):
    (line,) = world.books.table("shop.order_items").find(order_id=order["id"])
    (used,) = world.books.table("shop.discount_usages").find(order_id=order["id"])
    return {
        "its lines": f"OrderItem/GetOrderItems/{order['id']}",
        "its billing address": f"Address/GetById/{order['billing_address_id']}",
        "its pickup address": f"Address/GetById/{order['pickup_address_id']}",
        "the product of a line": f"Product/Get*{line['product_id']}*",
        "the SKU of a line": f"Product/FormatSku/{line['product_id']}",
        "its customer": "Customer/Get*5*",
        "its coupon": f"Discount/GetById/{used['discount_id']}",
    }[part]


@pytest.mark.parametrize("part", ["its lines", "its billing address", "its pickup address"])
def test_an_order_with_a_broken_row_says_which_and_the_others_come_whole(sandbox, world, order, read, part):
    whole = {record["id"]: record for record in read(sandbox.shop_url)}
    path = path_of(world, order, part)
    break_for_ever(world, f"*/{path}")

    records = {record["id"]: record for record in read(sandbox.shop_url)}

    broken = records.pop(order["id"])
    assert broken["unreadable"].startswith(f"order {order['id']}, {part}: GET /api-backend/{path}: ")
    assert "refused by script" in broken["unreadable"]
    assert not PARTS & set(broken)
    header = {name: value for name, value in whole.pop(order["id"]).items() if name not in PARTS}
    assert {name: value for name, value in broken.items() if name != "unreadable"} == header
    assert records == whole


@pytest.mark.parametrize("part", ["the product of a line", "the SKU of a line", "its customer", "its coupon"])
def test_orders_that_share_a_broken_row_are_the_only_ones_that_suffer(sandbox, world, order, read, part):
    whole = {record["id"]: record for record in read(sandbox.shop_url)}
    break_for_ever(world, f"*/{path_of(world, order, part)}")

    records = {record["id"]: record for record in read(sandbox.shop_url)}

    suffering = {number for number, record in records.items() if "unreadable" in record}
    assert order["id"] in suffering
    assert all(f"order {number}, {part}: " in records[number]["unreadable"] for number in suffering)
    assert len(suffering) < len(whole)
    assert all(records[number] == whole[number] for number in set(whole) - suffering)


@pytest.mark.parametrize("operation", ["*/CustomerRole/GetCustomerRoleIds/5", "*/Address/GetById/{address}"])
def test_a_customer_with_a_broken_row_says_so(sandbox, world, read, operation):
    whole = {record["id"]: record for record in read(sandbox.shop_url, resource="customers")}
    break_for_ever(world, operation.format(address=whole[5]["billing_address"]["id"]))

    records = {record["id"]: record for record in read(sandbox.shop_url, resource="customers")}

    suffering = {number for number, record in records.items() if "unreadable" in record}
    assert suffering == {5}
    assert records[5]["unreadable"].startswith("customer 5, its ")
    assert records[5]["email"] == whole[5]["email"]


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("status", {"status": 500}), ("status", {"status": 503}), ("status", {"status": 400}),
        ("status", {"status": 403}), ("reset_before", {}), ("html", {"status": 502}), ("invalid_json", {}),
    ],
)  # fmt: skip
def test_however_a_row_fails_the_others_are_read(sandbox, world, order, read, *, kind, more):
    break_for_ever(world, f"*/OrderItem/GetOrderItems/{order['id']}", kind, **more)
    records = read(sandbox.shop_url)
    assert [record["id"] for record in records if "unreadable" in record] == [order["id"]]


def test_it_is_whole_again_when_the_row_is(sandbox, world, order, connect, stores):
    source = connect(sandbox.shop_url).source("orders", stores=stores, wanted=None)
    break_for_ever(world, "*/Address/GetById/*")
    (broken,) = source.fetch([str(order["id"])])
    world.faults.clear()
    (whole,) = source.fetch([str(order["id"])])
    assert "unreadable" in broken
    assert "unreadable" not in whole
    assert set(whole) >= PARTS


def test_the_watermark_goes_past_a_broken_order(sandbox, world, order, connect, stores):
    break_for_ever(world, f"*/OrderItem/GetOrderItems/{order['id']}")
    source = connect(sandbox.shop_url).source("orders", stores=stores, wanted=None)
    *_, last = source.pages("", None)
    assert last.records[-1]["id"] == order["id"]
    assert list(source.pages("", last.watermark)) == []


@pytest.mark.parametrize("operation", ["*/OrderItem/GetOrderItems/*", "*/Address/GetById/*"])
@pytest.mark.parametrize(("kind", "more"), [("status", {"status": 503}), ("reset_before", {})])
def test_a_shop_that_goes_down_in_mid_read_is_a_shop_that_is_down(
    sandbox, world, connect, stores, *, operation, kind, more
):
    source = connect(sandbox.shop_url).source("orders", stores=stores, wanted=None)
    break_for_ever(world, operation, kind, **more)
    # The first search finds the newest id; from then on the list fails too.
    break_for_ever(world, "*/Order/Search", kind, nth=2, **more)
    with pytest.raises(AccessError, match=r"api-backend/(OrderItem|Address)"):
        list(source.pages("", None))


def test_a_shop_that_wants_to_be_left_alone_stops_the_pass(sandbox, world, connect, stores):
    break_for_ever(world, "*/OrderItem/GetOrderItems/*", status=429)
    with pytest.raises(AccessError, match="GetOrderItems"):
        list(connect(sandbox.shop_url).source("orders", stores=stores, wanted=None).pages("", None))


def test_who_asks_for_one_order_gets_all_of_it_or_the_failure(sandbox, world, order, connect):
    break_for_ever(world, f"*/OrderItem/GetOrderItems/{order['id']}")
    shop = connect(sandbox.shop_url)
    (answer,) = shop.send([Call("1", OPERATIONS["orders/get"], {"id": order["id"]})])
    assert answer.outcome is not Outcome.DONE
    assert answer.failure.status == 500
    with pytest.raises(AccessError, match="GetOrderItems"):
        shop.get("orders", order["id"])


@pytest.mark.parametrize(
    ("kind", "more"),
    [("status", {"status": 500}), ("status", {"status": 503}), ("reset_before", {}), ("html", {})],
)
def test_a_read_that_fails_twice_is_made_a_third_time(sandbox, world, order, connect, clock, *, kind, more):
    world.faults.add(
        Fault(kind=kind, system="shop", operation="*/OrderItem/GetOrderItems/*", times=2, **more)
    )
    (record,) = connect(sandbox.shop_url).get("orders", order["id"])
    assert [item["sku"] for item in record["items"]] == ["BOOT-44"]
    assert clock.waits == [0.5, 2.0]


def test_a_pause_that_the_shop_asks_for_is_kept(sandbox, world, order, connect, clock):
    world.faults.add(
        Fault(kind="status", system="shop", operation="*/Address/GetById/*", status=429, retry_after=7)
    )
    assert connect(sandbox.shop_url).get("orders", order["id"])
    assert clock.waits == [7]


def test_oss_orders_of_a_customer_who_cannot_be_read_are_the_only_ones_that_suffer(
    sandbox, world, order, read
):
    whole = {record["id"]: record for record in read(sandbox.shop_url, "oss")}
    break_for_ever(world, "*/api/customers/5")

    records = {record["id"]: record for record in read(sandbox.shop_url, "oss")}

    suffering = {number for number, record in records.items() if record["customer_id"] == 5}
    assert order["id"] in suffering
    for number in suffering:
        assert records[number]["unreadable"].startswith(
            f"order {number}, its customer: GET /api/customers/5: "
        )
    assert all(records[number] == whole[number] for number in set(whole) - suffering)


def test_an_oss_shop_that_goes_down_in_mid_read_is_a_shop_that_is_down(sandbox, world, connect, stores):
    source = connect(sandbox.shop_url, "oss").source("orders", stores=stores, wanted=None)
    break_for_ever(world, "*/api/customers/*", status=503)
    break_for_ever(world, "*/api/orders", status=503, nth=2)
    with pytest.raises(AccessError, match="/api/customers/"):
        list(source.pages("b2c", None))
