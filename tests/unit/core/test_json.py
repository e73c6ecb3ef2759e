from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType

import pytest

from m3nop.core import json


def test_fractions_are_exact_from_text_to_text():
    read = json.loads('{"price": 19.90, "count": 3}')
    assert read == {"price": Decimal("19.90"), "count": 3}
    assert json.dumps(read) == '{"price": 19.90, "count": 3}'


def test_equal_values_have_one_digest():
    assert json.digest({"a": Decimal("1.50"), "b": 2}) == json.digest(
        {"b": Decimal("2.0"), "a": Decimal("1.5")}
    )


def test_half_a_pair_of_surrogates_has_a_digest_too():
    half = json.loads(r'{"note": "\ud83d"}')

    assert json.digest(half) == json.digest({"note": "\ud83d"}) != json.digest({"note": "?"})


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", ["1E+999999", "-1E+999999", "1E-999999", "[1E+40000000]", "1E+4299"])
def test_a_number_of_a_million_digits_has_a_digest_at_once(text):
    assert json.digest(json.loads(text)) != json.digest(1)


def test_a_whole_number_has_one_digest_however_it_is_written():
    assert json.digest(json.loads("1E+3999")) == json.digest(10**3999)
    assert json.digest(json.loads("1.50E+2")) == json.digest(150)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "{", '{"a":' * 100_000, "[" * 100_000])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError, match=r"\w"):
        json.loads(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (MappingProxyType({"a": (1, Decimal("2.50"))}), '{"a": [1, 2.50]}'),
        (frozenset({"b", "a"}), '["a", "b"]'),
        ({"set": {2, 1}}, '{"set": [1, 2]}'),
    ],
)
def test_what_is_like_a_list_or_a_mapping_is_written_as_one(value, text):
    assert json.dumps(value) == text
    assert json.canonical(value) == text.replace(" ", "").replace("2.50", "2.5")


@pytest.mark.parametrize("value", [object(), Decimal("NaN"), Decimal("Infinity"), b"bytes"])
def test_what_json_does_not_know_is_refused(value):
    with pytest.raises((TypeError, ValueError)):
        json.dumps(value)
    with pytest.raises((TypeError, ValueError)):
        json.canonical({"a": value})
