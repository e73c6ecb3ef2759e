"""What a script lets shoppers and staff do in the shop, over the control interface."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from m3nop.sandbox import shop
from tests.contract.sandbox.shops import Backend, served

LEFT_TO_REFUND = Decimal("249.0200")


class Outside(Backend):
    """A client of the control interface, and of the official dialect to see what came of it."""

    def do(self, path: str, body: object = None, *, status: int = 200):
        answer = self.http.post(f"{self.root}/sandbox/shop/{path}", json=body)
        assert answer.status_code == status, answer.text
        return json.loads(answer.content, parse_float=Decimal)

    def refused(self, path: str, body: object = None, *, status: int = 400) -> str:
        return self.do(path, body, status=status)["error"]

    @property
    def root(self) -> str:
        return str(self.http.base_url).removesuffix("/shop/api-backend/")

    def note(self, order_id: int) -> str:
        return self.get(f"OrderNote/GetOrderNotesByOrderId/{order_id}")[-1]["note"]


@pytest.fixture
def outside():
    with served(Outside) as client:
        yield client


# -- orders


def test_an_order_is_refunded_in_parts_until_nothing_is_left(outside):
    first = outside.do("orders/1001/refund", {"amount": "10"})
    assert (first["payment_status_id"], first["refunded_amount"]) == (35, 10)
    assert outside.note(1001) == "Order has been refunded. Amount = 10"

    rest = outside.do("orders/1001/refund")

    assert (rest["payment_status_id"], rest["refunded_amount"]) == (40, LEFT_TO_REFUND)
    assert [item["id"] for item in rest["items"]] == [2001, 2002]
    assert "0.0000 is left" in outside.refused("orders/1001/refund", {"amount": 1})


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("orders/1003/refund", {"amount": 1}, "order 1003 cannot be refunded by 1"),
        ("orders/1001/refund", {"amount": 250}, "249.0200 is left"),
        ("orders/1001/refund", {"amount": -1}, "cannot be refunded by -1"),
        ("orders/1001/refund", {"amount": "much"}, "'much' is not an amount"),
        ("orders/1001/capture", None, "order 1001 cannot be captured in its state"),
        ("orders/1001/void", None, "order 1001 cannot be voided in its state"),
        ("orders/1006/cancel", None, "order 1006 cannot be cancelled in its state"),
    ],
)
def test_what_the_shops_rules_forbid_is_refused(outside, path, body, said):
    assert said in outside.refused(path, body)


@pytest.mark.parametrize("verb", ["refund", "cancel", "capture", "void"])
def test_an_order_that_is_not_there_is_not_found(outside, verb):
    assert "99999" in outside.refused(f"orders/99999/{verb}", {}, status=404)


def test_an_authorized_order_is_captured_or_voided(outside):
    wanted = {"lines": [{"sku": "COMPASS"}], "payment_status": "authorized"}
    one, two = (shop.place_order(outside.world, wanted)["id"] for _ in range(2))

    assert outside.do(f"orders/{one}/capture")["payment_status_id"] == 30
    assert outside.do(f"orders/{two}/void")["payment_status_id"] == 50

    assert (outside.note(one), outside.note(two)) == ("Order has been captured", "Order has been voided")


def test_an_order_is_cancelled_and_its_goods_go_back(outside):
    order = shop.place_order(outside.world, {"lines": [{"sku": "MAT-AIR", "quantity": 3}]})

    cancelled = outside.do(f"orders/{order['id']}/cancel")

    assert (cancelled["order_status_id"], cancelled["payment_status_id"]) == (40, 30)
    product = outside.product("MAT-AIR")
    assert outside.get(f"Product/GetTotalStockQuantity/{product['id']}") == 64


# -- customers


def test_somebody_registers_and_orders(outside):
    person = {
        "email": "zoe@example.com", "first_name": "Zoë", "last_name": "Ö", "company": "Zoë AB", "store_id": 2,
        "roles": ["Wholesale"], "vat_number": "SE556000016701",
        "address": {"address1": "Gata 1", "city": "Umeå", "zip_postal_code": "907 36", "country": "SE"},
    }  # fmt: skip

    made = outside.do("customers", person)

    shown = outside.get(f"Customer/GetById/{made['id']}")
    assert (shown["email"], shown["registered_in_store_id"], shown["active"]) == ("zoe@example.com", 2, True)
    assert shown["created_on_utc"] == "2026-11-23T09:00:00.0000007"
    assert outside.get(f"CustomerRole/GetCustomerRoleIds/{made['id']}") == [3, 7]
    (address,) = outside.get(f"Customer/GetAddressesByCustomerId/{made['id']}")
    assert (address["first_name"], address["company"], address["city"]) == ("Zoë", "Zoë AB", "Umeå")
    placed = outside.do("orders", {"lines": [{"sku": "COMPASS"}], "customer_id": made["id"], "store_id": 2})
    assert placed["customer_id"] == made["id"]


@pytest.mark.parametrize(
    ("person", "said"),
    [
        ({}, "a customer needs an 'email'"),
        ({"email": "erika@example.com"}, "'erika@example.com' has an account already"),
        ({"email": "new@example.com", "mail": 1}, "unknown member 'mail' in a customer"),
        (
            {"email": "new@example.com", "roles": ["Gold"]},
            "the shop has no role 'Gold'; it has Administrators",
        ),
        ({"email": "new@example.com", "address": {"country": "XX"}}, "does not know the country 'XX'"),
    ],
)
def test_a_registration_that_does_not_fit_leaves_nothing(outside, person, said):
    customers = outside.world.books.table("shop.customers")
    before = len(customers)

    assert said in outside.refused("customers", person)

    assert len(customers) == before


def test_an_account_is_edited_with_its_address_where_it_is_and_its_roles(outside):
    before = outside.get("Customer/GetById/5")

    outside.do(
        "customers/5",
        {
            "last_name": "Muster",
            "phone": "1",
            "address": {"city": "Bonn", "country": "AT"},
            "roles": ["Wholesale"],
        },
    )

    after = outside.get("Customer/GetById/5")
    assert after == before | {"last_name": "Muster", "phone": "1"}
    address = outside.get("Customer/GetCustomerBillingAddress/5")
    assert (address["id"], address["city"]) == (before["billing_address_id"], "Bonn")
    assert outside.get("CustomerRole/GetCustomerRoleIds/5") == [3, 7]


def test_an_account_without_an_address_gets_one(outside):
    made = outside.do("customers", {"email": "zoe@example.com", "first_name": "Zoë"})

    outside.do(f"customers/{made['id']}", {"address": {"city": "Visby"}})

    address = outside.get(f"Customer/GetCustomerBillingAddress/{made['id']}")
    assert (address["city"], address["first_name"]) == ("Visby", "Zoë")


def test_an_edit_of_an_account_that_does_not_fit_is_refused(outside):
    assert "unknown member 'id'" in outside.refused("customers/5", {"id": 6})
    assert "last_name" in outside.refused("customers/5", {"last_name": 7})
    assert "'planet'" in outside.refused("customers/5", {"address": {"planet": "Earth"}})
    assert "999" in outside.refused("customers/999", {"last_name": "x"}, status=404)
    assert outside.get("Customer/GetById/5")["last_name"] == "Mustermann"


# -- products


def test_staff_edits_a_product_and_it_shows_in_the_time_of_the_last_update_and_the_history(outside):
    product = outside.product("TENT-2P")

    outside.do(
        f"products/{product['id']}",
        {"price": "155.5", "name": "Nytt tält", "published": False, "stock_quantity": 3, "tags": ["rea"]},
    )

    after = outside.get(f"Product/GetById/{product['id']}")
    assert (after["price"], after["name"], after["published"]) == (Decimal("155.5000"), "Nytt tält", False)
    assert after["updated_on_utc"] == "2026-11-23T09:00:00.0000007"
    history = outside.get(f"Product/GetStockQuantityHistory/{product['id']}")["items"][0]
    assert history["quantity_adjustment"] == 3 - product["stock_quantity"]
    assert outside.world.books.table("shop.product_extras")[str(product["id"])]["tags"] == ["rea"]


def test_staff_says_how_much_a_warehouse_or_a_variant_has(outside):
    air, boot, tent = outside.product("MAT-AIR"), outside.product("BOOT"), outside.product("TENT-2P")

    outside.do(f"products/{air['id']}", {"warehouses": {"1": 7, "2": 0}})
    outside.do(f"products/{boot['id']}", {"combinations": {"BOOT-44": 2}})
    outside.do(f"products/{tent['id']}", {"use_multiple_warehouses": True, "warehouses": {"2": 5}})

    assert outside.get(f"Product/GetTotalStockQuantity/{air['id']}") == 7
    assert outside.get("ProductAttributeCombination/GetBySku", sku="BOOT-44")["stock_quantity"] == 2
    assert outside.get(f"Product/GetTotalStockQuantity/{tent['id']}") == 5
    moved = outside.get(f"Product/GetStockQuantityHistory/{air['id']}")["items"]
    assert [(row["warehouse_id"], row["quantity_adjustment"]) for row in moved] == [(2, -4), (1, -53)]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"colour": "red"}, "unknown member 'colour' in a change of a product"),
        ({"price": "cheap"}, "'cheap' is not an amount"),
        ({"stock_quantity": "many"}, "stock_quantity"),
        ({"warehouses": {"9": 1}}, "the shop has no warehouse 9"),
        ({"combinations": {"BOOT-42": 1}}, "product 1 has no combination 'BOOT-42'"),
    ],
)
def test_an_edit_of_a_product_that_does_not_fit_leaves_nothing(outside, changed, said):
    before = outside.get("Product/GetById/1")

    assert said in outside.refused("products/1", {"name": "Nytt namn", **changed})

    assert outside.get("Product/GetById/1") == before


# -- many at once


def test_products_orders_and_customers_are_loaded_in_any_mixture(outside):
    outside.do("load", {"products": 3})
    outside.do("load", {"orders": 1, "customers": 1})
    outside.do("load", {"orders": 1})

    assert outside.product("BULK-000003")["name"] == "Lastprov BULK-000003"
    assert outside.get("Order/Search", getOnlyTotalCount="true")["total_count"] == 15
