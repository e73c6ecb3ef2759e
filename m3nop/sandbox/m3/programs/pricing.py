"""Quantities, prices and amounts of order lines. All of it is Decimal and kept as text."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from m3nop.sandbox.m3 import stock
from m3nop.sandbox.m3.refusal import is_not_valid, must_be_entered

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAIN = re.compile(r"-?\d{1,15}(\.\d*)?\Z")
_CENT = Decimal("0.01")
_PRICE_DECIMALS = 6
_DISCOUNTS = range(1, 7)


def quantity(text: str, *, decimals: int) -> str:
    """Read an ordered quantity; it is above zero and has no more decimals than its item's unit allows."""
    if not text:
        msg = "ORQT"
        raise must_be_entered(msg)
    value = _number("ORQT", text)
    if value <= 0 or value != round(value, decimals):
        msg = "ORQT"
        raise is_not_valid(msg, text)
    return f"{value:.{decimals}f}"


def price(text: str) -> str:
    """Read a sales price; it is not negative, has six decimals at most, and is shown with two at least."""
    value = _number("SAPR", text)
    if value < 0 or value != round(value, _PRICE_DECIMALS):
        msg = "SAPR"
        raise is_not_valid(msg, text)
    shown = value.normalize()
    return f"{value:.2f}" if shown == shown.quantize(_CENT) else f"{shown:f}"


def money(field: str, text: str) -> str:
    """Read an amount with two decimals at most."""
    value = _number(field, text)
    if value != value.quantize(_CENT):
        raise is_not_valid(field, text)
    return f"{value:.2f}"


def check_discounts(record: Mapping[str, str]) -> None:
    """Check the discount amounts and percentages of a line."""
    for number in _DISCOUNTS:
        if f"DIA{number}" in record:
            money(f"DIA{number}", record[f"DIA{number}"])
        percent = record.get(f"DIP{number}", "0")
        if not 0 <= _number(f"DIP{number}", percent) <= 100:  # noqa: PLR2004
            msg = f"DIP{number}"
            raise is_not_valid(msg, percent)


def priced_quantity(line: Mapping[str, Any], quantity: Decimal) -> Decimal:
    """Return a quantity of a line in the unit of its price."""
    return stock.in_basic_unit(dict(line), quantity) if line.get("SPUN") != line.get("ALUN") else quantity


def amounts(line: Mapping[str, Any]) -> dict[str, str]:
    """Return net price and net amount of a line, whose price may be for a basic unit or for the one ordered.

    Percentages apply one after the other; a discount amount is taken as one for the whole line (which of
    the two it is depends on the discount model, so this is an assumption).
    """
    net = Decimal(line["SAPR"])
    quantity = priced_quantity(line, Decimal(line["ORQT"]))
    for number in _DISCOUNTS:
        net *= 1 - Decimal(line.get(f"DIP{number}", 0)) / 100
    total = net * quantity - sum(Decimal(line.get(f"DIA{number}", 0)) for number in _DISCOUNTS)
    return {"NEPR": f"{net.normalize():f}", "NLAM": f"{total.quantize(_CENT, ROUND_HALF_UP)}"}


def _number(field: str, text: str) -> Decimal:
    if not _PLAIN.match(text):
        raise is_not_valid(field, text)
    return Decimal(text)
