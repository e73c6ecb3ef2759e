"""Real records as fixtures with tests, and a mapping tried by hand."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from m3nop.app import wire
from m3nop.core import json
from m3nop.core.errors import UsageError
from tests.end_to_end.shops import NewProject, make, typed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> NewProject:
    """A new project with its sandbox."""
    return make(tmp_path_factory.mktemp("captured"))


def test_a_captured_record_is_scrubbed_and_its_test_passes_without_a_network(shop, tmp_path: Path):
    ended = shop.run("capture", "orders", "--key", "1005")
    assert ended.code == 0, ended.err
    fixture, test = ended.out.split()
    assert fixture.endswith("tests/fixtures/orders_1005.json")
    text = (shop.folder / "tests" / "fixtures" / "orders_1005.json").read_text(encoding="utf-8")
    assert "Fulano" not in text
    assert json.loads(text)["order_total"] > 0

    away = tmp_path / "away"
    shutil.copytree(shop.folder, away, ignore=shutil.ignore_patterns(".m3nop"))
    outside = NewProject(away, tmp_path / "scratch")
    assert outside.run("test", "tests/orders_1005.yaml").code == 0
    assert not (away / ".m3nop" / "sandbox").exists()
    assert outside.run("validate").code == 0
    outside.change("CUPO: position", "CUPO: multiply(position, `10`)", file="pipelines/orders.yaml")
    assert outside.run("test", "tests/orders_1005.yaml").code == 1
    del test


def test_answers_of_reads_are_kept_with_the_record(shop):
    shop.change("item_by: sku ", "item_by: alias ")
    try:
        document = shop.read("capture", "orders", "--key", "1001", "--name", "with_aliases")
        assert document["reads"] == 2
        text = (shop.folder / "tests" / "with_aliases.yaml").read_text(encoding="utf-8")
        assert "aliases/2001:" in text
        assert shop.run("test", "tests/with_aliases.yaml").code == 0
    finally:
        shop.change("item_by: alias ", "item_by: sku ")
        (shop.folder / "tests" / "with_aliases.yaml").unlink()


def test_files_are_replaced_only_when_asked_and_names_are_checked(shop):
    assert shop.run("capture", "customers", "--key", "5", "--no-scrub").code == 0
    assert "Erika" in (shop.folder / "tests" / "fixtures" / "customers_5.json").read_text(encoding="utf-8")
    again = shop.run("capture", "customers", "--key", "5")
    assert (again.code, "is there already" in again.err) == (2, True)
    assert shop.run("capture", "customers", "--key", "5", "--overwrite").code == 0
    assert "cannot name a file" in shop.run("capture", "customers", "--key", "5", "--name", "../x").err
    assert "the shop has no orders 99999" in shop.run("capture", "orders", "--key", "99999").err


def test_a_fixture_is_mapped_offline_with_the_place_of_each_rule(shop):
    ended = shop.run("map", "orders", "--fixture", "tests/fixtures/order_1001.json")

    assert ended.code == 0, ended.err
    assert (
        "TEPY = 000    <- vars.payment -> lookup payment_methods.TEPY  (pipelines/orders.yaml:" in ended.out
    )
    assert "CUNM = Erika Mustermann    <- vars.lines[0]  (m3nop.yaml:" in ended.out
    document = shop.read("map", "orders", "--fixture", "tests/fixtures/order_1001.json")
    head = next(call for call in document["calls"] if call["step"] == "head")
    assert head["from"]["ORDT"] == "m3_date(order.created_on_utc)"
    assert head["at"]["ORDT"].startswith("pipelines/orders.yaml:")


def test_a_prompt_gives_the_value_of_any_expression_until_the_input_ends(shop):
    lines = "order.payment_method\nnope.x\nupper(\nhelp\nnames\nvars\nsteps\n\norder.items[].sku\n"
    ended = typed(
        "map",
        "orders",
        "--fixture",
        "tests/fixtures/order_1001.json",
        "--prompt",
        folder=shop.folder,
        text=lines,
    )

    assert ended.returncode == 0
    assert "Payments.PayPalCommerce\n" in ended.stdout
    assert "Ctrl-D ends it." in ended.stdout
    assert "environment, link, order, reference" in ended.stdout
    assert '"MAT-FOAM"\n]\n' in ended.stdout
    assert "there is no name 'nope'" in ended.stderr
    assert "--expr, character" in ended.stderr
    silent = typed(
        "map", "orders", "--fixture", "tests/fixtures/order_1001.json", folder=shop.folder, text="x\n"
    )
    assert "type an expression" not in silent.stderr


@pytest.mark.parametrize("dialect", ["official", "oss"])
def test_a_whole_exchange_is_kept_and_played_again_without_a_network(shop, tmp_path: Path, dialect):
    name = f"wire_{dialect}"
    ended = shop.run("capture", "orders", "--key", "1001", "--wire", "--name", name, SHOP_DIALECT=dialect)
    assert ended.code == 0, ended.err
    text = (shop.folder / "tests" / "wire" / f"{name}.yaml").read_text(encoding="utf-8")
    for gone in ("Mustermann", "erika@", "Bearer", "access_token", "Basic "):
        assert gone not in text, gone
    assert "http://127.0.0.1:9/shop/" in text

    away = tmp_path / "away"
    shutil.copytree(shop.folder, away, ignore=shutil.ignore_patterns(".m3nop"))
    outside = NewProject(away, tmp_path / "scratch")
    assert outside.run("test", f"tests/{name}.yaml", SHOP_DIALECT=dialect).code == 0
    assert not (away / ".m3nop" / "sandbox").exists()
    outside.change('key: "1001"', 'key: "1002"', file=f"tests/{name}.yaml")
    other = outside.run("test", f"tests/{name}.yaml", SHOP_DIALECT=dialect)
    assert other.code == 1
    assert "has no answer to what is asked now; capture it again" in other.out
    (away / "tests" / "wire" / f"{name}.yaml").unlink()
    assert "missing-file" in outside.run("validate").err + outside.run("validate").out
    (shop.folder / "tests" / f"{name}.yaml").unlink()


def test_the_wire_says_what_it_needs(monkeypatch, tmp_path: Path):
    monkeypatch.setitem(sys.modules, "vcr", None)
    with pytest.raises(UsageError, match="needs the extra `capture`"), wire.replaying(None, tmp_path, now=0):
        pass


ITEMS = """\
pipeline: items
source:
  read: erp/MMS200MI/LstItmByChgDate
  fields: {FLMD: "m3_date(coalesce(watermark, '2020-01-01'))"}
  as: m3_item
  watermark: {by: LMDT}
  filter: m3_item.STAT == '20'
key: m3_item.ITNO
steps:
  - {id: price, read: erp/OIS320MI/GetPriceLine, fields: {CUNO: {value: W1}, ITNO: m3_item.ITNO}, outputs: [SAPR]}
  - id: product
    upsert: shop/products
    match: {sku: m3_item.ITNO}
    fields: {name: m3_item.ITDS, price: steps.price.SAPR}
    on_create: {short_description: m3_item.ITDS}
    missing: skip
link: {shop: steps.product.id, m3: m3_item.ITNO}
"""
ITEM_TESTS = """\
pipeline: items
store: b2c
given:
  m3_item: {ITNO: TENT, ITDS: Tent, STAT: "20", LMDT: "20261120"}
  answers: {price: {SAPR: 149.50}}
tests:
  - name: an item is made equal
    with: {answers: {product: {id: 5, action: created}}}
    expect:
      calls:
        - upsert: shop/products
          match: {sku: TENT}
          fields: {name: Tent, price: 149.5}
          on_create: {short_description: Tent}
          missing: skip
      link: {shop: "5", m3: TENT}
  - name: an item that is not for sale is left alone
    with: {m3_item: {STAT: "90"}}
    expect: {ignored: "not wanted by the filter: ..."}
  - name: two products of one SKU wait for a person
    with: {answers: {product: {$refused: two products, code: ambiguous}}}
    expect: {review: two products (ambiguous)}
"""


def test_pipelines_from_m3_to_the_shop_are_tested_captured_and_shown_alike(tmp_path: Path):
    shop = make(tmp_path)
    (shop.folder / "pipelines" / "items.yaml").write_text(ITEMS, encoding="utf-8")
    (shop.folder / "tests" / "items.yaml").write_text(ITEM_TESTS, encoding="utf-8")

    assert shop.run("validate").code == 0
    document = shop.read("test", "--pipeline", "items", "--coverage")
    assert (document["passed"], document["coverage"][0]["percent"]) == (3, 100)
    shop.change("price: 149.5}", "price: 150}", file="tests/items.yaml")
    failed = shop.run("test", "--pipeline", "items").out
    assert (
        "shop/products (product): price\n      expected  150\n      is        149.50    <- steps.price.SAPR"
        in failed
    )
    assert shop.run("test", "--pipeline", "items", "--update").code == 0
    assert shop.run("capture", "items", "--key", "TENT-2P", "--store", "b2c").code == 0
    assert shop.run("test", "--pipeline", "items").code == 0
    assert "| product | shop/products | match | sku |" in shop.run("show", "items", "--format", "md").out
