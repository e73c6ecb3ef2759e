"""Stock, prices, items and customers of the sandbox's M3, changed from the command line."""

from __future__ import annotations

import pytest

from tests.end_to_end.shops import make


@pytest.fixture
def shop(tmp_path):
    return make(tmp_path)


def test_what_people_do_in_m3_can_be_done_by_hand(shop):
    (counted,) = shop.read("sandbox", "stock", "TENT-2P", "12", "--warehouse", "002")
    assert (counted["WHLO"], counted["STQT"], counted["AV01"]) == ("002", "12", "12")
    shown = shop.run("sandbox", "stock", "TENT-2P").out
    assert "TENT-2P in warehouse 002: 12 on hand, 12 free" in shown
    assert (
        shop.run("sandbox", "price", "TENT-2P", "139").out == "TENT-2P costs 139.00 EUR in price list WEB\n"
    )
    alone = shop.run("sandbox", "price", "TENT-2P", "120.5", "--customer", "W9999", "--from-quantity", "5")
    assert alone.out == "TENT-2P costs 120.50 EUR from 5 in price list WEB for W9999\n"
    assert shop.read("sandbox", "price", "TENT-2P", "129")["SAPR"] == "129.00"
    changed = shop.run("sandbox", "item", "TENT-2P", "STAT=90", "FUDS=Tält, utgått")
    assert changed.out == "item TENT-2P: Tält, utgått, status 90, price 149.50 EUR\n"
    assert shop.read("sandbox", "item", "TENT-2P", "STAT=20")["STAT"] == "20"
    customer = shop.run("sandbox", "customer", "W9999", "PHNO=+46 1")
    assert customer.out == "customer W9999: Web guests, status 20\n"
    assert shop.read("sandbox", "customer", "W9999", "PHNO=+46 2")["PHNO"] == "+46 2"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stock", "NOPE", "1"], "Item number NOPE does not exist"),
        (["stock", "NOPE"], "Item number NOPE does not exist"),
        (["price", "TENT-2P", "cheap"], "Sales price cheap is not valid"),
        (["item", "TENT-2P", "STAT"], "'STAT' is no change; write FIELD=TEXT, such as STAT=90"),
        (["item", "TENT-2P", "COLOUR=red"], "COLOUR is not a column of an item that can be changed"),
        (["customer", "W0", "PHNO=1"], "Customer number W0 does not exist"),
    ],
)
def test_what_cannot_be_done_in_m3_says_why(shop, arguments, said):
    refused = shop.run("sandbox", *arguments)

    assert refused.code == 2
    assert said in refused.err
