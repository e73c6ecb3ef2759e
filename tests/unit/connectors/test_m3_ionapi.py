from __future__ import annotations

import json

import pytest

from m3nop.connectors.m3.gateway import m3_address
from m3nop.connectors.m3.ionapi import joined, parse_ionapi
from m3nop.core.errors import ConfigurationError
from m3nop.core.secrets import Secret

FILE = {
    "ti": "ACME_TST",
    "cn": "m3nop",
    "dt": "12",
    "ci": "ACME_TST~exampleclientid",
    "cs": "example-secret",
    "iu": "https://mingle-ionapi.example.com",
    "pu": "https://mingle-sso.example.com:443/ACME_TST/as/",
    "oa": "authorization.oauth2",
    "ot": "token.oauth2",
    "or": "revoke_token.oauth2",
    "ev": "X1",
    "v": "1.0",
    "saak": "ACME_TST#exampleaccesskey",
    "sask": "examplesecretkey",
}


def read(**changes):
    document = {name: value for name, value in {**FILE, **changes}.items() if value is not None}
    return parse_ionapi(Secret(json.dumps(document)))


def test_the_file_tells_where_m3_is_and_who_signs_in():
    ionapi = read()

    assert ionapi.m3_url == "https://mingle-ionapi.example.com/ACME_TST/M3"
    assert ionapi.client.token_url == "https://mingle-sso.example.com:443/ACME_TST/as/token.oauth2"  # noqa: S105
    assert ionapi.client.client_id == "ACME_TST~exampleclientid"
    assert [key.reveal() for key in ionapi.client.account] == [
        "ACME_TST#exampleaccesskey",
        "examplesecretkey",
    ]


def test_nothing_secret_shows_in_its_text():
    shown = repr(read())

    assert "example-secret" not in shown
    assert "examplesecretkey" not in shown
    assert "exampleaccesskey" not in shown


@pytest.mark.parametrize(
    ("base", "path"), [("https://a/as/", "t"), ("https://a/as", "/t"), ("https://a/as/", "/t")]
)
def test_the_token_address_has_one_slash_between_its_parts(base, path):
    assert joined(base, path) == "https://a/as/t"


@pytest.mark.parametrize("lacking", ["saak", "sask"])
def test_a_file_without_a_service_account_says_how_to_make_one(lacking):
    with pytest.raises(ConfigurationError, match=r'"Backend Service".*"Create Service Account"'):
        read(**{lacking: None})


def test_every_missing_key_is_named():
    with pytest.raises(ConfigurationError, match="lacks `cs`, `iu`"):
        read(cs="", iu=None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/home/me/m3.ionapi", "content of the file"),
        ("", "content of the file"),
        ('{"cs": "hush", ', "not JSON"),
        ("[1]", "content of the file"),
    ],
)
def test_what_is_no_ionapi_file_is_refused_without_showing_it(text, said):
    with pytest.raises(ConfigurationError, match=said) as caught:
        parse_ionapi(Secret(text))
    assert "hush" not in str(caught.value)


def test_a_byte_order_mark_and_blank_lines_are_no_obstacle():
    assert parse_ionapi(Secret("\ufeff\n " + json.dumps(FILE))).tenant == "ACME_TST"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("", "https://mingle-ionapi.example.com/ACME_TST/M3"),
        ("https://proxy.example.com", "https://proxy.example.com/ACME_TST/M3"),
        ("https://proxy.example.com/", "https://proxy.example.com/ACME_TST/M3"),
        ("https://proxy.example.com/x/M3/", "https://proxy.example.com/x/M3"),
    ],
)
def test_a_configured_address_comes_before_that_of_the_file(url, address):
    assert m3_address(url, read()) == address


def test_an_on_premise_address_is_taken_as_it_is():
    assert m3_address("https://m3.example.com:21108/", None) == "https://m3.example.com:21108"
