from __future__ import annotations

import base64
import json
import re
from contextlib import closing
from decimal import Decimal

import httpx
import pytest

from m3nop.core.clock import DAY
from m3nop.sandbox import access, shop
from m3nop.sandbox.faults import Fault
from tests.contract.sandbox.shops import NOW, Backend, served

PAID, PENDING = 30, 10


@pytest.fixture
def backend():
    with served(Backend) as client:
        yield client


@pytest.fixture(scope="module")
def seeded():
    with served(Backend) as client:
        yield client


# -- signing in


def test_a_token_is_a_json_web_token_that_names_the_customer_and_ends_after_seven_days(seeded):
    login = {"username": access.SHOP_USER, "email": access.SHOP_USER, "password": access.SHOP_PASSWORD}

    answer = seeded.http.post("Authenticate/GetToken", json=login).json()

    assert (answer["username"], answer["customer_id"]) == (access.SHOP_USER, 1)
    claims = answer["token"].split(".")[1]
    read = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert read["CustomerId"] == "1"
    assert read["exp"] == (NOW + 7 * DAY) // 1_000_000


@pytest.mark.parametrize(
    "login", [{"email": access.SHOP_USER, "password": "wrong"}, {"email": access.SHOP_USER}, {}]
)
def test_bad_credentials_are_refused_with_a_plain_json_text(seeded, login):
    answer = seeded.http.post("Authenticate/GetToken", json=login)

    assert answer.status_code == 400
    assert isinstance(answer.json(), str)


@pytest.mark.parametrize("form", ["{}", "Bearer {}", "bearer {}"])
def test_the_last_word_of_the_authorization_header_is_the_token(seeded, form):
    header = {"Authorization": form.format(seeded.http.headers["Authorization"])}

    assert seeded.http.get("Store/GetAll", headers=header).status_code == 200


@pytest.mark.parametrize("header", ["", "nonsense", "Bearer nonsense"])
def test_an_unknown_token_counts_as_nobody(seeded, header):
    answer = seeded.http.get("Store/GetAll", headers={"Authorization": header})

    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_a_token_that_has_expired_counts_as_nobody(backend):
    backend.world.clock.advance(7 * 24 * 3600)

    assert backend.status("Store/GetAll") == (401, {"message": "Unauthorized"})


def test_all_tokens_expire_when_a_script_says_so(backend):
    backend.world.faults.add(Fault(kind="expired_token", system="shop"))

    assert backend.status("Store/GetAll")[0] == 401


def test_a_user_without_the_permission_is_denied(backend):
    url = str(backend.http.base_url).removesuffix("/api-backend/")
    clerk = Backend(backend.world, url, user=shop.CLERK, password=shop.CLERK_PASSWORD)

    with closing(clerk.http):
        assert clerk.status("Store/GetAll") == (403, {"message": "Access denied."})


# -- strictness


@pytest.mark.parametrize("path", ["Order/List", "order/search", "Order/GetByIds", "Shop/GetAll"])
def test_an_unknown_route_is_not_found(seeded, path):
    assert seeded.http.get(path).status_code == 404


def test_a_wrong_method_is_not_allowed(seeded):
    assert seeded.http.post("Order/Search").status_code == 405
    assert seeded.http.head("OrderProcessing/MarkOrderAsPaid/1003").status_code == 405
    assert seeded.get("Order/GetById/1003")["payment_status_id"] == PENDING


@pytest.mark.parametrize(
    "query", ["createdFromUtc=yesterday", "pageSize=ten", "storeId=1.5", "getOnlyTotalCount=perhaps"]
)
def test_a_parameter_that_cannot_be_read_is_a_validation_problem(seeded, query):
    status, problem = seeded.status(f"Order/Search?{query}")

    assert status == 400
    assert list(problem["errors"]) == [query.partition("=")[0]]


@pytest.mark.parametrize("number", [0, -1])
def test_an_id_below_one_is_a_problem(seeded, number):
    status, problem = seeded.status(f"Order/GetById/{number}")

    assert (status, problem["status"]) == (400, 400)


def test_an_unknown_id_is_not_found_with_a_plain_json_text(seeded):
    assert seeded.status("Order/GetById/9") == (404, "Order Id=9 not found")


def test_a_part_of_the_path_that_is_no_number_is_a_problem(seeded):
    assert seeded.status("Order/GetById/first")[0] == 400


# -- orders


def test_orders_are_listed_newest_first_in_pages(seeded):
    first = seeded.get("Order/Search", pageIndex=0, pageSize=5)
    last = seeded.get("Order/Search", pageIndex=2, pageSize=5)

    assert [row["id"] for row in first["items"]] == [1013, 1012, 1011, 1010, 1009]
    assert [row["id"] for row in last["items"]] == [1003, 1002, 1001]
    assert {**first, "items": 0} == {
        "total_count": 13, "total_pages": 3, "has_previous_page": False, "has_next_page": True, "page_index": 0,
        "page_size": 5, "items": 0,
    }  # fmt: skip
    assert (last["has_previous_page"], last["has_next_page"]) == (True, False)


def test_without_a_page_size_everything_comes(seeded):
    everything = seeded.get("Order/Search")

    assert (len(everything["items"]), everything["page_size"]) == (13, 2147483647)


def test_only_the_count_comes_when_asked_for(seeded):
    answer = seeded.get("Order/Search", getOnlyTotalCount="true")

    assert (answer["total_count"], answer["items"]) == (13, [])


def test_both_time_bounds_are_inclusive(seeded):
    moment = "2026-10-05T08:15:22.1234567Z"

    answer = seeded.get("Order/Search", createdFromUtc=moment, createdToUtc=moment)

    assert [row["id"] for row in answer["items"]] == [1001]


def test_a_bound_may_have_an_offset_and_one_without_a_zone_is_utc(seeded):
    with_offset = seeded.get("Order/Search", createdFromUtc="2026-11-06T11:10:10+01:00")
    naive = seeded.get("Order/Search", createdFromUtc="2026-11-06T10:10:10")

    assert [row["id"] for row in with_offset["items"]] == [1013]
    assert [row["id"] for row in naive["items"]] == [1013]


def test_several_statuses_are_alternatives_and_filters_add_up(seeded):
    unknown = seeded.get("Order/Search", osIds="12;15")
    paid = seeded.get("Order/Search", osIds="12;15", psIds=str(PAID))

    assert [row["id"] for row in unknown["items"]] == [1011, 1008]
    assert [row["id"] for row in paid["items"]] == [1008]


def test_status_ids_that_are_no_numbers_are_skipped(seeded):
    assert seeded.get("Order/Search", osIds="paid;12")["total_count"] == 1
    assert seeded.get("Order/Search", osIds="paid")["total_count"] == 13


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"storeId": 2}, [1009, 1007]),
        ({"customerId": 5}, [1008, 1001]),
        ({"paymentMethodSystemName": "Payments.Manual"}, [1012]),
        ({"billingEmail": "YAMADA"}, [1004]),
        ({"billingLastName": "nordm"}, [1013, 1006]),
        ({"billingCountryId": 14}, [1011]),
        ({"orderNotes": "placed", "storeId": 2}, [1009, 1007]),
    ],
)
def test_orders_are_filtered(seeded, query, ids):
    assert [row["id"] for row in seeded.get("Order/Search", **query)["items"]] == ids


def test_parameter_names_may_be_written_in_any_case(seeded):
    assert seeded.get("Order/Search", STOREID=2)["total_count"] == 2


def test_many_orders_come_in_the_order_asked_for_and_what_is_no_id_is_skipped(seeded):
    answer = seeded.get("Order/GetByIds/1003;x;99;1001;")

    assert [row["id"] for row in answer] == [1003, 1001]


def test_a_deleted_order_is_left_out_of_lists_and_shown_by_its_id(backend):
    assert backend.http.delete("Order/Delete/1001").status_code == 200

    assert backend.get("Order/GetByIds/1001;1002")[0]["id"] == 1002
    assert backend.get("Order/Search")["total_count"] == 12
    assert backend.get("Order/GetById/1001")["deleted"] is True


def test_an_order_is_found_by_its_number_and_its_guid_and_a_line(seeded):
    order = seeded.get("Order/GetByCustomOrderNumber", customOrderNumber="1002")

    assert order["id"] == 1002
    assert seeded.get("Order/GetByGuid", guid=order["order_guid"])["id"] == 1002
    assert seeded.get("Order/GetByOrderItem/2003")["id"] == 1002
    assert seeded.status("Order/GetByCustomOrderNumber?customOrderNumber=none")[0] == 404
    assert seeded.status("Order/GetByCustomOrderNumber")[0] == 400
    assert seeded.status("Order/GetByGuid?guid=none")[0] == 404
    assert seeded.status("Order/GetByOrderItem/9")[0] == 404


def test_an_order_is_its_head_only_and_its_times_have_no_zone(seeded):
    order = seeded.get("Order/GetById/1001")

    assert "items" not in order
    assert order["created_on_utc"] == "2026-10-05T08:15:22.1234567"


def test_money_comes_as_numbers_with_four_decimals(seeded):
    text = seeded.http.get("Order/GetById/1001").text

    assert re.search(r'"order_shipping_excl_tax": ?9\.9000\b', text)


def test_card_data_is_there_as_it_is_stored(seeded):
    card = seeded.get("Order/GetById/1012")
    other = seeded.get("Order/GetById/1001")

    assert card["card_number"] == shop.CARD_CANARY
    assert re.fullmatch(r"[A-Za-z0-9+/]{22}==", card["card_cvv2"])
    assert re.fullmatch(r"[A-Za-z0-9+/]{22}==", other["masked_credit_card_number"])
    assert other["card_number"] is None


def test_lines_come_without_a_sku(seeded):
    lines = seeded.get("OrderItem/GetOrderItems/1002")

    assert [(line["quantity"], line["price_excl_tax"]) for line in lines] == [
        (1, Decimal("179.0000")), (3, Decimal("53.7000")), (1, Decimal("3.5000")),
    ]  # fmt: skip
    assert "sku" not in lines[0]
    assert lines[0]["attribute_description"] == "Size: 43"
    assert seeded.get("OrderItem/GetOrderItems/99") == []
    assert seeded.get(f"OrderItem/GetProductByOrderItemId/{lines[1]['id']}")["sku"] == "SOCK-L"


def test_the_sku_of_a_variant_comes_from_its_attributes(seeded):
    line = seeded.get("OrderItem/GetOrderItems/1002")[0]
    product = seeded.get(f"Product/GetById/{line['product_id']}")

    formatted = seeded.http.post(f"Product/FormatSku/{product['id']}", json=line["attributes_xml"])
    found = seeded.http.post(
        f"ProductAttributeParser/FindProductAttributeCombination/{product['id']}", json=line["attributes_xml"]
    )

    assert product["sku"] == "BOOT"
    assert formatted.json() == "BOOT-43"
    assert found.json()["sku"] == "BOOT-43"


def test_a_product_without_variants_keeps_its_own_sku(seeded):
    tent = seeded.get("Product/GetProductBySku", sku=" TENT-2P ")

    assert seeded.http.post(f"Product/FormatSku/{tent['id']}", json="").json() == "TENT-2P"
    assert seeded.http.post(f"Product/FormatSku/{tent['id']}", json={"xml": ""}).status_code == 400
    assert seeded.http.post("Product/FormatSku/999", json="").status_code == 404
    path = f"ProductAttributeParser/FindProductAttributeCombination/{tent['id']}"
    assert seeded.http.post(path, json="").status_code == 404


def test_a_coupon_is_found_through_its_usage(seeded):
    usages = seeded.get("DiscountUsageHistory/GetAll", orderId=1011)
    discount = seeded.get(f"Discount/GetById/{usages['items'][0]['discount_id']}")

    assert usages["total_count"] == 1
    assert discount["coupon_code"] == "WELCOME10"
    assert seeded.get("DiscountUsageHistory/GetAll", orderId=1001)["items"] == []
    assert seeded.get("DiscountUsageHistory/GetAll", customerId=14)["total_count"] == 1


def test_a_generic_attribute_is_kept_once_for_entity_key_and_store(backend):
    path = "GenericAttribute/SaveAttribute/0/1001"
    key = {"entityTypeName": "Order", "key": "M3OrderNumber"}
    for value in ("0000001234", "0000005678"):
        assert backend.http.post(path, params={**key, "value": value}).status_code == 200
    backend.http.post("GenericAttribute/SaveAttribute/2/1001", params={**key, "value": "other store"})

    rows = backend.get("GenericAttribute/GetAttributesForEntity/1001", keyGroup="Order")

    assert [(row["key"], row["value"], row["store_id"]) for row in rows] == [
        ("M3OrderNumber", "0000005678", 0), ("M3OrderNumber", "other store", 2),
    ]  # fmt: skip
    assert backend.get("GenericAttribute/GetAttribute/1001", **key) == "0000005678"
    assert backend.get("GenericAttribute/GetAttributesForEntity/1002", keyGroup="Order") == []


def test_a_blank_value_removes_a_generic_attribute_and_an_unknown_entity_is_refused(backend):
    path = "GenericAttribute/SaveAttribute/0/1001"
    key = {"entityTypeName": "Order", "key": "M3OrderNumber"}
    backend.http.post(path, params={**key, "value": "1"})

    backend.http.post(path, params={**key, "value": ""})

    assert (
        backend.status("GenericAttribute/GetAttribute/1001?key=M3OrderNumber&entityTypeName=Order")[0] == 404
    )
    assert backend.http.post(path, params={**key, "entityTypeName": "Ordr", "value": "1"}).status_code == 400


def test_an_order_note_is_added_each_time(backend):
    note = {
        "order_id": 1001,
        "note": "M3: 0000001234",
        "display_to_customer": True,
        "created_on_utc": "2026-11-23T09:00:00Z",
    }
    for _ in range(2):
        assert backend.http.post("OrderNote/Create", json=note).json()["id"] > 0

    shown = backend.get("OrderNote/GetOrderNotesByOrderId/1001", displayToCustomer="true")

    assert [row["note"] for row in shown] == ["M3: 0000001234"] * 2
    assert next(row["note"] for row in backend.get("OrderNote/GetOrderNotesByOrderId/1001")) == "Order placed"


# -- writes


def test_an_update_replaces_the_whole_row(backend):
    address = backend.get("Address/GetById/11")

    changed = backend.http.put("Address/Update", json={"id": 11, "city": "Bonn"})

    assert (changed.status_code, changed.content) == (200, b"")
    assert backend.get("Address/GetById/11") == {
        **dict.fromkeys(address), "id": 11, "city": "Bonn", "created_on_utc": "0001-01-01T00:00:00",
    }  # fmt: skip


def test_an_update_of_an_unknown_row_is_not_found(backend):
    answer = backend.http.put("Customer/Update", json={"id": 999, "email": "x@example.com"})

    assert (answer.status_code, answer.json()) == (404, "Customer Id=999 not found")


def test_an_insertion_draws_the_id_and_shows_its_times_with_a_zone(backend):
    made = backend.http.post(
        "Customer/Create",
        json={"id": 5, "email": "new@example.com", "created_on_utc": "2026-11-23T08:59:58.5Z"},
    ).json()

    assert made["id"] == 16
    assert made["created_on_utc"] == "2026-11-23T08:59:58.5000000Z"
    assert backend.get("Customer/GetById/16")["created_on_utc"] == "2026-11-23T08:59:58.5"


def test_an_insertion_without_a_creation_time_gets_the_year_one(backend):
    backend.http.post("Address/Create", json={"city": "Visby"})

    assert backend.get("Address/GetById/40")["created_on_utc"] == "0001-01-01T00:00:00"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"id": "one"}', b'{"quantity": 1.5}', b'{"quantity": null}']
)
def test_a_body_that_does_not_fit_is_a_problem(backend, body):
    answer = backend.http.post("OrderItem/Create", content=body)

    assert (answer.status_code, answer.json()["status"]) == (400, 400)


def test_what_an_update_does_not_know_is_ignored(backend):
    assert backend.http.put("Address/Update", json={"id": 11, "planet": "Earth"}).status_code == 200


# -- verbs


def test_an_order_is_marked_as_paid_once(backend):
    assert backend.get("OrderProcessing/CanMarkOrderAsPaid/1003") is True

    answer = backend.http.get("OrderProcessing/MarkOrderAsPaid/1003")

    assert (answer.status_code, answer.content) == (200, b"")
    order = backend.get("Order/GetById/1003")
    assert (order["payment_status_id"], order["order_status_id"]) == (PAID, 20)
    assert order["paid_date_utc"] == "2026-11-23T09:00:00.0000007"
    assert backend.get("OrderProcessing/CanMarkOrderAsPaid/1003") is False
    assert backend.status("OrderProcessing/MarkOrderAsPaid/1003")[0] == 500


def test_an_order_is_cancelled_and_its_goods_go_back(backend):
    line = backend.get("OrderItem/GetOrderItems/1003")[0]
    before = backend.get(f"Product/GetById/{line['product_id']}")["stock_quantity"]

    backend.http.get("OrderProcessing/CancelOrder/1003", params={"notifyCustomer": "false"})

    assert backend.get("Order/GetById/1003")["order_status_id"] == 40
    assert backend.get(f"Product/GetById/{line['product_id']}")["stock_quantity"] == before + 1
    assert backend.get("OrderProcessing/CanCancelOrder/1003") is False


def test_a_refund_through_the_payment_method_answers_what_went_wrong(backend):
    assert backend.get("OrderProcessing/Refund/1002") == ["Error: the payment method does not support it."]
    assert backend.get("OrderProcessing/Refund/1001") == []
    assert backend.get("OrderProcessing/Refund/1001") == ["Error: cannot do that to this order."]

    order = backend.get("Order/GetById/1001")
    assert (order["payment_status_id"], order["refunded_amount"]) == (40, order["order_total"])


def test_a_repeated_partial_refund_refunds_twice(backend):
    for _ in range(2):
        assert (
            backend.http.get("OrderProcessing/PartiallyRefundOffline/1002?amountToRefund=10.50").status_code
            == 200
        )

    order = backend.get("Order/GetById/1002")
    assert (order["payment_status_id"], order["refunded_amount"]) == (35, Decimal("21.0000"))
    assert backend.get("OrderProcessing/CanPartiallyRefundOffline/1002", amountToRefund="9999") is False
    assert backend.status("OrderProcessing/PartiallyRefundOffline/1002?amountToRefund=9999")[0] == 500
    assert backend.status("OrderProcessing/PartiallyRefundOffline/1002?amountToRefund=much")[0] == 400


def test_can_capture_asks_the_rule_for_authorizing(backend):
    assert backend.get("OrderProcessing/CanCapture/1003") is True
    backend.http.get("OrderProcessing/MarkAsAuthorized/1003")
    assert backend.get("OrderProcessing/CanCapture/1003") is False
    assert backend.get("OrderProcessing/CanVoidOffline/1003") is True
    assert backend.get("OrderProcessing/CanVoid/1003") is False
    backend.http.get("OrderProcessing/VoidOffline/1003")
    assert backend.get("Order/GetById/1003")["payment_status_id"] == 50


def test_a_payment_method_that_can_captures_and_refunds_parts(backend):
    placed = shop.place_order(
        backend.world,
        {
            "lines": [{"sku": "COMPASS"}],
            "payment_status": "authorized",
            "payment_method": "Payments.PayPalCommerce",
        },
    )

    assert backend.get(f"OrderProcessing/Capture/{placed['id']}") == []
    assert backend.get(f"OrderProcessing/PartiallyRefund/{placed['id']}", amountToRefund="1") == []
    assert backend.get(f"OrderProcessing/Void/{placed['id']}") == ["Error: cannot do that to this order."]
    order = backend.get(f"Order/GetById/{placed['id']}")
    assert (order["payment_status_id"], order["refunded_amount"]) == (35, Decimal("1.0000"))


def test_a_paid_order_that_was_delivered_is_complete_once_somebody_checks(backend):
    orders = backend.world.books.table("shop.orders")
    orders["1001"] = orders["1001"] | {"shipping_status_id": 40}

    assert backend.http.get("OrderProcessing/CheckOrderStatus/1001").status_code == 200

    assert backend.get("Order/GetById/1001")["order_status_id"] == 30


def test_a_note_is_deleted_for_good(backend):
    (note,) = backend.get("OrderNote/GetOrderNotesByOrderId/1001")

    assert backend.http.delete(f"OrderNote/Delete/{note['id']}").status_code == 200
    assert backend.status(f"OrderNote/GetById/{note['id']}")[0] == 404


def test_a_deletion_by_the_shop_marks_the_order(backend):
    assert backend.http.delete("OrderProcessing/DeleteOrder/1002").status_code == 200
    assert backend.get("Order/GetById/1002")["deleted"] is True


# -- customers


def test_customers_are_listed_newest_first_with_guests_and_system_accounts(seeded):
    page = seeded.get("Customer/GetAll", pageSize=4)
    everybody = seeded.get("Customer/GetAll")

    assert [row["id"] for row in page["items"]] == [15, 14, 13, 12]
    assert page["total_count"] == 15
    assert [row["system_name"] for row in everybody["items"] if row["is_system_account"]] == [
        "BackgroundTask",
        "SearchEngine",
    ]


def test_customers_are_filtered_by_role_and_text(seeded):
    registered = seeded.get("Customer/GetAll", customerRoleIds="3", createdFromUtc="2025-01-01T00:00:00Z")
    wholesale = seeded.get("Customer/GetAll", customerRoleIds="7;x")

    assert registered["total_count"] == 8
    assert [row["company"] for row in wholesale["items"]] == [
        "Exempel & Söner Bygghandel AB", "Muster Maschinenbau Vertriebsgesellschaft mbH & Co. KG",
    ]  # fmt: skip
    assert seeded.get("Customer/GetAll", email="erika")["total_count"] == 1
    assert seeded.get("Customer/GetAll", createdToUtc="2024-03-01T08:00:00Z")["total_count"] == 4
    assert seeded.get("Customer/GetAll", affiliateId=1)["total_count"] == 0


def test_a_customer_is_found_in_many_ways(seeded):
    erika = seeded.get("Customer/GetCustomerByEmail", email="erika@example.com")

    assert seeded.get("Customer/GetCustomerByGuid", guid=erika["customer_guid"]) == erika
    assert seeded.get("Customer/GetCustomerByUsername", username="erika@example.com") == erika
    assert seeded.get(f"Customer/GetCustomersByIds/99;{erika['id']}") == [erika]
    assert seeded.get(f"Customer/GetCustomerFullName/{erika['id']}") == "Erika Mustermann"
    assert seeded.status("Customer/GetCustomerByEmail?email=nobody@example.com")[0] == 404


def test_a_customer_has_addresses_and_roles(seeded):
    book = seeded.get("Customer/GetAddressesByCustomerId/5")

    assert [row["city"] for row in book] == ["Köln"]
    assert seeded.get("Customer/GetCustomerBillingAddress/5") == book[0]
    assert seeded.get("Customer/GetCustomerShippingAddress/5") == book[0]
    assert seeded.status("Customer/GetCustomerBillingAddress/1")[0] == 404
    assert seeded.get("CustomerRole/GetCustomerRoleIds/5") == [3]
    assert [row["system_name"] for row in seeded.get("CustomerRole/GetCustomerRoles/11")] == [
        "Registered",
        "Wholesale",
    ]
    assert seeded.get("CustomerRole/IsGuest/13") is True
    assert seeded.get("CustomerRole/GetAll")["total_count"] == 7


def test_an_address_and_a_role_are_given_to_a_customer(backend):
    assert backend.http.get("Customer/InsertCustomerAddress/5/1").status_code == 200
    mapping = {"customer_id": 5, "customer_role_id": 7}
    assert backend.http.post("CustomerRole/AddCustomerRoleMapping", json=mapping).status_code == 200

    assert len(backend.get("Customer/GetAddressesByCustomerId/5")) == 2
    assert backend.get("CustomerRole/GetCustomerRoleIds/5") == [3, 7]


def test_a_deleted_customer_is_only_marked(backend):
    backend.http.delete("Customer/Delete/5")

    assert backend.get("Customer/GetById/5")["deleted"] is True
    assert backend.get("Customer/GetCustomersByIds/5") == []


# -- places, stores, goods


def test_countries_that_are_not_published_come_only_when_asked_for(seeded):
    shown = seeded.get("Country/GetAllCountries")
    everything = seeded.get("Country/GetAllCountries", showHidden="true")

    assert len(everything) == len(shown) + 1
    sweden = next(row for row in shown if row["two_letter_iso_code"] == "SE")
    assert (sweden["three_letter_iso_code"], sweden["numeric_iso_code"]) == ("SWE", 752)
    assert seeded.get("StateProvince/GetAll", showHidden="true")[0]["abbreviation"] == "NY"


def test_stores_warehouses_and_money_are_listed(seeded):
    assert [row["id"] for row in seeded.get("Store/GetAll")] == [1, 2]
    assert [row["name"] for row in seeded.get("Warehouse/GetAll", name="central")] == ["Central warehouse"]
    assert [row["currency_code"] for row in seeded.get("Currency/GetAll")["items"]] == ["EUR", "SEK", "USD"]
    assert len(seeded.get("TaxCategory/GetAll")) == 1
    assert len(seeded.get("Language/GetAll")) == 3
    assert [row["id"] for row in seeded.get("Discount/GetAll", couponCode="WELCOME10")] == [1]


def test_products_are_found_by_sku_but_variants_are_not(seeded):
    both = seeded.get("Product/GetProductsBySku", skuArray="PILLOW;COMPASS;none")

    assert {row["sku"] for row in both} == {"PILLOW", "COMPASS"}
    assert seeded.status("Product/GetProductBySku?sku=BOOT-43")[0] == 404
    assert seeded.get("ProductAttributeCombination/GetBySku", sku="BOOT-43")["stock_quantity"] == 39
    assert seeded.status("ProductAttributeCombination/GetBySku?sku=BOOT-99")[0] == 404


def test_products_are_listed_by_position_and_hidden_ones_only_when_asked_for(backend):
    product = backend.get("Product/GetById/1")
    backend.http.put(
        "Product/Update", json=json.loads(json.dumps({**product, "published": False}, default=float))
    )

    assert backend.get("Product/GetAll", pageSize=1)["items"][0]["id"] == 2
    assert backend.get("Product/GetAll", pageSize=1, showHidden="true")["items"][0]["id"] == 1
    assert backend.get("Product/GetAll", keywords="pillow", searchSku="true")["total_count"] == 1


def test_stock_in_warehouses_and_of_variants_is_listed(seeded):
    mat = seeded.get("Product/GetProductBySku", sku="MAT-AIR")
    boot = seeded.get("Product/GetProductBySku", sku="BOOT")

    rows = seeded.get(f"ProductWarehouse/GetAllProductWarehouseInventoryRecords/{mat['id']}")
    variants = seeded.get(f"ProductAttributeCombination/GetAll/{boot['id']}")

    assert [(row["warehouse_id"], row["stock_quantity"]) for row in rows] == [(1, 60), (2, 4)]
    assert [row["sku"] for row in variants] == ["BOOT-42", "BOOT-43", "BOOT-44"]


# -- scripted faults


def test_a_late_record_is_in_no_list_until_it_is_there(backend):
    backend.world.faults.add(Fault(kind="late_records", system="shop", count=1, times=2))

    assert backend.get("Order/Search", pageSize=1)["items"][0]["id"] == 1012
    assert [row["id"] for row in backend.get("Order/GetByIds/1012;1013")] == [1012]
    assert [row["id"] for row in backend.get("Order/GetByIds/1012;1013")] == [1012, 1013]


def test_a_record_may_come_twice(backend):
    backend.world.faults.add(Fault(kind="duplicate_records", system="shop", count=1))

    assert [row["id"] for row in backend.get("Order/Search", pageSize=2)["items"]] == [1013, 1013, 1012]


def test_a_page_may_begin_where_the_list_has_moved_to(backend):
    def second_page(drift):
        backend.world.faults.add(Fault(kind="drifting_pages", system="shop", count=drift))
        return [row["id"] for row in backend.get("Order/Search", pageIndex=1, pageSize=2)["items"]]

    assert (second_page(0), second_page(-1), second_page(1)) == ([1011, 1010], [1012, 1011], [1010, 1009])


def test_a_write_may_land_after_its_connection_died(backend):
    backend.world.faults.add(
        Fault(kind="late_effect", system="shop", operation="*/GenericAttribute/SaveAttribute/*", seconds=5)
    )
    key = {"entityTypeName": "Order", "key": "M3OrderNumber", "value": "0000001234"}

    with pytest.raises(httpx.TransportError):
        backend.http.post("GenericAttribute/SaveAttribute/0/1001", params=key)

    assert backend.get("GenericAttribute/GetAttributesForEntity/1001", keyGroup="Order") == []
    backend.world.clock.advance(6)
    assert len(backend.get("GenericAttribute/GetAttributesForEntity/1001", keyGroup="Order")) == 1
