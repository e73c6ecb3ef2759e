from __future__ import annotations

from decimal import Decimal

import pytest

from m3nop.core.connector import FieldInfo
from m3nop.mapping.conversion import fitted, from_field_text, to_field_text
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.values import plain, show


def field(type_=None, length=None, decimals=None):
    return FieldInfo("FLD", type_, length, decimals)


@pytest.mark.parametrize(
    ("value", "info", "expected"),
    [
        (None, field("A", 5), ""),
        ("  ", field("N"), ""),
        ("abc  ", field("A", 3), "abc"),
        ("Åsa\r\nÖ\tx", None, "Åsa Ö x"),
        (5, field("A", 2), "5"),
        (Decimal("149.500"), field("A", 16), "149.5"),
        (Decimal("1E+3"), None, "1000"),
        (Decimal("-0.00"), None, "0"),
        (Decimal("149.50"), field("N", 17, 2), "149.5"),
        (" +007.10 ", field("N", 6, 2), "7.1"),
        ("20261123", field("D", 10), "20261123"),
        (20261123, field("D", 10), "20261123"),
        ("x" * 50, field("A"), "x" * 50),
    ],
)
def test_values_become_the_text_of_the_field(value, info, expected):
    assert to_field_text(value, info) == expected


@pytest.mark.parametrize(
    ("value", "info", "said"),
    [
        (True, None, "not true/false true; write if(condition, '1', '0')"),
        ([], field("A"), "not a list"),
        ({}, None, "not an object"),
        (0.5, None, "not a float"),
        ("abcd", field("A", 3), "text 'abcd' has 4 characters, the field holds 3"),
        (Decimal("12345.67"), field("N", 7), "text '12345.67' has 8 characters, the field holds 7"),
        (Decimal("1.255"), field("N", 9, 2), "1.255 has 3 decimal places, the field 2; use round_to()"),
        ("1,5", field("N"), "text '1,5' is not a number"),
        ("1e3", field("N"), "is not a number"),
        ("2026-11-23T09:00:00Z", field("D", 10), "is not a date like 20261123; m3_date() makes one of it"),
        ("2026-11-23", field("D", 10), "m3_date()"),
        ("20261323", field("D", 10), "text '20261323' is not a date like 20261123"),
        ("0", field("D", 10), "is not a date"),
        ("tomorrow", field("D", 10), "is not a date"),
    ],
)
def test_what_does_not_fit_is_an_error(value, info, said):
    with pytest.raises(EvaluationError) as caught:
        to_field_text(value, info)
    assert said in caught.value.message


def test_only_text_is_cut():
    assert to_field_text("Lång väg 12", field("A", 5), truncate=True) == "Lång"
    assert to_field_text("😀😀😀", field("A", 2), truncate=True) == "😀😀"
    with pytest.raises(EvaluationError, match="holds 3"):
        to_field_text("12345", field("N", 3), truncate=True)
    assert fitted("abc", None) == "abc"


@pytest.mark.parametrize(
    ("text", "info", "expected"),
    [
        ("W0001   ", field("A", 10), "W0001"),
        ("  x ", None, "  x"),
        (" 12.50", field("N"), Decimal("12.50")),
        ("-3", field("N"), Decimal(-3)),
        ("   ", field("N"), Decimal(0)),
        ("3.5-", field("N"), Decimal("-3.5")),
        ("-12-", field("N"), "-12-"),
        (".50", field("N"), Decimal("0.50")),
        ("-.5", field("N"), Decimal("-0.5")),
        (".", field("N"), "."),
        ("NaN", field("N"), "NaN"),
        ("20261123", field("D"), "20261123"),
        ("        ", field("D"), None),
        ("0", field("D"), None),
        ("00000000", field("D"), None),
    ],
)
def test_answers_are_typed_by_their_metadata(text, info, expected):
    given = from_field_text(text, info)
    assert given == expected
    assert type(given) is type(expected)


def test_numbers_are_written_plainly():
    assert plain(Decimal("1E+2")) == "100"
    assert plain(Decimal("0E-8")) == "0"
    assert plain(Decimal("1E-7")) == "0.0000001"
    assert plain(10**99) == "1" + "0" * 99
    for number in (10**101, Decimal("1E+100"), Decimal("1E-101"), Decimal("NaN")):
        with pytest.raises(EvaluationError, match="more than 100 digits"):
            plain(number)


def test_long_values_are_shown_short():
    assert show("x" * 500) == "text '" + "x" * 58 + "…"
    assert show(Decimal("1.50")) == "number 1.50"
