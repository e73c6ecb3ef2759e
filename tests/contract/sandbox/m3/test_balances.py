from __future__ import annotations

import pytest

from m3nop.sandbox.m3 import stock
from m3nop.sandbox.m3.session import Session, Tables


@pytest.fixture
def session(m3):
    m3.world.clock.advance(2)
    return Session(m3.world, Tables(m3.world))


def promised(m3, item: str, warehouse: str = "001") -> tuple[str, str, str, str]:
    row = m3.row("MMS200MI/GetItmWhsBal", WHLO=warehouse, ITNO=item)
    return row["STQT"], row["REQT"], row["ALQT"], row["AV01"]


def test_an_order_holds_stock_when_it_is_real_not_before(m3, session):
    stock.set_on_hand(session, "001", "LAMP-TENT", 10)
    temporary = m3.head()
    m3.line(temporary, ITNO="LAMP-TENT", ORQT="4")
    assert promised(m3, "LAMP-TENT") == ("10", "0", "0", "10")

    m3.row("OIS100MI/Confirm", ORNO=temporary)
    assert promised(m3, "LAMP-TENT") == ("10", "4", "0", "6")

    stock.allocate(session, "001", "LAMP-TENT", 4)
    assert promised(m3, "LAMP-TENT") == ("10", "0", "4", "6")

    stock.issue(session, "001", "LAMP-TENT", 4)
    assert promised(m3, "LAMP-TENT") == ("6", "0", "0", "6")


def test_confirming_twice_holds_once(m3, session):
    stock.set_on_hand(session, "001", "PILLOW", 5)
    temporary = m3.head()
    m3.line(temporary, ITNO="PILLOW", ORQT="2")
    m3.row("OIS100MI/Confirm", ORNO=temporary)
    m3.row("OIS100MI/Confirm", ORNO=temporary)

    assert promised(m3, "PILLOW") == ("5", "2", "0", "3")


def test_a_line_holds_stock_where_it_is_ordered_from(m3, session):
    stock.set_on_hand(session, "002", "POT-1L", 5)
    temporary = m3.head()
    m3.line(temporary, ITNO="POT-1L", ORQT="7", WHLO="002")
    m3.row("OIS100MI/Confirm", ORNO=temporary)

    assert promised(m3, "POT-1L", "002") == ("5", "7", "0", "-2")
    assert m3.row("OIS100MI/GetATP", WHLO="002", ITNO="POT-1L", DWDT="20300101") == {
        "AVTQ": "0",
        "UNMS": "PCS",
        "AVTD": "20300101",
    }


def test_changed_balances_are_listed_by_time_stamp(m3, session):
    stock.set_on_hand(session, "002", "AXE-S", 3)
    m3.world.clock.advance(1)
    later = Session(m3.world, session.tables)
    stock.set_on_hand(later, "001", "KNIFE-FOLD", 8)

    changed = m3.rows("OIS100MI/LstNewBalances", LMTS=str(session.stamp))

    assert [(row["WHLO"], row["ITNO"], row["AV01"]) for row in changed] == [
        ("002", "AXE-S", "3"),
        ("001", "KNIFE-FOLD", "8"),
    ]
    by_item = m3.rows("MMS060MI/LstNewItemBal", ITNO="AXE-S", LMTS=str(session.stamp))
    assert [(row["WHLO"], row["STQT"], row["STAS"]) for row in by_item] == [("002", "3", "2")]
    site = m3.rows("MMS080MI/LstItemBal", LMTS=str(session.stamp), WHLO="002")
    assert [(row["ITNO"], row["ITDS"], row["AV01"]) for row in site] == [("AXE-S", "Yxa liten", "3")]


def test_balances_are_listed_by_warehouse_and_by_item(m3, session):
    stock.set_on_hand(session, "001", "COMPASS", 4)
    stock.set_on_hand(session, "002", "COMPASS", 1)

    assert [(row["WHLO"], row["AV01"]) for row in m3.rows("OIS100MI/LstWarehBalance", ITNO="COMPASS")] == [
        ("001", "4"),
        ("002", "1"),
    ]
    located = m3.rows("MMS060MI/LstViaItem", ITNO="COMPASS", WHLO="002")
    assert [(row["WHLO"], row["WHSL"], row["STQT"], row["UNMS"]) for row in located] == [
        ("002", "MAIN", "1", "PCS")
    ]
    assert m3.rows("MMS060MI/List", WHLO="002", ITNO="TENT-OLD")[0]["ITNO"] == "TENT-OLD"
    planned = m3.rows("MMS080MI/LstItemWarehous", FWHL="001", TWHL="002")
    assert {(row["WHLO"], row["ITNO"]): row["AV01"] for row in planned}["002", "COMPASS"] == "1"
    (first, *_) = m3.rows("MMS200MI/LstSumWhsBal", WHLO="001", POPN="BOTTLE-1L")
    assert (first["ITNO"], first["WHNM"], first["CONO"]) == ("10004711", "Central warehouse", "100")
    assert m3.row("MMS200MI/GetSumWhsBal", WHLO="001", POPN="COMPASS")["STQT"] == "4"


@pytest.mark.parametrize(
    ("asked", "record", "refused"),
    [
        ("MMS200MI/GetItmWhsBal", {"WHLO": "999", "ITNO": "TENT-2P"}, ("WWH0103", "WHLO")),
        ("MMS200MI/GetItmWhsBal", {"WHLO": "001", "ITNO": "NOPE"}, ("WIT0103", "ITNO")),
        ("MMS200MI/LstSumWhsBal", {"WHLO": "999", "POPN": "X"}, ("WWH0103", "WHLO")),
        ("MMS060MI/LstNewItemBal", {"ITNO": "NOPE"}, ("WIT0103", "ITNO")),
        ("OIS100MI/LstNewBalances", {"LMTS": "1.5"}, ("WLM0101", "LMTS")),
        ("MMS080MI/LstItemBal", {"ITNO": "NOPE"}, ("WIT0103", "ITNO")),
    ],
)
def test_a_balance_of_nothing_is_refused(m3, asked, record, refused):
    assert m3.refused(asked, **record) == refused


def test_a_mandatory_field_must_be_there(m3):
    assert m3.result("MMS200MI/GetItmWhsBal", WHLO="001")["errorType"] == "MandatoryInputFieldNotFound"


def test_an_item_that_a_warehouse_does_not_keep_is_refused(m3, session):
    del session.tables.balances[stock.key("002", "GIFT-WRAP")]

    assert m3.refused("MMS200MI/GetItmWhsBal", WHLO="002", ITNO="GIFT-WRAP") == ("WIT0103", "ITNO")
