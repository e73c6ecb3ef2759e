"""Functions of numbers. Sums, differences and products are exact; null is never taken for 0."""

from __future__ import annotations

import decimal
import re
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.functions.registry import Family
from m3nop.mapping.values import DIGITS, check_ordered, kind, show

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from m3nop.core.json import Json

Number = int | Decimal

FAMILY = Family("numbers")
MOST_PLACES = 20
"""Decimal places, and zeros before the point, that rounding knows."""

_EXACT = decimal.Context(
    prec=DIGITS, traps=[decimal.Inexact, decimal.InvalidOperation, decimal.Overflow, decimal.DivisionByZero]
)
_QUOTIENT = decimal.Context(
    prec=34, rounding=ROUND_HALF_UP, traps=[decimal.InvalidOperation, decimal.Overflow]
)
_ROUNDING = decimal.Context(prec=DIGITS, traps=[])
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?", re.ASCII)


def exactly(operation: Callable[[Decimal, Decimal], Decimal], left: Number, right: Number) -> Number:
    """Apply an operation of the exact context; whole numbers stay whole.

    Raises:
        EvaluationError: the result has too many digits.
    """
    try:
        result = operation(_EXACT.create_decimal(left), _EXACT.create_decimal(right))
    except decimal.DecimalException:
        msg = f"the result has more than {DIGITS} digits"
        raise EvaluationError(msg) from None
    return int(result) if isinstance(left, int) and isinstance(right, int) else result


def quotient(left: Number, right: Number) -> Decimal:
    """Divide to 34 significant digits.

    Raises:
        EvaluationError: the divisor is 0, or the result out of range.
    """
    if not right:
        msg = f"cannot divide {show(left)} by 0"
        raise EvaluationError(msg)
    try:
        return _QUOTIENT.divide(Decimal(left), Decimal(right))
    except decimal.DecimalException:
        msg = f"the result has more than {DIGITS} digits"
        raise EvaluationError(msg) from None


def to_decimal(text: str) -> Decimal | None:
    """Read a number as JSON writes it, with blanks around and a leading + allowed; None if it is not one."""
    stripped = text.strip()
    if len(stripped) > DIGITS or _NUMBER.fullmatch(stripped) is None:
        return None
    return Decimal(stripped)


def total(function: str, values: Sequence[Json]) -> Number:
    """Add values up.

    Raises:
        EvaluationError: one of them is not a number.
    """
    result: Number = 0
    for value in _numbers(function, values):
        result = exactly(_EXACT.add, result, value)
    return result


@FAMILY.function(
    "abs(number: number) -> number", "Drop the sign.", "abs(`-2.50`)", Decimal("2.50"), standard=True
)
def _abs(number: Number) -> Number:
    return number.copy_abs() if isinstance(number, Decimal) else abs(number)


@FAMILY.function(
    "ceil(number: number) -> number",
    "Round up to a whole number.",
    "ceil(`2.1`)",
    3,
    standard=True,
)
def _ceil(number: Number) -> int:
    return int(rounded(number, 0, ROUND_CEILING))


@FAMILY.function(
    "floor(number: number) -> number",
    "Round down to a whole number.",
    "floor(`-2.1`)",
    -3,
    standard=True,
)
def _floor(number: Number) -> int:
    return int(rounded(number, 0, ROUND_FLOOR))


@FAMILY.function(
    "sum(numbers: list) -> number", "Add up, exactly.", "sum(`[0.10, 0.20]`)", Decimal("0.30"), standard=True
)
def _sum(numbers: Sequence[Json]) -> Number:
    return total("sum", numbers)


@FAMILY.function(
    "avg(numbers: list) -> number?",
    "Give the mean, null for an empty list.",
    "avg(`[1, 2]`)",
    Decimal("1.5"),
    standard=True,
)
def _avg(numbers: Sequence[Json]) -> Decimal | None:
    return quotient(total("avg", numbers), len(numbers)) if numbers else None


@FAMILY.function(
    "max(values: list) -> number|text?",
    "Give the largest number or last text, null for an empty list.",
    "max(`[9.5, 10]`)",
    10,
    standard=True,
)
def _max(values: Sequence[Json]) -> Json:
    return max(ordered("max", values), default=None)


@FAMILY.function(
    "min(values: list) -> number|text?",
    "Give the smallest number or first text, null for an empty list.",
    "min(`[9.5, 10]`)",
    Decimal("9.5"),
    standard=True,
)
def _min(values: Sequence[Json]) -> Json:
    return min(ordered("min", values), default=None)


@FAMILY.function(
    "to_number(value: any) -> number?",
    "Read a number; null for what is not one.",
    "to_number(' 149.50 ')",
    Decimal("149.50"),
    standard=True,
)
def _to_number(value: Json) -> Number | None:
    if isinstance(value, str):
        number = to_decimal(value)
        return int(number) if number is not None and value.strip().lstrip("+-").isdigit() else number
    return value if kind(value) == "number" else None


@FAMILY.function(
    "decimal(value: text|number|null) -> number?",
    "Read a number; null and blank text give null, other text is refused.",
    "decimal('149.50')",
    Decimal("149.50"),
)
def _decimal(value: Json) -> Decimal | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    number = to_decimal(value) if isinstance(value, str) else Decimal(value)
    if number is None:
        msg = f"decimal() cannot read {show(value)}; a number has digits and one point"
        raise EvaluationError(msg)
    return number


@FAMILY.function(
    "add(number: number, numbers...: number) -> number", "Add, exactly.", "add(`0.1`, `0.2`)", Decimal("0.3")
)
def _add(first: Number, *others: Number) -> Number:
    return _fold(_EXACT.add, first, others)


@FAMILY.function(
    "subtract(number: number, numbers...: number) -> number",
    "Subtract all others from the first, exactly.",
    "subtract(`10`, `2.5`, `1`)",
    Decimal("6.5"),
)
def _subtract(first: Number, *others: Number) -> Number:
    return _fold(_EXACT.subtract, first, others)


@FAMILY.function(
    "multiply(number: number, numbers...: number) -> number",
    "Multiply, exactly.",
    "multiply(`149.50`, `2`)",
    Decimal("299.00"),
)
def _multiply(first: Number, *others: Number) -> Number:
    return _fold(_EXACT.multiply, first, others)


@FAMILY.function(
    "divide(number: number, by: number) -> number",
    "Divide to 34 digits; round_to() makes it a price.",
    "divide(`10`, `4`)",
    Decimal("2.5"),
)
def _divide(number: Number, by: Number) -> Decimal:
    return quotient(number, by)


@FAMILY.function(
    "mod(number: number, by: number) -> number",
    "Give what a division leaves, with the sign of the first number.",
    "mod(`17`, `5`)",
    2,
)
def _mod(number: Number, by: Number) -> Number:
    if not by:
        msg = f"cannot divide {show(number)} by 0"
        raise EvaluationError(msg)
    return exactly(_EXACT.remainder, number, by)


@FAMILY.function(
    "round_to(number: number, places: whole = 0) -> number",
    "Round to decimal places, halves away from 0.",
    "round_to(`2.675`, `2`)",
    Decimal("2.68"),
)
def _round_to(number: Number, places: int = 0) -> Decimal:
    return rounded(number, places, ROUND_HALF_UP)


@FAMILY.function(
    "round_down(number: number, places: whole = 0) -> number",
    "Cut to decimal places, towards 0.",
    "round_down(`7.99`)",
    Decimal(7),
)
def _round_down(number: Number, places: int = 0) -> Decimal:
    return rounded(number, places, ROUND_DOWN)


@FAMILY.function(
    "at_least(number: number, numbers...: number) -> number", "Give the largest.", "at_least(`0`, `-3.5`)", 0
)
def _at_least(first: Number, *others: Number) -> Number:
    return max(first, *others)


@FAMILY.function(
    "at_most(number: number, numbers...: number) -> number",
    "Give the smallest.",
    "at_most(`100`, `250`)",
    100,
)
def _at_most(first: Number, *others: Number) -> Number:
    return min(first, *others)


@FAMILY.function(
    "take_off(quantities: list, amount: number) -> list",
    "Take an amount off the quantities, from the first on; none is left below 0, and one below 0 adds to it.",
    "take_off(`[5, -1, 4]`, `6`)",
    [0, 0, 2],
)
def _take_off(quantities: Sequence[Json], amount: Number) -> list[Number]:
    numbers = _numbers("take_off", quantities)
    owed = _fold(_EXACT.subtract, amount, [number for number in numbers if number < 0])
    left: list[Number] = []
    for number in numbers:
        there = max(number, 0)
        taken = min(there, max(owed, 0))
        left.append(exactly(_EXACT.subtract, there, taken))
        owed = exactly(_EXACT.subtract, owed, taken)
    return left


@FAMILY.function(
    "format_number(number: number, places: whole, point: text = '.', group: text = '') -> text",
    "Write with a fixed number of decimal places, rounded, thousands apart by `group`.",
    "format_number(`1234.5`, `2`, ',', ' ')",
    "1 234,50",
)
def _format_number(number: Number, places: int, point: str = ".", group: str = "") -> str:
    if places < 0:
        raise EvaluationError("format_number() needs `places` of at least 0")
    value = rounded(number, places, ROUND_HALF_UP)
    whole, _, fraction = format(value, f",.{places}f").partition(".")
    return whole.replace(",", group) + (point + fraction if fraction else "")


@FAMILY.function(
    "sum_by(items: list, of: expr) -> number",
    "Add up, exactly, what an expression gives for each item.",
    "sum_by(items, &multiply(price, quantity))",
    Decimal("25.00"),
    root={"items": [{"price": Decimal("10.00"), "quantity": 2}, {"price": Decimal("5.00"), "quantity": 1}]},
    through_reference=True,
)
def _sum_by(items: Sequence[Json], of: Callable[[Json], Json]) -> Number:
    return total("sum_by", [of(item) for item in items])


def ordered(function: str, values: Sequence[Json]) -> Sequence[Json]:
    """Let only all numbers or all texts through.

    Raises:
        EvaluationError: something else is among them.
    """
    try:
        for value in values:
            check_ordered(values[0], value)
    except EvaluationError as error:
        msg = f"{function}() {error.message}"
        raise EvaluationError(msg) from None
    return values


def _numbers(function: str, values: Sequence[Json]) -> Sequence[Number]:
    for position, value in enumerate(values, start=1):
        if kind(value) != "number":
            msg = f"{function}() adds numbers, and number {position} of the list is {show(value)}"
            raise EvaluationError(msg)
    return values


def _fold(
    operation: Callable[[Decimal, Decimal], Decimal], first: Number, others: Sequence[Number]
) -> Number:
    result = first
    for other in others:
        result = exactly(operation, result, other)
    return result


def rounded(number: Number, places: int, rounding: str) -> Decimal:
    """Round to decimal places.

    Raises:
        EvaluationError: there are too many of them.
    """
    if abs(places) > MOST_PLACES:
        msg = f"{places} places are too many; {MOST_PLACES} at most"
        raise EvaluationError(msg)
    value = Decimal(number)
    if value.adjusted() >= DIGITS - MOST_PLACES:
        msg = f"a number of more than {DIGITS - MOST_PLACES} digits cannot be rounded"
        raise EvaluationError(msg)
    return value.quantize(Decimal(1).scaleb(-places), rounding, _ROUNDING)
