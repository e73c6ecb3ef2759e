from __future__ import annotations

import pytest

from m3nop.core.clock import SECOND, parse_instant, to_datetime


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01", 0),
        ("1970-01-01T00:00:01Z", SECOND),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:00.1234567Z", 123_456),
        ("1969-12-31T23:59:59", -SECOND),
    ],
)
def test_an_instant_is_read(text, instant):
    assert parse_instant(text) == instant


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31T23:59:59.999999Z"])
def test_every_instant_that_is_read_can_be_written(text):
    assert parse_instant(to_datetime(parse_instant(text)).isoformat()) == parse_instant(text)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-02-30", "99999-01-01", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"],
)
def test_what_is_no_instant_of_the_calendar_is_refused(text):
    with pytest.raises(ValueError, match=r"isoformat|out of range|day|outside"):
        parse_instant(text)
