"""An hour in which a system does not work, with orders arriving and a run every five minutes."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from m3nop.core.clock import HOUR, MINUTE, SECOND, Instant
from m3nop.core.errors import AccessError, M3nopError, PausedError
from m3nop.core.records import Phase, RecordState
from m3nop.sandbox.faults import Fault
from tests.contract.engine.bench import CLEAN, SETTLE
from tests.contract.engine.people import PERSON, edit, in_m3, register, writes
from tests.contract.engine.test_feeds import add
from tests.contract.engine.test_run import GUEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.engine.bench import Bench

ALL_ALONG: dict[str, Any] = {"times": None, "system": "m3"}
AWAY = Fault(kind="status", status=503, **ALL_ALONG)
OUTAGES = {
    "the nightly batch: a gateway's page": Fault(kind="html", **ALL_ALONG),
    "credentials that are refused": Fault(kind="status", status=401, **ALL_ALONG),
    "a storm of 500, except for who signs in": Fault(kind="status", status=500, operation="*MI/*", **ALL_ALONG),
    "a storm of 429": Fault(kind="status", status=429, retry_after=20, **ALL_ALONG),
    "resets after it happened": Fault(kind="reset_after", **ALL_ALONG),
}  # fmt: skip
SHOP_ONLY = """
pipeline: seen
source: {read: shop/orders, as: order, quiet: 0s, watermark: {by: id}}
key: order.id
steps:
  - id: note
    call: shop/orders/attribute
    fields: {order_id: order.id, store_id: "`0`", key: {value: Seen}, value: {value: V}}
"""


@dataclass
class Hour:
    """What happened while a system did not work."""

    orders: list[int] = field(default_factory=list)
    ends: list[tuple[Instant, M3nopError | None]] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    """Requests to the system by run."""

    @property
    def codes(self) -> list[int]:
        """Exit codes."""
        return [0 if error is None else error.exit_code for _, error in self.ends]


def run_once(bench: Bench, *names: str) -> M3nopError | None:
    """Run as cron does: in a process of its own, which begins without a token."""
    bench.forget_connections()
    for name in bench.project.connections:
        bench.connection(name).share_rate(bench.state)
    try:
        return bench.run(*names, linger=60.0).error
    except M3nopError as error:
        return error


def run_for(bench: Bench, duration: int, *, every_order: int = 20 * MINUTE, system: str = "m3") -> Hour:
    told, begun = Hour(), bench.clock.now()
    while (now := bench.clock.now()) < begun + duration:
        if not (now - begun) % every_order:
            told.orders.append(bench.place(guest=GUEST))
        seen = len(bench.world.requests)
        told.ends.append((now, run_once(bench)))
        came = [one for one in list(bench.world.requests)[seen:] if one.system == system]
        told.requests.append(len(came))
        assert bench.clock.now() <= now + 5 * MINUTE
        bench.clock.instant = now + 5 * MINUTE
    return told


def attempts(bench: Bench) -> list[int]:
    records = [*bench.state.records("orders"), *bench.state.records("customers")]
    return [record.attempts for record in records]


@pytest.mark.parametrize("name", OUTAGES)
def test_an_hour_without_m3_costs_nothing_but_the_hour(bench: Bench, name: str) -> None:
    bench.world.faults.add(OUTAGES[name])
    hour = run_for(bench, HOUR // 1)
    assert bench.state.dead_letters(open_only=False) == []
    assert not any(attempts(bench))
    # The run that meets it says so; the others leave M3 alone.
    assert (hour.codes[0], set(hour.codes[1:])) == (4, {7})
    asked = [at for at, number in enumerate(hour.requests) if number]
    pauses = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert pauses == sorted(pauses), "it is asked less and less"
    assert len(asked) <= 8
    assert sum(hour.requests) <= 45

    bench.world.faults.clear()
    bench.clock.wait(15 * 60)
    assert run_once(bench) is None
    bench.settle("orders")
    assert bench.judge(*hour.orders) == CLEAN
    assert not any(attempts(bench))
    assert bench.state.dead_letters(open_only=False) == []
    (circuit,) = bench.state.circuits()
    assert circuit.phase is Phase.CLOSED


def test_m3_is_found_again_at_the_latest_by_the_run_after_the_longest_pause(bench: Bench) -> None:
    bench.world.faults.add(AWAY)
    run_for(bench, HOUR)
    bench.world.faults.clear()
    back = bench.clock.now()
    after = run_for(bench, 25 * MINUTE, every_order=10 * MINUTE)
    found = next(at for at, error in after.ends if error is None)
    assert found - back <= 15 * MINUTE
    assert bench.judge(*after.orders) == CLEAN


def test_when_m3_is_back_the_rate_that_it_may_be_asked_at_is_kept(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(
        change=lambda text: text.replace("rate_limit: null", "rate_limit: {requests: 5, per: 1s}")
    )
    bench.world.faults.add(AWAY)
    hour = run_for(bench, 30 * MINUTE, every_order=5 * MINUTE)
    bench.world.faults.clear()
    bench.clock.wait(15 * 60)
    seen = len(bench.world.requests)
    assert run_once(bench) is None
    came = [
        one.at
        for one in list(bench.world.requests)[seen:]
        if one.system == "m3" and "token" not in one.operations
    ]
    first_second = [at for at in came if at < came[0] + SECOND]
    # As many as after any rest, and as many as a second allows.
    assert len(first_second) <= 2 * 5
    assert len(came) <= 5 * (1 + (came[-1] - came[0]) / SECOND) + 1
    assert len(came) > 10
    assert bench.judge(*hour.orders) == CLEAN


def test_with_half_of_all_requests_lost_orders_go_on_and_none_is_given_up(bench: Bench) -> None:
    bench.world.faults.add(Fault(kind="status", status=503, probability=0.5, **ALL_ALONG))
    hour = run_for(bench, 30 * MINUTE, every_order=10 * MINUTE)
    assert bench.state.dead_letters(open_only=False) == []
    assert RecordState.REVIEW not in set(bench.states().values())
    # What is lost now and then is no outage, so a few tries may count.
    assert max(attempts(bench)) < 5
    bench.world.faults.clear()
    bench.clock.wait(15 * 60)
    bench.settle("orders")
    assert bench.judge(*hour.orders) == CLEAN


def test_an_hour_without_the_shop_is_survived_as_well(bench: Bench) -> None:
    order = bench.place(guest=GUEST)
    bench.world.faults.add(replace(AWAY, system="shop"))
    hour = run_for(bench, HOUR, every_order=2 * HOUR, system="shop")
    assert (hour.codes[0], set(hour.codes[1:])) == (4, {7})
    assert sum(hour.requests) <= 15
    bench.world.faults.clear()
    bench.clock.wait(15 * 60)
    assert run_once(bench) is None
    assert bench.judge(order, *hour.orders) == CLEAN


# -- what goes on, and what does not


def test_what_does_not_need_the_system_goes_on(bench: Bench) -> None:
    add(bench, "seen", SHOP_ONLY)
    bench.world.faults.add(AWAY)
    order = bench.place(guest=GUEST)
    assert isinstance(run_once(bench), AccessError)
    error = run_once(bench, "orders", "seen")
    assert isinstance(error, PausedError)
    assert bench.record(order, "seen").state is RecordState.DONE
    assert bench.world.requests


def test_what_changes_several_times_meanwhile_arrives_in_its_last_form(bench: Bench) -> None:
    customer = register(bench)
    bench.clock.wait(24 * 3600)
    assert run_once(bench, "customers") is None
    bench.clock.wait(24 * 3600)
    bench.world.faults.add(AWAY)
    for city in ("Gdynia", "Sopot", "Lublin"):
        edit(bench, customer, address={**PERSON["address"], "city": city})
        assert run_once(bench, "customers") is not None
        bench.clock.wait(300)
    bench.world.faults.clear()
    bench.clock.wait(24 * 3600)
    writes(bench)
    assert run_once(bench, "customers") is None
    number = bench.state.link("customers", str(customer))
    assert number is not None
    assert "Lublin" in str(in_m3(bench, number.m3))
    made = writes(bench)
    assert made
    assert set(made.values()) == {1}


def test_one_address_of_the_shop_that_fails_closes_the_shop_for_nobody_else(bench: Bench) -> None:
    order = bench.place(guest=GUEST)
    bench.world.faults.add(
        Fault(kind="status", status=500, system="shop", operation="*/Customer/GetAll", times=None)
    )
    failed = bench.run("customers", "orders").error
    assert isinstance(failed, AccessError)
    assert bench.state.circuits() == []
    assert bench.record(order).state is RecordState.DONE


def test_a_right_that_one_transaction_lacks_stops_this_run_and_not_the_next(bench: Bench) -> None:
    order = bench.place(guest=GUEST)
    number = bench.world.faults.add(
        Fault(kind="status", status=403, operation="OIS100MI/AddBatchLine", **ALL_ALONG)
    )
    assert isinstance(run_once(bench), AccessError)
    assert [one.phase for one in bench.state.circuits()] in ([], [Phase.CLOSED])
    bench.world.faults.remove(number)
    assert run_once(bench) is None
    assert bench.judge(order) == CLEAN


def test_two_runs_do_not_try_at_the_same_moment(bench: Bench) -> None:
    bench.place(guest=GUEST)
    bench.world.faults.add(AWAY)
    run_once(bench)
    (circuit,) = bench.state.circuits()
    assert circuit.due_at is not None
    with bench.state.transaction() as tx:
        assert tx.take_trial("erp", due_at=circuit.due_at, until=circuit.due_at + HOUR)
        assert not tx.take_trial("erp", due_at=circuit.due_at, until=circuit.due_at + HOUR)
    bench.clock.instant = circuit.due_at
    seen = len(bench.world.requests)
    assert isinstance(run_once(bench), PausedError)
    assert len(bench.world.requests) == seen


def test_an_order_that_was_half_entered_when_m3_went_away_is_begun_again_and_that_counts_for_nothing(
    bench: Bench,
) -> None:
    order = bench.place(guest=GUEST)
    bench.world.faults.add(Fault(kind="reset_after", operation="OIS100MI/*Line*", **ALL_ALONG))
    bench.world.faults.add(replace(AWAY, nth=6))
    assert isinstance(run_once(bench), PausedError)
    bench.world.faults.clear()
    bench.clock.wait(SETTLE + HOUR // SECOND)
    assert run_once(bench) is None
    bench.settle("orders")
    assert bench.judge(order) == CLEAN
    assert bench.record(order).attempts == 0
    assert Counter(str(one.state) for one in bench.state.attempts(bench.record(order).id))["undone"] >= 1
