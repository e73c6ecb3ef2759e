from __future__ import annotations

from contextlib import closing

import pytest

from m3nop.sandbox.m3 import stock
from m3nop.sandbox.m3.refusal import RefusalError
from m3nop.sandbox.m3.seed import seed
from m3nop.sandbox.m3.session import Session, Tables
from m3nop.sandbox.world import World

QUANTITIES = ("STQT", "REQT", "ALQT", "AVAL", "AV01", "AV02")


@pytest.fixture
def session():
    with closing(World()) as world:
        seed(world)
        yield Session(world, Tables(world))


def quantities(row):
    return tuple(row[name] for name in QUANTITIES)


def test_an_entered_line_lowers_what_can_be_promised_until_it_is_delivered(session):
    stock.set_on_hand(session, "001", "TENT-2P", 10)

    assert quantities(stock.reserve(session, "001", "TENT-2P", "3")) == ("10", "3", "0", "7", "7", "7")
    assert quantities(stock.allocate(session, "001", "TENT-2P", "2")) == ("10", "1", "2", "9", "7", "7")
    assert quantities(stock.issue(session, "001", "TENT-2P", "3")) == ("7", "0", "0", "7", "7", "7")


def test_a_cancelled_line_lets_go_of_what_it_held(session):
    stock.set_on_hand(session, "001", "TENT-2P", 10)
    stock.reserve(session, "001", "TENT-2P", 5)
    stock.allocate(session, "001", "TENT-2P", 2)

    assert quantities(stock.release(session, "001", "TENT-2P", 5)) == ("10", "0", "0", "10", "10", "10")


def test_more_may_be_promised_than_there_is_but_not_delivered(session):
    stock.set_on_hand(session, "002", "ROPE-M", "1.50")

    assert stock.reserve(session, "002", "ROPE-M", "2.25")["AV01"] == "-0.75"
    with pytest.raises(RefusalError, match=r"ROPE-M in warehouse 002 is 1\.50, less than 2\.25"):
        stock.issue(session, "002", "ROPE-M", "2.25")
    assert stock.balance(session, "002", "ROPE-M")["STQT"] == "1.50"


@pytest.mark.parametrize(
    ("warehouse", "item", "quantity", "field"),
    [
        ("999", "TENT-2P", 1, "WHLO"),
        ("001", "NOPE", 1, "ITNO"),
        ("001", "TENT-2P", "0.5", "STQT"),
        ("001", "TENT-2P", -1, "STQT"),
    ],
)
def test_a_quantity_that_cannot_be_on_hand_is_refused(session, warehouse, item, quantity, field):
    with pytest.raises(RefusalError) as refused:
        stock.set_on_hand(session, warehouse, item, quantity)

    assert refused.value.field == field


def test_a_balance_says_when_it_changed(session):
    before = stock.balance(session, "001", "TENT-2P")
    session.world.clock.advance(60)
    later = Session(session.world, session.tables)

    after = stock.set_on_hand(later, "001", "TENT-2P", 4)

    assert after["LMTS"] - before["LMTS"] >= 60_000
    assert after["CHNO"] == 1


def test_a_place_that_never_held_an_item_holds_nothing_of_it(session):
    session.tables.balances.clear()

    assert quantities(stock.balance(session, "002", "CAP-WOOL")) == ("0", "0", "0", "0", "0", "0")
    assert stock.reserve(session, "002", "CAP-WOOL", 1)["AV01"] == "-1"


@pytest.mark.parametrize(
    ("unit", "expected"), [({}, 3), ({"COFA": "12", "DMCF": 1}, 36), ({"COFA": "2", "DMCF": 2}, 1.5)]
)
def test_a_quantity_in_another_unit_is_counted_in_the_basic_one(unit, expected):
    assert stock.in_basic_unit(unit, "3") == expected
