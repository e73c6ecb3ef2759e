from __future__ import annotations

from datetime import datetime


def test_programs_transactions_and_fields_are_told(m3):
    programs = {row["MINM"] for row in m3.rows("MRS001MI/LstPrograms")}
    transactions = {row["TRNM"]: row for row in m3.rows("MRS001MI/LstTransactions", MINM="OIS100MI")}
    fields = {
        row["FLNM"]: row
        for row in m3.rows("MRS001MI/LstFields", MINM="OIS100MI", TRNM="AddBatchHead", TRTP="I")
    }

    assert {"OIS100MI", "OIS275MI", "CRS610MI", "EXPORTMI", "MRS001MI", "GENERAL"} <= programs
    assert (transactions["Confirm"]["SIMU"], transactions["LstHead"]["SIMU"]) == ("S", "M")
    assert (fields["CUNO"]["MAND"], fields["CUOR"]["MAND"]) == ("1", "0")
    assert (fields["CUOR"]["TYPE"], fields["CUOR"]["LENG"]) == ("A", "20")
    assert (fields["CUNO"]["FRPO"], fields["CUNO"]["TOPO"]) == ("16", "25")


def test_every_transaction_that_is_told_can_be_run(m3):
    for program in m3.rows("MRS001MI/LstPrograms"):
        for entry in m3.rows("MRS001MI/LstTransactions", MINM=program["MINM"]):
            result = m3.result(f"{program['MINM']}/{entry['TRNM']}")
            # A program may want a field that the repository does not mark as mandatory.
            wanting = {None, "MandatoryInputFieldNotFound", "ServerReturnedNOK"}
            assert result.get("errorType") in wanting, (program, entry)


def test_general_transactions_are_listed_on_request_and_answered_by_every_program(m3):
    without = {row["TRNM"] for row in m3.rows("MRS001MI/LstTransactions", MINM="OIS100MI")}
    included = {row["TRNM"] for row in m3.rows("MRS001MI/LstTransactions", MINM="OIS100MI", INCG="1")}

    told = {"GetServerTime", "ServerTimeZone", "GetCurrentUser", "GetMessageText", "GetUserInfo"}
    assert included - without == told
    assert m3.row("OIS100MI/GetUserInfo")["ZDCONO"] == "100"


def test_more_about_fields(m3):
    (orno, stat) = m3.rows("MRS001MI/LstAdtFieldInf", MINM="OIS100MI", TRNM="Confirm", TRTP="O")

    assert (orno["FLNM"], orno["TYPE"], orno["LENG"]) == ("ORNO", "A", "10")
    assert stat["TX15"] == "Status"


def test_what_does_not_exist_is_refused(m3):
    assert m3.refused("MRS001MI/LstTransactions", MINM="NOSUCHMI") == ("WMI0103", "MINM")
    assert m3.refused("MRS001MI/LstFields", MINM="OIS100MI", TRNM="AddNothing", TRTP="I") == (
        "WTR0103",
        "TRNM",
    )
    assert m3.refused("MRS001MI/LstFields", MINM="OIS100MI", TRNM="Confirm", TRTP="X") == ("WTT0101", "TRTP")


def test_the_server_tells_its_local_time_and_its_zone(m3):
    time, zone = m3.row("OIS100MI/GetServerTime"), m3.row("GENERAL/ServerTimeZone")

    local = datetime.fromisoformat(zone["TMTZ"])
    assert local.utcoffset().total_seconds() in {3600, 7200}
    assert abs(int(time["LMTS"]) / 1000 - local.timestamp()) < 60
    assert time["DATE"] == local.strftime("%Y%m%d")
    assert len(time["TIME"]) == 6
    assert (local.replace(tzinfo=None) - datetime.fromisoformat(zone["UTCT"])) == local.utcoffset()


def test_the_user_has_defaults(m3):
    assert m3.row("MNS150MI/GetUserData")["FACI"] == "A01"
    assert m3.row("MNS150MI/GetUserData", USID="M3NOP")["DIVI"] == "AAA"
    assert m3.refused("MNS150MI/GetUserData", USID="NOBODY") == ("WUS0103", "USID")
