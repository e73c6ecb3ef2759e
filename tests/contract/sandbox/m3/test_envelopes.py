from __future__ import annotations

import pytest


def test_v1_pads_values_and_describes_fields(m3):
    body = m3.v1("CRS610MI/GetBasicData;cono=100;metadata=true", CUNO="W9999")

    fields = {field["@name"]: field for field in body["Metadata"]["Field"]}
    values = {pair["Name"]: pair["Value"] for pair in body["MIRecord"][0]["NameValue"]}
    assert body["Program"] == "CRS610MI"
    assert fields["CUNM"] == {"@name": "CUNM", "@type": "A", "@length": "36", "@description": "Customer name"}
    assert values["CUNM"] == "Web guests".ljust(36)
    assert body["MIRecord"][0]["RowIndex"] == "0"


def test_v1_shows_one_field_as_an_object_and_no_rows_as_nothing(m3):
    one = m3.v1("CRS610MI/LstByNumber;returncols=CUNO;maxrecs=0;metadata=true", CUNO="W9999")
    none = m3.v1("CRS610MI/LstByNumber;maxrecs=0;metadata=false", CUNO="ZZZZ")

    assert one["Metadata"]["Field"]["@name"] == "CUNO"
    assert one["MIRecord"][0]["NameValue"] == [{"Name": "CUNO", "Value": "W9999     "}]
    assert "MIRecord" not in none
    assert "Metadata" not in none


def test_v1_says_no_with_status_200(m3):
    body = m3.v1("CRS610MI/GetBasicData", CUNO="W9")

    assert body["@type"] == "ServerReturnedNOK"
    assert (body["@code"], body["@field"]) == ("WCU0103", "CUNO")
    assert body["Message"].split("  ")[0] == "Customer number W9 does not exist"
    assert body["Message"].endswith("WCU0103      CUNO")


def test_v1_leaves_out_blanks_when_asked_in_its_own_spelling(m3):
    full = m3.v1("CRS610MI/GetBasicData;excludempty=false", CUNO="W9999")
    short = m3.v1("CRS610MI/GetBasicData;excludempty=true", CUNO="W9999")

    assert len(short["MIRecord"][0]["NameValue"]) < len(full["MIRecord"][0]["NameValue"])


def test_v1_takes_nothing_but_fields_in_the_query(m3):
    assert m3.v1("CRS610MI/LstByNumber", maxrecs="1")["@type"] == "InputFieldNotFound"


def test_v1_refuses_a_nonsense_option_and_an_unknown_program(m3):
    url = f"{m3.base}/execute/CRS610MI/LstByNumber;maxrecs=many"

    assert m3.http.get(url, headers=m3.headers).status_code == 400
    assert m3.v1("NOSUCHMI/Get")["@type"] == "TransactionNotFound"


def test_v2_single_answers_in_the_bulk_envelope(m3):
    answer = m3.get("CRS610MI/GetBasicData", CUNO="W9999", returncols="CUNO,CUNM", maxrecs="0")

    assert answer.status_code == 200
    assert answer.json() == {
        "results": [{"transaction": "GetBasicData", "records": [{"CUNO": "W9999", "CUNM": "Web guests"}]}],
        "wasTerminated": False,
        "nrOfSuccessfullTransactions": 1,
        "nrOfFailedTransactions": 0,
        "nrOfNotProcessedTransactions": 0,
    }


def test_v2_single_takes_matrix_parameters_but_not_the_spelling_of_v1(m3):
    by_matrix = m3.get("CRS610MI/GetBasicData;returncols=CUNO,MAIL;excludempty=true", CUNO="W9999").json()
    by_query = m3.get(
        "CRS610MI/GetBasicData", CUNO="W9999", returncols="CUNO,MAIL", excludeempty="true"
    ).json()

    assert by_matrix["results"][0]["records"] == [{"CUNO": "W9999", "MAIL": ""}]
    assert by_query["results"][0]["records"] == [{"CUNO": "W9999"}]


def test_v2_pads_when_right_trim_is_off_and_echoes_parameters(m3):
    result = m3.get(
        "CRS610MI/GetBasicData", CUNO="W9999", returncols="CUNO", righttrim="false", extendedresult="true"
    ).json()["results"][0]

    assert result == {
        "transaction": "GetBasicData",
        "parameters": {"CUNO": "W9999"},
        "records": [{"CUNO": "W9999     "}],
    }


def test_v2_single_reports_a_refusal_with_200_and_an_mi_error_with_400(m3):
    business = m3.get("CRS610MI/GetBasicData", CUNO="W9")
    interface = m3.get("CRS610MI/GetBasicData")

    assert (business.status_code, interface.status_code) == (200, 400)
    assert business.json()["results"][0]["errorCode"] == "WCU0103"
    assert interface.json()["results"][0]["errorType"] == "MandatoryInputFieldNotFound"


def test_a_bulk_reports_each_transaction_by_itself(m3):
    body = m3.bulk(
        "CRS610MI",
        ("GetBasicData", {"CUNO": "W9999"}),
        ("GetBasicData", {"CUNO": "W9"}),
        ("NoSuch", {}),
        ("GetBasicData", {}),
        ("GetBasicData", {"CUNO": "W" * 11}),
        ("GetBasicData", {"CUNO": "W9999", "NOPE": "1"}),
        ("LstByNumber", {"LMTS": "soon"}),
        ("GetServerTime", {}),
    )

    assert [result.get("errorType", "") for result in body["results"]] == [
        "",
        "ServerReturnedNOK",
        "TransactionNotFound",
        "MandatoryInputFieldNotFound",
        "InputFieldTooLong",
        "InputFieldNotFound",
        "InputFieldInvalid",
        "",
    ]
    assert body["nrOfSuccessfullTransactions"] == 2
    assert body["nrOfFailedTransactions"] == 6
    assert body["results"][1] == {
        "transaction": "GetBasicData",
        "errorMessage": "Customer number W9 does not exist                 WCU0103      CUNO",
        "errorCode": "WCU0103",
        "errorField": "CUNO",
        "errorCfg": "",
        "errorType": "ServerReturnedNOK",
        "records": [],
    }


def test_a_date_that_is_none_is_refused(m3):
    for value in ("20261301", "2026-11-23", "261123"):
        result = m3.result("OIS100MI/AddBatchHead", CUNO="W9999", ORDT=value)
        assert (result["errorType"], result["errorField"]) == ("InputFieldInvalid", "ORDT")


def test_selected_columns_are_all_that_is_shown_and_must_exist(m3):
    def ask(*columns: str):
        entry = {"transaction": "GetBasicData", "record": {"CUNO": "W9999"}, "selectedColumns": list(columns)}
        return m3.post({"program": "CRS610MI", "transactions": [entry]}).json()["results"][0]

    assert ask("CUNM", "CUNO")["records"] == [{"CUNO": "W9999", "CUNM": "Web guests"}]
    assert ask("NOPE")["errorType"] == "OutputFieldNotFound"


def test_another_company_or_division_is_no_access(m3):
    company = m3.bulk("CRS610MI", ("GetBasicData", {"CUNO": "W9999"}), cono=200)["results"][0]
    division = m3.bulk("CRS610MI", ("GetBasicData", {"CUNO": "W9999"}), divi="BBB")["results"][0]
    field = m3.result("CRS610MI/GetBasicData", CUNO="W9999", CONO="200")

    assert [(r["errorCode"], r["errorField"]) for r in (company, division, field)] == [
        ("XAU0008", "CONO"),
        ("XAU0008", "DIVI"),
        ("XAU0008", "CONO"),
    ]
    assert (
        m3.bulk("CRS610MI", ("GetBasicData", {"CUNO": "W9999"}), divi="")["nrOfSuccessfullTransactions"] == 1
    )


def test_a_list_is_cut_without_a_word(m3):
    everything = m3.rows("CRS610MI/LstByNumber")

    cut = m3.bulk("CRS610MI", ("LstByNumber", {}), maxReturnedRecords=2)

    assert len(everything) > 2
    assert cut["results"] == [{"transaction": "LstByNumber", "records": everything[:2]}]


def test_a_server_that_offers_position_keys_lets_a_list_go_on(m3):
    m3.world.books.table("m3.options")["features"] = {"position_key": True}
    everything = [row["CUNO"] for row in m3.rows("CRS610MI/LstByNumber")]
    seen: list[str] = []
    position = ""
    while True:
        answer = m3.get(
            "CRS610MI/LstByNumber", headers={"positionkey": position} if position else {}, maxrecs="2"
        )
        (result,) = answer.json()["results"]
        seen += [row["CUNO"] for row in result["records"]]
        position = result.get("positionKey", "")
        if not position:
            break

    assert seen == everything


GOOD = {"transaction": "GetServerTime", "record": {}}


@pytest.mark.parametrize(
    "body",
    [
        {"program": "NOSUCHMI", "transactions": [GOOD]},
        {"transactions": [GOOD]},
        {"program": "GENERAL"},
        {"program": "GENERAL", "transactions": []},
        {"program": "GENERAL", "transactions": {}},
        {"transactions": [GOOD], "program": "GENERAL"},
        {"program": "GENERAL", "maxrecs": 0, "transactions": [GOOD]},
        {"program": "GENERAL", "maxReturnedRecords": -1, "transactions": [GOOD]},
        {"program": "GENERAL", "rightTrim": "yes", "transactions": [GOOD]},
        {"program": "GENERAL", "dateFormat": "DMY6", "transactions": [GOOD]},
        {"program": "GENERAL", "transactions": [{"record": {}}]},
        {"program": "GENERAL", "transactions": ["GetServerTime"]},
        {"program": "CRS610MI", "transactions": [{"transaction": "GetBasicData", "record": {"CUNO": 1}}]},
        {"program": "GENERAL", "transactions": [{**GOOD, "columns": []}]},
        {"program": "GENERAL", "transactions": [{**GOOD, "selectedColumns": "DATE"}]},
        [],
    ],
)
def test_a_request_that_makes_no_sense_is_terminated(m3, body):
    answer = m3.post(body)

    assert answer.status_code == 400
    assert answer.json()["wasTerminated"] is True
    assert answer.json()["terminationReason"]
    assert answer.json()["nrOfSuccessfullTransactions"] == 0


def test_a_body_that_is_no_json_is_terminated(m3):
    answer = m3.http.post(f"{m3.base}/v2/execute", content=b"{", headers=m3.headers)

    assert (answer.status_code, answer.json()["wasTerminated"]) == (400, True)


def test_options_of_a_bulk_may_stand_in_the_query(m3):
    body = {"program": "CRS610MI", "transactions": [{"transaction": "LstByNumber", "record": {}}]}

    answer = m3.post(body, params={"maxrecs": "1", "cono": "100", "righttrim": "false"})

    (row,) = answer.json()["results"][0]["records"]
    assert row["CUNM"].endswith("  ")


def test_an_insert_through_v1_is_possible_too(m3):
    body = m3.v1("OIS100MI/AddBatchHead;cono=100;divi=AAA", CUNO="W9999", CUOR="V1-1")

    assert body["MIRecord"][0]["NameValue"][0]["Name"] == "ORNO"
