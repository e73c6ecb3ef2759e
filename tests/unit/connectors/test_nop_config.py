from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from m3nop.connectors.nopcommerce import NOPCOMMERCE
from m3nop.core.secrets import Secret, SecretRef
from m3nop.spec.docstrings import DescribedSchema

LOGIN = {"username": "m3nop", "password": "p"}
SHOP = {"url": "https://shop.example.com", "credentials": LOGIN}


def config(**options):
    return NOPCOMMERCE.config.model_validate({**SHOP, **options})


def test_a_connection_needs_little():
    shop = config()
    assert (shop.dialect, shop.records_per_page, shop.in_flight, shop.ids_per_request) == (
        "official",
        100,
        4,
        100,
    )


def test_pages_of_the_open_source_api_are_as_large_as_it_allows():
    assert config(dialect="oss").records_per_page == 250


def test_durations_are_written_as_people_do():
    shop = config(timeout="45s", settle_after="10m", rate_limit={"requests": 5, "per": "1s"})
    assert (shop.timeout, shop.settle_after, shop.rate_limit.per) == (45.0, 600.0, 1.0)


def test_the_sandbox_needs_no_credentials_and_settles_soon():
    shop = NOPCOMMERCE.config.model_validate({"type": "nopcommerce", "url": "sandbox:", "settle_after": "2s"})
    assert shop.credentials is None


def test_a_credential_may_be_a_name_until_the_connection_is_opened():
    reference = config(credentials={"username": "m3nop", "password": SecretRef("SHOP_PASSWORD")})
    assert reference.credentials.password == SecretRef("SHOP_PASSWORD")
    assert config().credentials.password == Secret("p")


def test_a_credential_is_neither_shown_nor_written():
    shop = config(credentials={"token": "abc123"})
    assert "abc123" not in repr(shop)
    assert "abc123" not in shop.model_dump_json()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"url": "shop.example.com"}, "is not an address"),
        ({"url": ""}, "is not an address"),
        ({"credentials": None}, "`credentials` are missing"),
        ({"credentials": {}}, "give either `username` and `password`, or `token`"),
        ({"credentials": {**LOGIN, "token": "t"}}, "give either `username` and `password`, or `token`"),
        ({"credentials": {"username": "m3nop"}}, "go together"),
        ({"credentials": {"username": "m3nop", "password": ["p"]}}, "a credential is text"),
        ({"credentials": {"token": "t", "header": "X Key"}}, "header"),
        ({"dialect": "soap"}, "'official' or 'oss'"),
        ({"dialect": "oss", "page_size": 300}, "at most 250"),
        ({"timeout": "soon"}, "is not a duration"),
        ({"settle_after": 10}, "longer than `timeout`"),
        ({"in_flight": 0}, "greater than or equal to 1"),
        ({"user": "m3nop"}, "Extra inputs are not permitted"),
    ],
)
def test_options_that_cannot_be_are_refused(options, says):
    with pytest.raises(ValidationError, match=says):
        config(**options)


def test_every_option_is_described():
    schema = NOPCOMMERCE.config.model_json_schema(schema_generator=DescribedSchema)
    for model in (schema, *schema["$defs"].values()):
        assert all("description" in option for option in model["properties"].values())


def test_credentials_are_where_the_connector_says():
    assert NOPCOMMERCE.secrets == ("credentials.password", "credentials.token")


def test_checking_a_project_loads_no_http_library():
    code = (
        "import sys\n"
        "from m3nop.connectors.nopcommerce import NOPCOMMERCE as shop\n"
        "shop.catalog(shop.config(url='sandbox:'), metadata={}).operation('orders/note')\n"
        "print([name for name in ('urllib3', 'sqlalchemy', 'yaml') if name in sys.modules])\n"
    )
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
