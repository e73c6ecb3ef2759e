from __future__ import annotations

import pytest

from m3nop.sandbox.catalogue import ITEMS, ean
from m3nop.sandbox.m3.goods import change_item
from m3nop.sandbox.m3.session import Session, Tables


@pytest.fixture
def session(m3):
    m3.world.clock.advance(1)
    return Session(m3.world, Tables(m3.world))


def today(m3) -> str:
    return m3.row("GENERAL/GetServerTime")["DATE"]


def numbers(rows) -> list[str]:
    return [row["ITNO"] for row in rows]


def test_items_are_listed_by_the_date_of_their_change(m3, session):
    change_item(session, "TENT-2P", {"STAT": "90"})
    day = today(m3)

    rows = {row["ITNO"]: row for row in m3.rows("MMS200MI/LstItmByChgDate", FLMD=day, TLMD=day, CSDS="0")}

    assert rows.keys() >= {"TENT-2P", "10004711", "TENT-OLD"}
    assert (rows["TENT-2P"]["STAT"], rows["TENT-2P"]["LMDT"]) == ("90", day)
    assert m3.rows("MMS200MI/LstItmByChgDate", FLMD="20990101") == []
    assert m3.rows("MMS200MI/LstItmByChgDate", TLMD="20200101") == []
    change_item(session, "TENT-2P", {"STAT": "20"})


def test_an_item_has_the_name_of_the_language_asked_for(m3):
    assert m3.row("MMS200MI/GetItmBasic", ITNO="TENT-2P", LNCD="DE")["FUDS"] == "Kuppelzelt Fjäll 2"
    assert m3.row("MMS200MI/GetItmBasic", ITNO="TENT-2P", LNCD="FR")["FUDS"] == "Kupoltält Fjäll 2"
    listed = m3.rows("MMS200MI/LstItmByChgDate", LNCD="GB")
    assert {row["ITNO"]: row["FUDS"] for row in listed}["LAMP-HEAD"] == "Head lamp 400 lm"
    assert m3.refused("MMS200MI/GetItmBasic", ITNO="TENT-2P", LNCD="XX") == ("WLN0103", "LNCD")

    names = m3.rows("MMS200MI/LstItmDescLang", FITN="TENT-2P", TITN="TENT-2P", FLNC="DE", TLNC="GB")

    assert [(row["LNCD"], row["FUDS"]) for row in names] == [
        ("DE", "Kuppelzelt Fjäll 2"),
        ("GB", "Dome tent Fell 2"),
    ]


def test_items_of_a_range_are_selected_in_their_order(m3):
    assert numbers(m3.rows("MMS200MI/SelItem", FRIT="TENT-2P", TOIT="TENT-4P")) == [
        "TENT-2P",
        "TENT-3P",
        "TENT-4P",
    ]
    (row,) = m3.rows("MMS200MI/SelItem", FRIT="10004711", TOIT="10004711", LMDT="20200101")
    assert (row["STAT"], row["SAPR"], row["CUCS"], row["CONO"]) == ("20", "12.90", "EUR", "100")


def test_a_change_is_seen_by_its_time_stamp(m3):
    m3.world.clock.advance(5)
    since = m3.row("GENERAL/GetServerTime")["LMTS"]
    assert m3.rows("MMS200MI/SelItem", LMTS=since) == []

    change_item(Session(m3.world, Tables(m3.world)), "MUG-TI", {"FUDS": "Titanmugg 0,4 l", "GRWE": "0.065"})

    (row,) = m3.rows("MMS200MI/SelItem", LMTS=since)
    assert (row["ITNO"], row["FUDS"]) == ("MUG-TI", "Titanmugg 0,4 l")
    assert m3.refused("MMS200MI/SelItem", LMTS="yesterday")[1] == "LMTS"
    assert m3.row("MMS200MI/GetItmPrice", ITNO="MUG-TI")["CHNO"] == "1"


def test_a_list_is_read_in_pages_where_m3_tells_positions(m3):
    m3.world.books.table("m3.options")["features"] = {"position_key": True}
    found, position = [], ""
    while position is not None:
        query = {"FRIT": "A", "maxrecs": "10", "returncols": "ITNO"}
        answer = m3.get("MMS200MI/SelItem", headers={"positionkey": position or "0"}, **query).json()
        (result,) = answer["results"]
        assert len(result["records"]) <= 10
        found += numbers(result["records"])
        position = result.get("positionKey")

    assert found == sorted(found)
    assert set(found) == {item.item_number for item in ITEMS if item.item_number >= "A"} | {"TENT-OLD"}


def test_a_list_that_a_fault_cuts_is_cut_in_every_page(m3):
    m3.world.books.table("m3.options")["features"] = {"position_key": True}
    m3.fault("late_records", count=43, times=1)
    (result,) = m3.get(
        "MMS200MI/SelItem", headers={"positionkey": "1"}, maxrecs="10", returncols="ITNO"
    ).json()["results"]

    assert result["records"] == []


def test_an_item_has_alternate_units(m3):
    box = m3.row("MMS015MI/Get", ITNO="CARABINER", AUTP="1", ALUN="BOX")

    assert (box["COFA"], box["DMCF"], box["DCCD"]) == ("12", "1", "0")
    assert {(row["AUTP"], row["ALUN"]) for row in m3.rows("MMS015MI/Lst", ITNO="ROPE-M")} == {
        ("1", "CM"),
        ("1", "ROL"),
        ("2", "CM"),
        ("2", "ROL"),
    }
    assert numbers(m3.rows("MMS015MI/Lst", AUTP="1", ALUN="BOX")) == ["BATT-AAA-4", "CARABINER"]
    assert m3.rows("MMS015MI/Lst", ITNO="TENT-2P") == []
    ranged = m3.rows(
        "MMS200MI/LstItmAltUnitMs", FITN="CARABINER", TITN="FUEL-230", FAUT="1", TAUT="1", LNCD="GB"
    )
    assert [(row["ITNO"], row["ALUN"], row["COFA"]) for row in ranged] == [
        ("CARABINER", "BOX", "12"),
        ("FUEL-230", "CTN", "24"),
        ("FUEL-230", "PAL", "1440"),
    ]
    assert len(m3.rows("MMS200MI/LstAUMTime", LMTS="0")) == 14
    assert m3.refused("MMS015MI/Get", ITNO="CARABINER", AUTP="1", ALUN="PAL") == ("WUN0103", "ALUN")
    assert m3.refused("MMS015MI/Lst", ITNO="NOPE") == ("WIT0103", "ITNO")


def test_a_bar_code_stands_for_an_item_and_maybe_for_a_box_of_it(m3):
    assert ean(1).startswith("735000000001")
    piece = m3.row("MMS025MI/GetItem", ALWT="1", POPN=ITEMS[0].ean)
    box = m3.row("MMS025MI/GetItem", ALWT="1", POPN=ean(9001))

    assert (piece["ITNO"], piece["ALUN"]) == ("TENT-2P", "")
    assert (box["ITNO"], box["ALUN"]) == ("CARABINER", "BOX")
    assert [row["ALWT"] for row in m3.rows("MMS025MI/LstItem", POPN="BOTTLE-1L")] == ["2"]
    assert m3.rows("MMS025MI/LstItem", POPN="BOTTLE-1L", ALWT="1") == []
    since = m3.row("GENERAL/GetServerTime")["LMTS"]
    assert len(m3.rows("MMS025MI/LstAliasViaCat", ALWT="2")) == len(ITEMS)
    m3.world.clock.advance(1)
    assert m3.rows("MMS025MI/LstAliasViaCat", ALWT="2", LMTS=str(int(since) + 1)) == []


def test_an_item_is_found_in_its_facility_and_in_the_index(m3):
    assert m3.row("MMS200MI/GetItmFac", FACI="A01", ITNO="TENT-2P")["FACN"] == "Main facility"
    assert m3.refused("MMS200MI/GetItmFac", FACI="X99", ITNO="TENT-2P") == ("WFA0103", "FACI")
    m3.world.clock.advance(61)
    assert numbers(m3.rows("MMS200MI/SearchItem", SQRY="ITNO:TENT-3P")) == ["TENT-3P"]


def test_a_line_may_be_ordered_in_an_alternate_unit(m3):
    order = m3.head()
    boxes = m3.line(order, ITNO="CARABINER", ORQT="2", ALUN="BOX")
    per_box = m3.line(order, ITNO="CARABINER", ORQT="1", ALUN="BOX", SPUN="BOX", SAPR="99.00")
    before = m3.row("MMS200MI/GetItmWhsBal", WHLO="001", ITNO="CARABINER")["AV01"]
    number = m3.row("OIS100MI/Confirm", ORNO=order)["ORNO"]

    line = m3.row("OIS100MI/GetLine", ORNO=number, PONR=boxes)
    assert (line["ORQT"], line["ORQA"], line["ALUN"], line["SPUN"], line["SAPR"], line["NLAM"]) == (
        "24",
        "2",
        "BOX",
        "PCS",
        "8.40",
        "201.60",
    )
    assert m3.row("OIS100MI/GetLine", ORNO=number, PONR=per_box)["NLAM"] == "99.00"
    after = m3.row("MMS200MI/GetItmWhsBal", WHLO="001", ITNO="CARABINER")["AV01"]
    assert int(before) - int(after) == 36
    assert m3.refused("OIS100MI/AddBatchLine", ORNO=m3.head(), ITNO="CARABINER", ORQT="1.5", ALUN="BOX") == (
        "WOQ0101",
        "ORQT",
    )
    assert m3.refused("OIS100MI/AddBatchLine", ORNO=m3.head(), ITNO="CARABINER", ORQT="1", SPUN="BOX") == (
        "WSP0101",
        "SPUN",
    )
