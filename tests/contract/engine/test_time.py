"""Clocks that jump, days that are longer, and orders out of order: each order is entered once all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from m3nop.core.clock import DAY, HOUR, MINUTE, Instant, parse_instant, to_text
from tests.contract.engine.bench import CLEAN, Bench

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeBench = Callable[..., Bench]

CHANGES = {
    "summer time begins": ("2027-03-28", ("20270327", "20270328", "20270328", "20270329")),
    "summer time ends": ("2027-10-31", ("20271030", "20271031", "20271031", "20271101")),
}
"""Days on which Europe's clocks change, and the dates in M3 of what is placed around their midnights."""


def midnights(day: Instant, *, begins: bool) -> tuple[Instant, ...]:
    """Return five minutes before and after a day begins and ends in M3's time zone, one hour or two off UTC."""
    first, last = (1, 2) if begins else (2, 1)
    start, end = day - first * HOUR, day + DAY - last * HOUR
    return (start - 5 * MINUTE, start + 5 * MINUTE, end - 5 * MINUTE, end + 5 * MINUTE)


def clock_jumps(make_bench: MakeBench, away: int) -> None:
    bench: Bench = make_bench()
    before = [bench.place(), bench.place(payment_status="pending")]
    bench.run()
    bench.clock.instant += away
    there = bench.place()
    bench.change(before[1], payment_status="paid")
    bench.run()
    bench.clock.instant -= away
    after = bench.place()
    for _ in range(3):
        bench.run()
        bench.clock.wait(2 * 3600)
    assert bench.judge(*before, there, after) == CLEAN
    assert set(bench.states().values()) == {"done"}


@pytest.mark.parametrize("dialect", ["official", "oss"])
def test_a_clock_that_is_set_back_loses_and_doubles_nothing(make_bench: MakeBench, dialect: str) -> None:
    clock_jumps(lambda: make_bench(dialect=dialect), -HOUR)


@pytest.mark.parametrize("dialect", ["official", "oss"])
def test_a_clock_that_was_a_day_ahead_loses_and_doubles_nothing(make_bench: MakeBench, dialect: str) -> None:
    clock_jumps(lambda: make_bench(dialect=dialect), DAY)


@pytest.mark.parametrize("change", CHANGES)
def test_orders_around_a_change_of_the_clocks_have_the_date_on_which_they_were_placed(
    bench: Bench, change: str
) -> None:
    bench.zone = "Europe/Stockholm"
    day, dates = CHANGES[change]
    moments = midnights(parse_instant(f"{day}T00:00:00Z"), begins=change.endswith("begins"))
    orders = []
    for moment in moments:
        bench.clock.instant = moment + 30 * MINUTE
        orders.append(bench.place(created=to_text(moment)))
        bench.run()
    assert bench.judge(*orders) == CLEAN
    found = [row["ORDT"] for order in orders for row in bench.real(order)]
    assert tuple(str(date) for date in found) == dates


@pytest.mark.parametrize("dialect", ["official", "oss"])
def test_orders_that_appear_out_of_order_are_entered_once(make_bench: MakeBench, dialect: str) -> None:
    bench = make_bench(dialect=dialect)
    first = bench.place()
    bench.run()
    orders = [bench.place(ago=minutes * MINUTE) for minutes in (20, 70, 10, 50, 30)]
    shop = bench.world.books.table("shop.orders")
    hidden = {number: shop[str(number)] for number in orders[:4]}
    for number in hidden:
        del shop[str(number)]
    for number in (None, orders[3], orders[0], orders[2], orders[1]):
        if number:
            shop[str(number)] = hidden[number]
        bench.run()
        bench.clock.wait(3600)
    assert bench.judge(first, *orders) == CLEAN
