"""Old rows are deleted; what keeps an order from being entered twice is not among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.clock import DAY
from m3nop.core.records import RecordState
from tests.contract.engine.bench import CLEAN, SETTLE
from tests.contract.engine.test_payments import pay, post, vouchers
from tests.contract.engine.test_run import GUEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.contract.engine.bench import Bench

MONTH = 30 * 86_400


def prune(bench: Bench, *, days: int = 7, dry_run: bool = False) -> Mapping[str, int]:
    now = bench.clock.now()
    return bench.state.prune(before=now - days * DAY, now=now, actor="ops", dry_run=dry_run)


def finished(bench: Bench) -> int:
    """Enter an order with a doubt in its past, which the shop then completes, and let two months go by."""
    bench.fault("reset_after", "OIS100MI/AddBatchLine")
    order = bench.place(guest=GUEST)
    bench.run(linger=600.0)
    assert len(bench.state.attempts(bench.record(order).id)) == 2
    bench.change(order, order_status="complete")
    for _ in range(3):
        bench.clock.wait(MONTH)
        bench.run(linger=600.0)
    return order


def test_logs_of_orders_that_are_over_are_deleted_and_nothing_is_entered_again(bench: Bench) -> None:
    order = finished(bench)
    record, link = bench.record(order), bench.state.link("orders", str(order))
    counted = prune(bench, dry_run=True)
    assert bench.calls(order) != []

    deleted = prune(bench)

    assert deleted == counted
    assert deleted["calls"] > 10
    assert deleted["attempts"] >= 1
    assert deleted["runs"] >= 1
    assert (bench.calls(order), bench.record(order), bench.state.link("orders", str(order))) == (
        [],
        record,
        link,
    )
    assert len(bench.state.attempts(record.id)) == 1
    assert bench.state.verify() == []
    assert bench.state.audit_entries()[0]["action"] == "prune"
    bench.run(full=True)
    bench.retry(order)
    bench.run(linger=600.0)
    assert bench.judge(order) == CLEAN
    assert sum(prune(bench).values()) == 0


def test_what_a_run_may_still_look_at_keeps_its_log(bench: Bench) -> None:
    waiting, open_still = bench.place(guest=GUEST, payment_status="pending"), bench.place(guest=GUEST)
    bench.run()
    bench.clock.wait(10 * 86_400)
    before = bench.calls(open_still)

    prune(bench)

    assert bench.record(open_still).not_before is not None
    assert bench.calls(open_still) == before != []
    assert bench.record(waiting).state is RecordState.WAITING
    bench.clock.wait(86_400)
    bench.change(open_still, quantities={})
    bench.run()
    assert bench.record(open_still).state is RecordState.DONE


def test_settled_dead_letters_go_and_open_ones_stay(bench: Bench) -> None:
    bench.edit("lookups/order_types.yaml", "W01", "W99")
    kept, gone = bench.place(guest=GUEST), bench.place(guest=GUEST)
    bench.run()
    bench.edit("lookups/order_types.yaml", "W99", "W01")
    bench.retry(gone)
    bench.clock.wait(SETTLE)
    bench.run()
    bench.clock.wait(MONTH)

    assert prune(bench)["dead_letters"] == 1

    assert [letter.key for letter in bench.state.dead_letters(open_only=False)] == [str(kept)]
    assert bench.calls(kept) != []


def test_a_record_that_was_given_up_keeps_the_letter_that_says_why(bench: Bench) -> None:
    bench.edit("lookups/order_types.yaml", "W01", "W99")
    order = bench.place(guest=GUEST)
    bench.run()
    record = bench.record(order)
    with bench.state.transaction() as tx:
        tx.settle_dead_letters(record.id, now=bench.clock.now(), settlement="discarded: a test order")
    bench.clock.wait(MONTH)

    deleted = prune(bench)

    assert deleted["calls"] > 0
    assert [letter.settlement for letter in bench.state.dead_letters(open_only=False)] == [
        "discarded: a test order"
    ]
    assert bench.state.verify() == []


def test_payments_keep_the_log_that_tells_which_movements_were_entered(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench(change=post)
    order = pay(bench)
    bench.run("payments", linger=600.0)
    bench.change(order, order_status="complete")
    posted, logged = vouchers(bench), bench.calls(order, "payments")
    bench.clock.wait(400 * 86_400)
    bench.run("payments", linger=600.0)

    prune(bench)

    assert bench.calls(order, "payments") == logged
    bench.run("payments", full=True)
    assert vouchers(bench) == posted
