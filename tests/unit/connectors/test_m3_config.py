from __future__ import annotations

import pytest
from pydantic import ValidationError

from m3nop.connectors.m3 import M3
from m3nop.core.connector import Effect
from m3nop.core.secrets import Secret, SecretRef
from m3nop.spec.docstrings import DescribedSchema

IONAPI = {"ionapi": SecretRef("M3_IONAPI")}


def config(**options):
    return M3.config(**{"credentials": IONAPI, **options})


def test_an_ionapi_file_is_all_that_is_needed():
    made = config()

    assert (made.api, made.api_path, made.time_zone) == ("v2", "/m3api-rest", "from_server")
    assert (made.group_size, made.group_bytes, made.confirm_group) == (50, 30_000, 5)
    assert (made.timeout, made.settle_after, made.table_reads) == (120.0, 300.0, True)


def test_the_sandbox_needs_no_credentials():
    assert M3.config(url="sandbox:").credentials is None


def test_durations_limits_and_overrides_are_read():
    made = config(
        company=100,
        division="AAA",
        timeout="30s",
        settle_after="2m",
        rate_limit={"requests": 20, "per": "1s"},
        effects={"ZOR100MI/AddHead": "unsafe"},
        done_codes={"CRS610MI/Add": ["WCU0204"]},
        not_during=[{"cron": "0 2 * * *", "for": "90m", "reason": "autojobs"}],
    )

    assert (made.timeout, made.settle_after) == (30.0, 120.0)
    assert (made.rate_limit.requests, made.rate_limit.per) == (20, 1.0)
    assert made.effects == {"ZOR100MI/AddHead": Effect.UNSAFE}
    assert made.done_codes == {"CRS610MI/Add": frozenset({"WCU0204"})}
    (window,) = made.not_during
    assert (window.cron, window.for_, window.reason) == ("0 2 * * *", 5400.0, "autojobs")


@pytest.mark.parametrize("zone", ["from_server", "Europe/Oslo", "UTC"])
def test_a_time_zone_is_an_iana_name_or_asked_for(zone):
    assert config(time_zone=zone).time_zone == zone


def test_a_credential_is_a_reference_or_a_hidden_text():
    assert config().credentials.ionapi == SecretRef("M3_IONAPI")
    made = config(credentials={"ionapi": '{"cs": "hush"}'})
    assert made.credentials.ionapi == Secret('{"cs": "hush"}')
    assert "hush" not in repr(made)
    assert "hush" not in made.model_dump_json()


@pytest.mark.parametrize(
    "credentials",
    [
        {"username": "M3SRV", "password": "x"},
        {"token_url": "https://sso.example.com/token", "client_id": "a", "client_secret": "b"},
        {
            "token_url": "https://sso.example.com/token",
            "client_id": "a",
            "client_secret": "b",
            "access_key": "c",
            "secret_key": "d",
        },
    ],
)
def test_without_an_ionapi_file_an_address_is_needed(credentials):
    with pytest.raises(ValidationError, match="`url` is missing"):
        M3.config(credentials=credentials)
    assert M3.config(url="https://m3.example.com", credentials=credentials).url


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"credentials": None}, "`credentials` are missing"),
        ({"credentials": {}}, "give one of"),
        ({"credentials": {**IONAPI, "username": "a", "password": "b"}}, "give one of"),
        ({"credentials": {"username": "a"}}, "go together"),
        ({"credentials": {**IONAPI, "access_key": "a", "secret_key": "b"}}, "go together"),
        ({"credentials": {"ionapi": 7}}, "a credential is text"),
        ({"url": "m3.example.com"}, "not an address"),
        ({"time_zone": "Mars/Base"}, "not a time zone"),
        ({"time_zone": "../etc/passwd"}, "not a time zone"),
        ({"timeout": "soon"}, "not a duration"),
        ({"timeout": "10m"}, "`settle_after` must be longer"),
        ({"effects": {"AddHead": "unsafe"}}, "not a transaction"),
        ({"effects": {"OIS100MI/AddHead": "harmless"}}, "Input should be"),
        ({"company": 1000}, "less than or equal to 999"),
        ({"api_path": "m3api-rest"}, "should match pattern"),
        ({"batch_size": 5}, "Extra inputs are not permitted"),
    ],
)
def test_what_cannot_work_is_refused(options, said):
    with pytest.raises(ValidationError, match=said):
        config(**options)


def test_every_option_is_described():
    schema = M3.config.model_json_schema(schema_generator=DescribedSchema)

    for definition in (schema, *schema["$defs"].values()):
        for name, described in definition.get("properties", {}).items():
            assert described.get("description"), name
