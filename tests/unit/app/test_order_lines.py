"""What lines come to, and how lines of both sides are told apart."""

from __future__ import annotations

from decimal import Decimal

import pytest

from m3nop.app.reconcile.order_lines import Order, compare_lines, line_total

NAMES = ("CUPO", "ITNO", "ORQT", "SAPR")


def line(position: int = 1, **changes: str) -> dict[str, str]:
    return {"CUPO": str(position), "ITNO": "LAMP", "ORQT": "2", "SAPR": "10.00", **changes}


@pytest.mark.parametrize(
    ("changes", "total"),
    [
        ({}, "20"),
        ({"DIP1": "10", "DIP2": "50"}, "9"),
        ({"DIA1": "1.50", "DIA6": "0.50"}, "18"),
        ({"ALUN": "BOX", "SPUN": "BOX"}, "20"),
    ],
)
def test_a_line_comes_to_its_price_less_its_discounts(changes: dict[str, str], total: str) -> None:
    assert line_total(line(**changes)) == Decimal(total)


def test_a_line_without_a_price_of_ours_or_with_one_for_another_unit_comes_to_nothing_known() -> None:
    assert line_total({"ITNO": "LAMP", "ORQT": "2"}) is None
    assert line_total(line(ALUN="BOX")) is None


def test_equal_lines_have_no_difference_however_numbers_are_written() -> None:
    assert compare_lines(NAMES, Order([line()]), Order([line(ORQT="2.000", SAPR="10.0000", CUPO="01")])) == []


def test_each_line_that_differs_is_named() -> None:
    ours = Order([line(1), line(2, ITNO="TENT")])
    theirs = Order([line(1, ORQT="3"), line(3, ITNO="BOOT")])

    assert compare_lines(NAMES, ours, theirs) == [
        "line 1 LAMP: ORQT 2 in the shop, 3 in M3",
        "line 2 TENT: not in M3",
        "line 3 BOOT: not in the shop",
    ]


def test_lines_without_a_position_are_told_apart_by_their_item() -> None:
    names = ("ITNO", "ORQT")
    ours = Order([{"ITNO": "LAMP", "ORQT": "1"}, {"ITNO": "LAMP", "ORQT": "2"}])

    assert compare_lines(names, ours, Order([{"ITNO": "LAMP", "ORQT": "1"}])) == ["line LAMP: not in M3"]
