"""Customers of the shipped pack, both ways and in both dialects: over HTTP, judged by the books of both systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from m3nop.core.records import Link, RecordState
from tests.contract.engine.bench import SETTLE
from tests.contract.engine.people import (
    DAY,
    PERSON,
    both_ways,
    change_in_m3,
    edit,
    in_m3,
    in_the_shop,
    made_in_m3,
    register,
    writes,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.engine.bench import Bench

DIALECTS = ("official", "oss")
STRIDE = 4
"""Places between two deaths of a run; every run adds some, so that all are passed in the end."""
CHANGE = "CRS610MI/ChgBasicData"


@pytest.fixture(params=DIALECTS)
def shop(request: pytest.FixtureRequest, make_bench: Callable[..., Bench]) -> Bench:
    """The pack on a shop of each dialect."""
    return make_bench(dialect=request.param)


def number_of(customer: int) -> str:
    return f"W{customer:07}"


def read_in(bench: Bench) -> None:
    bench.clock.wait(120)
    bench.run("customers")


def registered(bench: Bench, **changes: object) -> tuple[int, str]:
    """Let somebody register who is in M3 a moment later; forget the requests of that."""
    customer = register(bench, **changes)
    read_in(bench)
    assert bench.record(customer, "customers").state is RecordState.DONE
    bench.clock.wait(60)
    bench.run("customers_from_m3")
    writes(bench)
    return customer, number_of(customer)


def state_of(bench: Bench, key: object, pipeline: str = "customers") -> tuple[RecordState, str]:
    record = bench.record(key, pipeline)
    return record.state, record.reason


def link(bench: Bench, customer: int, number: str) -> None:
    """Take over a pair, as `links import` does."""
    with bench.state.transaction() as tx:
        tx.put_link(Link("customers", str(customer), str(customer), number, bench.clock.now(), "import"))


def die_everywhere(bench: Bench, pipeline: str, key: object) -> None:
    """Let runs die at later and later places, the last one not; then let everything settle."""
    for at in range(1, 120, STRIDE):
        if not bench.die(at, pipeline, keys=(str(key),)).dead:
            break
        bench.clock.wait(SETTLE + 1)
    bench.run(pipeline, linger=600.0)


# -- into M3


def test_a_new_customer_is_in_m3_with_its_terms_and_its_delivery_address(shop: Bench) -> None:
    customer = register(shop, vat_number="PL 123-456", company="Nowak Meble")
    read_in(shop)
    row = in_m3(shop, number_of(customer))
    assert [row[name] for name in ("CUNM", "CUA1", "CUA2", "TOWN")] == [
        "Nowak Meble", "Anna Nowak", "ul. Prosta 1", "Warszawa",
    ]  # fmt: skip
    assert [row[name] for name in ("VRNO", "CUCD", "ORTP", "STAT")] == ["PL123456", "EUR", "W01", "20"]
    assert (row["MAIL"], row["PHNO"]) == (PERSON["email"], "+48220000009")
    (address,) = shop.rows("m3.customer_addresses", CUNO=row["CUNO"])
    assert [address[name] for name in ("ADRT", "ADID", "CUNM", "TOWN")] == [
        "1", "SHOP", "Nowak Meble", "Warszawa",
    ]  # fmt: skip


def test_two_orders_of_one_new_customer_create_one_customer(shop: Bench) -> None:
    customer = register(shop)
    orders = [shop.place(customer_id=customer), shop.place(customer_id=customer)]
    shop.clock.wait(120)
    shop.run("orders")
    assert made_in_m3(shop, MAIL=PERSON["email"]) == [number_of(customer)]
    assert {shop.real(order)[0]["CUNO"] for order in orders} == {number_of(customer)}
    assert shop.sent("CRS610MI/Add") == 1


def test_a_customer_that_m3_leaves_unfinished_is_for_a_person(shop: Bench) -> None:
    shop.edit("lookups/countries.csv", "PL,PL", "PL,")
    customer = register(shop)
    read_in(shop)
    assert state_of(shop, customer) == (
        RecordState.REVIEW, "M3 created the customer, but left it in status 12",
    )  # fmt: skip


def test_a_customer_that_m3_refuses_is_a_dead_letter_until_the_cause_is_put_right(shop: Bench) -> None:
    shop.edit("m3nop.yaml", "template_customer: TPLB2C ", "template_customer: NOBODY ")
    customer = register(shop)
    read_in(shop)
    state, reason = state_of(shop, customer)
    assert state is RecordState.DEAD
    assert "NOBODY" in reason
    assert made_in_m3(shop, MAIL=PERSON["email"]) == []

    shop.edit("m3nop.yaml", "template_customer: NOBODY ", "template_customer: TPLB2C ")
    shop.retry(customer, pipeline="customers")
    shop.run("customers")
    assert state_of(shop, customer)[0] is RecordState.DONE
    assert made_in_m3(shop, MAIL=PERSON["email"]) == [number_of(customer)]


def test_a_country_without_a_code_waits_for_a_person_and_goes_on_when_it_is_released(bench: Bench) -> None:
    bench.edit("lookups/countries.csv", "PL,PL\n", "")
    customer = register(bench)
    read_in(bench)
    assert state_of(bench, customer)[0] is RecordState.REVIEW
    bench.edit("lookups/countries.csv", "PT,PT\n", "PL,PL\nPT,PT\n")
    bench.retry(customer, pipeline="customers")
    bench.run("customers")
    assert made_in_m3(bench, MAIL=PERSON["email"]) == [number_of(customer)]


def test_a_customer_is_made_once_wherever_the_run_dies(shop: Bench) -> None:
    customer = register(shop)
    shop.clock.wait(120)
    die_everywhere(shop, "customers", customer)
    assert state_of(shop, customer)[0] is RecordState.DONE
    assert made_in_m3(shop, MAIL=PERSON["email"]) == [number_of(customer)]
    assert len(shop.rows("m3.customer_addresses", CUNO=number_of(customer))) == 1
    assert in_m3(shop, number_of(customer))["ORTP"] == "W01"


def test_a_change_is_complete_wherever_the_run_dies(shop: Bench) -> None:
    customer, number = registered(shop)
    edit(shop, customer, address={"city": "Gdynia", "address1": "ul. Długa 5"}, email="a.nowak@example.com")
    shop.clock.wait(DAY)
    die_everywhere(shop, "customers", customer)
    row = in_m3(shop, number)
    assert (row["TOWN"], row["CUA1"], row["MAIL"]) == ("Gdynia", "ul. Długa 5", "a.nowak@example.com")
    assert shop.rows("m3.customer_addresses", CUNO=number)[0]["TOWN"] == "Gdynia"


def test_a_change_whose_answer_is_lost_is_made_again_and_stays_one(bench: Bench) -> None:
    customer, number = registered(bench)
    edit(bench, customer, address={"city": "Gdynia"})
    bench.fault("reset_after", CHANGE)
    both_ways(bench)
    assert state_of(bench, customer)[0] is RecordState.DONE
    assert in_m3(bench, number)["TOWN"] == "Gdynia"
    assert both_ways(bench, days=2) == {}


# -- what does not come back


def test_a_change_in_the_shop_is_written_to_m3_once_and_never_back(shop: Bench) -> None:
    customer, number = registered(shop)
    edit(shop, customer, first_name="Hanna", address={"first_name": "Hanna"})
    assert both_ways(shop) == {CHANGE: 1, "CRS610MI/ChgAddress": 1}
    assert in_m3(shop, number)["CUNM"] == "Hanna Nowak"
    assert both_ways(shop, days=3) == {}


def test_a_change_in_m3_is_written_to_the_shop_once_and_never_back(shop: Bench) -> None:
    customer, number = registered(shop)
    change_in_m3(shop, number, VRNO="PL5250000000")
    first = both_ways(shop)
    assert sum(first.values()) == 1
    assert not [name for name in first if name.startswith("CRS610MI/")]
    assert in_the_shop(shop, customer)["vat_number"] == "PL5250000000"
    assert both_ways(shop, days=3) == {}


def test_each_side_may_change_what_it_owns_at_the_same_time(bench: Bench) -> None:
    customer, number = registered(bench)
    edit(bench, customer, address={"city": "Gdynia"})
    change_in_m3(bench, number, VRNO="PL5250000000")
    assert sum(both_ways(bench).values()) == 3
    assert (in_m3(bench, number)["TOWN"], in_m3(bench, number)["VRNO"]) == ("Gdynia", "PL5250000000")
    assert in_the_shop(bench, customer)["vat_number"] == "PL5250000000"
    assert both_ways(bench, days=3) == {}


def test_what_the_other_side_owns_is_never_sent_there_and_comes_back_as_it_is_there(shop: Bench) -> None:
    customer, number = registered(shop)
    edit(shop, customer, vat_number="PL999")
    change_in_m3(shop, number, CUNM="Somebody Else", WHLO="002", VRNO="PL1")
    assert sum(both_ways(shop, days=2).values()) == 1
    assert [in_the_shop(shop, customer)[name] for name in ("first_name", "vat_number")] == ["Anna", "PL1"]
    assert [in_m3(shop, number)[name] for name in ("CUNM", "WHLO", "VRNO")] == [
        "Somebody Else", "002", "PL1",
    ]  # fmt: skip


def test_a_site_decides_who_owns_what(shop: Bench) -> None:
    shop.edit("m3nop.yaml", "m3_owns: [vat_number, terms]", "m3_owns: [name, phone]")
    customer, number = registered(shop, company="Nowak Meble")
    change_in_m3(shop, number, CUNM="Nowak Furniture", WHLO="002", VRNO="PL1")
    edit(shop, customer, vat_number="PL999", phone="+48 1", address={"city": "Gdynia"})
    both_ways(shop)
    row = in_m3(shop, number)
    assert [row[name] for name in ("CUNM", "WHLO", "VRNO", "PHNO", "TOWN")] == [
        "Nowak Furniture", "001", "PL999", "+48220000009", "Gdynia",
    ]  # fmt: skip
    assert in_the_shop(shop, customer)["company"] == "Nowak Furniture"
    assert in_the_shop(shop, customer)["vat_number"] == "PL999"
    both_ways(shop)
    assert both_ways(shop, days=2) == {}


def test_a_value_that_was_taken_away_is_taken_away_on_the_other_side_too(shop: Bench) -> None:
    customer, number = registered(shop, address={**PERSON["address"], "address2": "m. 4"})
    change_in_m3(shop, number, VRNO="PL5250000000")
    both_ways(shop)
    assert in_m3(shop, number)["CUA2"] == "m. 4"

    edit(shop, customer, address={"address2": None})
    change_in_m3(shop, number, VRNO="?")
    both_ways(shop)
    assert in_m3(shop, number)["CUA2"] == ""
    assert not in_the_shop(shop, customer)["vat_number"]
    assert both_ways(shop, days=2) == {}


# -- out of M3


def test_m3_customers_that_nobody_linked_are_left_alone_until_somebody_does(shop: Bench) -> None:
    known_to_m3(shop, "A100", VRNO="SE1")
    shop.run("customers_from_m3")
    state, reason = state_of(shop, "A100", "customers_from_m3")
    assert (state, "linked_by_m3('customers'" in reason) == (RecordState.IGNORED, True)

    link(shop, 1, "A100")
    shop.clock.wait(DAY)
    shop.run("customers_from_m3")
    assert in_the_shop(shop, 1)["vat_number"] == "SE1"


def test_a_customer_that_m3_does_not_use_any_more_is_for_a_person(shop: Bench) -> None:
    customer, number = registered(shop)
    change_in_m3(shop, number, STAT="90", VRNO="PL1")
    shop.clock.wait(60)
    shop.run("customers_from_m3")
    state, reason = state_of(shop, number, "customers_from_m3")
    assert (state, "not in use in M3" in reason) == (RecordState.REVIEW, True)

    shop.retry(number, pipeline="customers_from_m3")
    shop.run("customers_from_m3")
    assert state_of(shop, number, "customers_from_m3")[0] is RecordState.DONE
    assert in_the_shop(shop, customer)["vat_number"] == "PL1"


def test_a_customer_that_the_shop_refuses_is_a_dead_letter_until_it_is_retried(shop: Bench) -> None:
    customer, number = registered(shop)
    change_in_m3(shop, number, VRNO="PL1")
    shop.clock.wait(60)
    shop.fault("status", "PUT */[Cc]ustomer*", status=400, system="shop")
    shop.run("customers_from_m3")
    assert state_of(shop, number, "customers_from_m3")[0] is RecordState.DEAD
    assert not in_the_shop(shop, customer)["vat_number"]

    shop.retry(number, pipeline="customers_from_m3")
    shop.run("customers_from_m3")
    assert in_the_shop(shop, customer)["vat_number"] == "PL1"


def test_a_customer_that_was_deleted_in_the_shop_is_left_alone(bench: Bench) -> None:
    customer, number = registered(bench)
    rows = bench.world.books.table("shop.customers")
    rows[str(customer)] = {**rows[str(customer)], "deleted": True}
    change_in_m3(bench, number, VRNO="PL1")
    bench.clock.wait(60)
    bench.run("customers_from_m3")
    assert state_of(bench, number, "customers_from_m3")[0] is RecordState.DONE
    assert writes(bench) == {}


def test_a_change_of_m3_is_complete_wherever_the_run_dies(shop: Bench) -> None:
    customer, number = registered(shop)
    change_in_m3(shop, number, VRNO="PL1")
    shop.clock.wait(60)
    die_everywhere(shop, "customers_from_m3", number)
    assert in_the_shop(shop, customer)["vat_number"] == "PL1"
    assert state_of(shop, number, "customers_from_m3")[0] is RecordState.DONE
    writes(shop)
    assert both_ways(shop, days=2) == {}


# -- customers that M3 has already


def known_to_m3(bench: Bench, number: str, **changes: str) -> None:
    """Let M3 have had a customer long enough for its search index."""
    customers = bench.world.books.table("m3.customers")
    old = bench.clock.now() // 1000 - 10 * DAY * 1000
    customers[number] = {
        **customers["W9999"],
        "CUNO": number,
        "MAIL": PERSON["email"],
        "LMTS": old,
        **changes,
    }


@pytest.fixture
def matching(bench: Bench) -> Bench:
    """The pack of a site that looks for M3's own customers first."""
    bench.edit("m3nop.yaml", "match_customers: none ", "match_customers: email ")
    return bench


def test_the_one_customer_of_m3_with_the_same_e_mail_is_taken_over_with_its_own_terms(
    matching: Bench,
) -> None:
    known_to_m3(matching, "A100", WHLO="002", VRNO="PL7", YREF="old hand")
    customer = register(matching)
    read_in(matching)
    assert matching.state.link("customers", str(customer)).m3 == "A100"
    assert matching.sent("CRS610MI/Add") == 0
    row = in_m3(matching, "A100")
    assert [row[name] for name in ("WHLO", "VRNO", "YREF")] == ["002", "PL7", "old hand"]
    assert [row[name] for name in ("CUNM", "TOWN")] == ["Anna Nowak", "Warszawa"]


def test_as_shipped_nobody_is_taken_over(bench: Bench) -> None:
    known_to_m3(bench, "A100")
    customer = register(bench)
    read_in(bench)
    assert bench.state.link("customers", str(customer)).m3 == number_of(customer)
    assert bench.sent("CRS610MI/SearchCustomer") == 0


def test_several_customers_with_the_same_e_mail_are_for_a_person(matching: Bench) -> None:
    known_to_m3(matching, "A100")
    known_to_m3(matching, "A200")
    customer = register(matching)
    read_in(matching)
    state, reason = state_of(matching, customer)
    assert (state, reason.startswith("several M3 customers have this e-mail address")) == (
        RecordState.REVIEW, True,
    )  # fmt: skip
    assert writes(matching) == {}


def test_a_person_links_one_of_several(matching: Bench) -> None:
    known_to_m3(matching, "A100")
    known_to_m3(matching, "A200")
    customer = register(matching)
    read_in(matching)
    link(matching, customer, "A200")
    matching.retry(customer, pipeline="customers")
    matching.run("customers")
    assert in_m3(matching, "A200")["TOWN"] == "Warszawa"
    assert matching.sent("CRS610MI/Add") == 0


def test_a_person_lets_a_new_customer_be_made_beside_several(matching: Bench) -> None:
    known_to_m3(matching, "A100")
    known_to_m3(matching, "A200")
    customer = register(matching)
    read_in(matching)
    matching.retry(customer, pipeline="customers")
    matching.run("customers")
    assert matching.state.link("customers", str(customer)).m3 == number_of(customer)


@pytest.mark.parametrize(
    "other",
    [{"STAT": "90"}, {"MAIL": "x" + PERSON["email"]}, {"CUTP": "9", "STAT": "10"}],
    ids=["closed", "another e-mail", "template"],
)
def test_a_hit_that_is_none_is_not_taken_over(matching: Bench, other: dict[str, str]) -> None:
    known_to_m3(matching, "A100", **other)
    customer = register(matching)
    read_in(matching)
    assert matching.state.link("customers", str(customer)).m3 == number_of(customer)


def test_the_customer_of_another_shopper_is_not_taken_over(matching: Bench) -> None:
    known_to_m3(matching, "A100")
    link(matching, 1, "A100")
    customer = register(matching)
    read_in(matching)
    assert matching.state.link("customers", str(customer)).m3 == number_of(customer)


def test_what_the_index_does_not_show_yet_is_found_by_its_number(matching: Bench) -> None:
    customer = register(matching)
    read_in(matching)
    matching.lose_state()
    matching.run("customers", keys=(str(customer),))
    assert matching.state.link("customers", str(customer)).m3 == number_of(customer)
    assert made_in_m3(matching, MAIL=PERSON["email"]) == [number_of(customer)]
