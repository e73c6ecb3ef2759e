"""Products as a source, in both dialects, over live HTTP."""

from __future__ import annotations

from decimal import Decimal

import pytest

from m3nop.core.clock import parse_instant
from m3nop.core.errors import SourceError
from tests.contract.connectors.nopcommerce.shop_calls import edit, product, table

DIALECTS = pytest.mark.parametrize("dialect", ["official", "oss"])


@DIALECTS
def test_every_product_comes_once_by_its_id(sandbox, world, read, dialect):
    edit(world, "products", 3, deleted=True)
    edit(world, "products", 4, published=False, display_order=999)
    records = read(sandbox.shop_url, dialect, resource="products", page_size=7, ids_per_request=5)
    assert [record["id"] for record in records] == [
        row["id"] for row in table(world, "products").values() if not row["deleted"]
    ]
    by_sku = {record["sku"]: record for record in records}
    assert by_sku["TENT-2P"]["price"] == Decimal("149.5")
    assert by_sku["TENT-2P"]["manage_inventory_method"] == "manage_stock"
    assert [part["sku"] for part in by_sku["BOOT"]["variants"]] == ["BOOT-42", "BOOT-43", "BOOT-44"]
    assert [part["warehouse_id"] for part in by_sku["MAT-AIR"]["warehouses"]] == [1, 2]
    assert by_sku["TENT-2P"]["variants"] == by_sku["TENT-2P"]["warehouses"] == []


@DIALECTS
def test_what_nobody_uses_is_not_read(sandbox, sent, read, dialect):
    records = read(sandbox.shop_url, dialect, resource="products", wanted=frozenset({"sku", "price"}))
    assert "variants" not in records[0]
    assert not [path for path in sent() if "Combination" in path or "nventor" in path]


@DIALECTS
def test_reading_goes_on_behind_the_watermark(sandbox, world, connect, stores, dialect):
    source = connect(sandbox.shop_url, dialect).source("products", stores=stores, wanted=frozenset({"sku"}))
    assert source.partitions() == [""]
    last = max(row["id"] for row in table(world, "products").values())
    (page,) = source.pages("", f'{{"id":{last - 2}}}')
    assert [record["id"] for record in page.records] == [last - 1, last]
    assert (page.watermark, page.missing) == (f'{{"id":{last}}}', ())
    assert list(source.pages("", page.watermark)) == []
    assert [record["id"] for record in source.fetch(["2", "4711", "x"])] == [2]
    assert source.count("", 0, 1) is None


@DIALECTS
def test_a_watermark_lies_before_what_was_made_since(sandbox, world, connect, stores, dialect):
    source = connect(sandbox.shop_url, dialect).source("products", stores=stores, wanted=frozenset())
    number = product(world, "LAMP-HEAD")["id"]
    edit(world, "products", number, created_on_utc="2026-11-01T00:00:00")
    assert source.watermark_at("", parse_instant("2026-10-01T00:00:00Z")) == f'{{"id":{number - 1}}}'
    last = max(row["id"] for row in table(world, "products").values())
    assert source.watermark_at("", parse_instant("2027-01-01T00:00:00Z")) == f'{{"id":{last}}}'


@pytest.mark.parametrize("path", ["/api/products"])
def test_a_cursor_that_the_shop_ignores_stops_the_pass(scripted, connect, stores, path):
    scripted.on("GET", path, {"products": [{"id": 3, "created_on_utc": "2026-01-01T00:00:00"}]})
    source = connect(scripted.url, "oss", credentials={"token": "t"}).source(
        "products", stores=stores, wanted=frozenset()
    )
    with pytest.raises(SourceError, match="product 3, which is not after 5"):
        list(source.pages("", '{"id":5}'))
