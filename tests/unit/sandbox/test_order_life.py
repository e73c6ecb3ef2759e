from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3nop.sandbox.m3 import order_life
from m3nop.sandbox.m3.order_life import ALLOCATED, DELIVERED, INVOICED, PICKING

STAGES = ["", ALLOCATED, PICKING, DELIVERED]


def line(ordered: str = "10", **quantities: str) -> dict:
    made = {"PONR": 1, "ORNO": "1", "ORQT": ordered}
    return made | order_life.fresh(made) | quantities


@pytest.mark.parametrize(
    ("quantities", "status"),
    [
        ({}, "22"),
        ({"ALQT": "10"}, "33"),
        ({"ALQT": "4"}, "23"),
        ({"PLQT": "10"}, "44"),
        ({"ALQT": "5", "PLQT": "5"}, "34"),
        ({"DLQT": "4"}, "26"),
        ({"DLQT": "4", "PLQT": "6"}, "46"),
        ({"DLQT": "10"}, "66"),
        ({"DLQT": "10", "IVQT": "4"}, "67"),
        ({"DLQT": "4", "IVQT": "4"}, "27"),
        ({"DLQT": "4", "IVQT": "4", "ended": "99"}, "77"),
        ({"DLQT": "10", "IVQT": "10"}, "77"),
        ({"ended": "90"}, "90"),
        ({"ended": "99"}, "99"),
    ],
)
def test_a_line_says_how_far_its_least_and_its_most_has_come(quantities, status):
    assert order_life.status_of(line(**quantities)) == status


@pytest.mark.parametrize(
    ("lines", "lowest", "highest"),
    [
        ([{}, {"DLQT": "10"}], "22", "66"),
        ([{"DLQT": "4"}], "22", "66"),
        ([{"ended": "90"}, {"DLQT": "10", "IVQT": "10"}], "77", "77"),
        ([{"ended": "90"}, {"ended": "99"}], "90", "99"),
        ([{"ended": "99"}], "99", "99"),
    ],
)
def test_an_order_says_so_over_what_is_alive_of_it(lines, lowest, highest):
    states = order_life.states_of([line(**quantities) for quantities in lines])

    assert states == {"ORSL": lowest, "ORST": highest}


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 999)), max_size=12))
def test_moving_a_line_on_neither_makes_nor_loses_any_of_it(moves):
    ours = line("9.99")
    for stage, hundredths in moves:
        out_of = STAGES[stage]
        there = order_life.left(ours) if not out_of else order_life.amount(ours, out_of)
        if out_of == DELIVERED:
            there -= order_life.amount(ours, INVOICED)
        quantity = min(Decimal(hundredths) / 100, there)
        if out_of == DELIVERED:
            order_life.move(ours, quantity, into=INVOICED)
        else:
            order_life.move(ours, quantity, out_of=out_of, into=STAGES[stage + 1])

    parts = [order_life.amount(ours, field) for field in (ALLOCATED, PICKING, DELIVERED)]
    assert order_life.left(ours) + sum(parts) == Decimal("9.99")
    assert min(parts) >= 0
    assert order_life.amount(ours, INVOICED) <= order_life.amount(ours, DELIVERED)
    low, high = order_life.status_of(ours)
    assert "2" <= low <= high <= "7"
