from __future__ import annotations

import pytest

from m3nop.connectors.nopcommerce.catalog import NopCommerceCatalog
from m3nop.core.connector import Effect

OFFICIAL, OSS = NopCommerceCatalog("official"), NopCommerceCatalog("oss")


def test_every_operation_says_what_repeating_it_does():
    effects = {name: OFFICIAL.operation(name).effect for name in OFFICIAL.operations()}
    assert effects == {
        "customers": Effect.CONVERGENT,
        "customers/attribute": Effect.IDEMPOTENT,
        "customers/get": Effect.READ,
        "orders/attribute": Effect.IDEMPOTENT,
        "orders/cancel": Effect.CONVERGENT,
        "orders/complete_check": Effect.CONVERGENT,
        "orders/get": Effect.READ,
        "orders/mark_paid": Effect.CONVERGENT,
        "orders/note": Effect.UNSAFE,
        "orders/notes": Effect.READ,
        "products": Effect.CONVERGENT,
        "products/get": Effect.READ,
        "products/stock": Effect.READ,
        "shipments": Effect.CONVERGENT,
        "shipments/list": Effect.READ,
        "stock/set": Effect.CONVERGENT,
    }


def test_resources_that_are_upserted_are_named_as_such():
    upserted = {name for name in OFFICIAL.operations() if OFFICIAL.operation(name).upserts}
    assert upserted == {"customers", "products", "shipments"}
    assert all(OFFICIAL.operation(name).json_values for name in OFFICIAL.operations())


def test_an_operation_names_the_fields_it_needs():
    inputs = OFFICIAL.operation("orders/attribute").inputs
    assert {name for name, field in inputs.items() if field.mandatory} == {
        "order_id",
        "store_id",
        "key",
        "value",
    }
    assert not OFFICIAL.operation("orders/note").inputs["display_to_customer"].mandatory


def test_texts_have_the_lengths_of_the_shops_tables():
    inputs = OFFICIAL.operation("products").inputs
    assert {inputs[name].length for name in ("name", "sku", "gtin", "manufacturer_part_number")} == {400}
    assert inputs["full_description"].length is None
    assert inputs["price"].type == "N"
    assert "manage_stock" in inputs["manage_inventory_method"].description


def test_the_open_source_api_can_do_less_and_the_remedy_says_why():
    assert OSS.operations() == [
        "customers", "customers/get", "orders/get", "products", "products/get", "products/stock", "stock/set",
    ]  # fmt: skip
    for name in set(OFFICIAL.operations()) - set(OSS.operations()):
        assert OSS.operation(name) is None
        assert "dialect: official" in OSS.remedy(name)
        assert OFFICIAL.remedy(name) == ""


@pytest.mark.parametrize(
    ("resource", "field"),
    [
        ("orders", "custom_order_number"),
        ("orders", "coupon_codes"),
        ("orders", "customer.roles"),
        ("customers", "roles"),
    ],
)
def test_fields_that_the_open_source_api_never_tells_are_not_offered(resource, field):
    assert field in OFFICIAL.resource(resource).fields
    assert field not in OSS.resource(resource).fields
    assert "dialect: official" in OSS.remedy(f"{resource}.{field}")


def test_fields_that_the_open_source_api_cannot_write_are_not_offered():
    lacking = set(OFFICIAL.operation("products").inputs) - set(OSS.operation("products").inputs)
    assert {"tier_prices", "localized", "backorder_mode"} <= lacking
    assert not {"sku", "price", "published", "manage_inventory_method"} & lacking


@pytest.mark.parametrize("catalog", [OFFICIAL, OSS])
def test_orders_customers_and_products_are_the_sources(catalog):
    assert catalog.resources() == ["customers", "orders", "products"]
    assert catalog.resource("shipments") is None
    for name in catalog.resources():
        resource = catalog.resource(name)
        assert resource.key == "id"
        assert {"id", "created_on_utc"} <= resource.identity <= resource.fields
        assert ("store_id" in resource.identity) == (name != "products")


@pytest.mark.parametrize("catalog", [OFFICIAL, OSS])
def test_what_can_change_is_no_identity(catalog):
    identity = catalog.resource("orders").identity
    assert not identity & {
        "order_status",
        "payment_status",
        "order_total",
        "paid_date_utc",
        "refunded_amount",
    }


def test_the_paths_of_the_record_shape_are_known():
    fields = OFFICIAL.resource("orders").fields
    assert {
        "items", "items.sku", "items.unit_price_excl_tax", "billing_address.country_code", "customer.is_guest",
        "customer.billing_address.city", "taxes.rate", "checkout_attribute_text", "payment_method",
    } <= fields  # fmt: skip
    assert not [field for field in fields if "card" in field]


def test_nothing_is_said_of_what_nobody_knows():
    assert OFFICIAL.operation("orders/teleport") is None
    assert OFFICIAL.remedy("orders/teleport") == OSS.remedy("orders/teleport") == ""
