"""A state that was lost, or put back, is filled again with what M3 holds; nothing is entered meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from m3nop.core.clock import HOUR
from m3nop.core.errors import ConfigurationError, M3nopError
from m3nop.core.records import RecordState
from m3nop.engine.lookout import NOT_FOUND, NOT_TOLD, TAKEN_OVER
from tests.contract.engine.bench import CLEAN, SETTLE, Bench
from tests.contract.engine.test_guests import by_policy
from tests.contract.engine.test_payments import POSTED, pay, post, vouchers
from tests.contract.engine.test_run import GUEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from m3nop.engine.run import Summary

READS = ("Get", "Lst", "Select", "Search", "Sel")


def acting(bench: Bench, since: int) -> list[str]:
    """Name the calls that M3 got since so many requests and that do not only read."""
    seen = [name for request in list(bench.world.requests)[since:] for name in request.operations]
    return [name for name in seen if "MI/" in name and not name.partition("/")[2].startswith(READS)]


def rebuild(bench: Bench, *names: str, **wish: Any) -> Summary:
    before = len(bench.world.requests)
    summary = bench.run(*(names or ("customers", "orders")), only_look=True, full=True, **wish)
    assert acting(bench, before) == []
    return summary


def links(bench: Bench, pipeline: str = "orders") -> Mapping[str, str]:
    return {link.key: link.m3 for link in bench.state.links(pipeline)}


def entered(bench: Bench) -> Mapping[str, int]:
    names = ("OIS100MI/AddBatchHead", "OIS100MI/Confirm", "CRS610MI/Add", "OIS100MI/DelBatchHead")
    return {name: bench.sent(name) for name in names}


# -- a state that was lost


@pytest.mark.parametrize("dialect", ["official", "oss"])
def test_orders_customers_and_guests_are_linked_again_and_nothing_is_entered_twice(
    make_bench: Callable[..., Bench], dialect: str
) -> None:
    bench = by_policy(make_bench(dialect=dialect), "per_email")
    orders = [bench.place(), bench.place(guest=GUEST), bench.place(guest=GUEST)]
    bench.run("customers", "orders")
    names = ("orders", "customers", "guests")
    known, made = [links(bench, name) for name in names], entered(bench)
    assert list(map(len, known)) == [3, len(known[1]), 1]
    bench.lose_state()

    summary = rebuild(bench)

    assert [links(bench, name) for name in names] == known
    assert {link.origin for name in names for link in bench.state.links(name)} == {"adopted"}
    assert summary.counts[TAKEN_OVER] == sum(map(len, known))
    bench.run("customers", "orders")
    assert entered(bench) == made
    assert bench.states() == {str(order): "done" for order in orders}
    assert bench.judge(*orders) == CLEAN
    assert rebuild(bench).counts.get(TAKEN_OVER, 0) == 0


def test_an_order_that_m3_does_not_have_stays_as_it_is_and_is_entered_by_the_next_run(bench: Bench) -> None:
    first = bench.place(guest=GUEST)
    bench.run()
    bench.lose_state()
    second = bench.place(guest=GUEST)

    summary = rebuild(bench)

    assert list(links(bench)) == [str(first)]
    assert (bench.record(second).state, bench.record(second).attempt_id) == (RecordState.READY, None)
    assert summary.counts[NOT_FOUND] >= 1
    bench.run()
    assert bench.judge(first, second) == CLEAN


def test_an_order_that_is_not_to_be_entered_any_more_is_found_all_the_same(bench: Bench) -> None:
    order, other = bench.place(guest=GUEST), bench.place(guest=GUEST, payment_status="pending")
    bench.run()
    known = links(bench)
    assert list(known) == [str(order)]
    bench.change(order, order_status="cancelled")
    bench.lose_state()

    rebuild(bench)

    assert links(bench) == known
    waiting = bench.record(other)
    assert (waiting.state, waiting.attempt_id) == (RecordState.WAITING, None)
    assert waiting.not_before is not None


def test_what_is_older_than_the_start_is_linked_and_never_entered_wherever_the_look_round_dies(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench()
    old = [bench.place(guest=GUEST, ago=HOUR), bench.place(guest=GUEST, ago=HOUR)]
    bench.run(keys=(str(old[0]),))
    known = links(bench)
    bench.edit("m3nop.yaml", 'orders: "2026-11-23T07:00:00Z"', 'orders: "2026-11-23T08:45:00Z"')
    for at in range(1, 40, 3):
        bench.lose_state()
        ended = bench.die(at, "orders", only_look=True, full=True)
        bench.run()
        assert bench.judge(old[0]) == CLEAN
        assert bench.real(old[1]) == []
        if not ended.dead:
            break
    else:
        pytest.fail("the look round never came to its end")
    assert links(bench) == known
    assert bench.record(old[0]).state is RecordState.DONE
    assert bench.record(old[1]).state is RecordState.BASELINED


def test_a_state_without_a_start_is_rebuilt_before_anything_can_be_entered(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench(environment="qa", start=False)
    order = bench.place(guest=GUEST)
    with pytest.raises(ConfigurationError, match="say from when on"):
        bench.run()

    summary = rebuild(bench, "orders")

    assert summary.counts[NOT_FOUND] > 0
    with pytest.raises(ConfigurationError, match="say from when on"):
        bench.run()
    assert bench.real(order) == []


# -- what cannot be taken over


def test_several_orders_or_one_of_another_customer_go_to_a_person(bench: Bench) -> None:
    twice, strange = bench.place(guest=GUEST), bench.place(guest=GUEST)
    bench.run()
    table = bench.world.books.table("m3.orders")
    (first,), (second,) = bench.real(twice), bench.real(strange)
    table["0010009999"] = {**first, "ORNO": "0010009999"}
    table[second["ORNO"]] = {**second, "CUNO": "W0000001"}
    bench.lose_state()

    rebuild(bench)

    reasons = {key: bench.record(key).reason for key in (twice, strange)}
    assert {bench.record(key).state for key in reasons} == {RecordState.REVIEW}
    assert reasons[twice] == f"M3 holds 2 real documents with the reference B2C-{twice}"
    assert "its CUNO is 'W0000001', not 'W9999'" in reasons[strange]
    assert links(bench) == {}


def test_a_customer_number_that_is_somebody_elses_goes_to_a_person(bench: Bench) -> None:
    bench.place()
    bench.run("customers", "orders")
    (key, number), *_ = links(bench, "customers").items()
    table = bench.world.books.table("m3.customers")
    table[number] = {**table[number], "YREF": "somebody else"}
    bench.lose_state()

    rebuild(bench)

    record = bench.record(key, "customers")
    assert record.state is RecordState.REVIEW
    assert "CRS610MI/Add would make what is there already" in record.reason


def test_a_temporary_order_is_left_to_the_next_run(bench: Bench) -> None:
    order = bench.place(guest=GUEST)
    bench.fault("reset_before", "OIS100MI/AddBatchAddress", times=None)
    bench.fault("reset_before", "OIS100MI/DelBatchHead", times=None)
    with pytest.raises(M3nopError, match="erp"):
        bench.run()
    bench.world.faults.clear()
    bench.lose_state()

    rebuild(bench)

    assert len(bench.judge().orphans) == 1
    bench.run()
    assert bench.judge(order) == CLEAN


def test_while_m3_does_not_answer_everything_stays_as_it_is(bench: Bench) -> None:
    orders = [bench.place(guest=GUEST), bench.place(guest=GUEST, payment_status="pending")]
    bench.run()
    bench.lose_state()
    bench.fault("reset_before", "*", times=None, system="m3")

    with pytest.raises(M3nopError):
        bench.run("orders", only_look=True, full=True)

    assert [bench.record(order).state for order in orders] == [RecordState.READY, RecordState.WAITING]
    assert all(bench.record(order).attempt_id is None for order in orders)
    bench.world.faults.clear()
    bench.clock.wait(HOUR // 1_000_000)
    rebuild(bench)
    assert list(links(bench)) == [str(orders[0])]


def test_a_record_that_cannot_be_mapped_is_counted_and_left_alone(bench: Bench) -> None:
    order = bench.place(guest=GUEST)
    bench.run()
    bench.lose_state()
    bench.edit("lookups/order_types.yaml", "  1: W01\n", "")

    summary = rebuild(bench)

    assert summary.counts[NOT_TOLD] >= 1
    assert (bench.record(order).state, bench.state.dead_letters()) == (RecordState.READY, [])


# -- an old copy that was put back


def test_what_was_entered_after_the_backup_is_found_also_where_it_was_refused_then(
    bench: Bench, tmp_path: Path
) -> None:
    bench.edit("lookups/order_types.yaml", "W01", "W99")
    refused = bench.place(guest=GUEST)
    bench.run()
    assert bench.record(refused).state is RecordState.DEAD
    bench.state.backup(tmp_path / "backup.db")
    bench.edit("lookups/order_types.yaml", "W99", "W01")
    bench.retry(refused)
    later = bench.place(guest=GUEST)
    bench.clock.wait(SETTLE)
    bench.run()
    known = links(bench)
    assert set(known) == {str(refused), str(later)}
    bench.lose_state(tmp_path / "backup.db")

    rebuild(bench)
    bench.run()

    assert links(bench) == known
    assert bench.states() == {str(refused): "done", str(later): "done"}
    assert bench.state.dead_letters() == []
    assert bench.judge(refused, later) == CLEAN


# -- movements


def test_payments_are_taken_over_one_movement_after_the_other(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(change=post)
    order = pay(bench)
    bench.change(order, refund="10.00")
    bench.run("payments", linger=600.0)
    posted = vouchers(bench)
    assert len(posted) == 2
    bench.lose_state()

    summary = rebuild(bench, "payments")

    assert summary.counts[TAKEN_OVER] == 2
    assert bench.record(order, "payments").state is RecordState.DONE
    remembered = bench.record(order, "payments").remembered
    assert remembered["refunded"] == 10
    bench.clock.wait(3600)
    bench.run("payments", linger=600.0)
    assert vouchers(bench) == posted
    assert {row["STAT"] for row in bench.rows("m3.ledger_batches")} <= {POSTED}
