from __future__ import annotations

from decimal import Decimal

import pytest

from m3nop.core.clock import parse_instant
from m3nop.sandbox.shop import entities, pricing
from m3nop.sandbox.shop.moments import bound, normalised, shop_time
from m3nop.sandbox.shop.statuses import OrderStatus, PaymentStatus, ShippingStatus
from m3nop.sandbox.shop.variants import attributes_xml, choice, same_choice


@pytest.mark.parametrize(
    ("text", "digit", "shown"),
    [
        ("2026-11-23T09:00:00Z", 0, "2026-11-23T09:00:00"),
        ("2026-11-23T09:00:00Z", 7, "2026-11-23T09:00:00.0000007"),
        ("2026-11-23T09:00:00.25Z", 0, "2026-11-23T09:00:00.25"),
        ("2026-11-23T10:00:00.123456+01:00", 7, "2026-11-23T09:00:00.1234567"),
    ],
)
def test_a_time_is_written_without_zone_and_without_trailing_zeros(text, digit, shown):
    assert shop_time(parse_instant(text), digit=digit) == shown


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2026-11-23T09:00:00.1234567Z", "2026-11-23T09:00:00.1234567"),
        ("2026-11-23T09:00:00.5000000", "2026-11-23T09:00:00.5"),
        ("2026-11-23T00:30:00+02:00", "2026-11-22T22:30:00"),
        ("2026-11-23T22:30:00-02:00", "2026-11-24T00:30:00"),
        ("2026-11", "2026-11-01T00:00:00"),
    ],
)
def test_a_time_is_read_to_the_last_digit(text, stored):
    assert normalised(text) == stored


@pytest.mark.parametrize(
    "text", ["", "today", "2026-13-01", "2026-02-30", "2026-11-23 09:00", "2026-11-23T09:00Z", "26"]
)
def test_what_is_no_time_is_refused(text):
    assert bound(text) is None
    with pytest.raises(ValueError, match="is not a time"):
        normalised(text)


def test_a_bound_without_a_zone_can_be_the_servers_local_time():
    assert bound("2026-11-23T09:00:00", local=True) == "2026-11-23T08:00:00"
    assert bound("2026-11-23T09:00:00Z", local=True) == "2026-11-23T09:00:00"


def test_stored_times_sort_as_they_passed():
    texts = [
        "2026-11-23T09:00:00.1234567",
        "2026-11-23T09:00:00.12",
        "2026-11-23T09:00:00",
        "2026-11-23T09:00:01",
    ]

    assert sorted(texts) == [texts[2], texts[1], texts[0], texts[3]]


def test_a_status_has_a_word_and_an_unknown_number_has_none():
    assert ShippingStatus.shown(10) == "ShippingNotRequired"
    assert PaymentStatus.shown(35) == "PartiallyRefunded"
    assert OrderStatus.shown(12) == 12
    assert PaymentStatus.named("partiallyrefunded") == 35
    assert OrderStatus.named("12") is None


def test_a_row_has_every_column_with_its_default():
    row = entities.INVENTORY.row(product_id=4)

    assert row == {"id": 0, "product_id": 4, "warehouse_id": 0, "stock_quantity": 0, "reserved_quantity": 0}
    assert entities.ORDER.blank()["created_on_utc"] == "0001-01-01T00:00:00"
    assert entities.ORDER.blank()["order_total"].as_tuple().exponent == -4


def test_a_row_takes_no_unknown_column_and_no_value_that_does_not_fit():
    with pytest.raises(KeyError):
        entities.INVENTORY.row(shelf=1)
    with pytest.raises(ValueError, match="product_id: 'one' does not fit"):
        entities.INVENTORY.row(product_id="one")
    with pytest.raises(ValueError, match="product_id: the column cannot be null"):
        entities.INVENTORY.row(product_id=None)


def test_a_body_is_read_column_by_column():
    values, errors = entities.ORDER_ITEM.read(
        {"quantity": True, "price_excl_tax": 3, "item_weight": None, "attributes_xml": "x", "colour": "red"}
    )

    assert values == {"price_excl_tax": Decimal("3.0000"), "item_weight": None, "attributes_xml": "x"}
    assert list(errors) == ["$.quantity"]


def test_a_choice_of_attributes_survives_its_text():
    text = attributes_xml({7: 12, 8: 3})

    assert choice(text) == [(7, "12"), (8, "3")]
    assert same_choice(text, attributes_xml({8: 3, 7: 12}))
    assert not same_choice(text, attributes_xml({7: 12}))
    assert choice(None) == []


def test_totals_add_up_with_and_without_tax():
    rate = Decimal(25)
    lines = [
        pricing.line(unit=Decimal("149.50"), list_price=Decimal("149.50"), quantity=1, rate=rate),
        pricing.line(unit=Decimal("17.91"), list_price=Decimal("19.90"), quantity=2, rate=rate),
    ]
    charges = pricing.Charges(
        rate=rate,
        shipping=Decimal("9.90"),
        fee=Decimal("2.50"),
        subtotal_discount=Decimal(5),
        total_discount=Decimal(10),
    )

    order = pricing.totals(lines, charges)

    assert lines[1]["discount_amount_excl_tax"] == Decimal("3.98")
    assert order["order_subtotal_excl_tax"] == Decimal("185.32")
    net = Decimal("185.32") - 5 + Decimal("9.90") + Decimal("2.50")
    assert order["order_total"] == net + order["order_tax"] - 10
    assert order["tax_rates"] == f"25:{order['order_tax']};   "
    assert pricing.Charges.of(order) == charges
