"""Stock, tier prices and translated texts in the official dialect."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tests.contract.sandbox.shops import Backend, served

TENT, AIR = "TENT-2P", "MAT-AIR"


@pytest.fixture
def backend():
    with served(Backend) as client:
        yield client


def adjust(backend, product, change, *, message="", attributes=""):
    query = {"quantityToChange": change, "message": message}
    answer = backend.http.post(f"Product/AdjustInventory/{product['id']}", params=query, json=attributes)
    assert (answer.status_code, answer.content) == (200, b""), answer.text


def rows(backend, product):
    found = backend.get(f"ProductWarehouse/GetAllProductWarehouseInventoryRecords/{product['id']}")
    return [(row["stock_quantity"], row["reserved_quantity"]) for row in found]


def replace(backend, controller, row):
    answer = backend.http.put(f"{controller}/Update", json=json.loads(json.dumps(row, default=float)))
    assert answer.status_code == 200, answer.text


# -- one warehouse


def test_an_adjustment_is_relative_and_leaves_its_message_in_the_history_newest_first(backend):
    product = backend.product(TENT)

    adjust(backend, product, -7, message="m3:one")
    adjust(backend, product, 2, message="m3:two")

    left = backend.get(f"Product/GetById/{product['id']}")["stock_quantity"]
    assert left == product["stock_quantity"] - 5
    history = backend.get(f"Product/GetStockQuantityHistory/{product['id']}", pageSize=2)
    assert [
        (row["quantity_adjustment"], row["stock_quantity"], row["message"]) for row in history["items"]
    ] == [(2, left, "m3:two"), (-7, left - 2, "m3:one")]
    # The seeded order took one, too.
    assert history["total_count"] == 3
    assert history["items"][0]["warehouse_id"] == 1


def test_an_adjustment_by_nothing_writes_nothing(backend):
    product = backend.product("TENT-3P")

    adjust(backend, product, 0, message="m3:none")

    assert backend.get(f"Product/GetStockQuantityHistory/{product['id']}")["items"] == []


def test_an_adjustment_does_not_touch_the_time_of_the_last_edit(backend):
    product = backend.product(TENT)

    adjust(backend, product, 1)

    assert backend.get(f"Product/GetById/{product['id']}")["updated_on_utc"] == product["updated_on_utc"]


def test_an_adjustment_needs_its_quantity_and_a_json_text(backend):
    product = backend.product(TENT)
    path = f"Product/AdjustInventory/{product['id']}"

    missing = backend.http.post(path, json="")
    assert (missing.status_code, list(missing.json()["errors"])) == (400, ["quantityToChange"])
    assert backend.http.post(path, params={"quantityToChange": 1}).status_code == 400
    assert backend.http.post(path, params={"quantityToChange": 1}, json={}).status_code == 400
    assert backend.http.post("Product/AdjustInventory/9999?quantityToChange=1", json="").status_code == 404


@pytest.mark.parametrize(
    ("activity", "columns"),
    [
        (1, {"disable_buy_button": True, "disable_wishlist_button": True, "published": True}),
        (2, {"disable_buy_button": False, "published": False}),
        (0, {"disable_buy_button": False, "published": True}),
    ],
)
def test_a_low_stock_does_what_the_product_says_and_a_delivery_does_not_undo_it(backend, activity, columns):
    product = backend.product(TENT)
    low = product | {"min_stock_quantity": 5, "stock_quantity": 6, "low_stock_activity_id": activity}
    replace(backend, "Product", low)

    adjust(backend, product, -1)
    adjust(backend, product, 100)

    after = backend.get(f"Product/GetById/{product['id']}")
    assert {column: after[column] for column in columns} == columns


def test_a_product_that_is_not_tracked_is_not_moved(backend):
    product = backend.product(TENT)
    replace(backend, "Product", product | {"manage_inventory_method_id": 0})

    adjust(backend, product, -3)

    assert backend.product(TENT)["stock_quantity"] == product["stock_quantity"]
    assert backend.get(f"Product/GetTotalStockQuantity/{product['id']}") == 0


# -- several warehouses


def test_an_adjustment_with_several_warehouses_reserves_where_most_is_free_and_takes_nothing(backend):
    product = backend.product(AIR)

    adjust(backend, product, -62)

    assert rows(backend, product) == [(60, 60), (4, 2)]
    assert backend.get(f"Product/GetStockQuantityHistory/{product['id']}")["items"] == []


def test_what_no_warehouse_has_room_for_is_reserved_in_the_first(backend):
    product = backend.product(AIR)

    adjust(backend, product, -70)

    assert rows(backend, product) == [(60, 66), (4, 4)]
    assert backend.get(f"Product/GetTotalStockQuantity/{product['id']}") == -6


def test_a_positive_adjustment_only_frees_reservations_and_may_go_below_nothing(backend):
    product = backend.product(AIR)
    adjust(backend, product, -10)

    adjust(backend, product, 25)

    assert rows(backend, product) == [(60, -15), (4, 0)]


def test_the_total_is_less_what_is_reserved_unless_asked_otherwise(backend):
    product = backend.product(AIR)
    adjust(backend, product, -10)
    path = f"Product/GetTotalStockQuantity/{product['id']}"

    assert backend.get(path) == 54
    assert backend.get(path, useReservedQuantity="false") == 64
    assert backend.get(path, warehouseId=2) == 4
    assert backend.get(path, warehouseId=3) == 0


def test_a_stock_row_is_replaced_and_a_reservation_that_is_not_sent_is_lost(backend):
    product = backend.product(AIR)
    adjust(backend, product, -10)
    first, second = backend.get(f"ProductWarehouse/GetAllProductWarehouseInventoryRecords/{product['id']}")

    replace(backend, "ProductWarehouse", first | {"stock_quantity": 40})
    assert rows(backend, product) == [(40, 10), (4, 0)]
    del first["reserved_quantity"]
    replace(backend, "ProductWarehouse", first)

    assert rows(backend, product) == [(60, 0), (4, 0)]
    assert backend.get(f"ProductWarehouse/GetById/{second['id']}") == second
    assert backend.get("ProductWarehouse/GetWarehousesById/2")["name"] == "Shop floor"


def test_a_history_entry_can_be_written_for_what_somebody_else_moved(backend):
    product = backend.product(AIR)
    path = f"Product/AddStockQuantityHistoryEntry/{product['id']}"

    backend.act(path, quantityAdjustment=-20, stockQuantity=40, warehouseId=1, message="m3:set")
    backend.act(path, quantityAdjustment=0, stockQuantity=40, warehouseId=1, message="m3:nothing")

    history = backend.get(f"Product/GetStockQuantityHistory/{product['id']}", warehouseId=1)
    assert [row["message"] for row in history["items"]] == ["m3:set"]
    assert backend.get(f"Product/GetStockQuantityHistory/{product['id']}", warehouseId=2)["items"] == []
    assert backend.status(f"{path}?stockQuantity=40")[0] == 400


def test_reserved_goods_are_booked_by_a_negative_quantity(backend):
    product = backend.product(AIR)
    adjust(backend, product, -10)

    backend.act(f"Product/BookReservedInventory/{product['id']}/1", quantity=-4)
    backend.act(f"Product/BookReservedInventory/{product['id']}/3", quantity=-4)

    assert rows(backend, product) == [(56, 6), (4, 0)]
    assert backend.status(f"Product/BookReservedInventory/{product['id']}/1?quantity=4")[0] == 500


# -- variants


def test_stock_by_attributes_is_moved_where_the_attributes_point_to(backend):
    boot = backend.product("BOOT")
    variant = backend.get("ProductAttributeCombination/GetBySku", sku="BOOT-42")

    adjust(backend, boot, -5, attributes=variant["attributes_xml"], message="m3:boot")
    adjust(backend, boot, -5, attributes="", message="m3:nowhere")

    after = backend.get("ProductAttributeCombination/GetBySku", sku="BOOT-42")
    assert after["stock_quantity"] == variant["stock_quantity"] - 5
    history = backend.get(
        f"Product/GetStockQuantityHistory/{boot['id']}", combinationId=variant["id"], pageSize=1
    )
    assert history["items"][0]["message"] == "m3:boot"
    assert backend.get(f"Product/GetTotalStockQuantity/{boot['id']}") == 0


def test_low_stock_of_all_variants_counts_where_only_existing_ones_are_sold(backend):
    boot = backend.product("BOOT")
    strict = {"allow_adding_only_existing_attribute_combinations": True, "low_stock_activity_id": 2}
    replace(backend, "Product", boot | strict)
    variant = backend.get("ProductAttributeCombination/GetBySku", sku="BOOT-42")

    adjust(backend, boot, -200, attributes=variant["attributes_xml"])

    assert backend.get(f"Product/GetById/{boot['id']}")["published"] is False


def test_a_variant_is_replaced_as_a_whole(backend):
    variant = backend.get("ProductAttributeCombination/GetBySku", sku="BOOT-42")

    replace(backend, "ProductAttributeCombination", variant | {"stock_quantity": 3, "overridden_price": 180})

    after = backend.get("ProductAttributeCombination/GetBySku", sku="BOOT-42")
    assert (after["stock_quantity"], after["overridden_price"]) == (3, Decimal("180.0000"))


# -- products


def test_an_update_of_a_product_replaces_the_whole_row(backend):
    product = backend.product(TENT)

    replace(backend, "Product", {"id": product["id"], "price": 1})

    after = backend.get(f"Product/GetById/{product['id']}")
    assert (after["price"], after["name"], after["sku"], after["stock_quantity"]) == (1, None, None, 0)
    assert (after["published"], after["created_on_utc"]) == (False, "0001-01-01T00:00:00")


def test_a_product_is_inserted_as_it_was_sent(backend):
    made = backend.create("Product", sku="NEW-1", name="Nytt", price=12.5, published=True)

    found = backend.product("NEW-1")
    assert (found["id"], found["price"], found["stock_quantity"]) == (made["id"], Decimal("12.5"), 0)


def test_products_are_listed_by_price_and_hidden_ones_alone(backend):
    product = backend.product(TENT)
    replace(backend, "Product", product | {"published": False})

    hidden = backend.get("Product/GetAll", showHidden="true", overridePublished="false")
    dear = backend.get("Product/GetAll", priceMin="249.00", priceMax="249")

    assert [row["sku"] for row in hidden["items"]] == [TENT]
    assert [row["sku"] for row in dear["items"]] == ["JACKET-M", "JACKET-L"]
    assert backend.get("Product/GetAll", vendorId=3)["items"] == []


# -- tier prices


def test_tier_prices_are_rows_that_hold_once_the_product_says_that_it_has_some(backend):
    product = backend.product("POT-1L")
    path = f"TierPrices/GetTierPrices/{product['id']}/11/2"
    wholesale = {"product_id": product["id"], "customer_role_id": 7}
    made = backend.create("TierPrices", **wholesale, quantity=5, price=20.5)
    backend.create("TierPrices", **wholesale, quantity=50, price=18)
    backend.create("TierPrices", product_id=product["id"], quantity=5, price=22)

    assert backend.get(path) == []
    backend.act(f"Product/UpdateHasTierPricesProperty/{product['id']}")

    assert [row["price"] for row in backend.get(path)] == [Decimal("20.5"), 18]
    assert [row["price"] for row in backend.get(f"TierPrices/GetTierPrices/{product['id']}/5/1")] == [22]
    preferred = f"TierPrices/GetPreferredTierPrice/{product['id']}/11/2"
    assert backend.get(preferred, quantity=49)["id"] == made["id"]
    assert backend.status(f"{preferred}?quantity=4")[0] == 404
    assert len(backend.get(f"TierPrices/GetTierPricesByProduct/{product['id']}")) == 3


def test_a_tier_price_is_replaced_and_deleted_and_holds_only_in_its_time_and_store(backend):
    product = backend.product("POT-1L")
    made = backend.create("TierPrices", product_id=product["id"], quantity=2, price=20)
    backend.act(f"Product/UpdateHasTierPricesProperty/{product['id']}")
    path = f"TierPrices/GetTierPrices/{product['id']}/5/1"

    for window in (
        {"start_date_time_utc": "2026-12-24T00:00:00Z"},
        {"end_date_time_utc": "2026-11-01T00:00:00Z"},
        {"store_id": 2},
    ):
        replace(backend, "TierPrices", {**made, **window})
        assert backend.get(path) == []
    replace(backend, "TierPrices", made)
    assert len(backend.get(path)) == 1
    assert backend.http.delete(f"TierPrices/Delete/{made['id']}").status_code == 200
    assert backend.get(path) == []


def test_a_customers_price_is_the_tier_that_is_reached(backend):
    product = backend.product("CARABINER")

    def price(customer: int, quantity: int, **more: object) -> Decimal:
        query = {"quantity": quantity, "includeDiscounts": "true", "additionalCharge": 0, **more}
        answer = backend.get(f"PriceCalculation/GetFinalPrice/{product['id']}/{customer}", **query)
        assert answer["final_price"] == answer["price_without_discounts"]
        return answer["final_price"]

    assert (price(5, 49), price(5, 50), price(5, 100)) == (Decimal("8.9"), Decimal("7.9"), Decimal("7.9"))
    assert (price(11, 50), price(11, 100)) == (Decimal("7.9"), Decimal("7.25"))
    assert price(5, 1, additionalCharge="1.10") == 10
    assert price(5, 1, overriddenProductPrice="5") == 5
    assert backend.status(f"PriceCalculation/GetFinalPrice/{product['id']}/5?quantity=1")[0] == 400


# -- texts in other languages


def test_a_text_in_another_language_is_kept_once_and_a_blank_one_removes_it(backend):
    product = backend.product(TENT)
    field = {"localeKeyGroup": "Product", "localeKey": "Name"}
    save = f"LocalizedEntity/SaveLocalizedValue/3/{product['id']}"
    read = f"LocalizedEntity/GetLocalizedValue/3/{product['id']}"

    assert backend.get(read, **field) == ""
    for text in ("Zelt", "Kuppelzelt"):
        answer = backend.http.post(save, params=field, json=text)
        assert (answer.status_code, answer.content) == (200, b"")
    assert backend.get(read, **field) == "Kuppelzelt"
    assert len(backend.world.books.table("shop.localized_properties")) == 1
    backend.http.post(save, params=field, json=" ")

    assert backend.get(read, **field) == ""
    assert backend.status(f"{read}?localeKey=Name")[0] == 400
    assert backend.http.post(save.replace("/3/", "/9/"), params=field, json="x").status_code == 404
