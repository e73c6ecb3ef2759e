from __future__ import annotations

import base64

import pytest

from m3nop.connectors.nopcommerce.auth import _life_between, _life_of_jwt
from m3nop.connectors.nopcommerce.cache import Cache
from m3nop.connectors.nopcommerce.positions import (
    Gaps,
    keys_of,
    position_of,
    tick_before,
    utc_text,
    watermark_of,
)
from m3nop.connectors.nopcommerce.refusals import said_of
from m3nop.connectors.nopcommerce.workers import Workers
from m3nop.core import json
from m3nop.core.clock import DAY, SECOND, parse_instant
from m3nop.core.errors import SourceError

NOW = parse_instant("2026-11-23T12:00:00Z")


class HandClock:
    def __init__(self):
        self.instant = NOW

    def now(self):
        return self.instant

    def wait(self, seconds):
        self.instant += round(seconds * SECOND)


class Reader:
    """Counts what it is asked for."""

    def __init__(self, values):
        self.values = values
        self.asked = []

    def __call__(self, keys):
        self.asked.append(list(keys))
        return {key: self.values[key] for key in keys if key in self.values}


def test_a_cache_reads_only_what_it_does_not_hold():
    read, cache = Reader({1: "a", 2: "b", 3: None}), Cache(10, seconds=60, clock=HandClock())
    assert cache.many([1, 1, 2], read) == {1: "a", 2: "b"}
    assert cache.many([2, 3, 4], read) == {2: "b", 3: None}
    assert cache.many([3, 4], read) == {3: None}
    assert read.asked == [[1, 2], [3, 4], [4]]


def test_a_cache_forgets_in_time():
    clock = HandClock()
    read, cache = Reader({1: "a"}), Cache(10, seconds=60, clock=clock)
    cache.many([1], read)
    clock.wait(59)
    cache.many([1], read)
    clock.wait(1)
    cache.many([1], read)
    assert read.asked == [[1], [1]]


def test_a_cache_holds_no_more_than_its_size_and_still_answers_all():
    read, cache = Reader({number: number for number in range(9)}), Cache(3, seconds=60, clock=HandClock())
    assert len(cache.many(range(9), read)) == 9
    assert cache.many([8, 0], read) == {8: 8, 0: 0}
    assert read.asked[-1] == [0]


def test_a_clock_that_was_set_back_does_not_keep_old_rows():
    clock = HandClock()
    read, cache = Reader({1: "a"}), Cache(10, seconds=60, clock=clock)
    cache.many([1], read)
    clock.wait(-3600)
    cache.many([1], read)
    assert len(read.asked) == 2


def test_gaps_below_a_young_row_may_still_fill():
    gaps = Gaps(10, now=NOW)
    assert list(gaps.below(11, created=NOW)) == []
    assert list(gaps.below(14, created=NOW - DAY)) == [12, 13]
    assert list(gaps.below(16, created=NOW)) == [15]


def test_gaps_below_an_old_row_never_fill():
    gaps = Gaps(0, now=NOW)
    assert list(gaps.below(5, created=NOW - DAY - 1)) == []
    assert list(gaps.below(7, created=NOW)) == [6]


def test_a_row_that_was_imported_with_an_old_date_does_not_make_its_gap_old():
    gaps = Gaps(0, now=NOW)
    gaps.below(1, created=NOW - SECOND)
    assert list(gaps.below(3, created=NOW - 900 * DAY)) == [2]


def test_only_the_end_of_a_very_long_gap_may_still_fill():
    assert list(Gaps(0, now=NOW).below(1_000_000, created=NOW)) == list(range(999_000, 1_000_000))


def test_a_watermark_is_the_id_that_was_read_last():
    assert position_of(watermark_of(1042)) == 1042
    assert position_of(None) == 0


@pytest.mark.parametrize("text", ["", "1042", '{"id":"1042"}', '{"id":-1}', '{"no":1}', "[]"])
def test_any_other_watermark_is_refused(text):
    with pytest.raises(SourceError, match="none of a nopCommerce source"):
        position_of(text)


def test_only_ids_are_keys():
    assert keys_of(["12", "3", "3", "x", "-1", "0", "", "1.5", "²"]) == [3, 12]


def test_times_of_a_query_have_a_zone_and_reach_to_the_last_tick():
    assert utc_text(NOW) == "2026-11-23T12:00:00Z"
    assert utc_text(NOW + 5) == "2026-11-23T12:00:00.000005Z"
    assert tick_before(NOW) == "2026-11-23T11:59:59.9999999Z"
    assert tick_before(NOW + 5) == "2026-11-23T12:00:00.0000049Z"


def jwt(claims):
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJIUzI1NiJ9.{middle}.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("claims", "seconds"),
    [
        ({"exp": 2000, "iat": 1400}, 600.0),
        ({"exp": 2000, "nbf": 1500}, 500.0),
        ({"exp": NOW // SECOND + 60}, 60.0),
        ({"exp": 10, "iat": 20}, 0.0),
        ({"iat": 20}, None),
        ({"exp": "soon"}, None),
        ([1], None),
    ],
)
def test_a_token_lasts_as_long_as_it_says_itself(claims, seconds):
    assert _life_of_jwt(jwt(claims), clock=HandClock()) == seconds


@pytest.mark.parametrize("token", ["", "abc", "a.b.c", "a.!.c"])
def test_a_token_that_says_nothing_is_used_until_it_is_refused(token):
    assert _life_of_jwt(token, clock=HandClock()) is None


@pytest.mark.parametrize(
    ("document", "seconds"),
    [
        ({"created_at_utc": "2026-11-23T12:00:00Z", "expires_at_utc": "2026-11-23T13:00:00Z"}, 3600.0),
        ({"created_at_utc": "2026-11-23T12:00:00Z"}, None),
        ({"created_at_utc": 1, "expires_at_utc": 2}, None),
    ],
)
def test_a_token_may_come_with_its_times(document, seconds):
    assert _life_between(document) == seconds


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("no", ("no", "")),
        ("  ", None),
        ([], None),
        (None, None),
        ({}, None),
        ({"message": "Access denied."}, ("Access denied.", "")),
        ({"MESSAGE": "Access denied."}, ("Access denied.", "")),
        ({"detail": "d", "title": "t"}, ("d", "")),
        ({"errors": {}, "title": "t"}, ("t", "")),
        ({"errors": {"a": [], "b": ["x"]}}, ("x", "b")),
        ({"errors": {"$": ["bad JSON"]}}, ("bad JSON", "")),
        ({"errors": {"a": "x"}}, ("x", "a")),
        ({"errors": ["x"], "error": "y"}, ("y", "")),
    ],
)
def test_error_documents_say_a_message_and_a_field(document, said):
    assert said_of(document) == said


@pytest.mark.parametrize("count", [1, 3])
def test_workers_keep_the_order_and_pass_a_failure_on(count):
    workers = Workers(count)
    try:
        assert workers.each(lambda number: number * 2, list(range(20))) == list(range(0, 40, 2))
        with pytest.raises(ZeroDivisionError):
            workers.each(lambda number: 1 // number, [2, 1, 0])
    finally:
        workers.close()
        workers.close()
