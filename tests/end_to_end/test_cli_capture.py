"""Real records as fixtures with tests, and a mapping tried by hand."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from m3nop.core import json
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
