"""Guests by policy: one customer of M3 for all, one for each e-mail address, or one for each order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from m3nop.core.records import RecordState
from tests.contract.engine.bench import CLEAN, SETTLE, Bench
from tests.contract.engine.people import in_m3, made_in_m3

if TYPE_CHECKING:
    from collections.abc import Callable

GUEST = {
    "first_name": "Kari", "last_name": "Nordmann", "email": "kari@example.com", "address1": "Bakkegata 2",
    "city": "Oslo", "zip_postal_code": "0150", "country": "NO",
}  # fmt: skip
KARI = "G258CBIX3V"
"""Made of the e-mail address alone; it must never change."""


def by_policy(bench: Bench, policy: str) -> Bench:
    bench.edit("m3nop.yaml", "guest_policy: collective ", f"guest_policy: {policy} ")
    return bench


@pytest.fixture(params=["official", "oss"])
def by_email(request: pytest.FixtureRequest, make_bench: Callable[..., Bench]) -> Bench:
    """A site with a customer for each e-mail address, on a shop of each dialect."""
    return by_policy(make_bench(dialect=request.param), "per_email")


def place(bench: Bench, **changes: Any) -> int:
    return bench.place(guest={**GUEST, **changes})


def customer_of(bench: Bench, order: int) -> str:
    (real,) = bench.real(order)
    return str(real["CUNO"])


def only_guest(bench: Bench) -> Any:
    (record,) = bench.state.records("guests")
    return record


def test_two_guest_orders_with_one_e_mail_create_one_customer_whatever_its_case(by_email: Bench) -> None:
    orders = [place(by_email), place(by_email, email=" Kari@Example.COM ")]
    by_email.run()
    assert by_email.judge(*orders) == CLEAN
    assert {customer_of(by_email, order) for order in orders} == {KARI}
    assert by_email.sent("CRS610MI/Add") == 1
    row = in_m3(by_email, KARI)
    assert [row[name] for name in ("CUNM", "CUA1", "TOWN", "CSCD", "MAIL", "ORTP", "STAT")] == [
        "Kari Nordmann", "Bakkegata 2", "Oslo", "NO", "kari@example.com", "W01", "20",
    ]  # fmt: skip

    later = place(by_email, last_name="Nordmann-Berg")
    by_email.clock.wait(3600)
    by_email.run()
    assert customer_of(by_email, later) == KARI
    assert by_email.sent("CRS610MI/Add") == 1


def test_guests_with_different_e_mails_are_different_customers(by_email: Bench) -> None:
    orders = [place(by_email), place(by_email, email="ola@example.com")]
    by_email.run()
    assert len({customer_of(by_email, order) for order in orders}) == 2


def test_a_guest_is_made_once_wherever_the_run_dies(by_email: Bench) -> None:
    orders = [place(by_email), place(by_email)]
    for at in range(1, 120, 5):
        if not by_email.die(at).dead:
            break
        by_email.clock.wait(SETTLE + 1)
    by_email.run(linger=600.0)
    assert by_email.judge(*orders) == CLEAN
    assert made_in_m3(by_email, MAIL="kari@example.com") == [KARI]


def test_a_guest_whose_creation_is_in_doubt_is_found_by_the_number(by_email: Bench) -> None:
    order = place(by_email)
    by_email.fault("reset_after", "CRS610MI/Add")
    by_email.run()
    assert by_email.judge(order) == CLEAN
    assert by_email.sent("CRS610MI/Add") == 1


def test_a_guest_that_m3_refuses_blocks_the_order_until_the_cause_is_put_right(by_email: Bench) -> None:
    by_email.edit("m3nop.yaml", "template_customer: TPLB2C ", "template_customer: NOBODY ")
    order = place(by_email)
    by_email.run()
    assert only_guest(by_email).state is RecordState.DEAD
    assert by_email.record(order).state is RecordState.BLOCKED

    by_email.edit("m3nop.yaml", "template_customer: NOBODY ", "template_customer: TPLB2C ")
    by_email.retry(only_guest(by_email).key, pipeline="guests")
    by_email.run()
    assert by_email.judge(order) == CLEAN
    assert customer_of(by_email, order) == KARI


def test_a_guest_of_a_country_without_a_code_is_for_a_person(by_email: Bench) -> None:
    by_email.edit("lookups/countries.csv", "NO,NO\n", "")
    order = place(by_email)
    by_email.run()
    assert only_guest(by_email).state is RecordState.REVIEW
    assert "'countries' has no row for text 'NO'" in only_guest(by_email).reason

    by_email.edit("lookups/countries.csv", "PL,PL\n", "NO,NO\nPL,PL\n")
    by_email.retry(only_guest(by_email).key, pipeline="guests")
    by_email.run()
    assert by_email.judge(order) == CLEAN


def test_a_guest_that_was_made_before_the_state_was_lost_is_taken_over(bench: Bench) -> None:
    by_policy(bench, "per_email")
    place(bench)
    bench.run()
    bench.lose_state()
    later = place(bench)
    bench.run()
    assert customer_of(bench, later) == KARI
    assert made_in_m3(bench, MAIL="kari@example.com") == [KARI]


def test_a_number_that_another_guest_has_already_is_left_to_that_one(bench: Bench) -> None:
    by_policy(bench, "per_email")
    customers = bench.world.books.table("m3.customers")
    customers[KARI] = {**customers["W9999"], "CUNO": KARI, "YREF": "GUEST-258CBIX3VOTHER"}
    orders = [place(bench), place(bench)]
    bench.run()
    (number,) = {customer_of(bench, order) for order in orders}
    assert number != KARI
    assert re.fullmatch(r"G[0-9A-Z]{9}", number)
    assert customers[KARI]["CUNM"] == "Web guests"


def test_a_guest_without_an_e_mail_address_is_for_a_person(bench: Bench) -> None:
    by_policy(bench, "per_email")
    order = place(bench, email=None)
    bench.run()
    assert bench.record(order).state is RecordState.REVIEW
    assert "without an e-mail address" in bench.record(order).reason


def test_an_order_may_make_a_customer_of_its_own(bench: Bench) -> None:
    by_policy(bench, "per_order")
    orders = [place(bench), place(bench, email=None)]
    bench.run()
    assert bench.judge(*orders) == CLEAN
    assert [customer_of(bench, order) for order in orders] == [f"G{order:07}" for order in orders]


def test_as_shipped_all_guests_are_one_customer(bench: Bench) -> None:
    orders = [place(bench), place(bench, email="ola@example.com")]
    bench.run()
    assert {customer_of(bench, order) for order in orders} == {"W9999"}
    assert bench.state.records("guests") == []


def test_a_policy_that_does_not_exist_puts_the_order_to_review(bench: Bench) -> None:
    by_policy(bench, "per_person")
    order = place(bench)
    bench.run()
    assert bench.record(order).state is RecordState.REVIEW
    assert "guest_policy" in bench.record(order).reason


def test_guests_need_no_start_of_their_own(make_bench: Callable[..., Bench]) -> None:
    bench = by_policy(make_bench(environment="prod"), "per_email")
    order = place(bench)
    bench.run()
    assert bench.judge(order) == CLEAN
