"""Products, stock, warehouses and customers in the oss dialect: what it writes, and how it goes wrong."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from m3nop.sandbox import access
from tests.contract.sandbox.shops import Api, served


@pytest.fixture
def api():
    with served(Api) as client:
        yield client


# -- products


def test_an_update_of_a_product_loses_the_tags_that_were_not_sent(api):
    kept = api.put("/api/products/1", {"product": {"stock_quantity": 12, "tags": ["friluft"]}}).json()
    lost = api.put("/api/products/1", {"product": {"price": 151.25}}).json()

    assert (kept["products"][0]["stock_quantity"], kept["products"][0]["tags"]) == (12, ["friluft"])
    assert (lost["products"][0]["stock_quantity"], lost["products"][0]["tags"]) == (12, [])
    assert api.get("/api/products/1")["products"][0]["price"] == Decimal("151.2500")


def test_an_update_of_a_product_shows_in_its_time_filter(api):
    api.put("/api/products/3", {"product": {"published": False, "tags": []}})

    assert api.ids("/api/products?updated_at_min=2026-11-01") == [3]
    assert api.ids("/api/products?updated_at_min=2026-11-01&published_status=true") == []
    assert api.get("/api/products/count?published_status=false") == {"count": 1}


def boots(api):
    return api.get("/api/products?manufacturer_part_numbers=BOOT")["products"][0]


def exact(value):
    """Make JSON that a client sends from JSON that it read."""
    return json.loads(json.dumps(value, default=float))


def test_stock_of_a_variant_is_set_within_its_product_beside_the_attributes(api):
    product = boots(api)
    variants = product["product_attribute_combinations"]
    changed = {
        "attributes": product["attributes"], "tags": product["tags"],
        "product_attribute_combinations": [variants[0] | {"stock_quantity": 3}, *variants[1:]],
    }  # fmt: skip

    api.put(f"/api/products/{product['id']}", {"product": exact(changed)})

    after = boots(api)
    assert after["product_attribute_combinations"] == changed["product_attribute_combinations"]
    assert after["attributes"] == product["attributes"]


def test_variants_without_the_attributes_beside_them_are_not_looked_at(api):
    product = boots(api)
    variant = {"id": product["product_attribute_combinations"][0]["id"], "stock_quantity": 3}

    answer = api.put(
        f"/api/products/{product['id']}", {"product": {"product_attribute_combinations": [variant]}}
    )

    assert answer.status_code == 200
    assert boots(api)["product_attribute_combinations"] == product["product_attribute_combinations"]


def test_variants_and_attributes_that_are_not_listed_are_deleted(api):
    product = boots(api)
    first = product["product_attribute_combinations"][0]
    sent = {"attributes": [], "product_attribute_combinations": [{"id": first["id"]}, {"sku": "BOOT-45"}]}

    api.put(f"/api/products/{product['id']}", {"product": sent})

    after = boots(api)
    assert [row["sku"] for row in after["product_attribute_combinations"]] == ["BOOT-42", "BOOT-45"]
    assert after["attributes"] == []


def test_a_variant_that_is_not_there_throws_and_what_was_written_before_stays(api):
    product = boots(api)
    sent = {
        "attributes": product["attributes"], "price": 3, "product_attribute_combinations": [{"id": 999}],
    }  # fmt: skip

    answer = api.put(f"/api/products/{product['id']}", {"product": exact(sent)})

    assert answer.json() == {"error": "Object reference not set to an instance of an object."}
    after = boots(api)
    assert (after["price"], after["product_attribute_combinations"]) == (3, [])
    assert after["tags"] == product["tags"]


def test_a_product_is_inserted_with_the_plugins_defaults(api):
    answer = api.http.post(
        "/api/products", json={"product": {"name": "Nytt", "sku": "NEW-1", "tags": ["ny"]}}
    )

    (made,) = answer.json()["products"]
    assert (made["sku"], made["stock_quantity"], made["published"]) == ("NEW-1", 10_000, True)
    assert api.get(f"/api/products/{made['id']}")["products"][0]["tags"] == ["ny"]
    assert api.http.post("/api/products", json={"product": {"sku": "NEW-2"}}).status_code == 500
    assert api.http.post("/api/products", json={"name": "Nytt"}).status_code == 400


def test_a_product_is_deleted(api):
    assert api.http.delete("/api/products/1").json() == {}

    assert api.http.get("/api/products/1").status_code == 404
    assert api.http.put("/api/products/1", json={"product": {"price": 1}}).status_code == 404
    assert api.ids("/api/products?limit=1") == [2]


def test_what_this_dialect_does_not_show_it_does_not_write(api):
    sent = {"admin_comment": "x", "backorder_mode_id": 1, "warehouse_id": 2, "created_on_utc": "2020-01-01"}

    assert api.put("/api/products/1", {"product": {**sent, "price": 3, "tags": []}}).status_code == 200

    row = api.world.books.table("shop.products")["1"]
    assert (row["admin_comment"], row["backorder_mode_id"], row["warehouse_id"]) == (None, 0, 1)
    assert (row["price"], row["created_on_utc"]) == (3, "2024-03-01T08:00:00")


def test_stores_that_are_sent_limit_a_product_to_them(api):
    api.put("/api/products/1", {"product": {"store_ids": [2], "tags": []}})
    assert api.ids("/api/products?limit=1") == []

    api.put("/api/products/1", {"product": {"store_ids": [], "tags": []}})
    assert api.ids("/api/products?limit=1") == [1]


def test_names_are_read_in_the_users_language_and_written_in_none(api):
    login = {"email": access.SHOP_USER, "password": access.SHOP_PASSWORD}
    token = api.http.post("/api-backend/Authenticate/GetToken", json=login).json()["token"]
    api.http.post(
        "/api-backend/LocalizedEntity/SaveLocalizedValue/1/1?localeKeyGroup=Product&localeKey=Name",
        json="Dome tent", headers={"Authorization": token},
    )  # fmt: skip

    api.put("/api/products/1", {"product": {"name": "Nytt namn", "tags": []}})

    assert api.get("/api/products/1")["products"][0]["name"] == "Dome tent"
    assert api.world.books.table("shop.products")["1"]["name"] == "Nytt namn"


def test_a_page_of_products_is_cut_before_the_stores_rights(api):
    table = api.world.books.table("shop.products")
    table["1"] = table["1"] | {"limited_to_stores": True}

    assert api.ids("/api/products?limit=2") == [2]
    assert api.get("/api/products/count") == {"count": len(table) - 1}


def test_a_stock_row_keeps_what_was_not_sent(api):
    path = "/api/product_warehouse_inventories"
    table = api.world.books.table("shop.inventories")
    table["1"] = table["1"] | {"reserved_quantity": 7}

    answer = api.put(f"{path}/1", {"product_warehouse_inventory": {"stock_quantity": 12}}).json()

    row = answer["product_warehouse_inventories"][0]
    assert (row["stock_quantity"], row["reserved_quantity"]) == (12, 7)
    assert api.ids(f"{path}/1") == [1]
    assert api.http.get(f"{path}/99").status_code == 404


def test_there_is_one_stock_row_for_a_product_in_a_warehouse(api):
    path = "/api/product_warehouse_inventories"

    def create(product: int, warehouse: int) -> tuple[int, object]:
        row = {"product_id": product, "warehouse_id": warehouse, "stock_quantity": 1}
        answer = api.http.post(path, json={"product_warehouse_inventory": row})
        return answer.status_code, answer.json()

    assert create(1, 1)[0] == 200
    assert create(1, 1) == (400, {"errors": {"product_warehouse_inventories": ["already exist"]}})
    assert create(1, 9) == (404, {"errors": {"warehouse_id": ["not found"]}})
    assert create(999, 1) == (404, {"errors": {"product_id": ["not found"]}})


def test_a_stock_row_names_a_product_and_a_warehouse_that_exist_and_is_deleted_for_good(api):
    path = "/api/product_warehouse_inventories/1"

    refused = api.put(path, {"product_warehouse_inventory": {"warehouse_id": 9}})
    assert (refused.status_code, refused.json()) == (404, {"errors": {"warehouse_id": ["not found"]}})
    assert api.http.delete(path).json() == {}
    assert api.http.get(path).status_code == 404


def test_warehouses_are_kept_and_an_address_is_taken_for_granted(api):
    made = api.http.post(
        "/api/warehouses", json={"warehouse": {"name": "North", "address": {"city": "Luleå"}}}
    )
    (row,) = made.json()["warehouses"]
    path = f"/api/warehouses/{row['id']}"

    assert api.put(path, {"warehouse": {"name": "Far north"}}).status_code == 500
    address = {"id": row["address"]["id"], "city": "Kiruna"}
    api.put(path, {"warehouse": {"name": "Far north", "address": address}})

    (after,) = api.get(path)["warehouses"]
    assert (after["name"], after["address"]["id"], after["address"]["city"]) == (
        "Far north", row["address"]["id"], "Kiruna",
    )  # fmt: skip
    assert api.http.delete(path).json() == {}
    assert api.http.get(path).json() == {"errors": {"warehouse": ["warehouse not found"]}}


# -- customers


def customer(api, number):
    return api.get(f"/api/customers/{number}")["customers"][0]


def test_a_phone_of_a_customer_is_neither_shown_nor_written(api):
    answer = api.put("/api/customers/5", {"customer": {"phone": "1", "company": "Muster GmbH"}})

    assert answer.status_code == 200
    row = api.world.books.table("shop.customers")["5"]
    assert (row["phone"], row["company"]) == ("+49 221 0000001", "Muster GmbH")


def test_an_address_that_is_sent_within_a_customer_is_not_written_and_a_new_one_throws(api):
    (known,) = customer(api, 5)["addresses"]

    same = api.put("/api/customers/5", {"customer": {"addresses": [{"id": known["id"], "city": "Bonn"}]}})
    new = api.put("/api/customers/5", {"customer": {"first_name": "E", "addresses": [{"city": "Bonn"}]}})

    assert (same.status_code, new.status_code) == (200, 500)
    assert customer(api, 5)["addresses"] == [known]
    assert customer(api, 5)["first_name"] == "Erika"


def test_roles_that_are_sent_replace_all_roles_of_a_customer(api):
    api.put("/api/customers/11", {"customer": {"role_ids": [3]}})

    links = api.world.books.table("shop.customer_roles").find(customer_id=11)
    assert [link["role_id"] for link in links] == [3]


# -- what this dialect lacks


@pytest.mark.parametrize(
    "path",
    [
        "/api/shipments", "/api/orders/1001/shipments", "/api/orders/1001/notes", "/api/order_notes",
        "/api/orders/1001/refund", "/api/orders/1001/cancel", "/api/discounts", "/api/tier_prices",
        "/api/products/1/stock_history", "/api/generic_attributes", "/api/localized_properties",
    ],
)  # fmt: skip
def test_shipments_notes_verbs_and_prices_by_quantity_are_not_there(api, path):
    assert api.http.get(path).status_code == 404
    assert api.http.post(path, json={}).status_code == 404
