from __future__ import annotations

from decimal import Decimal

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


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "{", '{"a":' * 100_000, "[" * 100_000])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError, match=r"\w"):
        json.loads(text)
