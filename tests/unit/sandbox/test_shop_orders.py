from __future__ import annotations

from decimal import Decimal

import pytest

from m3nop.core.clock import parse_instant
from m3nop.sandbox import catalogue, shop
from m3nop.sandbox.books import Books
from m3nop.sandbox.clock import SandboxClock
from m3nop.sandbox.world import World

NOW = parse_instant("2026-11-23T09:00:00Z")
TENT = {"lines": [{"sku": "TENT-2P", "quantity": 2}]}


@pytest.fixture
def world() -> World:
    world = new_world()
    shop.seed(world)
    return world


def new_world() -> World:
    books = Books()
    return World(books, clock=SandboxClock(books, source=lambda: NOW))


def table(world: World, name: str):
    return world.books.table(f"shop.{name}")


# -- the seed


def test_a_seed_is_the_same_every_time(world):
    again = new_world()
    shop.seed(again)

    for name in world.books.names():
        if name.startswith("shop."):
            assert dict(world.books.table(name)) == dict(again.books.table(name)), name


def test_paid_and_authorized_orders_name_only_goods_and_countries_that_m3_knows(world):
    in_m3 = {item.sku for item in catalogue.ITEMS if item.item_number == item.sku}
    codes = {country.code for country in catalogue.COUNTRIES}
    countries = {row["id"]: row["two_letter_iso_code"] for row in table(world, "countries").values()}
    ready = [row for row in table(world, "orders").values() if row["payment_status_id"] in (20, 30)]

    assert len(ready) == 10
    for order in ready:
        for item in table(world, "order_items").find(order_id=order["id"]):
            product = table(world, "products")[str(item["product_id"])]
            variants = table(world, "combinations").find(attributes_xml=item["attributes_xml"])
            assert (variants[0]["sku"] if item["attributes_xml"] else product["sku"]) in in_m3
        for column in ("billing_address_id", "shipping_address_id"):
            if order[column]:
                assert countries[table(world, "addresses")[str(order[column])]["country_id"]] in codes


def test_every_order_adds_up(world):
    for order in table(world, "orders").values():
        items = table(world, "order_items").find(order_id=order["id"])
        assert sum(item["price_excl_tax"] for item in items) == order["order_subtotal_excl_tax"]
        net = (
            order["order_subtotal_excl_tax"] - order["order_sub_total_discount_excl_tax"]
            + order["order_shipping_excl_tax"] + order["payment_method_additional_fee_excl_tax"]
        )  # fmt: skip
        assert order["order_total"] == net + order["order_tax"] - order["order_discount"]


def test_the_seed_holds_what_a_mapping_stumbles_over(world):
    orders = list(table(world, "orders").values())
    addresses = list(table(world, "addresses").values())
    customers = list(table(world, "customers").values())

    assert {order["order_status_id"] for order in orders} >= {10, 12, 15, 20, 40}
    assert {order["store_id"] for order in orders} == {1, 2}
    assert any(order["order_discount"] for order in orders)
    assert any(order["order_sub_total_discount_excl_tax"] for order in orders)
    assert any(order["payment_method_additional_fee_excl_tax"] for order in orders)
    assert any(order["pickup_in_store"] for order in orders)
    assert any(order["customer_currency_code"] == "SEK" for order in orders)
    assert any(len(address["address1"]) > 36 for address in addresses)
    assert any(len(customer["company"] or "") > 36 and customer["vat_number"] for customer in customers)
    assert any(len(f"{row['first_name']} {row['last_name']}") > 36 for row in customers)


# -- placing


def test_an_order_of_a_shop_is_the_first_customers_and_paid_unless_said_otherwise(world):
    order = shop.place_order(world, TENT)

    assert (order["id"], order["custom_order_number"], order["customer_id"]) == (1014, "1014", 5)
    assert (order["payment_status_id"], order["order_status_id"]) == (30, 20)
    assert order["created_on_utc"] == order["paid_date_utc"] == "2026-11-23T09:00:00.0000007"
    assert [(item["quantity"], item["price_excl_tax"]) for item in order["items"]] == [
        (2, Decimal("299.0000"))
    ]
    assert order["order_total"] == Decimal("373.7600")


def test_an_order_takes_its_goods_out_of_stock(world):
    before = table(world, "products").find(sku="TENT-2P")[0]["stock_quantity"]

    shop.place_order(world, TENT)
    shop.place_order(world, {"lines": [{"sku": "BOOT-44", "quantity": 3}]})

    assert table(world, "products").find(sku="TENT-2P")[0]["stock_quantity"] == before - 2
    assert table(world, "combinations").find(sku="BOOT-44")[0]["stock_quantity"] == 40 - 6 - 3


def test_a_delayed_order_has_neither_lines_nor_number_until_its_time_has_come(world):
    order = shop.place_order(world, {**TENT, "delay": 30, "coupon": "WELCOME10"})

    assert (order["items"], order["custom_order_number"]) == ([], "")
    assert order["order_subtotal_excl_tax"] == Decimal("299.0000")
    world.clock.advance(29)
    world.settle()
    assert table(world, "order_items").find(order_id=order["id"]) == []
    world.clock.advance(2)
    world.settle()
    assert len(table(world, "order_items").find(order_id=order["id"])) == 1
    assert table(world, "orders")["1014"]["custom_order_number"] == "1014"
    assert table(world, "discount_usages").find(order_id=1014)[0]["discount_id"] == 1


def test_a_delayed_order_is_completed_by_whoever_serves_the_books_next(world):
    shop.place_order(world, {**TENT, "delay": 30})
    world.clock.advance(31)
    restarted = World(world.books, clock=world.clock)
    shop.routes(restarted)

    restarted.settle()

    assert len(table(restarted, "order_items").find(order_id=1014)) == 1


def test_a_guest_becomes_a_customer_without_name_or_login(world):
    address = {"first_name": "Kari", "last_name": "Nordmann", "city": "Oslo", "country": "NO"}

    order = shop.place_order(world, {**TENT, "guest": address, "created": "2026-11-22T08:00:00Z"})

    guest = table(world, "customers")[str(order["customer_id"])]
    assert (guest["email"], guest["first_name"], guest["created_on_utc"]) == (
        None,
        None,
        "2026-11-22T08:00:00",
    )
    assert order["order_tax"] == 0


def test_addresses_of_an_order_are_copies(world):
    order = shop.place_order(world, {**TENT, "customer_id": 6})
    customer = table(world, "customers")["6"]

    assert (
        len({order["billing_address_id"], order["shipping_address_id"], customer["billing_address_id"]}) == 3
    )
    copy = table(world, "addresses")[str(order["billing_address_id"])]
    assert copy == table(world, "addresses")[str(customer["billing_address_id"])] | {"id": copy["id"]}


def test_prices_and_delivery_can_be_said(world):
    order = shop.place_order(
        world,
        {
            "customer_id": 11, "store_id": 2, "pickup": True, "shipping": "12.5", "payment_fee": 2, "currency": "SEK",
            "vat_number": "DE999999999", "payment_status": "authorized", "order_status": 12,
            "payment_method": "Payments.PurchaseOrder", "checkout_attributes": "PO: 4500012345",
            "lines": [{"sku": "TENT-2P", "unit_price": "100", "discount_percent": 10}],
        },
    )  # fmt: skip

    assert (order["store_id"], order["pickup_in_store"], order["shipping_address_id"]) == (2, True, None)
    assert (order["customer_currency_code"], order["currency_rate"]) == ("SEK", Decimal("11.2500"))
    assert (order["payment_status_id"], order["order_status_id"]) == (20, 12)
    assert order["items"][0]["unit_price_excl_tax"] == Decimal("90.0000")
    assert "<key>PO Number</key>" in order["custom_values_xml"]


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({}, "an order needs 'lines'"),
        ({"lines": []}, "an order needs 'lines'"),
        ({**TENT, "colour": "red"}, "unknown member 'colour' in an order; known members: billing_address"),
        ({"lines": [{"sku": "TENT-2P", "qty": 2}]}, "unknown member 'qty' in a line"),
        ({"lines": [{"sku": "NOPE"}]}, "the shop sells nothing under the SKU 'NOPE'"),
        ({"lines": [{"sku": "BOOT"}]}, "the shop sells nothing under the SKU 'BOOT'"),
        ({"lines": [{"sku": "TENT-2P", "unit_price": "cheap"}]}, "'cheap' is not an amount"),
        ({**TENT, "customer_id": 999}, "there is no customer 999"),
        ({**TENT, "customer_id": 1}, "the customer has no address"),
        ({**TENT, "store_id": 3}, "store 3 has no customer yet"),
        ({**TENT, "currency": "JPY"}, "the shop does not take 'JPY'"),
        ({**TENT, "coupon": "FREE"}, "the shop knows no coupon 'FREE'"),
        ({**TENT, "payment_status": "lost"}, "unknown payment status 'lost'; known: pending, authorized"),
        ({**TENT, "shipping_address": {"planet": "Earth"}}, "unknown member 'planet' in an address"),
        ({**TENT, "shipping_address": {"country": "XX"}}, "the shop does not know the country 'XX'"),
        ({**TENT, "created": "today"}, "'today' is not a time"),
    ],
)
def test_an_order_that_cannot_be_placed_leaves_nothing(world, order, message):
    before = len(table(world, "orders")), len(table(world, "addresses"))

    with pytest.raises(ValueError, match=message):
        shop.place_order(world, order)

    assert (len(table(world, "orders")), len(table(world, "addresses"))) == before


def test_an_article_that_m3_never_had_can_be_ordered(world):
    assert shop.place_order(world, {"lines": [{"sku": catalogue.UNKNOWN_SKU}]})["items"]


# -- changing


def test_a_pending_order_is_paid_days_later(world):
    world.clock.advance(3 * 24 * 3600)

    order = shop.change_order(world, 1003, {"payment_status": "paid"})

    assert (order["payment_status_id"], order["order_status_id"]) == (30, 20)
    assert order["paid_date_utc"] == "2026-11-26T09:00:00.0000007"


@pytest.mark.parametrize(
    ("order", "changes", "columns"),
    [
        (1003, {"cancel": True}, {"order_status_id": 40, "payment_status_id": 10}),
        (1003, {"cancel": False}, {"order_status_id": 10}),
        (1003, {"payment_status": "authorized"}, {"order_status_id": 20, "payment_status_id": 20}),
        (1007, {"payment_status": "voided"}, {"payment_status_id": 50}),
        (
            1001,
            {"payment_status": "refunded"},
            {"payment_status_id": 40, "refunded_amount": Decimal("249.0200")},
        ),
        (1001, {"refund": "10"}, {"payment_status_id": 35, "refunded_amount": Decimal("10.0000")}),
        (1001, {"order_status": 15}, {"order_status_id": 15}),
        (1001, {"delete": True}, {"deleted": True}),
        (1001, {"delete": False}, {"deleted": False}),
    ],
)
def test_an_order_is_changed(world, order, changes, columns):
    changed = shop.change_order(world, order, changes)

    assert {column: changed[column] for column in columns} == columns


def test_an_address_of_an_order_is_edited_in_place(world):
    order = shop.change_order(
        world, 1001, {"billing_address": {"city": "Bonn"}, "shipping_address": {"address2": "Hof"}}
    )

    assert table(world, "addresses")[str(order["billing_address_id"])]["city"] == "Bonn"
    assert table(world, "addresses")[str(order["shipping_address_id"])]["address2"] == "Hof"


def test_a_changed_quantity_moves_totals_and_stock(world):
    stock = table(world, "products").find(sku="MAT-FOAM")[0]["stock_quantity"]

    order = shop.change_order(world, 1001, {"quantities": {"2001": 0, "2002": 5}})

    assert [(item["id"], item["price_excl_tax"]) for item in order["items"]] == [(2002, Decimal("99.5000"))]
    assert order["order_subtotal_excl_tax"] == Decimal("99.5000")
    assert order["order_shipping_excl_tax"] == Decimal("9.9000")
    assert table(world, "products").find(sku="MAT-FOAM")[0]["stock_quantity"] == stock - 3


@pytest.mark.parametrize(
    ("order", "changes", "message"),
    [
        (1001, {"paid": True}, "unknown member 'paid' in a change; known members: billing_address"),
        (1001, {"payment_status": "pending"}, "an order cannot become 'pending'"),
        (1001, {"quantities": {"2003": 1}}, "order 1001 has no line 2003"),
        (1010, {"shipping_address": {"city": "Bonn"}}, "order 1010 has no shipping address"),
    ],
)
def test_a_change_that_does_not_fit_is_refused(world, order, changes, message):
    with pytest.raises(ValueError, match=message):
        shop.change_order(world, order, changes)


def test_an_unknown_order_cannot_be_changed(world):
    with pytest.raises(KeyError):
        shop.change_order(world, 9, {"cancel": True})


# -- many at once


def test_many_orders_are_made_at_once_for_load_tests(world):
    shop.bulk_seed(world, orders=50, customers=5)

    orders = table(world, "orders").select(("id", ">", 1013), order=("id",))
    assert [order["id"] for order in orders] == list(range(1014, 1064))
    assert {order["payment_status_id"] for order in orders} == {30}
    assert orders[-1]["created_on_utc"] < "2026-11-23T08:00:00"
    for order in orders:
        items = table(world, "order_items").find(order_id=order["id"])
        assert 1 <= len(items) <= 5
        assert sum(item["price_excl_tax"] for item in items) == order["order_subtotal_excl_tax"]
