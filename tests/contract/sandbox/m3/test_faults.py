from __future__ import annotations

import httpx
import pytest

HEAD = ("AddBatchHead", {"CUNO": "W9999", "CUOR": "F"})


def heads(m3, reference: str) -> list[str]:
    return [row["ORNO"] for row in m3.rows("OIS100MI/LstBatchHead", CUNO="W9999") if row["CUOR"] == reference]


def entry(number: int, reference: str) -> tuple[str, dict[str, str]]:
    return "AddBatchHead", {"CUNO": "W9999", "CUOR": reference, "YREF": str(number)}


def test_a_reset_before_leaves_nothing(m3):
    m3.fault("reset_before", operation="OIS100MI/AddBatchHead")

    with pytest.raises(httpx.ReadError):
        m3.head(CUOR="RB")

    assert heads(m3, "RB") == []
    assert len([m3.head(CUOR="RB")]) == len(heads(m3, "RB"))


def test_a_reset_after_leaves_the_effect(m3):
    m3.fault("reset_after", operation="OIS100MI/AddBatchHead")

    with pytest.raises(httpx.ReadError):
        m3.head(CUOR="RA")

    assert len(heads(m3, "RA")) == 1


def test_a_late_effect_lands_when_its_time_has_come_even_if_the_token_died(m3):
    m3.fault("late_effect", operation="OIS100MI/AddBatchHead", seconds=20)
    with pytest.raises(httpx.ReadError):
        m3.head(CUOR="LATE")
    assert heads(m3, "LATE") == []
    m3.world.books.table("m3.tokens").clear()
    m3.login()

    m3.world.clock.advance(21)

    assert len(heads(m3, "LATE")) == 1


def test_silence_is_no_answer_and_no_effect(m3):
    m3.fault("silence", operation="OIS100MI/AddBatchHead", seconds=0.2)

    with pytest.raises(httpx.ReadError):
        m3.head(CUOR="SILENT")

    assert heads(m3, "SILENT") == []


def test_a_client_that_has_hung_up_is_not_waited_for(m3):
    m3.fault("silence", operation="OIS100MI/AddBatchHead", seconds=3600)
    m3.http.timeout = 0.1
    with pytest.raises(httpx.ReadTimeout):
        m3.head(CUOR="HUNG")
    m3.http.timeout = 10

    assert heads(m3, "HUNG") == []


def test_a_body_can_trickle_in(m3):
    m3.fault("slow_body", operation="OIS100MI/AddBatchHead", seconds=0.1)

    assert m3.head(CUOR="SLOW") in heads(m3, "SLOW")


def test_a_body_can_end_too_early(m3):
    m3.fault("cut_body", operation="OIS100MI/AddBatchHead")

    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        m3.head(CUOR="CUT")

    assert len(heads(m3, "CUT")) == 1


def test_a_page_can_begin_too_late_or_too_early(m3):
    m3.world.books.table("m3.options")["features"] = {"position_key": True}
    everything = [row["CUNO"] for row in m3.rows("CRS610MI/LstByNumber")]

    def second_page(drift):
        m3.fault("drifting_pages", operation="CRS610MI/LstByNumber", count=drift)
        listed = m3.get("CRS610MI/LstByNumber", headers={"positionkey": "2"}, maxrecs="2").json()
        return [row["CUNO"] for row in listed["results"][0]["records"]]

    assert second_page(1) == everything[3:5]
    assert second_page(-1) == everything[1:3]


def test_an_expired_token_is_401_until_a_new_one_is_fetched(m3):
    m3.fault("expired_token", operation="GENERAL/GetServerTime")

    assert m3.get("GENERAL/GetServerTime").status_code == 401
    assert m3.get("GENERAL/GetServerTime").status_code == 401
    m3.login()
    assert m3.get("GENERAL/GetServerTime").status_code == 200


def test_a_refused_request_is_terminated_without_effect(m3):
    m3.fault("terminated", operation="OIS100MI/AddBatchHead")

    body = {
        "program": "OIS100MI",
        "transactions": [{"transaction": HEAD[0], "record": {**HEAD[1], "CUOR": "TERM"}}],
    }
    answer = m3.post(body)

    assert (answer.status_code, answer.json()["wasTerminated"]) == (400, True)
    assert answer.json()["nrOfNotProcessedTransactions"] == 1
    assert heads(m3, "TERM") == []


def test_a_truncated_bulk_did_more_than_it_says(m3):
    m3.fault("truncate_bulk", count=1)

    body = m3.bulk("OIS100MI", *(entry(number, "TRUNC") for number in range(3)))

    assert len(body["results"]) == 1
    assert body["nrOfSuccessfullTransactions"] == 3
    assert len(heads(m3, "TRUNC")) == 3


def test_a_dropped_tail_was_not_processed_and_is_not_mentioned(m3):
    m3.fault("drop_after", count=2)

    body = m3.bulk("OIS100MI", *(entry(number, "DROP") for number in range(3)))

    assert len(body["results"]) == 2
    assert (body["nrOfSuccessfullTransactions"], body["nrOfNotProcessedTransactions"]) == (2, 0)
    assert len(heads(m3, "DROP")) == 2


def test_a_tail_that_was_not_processed_is_flagged(m3):
    m3.fault("not_processed", count=1)

    body = m3.bulk("OIS100MI", *(entry(number, "FLAG") for number in range(3)))

    assert [result.get("notProcessed", False) for result in body["results"]] == [False, True, True]
    assert (body["nrOfSuccessfullTransactions"], body["nrOfNotProcessedTransactions"]) == (1, 2)
    assert len(heads(m3, "FLAG")) == 1


def test_lists_can_repeat_hold_back_and_break_off(m3):
    everything = [row["CUNO"] for row in m3.rows("CRS610MI/LstByNumber")]
    m3.fault("duplicate_records", count=2)
    assert [row["CUNO"] for row in m3.rows("CRS610MI/LstByNumber")] == everything[:2] + everything

    m3.fault("late_records", count=1)
    assert [row["CUNO"] for row in m3.rows("CRS610MI/LstByNumber")] == everything[:-1]

    m3.fault("list_fails", count=1, times=2)
    result = m3.result("CRS610MI/LstByNumber")
    assert [row["CUNO"] for row in result["records"]] == everything[:1]
    assert result["errorCode"] == "XRE0001"
    body = m3.v1("CRS610MI/LstByNumber")
    assert len(body["MIRecord"]) == 1
    assert body["ErrorMessage"]["@type"] == "ServerReturnedNOK"
    assert [row["CUNO"] for row in m3.rows("CRS610MI/LstByNumber")] == everything


def test_the_log_names_what_was_asked_for(m3):
    m3.bulk("OIS100MI", HEAD, HEAD, ("GetServerTime", {}))
    m3.get("CRS610MI/LstTemplates;maxrecs=1")
    m3.token()
    m3.http.get(f"{m3.base}/elsewhere", headers=m3.headers)
    m3.post([])

    assert [request.operations for request in m3.world.requests] == [
        ("OIS100MI/AddBatchHead", "OIS100MI/GetServerTime"),
        ("CRS610MI/LstTemplates",),
        ("token",),
        ("/SANDBOX_TST/M3/m3api-rest/elsewhere",),
        ("/SANDBOX_TST/M3/m3api-rest/v2/execute",),
    ]
    first = m3.world.requests[0]
    assert (first.system, first.method) == ("m3", "POST")
    assert b'"OIS100MI"' in first.body
