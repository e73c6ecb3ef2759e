"""Answers of another form than the API promises: that is said, and the program goes on."""

from __future__ import annotations

import pytest

from m3nop.connectors.nopcommerce.catalog import OPERATIONS
from m3nop.core.connector import Call, Outcome, Remedy
from m3nop.core.errors import SourceError

CUSTOMER = {"id": 5, "email": "a@example.com", "created_on_utc": "2026-01-01T00:00:00", "first_name": "A"}
KEY = {"token": "a-key"}


@pytest.fixture
def shop(scripted):
    scripted.on("GET", "/api-backend/Customer/GetCustomersByIds/5", [CUSTOMER])
    scripted.on("GET", "/api-backend/CustomerRole/GetCustomerRoleIds/5", [3])
    scripted.on("GET", "/api-backend/CustomerRole/GetAll", [{"id": 3, "system_name": "Registered"}])
    return scripted


def customer(connect, shop, stores):
    return connect(shop.url, credentials=KEY).source("customers", stores=stores, wanted=None).fetch(["5"])


def test_a_row_in_order_is_read(connect, shop, stores):
    (read,) = customer(connect, shop, stores)
    assert read["roles"] == ["registered"]


@pytest.mark.parametrize("reference", [{"id": 1}, [1], "1", True, 1.5])
def test_a_reference_that_is_no_number_is_refused_by_its_name(connect, shop, stores, reference):
    shop.on(
        "GET", "/api-backend/Customer/GetCustomersByIds/5", [{**CUSTOMER, "billing_address_id": reference}]
    )

    with pytest.raises(SourceError, match="whose `billing_address_id` is"):
        customer(connect, shop, stores)


@pytest.mark.parametrize("answer", ["hello", 5, [1], True])
def test_what_is_no_row_is_refused(connect, shop, stores, answer):
    shop.on("GET", "/api-backend/Customer/GetCustomersByIds/5", [{**CUSTOMER, "billing_address_id": 8}])
    shop.on("GET", "/api-backend/Address/GetById/8", answer)

    with pytest.raises(SourceError, match="something else than a row"):
        customer(connect, shop, stores)


@pytest.mark.parametrize("roles", [[{"id": {}}], [{"name": "x"}]])
def test_any_other_form_is_said_with_what_was_read(connect, shop, stores, roles):
    shop.on("GET", "/api-backend/CustomerRole/GetAll", roles)

    with pytest.raises(SourceError, match="the shop answered customers in a form that is not understood"):
        customer(connect, shop, stores)


@pytest.mark.parametrize(
    "roles", ["3;x;--4;\u00b2", '["3", null, {"id": 3}, {}]', [3, "x", None, [], 10**20]]
)
def test_ids_of_roles_are_those_that_are_numbers(connect, shop, stores, roles):
    shop.on("GET", "/api-backend/CustomerRole/GetCustomerRoleIds/5", roles)

    (read,) = customer(connect, shop, stores)
    assert read["roles"] == ["registered"]


def test_a_call_that_meets_such_an_answer_is_in_doubt(connect, shop):
    product = {"id": 7, "sku": "A", "manage_inventory_method_id": 1, "created_on_utc": "2026-01-01T00:00:00"}
    shop.on("GET", "/api-backend/Product/GetProductsBySku", [product])
    shop.on("GET", "/api-backend/ProductAttributeCombination/GetBySku", None)
    call = Call("1", OPERATIONS["stock/set"], {"sku": "A", "quantity": 1})

    (answer,) = connect(shop.url, credentials=KEY).send([call])

    assert (answer.outcome, answer.failure.remedy) == (Outcome.IN_DOUBT, Remedy.SYSTEMIC)
