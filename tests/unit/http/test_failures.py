from __future__ import annotations

import pytest

from m3nop.core.connector import Outcome, Remedy
from m3nop.http.failures import (
    LONGEST_WAIT,
    HttpFailure,
    HttpFailureKind,
    failure_of_status,
    outcome_of_status,
    retry_after,
    summarise,
)


@pytest.mark.parametrize(
    ("status", "outcome", "remedy"),
    [
        (401, Outcome.NOT_SENT, Remedy.AUTHENTICATION),
        (403, Outcome.NOT_SENT, Remedy.AUTHENTICATION),
        (407, Outcome.NOT_SENT, Remedy.AUTHENTICATION),
        (429, Outcome.NOT_SENT, Remedy.TRANSIENT),
        (408, Outcome.IN_DOUBT, Remedy.TRANSIENT),
        (500, Outcome.IN_DOUBT, Remedy.SYSTEMIC),
        (502, Outcome.IN_DOUBT, Remedy.TRANSIENT),
        (503, Outcome.IN_DOUBT, Remedy.TRANSIENT),
        (504, Outcome.IN_DOUBT, Remedy.TRANSIENT),
        (302, Outcome.IN_DOUBT, Remedy.CONFIGURATION),
        (200, Outcome.IN_DOUBT, Remedy.CONFIGURATION),
        (404, Outcome.REFUSED, Remedy.CONFIGURATION),
        (405, Outcome.REFUSED, Remedy.CONFIGURATION),
        (400, Outcome.REFUSED, Remedy.BUSINESS),
        (409, Outcome.REFUSED, Remedy.BUSINESS),
        (422, Outcome.REFUSED, Remedy.BUSINESS),
        (599, Outcome.IN_DOUBT, Remedy.SYSTEMIC),
    ],
)
def test_a_status_says_whether_there_was_an_effect_and_what_helps(status, outcome, remedy):
    assert outcome_of_status(status) is outcome
    failure = failure_of_status(status, {}, b"")
    assert (failure.remedy, failure.status) == (remedy, status)


@pytest.mark.parametrize(
    ("kind", "sent", "outcome"),
    [
        (HttpFailureKind.NAME, False, Outcome.NOT_SENT),
        (HttpFailureKind.TIMEOUT, None, Outcome.IN_DOUBT),
        (HttpFailureKind.TOO_LARGE, True, Outcome.IN_DOUBT),
    ],
)
def test_only_what_cannot_have_left_counts_as_not_sent(kind, sent, outcome):
    failed = HttpFailure("broken", kind=kind, sent=sent)

    assert failed.outcome is outcome
    assert failed.failure.message == "broken"


def test_a_redirect_names_its_target_without_the_query():
    failure = failure_of_status(301, {"location": "https://www.example.com/api?token=secret"}, b"")

    assert "https://www.example.com/api;" in failure.message
    assert "secret" not in failure.message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "999999999"}, LONGEST_WAIT),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT", "date": "Mon, 23 Nov 2026 12:00:00 GMT"}, 30.0),
        ({"retry-after": "Mon, 23 Nov 2026 11:00:00 GMT", "date": "Mon, 23 Nov 2026 12:00:00 GMT"}, 0.0),
        ({"retry-after": "Mon, 01 Jan 2001 00:00:00 -0000"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date_on_the_servers_clock(headers, seconds):
    assert retry_after(headers) == seconds


def test_the_wait_that_a_server_asks_for_is_kept():
    assert failure_of_status(429, {"retry-after": "12"}, b"").retry_after == 12.0


HTML = {"content-type": "text/html"}


@pytest.mark.parametrize(
    ("headers", "body", "line"),
    [
        (
            HTML,
            b"<html><head><title>502  Bad\nGateway</title></head><body>long</body></html>",
            "502 Bad Gateway",
        ),
        (HTML, b"<p>It &amp; broke</p><script>x()</script>", "It & broke"),
        (HTML, b"<!-- a comment --><h1>Down</h1>", "Down"),
        ({}, b'{"error": "invalid_grant", "error_description": "expired"}', "expired"),
        ({}, b'{"fault": {"faultstring": "quota"}}', "quota"),
        ({}, b'{"errors": [{"detail": "no such thing"}]}', "no such thing"),
        ({}, b'{"errors": {"price": ["must be positive"]}}', "must be positive"),
        ({}, b'{"shop": {"deep": {"deeper": 1}}}', '{"shop": {"deep": {"deeper": 1}}}'),
        ({}, b'{"cut', '{"cut'),
        ({}, b"<fault><text>No</text></fault>", "No"),
        ({}, b"plain words", "plain words"),
        ({}, b"", ""),
        ({}, b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_an_error_body_becomes_one_line(headers, body, line):
    assert summarise(headers, body) == line


def test_a_long_error_body_is_cut():
    assert len(summarise({}, b"x" * 100_000)) == 200


def test_an_error_body_never_shows_a_credential():
    assert (
        summarise({}, b"you sent Authorization: Bearer abcdef123456") == "you sent Authorization: Bearer ***"
    )


def test_a_status_without_a_name_is_still_told():
    assert failure_of_status(599, {}, b"<h1>odd</h1>").message == "HTTP 599: odd"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["<script", "<title", "<title>x", "<style>", "<!--", "<a", "<h1>", "<"])
def test_no_error_page_takes_long_to_sum_up(piece):
    for _ in range(50):
        assert len(summarise({"content-type": "text/html"}, (piece * 5000).encode())) < 1000
