"""`m3nop show --format`: what maps to what, for people who sign it off."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from m3nop.cli import sheets
from tests.end_to_end.shops import NewProject, make

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> NewProject:
    return make(tmp_path_factory.mktemp("shown"))


def fields(shop: NewProject, *arguments: str) -> dict[str, dict[str, str]]:
    ended = shop.run("show", "orders", "--format", "csv", *arguments)
    assert ended.code == 0, ended.err
    return {f"{row['step']}.{row['field']}": row for row in csv.DictReader(io.StringIO(ended.out))}


def test_each_field_stands_with_its_source_in_words_and_its_place(shop):
    rows = fields(shop)

    assert rows["head.TEPY"] == {
        "step": "head", "step only when": "", "for each": "", "target": "erp/OIS100MI/AddBatchHead", "part": "",
        "field": "TEPY", "description": "payment terms", "type": "text", "length": "3", "mandatory": "",
        "source in words": "the value payment", "expression": "vars.payment", "lookup": "payment_methods.TEPY",
        "if the code is missing": "review", "default": "", "field only when": "", "cut if too long": "",
        "written at": rows["head.TEPY"]["written at"],
    }  # fmt: skip
    assert rows["head.TEPY"]["written at"].startswith("pipelines/orders.yaml:")
    assert rows["address.CUNM"]["written at"].startswith("m3nop.yaml:")
    assert rows["lines.SAPR"]["field only when"] == 'the value price_from is "shop"'
    assert rows["customer.key"]["target"] == "record of customers"
    assert "head.OREF" not in rows
    assert fields(shop, "--store", "b2b")["head.OREF"]["expression"] == "order.vat_number"


def test_markdown_and_the_terminal_have_every_table(shop):
    markdown = shop.run("show", "orders", "--format", "md").out
    assert markdown.startswith("# orders for store b2c in sandbox\n")
    for heading in ("Overview", "Fields", "Values", "Checks", "Settings", "Lookup payment_methods"):
        assert f"\n## {heading}\n" in markdown
        assert f"\n{heading}\n" in shop.run("show", "orders", "--format", "table").out
    document = shop.read("show", "orders", "--format", "md")
    assert document["digest"] in markdown
    assert document["tables"]["Settings"][0].keys() == {"setting", "value"}


def test_a_workbook_has_a_sheet_for_each_table(shop):
    ended = shop.run("show", "orders", "--format", "xlsx", "-o", "orders.xlsx")

    assert (ended.code, ended.out, ended.err) == (0, "", "written: orders.xlsx\n")
    with zipfile.ZipFile(shop.folder / "orders.xlsx") as book:
        names = book.read("xl/workbook.xml").decode()
        texts = book.read("xl/sharedStrings.xml").decode()
    assert [name for name in ("Overview", "Fields", "Checks") if f'name="{name}"' not in names] == []
    assert "the order has no lines" in texts


def test_what_does_not_go_together_is_refused(shop):
    assert shop.run("show", "orders", "--format", "pdf").code == 2
    assert (
        shop.run("show", "orders", "--format", "xlsx").err
        == "m3nop: a workbook goes into a file: -o FILE.xlsx\n"
    )
    assert shop.run("show", "orders", "-o", "x").code == 2
    assert "cannot be written" in shop.run("show", "orders", "--format", "md", "-o", "none/x.md").err
    assert shop.run("show", "ordrs", "--format", "md").code == 2
    assert shop.run("show", "orders", "--format", "md", "--store", "b3b").code == 2


def test_a_workbook_without_its_library_says_how_to_get_it(monkeypatch, tmp_path: Path):
    monkeypatch.setitem(__import__("sys").modules, "xlsxwriter", None)
    with pytest.raises(sheets.UsageError, match="needs the extra `xlsx`"):
        sheets.write_workbook(None, tmp_path / "x.xlsx")


def test_a_text_is_never_taken_for_a_formula():
    assert [sheets._harmless(text) for text in ("=1", "-1", "a", "")] == ["'=1", "'-1", "a", ""]
