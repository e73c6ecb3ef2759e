"""Answers that a real server may give and the sandbox does not: nothing is believed without reason."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from m3nop.connectors.m3.snapshot import snapshot
from m3nop.core.connector import Outcome, Remedy
from m3nop.core.errors import ConfigurationError

LINE = "OIS100MI/AddBatchLine"
GET = "OIS100MI/GetBatchHead"
LIST = "OIS100MI/LstBatchHead"


def ok(transaction="AddBatchLine", *records, **more):
    return {"transaction": transaction, "records": list(records), **more}


@pytest.fixture
def erp(open_scripted):
    return open_scripted()


def two_lines(erp, **options):
    return erp.send((LINE, {"ORNO": "1", "ITNO": "A"}), (LINE, {"ORNO": "1", "ITNO": "B"}), **options)


def outcomes(answers):
    return [answer.outcome for answer in answers]


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"results": None},
        {"results": []},
        {"results": {}},
        {"results": [{}]},
        {"results": ["odd"]},
        {"results": 5},
        {"results": True},
        {"results": {"records": []}},
        {"results": [{"transaction": "AddBatchLine", "records": 5}]},
        {"results": [{"transaction": "AddBatchLine", "records": {"PONR": "1"}}]},
        {"results": [{"transaction": "AddBatchHead", "records": [{"PONR": "1"}]}]},
        {"results": [ok(), ok()]},
        {"results": [ok()], "nrOfSuccessfullTransactions": 0, "nrOfFailedTransactions": 1},
        {"results": [ok()], "nrOfNotProcessedTransactions": 1},
        {"results": [ok()], "nrOfSuccessfullTransactions": "2"},
        {"results": [ok()], "wasTerminated": True},
        {"results": [ok()], "terminationReason": "out of memory"},
        {"message": "hello"},
    ],
)
def test_a_write_is_in_doubt_where_the_answer_does_not_say_that_it_was_made(scripted, erp, document):
    scripted.answer(document)

    answer = erp.call(LINE, ORNO="1", ITNO="A")

    assert (answer.outcome, answer.rows) == (Outcome.IN_DOUBT, ())
    assert answer.failure.message


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        '"ok"',
        "null",
        "17",
        "{",
        "",
        "<html>OK</html>",
        '{"results": [NaN]}',
        '{"results": [{"transaction": "AddBatchLine"}], "nrOfFailedTransactions": 1E+999999}',
    ],
)
def test_what_is_no_json_object_says_nothing_of_a_write(scripted, erp, body):
    scripted.answer(body)

    assert erp.call(LINE, ORNO="1", ITNO="A").outcome is Outcome.IN_DOUBT


@pytest.mark.parametrize(
    "document",
    [
        {"results": [ok("AddBatchLine", {"PONR": "1"})]},
        {"results": [{"records": [{"PONR": "1"}]}], "nrOfSuccessfullTransactions": "1"},
        {"results": [ok("AddBatchLine", {"PONR": 1})], "wasTerminated": False, "terminationReason": None},
        {
            "results": [
                ok("AddBatchLine", {"PONR": "1  "}, errorMessage=None, errorCode="", notProcessed=False)
            ]
        },
    ],
)
def test_members_that_are_not_there_are_no_obstacle(scripted, erp, document):
    scripted.answer(document)

    answer = erp.call(LINE, ORNO="1", ITNO="A")

    assert (answer.outcome, answer.rows, answer.clean) == (Outcome.DONE, ({"PONR": Decimal(1)},), True)


def test_a_write_without_rows_is_done_when_its_result_says_so(scripted, erp):
    scripted.answer({"results": [{"transaction": "AddBatchLine"}]})

    assert erp.call(LINE, ORNO="1", ITNO="A").outcome is Outcome.DONE


def test_a_refused_bulk_can_come_as_400(scripted, erp):
    failed = {
        "transaction": "AddBatchLine",
        "errorMessage": "No",
        "errorCode": "WIT0103",
        "errorField": "ITNO",
    }
    scripted.answer({"results": [failed], "nrOfFailedTransactions": 1}, status=400)

    assert erp.call(LINE, ORNO="1", ITNO="A").outcome is Outcome.REFUSED


def test_an_error_of_an_unknown_kind_leaves_a_write_in_doubt(scripted, erp):
    failed = {"transaction": "AddBatchLine", "errorMessage": "Connection lost", "errorType": "BackendFailure"}
    scripted.answer({"results": [failed]})

    answer = erp.call(LINE, ORNO="1", ITNO="A")

    assert (answer.outcome, answer.failure.remedy) == (Outcome.IN_DOUBT, Remedy.SYSTEMIC)


def test_results_in_another_order_are_given_to_who_they_name(scripted, erp):
    scripted.answer(
        {
            "results": [
                ok("AddBatchLine", {"PONR": "2"}, parameters={"ORNO": "1", "ITNO": "B"}),
                ok("AddBatchLine", {"PONR": "1"}, parameters={"ORNO": "1", "ITNO": "A"}),
            ]
        }
    )

    answers = two_lines(erp)

    assert [answer.rows[0]["PONR"] for answer in answers] == [Decimal(1), Decimal(2)]
    assert not any(answer.clean for answer in answers)


def test_input_that_comes_back_in_other_words_does_not_spoil_an_answer_that_adds_up(scripted, erp):
    scripted.answer(
        {
            "results": [
                ok("AddBatchLine", {"PONR": "1"}, parameters={"ORNO": "0000000001", "ITNO": "A"}),
                ok("AddBatchLine", {"PONR": "2"}, parameters={"ORNO": "0000000001", "ITNO": "B"}),
            ]
        }
    )

    assert outcomes(two_lines(erp)) == [Outcome.DONE, Outcome.DONE]


def test_results_of_other_transactions_are_not_taken(scripted, erp):
    scripted.answer({"results": [ok("AddBatchText"), ok("AddBatchLine")]})

    answers = erp.send((LINE, {"ORNO": "1", "ITNO": "A"}), ("OIS100MI/AddBatchText", {"ORNO": "1"}))

    assert outcomes(answers) == [Outcome.IN_DOUBT, Outcome.IN_DOUBT]


def test_a_call_without_a_field_is_not_taken_for_one_with_it(scripted, erp):
    scripted.answer(
        {"results": [ok("AddBatchLine", {"PONR": "2"}, parameters={"ORNO": "1", "ITNO": "A", "ORQT": "2"})]}
    )

    answers = erp.send((LINE, {"ORNO": "1", "ITNO": "A"}), (LINE, {"ORNO": "1", "ITNO": "A", "ORQT": 2}))

    assert outcomes(answers) == [Outcome.IN_DOUBT, Outcome.DONE]


def test_bulk_writes_ask_for_their_input_to_be_repeated_and_reads_do_not(scripted, open_scripted):
    for _ in range(4):
        scripted.answer({"results": []})

    two_lines(open_scripted())
    two_lines(open_scripted(extended_result=False))
    open_scripted().send((GET, {"ORNO": "1"}), (GET, {"ORNO": "2"}))
    open_scripted().call(LINE, ORNO="1", ITNO="A")

    assert [path for _, path, _, _ in scripted.requests] == [
        "/m3api-rest/v2/execute?extendedresult=true",
        "/m3api-rest/v2/execute",
        "/m3api-rest/v2/execute",
        "/m3api-rest/v2/execute",
    ]


def test_no_company_and_division_are_sent_where_none_are_configured(scripted, open_scripted):
    erp = open_scripted(company=None, division=None)
    scripted.answer({"results": [ok()]})
    scripted.answer({"results": [ok("GetBatchHead")]})

    erp.call(LINE, ORNO="1", ITNO="A")
    erp.call(GET, ORNO="1")

    assert not {"cono", "divi"} & set(json.loads(scripted.requests[0][3]))
    assert "cono" not in scripted.requests[1][1]
    assert "divi" not in scripted.requests[1][1]


def test_a_blank_division_is_the_whole_company(scripted, open_scripted):
    scripted.answer({"results": [ok()]})

    open_scripted(division="").call(LINE, ORNO="1", ITNO="A")

    assert json.loads(scripted.requests[0][3])["divi"] == ""


def test_another_path_can_be_configured(scripted, open_scripted):
    scripted.answer({"results": [ok("GetBatchHead")]})

    open_scripted(api_path="/m3/api-rest").call(GET, ORNO="1")

    assert scripted.requests[0][1].startswith("/m3/api-rest/v2/execute/OIS100MI/GetBatchHead?")


def test_a_position_in_a_header_is_followed(scripted, erp):
    scripted.answer({"results": [ok("LstBatchHead", {"ORNO": "1"})]}, headers={"positionkey": "P1"})
    scripted.answer({"results": [ok("LstBatchHead", {"ORNO": "2"})]})

    answer = erp.call(LIST, CUNO="W1")

    assert [row["ORNO"] for row in answer.rows] == ["1", "2"]
    assert scripted.requests[1][2]["positionkey"] == "P1"


def test_a_position_that_leads_nowhere_ends_the_list(scripted, erp):
    scripted.answer({"results": [ok("LstBatchHead", {"ORNO": "1"}, positionKey="P1")]})
    scripted.answer({"results": [ok("LstBatchHead", positionKey="P2")]})

    assert len(erp.call(LIST, CUNO="W1").rows) == 1


def test_a_list_whose_position_stands_still_is_a_failure(scripted, erp):
    for _ in range(2):
        scripted.answer({"results": [ok("LstBatchHead", {"ORNO": "1"}, positionKey="P1")]})

    answer = erp.call(LIST, CUNO="W1")

    assert (answer.outcome, answer.failure.remedy, answer.rows) == (
        Outcome.NOT_SENT,
        Remedy.CONFIGURATION,
        (),
    )


def test_a_list_that_breaks_on_its_second_page_is_a_failure(scripted, erp):
    scripted.answer({"results": [ok("LstBatchHead", {"ORNO": "1"}, positionKey="P1")]})
    scripted.answer("<h1>Gone</h1>", status=502, content_type="text/html")

    answer = erp.call(LIST, CUNO="W1")

    assert (answer.outcome, answer.rows) == (Outcome.NOT_SENT, ())
    assert "Gone" in answer.failure.message


def test_a_list_that_is_as_long_as_what_m3_gives_at_most_is_a_failure(scripted, erp):
    for size in (1000, 10_000, 10_000):
        scripted.answer({"results": [ok("LstBatchHead", *({"ORNO": str(n)} for n in range(size)))]})

    answer = erp.call(LIST, CUNO="W1")

    assert (answer.outcome, answer.rows) == (Outcome.NOT_SENT, ())
    assert "10000 rows or more" in answer.failure.message


def test_a_list_by_key_that_stands_still_is_a_failure(scripted, open_scripted):
    erp = open_scripted(page_size=10)
    page = [{"CUNO": f"C{n}"} for n in range(10)]
    for _ in range(2):
        scripted.answer({"results": [ok("LstByNumber", *page)]})

    assert erp.call("CRS610MI/LstByNumber").outcome is Outcome.NOT_SENT


def test_a_list_without_its_key_is_a_failure(scripted, open_scripted):
    erp = open_scripted(page_size=10)
    scripted.answer({"results": [ok("LstByNumber", *[{"CUNM": "N"}] * 10)]})

    assert erp.call("CRS610MI/LstByNumber").outcome is Outcome.NOT_SENT


def table(*lines):
    return {"results": [ok("Select", *({"REPL": line} for line in lines))]}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("OAORNO|OACUOR", "1|A"), "not asked for"),
        (("OACUOR|OAORNO", "B|1"), "not asked for"),
        (("OACUOR|OAORNO", "A|" + "1" * 990), "ask for fewer columns"),
    ],
)
def test_a_table_answer_that_does_not_fit_the_query_is_a_failure(scripted, erp, lines, said):
    scripted.answer(table(*lines))

    answer = erp.call("table:OXHEAD", ("OAORNO",), OACUOR="A")

    assert (answer.outcome, answer.rows) == (Outcome.NOT_SENT, ())
    assert said in answer.failure.message


@pytest.mark.parametrize("lines", [(), ("OACUOR|OAORNO",)])
def test_a_table_answer_without_rows_is_none(scripted, erp, lines):
    scripted.answer(table(*lines))

    answer = erp.call("table:OXHEAD", ("OAORNO",), OACUOR="A")

    assert (answer.outcome, answer.rows) == (Outcome.DONE, ())


def test_the_name_of_a_column_cannot_carry_a_query(erp):
    answer = erp.call("table:OXHEAD", ("OAORNO from OXHEAD where 1 = 1",), OACUOR="A")

    assert answer.outcome is Outcome.REFUSED


def test_a_value_that_is_too_long_for_a_query_is_refused(erp):
    answer = erp.call("table:OXHEAD", ("OAORNO",), OACUOR="A" * 1000)

    assert answer.outcome is Outcome.REFUSED
    assert "982" in answer.failure.message


def test_a_zone_that_the_server_does_not_tell_has_to_be_configured(scripted, erp):
    scripted.answer({"results": [ok("ServerTimeZone", {"TMTZ": "local time", "UTCT": "?"})]})
    scripted.answer({"results": [ok("GetUserInfo", {"TIZO": ""})]})

    with pytest.raises(ConfigurationError, match="set `time_zone`"):
        erp.connection.facts()


@pytest.fixture
def old(open_scripted):
    return open_scripted(api="v1")


NAMES = {"Program": "OIS100MI", "Transaction": "AddBatchLine"}


@pytest.mark.parametrize(
    "record",
    [
        [{"RowIndex": "0", "NameValue": [{"Name": "PONR", "Value": "    1"}]}],
        {"RowIndex": "0", "NameValue": {"Name": "PONR", "Value": "1"}},
    ],
)
def test_one_object_stands_for_a_list_of_one_in_version_1(scripted, old, record):
    scripted.answer({**NAMES, "MIRecord": record})

    answer = old.call(LINE, ORNO="1", ITNO="A")

    assert (answer.outcome, answer.rows) == (Outcome.DONE, ({"PONR": Decimal(1)},))


@pytest.mark.parametrize("more", [{}, {"MIRecord": None}, {"MIRecord": []}])
def test_no_rows_are_no_obstacle_in_version_1(scripted, old, more):
    scripted.answer({**NAMES, **more})

    answer = old.call(LINE, ORNO="1", ITNO="A")

    assert (answer.outcome, answer.rows) == (Outcome.DONE, ())


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"message": "ok"},
        {"Program": "OIS100MI"},
        {**NAMES, "Transaction": "Confirm"},
        {**NAMES, "Program": "X"},
    ],
)
def test_an_answer_that_names_something_else_is_not_believed_in_version_1(scripted, old, document):
    scripted.answer(document)

    assert old.call(LINE, ORNO="1", ITNO="A").outcome is Outcome.IN_DOUBT


def test_a_list_of_version_1_that_broke_half_way_is_a_failure_that_passes(scripted, old):
    scripted.answer(
        {
            "Program": "OIS100MI",
            "Transaction": "LstBatchHead",
            "MIRecord": [{"NameValue": [{"Name": "ORNO", "Value": "1"}]}],
            "ErrorMessage": {
                "@type": "ServerReturnedNOK",
                "@code": "XRE0001",
                "@field": "",
                "Message": "Broken   XRE0001",
            },
        }
    )

    answer = old.call(LIST, CUNO="W1")

    assert (answer.outcome, answer.rows, str(answer.failure)) == (Outcome.NOT_SENT, (), "Broken (XRE0001)")
    assert answer.failure.remedy is Remedy.TRANSIENT


def test_an_error_without_a_form_is_still_an_error_in_version_1(scripted, old):
    scripted.answer({"Program": "OIS100MI", "Transaction": "LstBatchHead", "ErrorMessage": "broken"})

    assert old.call(LIST, CUNO="W1").outcome is Outcome.REFUSED


def test_settings_of_version_1_go_between_path_and_query(scripted, old):
    scripted.answer({"Program": "OIS100MI", "Transaction": "GetBatchHead"})

    old.call(GET, ("ORNO", "CUOR"), ORNO="a;b c")

    path, _, query = scripted.requests[0][1].partition("?")
    assert path == (
        "/m3api-rest/execute/OIS100MI/GetBatchHead"
        ";metadata=false;maxrecs=1000;excludempty=false;cono=100;divi=AAA;returncols=ORNO,CUOR"
    )
    assert query == "ORNO=a%3Bb%20c"


@pytest.fixture
def signing_in(scripted, open_scripted):
    """Open a connection whose tokens come from the scripted server too."""
    scripted_token = {"token_url": f"{scripted.url}/token", "client_id": "id", "client_secret": "hush"}
    return open_scripted(credentials=scripted_token)


@pytest.mark.parametrize(
    "lifetime", [{}, {"expires_in": None}, {"expires_in": "soon"}, {"expires_in": "7200"}]
)
def test_a_lifetime_that_cannot_be_read_is_no_obstacle(scripted, signing_in, lifetime):
    scripted.answer({"access_token": "abc", **lifetime})
    scripted.answer({"results": [ok()]})

    assert signing_in.call(LINE, ORNO="1", ITNO="A").outcome is Outcome.DONE
    headers = {name.lower(): value for name, value in scripted.requests[1][2].items()}
    assert headers["authorization"] == "Bearer abc"


@pytest.mark.parametrize(
    "document", [[], "<html>nonsense", {"token": "abc"}, {"access_token": None}, {"access_token": ""}]
)
def test_an_answer_without_a_token_means_that_nothing_was_sent(scripted, signing_in, document):
    scripted.answer(document)

    answer = signing_in.call(LINE, ORNO="1", ITNO="A")

    assert (answer.outcome, answer.failure.remedy) == (Outcome.NOT_SENT, Remedy.CONFIGURATION)
    assert len(scripted.requests) == 1


def test_a_program_without_transactions_cannot_be_taken_down(scripted, erp, open_scripted):
    scripted.answer({"results": [ok("LstTransactions")]})

    with pytest.raises(ConfigurationError, match="no program ABC123MI"):
        snapshot(open_scripted(time_zone="UTC").connection, erp.catalog, ["ABC123MI"], now=0)
