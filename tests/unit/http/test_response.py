from __future__ import annotations

from decimal import Decimal

import pytest

from m3nop.http.response import Response


def test_a_body_is_parsed_with_exact_numbers():
    assert Response(200, {}, b'{"price": 10.10}').json() == {"price": Decimal("10.10")}


def test_a_byte_order_mark_is_no_obstacle():
    assert Response(200, {}, b'\xef\xbb\xbf{"a": 1}').json() == {"a": 1}


def test_what_is_not_json_is_an_error():
    with pytest.raises(ValueError, match="Expecting"):
        Response(200, {}, b"<html>").json()


def test_payment_card_fields_never_leave_this_layer():
    body = (
        b'{"orders": [{"id": 1, "card_number": "4111", "CardCvv2": "123", "masked-credit-card-number": "x"}]}'
    )

    assert Response(200, {}, body).json() == {"orders": [{"id": 1}]}


@pytest.mark.parametrize(
    "body",
    [
        rb'{"id": 1, "\u0063ard_number": "4111"}',
        b'{"id": 1, "cvv": "123", "Card Number": "4111"}',
        '{"id": 1, "CardNumber": "4111"}'.encode("utf-16"),
        '{"id": 1, "CardNumber": "4111"}'.encode("utf-32-le"),
    ],
)
def test_a_payment_card_field_does_not_hide_behind_its_writing(body):
    assert Response(200, {}, body).json() == {"id": 1}


@pytest.mark.parametrize(
    "body",
    [rb'{"a \ud83d": ["\ud83d", 1]}', '{"a \ud83d": ["\ud83d", 1]}'.encode("utf-16-le", "surrogatepass")],
)
def test_half_a_character_becomes_one_that_can_be_written(body):
    assert Response(200, {}, body).json() == {"a \ufffd": ["\ufffd", 1]}


@pytest.mark.parametrize("number", ["1E+999999", "-1e-40000000", "0E+5000", "1." + "1" * 2000, "1" * 5000])
def test_a_number_without_end_makes_an_answer_unusable(number):
    with pytest.raises(ValueError, match="digits"):
        Response(200, {}, f'{{"a": [{number}]}}'.encode()).json()


def test_a_text_that_looks_like_a_number_without_end_is_text():
    assert Response(200, {}, b'["1E+999999", 1e3]').json() == ["1E+999999", 1000]


def test_a_whole_character_stays_however_it_is_escaped():
    assert Response(200, {}, rb'{"a": "\ud83d\ude00"}').json() == {"a": "\U0001f600"}


def test_a_field_that_only_sounds_like_a_card_stays():
    assert Response(200, {}, b'{"gift_card": "5.00", "discard": true}').json() == {
        "gift_card": "5.00",
        "discard": True,
    }


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        ("text/plain; charset=latin-1", "é"),
        ("text/plain; charset=no-such-thing", "\ufffd"),
        ("", "\ufffd"),
    ],
)
def test_text_is_decoded_by_its_charset(content_type, text):
    assert Response(200, {"content-type": content_type}, b"\xe9").text == text


def test_a_media_type_is_bare_and_in_small_letters():
    assert Response(200, {"content-type": "Application/JSON; charset=utf-8"}).media_type == "application/json"
