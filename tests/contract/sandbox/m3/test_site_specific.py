from __future__ import annotations


def test_the_site_specific_names_enter_an_order_as_the_standard_ones_do(m3):
    temporary = m3.row("OIS100MI/AddHead", CUNO="W9999", CUOR="BRIEF-1")["ORNO"]
    assert m3.row("OIS100MI/AddLine", ORNO=temporary, ITNO="TENT-2P", ORQT="2") == {
        "PONR": "1",
        "POSX": "0",
        "ATNR": "0",
    }
    assert m3.row("OIS100MI/AddLine", ORNO=temporary, ALWT="2", POPN="BOTTLE-1L", ORQT="1")["PONR"] == "2"

    assert m3.row("OIS275MI/GetTmpOrderStat", ORNO=temporary)["STAT"] == "10"
    number = m3.row("OIS100MI/Confirm", ORNO=temporary)["ORNO"]
    assert [row["ITNO"] for row in m3.rows("OIS100MI/LstLine", ORNO=number)] == ["TENT-2P", "10004711"]
    assert m3.refused("OIS100MI/AddHead", CUNO="W0") == ("WCU0103", "CUNO")
    assert m3.refused("OIS100MI/AddLine", ORNO=temporary, ITNO="TENT-2P", ORQT="1") == ("WOR0105", "ORNO")


def test_the_repository_tells_about_them(m3):
    about = {row["TRNM"]: row for row in m3.rows("MRS001MI/LstTransactions", MINM="OIS100MI")}

    assert about["AddHead"]["TRDS"] == "Create a temporary order (site-specific)"
    assert about["AddHead"]["SIMU"] == "S"
    assert about["LstNewBalances"]["SIMU"] == "M"
    fields = m3.rows("MRS001MI/LstFields", MINM="MMS080MI", TRNM="LstItemBal", TRTP="O")
    assert {row["FLNM"] for row in fields} >= {"WHLO", "ITNO", "AV01"}


def test_the_service_answers_under_the_other_path_too(m3, password):
    other = f"{m3.running.m3_url}/m3/api-rest/execute/MMS200MI/GetItmBasic;cono=100"
    answer = m3.http.get(other, params={"ITNO": "TENT-2P"}, headers=m3.headers)

    assert answer.json()["MIRecord"][0]["NameValue"][0] == {"Name": "STAT", "Value": "20"}
    assert m3.world.requests[-1].operations == ("MMS200MI/GetItmBasic",)
    on_premise = f"{m3.running.url}/m3/api-rest/v2/execute/OIS100MI/GetServerTime"
    assert m3.http.get(on_premise).status_code == 401
    assert m3.http.get(on_premise, auth=password).json()["results"][0]["records"]
