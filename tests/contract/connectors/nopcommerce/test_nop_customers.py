from __future__ import annotations

import pytest

from m3nop.core.clock import parse_instant

DIALECTS = pytest.mark.parametrize("dialect", ["official", "oss"])


def by_email(customers):
    return {customer["email"]: customer for customer in customers}


def one_customer(**columns):
    return {"id": 7, "email": "a@example.com", "created_on_utc": "2020-01-01T00:00:00", **columns}


@pytest.fixture
def old_shop(scripted):
    """A shop with one customer, in the form of version 1.06 of the API."""
    base = "/api-backend/Customer"
    scripted.on("GET", f"{base}/GetAll", {"items": [one_customer()], "total_count": 1})
    scripted.on("GET", f"{base}/GetCustomersByIds/1;2;3;4;5;6;7", [one_customer()])
    return scripted


def read_one(connect, shop, *wanted):
    source = connect(shop.url, credentials={"token": "t"}).source(
        "customers", stores=[], wanted=frozenset(wanted)
    )
    (record,) = (record for page in source.pages("", None) for record in page.records)
    return record


@DIALECTS
def test_customers_come_with_name_store_and_addresses(sandbox, read, dialect):
    customer = by_email(read(sandbox.shop_url, dialect, resource="customers"))["einkauf@muster.example.com"]
    assert (customer["store_id"], customer["first_name"], customer["is_guest"]) == (2, "Max", False)
    assert customer["company"].startswith("Muster Maschinenbau")
    assert customer["vat_number"] == "DE123456789"
    assert customer["created_on_utc"] == "2025-01-15T10:30:00.765432Z"
    for name in ("billing_address", "shipping_address"):
        assert (customer[name]["city"], customer[name]["country_code"]) == ("Nürnberg", "DE")


@DIALECTS
def test_a_visitor_who_never_registered_is_a_guest(sandbox, read, dialect):
    guests = [
        customer for customer in read(sandbox.shop_url, dialect, resource="customers") if customer["is_guest"]
    ]
    assert {None} <= {guest["email"] for guest in guests}


def test_official_customers_have_roles_as_words(sandbox, read):
    customers = by_email(read(sandbox.shop_url, resource="customers"))
    assert customers["einkauf@muster.example.com"]["roles"] == ["registered", "wholesale"]
    assert customers["builtin@searchengine.example.com"]["is_guest"] is True
    assert customers[None]["roles"] == ["guests"]


def test_oss_customers_have_no_roles(sandbox, read):
    assert {customer["roles"] for customer in read(sandbox.shop_url, "oss", resource="customers")} == {None}


def test_roles_are_not_asked_for_of_guests_or_when_nobody_needs_them(sandbox, world, read, sent):
    guests = [row["id"] for row in world.books.table("shop.customers").values() if not row["email"]]
    read(sandbox.shop_url, resource="customers", wanted=frozenset({"roles"}))
    assert guests
    assert not [
        path for path in sent() if path.endswith(tuple(f"GetCustomerRoleIds/{number}" for number in guests))
    ]
    world.requests.clear()
    read(sandbox.shop_url, resource="customers", wanted=frozenset({"email"}))
    assert not [path for path in sent() if "Role" in path or "Address" in path]


@pytest.mark.parametrize("answer", [[1, 3], "1;3", "[1,3]", [{"id": 1}, {"id": 3}]])
def test_role_ids_are_understood_in_every_form_that_has_been_seen(old_shop, connect, answer):
    roles = [{"id": 1, "system_name": "Registered"}, {"id": 3, "system_name": None, "name": "B2B Gold"}]
    old_shop.on("GET", "/api-backend/CustomerRole/GetCustomerRoleIds/7", answer)
    old_shop.on("GET", "/api-backend/CustomerRole/GetAll", {"items": roles})
    customer = read_one(connect, old_shop, "roles")
    assert customer["roles"] == ["b2b_gold", "registered"]
    assert customer["is_guest"] is False


def test_names_that_are_no_columns_yet_are_read_from_attributes(old_shop, connect):
    held = [
        {"key": "FirstName", "value": "Erika"},
        {"key": "LastName", "value": "Mustermann"},
        {"key": "Company", "value": None},
        {"key": "SomethingElse", "value": "x"},
    ]
    old_shop.on("GET", "/api-backend/GenericAttribute/GetAttributesForEntity/7", held)
    customer = read_one(connect, old_shop, "first_name")
    assert (customer["first_name"], customer["last_name"], customer["company"]) == (
        "Erika",
        "Mustermann",
        None,
    )
    assert "SomethingElse" not in customer


def test_a_visit_does_not_change_a_customer(sandbox, world, read):
    def the_customer():
        return by_email(read(sandbox.shop_url, resource="customers"))["erika@example.com"]

    before = the_customer()
    customers = world.books.table("shop.customers")
    erika = customers.find(email="erika@example.com")[0]
    later = {"last_activity_date_utc": "2026-11-23T08:00:00", "has_shopping_cart_items": True}
    customers[str(erika["id"])] = {**erika, **later}
    assert the_customer() == before


@DIALECTS
def test_customers_are_read_again_by_key(sandbox, connect, stores, dialect):
    source = connect(sandbox.shop_url, dialect).source(
        "customers", stores=stores, wanted=frozenset({"email"})
    )
    found = source.fetch(["6", "4711", "5"], partition=source.partitions()[0])
    assert [customer["email"] for customer in found] == ["erika@example.com", "medel@example.com"]


@DIALECTS
def test_reading_customers_can_start_at_an_instant(sandbox, connect, stores, dialect):
    source = connect(sandbox.shop_url, dialect).source(
        "customers", stores=stores, wanted=frozenset({"email"})
    )
    partition = source.partitions()[0]
    watermark = source.watermark_at(partition, parse_instant("2040-01-01"))
    assert list(source.pages(partition, watermark)) == []


def test_customers_are_counted_where_the_api_can(sandbox, connect, stores):
    window = parse_instant("2025-01-01"), parse_instant("2026-01-01")
    official, oss = (
        connect(sandbox.shop_url, dialect).source("customers", stores=stores, wanted=None)
        for dialect in ("official", "oss")
    )
    assert official.count("", *window) == 8
    assert oss.count("b2c", *window) is None
