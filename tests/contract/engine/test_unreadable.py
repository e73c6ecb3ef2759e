"""A record that the shop cannot tell whole waits, is read again, and is never entered by halves."""

from __future__ import annotations

import pytest

from m3nop.core.clock import MINUTE
from m3nop.core.records import RecordState
from tests.contract.engine.bench import CLEAN, SETTLE, Bench

DAY = 86_400


def break_lines(bench: Bench, order: int) -> None:
    bench.fault("status", f"*/OrderItem/GetOrderItems/{order}", system="shop", status=500, times=None)


def test_one_broken_row_stops_no_other_order(bench: Bench) -> None:
    orders = [bench.place() for _ in range(3)]
    broken, *healthy = orders
    break_lines(bench, broken)
    bench.run()

    assert bench.judge(*healthy) == CLEAN
    assert bench.real(broken) == []
    record = bench.record(broken)
    assert record.state is RecordState.WAITING
    assert record.reason.startswith(f"cannot be read: order {broken}, its lines: GET /api-backend/OrderItem/")
    assert record.not_before is not None
    assert 0 < record.not_before - bench.clock.now() <= 15 * MINUTE
    assert record.deadline is not None

    later = bench.place()
    bench.run()
    assert bench.judge(later) == CLEAN


def test_it_is_entered_whole_when_the_row_can_be_read(bench: Bench) -> None:
    order = bench.place()
    break_lines(bench, order)
    bench.run()
    bench.clock.wait(900)
    bench.run()
    assert bench.record(order).state is RecordState.WAITING

    bench.world.faults.clear()
    bench.clock.wait(900)
    bench.run()
    assert bench.judge(order) == CLEAN
    assert len(bench.entered_lines(bench.real(order)[0])) == 2


def test_an_order_that_the_shop_completed_while_it_could_not_be_read_is_entered(bench: Bench) -> None:
    order = bench.place()
    break_lines(bench, order)
    bench.run()
    bench.change(order, order_status=30)
    bench.clock.wait(900)
    bench.run()
    assert bench.record(order).state is RecordState.WAITING

    bench.world.faults.clear()
    bench.clock.wait(900)
    bench.run()
    assert bench.judge(order) == CLEAN


def test_an_order_that_can_never_be_read_goes_to_a_person_in_the_end(bench: Bench) -> None:
    order = bench.place()
    break_lines(bench, order)
    bench.run()
    bench.clock.wait(61 * DAY)
    bench.run()

    assert bench.record(order).state is RecordState.REVIEW
    assert bench.record(order).reason.startswith(f"expired: cannot be read: order {order}, its lines")


@pytest.mark.parametrize("released", [False, True])
def test_a_record_that_broke_before_its_attempt_is_not_entered(bench: Bench, *, released: bool) -> None:
    order = bench.place(payment_status="pending")
    bench.run()
    if released:
        bench.clock.wait(61 * DAY)
        bench.run()
        assert bench.record(order).state is RecordState.REVIEW
    break_lines(bench, order)
    bench.change(order, payment_status="paid")
    bench.retry(order)
    bench.clock.wait(SETTLE + 3600)
    bench.run()

    assert bench.real(order) == []
    assert bench.sent("OIS100MI/AddBatchHead") == 0
    assert "cannot be read" in bench.record(order).reason
    assert bench.record(order).state is RecordState.WAITING


def test_a_delivered_order_that_cannot_be_read_again_has_not_changed(bench: Bench) -> None:
    order = bench.place()
    bench.run()
    entered = bench.record(order).snapshot
    break_lines(bench, order)
    bench.clock.wait(900)
    bench.run()
    assert bench.record(order).state is RecordState.DONE
    assert bench.record(order).snapshot == entered

    bench.world.faults.clear()
    line = min(row["id"] for row in bench.rows("shop.order_items", order_id=order))
    bench.change(order, quantities={str(line): 3})
    bench.clock.wait(900)
    bench.run()
    assert "ORQT: 1 -> 3" in bench.record(order).reason
