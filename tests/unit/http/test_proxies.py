"""Which proxy the environment names, and what is said where it cannot be used."""

from __future__ import annotations

import pytest

from m3nop.http.failures import HttpFailure, HttpFailureKind
from m3nop.http.outgoing import Host
from m3nop.http.proxies import proxy_for

M3 = Host("https", "m3.example.com", None)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("names", "leads_to"),
    [
        ({}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTP_PROXY": "http://proxy.example.com"}, None),
        ({"HTTPS_PROXY": "http://proxy.example.com:3128"}, ("proxy.example.com", 3128)),
        ({"HTTPS_PROXY": "proxy.example.com:3128"}, ("proxy.example.com", 3128)),
        ({"ALL_PROXY": "https://proxy.example.com"}, ("proxy.example.com", 443)),
        (
            {"HTTPS_PROXY": "http://proxy.example.com", "ALL_PROXY": "socks5://other"},
            ("proxy.example.com", 80),
        ),
        ({"HTTPS_PROXY": "http://[::1]:3128"}, ("::1", 3128)),
        ({"HTTPS_PROXY": "http://proxy.example.com", "NO_PROXY": "example.com"}, None),
        ({"HTTPS_PROXY": "http://proxy.example.com", "NO_PROXY": ".example.com, other"}, None),
        ({"HTTPS_PROXY": "http://proxy.example.com", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://proxy.example.com", "NO_PROXY": "ample.com"}, ("proxy.example.com", 80)),
    ],
)
def test_a_proxy_is_the_one_that_the_environment_names_for_the_host(monkeypatch, names, leads_to):
    for name, value in names.items():
        monkeypatch.setenv(name, value)

    proxy = proxy_for(M3, tls=None)

    connection = proxy.tunnel("m3.example.com", 443, timeout=1, tls=None) if proxy else None
    assert (connection and (connection.host, connection.port)) == leads_to


@pytest.mark.parametrize(
    "address",
    ["socks5://me:canary@proxy.example.com", "http://me:canary@", "http://me:canary@proxy:nonsense"],
)
def test_a_proxy_that_cannot_be_used_means_not_sent_and_its_password_is_not_shown(monkeypatch, address):
    monkeypatch.setenv("HTTPS_PROXY", address)

    with pytest.raises(HttpFailure, match="proxy that the environment names cannot be used") as caught:
        proxy_for(M3, tls=None)

    assert (caught.value.kind, caught.value.sent) == (HttpFailureKind.CONNECT, False)
    assert "canary" not in str(caught.value)
