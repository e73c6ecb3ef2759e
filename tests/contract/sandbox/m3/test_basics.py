from __future__ import annotations

from m3nop.sandbox.catalogue import COUNTRIES, ITEMS


def test_every_article_of_the_shop_has_an_item_and_an_alias(m3):
    for item in ITEMS:
        row = m3.row("MMS200MI/GetItmBasic", ITNO=item.item_number)
        assert (row["STAT"], row["FUDS"], row["UNMS"]) == ("20", item.name, item.unit)
        assert m3.row("MMS025MI/GetItem", ALWT="02", POPN=item.sku)["ITNO"] == item.item_number
    assert m3.refused("MMS200MI/GetItmBasic", ITNO="BOTTLE-1L") == ("WIT0103", "ITNO")


def test_an_item_has_aliases_of_several_kinds(m3):
    assert [row["ALWT"] for row in m3.rows("MMS025MI/LstAlias", ITNO="10004711")] == ["2", "1"]
    assert [row["POPN"] for row in m3.rows("MMS025MI/LstAlias", ITNO="10004711", ALWT="2")] == ["BOTTLE-1L"]
    assert m3.refused("MMS025MI/GetItem", ALWT="2", POPN="NOPE") == ("WAN0103", "POPN")


def test_what_doctor_looks_up_is_there(m3):
    assert [row["ORTP"] for row in m3.rows("OIS010MI/LstOrderTypes")] == ["W01", "W02"]
    assert [row["ORTP"] for row in m3.rows("OIS100MI/LstOrderTypes")] == ["W01", "W02"]
    assert {row["CRID"] for row in m3.rows("OIS030MI/LstOrderCharges")} >= {"FRT", "PAY"}
    assert m3.row("CRS008MI/Get", FACI="A01")["DIVI"] == "AAA"
    assert [row["FACI"] for row in m3.rows("CRS008MI/ListFacility")] == ["A01"]
    assert [row["WHLO"] for row in m3.rows("MMS005MI/LstWarehouses", FWHL="001", TWHL="002")] == [
        "001",
        "002",
    ]
    assert m3.row("MMS005MI/GetWarehouse", WHLO="002")["FACI"] == "A01"
    assert {row["CSCD"] for row in m3.rows("CRS045MI/LstByCode")} == {country.code for country in COUNTRIES}
    assert m3.row("CRS045MI/GetBasicData", CSCD="NO")["ECYN"] == "0"
    assert m3.refused("CRS045MI/GetBasicData", CSCD="XX") == ("WCS0103", "CSCD")


def test_codes_are_listed_by_kind(m3):
    assert [row["STKY"] for row in m3.rows("CRS175MI/LstGeneralCode", STCO="TEPY")] == ["000", "014", "030"]
    assert [row["STKY"] for row in m3.rows("CRS175MI/LstGeneralCode", STCO="TEPY", STKY="014")] == [
        "014",
        "030",
    ]
    assert m3.row("CRS175MI/GetGeneralCode", STCO="MODL", STKY="POS")["TX40"] == "Parcel post"
    assert m3.refused("CRS175MI/LstGeneralCode", STCO="NOPE") == ("WST0103", "STCO")
    assert m3.refused("CRS175MI/GetGeneralCode", STCO="TEPY", STKY="999") == ("WSK0103", "STKY")


def test_the_texts_of_messages_and_who_is_signed_in_are_told(m3):
    assert m3.row("GENERAL/GetMessageText", MSID="WIT0103")["MSGT"] == "Item number does not exist"
    assert m3.refused("GENERAL/GetMessageText", MSID="WXX0103") == ("WMS0103", "MSID")
    assert m3.row("GENERAL/GetCurrentUser")["USER"] == m3.row("GENERAL/GetUserInfo")["ZZUSID"]
