"""What the shop sells: the products of the seed, and how placing and cancelling orders moves their stock."""

from __future__ import annotations

import pytest

from m3nop.core.clock import parse_instant
from m3nop.sandbox import catalogue, shop
from m3nop.sandbox.books import Books
from m3nop.sandbox.clock import SandboxClock
from m3nop.sandbox.world import World

NOW = parse_instant("2026-11-23T09:00:00Z")
NOT_TRACKED, BY_PRODUCT, BY_ATTRIBUTES = 0, 1, 2


@pytest.fixture
def world() -> World:
    books = Books()
    world = World(books, clock=SandboxClock(books, source=lambda: NOW))
    shop.seed(world)
    return world


def table(world, name):
    return world.books.table(f"shop.{name}")


def product(world, sku):
    return table(world, "products").find(sku=sku)[0]


def warehouses(world, sku):
    rows = table(world, "inventories").find(product_id=product(world, sku)["id"])
    return [(row["stock_quantity"], row["reserved_quantity"]) for row in rows]


# -- the seed


def test_goods_are_counted_in_every_way_there_is(world):
    products = list(table(world, "products").values())
    methods = {row["sku"]: row["manage_inventory_method_id"] for row in products}

    assert methods["GIFT-WRAP"] == NOT_TRACKED
    assert methods["TENT-2P"] == BY_PRODUCT
    assert methods["BOOT"] == BY_ATTRIBUTES
    assert [row["sku"] for row in products if row["use_multiple_warehouses"]] == ["MAT-AIR", "PACK-35"]
    assert {row["warehouse_id"] for row in table(world, "inventories").values()} == {1, 2}
    assert all(row["sku"] for row in table(world, "combinations").values())


def test_one_sku_belongs_to_two_products_that_m3_does_not_know(world):
    skus = [row["sku"] for row in table(world, "products").values()]
    twice = {sku for sku in skus if skus.count(sku) > 1}

    assert twice == {"LAMP-OLD"}
    assert twice.isdisjoint(item.sku for item in catalogue.ITEMS)


def test_wholesale_and_everybody_pay_less_for_many(world):
    wholesale = table(world, "roles").find(system_name="Wholesale")[0]["id"]
    tiers = list(table(world, "tier_prices").values())

    assert {row["customer_role_id"] for row in tiers} == {None, wholesale}
    assert all(table(world, "products")[str(row["product_id"])]["has_tier_prices"] for row in tiers)


def test_a_coupon_takes_a_share_of_the_subtotal(world):
    discount = table(world, "discounts").find(coupon_code="HÖST5")[0]

    assert (discount["discount_type_id"], discount["use_percentage"]) == (20, True)


# -- orders move stock


def test_an_order_of_goods_that_are_not_tracked_moves_nothing(world):
    before = product(world, "GIFT-WRAP")

    shop.place_order(world, {"lines": [{"sku": "GIFT-WRAP", "quantity": 3}]})

    assert product(world, "GIFT-WRAP") == before


def test_an_order_of_goods_in_two_warehouses_reserves_and_its_cancellation_frees(world):
    order = shop.place_order(world, {"lines": [{"sku": "PACK-35", "quantity": 30}]})
    assert warehouses(world, "PACK-35") == [(25, 25), (15, 5)]

    shop.change_order(world, order["id"], {"cancel": True})

    assert warehouses(world, "PACK-35") == [(25, 0), (15, 0)]


def test_an_order_of_a_variant_takes_from_its_combination_with_the_orders_number_in_the_history(world):
    order = shop.place_order(world, {"lines": [{"sku": "BOOT-42", "quantity": 2}]})

    entry = list(table(world, "stock_history").values())[-1]
    combination = table(world, "combinations").find(sku="BOOT-42")[0]
    assert (entry["quantity_adjustment"], entry["combination_id"]) == (-2, combination["id"])
    assert entry["stock_quantity"] == combination["stock_quantity"]
    assert str(order["id"]) in entry["message"]


def test_a_cancelled_order_that_is_deleted_gives_its_goods_back_once(world):
    before = product(world, "TENT-2P")["stock_quantity"]
    order = shop.place_order(world, {"lines": [{"sku": "TENT-2P", "quantity": 2}]})

    shop.change_order(world, order["id"], {"cancel": True})
    shop.change_order(world, order["id"], {"delete": True})

    assert product(world, "TENT-2P")["stock_quantity"] == before


# -- many at once


def test_many_products_are_made_at_once_and_go_on_counting_the_second_time(world):
    last = max(row["id"] for row in table(world, "products").values())

    shop.bulk_seed(world, orders=0, customers=0, products=3)
    shop.bulk_seed(world, orders=0, customers=0, products=2)

    made = table(world, "products").select(("id", ">", last), order=("id",))
    assert [row["id"] for row in made] == [last + number for number in range(1, 6)]
    assert [row["sku"] for row in made] == [catalogue.bulk_sku(number) for number in range(1, 6)]
    assert made[0].keys() == table(world, "products")["1"].keys()
    shop.place_order(world, {"lines": [{"sku": catalogue.bulk_sku(3), "quantity": 2}]})
    assert product(world, catalogue.bulk_sku(3))["stock_quantity"] == 0
