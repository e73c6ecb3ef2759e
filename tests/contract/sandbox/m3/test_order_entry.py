from __future__ import annotations

import pytest


def test_an_order_goes_from_temporary_to_real(m3):
    temporary = m3.head(CUOR="B2C-1", ORTP="W01", FACI="A01", ORDT="20261123", CUCD="EUR")
    first = m3.line(temporary, ITNO="TENT-2P", ORQT="2", SAPR="149.5", CUPO="1")
    second = m3.line(temporary, ITNO="MUG-TI", ORQT="1", CUPO="2")
    m3.rows("OIS100MI/AddBatchHeadChg", ORNO=temporary, CRID="FRT", CRAM="9.90")
    m3.rows(
        "OIS100MI/AddBatchAddress", ORNO=temporary, ADRT="01", CUNM="Zoë Åkesson", CUA1="Ågatan 1", CSCD="SE"
    )
    m3.rows("OIS100MI/AddBatchText", ORNO=temporary, TYPE="1", TYTR="1", PARM="Leave at the door " * 6)
    assert m3.row("OIS275MI/GetTmpOrderStat", ORNO=temporary) == {"ORNO": temporary, "ORNR": "", "STAT": "10"}
    assert m3.row("OIS100MI/GetOrderNo", ORNO=temporary)["ORNR"] == ""

    confirmed = m3.row("OIS100MI/Confirm", ORNO=temporary)

    number = confirmed["ORNO"]
    assert (first, second) == ("1", "2")
    assert confirmed["STAT"] == "90"
    assert number != temporary
    assert m3.row("OIS275MI/GetTmpOrderStat", ORNO=temporary) == {
        "ORNO": temporary,
        "ORNR": number,
        "STAT": "90",
    }
    assert m3.row("OIS100MI/GetOrderNo", ORNO=temporary)["ORNR"] == number
    head = m3.row("OIS100MI/GetHead", ORNO=number)
    assert {name: head[name] for name in ("CUNO", "CUOR", "ORSL", "ORST", "NTAM", "ORDT", "CUCD")} == {
        "CUNO": "W9999",
        "CUOR": "B2C-1",
        "ORSL": "22",
        "ORST": "22",
        "NTAM": "321.00",
        "ORDT": "20261123",
        "CUCD": "EUR",
    }
    lines = m3.rows("OIS100MI/LstLine", ORNO=number)
    assert [(line["PONR"], line["ITNO"], line["ORQT"], line["SAPR"], line["CUPO"]) for line in lines] == [
        ("1", "TENT-2P", "2", "149.50", "1"),
        ("2", "MUG-TI", "1", "22.00", "2"),
    ]
    assert m3.row("OIS100MI/GetLine", ORNO=number, PONR="2")["NLAM"] == "22.00"
    assert [line["ITNO"] for line in m3.rows("OIS100MI/LstLine", ORNO=number, ITNO="MUG-TI")] == ["MUG-TI"]
    charge = m3.row("OIS100MI/LstOrderCharge", ORNO=number)
    assert (charge["CRID"], charge["PBAM"], charge["CRD0"]) == ("FRT", "9.90", "Freight")
    address = m3.row("OIS100MI/GetAddress", ORNO=number, ADRT="1")
    assert (address["CUNM"], address["CUA1"], address["CSCD"]) == ("Zoë Åkesson", "Ågatan 1", "SE")
    assert len(m3.rows("OIS100MI/LstHeadText", ORNO=number, TYTR="1")) == 2


def test_an_order_without_its_own_address_shows_the_customers(m3):
    _, number = m3.order(CUNO="W0000001")

    assert m3.row("OIS100MI/GetAddress", ORNO=number, ADRT="01")["CUNM"] == "Järvinen Retki Oy"


def test_what_the_order_does_not_say_comes_from_the_customer(m3):
    temporary = m3.head(CUNO="W0000001")

    head = m3.row("OIS275MI/GetBatchHead", ORNO=temporary)
    assert {name: head[name] for name in ("CUNO", "ORTP", "TEPY", "FACI", "CUCD", "MODL")} == {
        "CUNO": "W0000001",
        "ORTP": "W02",
        "TEPY": "030",
        "FACI": "A01",
        "CUCD": "EUR",
        "MODL": "POS",
    }
    assert head["ORDT"] == m3.row("GENERAL/GetServerTime")["DATE"]


def test_m3_does_not_mind_the_same_reference_twice(m3):
    (_, first), (_, second) = m3.order(CUOR="TWICE"), m3.order(CUOR="TWICE")

    assert first != second


def test_confirming_again_gives_the_number_again_and_no_second_order(m3):
    temporary, number = m3.order(CUOR="AGAIN")

    assert m3.row("OIS100MI/Confirm", ORNO=temporary) == {"ORNO": number, "STAT": "90"}
    assert [row["ORNO"] for row in m3.rows("OIS100MI/LstHead", CUNO="W9999") if row["CUOR"] == "AGAIN"] == [
        number
    ]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("CUNO", "W9", "WCU0103"),
        ("CUNO", "TPLB2C", "WCU0101"),
        ("CUNO", "W9002", "WCU0101"),
        ("ORTP", "X99", "WOT0103"),
        ("FACI", "Z01", "WFA0103"),
        ("WHLO", "999", "WWH0103"),
        ("TEPY", "999", "WTE0103"),
        ("PYCD", "999", "WPM0103"),
        ("MODL", "999", "WMO0103"),
        ("TEDL", "999", "WTD0103"),
        ("CUCD", "XXX", "WCC0103"),
        ("LNCD", "XX", "WLN0103"),
        ("PYNO", "W9", "WPY0103"),
        ("ADID", "NOPE", "WAD0103"),
    ],
)
def test_a_head_with_a_value_that_m3_does_not_know_is_refused(m3, field, value, code):
    assert m3.refused("OIS100MI/AddBatchHead", **{"CUNO": "W9999", field: value}) == (code, field)


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"ITNO": "NOPE"}, "WIT0103", "ITNO"),
        ({"ITNO": "tent-2p"}, "WIT0103", "ITNO"),
        ({"ORQT": ""}, "WOQ0102", "ORQT"),
        ({"ORQT": "0"}, "WOQ0101", "ORQT"),
        ({"ORQT": "1.5"}, "WOQ0101", "ORQT"),
        ({"ORQT": "two"}, "WOQ0101", "ORQT"),
        ({"SAPR": "9,90"}, "WSA0101", "SAPR"),
        ({"WHLO": "999"}, "WWH0103", "WHLO"),
        ({"ALUN": "BOX"}, "WUN0101", "ALUN"),
        ({"DIA1": "x"}, "WDI0101", "DIA1"),
        ({"ITNO": "", "POPN": "NOPE", "ALWT": "2"}, "WAN0103", "POPN"),
    ],
)
def test_a_line_with_a_value_that_m3_does_not_know_is_refused(m3, fields, code, field):
    record = {"ORNO": m3.head(), "ITNO": "TENT-2P", "ORQT": "1", **fields}

    assert m3.refused("OIS100MI/AddBatchLine", **record) == (code, field)
    assert m3.rows("OIS100MI/LstBatchLine", ORNO=record["ORNO"]) == []


def test_a_line_may_name_its_item_by_alias_and_sell_fractions(m3):
    temporary = m3.head()
    m3.line(temporary, ITNO="", POPN="BOTTLE-1L", ALWT="02")
    m3.line(temporary, ITNO="ROPE-M", ORQT="2.5", DIP1="10")

    lines = m3.rows("OIS275MI/LstBatchLine", ORNO=temporary)

    assert [(line["ITNO"], line["ORQT"]) for line in lines] == [("10004711", "1"), ("ROPE-M", "2.50")]
    assert m3.row("OIS275MI/GetBatchHead", ORNO=temporary)["NTAM"] == "17.63"


@pytest.mark.parametrize(
    ("transaction", "record"),
    [
        ("AddBatchLine", {"ITNO": "TENT-2P", "ORQT": "1"}),
        ("AddBatchAddress", {"ADRT": "1"}),
        ("AddBatchText", {"TYPE": "1", "TYTR": "1", "PARM": "x"}),
        ("AddBatchHeadChg", {"CRID": "FRT", "CRAM": "1"}),
        ("AddBatchLineChg", {"PONR": "1", "POSX": "0", "CRID": "FRT", "CRAM": "1"}),
        ("DelBatchLine", {"PONR": "1"}),
        ("DelBatchHead", {}),
    ],
)
def test_a_deleted_or_confirmed_temporary_order_cannot_be_changed(m3, transaction, record):
    deleted, (confirmed, number) = m3.head(), m3.order()
    m3.rows("OIS100MI/DelBatchHead", ORNO=deleted)

    assert m3.refused(f"OIS100MI/{transaction}", ORNO=deleted, **record) == ("WOR0103", "ORNO")
    assert m3.refused(f"OIS100MI/{transaction}", ORNO=confirmed, **record) == ("WOR0105", "ORNO")
    assert len(m3.rows("OIS100MI/LstLine", ORNO=number)) == 1


def test_a_deleted_temporary_order_is_gone_with_its_lines(m3):
    temporary = m3.head(CUOR="GONE")
    m3.line(temporary)
    m3.rows("OIS100MI/DelBatchHead", ORNO=temporary)

    assert m3.refused("OIS275MI/GetTmpOrderStat", ORNO=temporary) == ("WOR0103", "ORNO")
    assert m3.refused("OIS100MI/Confirm", ORNO=temporary) == ("WOR0103", "ORNO")
    assert m3.refused("OIS100MI/LstBatchLine", ORNO=temporary) == ("WOR0103", "ORNO")
    assert "GONE" not in [row["CUOR"] for row in m3.rows("OIS100MI/LstBatchHead", CUNO="W9999")]
    assert m3.head() > temporary


def test_a_line_can_be_deleted_and_its_number_is_not_used_before_the_last_one(m3):
    temporary = m3.head()
    for _ in range(3):
        m3.line(temporary)
    m3.rows("OIS100MI/DelBatchLine", ORNO=temporary, PONR="2", POSX="0")

    m3.line(temporary)

    assert [line["PONR"] for line in m3.rows("OIS100MI/LstBatchLine", ORNO=temporary)] == ["1", "3", "4"]
    assert m3.row("OIS100MI/GetBatchLine", ORNO=temporary, PONR="3")["ITNO"] == "TENT-2P"
    assert m3.refused("OIS100MI/GetBatchLine", ORNO=temporary, PONR="2") == ("WPO0103", "PONR")
    assert m3.refused("OIS100MI/DelBatchLine", ORNO=temporary, PONR="3", POSX="1") == ("WPO0103", "PONR")
    assert m3.refused("OIS100MI/DelBatchLine", ORNO=temporary, PONR="1.5") == ("WPO0101", "PONR")


def test_charges_are_checked(m3):
    temporary = m3.head()
    line = m3.line(temporary)
    m3.rows("OIS100MI/AddBatchHeadChg", ORNO=temporary, CRID="PAY", CRAM="1.5", CRD0="Card fee")

    head = {"ORNO": temporary, "CRAM": "1"}
    assert m3.refused("OIS100MI/AddBatchHeadChg", **head, CRID="PAY") == ("WCR0104", "CRID")
    assert m3.refused("OIS100MI/AddBatchHeadChg", **head, CRID="NOPE") == ("WCR0103", "CRID")
    assert m3.refused("OIS100MI/AddBatchHeadChg", **head, CRID="FRT", CUCD="SEK") == ("WCC0101", "CUCD")
    assert m3.refused("OIS100MI/AddBatchHeadChg", ORNO=temporary, CRID="FRT", CRAM="1.234") == (
        "WCA0101",
        "CRAM",
    )
    m3.rows("OIS100MI/AddBatchLineChg", ORNO=temporary, PONR=line, POSX="0", CRID="GFT", CRAM="3.5")
    assert m3.refused("OIS100MI/AddBatchLineChg", **head, PONR="9", POSX="0", CRID="GFT") == (
        "WPO0103",
        "PONR",
    )

    number = m3.row("OIS100MI/Confirm", ORNO=temporary)["ORNO"]
    assert m3.row("OIS100MI/LstOrderCharge", ORNO=number, CRID="PAY")["CRD0"] == "Card fee"
    assert m3.rows("OIS100MI/LstOrderCharge", ORNO=number, CRID="FRT") == []
    assert m3.row("OIS100MI/LstLineCharge", ORNO=number, PONR="1")["PBAM"] == "3.50"


def test_addresses_and_texts_are_checked(m3):
    temporary = m3.head()
    m3.rows("OIS100MI/AddBatchAddress", ORNO=temporary, ADRT="1", CUNM="A")

    assert m3.refused("OIS100MI/AddBatchAddress", ORNO=temporary, ADRT="01") == ("WAR0104", "ADRT")
    assert m3.refused("OIS100MI/AddBatchAddress", ORNO=temporary, ADRT="2", CSCD="XX") == ("WCS0103", "CSCD")
    text = {"ORNO": temporary, "PARM": "x"}
    assert m3.refused("OIS100MI/AddBatchText", **text, TYPE="3", TYTR="1") == ("WTY0101", "TYPE")
    assert m3.refused("OIS100MI/AddBatchText", **text, TYPE="1", TYTR="3") == ("WTX0101", "TYTR")
    assert m3.refused("OIS100MI/AddBatchText", **text, TYPE="2", TYTR="1") == ("WPO0102", "PONR")
    assert m3.refused("OIS100MI/AddBatchText", **text, TYPE="2", TYTR="1", PONR="1") == ("WPO0103", "PONR")
    assert m3.row("OIS275MI/GetAddress", ORNO=temporary, ADRT="1")["CUNM"] == "A"


def test_an_order_that_cannot_be_created_stays_temporary_and_says_why(m3):
    no_lines = m3.head()
    stopped = m3.head(CUNO="W9001")
    m3.line(stopped)
    wrong_line = m3.head()
    m3.line(wrong_line, ITNO="TENT-OLD")
    number = m3.row("CRS610MI/Add", CUTM="TPLB2C", CUNM="Short-lived", CUA1="-", CSCD="SE")["CUNO"]
    wrong_head = m3.head(CUNO=number)
    m3.line(wrong_head)
    m3.rows("CRS610MI/ChgBasicData", CUNO=number, STAT="90")

    for temporary, status in ((no_lines, "20"), (stopped, "30"), (wrong_line, "25"), (wrong_head, "15")):
        assert m3.row("OIS100MI/Confirm", ORNO=temporary) == {"ORNO": "", "STAT": status}
        assert m3.row("OIS275MI/GetTmpOrderStat", ORNO=temporary) == {
            "ORNO": temporary,
            "ORNR": "",
            "STAT": status,
        }
        (reason,) = m3.rows("OIS100MI/LstErrMsgOrder", ORNO=temporary)
        assert reason["MSID"]
        assert reason["TX60"]

    m3.line(no_lines)
    assert m3.row("OIS100MI/Confirm", ORNO=no_lines)["STAT"] == "90"
    m3.rows("CRS610MI/ChgFinancial", CUNO="W9001", BLCD="0")
    assert m3.row("OIS100MI/Confirm", ORNO=stopped)["STAT"] == "90"
    assert m3.rows("OIS100MI/LstErrMsgOrder", ORNO=stopped) == []
    m3.rows("CRS610MI/ChgFinancial", CUNO="W9001", BLCD="1")


def test_orders_of_a_customer_are_listed_with_their_state(m3):
    customer = m3.row("CRS610MI/Add", CUTM="TPLB2C", CUNM="Lister", CUA1="-", CSCD="SE")["CUNO"]
    temporary, number = m3.order(CUNO=customer, CUOR="L-1")
    left = m3.head(CUNO=customer, CUOR="L-2")

    batch = m3.rows("OIS100MI/LstBatchHead", CUNO=customer)
    assert [(row["ORNO"], row["ORNR"], row["STAT"], row["CUOR"]) for row in batch] == [
        (temporary, number, "90", "L-1"),
        (left, "", "10", "L-2"),
    ]
    assert [row["ORNO"] for row in m3.rows("OIS100MI/LstBatchHead", CUNO=customer, ORST="20")] == [left]
    assert [row["ORNO"] for row in m3.rows("OIS100MI/LstHead", CUNO=customer)] == [number]
    assert m3.rows("OIS100MI/LstHead", CUNO=customer, ORSL="66") == []
    assert m3.refused("OIS100MI/LstHead", CUNO="W9") == ("WCU0103", "CUNO")
    assert m3.refused("OIS100MI/GetHead", ORNO=temporary) == ("WOR0103", "ORNO")


def test_the_search_index_lags(m3):
    temporary, number = m3.order(CUOR="LAG-1")
    assert m3.rows("OIS275MI/SearchBatchLine", SQRY="CUOR:LAG-1") == []
    assert m3.rows("OIS100MI/SearchHead", SQRY="LAG-1") == []

    m3.world.clock.advance(90)

    (line,) = m3.rows("OIS275MI/SearchBatchLine", SQRY="CUOR:LAG-1")
    assert (line["ORNO"], line["ORNR"], line["PONR"], line["STAT"]) == (temporary, number, "1", "90")
    assert m3.row("OIS100MI/SearchHead", SQRY='CUOR:"LAG-1" AND CUNO:W9999')["ORNO"] == number
    assert m3.row("OIS100MI/SearchHead", SQRY="LAG-1")["ORNO"] == number
    assert m3.refused("OIS100MI/SearchHead", SQRY="NOPE:1") == ("XSE0001", "SQRY")


def test_confirm_in_the_background_finishes_later_and_once(m3):
    m3.fault("background_confirm", operation="OIS100MI/Confirm", seconds=30)
    temporary = m3.head(CUOR="BACK-1")
    m3.line(temporary)

    assert m3.row("OIS100MI/Confirm", ORNO=temporary) == {"ORNO": "", "STAT": "10"}
    assert m3.row("OIS100MI/Confirm", ORNO=temporary) == {"ORNO": "", "STAT": "10"}
    assert m3.refused("OIS100MI/DelBatchHead", ORNO=temporary) == ("WOR0105", "ORNO")
    m3.world.clock.advance(31)

    state = m3.row("OIS275MI/GetTmpOrderStat", ORNO=temporary)
    assert state["STAT"] == "90"
    assert m3.row("OIS100MI/Confirm", ORNO=temporary)["ORNO"] == state["ORNR"]
    assert [row["ORNO"] for row in m3.rows("OIS100MI/LstHead", CUNO="W9999") if row["CUOR"] == "BACK-1"] == [
        state["ORNR"]
    ]
