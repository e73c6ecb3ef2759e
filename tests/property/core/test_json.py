"""Whichever library reads and writes: the results are those of the standard library, digests to the byte."""

from __future__ import annotations

import hashlib
import json as standard
import secrets
from collections.abc import Mapping
from decimal import Decimal, DecimalException
from types import MappingProxyType

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from m3nop.core import json

ANY_TEXT = st.text(st.characters(codec=None), max_size=20)
NUMBERS = (
    st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.sampled_from([
        2**63, -(2**63) - 1, 2**64, 10**40, Decimal("-0"), Decimal("-0.0"), Decimal("0E+5"), Decimal("1E+999999"),
        Decimal("1E-999999"), Decimal("1E+3999"), Decimal("1E+4000"), Decimal("1.50E+2"), Decimal("19.90"),
        Decimal("1." + "1" * 60), Decimal("9" * 60 + ".5"),
    ])
)  # fmt: skip
PLAIN = st.none() | st.booleans() | NUMBERS | ANY_TEXT
ODD = (
    st.floats()
    | st.decimals()
    | st.sampled_from([frozenset({"b", "a"}), {2, 10}, MappingProxyType({"a": (1, Decimal("2.50"))}), b"x", object(), json.loads])
)  # fmt: skip
VALUES = st.recursive(
    PLAIN | ODD,
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner) | st.dictionaries(ANY_TEXT | st.integers() | st.booleans(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
DOCUMENTS = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)

AWKWARD = [
    "NaN", "[Infinity]", "-Infinity", "", "  ", "{", "[1,]", '{"a":1,}', "1 2", "01", "1.", ".5", "+1", "1e", "--1", "-",
    "tru", "'a'", "{1:2}", '"abc', '"\\x"', '"a\nb"', '"a\x01b"', '"\x7f"', "\ufeff1", "\x0b1", "\xa01", "[1]\x00", " \t\r\n1 ",
    '{"a":1,"b":2,"a":3}', '{"":{"":[]}}', '"\\/\\u0000\\u00e9"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\ude00\\ud83d"',
    '"\\ud800\\u0041"', '{"\\udfff":1}', '"\ud800"', "-0", "-0.0", "0e0", "1E400", "1e5", "10E-2", "1E+999999", "-1E-999999",
    "18446744073709551616", "-9223372036854775809", "9223372036854775808.25", "9" * 4300, "9" * 4301, "1" * 5000 + ".5",
    "[" * 990 + "]" * 990, "[" * 100_000, '{"a":' * 100_000, "true", "null", "false", '"\u2028"',
]  # fmt: skip
ENCODED = [
    b"\xef\xbb\xbf{}", b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\xf4\x90\x80\x80"', b'"\xe2\x82"', b'{"\xff":1}', b"\x00",
    '{"a": "é"}'.encode("utf-16"), '{"a": 1.50}'.encode("utf-16-le"), "[1]".encode("utf-32"), '"é"'.encode("latin-1"),
    '{"é": 1.50}'.encode(),
]  # fmt: skip


def came_of(work, *arguments):
    """What came of it: the value with the types of its parts and the order of its members, or what was raised."""
    try:
        return repr(work(*arguments))
    except (TypeError, ValueError, RecursionError) as error:
        return (type(error) if isinstance(error, TypeError) else ValueError, str(error))


def read(text, number=Decimal):
    def refuse(name):
        msg = f"{name} is not a number that JSON knows"
        raise ValueError(msg)

    try:
        return standard.loads(text, parse_float=number, parse_constant=refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


MARK = secrets.token_hex(20)


def as_json(value, shortest):
    if isinstance(value, Decimal) and value.is_finite():
        return shortest(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    msg = f"{type(value).__name__} cannot be written as JSON"
    raise TypeError(msg)


def written(value, shortest=lambda number: f"{MARK}{number}{MARK}", **manner):
    text = standard.dumps(
        value, default=lambda odd: as_json(odd, shortest), ensure_ascii=False, allow_nan=False, **manner
    )
    return text.replace(f'"{MARK}', "").replace(f'{MARK}"', "")


def in_canonical_form(value):
    def shortest(number):
        if number.adjusted() < 4000 and number == number.to_integral_value():
            return int(number)
        try:
            return f"{MARK}{number.normalize()}{MARK}"
        except DecimalException:
            return f"{MARK}{number}{MARK}"

    return written(value, shortest, sort_keys=True, separators=(",", ":"))


@given(VALUES)
@example({"b": 1, "a": {"é": 2, "": None, "\U00010000": 3, "\uffff": 4}})
@example({"text": 'control \x00\x08\x0b\x1f\x7f "quoted" \\ \u2028 \ud800'})
def test_what_is_written_is_what_the_standard_library_writes(value):
    assert came_of(json.dumps, value) == came_of(written, value)
    assert came_of(json.compact, value) == came_of(lambda: written(value, separators=(",", ":")))
    assert came_of(json.canonical, value) == came_of(in_canonical_form, value)


@given(DOCUMENTS)
def test_a_digest_is_that_of_the_canonical_text(value):
    expected = hashlib.sha256(in_canonical_form(value).encode(errors="surrogatepass")).hexdigest()
    assert json.digest(value) == expected


@given(VALUES, st.data())
def test_what_is_read_is_what_the_standard_library_reads(value, data):
    try:
        text = written(value)
    except (TypeError, ValueError):
        text = data.draw(ANY_TEXT)
    # Damaged in one place, which mostly is no JSON any more.
    at = data.draw(st.integers(0, len(text)))
    damaged = text[:at] + data.draw(ANY_TEXT) + text[at + data.draw(st.integers(0, 3)) :]
    for given_text in (text, damaged):
        assert came_of(json.loads, given_text) == came_of(read, given_text)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", AWKWARD + ENCODED, ids=lambda text: repr(text[:20]))
def test_an_awkward_text_is_read_or_refused_as_the_standard_library_does(text):
    assert came_of(json.loads, text) == came_of(read, text)


def test_whoever_makes_the_numbers_may_refuse_one():
    def small(text):
        if len(text) > 4:
            raise ValueError("a number is too long")
        return Decimal(text)

    for text in ("[1.50, 2.5]", "[1.5, 1.50001]", "[0.1, 0.1, 12345678]"):
        assert came_of(lambda text=text: json.loads(text, number=small)) == came_of(read, text, small)


@pytest.mark.parametrize(
    ("value", "digest"),
    [
        (None, "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b"),
        (
            {"price": Decimal("19.90"), "count": 3, "name": "Åsa"},
            "34b7aab9ef81880c675c4138c0b3890352af239850267417ded6661693c65cc4",
        ),
        (
            [Decimal("1E+3"), Decimal("0.10"), {"b": [True, False], "a": {}}],
            "ed605af3eb59b338472939bd32eeafb3f76250e4cb26c35249d12a3b3f8a7c97",
        ),
    ],
)
def test_digests_are_those_that_states_hold(value, digest):
    assert json.digest(value) == digest


@given(st.lists(DOCUMENTS, max_size=5))
@example([[], {}, None, "\u2028\n", "\ud83d", Decimal("1E+3")])
def test_many_documents_are_written_as_each_of_them_is(documents):
    assert json.compact_each(documents) == [json.compact(document) for document in documents]


@given(DOCUMENTS)
@example("\ud83d")
def test_what_a_request_carries_is_the_same_text(document):
    def encoded(value):
        return json.compact(value).encode()

    assert came_of(json.packed, document) == came_of(encoded, document)
