"""The disk fills up, the clock is set: nothing is doubled, nothing is lost."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, event

from m3nop.core.clock import DAY, HOUR, MINUTE
from m3nop.core.errors import StateError
from m3nop.core.records import RecordState
from tests.contract.engine.bench import CLEAN, SETTLE, START, Bench
from tests.contract.engine.test_run import GUEST

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def room_for(bench: Bench, pages: int) -> Iterator[None]:
    """Let the database grow by so many pages only, as on a disk that is nearly full."""

    def limit(connection: Any, _record: object) -> None:
        (now,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {now + pages}")

    event.listen(Engine, "connect", limit)
    try:
        bench.reopen()
        yield
    finally:
        event.remove(Engine, "connect", limit)
        bench.reopen()


def test_a_disk_that_fills_up_anywhere_ends_the_run_and_every_order_is_entered_once(bench: Bench) -> None:
    orders = [bench.place(guest=GUEST) for _ in range(3)]
    bench.run(keys=("none",))
    said: list[str] = []
    for pages in range(0, 60, 2):
        with room_for(bench, pages):
            try:
                bench.run(linger=600.0)
            except StateError as error:
                said.append(str(error))
                sent = len(bench.world.requests)
                with pytest.raises(StateError, match="nothing more is done after this"):
                    bench.run()
                assert len(bench.world.requests) == sent
            else:
                break
        bench.clock.wait(SETTLE + 1)
    assert len(said) > 3
    remedy = "nothing more is sent; free space on its disk and run again"
    assert [one for one in said if "database or disk is full" not in one or remedy not in one] == []
    bench.run(linger=600.0)
    assert bench.judge(*orders) == CLEAN
    assert bench.states() == {str(order): "done" for order in orders}
    assert bench.state.verify() == []


def set_clock_at(bench: Bench, operation: str, jump: int) -> None:
    """Set the clock, once, when M3 gets a request for this operation."""

    def on_request(request: Any) -> None:
        if operation in request.operations:
            bench.world.on_request.clear()
            bench.clock.instant += jump

    bench.world.on_request.append(on_request)


@pytest.mark.parametrize("operation", ["OIS100MI/AddBatchHead", "OIS100MI/AddBatchLine", "OIS100MI/Confirm"])
@pytest.mark.parametrize("jump", [-2 * DAY, -HOUR, 2 * DAY], ids=["two days back", "an hour back", "ahead"])
def test_a_clock_that_is_set_while_an_answer_is_lost_doubles_nothing(
    bench: Bench, jump: int, operation: str
) -> None:
    order = bench.place(guest=GUEST)
    set_clock_at(bench, operation, jump)
    bench.fault("reset_after", operation)
    bench.run(linger=60.0)
    assert bench.world.on_request == []
    for seconds in (SETTLE, 600, 2 * 86_400, 86_400):
        bench.clock.wait(seconds)
        bench.run(linger=60.0)
    assert bench.judge(order) == CLEAN
    assert bench.record(order).state is RecordState.DONE


def test_a_run_waits_no_longer_because_the_clock_was_set_back(bench: Bench) -> None:
    bench.place(guest=GUEST)
    set_clock_at(bench, "OIS100MI/AddBatchHead", -HOUR)
    bench.fault("reset_before", "OIS100MI/AddBatchHead")
    bench.run(linger=60.0)
    assert START - HOUR <= bench.clock.now() <= START - HOUR + 2 * MINUTE


def test_a_clock_that_is_set_back_between_runs_neither_doubles_nor_forgets(bench: Bench) -> None:
    orders = [bench.place(guest=GUEST), bench.place(guest=GUEST, payment_status="pending")]
    bench.run()
    bench.clock.instant -= 3 * DAY
    later = bench.place(guest=GUEST, ago=5 * MINUTE, created="2026-11-23T09:00:30Z")
    bench.change(orders[1], payment_status="paid")
    bench.run()
    bench.clock.instant = START + HOUR
    bench.run(linger=600.0)
    bench.clock.wait(3600)
    bench.run(linger=600.0)
    assert bench.judge(*orders, later) == CLEAN
    assert {bench.record(order).state for order in (*orders, later)} == {RecordState.DONE}


def test_a_later_date_than_the_watermark_leaves_no_gap(bench: Bench) -> None:
    first = bench.place(guest=GUEST, ago=30 * MINUTE)
    bench.run()
    between = [bench.place(guest=GUEST, ago=minutes * MINUTE) for minutes in (25, 22, 20)]
    last = bench.place(guest=GUEST, ago=5 * MINUTE)

    bench.run(since=START - 10 * MINUTE)
    bench.run()

    assert bench.judge(first, *between, last) == CLEAN
