"""Cancelling orders and marking them as paid, and updates of customers, over live HTTP."""

from __future__ import annotations

import pytest

from m3nop.core.connector import Outcome, Remedy
from m3nop.sandbox.shop import place_order
from tests.contract.connectors.nopcommerce.shop_calls import (
    UNHURRIED,
    acting,
    after,
    call,
    done,
    edit,
    refusal,
    shop_fault,
    table,
    upsert,
)

DIALECTS = pytest.mark.parametrize("dialect", ["official", "oss"])
ERIKA = {"email": "ERIKA@example.com"}


@pytest.fixture
def order(world):
    placed = place_order(
        world, {"customer_id": 5, "lines": [{"sku": "TENT-2P"}], "payment_status": "pending"}
    )
    return placed["id"]


def test_an_order_is_cancelled_once(sandbox, world, connect, order):
    shop = connect(sandbox.shop_url)
    row = done(shop, "orders/cancel", order_id=order, notify_customer=False)
    assert row == {
        "id": order, "action": "updated", "order_status": "cancelled", "payment_status": "pending",
    }  # fmt: skip
    assert done(shop, "orders/cancel", order_id=order)["action"] == "unchanged"
    assert len(acting(world)) == 1


def test_an_order_is_marked_as_paid_once(sandbox, world, connect, order):
    shop = connect(sandbox.shop_url)
    row = done(shop, "orders/mark_paid", order_id=order)
    assert (row["action"], row["payment_status"], row["order_status"]) == ("updated", "paid", "processing")
    assert done(shop, "orders/mark_paid", order_id=order)["action"] == "unchanged"
    assert len(acting(world)) == 1
    edit(world, "orders", order, payment_status_id=35)
    assert done(shop, "orders/mark_paid", order_id=order)["action"] == "unchanged"


def test_an_order_whose_status_forbids_it_is_refused(sandbox, world, connect, order):
    shop = connect(sandbox.shop_url)
    edit(world, "orders", order, order_status_id=40)
    failure = refusal(shop, "orders/mark_paid", order_id=order)
    assert (failure.code, failure.remedy) == ("status", Remedy.BUSINESS)
    assert "(cancelled, pending)" in failure.message
    for name in ("orders/cancel", "orders/mark_paid", "orders/complete_check"):
        assert refusal(shop, name, order_id=4711).code == "missing"
    assert acting(world) == []


@pytest.mark.parametrize("verb", ["orders/cancel", "orders/mark_paid", "orders/complete_check"])
@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "status"])
def test_a_verb_without_an_answer_is_in_doubt_and_the_repeat_does_it_once(
    sandbox, world, connect, *, order, verb, kind
):
    shop = connect(sandbox.shop_url)
    names = {"orders/cancel": "CancelOrder", "orders/mark_paid": "MarkOrderAsPaid"}
    path = f"*OrderProcessing/{names.get(verb, 'CheckOrderStatus')}/*"
    world.faults.add(shop_fault(kind, path, status=500 if kind == "status" else None))
    assert call(shop, verb, order_id=order).outcome is Outcome.IN_DOUBT
    done(shop, verb, order_id=order)
    statuses = {"orders/cancel": (40, 10), "orders/mark_paid": (20, 30)}.get(verb, (10, 10))
    held = table(world, "orders")[str(order)]
    assert (held["order_status_id"], held["payment_status_id"]) == statuses


def test_the_status_of_an_order_follows_when_asked(sandbox, world, connect, order):
    edit(world, "orders", order, payment_status_id=30, shipping_status_id=30)
    row = done(connect(sandbox.shop_url), "orders/complete_check", order_id=order)
    assert (row["action"], row["order_status"]) == ("updated", "complete")


# -- customers


@DIALECTS
def test_a_customer_gets_what_differs_and_keeps_the_rest(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    before = table(world, "customers")["5"]
    fields = {"first_name": before["first_name"], "company": "Erika & Söhne", "vat_number": "DE123456789"}
    row = upsert(shop, "customers", ERIKA, fields)
    assert row == {"id": 5, "action": "updated", "changed": ["company", "vat_number"], "lost": []}
    now = table(world, "customers")["5"]
    assert now == {**before, "company": "Erika & Söhne", "vat_number": "DE123456789"}
    again = upsert(shop, "customers", {"id": 5}, fields)
    assert (again["action"], again["changed"]) == ("unchanged", [])
    assert len(acting(world)) == 1


@DIALECTS
def test_a_customer_is_never_made(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    for match in ({"email": "nobody@example.com"}, {"id": 4711}):
        fields = {"first_name": "N"}
        assert upsert(shop, "customers", match, fields, missing="skip")["action"] == "missing"
        assert refusal(shop, "customers", match=match, fields=fields).code == "missing"
    # Part of an address is another address.
    assert upsert(shop, "customers", {"email": "erika@example"}, {}, missing="skip")["action"] == "missing"


@DIALECTS
def test_an_address_that_two_customers_have_is_refused(sandbox, world, connect, dialect):
    edit(world, "customers", 6, email="Erika@Example.com")
    shop = connect(sandbox.shop_url, dialect)
    assert refusal(shop, "customers", match=ERIKA, fields={"company": "x"}).code == "ambiguous"
    edit(world, "customers", 6, deleted=True)
    assert upsert(shop, "customers", ERIKA, {"company": "x"})["id"] == 5


@DIALECTS
@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
def test_a_customer_whose_answer_was_lost_is_completed_by_the_repeat(
    sandbox, world, connect, *, dialect, kind
):
    shop = connect(sandbox.shop_url, dialect)
    world.faults.add(shop_fault(kind, "PUT *ustomer*"))
    fields = {"company": "Erika & Söhne"}
    assert call(shop, "customers", match=ERIKA, fields=fields).outcome is Outcome.IN_DOUBT
    row = upsert(shop, "customers", ERIKA, fields)
    assert row["action"] == ("updated" if kind == "reset_before" else "unchanged")
    assert table(world, "customers")["5"]["company"] == "Erika & Söhne"


def test_an_edit_of_a_customer_meanwhile_is_merged(sandbox, world, connect, clock):
    shop = connect(sandbox.shop_url, rate_limit=UNHURRIED)
    after(world, clock, "Customer/GetAll", lambda: edit(world, "customers", 5, admin_comment="VIP"))
    row = upsert(shop, "customers", ERIKA, {"phone": "+49 30 1"})
    assert row["lost"] == []
    held = table(world, "customers")["5"]
    assert (held["phone"], held["admin_comment"]) == ("+49 30 1", "VIP")


def test_a_customer_without_columns_for_names_gets_attributes(scripted, connect):
    row = {"id": 5, "email": "erika@example.com", "deleted": False}
    attributes = [{"key": "FirstName", "value": "Erika"}]
    scripted.on("GET", "/api-backend/Customer/GetById/5", row)
    scripted.on("GET", "/api-backend/GenericAttribute/GetAttributesForEntity/5", attributes)
    scripted.on("POST", "/api-backend/GenericAttribute/SaveAttribute/0/5", b"")
    shop = connect(scripted.url, credentials={"token": "t"})
    fields = {"first_name": "Erika", "last_name": "Mustermann"}
    assert upsert(shop, "customers", {"id": 5}, fields)["changed"] == ["last_name"]
    sent = [query for method, _, query, _, _ in scripted.requests if method == "POST"]
    assert sent == [{"entityTypeName": "Customer", "key": "LastName", "value": "Mustermann"}]
    failure = refusal(shop, "customers", match={"id": 5}, fields={"city": "Berlin"})
    assert "no column `city`" in failure.message


def test_a_column_that_an_older_plugin_does_not_have_is_refused(scripted, connect):
    scripted.on("GET", "/api/customers/5", {"customers": [{"id": 5, "email": "e@example.com"}]})
    shop = connect(scripted.url, "oss", credentials={"token": "t"})
    assert refusal(shop, "customers", match={"id": 5}, fields={"company": "x"}).field == "company"
