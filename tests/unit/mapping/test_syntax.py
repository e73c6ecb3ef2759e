from __future__ import annotations

from decimal import Decimal

import pytest
from jmespath.parser import Parser

from m3nop.core.errors import M3nopError
from m3nop.mapping.errors import ExpressionError
from m3nop.mapping.expressions import compile_expression
from m3nop.mapping.syntax import DEEPEST, LONGEST, parse


@pytest.mark.parametrize(
    ("text", "code", "offset", "said"),
    [
        ("", "empty", 0, "leave the key out"),
        ("  ", "empty", 0, "is empty"),
        ("length(x) > 0", "bare-number", 12, "write `0` in backticks"),
        ("at_least(0, x)", "bare-number", 9, "write `0`"),
        ("{a: 0}", "bare-number", 4, "write `0`"),
        ("[1, a]", "bare-number", 1, "write `1`"),
        ("[1, 2]", "bare-number", 4, "write `2`"),
        ("-5", "bare-number", 0, "write `-5`"),
        ("x == true", "bare-literal", 5, "write `true` in backticks"),
        ("null", "bare-literal", 0, "write `null`"),
        ("a.{b: false}", "bare-literal", 6, "write `false`"),
        ("a and b", "missing-operator", 2, "write &&"),
        ("a or b", "missing-operator", 2, "write ||"),
        ("concat(a b)", "missing-operator", 9, "a comma or an operator is missing"),
        ("a 5", "missing-operator", 2, "a comma is missing"),
        ("a -1", "missing-operator", 2, "write subtract(a, b)"),
        ("a \"b\"", "missing-operator", 2, "b cannot follow here"),
        ("concat(a,)", "syntax", 8, "nothing follows the comma"),
        ("[a,]", "syntax", 2, "nothing follows the comma"),
        ("concat(a", "incomplete", 8, "put the whole expression in quotes"),
        ("a ==", "incomplete", 4, "ends too early"),
        ("a[", "incomplete", 2, "ends too early"),
        ("{a", "incomplete", 2, "ends too early"),
        ("a.", "incomplete", 2, "ends too early"),
        ("concat('a", "incomplete", 7, "the ' that opens here is never closed"),
        ("`1", "incomplete", 0, "the ` that opens here"),
        ("x = `1`", "syntax", 2, "compare by =="),
        ("x =", "syntax", 2, "compare by =="),
        ("a - b", "syntax", 2, "write subtract(a, b)"),
        ("a + b", "syntax", 2, "write add(a, b)"),
        ("a / b", "syntax", 2, "write divide(a, b)"),
        ("a % b", "syntax", 2, "write mod(a, b)"),
        ("a * b", "syntax", 2, "write multiply(a, b)"),
        ("a ? b", "syntax", 2, "? means nothing here"),
        ('"\\q"', "syntax", 0, "the quoted name is not JSON text"),
        ('"f"(x)', "syntax", 3, "without quotes, stands before it"),
        ("a.b(c)(d)", "syntax", 6, "only the name of a function"),
        ("@(x)", "syntax", 1, "( cannot follow here"),
        ("a..b", "syntax", 2, ". is not expected here"),
        ("a)", "syntax", 1, ") is not expected here"),
        ("a[1:2:3:4]", "syntax", 7, "is not expected here"),
        ("a[::0]", "syntax", 0, "the step of a slice is 0"),
        ("a[" + "9" * 5000 + "]", "syntax", 0, "too many digits"),
        ("`A01`", "bad-literal", 0, "text goes in single quotes: 'A01'"),
        ("x == `01`", "bad-literal", 5, "single quotes: '01'"),
        ("`{\"a\": }`", "bad-literal", 0, "backticks hold JSON"),
        ("`NaN`", "bad-literal", 0, "`NaN` is not JSON"),
        ("`" + "[" * 3000 + "]" * 3000 + "`", "bad-literal", 0, "is not JSON"),
        ("a" * (LONGEST + 1), "too-long", 0, "longer than 10000 characters"),
        ("!" * 3000 + "a", "too-deep", 0, "nested deeper than 100 levels"),
        (" || ".join(["a"] * (DEEPEST + 2)), "too-deep", 0, "nested deeper"),
    ],
)  # fmt: skip
def test_what_is_no_expression_is_refused_where_it_goes_wrong(text, code, offset, said):
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text)
    assert (caught.value.code, caught.value.offset) == (code, offset)
    assert said in str(caught.value)


def test_the_error_is_one_of_ours_and_a_value_error():
    with pytest.raises(ExpressionError) as caught:
        parse("a = b")
    assert isinstance(caught.value, M3nopError)
    assert isinstance(caught.value, ValueError)
    assert str(caught.value) == f"{caught.value.message}; {caught.value.hint}"


def test_a_literal_keeps_every_digit():
    assert str(parse("`149.50`")["value"]) == "149.50"
    assert isinstance(parse("`0.1`")["value"], Decimal)


def test_a_backtick_inside_other_quotes_opens_no_literal():
    assert parse("'`x`'")["value"] == "`x`"
    assert parse('"a`b"')["value"] == "a`b"


def test_an_escaped_backtick_belongs_to_the_literal():
    assert parse('`"a\\`b"`')["value"] == "a`b"


@pytest.mark.parametrize(
    "text", ["a.true", "{true: a}", '"true"', "a[0]", "a[1:2]", "a[:-1]", "a[*].b", "a[?b]", "now()"]
)
def test_what_only_looks_like_a_trap_is_let_through(text):
    assert parse(text)["type"]


def test_the_parser_keeps_no_cache_of_the_stock_package():
    parse("a.name.of.its.own")
    assert "a.name.of.its.own" not in Parser._CACHE
