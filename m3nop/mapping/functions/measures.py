"""Functions of units of measure and of amounts that are split: what is converted or split is never more.

An alternative unit is a row of MMS015MI (table MITAUN): ``COFA`` is its factor, ``DMCF`` says how one comes
from it to the basic unit (1 multiplies, 2 divides), ``DCCD`` is how many decimals a quantity in it has.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.functions.numbers import rounded, to_decimal, total
from m3nop.mapping.functions.registry import Family
from m3nop.mapping.values import DIGITS, kind, show, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.core.json import Json

FAMILY = Family("measures")

EXACT, DOWN = "exact", "down"
_DIVIDES = "2"
_MOST_DECIMALS = 6
"""Decimals of the finest quantity that M3 keeps."""
_BOX = {"box": {"ALUN": "BOX", "COFA": Decimal(12), "DMCF": 1, "DCCD": 0}}

Number = int | Decimal


@FAMILY.function(
    "in_unit(quantity: number?, unit: object|null, rounding: text = 'exact') -> number?",
    "Convert from the basic unit into one of MMS015: exactly or not at all, or `down` to what is there.",
    "in_unit(`30`, box, 'down')",
    Decimal(2),
    root=_BOX,
)
def _in_unit(quantity: Number, unit: Mapping[str, Json] | None, rounding: str = EXACT) -> Number:
    if unit is None:
        return quantity
    places = _decimals(unit)
    return _fitted(_fraction(quantity) / _basic_units(unit), places, rounding, what=_name(unit))


@FAMILY.function(
    "in_basic_unit(quantity: number?, unit: object|null, rounding: text = 'exact') -> number?",
    "Convert from a unit of MMS015 into the basic unit: exactly or not at all, or `down` to six decimals.",
    "in_basic_unit(`2`, box)",
    Decimal(24),
    root=_BOX,
)
def _in_basic_unit(quantity: Number, unit: Mapping[str, Json] | None, rounding: str = EXACT) -> Number:
    if unit is None:
        return quantity
    converted = _fraction(quantity) * _basic_units(unit)
    return _fitted(converted, _MOST_DECIMALS, rounding, what="the basic unit")


@FAMILY.function(
    "share(amount: number, weights: list, decimals: whole = 2) -> list",
    "Split an amount in proportion to numbers; the parts always add up to it.",
    "share(`10.00`, `[1, 1, 1]`)",
    [Decimal("3.33"), Decimal("3.34"), Decimal("3.33")],
)
def _share(amount: Number, weights: Sequence[Json], decimals: int = 2) -> list[Json]:
    whole = total("share", weights)
    if any(weight < 0 for weight in weights):
        raise EvaluationError("share() splits by numbers that are not below 0")
    if not whole:
        if amount:
            raise EvaluationError("share() has nothing to split by: every number is 0")
        return [Decimal(0) for _ in weights]
    parts: list[Json] = []
    reached, given = Fraction(0), Fraction(0)
    for weight in weights:
        reached += _fraction(weight)
        # What was given so far is rounded, not each part, so that nothing is left over at the end.
        due = _fraction(amount) * reached / _fraction(whole)
        upto = due if reached == _fraction(whole) else _fraction(_half_up(due, decimals))
        parts.append(_decimal(upto - given))
        given = upto
    return parts


def _basic_units(unit: Mapping[str, Json]) -> Fraction:
    """Return how many basic units one of the unit is."""
    factor = to_decimal(text_of(unit.get("COFA"))) if _is_scalar(unit.get("COFA")) else None
    if factor is None or factor <= 0:
        msg = f"{_name(unit)} has no factor above 0 but {show(unit.get('COFA'))} (COFA)"
        raise EvaluationError(msg)
    divides = _is_scalar(unit.get("DMCF")) and text_of(unit.get("DMCF")).strip() == _DIVIDES
    return 1 / _fraction(factor) if divides else _fraction(factor)


def _decimals(unit: Mapping[str, Json]) -> int:
    given = unit.get("DCCD")
    text = text_of(given).strip() if _is_scalar(given) else ""
    if not text:
        return 0
    places = to_decimal(text)
    if places is None or places not in range(_MOST_DECIMALS + 1):
        msg = f"{_name(unit)} has {show(given)} decimals (DCCD)"
        raise EvaluationError(msg)
    return int(places)


def _fitted(value: Fraction, places: int, rounding: str, *, what: str) -> Decimal:
    if rounding not in (EXACT, DOWN):
        msg = f"a quantity is converted `exact` or `down`, not {show(rounding)}"
        raise EvaluationError(msg)
    scaled = value * 10**places
    whole = scaled.numerator // scaled.denominator
    if rounding == EXACT and whole != scaled:
        msg = f"the quantity is {float(value):g} of {what}, which has {places} decimals"
        raise EvaluationError(msg)
    return _decimal(Fraction(whole, 10**places))


def _half_up(value: Fraction, places: int) -> Decimal:
    # Two more decimals than any half needs, cut: what is dropped cannot turn a half into less than one.
    scaled = value * 10 ** (places + 2)
    cut = scaled.numerator // scaled.denominator if value >= 0 else -(-scaled.numerator // scaled.denominator)
    return rounded(_decimal(Fraction(cut, 10 ** (places + 2))), places, ROUND_HALF_UP)


def _fraction(number: Number) -> Fraction:
    value = Decimal(number)
    if value and not -DIGITS < value.adjusted() < DIGITS:
        msg = f"{show(number)} has more than {DIGITS} digits"
        raise EvaluationError(msg)
    return Fraction(value)


def _decimal(value: Fraction) -> Decimal:
    """Return a fraction whose denominator is a power of ten, without zeros at the end."""
    whole, places = value, 0
    while whole.denominator != 1:
        whole *= 10
        places += 1
    text = f"{whole.numerator}"
    if len(text) > DIGITS:
        msg = f"the result has more than {DIGITS} digits"
        raise EvaluationError(msg)
    return Decimal(f"{text}E-{places}") if places else Decimal(text)


def _is_scalar(value: Json) -> bool:
    return kind(value) in ("number", "text")


def _name(unit: Mapping[str, Json]) -> str:
    name = unit.get("ALUN")
    return f"unit {name.strip()}" if isinstance(name, str) and name.strip() else "the unit"
