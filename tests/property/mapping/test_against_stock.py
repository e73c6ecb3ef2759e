"""Standard expressions give what the stock ``jmespath`` package gives, wherever that gives a value.

Numbers are kept to fractions that a float holds exactly, so that only our rules about types may differ: what
compares unlike types is refused here, where the stock package answers false or null.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import jmespath
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from m3nop.core import json
from m3nop.core.errors import M3nopError
from m3nop.mapping.context import Context
from m3nop.mapping.errors import EvaluationError, ExpressionError
from m3nop.mapping.expressions import compile_expression

NAMES = ["a", "b", "c", "rows"]
# The stock package checks only the first argument of merge(), and takes an empty text or list for an object.
REFUSED = ("cannot compare", "have no order", "contains() looks for", "merge() needs object")

numbers = st.sampled_from([2, 3, 7, -4, 12, Decimal("2.5"), Decimal("-0.25"), Decimal("7.75")])
texts = st.sampled_from(["", "a", "abc", "paid", "12", "2.5", "é"])
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
rows = st.lists(st.fixed_dictionaries({"a": numbers, "b": texts}, optional={"c": values}), max_size=4)
documents = st.fixed_dictionaries({}, optional={"a": values, "b": values, "c": values, "rows": rows | values})

literals = (scalars | st.lists(numbers, max_size=3) | st.lists(texts, max_size=3)).map(
    lambda value: f"`{json.dumps(value)}`"
)
identifiers = st.sampled_from([*NAMES, '"b"', "@"])
brackets = st.sampled_from(
    ["[0]", "[-1]", "[1]", "[*]", "[]", "[:2]", "[1:]", "[::-1]", "[?a]", "[?b == 'abc']", "[?a > `2`]"]
)


def _combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    member = st.sampled_from([*NAMES, "*", "{x: a, y: b}", "[a, b]", "length(@)", "type(@)"])
    pair = st.tuples(inner, inner)
    one = [
        "abs", "avg", "ceil", "floor", "keys", "length", "max", "min", "not_null", "reverse", "sort", "sum", "to_array",
        "to_number", "type", "values", "merge",
    ]  # fmt: skip
    two = ["contains", "ends_with", "starts_with", "join", "not_null", "merge"]
    by = ["sort_by", "min_by", "max_by"]
    return st.one_of(
        st.tuples(inner, member).map(lambda p: f"{p[0]}.{p[1]}"),
        st.tuples(inner, brackets).map("".join),
        pair.map(lambda p: f"({p[0]}) | {p[1]}"),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"!({text})"),
        st.tuples(inner, st.sampled_from(["||", "&&", "==", "!=", "<", "<=", ">", ">="]), inner).map(
            " ".join
        ),
        pair.map(lambda p: f"[{p[0]}, {p[1]}]"),
        pair.map(lambda p: f"{{a: {p[0]}, b: {p[1]}}}"),
        st.tuples(inner, inner).map(lambda p: f"{p[0]}[?{p[1]}]"),
        st.tuples(st.sampled_from(one), inner).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(st.sampled_from(two), inner, inner).map(lambda p: f"{p[0]}({p[1]}, {p[2]})"),
        st.tuples(st.sampled_from(by), inner, inner).map(lambda p: f"{p[0]}({p[1]}, &{p[2]})"),
        pair.map(lambda p: f"map(&{p[0]}, {p[1]})"),
    )


expressions = st.recursive(
    identifiers | literals | texts.map(lambda text: f"'{text}'"), _combined, max_leaves=6
)


def _floats(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: _floats(item) for name, item in value.items()}
    return [_floats(item) for item in value] if isinstance(value, list) else value


def _agree(ours: Any, stock: Any) -> bool:
    if isinstance(ours, list) and isinstance(stock, list):
        return len(ours) == len(stock) and all(map(_agree, ours, stock))
    if isinstance(ours, dict) and isinstance(stock, dict):
        return ours.keys() == stock.keys() and all(_agree(ours[name], stock[name]) for name in ours)
    if isinstance(ours, (int, float)) and isinstance(stock, (int, float)):
        return isinstance(ours, bool) is isinstance(stock, bool) and math.isclose(ours, stock)
    return type(ours) is type(stock) and ours == stock


def attempt(text: str, document: dict[str, Any]) -> tuple[Any, M3nopError | None]:
    """Return what our own evaluation gives, or the error it ends with."""
    try:
        return compile_expression(text).evaluate({"doc": document}, Context()), None
    except M3nopError as error:
        return None, error


def check(text: str, document: dict[str, Any]) -> None:
    """Evaluate an expression in both ways; the document is a named part of our root."""
    try:
        expected = jmespath.search(f"doc | {text}", {"doc": _floats(document)})
    except (ValueError, TypeError, AttributeError):  # its own errors are ValueErrors
        event("stock gives no value")
        return
    ours, error = attempt(f"doc | {text}", document)
    if isinstance(error, ExpressionError):
        event(error.code)
        assert error.code in ("negation", "too-deep")
        return
    if isinstance(error, EvaluationError):
        event("unlike types")
        assert any(reason in error.message for reason in REFUSED), (error.message, expected)
        return
    event("value" if expected is not None else "null")
    assert _agree(_floats(ours), expected), (ours, expected)


@given(text=expressions, document=documents)
@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_standard_expressions_agree_with_the_stock_package(text, document):
    check(text, document)


lists_of_rows = st.sampled_from(
    ["rows", "rows[?a > `2`]", "rows[*]", "sort_by(rows, &a)", "rows[1:]", "[rows, rows][]"]
)
of_a_row = st.sampled_from(["a", "b", "length(b)", "abs(a)", "c", "@.a"])
uses = st.sampled_from([
    "{rows}[*].{of}", "map(&{of}, {rows})", "sort_by({rows}, &{of})", "max_by({rows}, &{of}).a", "min_by({rows}, &{of}).b",
    "sum({rows}[*].a)", "avg({rows}[*].a)", "max({rows}[*].{of})", "min({rows}[*].{of})", "sort({rows}[*].{of})",
    "join(', ', {rows}[*].b)", "length({rows})", "{rows}[?{of} == `2`]", "{rows}[?contains(b, 'a')].{of}",
    "to_string({rows}[*].a)", "{rows}[*].[a, {of}]", "{rows}[*].to_number(b)", "reverse({rows})[0].{of}",
    "{rows}[*].not_null(c, {of})", "{rows}[*].{of} | [0]", "{rows}[].c[].a", "{rows}[*].c.*[]",
])  # fmt: skip


@given(use=uses, source=lists_of_rows, of=of_a_row, found=rows)
@settings(max_examples=800, deadline=None)
def test_expressions_over_rows_agree_with_the_stock_package(use, source, of, found):
    check(use.replace("{rows}", source).replace("{of}", of), {"rows": found})
