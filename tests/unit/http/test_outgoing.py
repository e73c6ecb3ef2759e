"""Addresses as they go over the wire."""

from __future__ import annotations

import pytest

from m3nop.core.errors import ConfigurationError
from m3nop.http.outgoing import taken_apart


@pytest.mark.parametrize(
    ("address", "host", "path"),
    [
        ("https://m3.example.com", "https://m3.example.com", ""),
        ("https://M3.Example.com:8443/a/b", "https://m3.example.com:8443", "/a/b"),
        ("http://[::1]:80/m3", "http://[::1]:80", "/m3"),
        ("https://bücher.example/läden/a%20b c", "https://xn--bcher-kva.example", "/l%C3%A4den/a%20b%20c"),
    ],
)
def test_an_address_is_taken_apart_and_quoted(address, host, path):
    where, rest = taken_apart(address)

    assert (str(where), rest) == (host, path)


def test_a_host_name_that_no_server_can_have_is_a_configuration_error():
    with pytest.raises(ConfigurationError, match="not an address"):
        taken_apart(f"https://{'ä' * 80}.example")
