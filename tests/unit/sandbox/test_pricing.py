from __future__ import annotations

import pytest

from m3nop.sandbox.m3.programs import pricing
from m3nop.sandbox.m3.refusal import RefusalError


@pytest.mark.parametrize(("text", "decimals", "kept"), [("2", 0, "2"), ("2.000", 0, "2"), ("1.5", 2, "1.50")])
def test_a_quantity_is_kept_with_the_decimals_of_its_unit(text, decimals, kept):
    assert pricing.quantity(text, decimals=decimals) == kept


@pytest.mark.parametrize(
    ("text", "decimals"), [("", 0), ("0", 0), ("-1", 0), ("1.5", 0), ("1,5", 2), ("1e3", 0)]
)
def test_a_quantity_that_cannot_be_delivered_is_refused(text, decimals):
    with pytest.raises(RefusalError) as refused:
        pricing.quantity(text, decimals=decimals)
    assert refused.value.field == "ORQT"


@pytest.mark.parametrize(
    ("text", "kept"), [("149.5", "149.50"), ("0", "0.00"), ("0.1234", "0.1234"), ("7.000000", "7.00")]
)
def test_a_price_shows_two_decimals_at_least(text, kept):
    assert pricing.price(text) == kept


@pytest.mark.parametrize("text", ["-1", "1.1234567", "abc", "1.000,00", " 1"])
def test_a_price_that_is_none_is_refused(text):
    with pytest.raises(RefusalError):
        pricing.price(text)


def test_discounts_come_off_price_and_line():
    line = {"SAPR": "100.00", "ORQT": "3", "DIP1": "10", "DIP2": "50", "DIA1": "5.005"}

    assert pricing.amounts({**line, "DIA1": "5.00"}) == {"NEPR": "45", "NLAM": "130.00"}
    pricing.check_discounts({**line, "DIA1": "5.00"})
    with pytest.raises(RefusalError):
        pricing.check_discounts(line)
    with pytest.raises(RefusalError):
        pricing.check_discounts({"DIP1": "101"})
