from __future__ import annotations

from decimal import Decimal

from m3nop.sandbox.catalogue import COUNTRIES, ITEMS, STORES, UNKNOWN_SKU


def test_the_goods_are_what_the_doubles_need():
    numbers = [item.item_number for item in ITEMS]

    assert len(set(numbers)) == len(ITEMS) >= 40
    assert [item.sku for item in ITEMS if item.item_number != item.sku] == ["BOTTLE-1L"]
    assert UNKNOWN_SKU not in numbers
    assert all(Decimal(item.price) > 0 for item in ITEMS)
    assert any(not item.name.isascii() for item in ITEMS)
    assert max(len(number) for number in numbers) <= 15


def test_stores_and_countries_are_told_apart():
    assert [(store.id, store.code) for store in STORES] == [(1, "b2c"), (2, "b2b")]
    assert len({country.code for country in COUNTRIES}) == len(COUNTRIES)
