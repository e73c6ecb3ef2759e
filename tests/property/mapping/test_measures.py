"""Converting a quantity never makes goods, and splitting an amount never makes or loses money."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3nop.mapping.context import Context
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.expressions import compile_expression

CONTEXT = Context()
factors = st.decimals("0.000001", "99999", places=6).filter(bool)
units = st.fixed_dictionaries(
    {
        "ALUN": st.just("BOX"),
        "COFA": factors,
        "DMCF": st.sampled_from([1, 2, "1", "2"]),
        "DCCD": st.integers(0, 3),
    }
)
quantities = st.decimals(0, 1_000_000, places=3) | st.integers(0, 1_000_000)
amounts = st.decimals(-10_000, 10_000, places=2)
weights = st.lists(st.decimals(0, 5000, places=4), min_size=1, max_size=8)


def evaluate(text, **root):
    return compile_expression(text).evaluate(root, CONTEXT)


def basic_units(unit):
    factor = Fraction(unit["COFA"])
    return 1 / factor if str(unit["DMCF"]) == "2" else factor


@given(quantities, units)
def test_what_is_published_in_a_unit_is_never_more_than_what_there_is(quantity, unit):
    found = evaluate("in_unit(quantity, unit, 'down')", quantity=quantity, unit=unit)
    there, step = Fraction(quantity), Fraction(1, 10 ** unit["DCCD"])
    assert Fraction(found) * basic_units(unit) <= there
    assert (Fraction(found) + step) * basic_units(unit) > there
    assert found == round(found, unit["DCCD"])


@given(quantities, units)
def test_an_ordered_quantity_is_the_same_goods_in_the_other_unit_or_is_refused(quantity, unit):
    exact = Fraction(quantity) / basic_units(unit) * 10 ** unit["DCCD"]
    if exact.denominator != 1:
        with pytest.raises(EvaluationError, match="of unit BOX, which has"):
            evaluate("in_unit(quantity, unit)", quantity=quantity, unit=unit)
        return
    found = evaluate("in_unit(quantity, unit)", quantity=quantity, unit=unit)
    assert Fraction(found) * basic_units(unit) == Fraction(quantity)


@given(quantities, units)
def test_there_and_back_never_gains_anything(quantity, unit):
    root = {"quantity": quantity, "unit": unit}
    basic = evaluate("in_basic_unit(quantity, unit, 'down')", **root)
    assert Fraction(basic) <= Fraction(quantity) * basic_units(unit)
    back = evaluate("in_unit(basic, unit, 'down')", basic=basic, unit=unit)
    assert back <= quantity


@given(quantities)
def test_without_a_unit_a_quantity_stays_what_it_is(quantity):
    assert evaluate("in_unit(quantity, unit)", quantity=quantity, unit=None) == quantity
    assert evaluate("in_basic_unit(quantity, unit, 'down')", quantity=quantity, unit=None) == quantity


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        ({"ALUN": "BOX"}, "unit BOX has no factor above 0 but null"),
        ({"COFA": 0}, "the unit has no factor above 0 but number 0"),
        ({"COFA": "many"}, "the unit has no factor above 0 but text 'many'"),
        ({"COFA": 12, "DCCD": 9}, "the unit has number 9 decimals"),
    ],
)
def test_a_unit_that_cannot_be_used_is_said(unit, message):
    with pytest.raises(EvaluationError, match=message):
        evaluate("in_unit(`12`, unit)", unit=unit)


def test_a_rounding_that_does_not_exist_is_refused():
    with pytest.raises(EvaluationError, match="converted `exact` or `down`, not text 'up'"):
        evaluate("in_unit(`12`, unit, 'up')", unit={"COFA": 12})


@settings(max_examples=200)
@given(amounts, weights)
def test_parts_add_up_to_the_amount_and_none_has_the_other_sign(amount, weights):
    if not sum(weights) and amount:
        with pytest.raises(EvaluationError, match="nothing to split by"):
            evaluate("share(amount, weights)", amount=amount, weights=weights)
        return
    parts = evaluate("share(amount, weights)", amount=amount, weights=weights)
    assert len(parts) == len(weights)
    assert sum(parts) == amount
    assert all(part == round(part, 2) and part * amount >= 0 for part in parts)
    assert all(not part for part, weight in zip(parts, weights, strict=True) if not weight)


def test_an_amount_is_not_split_by_what_is_below_nothing():
    with pytest.raises(EvaluationError, match="not below 0"):
        evaluate("share(`10`, weights)", weights=[Decimal(1), Decimal(-1)])
