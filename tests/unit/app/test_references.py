"""References are read backwards, and keys that were seen are remembered in little memory."""

from __future__ import annotations

import pytest

from m3nop.app.reconcile.references import Reading, SeenKeys
from tests.end_to_end.pack import project


@pytest.fixture(scope="module")
def reading() -> Reading:
    loaded = project()
    return Reading({store: loaded.pipeline("orders", store) for store in ("b2c", "b2b")})


def test_a_reference_of_ours_tells_its_store_and_key(reading: Reading) -> None:
    assert reading.stores == ("b2c", "b2b")
    assert reading.of("B2C-1042") == ("b2c", "1042")
    assert reading.of("B2B-7   ") == ("b2b", "7")


@pytest.mark.parametrize("text", ["", "PHONE-1", "B2C-", "B2C-01042", "B2C-10A", "XB2C-1042", "b2c-1042"])
def test_a_reference_of_somebody_else_tells_nothing(reading: Reading, text: str) -> None:
    assert reading.of(text) is None


def test_keys_that_were_seen_are_known_and_no_others() -> None:
    seen = SeenKeys()
    for key in ("0", "1", "8191", "8192", "2147483647", "LAMP-HEAD", "007"):
        seen.add(key)

    assert all(key in seen for key in ("0", "1", "8191", "8192", "2147483647", "LAMP-HEAD", "007"))
    assert not any(key in seen for key in ("2", "7", "8190", "8193", "2147483646", "LAMP", "", "-1", "²"))
