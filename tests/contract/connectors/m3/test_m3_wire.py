"""What the connector puts on the wire, pinned by cassettes: a changed request fails here, readably.

Recorded against the sandbox, with logins blotted out. Record again after an intended change:
``M3NOP_RECORD=1 python -m pytest tests/contract/connectors/m3/test_m3_wire.py``, and review the diff.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from vcr.errors import CannotOverwriteExistingCassetteException

from m3nop.app.cassettes import recorder, through
from m3nop.connectors.m3.snapshot import snapshot
from m3nop.core import json
from m3nop.core.clock import parse_instant
from m3nop.core.connector import Outcome
from m3nop.sandbox import access

CASSETTES = Path(__file__).parents[3] / "cassettes" / "m3"
RECORD = bool(os.environ.get("M3NOP_RECORD"))
NOWHERE = "http://127.0.0.1:9"
KEPT_HEADERS = {"accept", "content-type", "authorization", "positionkey"}
LOGINS = {"username", "password", "client_secret"}
HEAD = {"CUNO": "W9999", "ORTP": "W01", "FACI": "A01", "CUOR": "B2C-1042", "YREF": "Åse & Co"}


def request_as_kept(request):
    request.uri = urlsplit(request.uri)._replace(netloc="127.0.0.1").geturl()
    request.headers = {name: value for name, value in request.headers.items() if name.lower() in KEPT_HEADERS}
    for name, value in request.headers.items():
        if name.lower() == "authorization":
            request.headers[name] = f"{value.split()[0]} ***"
    if request.path.endswith("/token.oauth2"):
        form = parse_qsl(request.body.decode(), keep_blank_values=True)
        blotted = [(name, "***" if name in LOGINS else value) for name, value in form]
        request.body = urlencode(blotted, safe="*").encode()
    return request


def response_as_kept(response):
    response["headers"] = {
        name: value for name, value in response["headers"].items() if name.lower() == "content-type"
    }
    body = json.loads(response["body"]["string"])
    if "access_token" in body:
        response["body"]["string"] = json.dumps({**body, "access_token": "***"}).encode()
    return response


def same_headers(one, other):
    assert {name.lower(): value for name, value in one.headers.items()} == {
        name.lower(): value for name, value in other.headers.items()
    }


def same_body(one, other):
    """Compare texts: the order of members matters to M3."""
    assert (one.body or b"") == (other.body or b"")


@pytest.fixture
def wire(request):
    """Open a connection whose requests go to a cassette, or to the sandbox while recording."""
    url = request.getfixturevalue("sandbox").url if RECORD else NOWHERE
    erp_class = request.getfixturevalue("erp_class")
    player = recorder(
        cassette_library_dir=str(CASSETTES),
        record_mode="all" if RECORD else "none",
        before_record_request=request_as_kept,
        before_record_response=response_as_kept,
    )
    player.register_matcher("kept headers", same_headers)
    player.register_matcher("text", same_body)

    @contextmanager
    def opened(name, *, on_premise=False, **options):
        if on_premise:
            login = {"username": access.M3_USER, "password": access.M3_PASSWORD}
        else:
            login = {"ionapi": json.dumps(access.ionapi(url))}
        match_on = ["method", "path", "query", "kept headers", "text"]
        erp = erp_class(**{"url": url, "credentials": login, **options})
        try:
            with player.use_cassette(f"{name}.yaml", match_on=match_on) as cassette, through(cassette):
                yield erp
            assert RECORD or cassette.all_played
        finally:
            erp.connection.close()

    return opened


def test_a_read_by_version_2_is_a_get_with_a_token_by_form(wire):
    with wire("v2_read") as erp:
        assert erp.call("GENERAL/GetServerTime").outcome is Outcome.DONE
        assert erp.call("CRS610MI/GetBasicData", ("CUNM", "STAT"), CUNO="W9999").rows[0]["STAT"] == "20"


def test_a_client_can_sign_in_by_basic(wire):
    with wire("token_basic", client_auth="basic") as erp:
        assert erp.call("GENERAL/GetServerTime").outcome is Outcome.DONE


def test_a_write_by_version_2_is_a_bulk_of_one(wire):
    with wire("v2_write") as erp:
        (head,) = erp.call("OIS100MI/AddBatchHead", **HEAD).rows
        assert erp.call("OIS100MI/DelBatchHead", ORNO=head["ORNO"]).outcome is Outcome.DONE


def test_several_writes_by_version_2_are_one_bulk(wire):
    with wire("v2_bulk") as erp:
        (head,) = erp.call("OIS100MI/AddBatchHead", **HEAD).rows
        lines = [
            (
                "OIS100MI/AddBatchLine",
                {"ORNO": head["ORNO"], "ITNO": item, "ORQT": 2, "SAPR": "149.50", "CUPO": n},
            )
            for n, item in enumerate(["TENT-2P", "NOPE"])
        ]
        answers = erp.send(*lines, columns=("PONR", "POSX"))
        assert [answer.outcome for answer in answers] == [Outcome.DONE, Outcome.REFUSED]
        reads = erp.send(*[("OIS100MI/LstBatchLine", {"ORNO": head["ORNO"]})] * 2, columns=("ITNO", "ORQT"))
        assert all(answer.rows for answer in reads)
        assert erp.call("OIS100MI/Confirm", ORNO=head["ORNO"]).outcome is Outcome.DONE


def test_a_list_is_asked_for_with_its_key_and_a_page_size(wire):
    with wire("v2_list", page_size=10) as erp:
        assert erp.call("CRS610MI/LstByNumber", ("CUNO",)).outcome is Outcome.DONE


def test_a_table_is_read_by_one_bulk_of_queries(wire):
    with wire("v2_table") as erp:
        references = ("B2C-1", "B2C-2", "O'BRIEN-3")
        answers = erp.send(*(("table:OXHEAD", {"OACUOR": text}) for text in references), columns=("OAORNO",))
        assert [answer.outcome for answer in answers] == [Outcome.DONE] * 3


def test_everything_by_version_1_is_a_get(wire):
    with wire("v1", on_premise=True, api="v1") as erp:
        (head,) = erp.call("OIS100MI/AddBatchHead", **HEAD).rows
        assert (
            erp.call("OIS100MI/GetBatchHead", ("ORNO", "CUOR"), ORNO=head["ORNO"]).rows[0]["CUOR"]
            == "B2C-1042"
        )
        assert erp.call("OIS100MI/AddBatchLine", ORNO=head["ORNO"], ITNO="NOPE").outcome is Outcome.REFUSED


def test_on_premise_signs_in_by_basic_by_version_2_too(wire):
    with wire("v2_on_premise", on_premise=True) as erp:
        assert erp.call("GENERAL/GetServerTime").outcome is Outcome.DONE


def test_facts_are_two_reads(wire):
    with wire("facts") as erp:
        assert erp.connection.facts().time_zone == "CET"


def test_a_snapshot_is_a_list_and_bulks_of_fields(wire):
    with wire("snapshot") as erp:
        taken = snapshot(erp.connection, erp.catalog, ["MNS150MI"], now=parse_instant("2026-11-23T09:00:00Z"))
        assert set(taken["MNS150MI"]["transactions"]) == {"GetUserData"}


@pytest.mark.skipif(RECORD, reason="while recording every request is new")
def test_a_request_that_is_not_on_the_cassette_fails(wire):
    with pytest.raises(CannotOverwriteExistingCassetteException), wire("v2_read") as erp:
        erp.call("GENERAL/GetUserInfo")


def test_no_cassette_holds_a_secret():
    cassettes = list(CASSETTES.glob("*.yaml"))
    secrets = (access.CLIENT_SECRET, access.SECRET_KEY, access.ACCESS_KEY, access.M3_PASSWORD)

    assert cassettes
    for cassette in cassettes:
        text = cassette.read_text(encoding="utf-8")
        assert not any(secret in text for secret in secrets), cassette.name
