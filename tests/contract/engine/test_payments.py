"""Payments of the shop in M3's general ledger: each movement once, and balanced, whatever happens on the way."""

from __future__ import annotations

import shutil
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from m3nop.app.registry import CONNECTORS
from m3nop.core.connector import Call
from m3nop.core.records import RecordState
from m3nop.sandbox.m3.happenings import HAPPENINGS
from m3nop.spec.project import load_project
from tests.contract.engine.bench import SETTLE
from tests.contract.engine.test_run import GUEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.engine.bench import Bench

PAYPAL = "Payments.PayPalCommerce"
QUARTER = 15 * 60
POSTED, CHECKED = "90", "20"


def post(text: str) -> str:
    return text.replace("post_gl: false", "post_gl: true")


@pytest.fixture(params=["official", "oss"])
def posting(make_bench: Callable[..., Bench], request: pytest.FixtureRequest) -> Bench:
    """A shop of each dialect whose payments are posted."""
    return make_bench(dialect=request.param, change=post)


@pytest.fixture
def official(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench(change=post)


def pay(bench: Bench, **members: Any) -> int:
    return bench.place(guest=GUEST, payment_method=PAYPAL, **members)


def vouchers(bench: Bench) -> dict[str, list[dict[str, Any]]]:
    """Return the lines of each voucher by its text; a movement that is posted twice has twice the lines."""
    bench.world.settle()
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in bench.rows("m3.ledger"):
        found[row["VTXT"]].append(row)
    return dict(found)


def amounts(bench: Bench, text: str) -> dict[str, str]:
    """Return the amounts of the one voucher with a text by account."""
    lines = vouchers(bench)[text]
    assert len({(row["YEA4"], row["VONO"]) for row in lines}) == 1, f"{text} is posted twice"
    assert sum(Decimal(row["ACAM"]) for row in lines) == 0
    return {row["AIT1"]: row["CUAM"] for row in lines}


def later(bench: Bench, *names: str, times: int = 1) -> None:
    for _ in range(times):
        bench.clock.wait(QUARTER)
        bench.run(*(names or ("payments",)), linger=600.0)


def back_up(bench: Bench, folder: Path) -> Path:
    bench.state.close()
    copy = shutil.copy(folder / "state.db", folder / "backup.db")
    bench.reopen()
    return Path(copy)


def total(bench: Bench, order: int) -> Decimal:
    return Decimal(bench.rows("shop.orders", id=order)[0]["order_total"])


def fee_of(amount: Decimal) -> Decimal:
    return (amount * Decimal("0.0249") + Decimal("0.35")).quantize(Decimal("0.01"), "ROUND_HALF_UP")


def test_a_captured_payment_becomes_one_balanced_voucher(posting: Bench) -> None:
    order = pay(posting)
    posting.run("payments", linger=600.0)
    whole = total(posting, order)
    fee = fee_of(whole)
    assert amounts(posting, f"B2C-{order} capture {whole:.2f}") == {
        "1942": f"{whole - fee:.2f}",
        "6570": f"{fee:.2f}",
        "2421": f"{-whole:.2f}",
    }
    assert posting.record(order, "payments").state is RecordState.DONE
    later(posting, times=2)
    assert len(vouchers(posting)) == 1
    assert posting.sent("GLS840MI/AddBatchHead") == 1


def test_a_payment_and_its_refunds_are_movements_of_their_own(posting: Bench) -> None:
    order = pay(posting)
    posting.change(order, refund="10.00")
    posting.run("payments", linger=600.0)
    whole = total(posting, order)
    assert set(vouchers(posting)) == {f"B2C-{order} capture {whole:.2f}", f"B2C-{order} refund 10.00"}
    assert amounts(posting, f"B2C-{order} refund 10.00") == {"1942": "-10.00", "2421": "10.00"}

    posting.change(order, refund="5.50")
    later(posting)
    assert amounts(posting, f"B2C-{order} refund 15.50") == {"1942": "-5.50", "2421": "5.50"}

    posting.change(order, payment_status="refunded")
    later(posting, times=2)
    rest = whole - Decimal("15.50")
    assert amounts(posting, f"B2C-{order} refund {whole:.2f}") == {
        "1942": f"{-rest:.2f}",
        "2421": f"{rest:.2f}",
    }
    assert len(vouchers(posting)) == 4
    record = posting.record(order, "payments")
    assert (record.state, record.not_before) == (RecordState.DONE, None)


def test_what_is_authorized_or_voided_is_no_money(posting: Bench) -> None:
    held, dropped = (pay(posting, payment_status="authorized") for _ in range(2))
    unpaid, cancelled = (pay(posting, payment_status="pending") for _ in range(2))
    posting.change(dropped, payment_status="voided")
    posting.change(cancelled, cancel=True)
    posting.run("payments", linger=600.0)
    later(posting)
    states = {order: posting.record(order, "payments").state for order in (held, dropped, unpaid, cancelled)}
    assert states == {
        held: RecordState.WAITING,
        dropped: RecordState.DONE,
        unpaid: RecordState.WAITING,
        cancelled: RecordState.IGNORED,
    }
    assert vouchers(posting) == {}

    posting.change(held, payment_status="paid")
    later(posting, times=2)
    assert list(vouchers(posting)) == [f"B2C-{held} capture {total(posting, held):.2f}"]


def test_without_post_gl_one_checked_batch_is_left_for_an_accountant(bench: Bench) -> None:
    order = pay(bench)
    bench.run("payments", linger=600.0)
    (batch,) = bench.rows("m3.ledger_batches")
    assert (batch["STAT"], batch["DESC"]) == (CHECKED, f"B2C-{order} capture {total(bench, order):.2f}")
    later(bench, times=2)
    assert len(bench.rows("m3.ledger_batches")) == 1
    assert vouchers(bench) == {}
    assert bench.sent("GLS840MI/UpdBatch") == 0

    bench.change(order, refund="10.00")
    later(bench, times=2)
    assert [row["DESC"].split(" ", 1)[1] for row in bench.rows("m3.ledger_batches")][1:] == ["refund 10.00"]


def test_orders_from_before_the_start_are_left_alone(official: Bench) -> None:
    old, new = pay(official, ago=3 * 3600 * 1_000_000), pay(official)
    official.run("payments", linger=600.0, full=True)
    official.change(old, refund="5.00")
    later(official)
    assert official.record(old, "payments").state is RecordState.BASELINED
    assert list(vouchers(official)) == [f"B2C-{new} capture {total(official, new):.2f}"]


def test_what_changed_after_it_was_entered_waits_for_a_person(posting: Bench) -> None:
    order = pay(posting)
    posting.run("payments", linger=600.0)
    lines = posting.rows("shop.order_items", order_id=order)
    posting.change(order, quantities={lines[0]["id"]: 3})
    later(posting)
    record = posting.record(order, "payments")
    assert record.state is RecordState.REVIEW
    assert "after the payment was entered" in record.reason
    assert len(vouchers(posting)) == 1

    posting.retry(order, pipeline="payments")
    later(posting)
    assert amounts(posting, f"B2C-{order} capture {total(posting, order):.2f}")["2421"].startswith("-")
    assert len(vouchers(posting)) == 2


def test_a_method_without_accounts_is_refused_and_posted_when_it_has_some(posting: Bench) -> None:
    order = posting.place(guest=GUEST, payment_method="Payments.Stripe")
    posting.run("payments", linger=600.0)
    record = posting.record(order, "payments")
    assert record.state is RecordState.DEAD
    assert "Payments.Stripe" in record.reason
    assert posting.sent("GLS840MI/AddBatchHead") == 0

    text = posting.read("lookups/payment_accounts.csv")
    posting.write("lookups/payment_accounts.csv", f"{text}Payments.Stripe,1943{',' * 11}\n")
    posting.load()
    posting.retry(order, pipeline="payments")
    later(posting)
    whole = total(posting, order)
    assert amounts(posting, f"B2C-{order} capture {whole:.2f}") == {
        "1943": f"{whole:.2f}",
        "2421": f"{-whole:.2f}",
    }


def test_an_account_that_m3_refuses_is_mended_in_the_mapping_and_a_new_batch_takes_its_place(
    official: Bench,
) -> None:
    official.edit("m3nop.yaml", 'clearing_account: "2421"', 'clearing_account: "1999"')
    order = pay(official)
    official.run("payments", linger=600.0)
    assert official.record(order, "payments").state is RecordState.DEAD
    official.edit("m3nop.yaml", 'clearing_account: "1999"', 'clearing_account: "2421"')
    official.retry(order, pipeline="payments")
    later(official)
    assert amounts(official, f"B2C-{order} capture {total(official, order):.2f}")
    states = sorted(row["STAT"] for row in official.rows("m3.ledger_batches"))
    assert states == ["15", POSTED]


def test_a_closed_period_waits_and_goes_on_when_it_is_open_again(posting: Bench) -> None:
    posting.world.books.table("m3.closed_periods")["202611"] = {"period": "202611"}
    order = pay(posting)
    posting.run("payments", linger=600.0)
    record = posting.record(order, "payments")
    assert (record.state, posting.state.dead_letters()) == (RecordState.WAITING, [])
    assert "Period 202611 is closed" in record.reason

    later(posting, times=2)
    assert posting.record(order, "payments").state is RecordState.WAITING
    posting.world.books.table("m3.closed_periods").pop("202611")
    later(posting)
    assert amounts(posting, f"B2C-{order} capture {total(posting, order):.2f}")
    assert len(posting.rows("m3.ledger_batches")) == 1


def test_a_closed_period_is_left_behind_by_the_first_open_day(official: Bench) -> None:
    official.world.books.table("m3.closed_periods")["202611"] = {"period": "202611"}
    order = pay(official)
    official.run("payments", linger=600.0)
    official.edit("m3nop.yaml", "first_open_day: null", "first_open_day: 2026-12-01")
    later(official)
    (line, *_) = vouchers(official)[f"B2C-{order} capture {total(official, order):.2f}"]
    assert line["ACDT"] == 20261201


def test_no_card_reaches_m3_or_the_state(posting: Bench) -> None:
    orders, order = posting.world.books.table("shop.orders"), str(pay(posting))
    orders[order] = {**orders[order], "card_number": "4111111111111111", "masked_credit_card_number": "1111"}
    posting.run("payments", linger=600.0)
    kept = [str(row) for name in ("records", "attempts", "calls") for row in posting.state.stream(name)]
    assert kept
    assert "card_number" not in "".join(kept)
    assert "4111111111111111" not in "".join(kept)


# -- exactly once


@pytest.mark.parametrize(("dialect", "step"), [("official", 1), ("oss", 5)])
def test_a_capture_is_posted_once_wherever_the_run_dies(
    make_bench: Callable[..., Bench], dialect: str, step: int
) -> None:
    bench = make_bench(dialect=dialect, change=post)
    at, dead = 1, True
    while dead:
        order = pay(bench)
        dead = bench.die(at, "payments").dead
        bench.clock.wait(SETTLE + 1)
        bench.run("payments", linger=30.0)
        assert amounts(bench, f"B2C-{order} capture {total(bench, order):.2f}"), f"died at {at}"
        assert bench.record(order, "payments").state is RecordState.DONE, f"died at {at}"
        at += step
    assert at > 20
    assert {row["STAT"] for row in bench.rows("m3.ledger_batches")} == {POSTED}


@pytest.mark.parametrize(("dialect", "step"), [("official", 1), ("oss", 5)])
def test_a_refund_is_posted_once_wherever_the_run_dies(
    make_bench: Callable[..., Bench], dialect: str, step: int
) -> None:
    bench = make_bench(dialect=dialect, change=post)
    at, dead = 1, True
    while dead:
        order = pay(bench)
        bench.run("payments", linger=30.0)
        bench.change(order, payment_status="refunded")
        bench.clock.wait(QUARTER)
        dead = bench.die(at, "payments").dead
        bench.clock.wait(SETTLE + 1)
        bench.run("payments", linger=30.0)
        assert amounts(bench, f"B2C-{order} refund {total(bench, order):.2f}"), f"died at {at}"
        assert bench.record(order, "payments").state is RecordState.DONE, f"died at {at}"
        at += step
    assert at > 20
    assert {row["STAT"] for row in bench.rows("m3.ledger_batches")} == {POSTED}


def test_a_batch_that_is_left_is_made_once_where_the_run_dies(bench: Bench) -> None:
    for at in range(5, 32, 3):
        order = pay(bench)
        bench.die(at, "payments", linger=0.0)
        bench.clock.wait(SETTLE + 1)
        bench.run("payments", linger=30.0)
        assert bench.record(order, "payments").state is RecordState.DONE, f"died at {at}"
    batches = bench.rows("m3.ledger_batches")
    assert ({row["STAT"] for row in batches}, len(batches)) == ({CHECKED}, 9)


@pytest.mark.parametrize("operation", ["AddBatchHead", "AddBatchLineFld", "CtrlBatch", "UpdBatch"])
@pytest.mark.parametrize(
    ("kind", "seconds"),
    [("reset_before", 0), ("reset_after", 0), ("late_effect", 30), ("late_effect", SETTLE + 30)],
)
def test_a_lost_answer_posts_nothing_twice(official: Bench, operation: str, kind: str, seconds: int) -> None:
    order = pay(official)
    official.fault(kind, f"GLS840MI/{operation}", seconds=seconds)
    official.run("payments", linger=600.0)
    official.clock.wait(3600)
    official.run("payments", linger=600.0)
    assert amounts(official, f"B2C-{order} capture {total(official, order):.2f}")
    assert len(official.rows("m3.ledger_batches")) == 1
    assert official.record(order, "payments").state is RecordState.DONE


def test_a_batch_that_m3_posts_in_the_background_is_waited_for(posting: Bench) -> None:
    order = pay(posting)
    posting.fault("background_update", "GLS840MI/UpdBatch", seconds=90)
    posting.run("payments", linger=0.0)
    assert posting.record(order, "payments").state is RecordState.PENDING
    posting.clock.wait(120)
    posting.run("payments", linger=600.0)
    assert amounts(posting, f"B2C-{order} capture {total(posting, order):.2f}")
    assert posting.sent("GLS840MI/UpdBatch") == 1


def test_a_movement_that_was_begun_is_finished_before_the_next_one(posting: Bench) -> None:
    order = pay(posting)
    posting.run("payments", linger=600.0)
    posting.world.books.table("m3.closed_periods")["202611"] = {"period": "202611"}
    posting.change(order, refund="10.00")
    later(posting)
    posting.change(order, refund="5.00")
    later(posting)
    assert posting.record(order, "payments").state is RecordState.WAITING
    posting.world.books.table("m3.closed_periods").pop("202611")
    later(posting)
    assert amounts(posting, f"B2C-{order} refund 10.00") == {"1942": "-10.00", "2421": "10.00"}
    assert amounts(posting, f"B2C-{order} refund 15.00") == {"1942": "-5.00", "2421": "5.00"}
    assert len(posting.rows("m3.ledger_batches")) == 3


def test_a_mapping_that_changes_in_the_middle_does_not_split_a_batch(official: Bench) -> None:
    for at in range(6, 40):
        order = pay(official)
        official.die(at, "payments")
        if len(official.rows("m3.ledger_batch_lines", VTXT=f"B2C-{order} capture 59.80")) > 1:
            break
    else:
        pytest.fail("no run died within a batch")
    official.edit("m3nop.yaml", 'clearing_account: "2421"', 'clearing_account: "2420"')
    official.clock.wait(SETTLE + 1)
    official.run("payments", linger=600.0)
    assert amounts(official, f"B2C-{order} capture 59.80").keys() == {"1942", "6570", "2421"}
    assert {row["STAT"] for row in official.rows("m3.ledger_batches")} == {POSTED}


def test_a_payment_that_is_voided_after_it_was_posted_is_reversed_by_a_person_only(official: Bench) -> None:
    order = pay(official)
    official.run("payments", linger=600.0)
    official.change(order, payment_status="voided")
    later(official)
    assert official.record(order, "payments").state is RecordState.REVIEW
    official.retry(order, pipeline="payments")
    later(official)
    whole = total(official, order)
    assert amounts(official, f"B2C-{order} void 0.00") == {"1942": f"{-whole:.2f}", "2421": f"{whole:.2f}"}


def test_posting_without_a_probe_does_not_validate(official: Bench) -> None:
    text = official.read("pipelines/payments.yaml")
    official.write("pipelines/payments.yaml", text.replace("    probe: voucher\n\nprobes", "\nprobes"))
    for shown, codes in (("post_gl: true", ["unsafe-step"]), ("post_gl: false", [])):
        official.write("m3nop.yaml", official.read("m3nop.yaml").replace("post_gl: true", shown))
        project = load_project(official.folder, environment="sandbox", registry=CONNECTORS, environ={})
        found = [problem.code for problem in project.compile("payments", "b2c").problems]
        assert [code for code in found if code == "unsafe-step"] == codes


def test_what_was_posted_before_the_state_was_lost_is_taken_over(posting: Bench) -> None:
    order = pay(posting)
    posting.run("payments", linger=600.0)
    posting.change(order, refund="10.00")
    later(posting)
    assert len(vouchers(posting)) == 2

    posting.lose_state()
    later(posting, times=2)
    assert amounts(posting, f"B2C-{order} refund 10.00")
    assert amounts(posting, f"B2C-{order} capture {total(posting, order):.2f}")
    assert (len(vouchers(posting)), len(posting.rows("m3.ledger_batches"))) == (2, 2)
    record = posting.record(order, "payments")
    assert (record.state, record.remembered["refunded"]) == (RecordState.DONE, Decimal("10"))


def test_what_was_posted_after_the_backup_is_taken_over(official: Bench, tmp_path: Path) -> None:
    order = pay(official)
    official.run("payments", linger=600.0)
    backup = back_up(official, tmp_path)
    official.change(order, refund="10.00")
    later(official)
    official.lose_state(backup)
    later(official, times=2)
    assert amounts(official, f"B2C-{order} refund 10.00")
    assert official.record(order, "payments").remembered["refunded"] == Decimal(10)


@pytest.mark.parametrize("lost", ["all of it", "since the backup"])
def test_a_refund_after_one_that_the_state_may_have_forgotten_waits_for_a_person(
    official: Bench, tmp_path: Path, lost: str
) -> None:
    order = pay(official)
    official.run("payments", linger=600.0)
    backup = back_up(official, tmp_path) if lost == "since the backup" else None
    official.change(order, refund="10.00")
    later(official)
    official.change(order, refund="5.00")
    official.lose_state(backup)
    later(official, times=2)
    record = official.record(order, "payments")
    assert (record.state, len(vouchers(official))) == (RecordState.REVIEW, 2)
    assert "this state was lost or put back" in record.reason

    official.retry(order, pipeline="payments")
    later(official)
    assert amounts(official, f"B2C-{order} refund 15.00")
    official.change(order, refund="1.00")
    later(official)
    assert amounts(official, f"B2C-{order} refund 16.00") == {"1942": "-1.00", "2421": "1.00"}


def test_a_batch_of_a_lost_state_that_nobody_posted_is_refused_by_its_key(bench: Bench) -> None:
    order = pay(bench)
    bench.run("payments", linger=600.0)
    bench.lose_state()
    later(bench)
    record = bench.record(order, "payments")
    assert record.state is RecordState.DEAD
    assert "exists already" in record.reason
    assert len(bench.rows("m3.ledger_batches")) == 1


def test_where_tables_cannot_be_read_vouchers_are_listed(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(change=lambda text: post(text).replace("erp: {url", "erp: {table_reads: false, url"))
    order = pay(bench)
    bench.fault("reset_after", "GLS840MI/UpdBatch")
    bench.run("payments", linger=600.0)
    bench.lose_state()
    later(bench, times=2)
    assert amounts(bench, f"B2C-{order} capture {total(bench, order):.2f}")
    assert bench.record(order, "payments").state is RecordState.DONE
    assert bench.sent("EXPORTMI/Select") == 0


def test_an_accountant_who_posts_a_batch_by_hand_is_believed(official: Bench) -> None:
    official.world.books.table("m3.closed_periods")["202611"] = {"period": "202611"}
    order = pay(official)
    official.run("payments", linger=600.0)
    official.world.books.table("m3.closed_periods").pop("202611")
    (batch,) = official.rows("m3.ledger_batches")
    operation = official.project.catalogs["erp"].operation("GLS840MI/UpdBatch")
    official.connection("erp").send([Call("0", operation, {"KEY1": batch["KEY1"]})])
    later(official, times=2)
    assert official.record(order, "payments").state is RecordState.DONE
    assert amounts(official, f"B2C-{order} capture {total(official, order):.2f}")


# -- receivables and cash desk


def target(kind: str) -> Callable[[str], str]:
    return lambda text: text.replace("payment_target: gl", f"payment_target: {kind}")


def in_m3(bench: Bench, order: int, *steps: str) -> str:
    """Let an M3 order go on as M3's people do; return its number."""
    number = str(bench.real(order)[0]["ORNO"])
    for step in steps:
        HAPPENINGS[f"/m3/orders/{{number}}/{step}"](bench.world, {"number": number}, {})
    return number


@pytest.mark.parametrize("dialect", ["official", "oss"])
def test_a_payment_waits_for_the_invoice_and_pays_it_once(
    make_bench: Callable[..., Bench], dialect: str
) -> None:
    bench = make_bench(dialect=dialect, change=target("ar"))
    order = pay(bench)
    bench.run("payments_ar", linger=600.0)
    record = bench.record(order, "payments_ar")
    assert (record.state, record.reason) == (RecordState.WAITING, "M3 has not invoiced the order")

    in_m3(bench, order, "deliver", "invoice")
    later(bench, "payments_ar")
    assert amounts(bench, f"B2C-{order} capture {total(bench, order):.2f}")
    later(bench, "payments_ar", times=2)
    assert len(bench.rows("m3.payment_batches")) == 1

    bench.change(order, refund="10.00")
    later(bench, "payments_ar", times=2)
    assert amounts(bench, f"B2C-{order} refund 10.00") == {"1942": "-10.00", "1510": "10.00"}
    assert len(bench.rows("m3.payment_batches")) == 2


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "late_effect"])
@pytest.mark.parametrize("operation", ["AddBatchHead", "AddBatchLine", "ControlBatch"])
def test_a_lost_answer_pays_no_invoice_twice(
    make_bench: Callable[..., Bench], kind: str, operation: str
) -> None:
    bench = make_bench(change=target("ar"))
    order = pay(bench)
    bench.run("orders", linger=600.0)
    in_m3(bench, order, "deliver", "invoice")
    bench.fault(kind, f"ARS040MI/{operation}", seconds=SETTLE + 30)
    bench.run("payments_ar", linger=600.0)
    later(bench, "payments_ar")
    assert amounts(bench, f"B2C-{order} capture {total(bench, order):.2f}")
    assert [row["STAT"] for row in bench.rows("m3.payment_batches")] == [POSTED]


def test_an_amount_that_belongs_to_one_of_several_invoices_waits_for_a_person(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench(change=target("ar"))
    order = pay(bench)
    bench.run("orders", linger=600.0)
    number = in_m3(bench, order)
    for line in (1, 2):
        wanted = {"lines": [{"ponr": line, "quantity": str(line)}]}
        HAPPENINGS["/m3/orders/{number}/deliver"](bench.world, {"number": number}, wanted)
        in_m3(bench, order, "invoice")
    bench.run("payments_ar", linger=600.0)
    record = bench.record(order, "payments_ar")
    assert (record.state, record.reason[:31]) == (RecordState.REVIEW, "the order has several invoices,")


@pytest.mark.parametrize("dialect", ["official", "oss"])
def test_a_payment_and_its_refund_at_the_cash_desk(make_bench: Callable[..., Bench], dialect: str) -> None:
    bench = make_bench(dialect=dialect, change=target("cash"))
    order = pay(bench)
    bench.run("orders", linger=600.0)
    bench.change(order, refund="10.00")
    bench.fault("reset_after", "OIS215MI/AddPayment")
    bench.run("payments_cash", linger=600.0)
    later(bench, "payments_cash")
    assert amounts(bench, f"B2C-{order} capture {total(bench, order):.2f}")
    assert amounts(bench, f"B2C-{order} refund 10.00") == {"1580": "-10.00", "2420": "10.00"}
    assert len(bench.rows("m3.cash_payments")) == 2
    assert {row["PYNO"] for row in bench.rows("m3.cash_payments")} == {"W9999"}


def test_a_payment_at_the_cash_desk_is_entered_once_wherever_the_run_dies(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench(change=target("cash"))
    at, dead = 0, True
    while dead:
        at += 1
        order = pay(bench)
        bench.run("orders", linger=30.0)
        dead = bench.die(at, "payments_cash").dead
        bench.clock.wait(SETTLE + 1)
        bench.run("payments_cash", linger=30.0)
        assert amounts(bench, f"B2C-{order} capture {total(bench, order):.2f}"), f"died at {at}"
    assert len(bench.rows("m3.cash_payments")) == at
