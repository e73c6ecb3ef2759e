from __future__ import annotations

from decimal import Decimal

import pytest

from m3nop.connectors.nopcommerce import records
from m3nop.connectors.nopcommerce.official_records import role_word
from m3nop.connectors.nopcommerce.shape import ADDRESS_FIELDS, CUSTOMER_FIELDS, ITEM_FIELDS, ORDER_FIELDS
from m3nop.connectors.nopcommerce.variants import variant_sku
from m3nop.connectors.nopcommerce.wanted import EVERYTHING, Wanted
from m3nop.core.errors import SourceError

HEADER = {"id": 1042, "store_id": 2, "created_on_utc": "2026-11-20T10:11:12.1234567"}


def order(**columns):
    return records.order({**HEADER, **columns}, {}, wanted=EVERYTHING)


@pytest.mark.parametrize(
    ("shop", "text"),
    [
        ("2026-11-20T10:11:12.1234567", "2026-11-20T10:11:12.123456Z"),
        ("2026-11-20T10:11:12.1234567Z", "2026-11-20T10:11:12.123456Z"),
        ("2026-11-20T10:11:12", "2026-11-20T10:11:12.000000Z"),
        ("2016-09-30T08:56:13.85", "2016-09-30T08:56:13.850000Z"),
        ("2026-11-20T11:11:12+01:00", "2026-11-20T10:11:12.000000Z"),
        ("0001-01-01T00:00:00", "0001-01-01T00:00:00.000000Z"),
    ],
)
def test_a_time_without_a_zone_is_utc_and_cut_to_microseconds(shop, text):
    assert order(created_on_utc=shop)["created_on_utc"] == text


@pytest.mark.parametrize("wrong", [None, "", "yesterday", 20261120, "0001-01-01T00:00:00+05:00"])
def test_an_order_without_a_creation_stops_the_source(wrong):
    with pytest.raises(SourceError, match="order 1042: `created_on_utc` is no time"):
        order(created_on_utc=wrong)


@pytest.mark.parametrize("wrong", [None, "1042", 0, -1, True])
def test_an_order_without_an_id_stops_the_source(wrong):
    with pytest.raises(SourceError, match="no id"):
        order(id=wrong)


def test_other_times_that_cannot_be_read_stay_as_they_are():
    assert order(paid_date_utc="soon")["paid_date_utc"] == "soon"


@pytest.mark.parametrize(
    ("value", "word"),
    [(30, "paid"), (35, "partially_refunded"), ("Paid", "paid"), ("PartiallyRefunded", "partially_refunded"),
     (12, "status_12"), ("12", "status_12"), (-1, "status_-1"), (None, None), ("", None)],
)  # fmt: skip
def test_a_payment_status_is_a_word(value, word):
    name = "payment_status_id" if isinstance(value, int) else "payment_status"
    assert order(**{name: value})["payment_status"] == word


def test_shipping_statuses_are_words_too():
    assert order(shipping_status_id=10)["shipping_status"] == "shipping_not_required"
    assert order(shipping_status="NotYetShipped")["shipping_status"] == "not_yet_shipped"
    assert order(customer_tax_display_type_id=10)["customer_tax_display_type"] == "excluding_tax"


def test_numbers_of_statuses_do_not_come_through():
    assert not {"order_status_id", "payment_status_id", "shipping_status_id"} & set(order(order_status_id=10))


def test_whole_amounts_are_decimals_as_well():
    record = order(
        order_total=53, refunded_amount=0, currency_rate=1, order_shipping_incl_tax=Decimal("12.50")
    )
    amounts = [
        record[name]
        for name in ("order_total", "refunded_amount", "currency_rate", "order_shipping_incl_tax")
    ]
    assert amounts == [Decimal(53), Decimal(0), Decimal(1), Decimal("12.50")]
    assert all(isinstance(amount, Decimal) for amount in amounts)


def test_what_the_api_sends_besides_passes_through():
    assert order(affiliate_code="x", color={"a": 1})["color"] == {"a": 1}


def test_every_field_is_there_even_where_the_shop_sends_less():
    assert set(ORDER_FIELDS) <= set(order())
    (line,) = records.items([{"id": 1}], {}, {})
    assert set(line) == set(ITEM_FIELDS)
    assert set(records.address({"id": 1}, {}, {})) == set(ADDRESS_FIELDS)
    customer = records.customer({"id": 1, "created_on_utc": "2026-01-01"}, {}, wanted=EVERYTHING)
    assert set(customer) == set(CUSTOMER_FIELDS)


def test_card_fields_are_dropped_at_any_depth_and_in_any_spelling():
    record = order(
        card_number="4111", CardCvv2="1", extra={"masked-credit-card-number": "x", "kept": 1}, gift_card=1
    )
    assert record["extra"] == {"kept": 1}
    assert record["gift_card"] == 1
    assert not {"card_number", "CardCvv2"} & set(record)


def test_passwords_never_come_through_even_if_named():
    wanted = Wanted(frozenset({"password", "last_ip_address"}))
    raw = {"id": 1, "created_on_utc": "2026-01-01", "password": "p", "last_ip_address": "192.0.2.1"}
    record = records.customer(raw, {}, wanted=wanted)
    assert "password" not in record
    assert record["last_ip_address"] == "192.0.2.1"


def test_lines_are_in_the_order_of_their_ids():
    lines = records.items(
        [{"id": 9, "product_id": 1}, {"id": 3, "product_id": 2}], {1: {"sku": "A"}}, {3: "B-1"}
    )
    assert [(line["id"], line["position"], line["sku"]) for line in lines] == [(3, 1, "B-1"), (9, 2, "A")]


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("25:49.8200;   ", [("25", "49.8200")]),
        ("0:0;", [("0", "0")]),
        ("6:1.20;12:3.40;", [("6", "1.20"), ("12", "3.40")]),
        (None, []),
        ("", []),
        ("rubbish;1;x:y;NaN:1", []),
    ],
)
def test_tax_rates_are_read_as_pairs(text, pairs):
    assert records.taxes(text) == [{"rate": Decimal(rate), "amount": Decimal(tax)} for rate, tax in pairs]


def test_a_role_is_named_by_its_system_name_or_what_the_shop_calls_it():
    assert role_word({"system_name": "ForumModerators"}) == "forummoderators"
    assert role_word({"system_name": None, "name": "B2B Gold"}) == "b2b_gold"


COMBINATION = '<Attributes><ProductAttribute ID="7"><ProductAttributeValue><Value>12</Value></ProductAttributeValue></ProductAttribute></Attributes>'  # fmt: skip


@pytest.mark.parametrize(
    ("chosen", "method", "sku"),
    [
        ([{"id": 7, "value": "12"}], 2, "BOOT-43"),
        ([{"id": 7, "value": "12"}, {"id": 9, "value": "Engraved"}], 2, "BOOT-43"),
        ([{"id": 7, "value": "13"}], 2, None),
        ([{"id": 7, "value": "12"}], 1, None),
        (None, 2, None),
    ],
)
def test_a_variant_is_found_by_what_was_chosen(chosen, method, sku):
    product = {
        "manage_inventory_method_id": method,
        "product_attribute_combinations": [
            {"attributes_xml": COMBINATION, "sku": "BOOT-43"},
            {"attributes_xml": None, "sku": "WRONG"},
        ],
    }
    assert variant_sku({"product_attributes": chosen}, product) == sku


@pytest.mark.parametrize(
    ("paths", "path", "wanted"),
    [
        (None, "items.sku", True),
        ({"items.sku"}, "items", True),
        ({"items"}, "items.sku", True),
        ({"items.quantity"}, "items.sku", False),
        ({"customer.email"}, "customer.billing_address", False),
        ({"items_total"}, "items", False),
        (set(), "items", False),
    ],
)
def test_a_part_is_wanted_if_anything_in_it_or_around_it_is(paths, path, wanted):
    assert Wanted(None if paths is None else frozenset(paths)).has(path) is wanted


def test_what_is_wanted_of_a_part_is_what_is_wanted_below_it():
    assert Wanted(frozenset({"customer.email", "id"})).under("customer").paths == frozenset({"email"})
    assert Wanted(frozenset({"customer"})).under("customer").paths is None
    assert Wanted(None).under("customer").paths is None


@pytest.mark.parametrize("status", ["\u00b2", "--5", "-", "9" * 5000])
def test_a_status_that_is_nearly_a_number_is_a_word(status):
    assert records.word(status, {5: "five"}) == status
