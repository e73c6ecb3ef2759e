"""Every function gives a value or says why it cannot, whatever it is handed."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from m3nop.core.errors import M3nopError
from m3nop.mapping.context import Context
from m3nop.mapping.errors import EvaluationError, ExpressionError
from m3nop.mapping.expressions import compile_expression
from m3nop.mapping.functions import FUNCTIONS, function_table
from m3nop.mapping.lookups import lookup_from_csv

CONTEXT = Context(
    now=1_700_000_000_000_000,
    time_zone="America/New_York",
    lookups={
        "countries": lookup_from_csv("from,value\nSE,SE\n", "countries"),
        "units": lookup_from_csv("from,factor\nBOX,12\nNONE,0\n", "units"),
        "a": lookup_from_csv("from,x,y\n1,2,3\n", "a"),
    },
)
NAMES = ["a", "b", "c", "d", "e"]

texts = st.one_of(
    st.text(max_size=12),
    st.text(alphabet=st.characters(codec=None), max_size=4),
    st.sampled_from([
        "", " ", "a", "0", "12", "-1.5", "1e5", "SE", "BOX", "NONE", "20261123", "2026-11-23", "00010101", "99991231",
        "2026-11-23T09:00:00Z", "0001-01-01T00:00:00", "9999-12-31T23:59:59-12:00", "<b>x</b>", "<![x", "&#0;", "Europe",
        "Europe/Oslo", "UTC", "../x", "\ud800", "ǅ", "ß",
    ]),
)  # fmt: skip
numbers = st.one_of(
    st.integers(-20, 20),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-1000, max_value=1000),
    st.sampled_from(
        [Decimal(text) for text in ("0", "-0.0", "1E+999999", "1E-999999", "1E+90", "9.99E+99", "1E-100")]
    ),
    st.just(10**150),
)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)
rows = st.lists(st.fixed_dictionaries({"a": scalars, "b": scalars}), max_size=4)
KINDS = {
    "text": texts, "number": numbers, "whole": st.integers(-5, 30), "bool": st.booleans(),
    "list": st.lists(scalars, max_size=4) | st.lists(numbers, max_size=4) | st.lists(texts, max_size=4) | rows,
    "object": st.dictionaries(st.sampled_from(NAMES), values, max_size=3), "scalar": texts | numbers | st.booleans(),
    "any": values, "null": st.none(),
}  # fmt: skip
_PLAIN = (type(None), bool, int, Decimal, str)


def attempt(run: Callable[[], Any]) -> tuple[Any, M3nopError | None]:
    """Return what a call gives, or the error of ours that it ends with."""
    try:
        return run(), None
    except M3nopError as error:
        return None, error


def is_json(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(is_json, value))
    if isinstance(value, Mapping):
        return all(isinstance(name, str) and is_json(item) for name, item in value.items())
    return isinstance(value, _PLAIN)


@st.composite
def calls(draw, info, *, documented):
    """Draw a call of a function and the root it is evaluated on."""
    count = draw(st.integers(info.least, info.most if info.most is not None else info.least + 3))
    root, arguments = {}, []
    for index in range(count):
        parameter = info.parameter(index)
        if parameter.is_expression:
            arguments.append(draw(st.sampled_from(["&@", "&a", "&[a, b]", "&length(a)", "&concat(a, b)"])))
        elif parameter.name == "pattern":
            arguments.append(draw(st.sampled_from(["'a'", "'^([0-9]+)(x)?'", "'[^a]*$'", "''"])))
        else:
            kinds = [KINDS[kind] for kind in parameter.kinds]
            root[NAMES[index]] = draw(st.one_of(kinds) if documented else values)
            arguments.append(NAMES[index])
    return f"{info.name}({', '.join(arguments)})", root


CALLABLE = [info for info in function_table() if info.name != "root"]


@pytest.mark.parametrize("info", CALLABLE, ids=lambda info: info.name)
@given(data=st.data(), documented=st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_function_gives_a_value_or_an_evaluation_error(info, data, documented):
    text, root = data.draw(calls(info, documented=documented))
    result, error = attempt(lambda: compile_expression(text).evaluate(root, CONTEXT))
    assert is_json(result)
    assert error is None or (
        isinstance(error, EvaluationError) and error.message and error.expression == text
    )


def evaluate(text, **root):
    return compile_expression(text).evaluate(root, CONTEXT)


money = st.decimals(min_value=-(10**9), max_value=10**9, places=4)


@given(prices=st.lists(money))
def test_sums_are_exact_whatever_the_order(prices):
    cents = sum(int(price * 10000) for price in prices)
    items = [{"price": price} for price in prices]
    assert evaluate("sum_by(items, &price)", items=items) * 10000 == cents
    assert evaluate("sum(prices)", prices=prices[::-1]) * 10000 == cents


@given(number=money, places=st.integers(0, 4))
def test_rounding_moves_by_at_most_half_a_unit(number, places):
    rounded = evaluate("round_to(n, p)", n=number, p=places)
    cut = evaluate("round_down(n, p)", n=number, p=places)
    unit = Decimal(1).scaleb(-places)
    assert abs(rounded - number) * 2 <= unit
    assert abs(cut) <= abs(number) < abs(cut) + unit
    assert Decimal(evaluate("format_number(n, p)", n=number, p=places)) == rounded


@given(text=st.text(max_size=60), width=st.integers(1, 20))
def test_cut_text_fits(text, width):
    assert len(evaluate("left(t, w)", t=text, w=width)) <= width
    assert len(evaluate("truncate(t, w, '…')", t=text, w=width)) <= width
    assert all(0 < len(line) <= width for line in evaluate("wrap(t, w)", t=text, w=width))
    assert len(evaluate("pad_left(t, w)", t=text, w=width)) == max(len(text), width)


@given(text=st.text(alphabet=st.sampled_from("ab-  \t\xa0\u2028é\n"), max_size=24), width=st.integers(1, 12))
def test_a_text_is_wrapped_as_the_standard_library_does(text, width):
    lines = [textwrap.wrap(line, width, break_on_hyphens=False) for line in text.splitlines()]
    assert evaluate("wrap(t, w)", t=text, w=width) == [line for wrapped in lines for line in wrapped]


@given(text=st.text(max_size=60))
def test_a_slug_is_safe_in_an_address(text):
    assert set(evaluate("slug(t)", t=text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@given(day=st.dates(), days=st.integers(-1000, 1000))
def test_dates_go_to_m3_and_back(day, days):
    text = day.isoformat()
    assert evaluate("from_m3_date(m3_date(d))", d=text) == text
    moved, error = attempt(lambda: evaluate("add_days(m3_date(d), n)", d=text, n=days))
    if error is None:
        assert evaluate("add_days(d, n)", d=moved, n=-days) == text.replace("-", "")
    else:
        assert not 1 < day.year + days / 365 < 9999


@given(found=rows)
def test_grouping_loses_nothing(found):
    groups = evaluate("group_by(rows, &a)", rows=found)
    assert sorted(map(repr, (row for group in groups for row in group["rows"]))) == sorted(map(repr, found))
    assert len(evaluate("unique(rows[*].a)", rows=found)) == len(
        [group for group in groups if group["key"] is not None]
    )


@given(text=st.text(alphabet="abxy01.`'\"&|!()[]{}*?:,@ =<>-\\#\néￜ", max_size=30))
@example("`")
@example('"\\')
@example("[?")
@example("&&")
def test_any_text_compiles_or_says_where_it_goes_wrong(text):
    compiled, error = attempt(lambda: compile_expression(text))
    if isinstance(error, ExpressionError):
        assert error.code
        assert 0 <= error.offset <= len(text)
    else:
        assert all(path and 0 <= compiled.offset_of(path) < len(text) for path in compiled.paths)


@given(name=st.sampled_from(sorted(FUNCTIONS)), count=st.integers(0, 6))
def test_a_wrong_number_of_arguments_is_always_found(name, count):
    info = FUNCTIONS[name]
    text = f"{name}({', '.join(['x'] * count)})"
    fits = info.least <= count and (info.most is None or count <= info.most)
    _, error = attempt(lambda: compile_expression(text))
    assert (isinstance(error, ExpressionError) and error.code == "arity") is not fits
