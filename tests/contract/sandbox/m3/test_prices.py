from __future__ import annotations

import pytest

from m3nop.sandbox.m3.goods import set_price
from m3nop.sandbox.m3.session import Session, Tables

WEB = {"PRRF": "WEB", "CUCD": "EUR", "FVDT": "20250101"}


@pytest.fixture
def session(m3):
    m3.world.clock.advance(2)
    return Session(m3.world, Tables(m3.world))


def price(m3, **record: str) -> tuple[str, str, str]:
    row = m3.row("OIS320MI/GetPriceLine", **{"CUNO": "W9999", "ITNO": "CARABINER", **record})
    assert row["NETP"] == row["SAPR"]
    return row["SAPR"], row["LNAM"], row["PRRF"]


def test_the_price_of_a_line_follows_quantity_and_unit(m3):
    assert price(m3) == ("8.90", "8.90", "WEB")
    assert price(m3, ORQA="11") == ("8.90", "97.90", "WEB")
    assert price(m3, ORQA="12") == ("8.40", "100.80", "WEB")
    assert price(m3, ORQA="4", ALUN="BOX") == ("7.90", "379.20", "WEB")


def test_the_price_of_a_line_follows_customer_currency_and_list(m3):
    assert price(m3, CUNO="W0000002") == ("7.57", "7.57", "B2B")
    assert price(m3, CUNO="W0000001") == ("8.90", "8.90", "")
    assert price(m3, CUCD="SEK") == ("102.00", "102.00", "WEB")
    assert price(m3, PRRF="B2B") == ("7.57", "7.57", "B2B")
    assert price(m3, ORDT="20240101") == ("8.90", "8.90", "")
    assert price(m3, CUCD="USD") == ("0", "0.00", "")


def test_a_price_for_one_customer_goes_before_the_general_one(m3, session):
    set_price(session, "MAP-KEBNE", "11.00", prrf="WEB", cucd="EUR", cuno="W9999")

    assert price(m3, ITNO="MAP-KEBNE")[0] == "11.00"
    assert price(m3, ITNO="MAP-KEBNE", CUNO="W0000001")[0] == "16.90"
    assert price(m3, ITNO="CAP-WOOL")[0] == "24.00"
    lists = m3.rows("OIS320MI/LstPricelists", PRRF="WEB", CUCD="EUR")
    assert [(row["CUNO"], row["TX15"]) for row in lists] == [("", "Web shop"), ("W9999", "Web shop")]


@pytest.mark.parametrize(
    ("record", "refused"),
    [
        ({"CUNO": "W0"}, ("WCU0103", "CUNO")),
        ({"ITNO": "NOPE"}, ("WIT0103", "ITNO")),
        ({"CUCD": "XXX"}, ("WCC0103", "CUCD")),
        ({"ALUN": "PAL"}, ("WUN0101", "ALUN")),
        ({"ORQA": "-1"}, ("WOQ0101", "ORQT")),
    ],
)
def test_a_price_of_nothing_is_refused(m3, record, refused):
    assert m3.refused("OIS320MI/GetPriceLine", **{"CUNO": "W9999", "ITNO": "TENT-2P", **record}) == refused


def test_the_prices_of_a_list_are_listed(m3):
    base = {row["ITNO"]: row["SAPR"] for row in m3.rows("OIS017MI/LstBasePrice", **WEB)}

    assert base["CARABINER"] == "8.90"
    assert m3.row("OIS017MI/GetBasePrice", **WEB, ITNO="CARABINER")["SAPR"] == "8.90"
    graduated = m3.rows("OIS017MI/LstGradSlsPrc", **WEB, ITNO="CARABINER")
    assert [(row["QTYL"], row["SAPR"]) for row in graduated] == [("12", "8.40"), ("48", "7.90")]
    levels = m3.rows("OIS320MI/LstPrices", CUNO="W9999", ITNO="CARABINER")
    assert [(row["QTLB"], row["NETP"]) for row in levels] == [("0", "8.90"), ("12", "8.40"), ("48", "7.90")]
    assert m3.row("OIS017MI/GetPriceList", **WEB)["TX40"] == "Web shop"
    assert {row["PRRF"] for row in m3.rows("OIS017MI/LstPriceList")} == {"B2B", "WEB"}
    assert {row["PRRF"] for row in m3.rows("OIS320MI/LstListPrices", PRRF="B2B", FVDT="20250101")} == {"B2B"}
    assert m3.refused("OIS017MI/LstBasePrice", **WEB | {"PRRF": "NOPE"}) == ("WPI0103", "PRRF")
    assert m3.refused("OIS017MI/GetBasePrice", **WEB, ITNO="NOPE") == ("WIT0103", "ITNO")


def test_a_price_that_changed_is_listed_by_its_time_stamp(m3, session):
    set_price(session, "SPOON-TI", "8.50", prrf="WEB", cucd="EUR")
    set_price(session, "SPOON-TI", "7.50", prrf="WEB", cucd="EUR", quantity=10)

    rows = m3.rows("OIS320MI/LstNewPrices", LMTS=str(session.stamp))

    assert [(row["ITNO"], row["QTYL"], row["SAPR"]) for row in rows] == [
        ("SPOON-TI", "0", "8.50"),
        ("SPOON-TI", "10", "7.50"),
    ]


def test_a_line_without_a_price_gets_that_of_the_list(m3):
    order = m3.head(CUNO="W0000002")
    line = m3.line(order, ITNO="TENT-3P")

    assert m3.row("OIS100MI/GetBatchLine", ORNO=order, PONR=line)["SAPR"] == "169.15"
