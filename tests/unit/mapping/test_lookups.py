from __future__ import annotations

from decimal import Decimal

import pytest

from m3nop.mapping.errors import EvaluationError, LookupTableError
from m3nop.mapping.lookups import Lookup, Miss, lookup_from_csv

METHODS = "from,TEPY,PYCD\nPayments.CheckMoneyOrder,030,INV\nPayments.PayPal,000,\n"


def test_a_csv_table_has_a_row_for_each_code():
    table = lookup_from_csv(METHODS, "payment_methods")
    assert table.columns == ("TEPY", "PYCD")
    assert table.find("Payments.CheckMoneyOrder", "TEPY") == "030"
    assert table.find("Payments.PayPal", "PYCD") == ""
    assert table.find("Payments.Other", "TEPY") is None
    assert table.row("Payments.PayPal") == {"TEPY": "000", "PYCD": ""}
    assert table.missing is Miss.REJECT


def test_a_lookup_with_one_column_needs_no_column_name():
    table = lookup_from_csv("from,value\n1,W01\n", "order_types", missing=Miss.DEFAULT, default="W00")
    assert table.find("1") == table.find("1", "value") == "W01"
    assert (table.missing, table.default) == (Miss.DEFAULT, "W00")
    assert Lookup("x", rows={"a": {}}).find("a") == ""


def test_numbers_and_texts_find_the_same_row():
    table = lookup_from_csv("from,value\n1,one\n001,three digits\ntrue,yes\n,blank\n", "x")
    assert [table.find(code) for code in (1, "1", Decimal("1.0"), " 1 ")] == ["one"] * 4
    assert table.find("001") == "three digits"
    assert table.find(True) == "yes"
    assert table.find(None) == table.find("") == "blank"


def test_a_column_must_be_named_and_exist():
    table = lookup_from_csv(METHODS, "payment_methods")
    with pytest.raises(EvaluationError, match="'payment_methods' has several columns, name one: TEPY, PYCD"):
        table.find("Payments.PayPal")
    with pytest.raises(EvaluationError, match="has no column 'XXXX': TEPY, PYCD"):
        table.find("Payments.PayPal", "XXXX")
    with pytest.raises(EvaluationError, match="a list has no text"):
        table.find(["x"], "TEPY")


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_cells_may_be_apart_by_comma_semicolon_or_tab(mark):
    text = f'\ufefffrom{mark}value\r\n\r\n a {mark} 1 \r\n"b\nc"{mark}2\r\n{mark}\r\n'
    assert lookup_from_csv(text, "x").rows == {"a": {"value": "1"}, "b\nc": {"value": "2"}}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "the table is empty"),
        ("\n\n", 1, "the table is empty"),
        ("code,value\n", 1, "the first column is 'code'; it must be `from`"),
        ("from\n1\n", 1, "every column after `from` needs a name"),
        ("from,\n1,2\n", 1, "every column after `from` needs a name"),
        ("from,a,a\n", 1, "two columns have the same name"),
        ("from,a\n1,2\n1,3\n", 3, "the code '1' has a row already"),
        ("from,a\n1,2,3\n", 2, "the row has 3 cells, the header 2"),
        ("from,a\n\n1\n", 3, "the row has 1 cells, the header 2"),
        ('from,a\n"1,2\n', 2, "not CSV"),
    ],
)
def test_a_table_that_cannot_be_read_says_where(text, line, said):
    with pytest.raises(LookupTableError) as caught:
        lookup_from_csv(text, "x")
    assert (caught.value.line, said in caught.value.message) == (line, True)
    assert str(caught.value).startswith(f"line {line}: ")
