from __future__ import annotations

import pytest

NEW = {"CUTM": "TPLB2C", "CUNM": "Åsa Öberg", "CUA1": "Ågatan 1", "CSCD": "SE"}


def test_a_customer_is_made_from_its_template(m3):
    added = m3.row("CRS610MI/Add", **NEW, MAIL="asa@example.com", TOWN="Umeå", PONO="90325")

    number = added["CUNO"]
    assert added["ERRM"] == ""
    assert number.startswith("W")
    basic = m3.row("CRS610MI/GetBasicData", CUNO=number)
    assert (basic["CUNM"], basic["STAT"], basic["MAIL"], basic["TOWN"]) == (
        "Åsa Öberg",
        "20",
        "asa@example.com",
        "Umeå",
    )
    assert m3.row("CRS610MI/GetOrderInfo", CUNO=number)["TEPY"] == "000"
    assert m3.row("CRS610MI/GetFinancial", CUNO=number)["CUCD"] == "EUR"
    assert basic["CUTP"] == "0"


def test_a_number_that_is_given_is_used_once(m3):
    assert m3.row("CRS610MI/Add", **NEW, CUNO="N1-42")["CUNO"] == "N1-42"
    assert m3.refused("CRS610MI/Add", **NEW, CUNO="N1-42") == ("WCU0104", "CUNO")


def test_an_incomplete_customer_is_created_in_status_12_and_says_so(m3):
    added = m3.row("CRS610MI/Add", CUTM="TPLB2C", CUNM="Nowhere", CUA1="-")

    assert added["ERRM"] == "Country must be entered"
    assert m3.row("CRS610MI/GetBasicData", CUNO=added["CUNO"])["STAT"] == "12"
    assert m3.refused("OIS100MI/AddBatchHead", CUNO=added["CUNO"]) == ("WCU0101", "CUNO")


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"CUTM": "NOPE"}, "WCT0103", "CUTM"),
        ({"CUTM": "W9999"}, "WCT0101", "CUTM"),
        ({"CSCD": "XX"}, "WCS0103", "CSCD"),
        ({"LNCD": "XX"}, "WLN0103", "LNCD"),
    ],
)
def test_a_customer_with_a_value_that_m3_does_not_know_is_refused(m3, changes, code, field):
    assert m3.refused("CRS610MI/Add", **NEW | changes) == (code, field)


def test_a_name_that_is_too_long_is_refused(m3):
    result = m3.result("CRS610MI/Add", **NEW | {"CUNM": "Ö" * 37})

    assert (result["errorType"], result["errorField"]) == ("InputFieldTooLong", "CUNM")


def test_a_change_touches_what_is_given(m3):
    number = m3.row("CRS610MI/Add", **NEW, YREF="B2C-1", PHNO="123")["CUNO"]

    m3.row("CRS610MI/ChgBasicData", CUNO=number, CUNM="Åsa Berg", PHNO="?")
    m3.rows("CRS610MI/ChgOrderInfo", CUNO=number, ORTP="W02", TEPY="030", WHLO="002")
    m3.rows("CRS610MI/ChgFinancial", CUNO=number, VRNO="SE556000000001", CUCD="SEK")

    basic = m3.row("CRS610MI/GetBasicData", CUNO=number)
    assert (basic["CUNM"], basic["CUA1"], basic["PHNO"], basic["YREF"], basic["CHNO"]) == (
        "Åsa Berg",
        "Ågatan 1",
        "",
        "B2C-1",
        "3",
    )
    order_info = m3.row("CRS610MI/GetOrderInfo", CUNO=number)
    assert (order_info["ORTP"], order_info["TEPY"], order_info["WHLO"], order_info["MODL"]) == (
        "W02",
        "030",
        "002",
        "POS",
    )
    financial = m3.row("CRS610MI/GetFinancial", CUNO=number)
    assert (financial["VRNO"], financial["CUCD"]) == ("SE556000000001", "SEK")
    assert m3.refused("CRS610MI/ChgOrderInfo", CUNO=number, ORTP="X99") == ("WOT0103", "ORTP")
    assert m3.refused("CRS610MI/ChgFinancial", CUNO=number, CUCD="XXX") == ("WCC0103", "CUCD")
    assert m3.refused("CRS610MI/ChgBasicData", CUNO="W9", CUNM="x") == ("WCU0103", "CUNO")


def test_customers_are_listed_by_number_and_by_change(m3):
    m3.world.clock.advance(10)
    since = m3.row("GENERAL/GetServerTime")["LMTS"]
    number = m3.row("CRS610MI/Add", **NEW)["CUNO"]

    assert [row["CUNO"] for row in m3.rows("CRS610MI/LstByNumber", LMTS=since)] == [number]
    assert m3.rows("CRS610MI/LstByNumber", CUNO="W9")[0]["CUNO"] == "W9001"
    assert m3.refused("CRS610MI/LstByNumber", LMTS="1.5") == ("WLM0101", "LMTS")
    assert [row["CUNO"] for row in m3.rows("CRS610MI/LstTemplates")] == ["TPLB2B", "TPLB2C"]


def test_a_customer_is_found_by_mail_when_the_index_has_it(m3):
    number = m3.row("CRS610MI/Add", **NEW, MAIL="find@example.com")["CUNO"]
    assert m3.rows("CRS610MI/SearchCustomer", SQRY="MAIL:find@example.com") == []

    m3.world.clock.advance(61)

    assert m3.row("CRS610MI/SearchCustomer", SQRY="MAIL:find@example.com")["CUNO"] == number


def test_addresses_are_kept_by_type_and_number(m3):
    number = m3.row("CRS610MI/Add", **NEW)["CUNO"]
    address = {
        "CUNO": number,
        "ADRT": "01",
        "ADID": "HOME",
        "CUA1": "Vägen 2",
        "PONO": "90325",
        "CSCD": "SE",
        "TOWN": "Umeå",
    }

    added = m3.row("CRS610MI/AddAddress", **address)

    assert (added["CUNO"], added["ADID"]) == (number, "HOME")
    assert m3.row("CRS610MI/GetAddress", CUNO=number, ADRT="1", ADID="HOME")["TOWN"] == "Umeå"
    assert [row["ADID"] for row in m3.rows("CRS610MI/LstAddresses", CUNO=number, ADRT="1", LMTS="0")] == [
        "HOME"
    ]
    assert m3.rows("CRS610MI/LstAddresses", CUNO=number, ADRT="2") == []
    assert m3.refused("CRS610MI/AddAddress", **address) == ("WAD0104", "ADID")
    assert m3.refused("CRS610MI/AddAddress", **address | {"ADID": "X", "CSCD": "XX"}) == ("WCS0103", "CSCD")
    assert m3.refused("CRS610MI/GetAddress", CUNO=number, ADRT="1", ADID="WORK") == ("WAD0103", "ADID")
    assert m3.head(CUNO=number, ADID="HOME")


def test_a_change_of_any_kind_is_stamped_and_listed(m3):
    number = m3.row("CRS610MI/Add", **NEW, CUNO="STAMPED")["CUNO"]
    for asked, record in (
        ("ChgBasicData", {"CUNM": "Ändrad AB"}),
        ("ChgOrderInfo", {"PLTB": "B2B"}),
        ("ChgFinancial", {"VRNO": "SE556000000001"}),
    ):
        m3.world.clock.advance(2)
        since = m3.row("GENERAL/GetServerTime")["LMTS"]
        before = int(m3.row("CRS610MI/GetFinancial", CUNO=number)["CHNO"])

        m3.rows(f"CRS610MI/{asked}", CUNO=number, **record)

        assert [row["CUNO"] for row in m3.rows("CRS610MI/LstByNumber", LMTS=since)] == [number]
        assert [row["CUNO"] for row in m3.rows("CRS610MI/LstByName", LMTS=since)] == [number]
        assert int(m3.row("CRS610MI/GetFinancial", CUNO=number)["CHNO"]) == before + 1
    assert m3.row("CRS610MI/GetOrderInfo", CUNO=number)["PLTB"] == "B2B"
    assert m3.rows("CRS610MI/LstByName", CUNM="Ändrad")[0]["CUNO"] == number


def test_an_address_is_changed_and_deleted(m3):
    number = m3.row("CRS610MI/Add", **NEW)["CUNO"]
    key = {"CUNO": number, "ADRT": "1", "ADID": "HOME"}
    m3.row("CRS610MI/AddAddress", **key, CUA1="Vägen 2", PONO="90325", CSCD="SE", TOWN="Umeå", PHNO="123")
    m3.world.clock.advance(2)
    since = m3.row("GENERAL/GetServerTime")["LMTS"]

    m3.rows("CRS610MI/ChgAddress", **key, CUA1="Vägen 3", CSCD="SE", PHNO="?")

    (address,) = m3.rows("CRS610MI/LstAddresses", CUNO=number, LMTS=since)
    assert (address["CUA1"], address["TOWN"], address["PHNO"], address["ADRT"]) == (
        "Vägen 3",
        "Umeå",
        "",
        "1",
    )
    assert m3.refused("CRS610MI/ChgAddress", **key | {"ADID": "WORK"}, CUA1="-", CSCD="SE")[1] == "ADID"
    assert m3.rows("CRS610MI/DeleteAddress", **key) == []
    assert m3.refused("CRS610MI/GetAddress", **key) == ("WAD0103", "ADID")
