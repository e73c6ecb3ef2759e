"""Whose address counts behind proxies, and how much anybody may send."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3nop.serve.addresses import sender, within
from m3nop.serve.bucket import Bucket
from m3nop.spec.service_model import ListenSpec

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("written", "inside", "outside"),
    [
        ("::ffff:203.0.113.0/120", "203.0.113.9", "203.0.114.9"), ("::ffff:203.0.113.9", "203.0.113.9", "203.0.113.8"),
        ("203.0.113.7/24", "203.0.113.9", "203.0.114.9"), ("2001:db8::/32", "2001:db8::7", "2001:db9::7"),
        ("::/0", "2001:db8::7", "203.0.113.9"),
    ],
)  # fmt: skip
def test_a_network_holds_who_is_in_it_however_it_is_written(written: str, inside: str, outside: str) -> None:
    spec = ListenSpec.model_validate({"trusted_proxies": [written]})
    found = [within(ip_address(one), spec.trusted_proxies) for one in (inside, outside)]
    assert found == [True, False]


def test_without_trusted_proxies_no_header_is_believed() -> None:
    assert sender("203.0.113.9", ["198.51.100.7"], trusted=[]) == ip_address("203.0.113.9")


def test_a_peer_that_is_no_proxy_cannot_speak_for_others() -> None:
    assert sender("203.0.113.9", ["198.51.100.7"], trusted=PROXIES) == ip_address("203.0.113.9")


@pytest.mark.parametrize(
    ("forwarded", "found"),
    [
        (["198.51.100.7"], "198.51.100.7"),
        (["1.2.3.4, 198.51.100.7"], "198.51.100.7"),
        (["1.2.3.4", "198.51.100.7"], "198.51.100.7"),
        (["1.2.3.4, 198.51.100.7, 10.1.1.1"], "198.51.100.7"),
        (["198.51.100.7:4711"], "198.51.100.7"),
        (["[2001:db8::7]:4711"], "2001:db8::7"),
        (["2001:db8::7, fd00::1"], "2001:db8::7"),
        (["::ffff:198.51.100.7"], "198.51.100.7"),
        (["10.2.2.2"], "10.2.2.2"),
        ([], "10.0.0.1"),
    ],
)
def test_behind_a_proxy_the_last_address_that_no_proxy_has_counts(forwarded: list[str], found: str) -> None:
    assert sender("10.0.0.1", forwarded, trusted=PROXIES) == ip_address(found)


@pytest.mark.parametrize("forwarded", ["nonsense", "1.2.3.4, ", "999.1.1.1", "198.51.100.7; for=1"])
def test_an_address_that_cannot_be_read_is_nobodys(forwarded: str) -> None:
    assert sender("10.0.0.1", [forwarded], trusted=PROXIES) is None


@given(st.lists(st.ip_addresses().map(str), max_size=50), st.ip_addresses(v=4).map(str))
def test_what_a_stranger_writes_is_never_counted_as_whom_the_proxy_was_called_by(
    made_up: list[str], stranger: str
) -> None:
    seen = ip_address(stranger)
    found = sender("10.0.0.1", [", ".join([*made_up, stranger])], trusted=PROXIES)
    assert found == seen or within(seen, PROXIES)


def test_an_address_is_in_a_network_of_its_own_kind_only() -> None:
    assert within(ip_address("203.0.113.9"), [ip_network("203.0.113.0/24")])
    assert not within(ip_address("203.0.113.9"), [ip_network("::/0")])


def test_a_bucket_gives_twice_its_rate_at_once_and_then_its_rate() -> None:
    bucket = Bucket(10)
    assert [bucket.take(5.0) for _ in range(21)].count(0) == 20
    assert bucket.take(5.0) == 1
    assert [bucket.take(6.0) for _ in range(12)].count(0) == 10


def test_a_slow_bucket_says_after_how_many_seconds_there_is_more() -> None:
    bucket = Bucket(0.1)
    assert bucket.take(1.0) == 0
    assert bucket.take(1.0) == 10
    assert bucket.take(12.0) == 0


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    bucket = Bucket(1)
    assert [bucket.take(100.0), bucket.take(100.0), bucket.take(50.0)] == [0, 0, 1]
