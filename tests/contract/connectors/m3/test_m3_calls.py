"""What each kind of call does, over both versions of the interface and both ways in."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from m3nop.core.connector import Outcome, Remedy
from m3nop.core.errors import AccessError, ConfigurationError
from m3nop.core.secrets import SecretRef

WAYS = [
    pytest.param({}, id="gateway-v2"),
    pytest.param({"on_premise": True}, id="premise-v2"),
    pytest.param({"on_premise": True, "api": "v1"}, id="premise-v1"),
    pytest.param({"api": "v1"}, id="gateway-v1"),
]


@pytest.fixture(params=WAYS)
def any_erp(request, open_erp):
    return open_erp(**request.param)


def test_an_order_is_entered_confirmed_and_found(any_erp):
    temporary = any_erp.order("B2C-1042")
    line = any_erp.call(
        "OIS100MI/AddBatchLine",
        ORNO=temporary,
        ITNO="TENT-2P",
        ORQT=Decimal(2),
        SAPR=Decimal("149.50"),
        CUPO=1,
    )
    confirmed = any_erp.call("OIS100MI/Confirm", ORNO=temporary)
    real = confirmed.rows[0]["ORNO"]
    found = any_erp.call("OIS275MI/GetTmpOrderStat", ORNO=temporary)

    assert line.rows[0]["PONR"] == Decimal(1)
    assert confirmed.rows[0]["STAT"] == "90"
    assert found.rows == ({"ORNO": temporary, "ORNR": real, "STAT": "90"},)
    assert any_erp.call("OIS100MI/GetHead", ("CUOR",), ORNO=real).rows == ({"CUOR": "B2C-1042"},)


def test_a_refusal_has_code_field_and_a_clean_message(any_erp):
    answer = any_erp.call("OIS100MI/AddBatchLine", ORNO=any_erp.order(), ITNO="NOPE", ORQT=1)

    assert (answer.outcome, answer.rows, answer.clean) == (Outcome.REFUSED, (), True)
    assert str(answer.failure) == "Item number NOPE does not exist (WIT0103 ITNO)"
    assert answer.failure.remedy is Remedy.BUSINESS


def test_a_record_that_does_not_exist_is_read_as_no_rows(any_erp):
    for name in ("OIS275MI/GetTmpOrderStat", "OIS100MI/GetBatchHead", "OIS100MI/LstBatchLine"):
        answer = any_erp.call(name, ORNO="0000000001")
        assert (answer.outcome, answer.rows) == (Outcome.DONE, ())
    assert any_erp.call("CRS610MI/GetBasicData", CUNO="NOBODY").rows == ()


def test_only_the_columns_asked_for_come_back(any_erp):
    temporary = any_erp.order("B2C-7")

    answer = any_erp.call("OIS100MI/GetBatchHead", ("CUOR", "ORTP"), ORNO=temporary)

    assert answer.rows == ({"CUOR": "B2C-7", "ORTP": "W01"},)


def test_names_outside_ascii_arrive_whole(any_erp):
    any_erp.call(
        "CRS610MI/Add",
        CUTM="TPLB2C",
        CUNM="Æ Ø Å & ä ö ü ß",
        CUA1="Väg 1; Öst",
        CUNO="W77",
        CSCD="DK",
    )

    assert any_erp.call("CRS610MI/GetBasicData", ("CUNM", "CUA1"), CUNO="W77").rows == (
        {"CUNM": "Æ Ø Å & ä ö ü ß", "CUA1": "Väg 1; Öst"},
    )


def test_a_customer_that_is_there_already_counts_as_done_and_says_so(any_erp):
    fields = {"CUTM": "TPLB2C", "CUNM": "Customer 77", "CUA1": "Kai 1", "CUNO": "W77", "CSCD": "NO"}
    any_erp.call("CRS610MI/Add", **fields)

    again = any_erp.call("CRS610MI/Add", **fields)

    assert again.outcome is Outcome.DONE
    assert again.rows[0]["CUNO"] == "W77"
    assert again.rows[0]["already"]


def test_deleting_what_is_gone_counts_as_done(any_erp):
    temporary = any_erp.order()
    any_erp.call("OIS100MI/DelBatchHead", ORNO=temporary)

    assert any_erp.call("OIS100MI/DelBatchHead", ORNO=temporary).outcome is Outcome.DONE


def test_a_transaction_that_m3_lacks_is_a_configuration_error(any_erp):
    for name in ("OIS100MI/Frobnicate", "XXX999MI/AddThing"):
        answer = any_erp.call(name, ORNO="1")
        assert (answer.outcome, answer.failure.remedy) == (Outcome.NOT_SENT, Remedy.CONFIGURATION)


def test_a_value_that_does_not_fit_is_refused_with_its_field(any_erp):
    answer = any_erp.call("OIS100MI/AddBatchHead", CUNO="W9999", CUOR="X" * 21)

    assert (answer.outcome, answer.failure.remedy, answer.failure.field) == (
        Outcome.REFUSED,
        Remedy.BUSINESS,
        "CUOR",
    )


def test_a_company_that_is_not_open_to_the_user_is_an_access_problem(open_erp):
    answer = open_erp(company=999).call("OIS100MI/AddBatchHead", CUNO="W9999")

    assert (answer.outcome, answer.failure.remedy) == (Outcome.NOT_SENT, Remedy.AUTHENTICATION)
    assert "`company`" in answer.failure.message


def test_calls_of_one_program_share_a_request_and_are_answered_in_order(erp, world):
    temporary = erp.order()
    before = len(world.requests)

    answers = erp.send(
        *(("OIS100MI/AddBatchLine", {"ORNO": temporary, "ITNO": item, "ORQT": 1}) for item in ("TENT-2P", "NO", "TENT-2P")),
        columns=("PONR",),
    )  # fmt: skip

    assert [answer.outcome for answer in answers] == [Outcome.DONE, Outcome.REFUSED, Outcome.DONE]
    assert [answer.rows[0]["PONR"] for answer in answers if answer.rows] == [Decimal(1), Decimal(2)]
    assert len(world.requests) == before + 1


def test_reads_share_a_request_too(erp, world):
    orders = [erp.order(f"B2C-{number}") for number in range(3)]
    before = len(world.requests)

    answers = erp.send(*(("OIS100MI/GetBatchHead", {"ORNO": order}) for order in orders), columns=("CUOR",))

    assert [answer.rows[0]["CUOR"] for answer in answers] == ["B2C-0", "B2C-1", "B2C-2"]
    assert len(world.requests) == before + 1


def test_nothing_to_send_sends_nothing(erp, world):
    assert erp.send() == []
    assert not world.requests


def test_a_write_never_puts_its_values_into_the_address(erp, world):
    erp.order("B2C-SECRET")

    assert all("SECRET" not in request.call.query for request in world.requests)
    assert [request.method for request in world.requests if "token" not in request.operations] == ["POST"]


def test_transactions_come_last_in_a_bulk(erp, world):
    erp.order()

    body = world.requests[-1].body.decode()
    assert body.index('"maxReturnedRecords"') < body.index('"transactions"')
    assert body.startswith('{"program":"OIS100MI","cono":100,"divi":"AAA"')


@pytest.mark.parametrize("auth", ["form", "basic"])
def test_the_client_signs_in_by_form_or_by_basic(open_erp, auth):
    assert open_erp(client_auth=auth).call("GENERAL/GetServerTime").outcome is Outcome.DONE


def test_the_parts_of_an_ionapi_file_do_as_well(open_erp, sandbox):
    file = sandbox.ionapi
    erp = open_erp(
        credentials={
            "token_url": file["pu"] + file["ot"],
            "client_id": file["ci"],
            "client_secret": file["cs"],
            "access_key": file["saak"],
            "secret_key": file["sask"],
        }
    )

    assert erp.call("GENERAL/GetServerTime").outcome is Outcome.DONE


def test_a_client_without_a_service_account_asks_for_its_own_token(open_erp, sandbox):
    file = sandbox.ionapi
    erp = open_erp(
        credentials={
            "token_url": file["pu"] + file["ot"],
            "client_id": file["ci"],
            "client_secret": file["cs"],
        }
    )

    answer = erp.call("GENERAL/GetServerTime")

    assert (answer.outcome, answer.failure.remedy) == (Outcome.NOT_SENT, Remedy.AUTHENTICATION)
    assert "no client credentials grant" in answer.failure.message


@pytest.mark.parametrize("key", ["sask", "cs"])
def test_wrong_keys_are_an_access_problem_and_are_not_repeated(open_erp, sandbox, key):
    erp = open_erp(credentials={"ionapi": json.dumps({**sandbox.ionapi, key: "wrong-key"})})

    answer = erp.call("OIS100MI/AddBatchHead", CUNO="W9999")

    assert (answer.outcome, answer.failure.remedy) == (Outcome.NOT_SENT, Remedy.AUTHENTICATION)
    assert "no access token" in answer.failure.message
    assert "wrong-key" not in repr(answer)


def test_a_wrong_password_on_premise_is_an_access_problem(open_erp):
    erp = open_erp(on_premise=True, credentials={"username": "M3NOP", "password": "wrong"})

    answer = erp.call("OIS100MI/AddBatchHead", CUNO="W9999")

    assert (answer.outcome, answer.failure.remedy) == (Outcome.NOT_SENT, Remedy.AUTHENTICATION)


def test_a_wrong_path_is_a_configuration_error(open_erp):
    answer = open_erp(api_path="/m3/rest").call("OIS100MI/AddBatchHead", CUNO="W9999")

    assert (answer.outcome, answer.failure.remedy) == (Outcome.NOT_SENT, Remedy.CONFIGURATION)
    assert "`api_path`" in answer.failure.message


def test_one_token_serves_many_calls(erp, world):
    for _ in range(3):
        erp.call("GENERAL/GetServerTime")

    assert sum("token" in request.operations for request in world.requests) == 1


def test_facts_tell_who_and_where(any_erp):
    facts = any_erp.connection.facts()

    assert facts.time_zone == "CET"
    assert (facts.identity["company"], facts.identity["division"]) == ("100", "AAA")
    assert facts.identity["base_url"].startswith("http://127.0.0.1:")


def test_facts_are_read_once(erp, world):
    erp.connection.facts()
    before = len(world.requests)

    assert erp.connection.facts() is erp.connection.facts()
    assert len(world.requests) == before


def test_facts_read_nothing_that_is_configured(open_erp, world):
    facts = open_erp(time_zone="Europe/Oslo").connection.facts()

    assert facts.time_zone == "Europe/Oslo"
    assert not world.requests


def test_without_a_company_the_users_own_is_told(open_erp):
    facts = open_erp(company=None, division=None, time_zone="UTC").connection.facts()

    assert (facts.identity["company"], facts.identity["division"]) == ("100", "AAA")


def test_facts_of_a_system_that_refuses_us_are_an_access_error(open_erp):
    erp = open_erp(on_premise=True, credentials={"username": "M3NOP", "password": "wrong"})

    with pytest.raises(AccessError, match="erp: GENERAL/ServerTimeZone failed"):
        erp.connection.facts()


def test_m3_has_no_sources_of_its_own(erp):
    with pytest.raises(ConfigurationError, match="erp has no source `orders`"):
        erp.connection.source("orders", stores=(), wanted=None)


def test_a_sandbox_that_was_not_started_cannot_be_opened(open_erp):
    with pytest.raises(ConfigurationError, match="sandbox has not been started"):
        open_erp(url="sandbox:", credentials=None)


def test_a_secret_that_was_not_looked_up_cannot_be_used(open_erp):
    with pytest.raises(ConfigurationError, match="M3_IONAPI was not looked up"):
        open_erp(credentials={"ionapi": SecretRef("M3_IONAPI")})


def test_limits_are_told_to_the_engine(open_erp):
    erp = open_erp(in_flight=8, settle_after="10m", group_bytes=20_000, group_size=40, confirm_group=3)
    connection, operation = erp.connection, erp.catalog.operation

    assert (connection.name, connection.in_flight) == ("erp", 8)
    assert (connection.settle_after, connection.group_bytes) == (600.0, 20_000)
    assert connection.group_size(operation("OIS100MI/AddBatchLine")) == 40
    assert connection.group_size(operation("OIS100MI/Confirm")) == 3
    assert connection.group_size(operation("table:OXHEAD")) > 100


def test_a_rate_limit_slows_requests_down_but_loses_none(open_erp):
    erp = open_erp(rate_limit={"requests": 50, "per": "1s"})

    assert all(erp.call("GENERAL/GetServerTime").outcome is Outcome.DONE for _ in range(60))
