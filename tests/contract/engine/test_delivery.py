"""Exactly once, over real HTTP: what each doubt, crash, edit and late effect comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from m3nop.core.clock import DAY, SECOND
from m3nop.core.errors import ConfigurationError
from m3nop.core.records import AttemptState, CallState, RecordState
from m3nop.engine.verdicts import LISTS_BEFORE_DEAD
from m3nop.sandbox.catalogue import UNKNOWN_SKU
from tests.contract.engine.bench import CLEAN, SETTLE, Bench, Fate
from tests.contract.engine.test_run import GUEST

if TYPE_CHECKING:
    from pathlib import Path

MINUTES = 60


def guest(bench: Bench, **members: Any) -> int:
    return bench.place(guest=GUEST, **members)


def attempt(bench: Bench, order: int) -> Any:
    return bench.state.attempts(bench.record(order).id)[-1]


def states_of(bench: Bench, order: int, step: str) -> list[str]:
    return [str(call.state) for call in bench.calls(order) if call.step == step]


# -- the life of an order


def test_an_order_is_entered_with_everything_written_down(bench: Bench) -> None:
    order = bench.place()
    bench.run()

    (real,) = bench.real(order)
    record = bench.record(order)
    assert bench.judge(order) == CLEAN
    assert bench.entered_lines(real) == {("LAMP-HEAD", "1"): 1, ("BATT-AAA-4", "2"): 1}
    assert record.commit_target == {"head": {"ORNO": real["temporary"]}}
    link = bench.state.link("orders", str(order))
    assert link is not None
    assert (link.shop, link.m3, link.origin) == (str(order), real["ORNO"], "run")
    made = attempt(bench, order)
    assert (made.state, made.committed, made.doubt, made.reference) == (
        AttemptState.DONE,
        True,
        False,
        f"B2C-{order}",
    )
    assert bench.state.definition(made.definition) is not None
    steps = [call.step for call in bench.calls(order) if call.effect != "read"]
    assert steps[0] == "head"
    assert steps[-2:] == ["confirm", "write_back"]
    assert all(call.state is CallState.DONE and call.origins for call in bench.calls(order))


def test_sent_is_in_the_state_before_each_request_that_acts(bench: Bench) -> None:
    guest(bench)
    unlogged: list[str] = []

    def look(request: Any) -> None:
        sent = [row["operation"] for row in bench.state.stream("calls") if row["state"] == "sent"]
        for name in request.operations:
            if name.startswith("OIS100MI/") and not name.startswith("OIS100MI/Lst") and name not in sent:
                unlogged.append(name)

    bench.world.on_request.append(look)
    bench.run()

    assert unlogged == []
    assert bench.sent("OIS100MI/Confirm") == 1


@pytest.mark.parametrize("dialect", ["official", "oss"])
def test_a_run_that_dies_anywhere_is_completed_by_the_next(make_bench, dialect: str) -> None:
    bench = make_bench(dialect=dialect)
    bench.place(customer_id=6)
    whole = Fate()
    bench.run(fate=whole)
    assert len(whole.passed) > 25

    for at in range(1, len(whole.passed) + 1, 6):
        orders = [guest(bench), guest(bench)]
        fate = bench.die(at)
        bench.clock.wait(SETTLE + 1)
        bench.run(linger=120.0)
        assert bench.judge(*orders) == CLEAN, (at, fate.passed[-1])
        assert set(bench.states().values()) == {"done"}, (at, fate.passed[-1])


@pytest.mark.parametrize("pause", [0, SETTLE + 1])
def test_a_run_that_dies_between_each_request_and_its_answer_is_completed(bench: Bench, pause: int) -> None:
    guest(bench)
    whole = Fate()
    bench.run(fate=whole)
    places = [number for number, name in enumerate(whole.passed, start=1) if name == "http:after"]

    for at in places:
        order = guest(bench)
        bench.die(at)
        bench.clock.wait(pause)
        bench.run(linger=200.0)
        assert bench.judge(order) == CLEAN, at


# -- doubts


def test_a_head_without_an_answer_is_found_and_taken_over(bench: Bench) -> None:
    order = guest(bench)
    bench.fault("reset_after", "OIS100MI/AddBatchHead")
    bench.run()

    assert bench.judge(order) == CLEAN
    assert bench.sent("OIS100MI/AddBatchHead") == 1
    assert states_of(bench, order, "head") == ["found"]
    assert (attempt(bench, order).doubt, attempt(bench, order).number) == (True, 1)
    assert states_of(bench, order, "verify:lines") == ["done"]


def test_a_head_that_never_arrived_is_sent_again_once_that_is_sure(bench: Bench) -> None:
    order = guest(bench)
    bench.fault("reset_before", "OIS100MI/AddBatchHead")
    bench.run()
    record = bench.record(order)
    assert (record.state, record.not_before) == (
        RecordState.READY,
        bench.calls(order)[0].sent_at + SETTLE * SECOND,
    )
    assert "waiting until it can no longer be under way" in record.reason
    assert bench.sent("OIS100MI/AddBatchHead") == 1

    bench.clock.wait(SETTLE)
    bench.run()
    assert bench.judge(order) == CLEAN
    assert states_of(bench, order, "head") == ["absent", "done"]
    assert bench.record(order).doubts == 0


def test_a_line_without_an_answer_discards_the_temporary_order_and_begins_again(bench: Bench) -> None:
    order = guest(bench)
    bench.fault("reset_after", "OIS100MI/AddBatchLine")
    bench.run()

    first, second = bench.state.attempts(bench.record(order).id)
    assert bench.judge(order) == CLEAN
    assert (first.state, first.then) == (AttemptState.UNDONE, "ready")
    assert first.reason == "no answer to OIS100MI/AddBatchLine: beginning again"
    assert (second.number, second.state) == (2, AttemptState.DONE)
    assert bench.sent("OIS100MI/DelBatchHead") == 1


def test_a_commit_without_an_answer_is_found(bench: Bench) -> None:
    order = guest(bench)
    bench.fault("reset_after", "OIS100MI/Confirm")
    bench.run()

    assert bench.judge(order) == CLEAN
    assert bench.sent("OIS100MI/Confirm") == 1
    assert states_of(bench, order, "confirm") == ["found"]


def test_a_commit_that_never_arrived_is_repeated_for_the_same_document_only(bench: Bench) -> None:
    order = guest(bench)
    bench.fault("reset_before", "OIS100MI/Confirm")
    bench.run()
    target = bench.record(order).commit_target
    assert bench.record(order).state is RecordState.PENDING

    bench.clock.wait(SETTLE)
    bench.run()
    assert bench.judge(order) == CLEAN
    confirms = [call for call in bench.calls(order) if call.step == "confirm"]
    assert {call.fields["ORNO"] for call in confirms} == {target["head"]["ORNO"]}
    assert [str(call.state) for call in confirms] == ["absent", "done"]


def test_a_commit_that_finishes_in_the_background_is_polled_and_linked(bench: Bench) -> None:
    order = guest(bench)
    bench.fault("background_confirm", "OIS100MI/Confirm", seconds=8)
    bench.run()
    assert bench.record(order).state is RecordState.PENDING
    assert bench.state.link("orders", str(order)) is None

    bench.clock.wait(9)
    bench.run()
    assert bench.judge(order) == CLEAN
    assert bench.sent("OIS100MI/Confirm") == 1
    assert bench.state.link("orders", str(order)).m3 == bench.real(order)[0]["ORNO"]


def test_every_order_of_a_cut_bulk_is_settled_on_its_own(bench: Bench) -> None:
    orders = [guest(bench) for _ in range(4)]
    bench.fault("truncate_bulk", "OIS100MI/AddBatchHead", count=2)
    bench.run(linger=200.0)

    assert bench.judge(*orders) == CLEAN


def test_a_bulk_of_which_only_a_part_was_processed_leaves_the_rest_to_be_proved_absent(bench: Bench) -> None:
    orders = [guest(bench) for _ in range(4)]
    bench.fault("drop_after", "OIS100MI/AddBatchHead", count=2)
    bench.run(linger=200.0)

    assert bench.judge(*orders) == CLEAN
    assert bench.sent("OIS100MI/AddBatchHead") == 2


def test_a_look_up_that_breaks_off_is_not_taken_for_absence(bench: Bench) -> None:
    order = guest(bench)
    bench.fault("reset_after", "OIS100MI/AddBatchHead")
    bench.fault("list_fails", "EXPORTMI/Select", times=3)
    bench.run()
    assert bench.record(order).state is RecordState.READY
    assert "refused to look" in bench.record(order).reason

    bench.clock.wait(SETTLE + 1)
    bench.run(linger=600.0)
    assert bench.judge(order) == CLEAN
    assert bench.sent("OIS100MI/AddBatchHead") == 1


def test_a_sweep_that_cannot_look_is_made_later(bench: Bench) -> None:
    order = guest(bench)
    bench.fault("reset_after", "OIS100MI/AddBatchHead")
    bench.run()
    bench.clock.wait(SETTLE)
    bench.fault("list_fails", "EXPORTMI/Select", times=2)
    bench.run()
    assert attempt(bench, order).sweeps == 0
    assert attempt(bench, order).sweep_at > bench.clock.now()
    assert (bench.record(order).state, bench.record(order).reason) == (RecordState.DONE, "")

    bench.clock.wait(600)
    bench.run()
    bench.clock.wait(600)
    bench.run()
    assert attempt(bench, order).sweeps == 1


# -- what lands late


@pytest.mark.parametrize("seconds", [30, SETTLE + 60, 3 * 3600])
def test_a_head_that_lands_late_leaves_one_order_and_no_orphan(bench: Bench, seconds: int) -> None:
    order = guest(bench)
    bench.fault("late_effect", "OIS100MI/AddBatchHead", seconds=seconds)
    bench.run(linger=200.0)
    assert len(bench.real(order)) == 1

    bench.settle()
    assert bench.judge(order) == CLEAN
    assert bench.record(order).state is RecordState.DONE


def test_a_late_document_is_swept_after_it_can_have_landed_and_again_after_a_day(bench: Bench) -> None:
    order = guest(bench)
    bench.fault("late_effect", "OIS100MI/AddBatchHead", seconds=20 * 3600)
    bench.run(linger=200.0)
    opened = attempt(bench, order).opened_at
    assert bench.judge(order) == CLEAN
    assert attempt(bench, order).sweep_at == opened + DAY
    assert attempt(bench, order).sweeps == 1

    bench.clock.wait(21 * 3600)
    assert len(bench.judge(order).orphans) == 1
    bench.run()
    assert len(bench.judge(order).orphans) == 1

    bench.clock.wait(4 * 3600)
    bench.run()
    assert bench.judge(order) == CLEAN
    assert (attempt(bench, order).sweeps, attempt(bench, order).sweep_at) == (2, None)
    assert bench.record(order).state is RecordState.DONE


def test_a_commit_that_lands_late_is_one_order(bench: Bench) -> None:
    order = guest(bench)
    bench.fault("late_effect", "OIS100MI/Confirm", seconds=SETTLE + 30)
    bench.settle()

    assert bench.judge(order) == CLEAN


def test_a_second_real_document_is_told_to_a_person_by_the_sweep(bench: Bench) -> None:
    order = guest(bench)
    bench.fault("reset_after", "OIS100MI/AddBatchHead")
    bench.run()
    (real,) = bench.real(order)
    bench.world.books.table("m3.orders")["0099999999"] = {**real, "ORNO": "0099999999"}
    bench.clock.wait(SETTLE + 1)
    bench.run()

    assert bench.record(order).state is RecordState.REVIEW
    assert bench.record(order).reason == f"M3 holds 2 real documents with the reference B2C-{order}"


def test_an_undone_attempt_that_is_due_for_a_sweep_does_not_hold_up_the_next(bench: Bench) -> None:
    order = guest(bench)
    bench.fault("reset_after", "OIS100MI/AddBatchLine")
    whole = Fate()
    bench.run(fate=whole)
    assert bench.judge(order) == CLEAN
    undone = [n for n, name in enumerate(whole.passed, start=1) if name == "commit:after"]
    for at in undone[8:16:2]:
        again = guest(bench)
        bench.fault("reset_after", "OIS100MI/AddBatchLine")
        bench.die(at)
        bench.world.faults.clear()
        bench.clock.wait(SETTLE + 1)
        bench.run()
        assert bench.record(again).state is RecordState.DONE, at
        assert bench.judge(again) == CLEAN, at


# -- documents that were there before


def test_an_order_that_m3_has_already_is_adopted_after_the_state_was_lost(bench: Bench) -> None:
    order = guest(bench)
    bench.run()
    (real,) = bench.real(order)
    bench.lose_state()
    bench.run()

    assert bench.real(order) == [real]
    assert bench.judge(order) == CLEAN
    link = bench.state.link("orders", str(order))
    assert link is not None
    assert (link.m3, link.origin) == (real["ORNO"], "adopted")
    assert bench.record(order).state is RecordState.DONE


def without_table_reads(text: str) -> str:
    """Forbid EXPORTMI, and orders of guests, who cannot be told apart without it."""
    assert "rate_limit: null" in text
    return text.replace("rate_limit: null", "rate_limit: null, table_reads: false").replace(
        "guest_customer: W9999 ", "guest_customer: null "
    )


def test_a_list_that_breaks_off_before_its_first_row_is_made_again_before_it_is_believed(
    bench: Bench,
) -> None:
    order = bench.place(customer_id=6)
    bench.fault("list_fails", "CRS610MI/LstAddresses")
    bench.run()

    customer = bench.record(6, "customers")
    assert customer.state is RecordState.READY
    assert customer.reason == "will be read again: The list was interrupted (XRE0001)"

    bench.clock.wait(16)
    bench.run()

    assert bench.record(6, "customers").doubts == 0
    assert bench.states() == {str(order): "done"}


def test_a_list_that_breaks_off_every_time_is_a_dead_letter(bench: Bench) -> None:
    bench.place(customer_id=6)
    bench.fault("list_fails", "CRS610MI/LstAddresses", times=None)
    for _ in range(LISTS_BEFORE_DEAD + 1):
        assert bench.state.dead_letters(pipeline="customers") == []
        bench.run()
        bench.clock.wait(600)

    (letter,) = bench.state.dead_letters(pipeline="customers")
    assert letter.message == "The list was interrupted (XRE0001)"


@pytest.mark.parametrize("count", [1, 2, 3])
def test_rows_that_a_list_shows_twice_are_one_document(bench: Bench, count: int) -> None:
    order = bench.place()
    bench.run()
    bench.lose_state()
    bench.fault("duplicate_records", "EXPORTMI/Select", count=count, times=None)

    bench.run()

    assert bench.states() == {str(order): "done"}
    assert bench.judge(order) == CLEAN


@pytest.mark.parametrize("restored", [False, True])
def test_without_exact_probes_no_order_is_doubled_after_the_state_was_lost_or_restored(
    make_bench, tmp_path: Path, restored: bool
) -> None:
    bench = make_bench(change=without_table_reads)
    known = bench.place(customer_id=6)
    bench.run()
    bench.state.backup(tmp_path / "backup.db")
    orders = [bench.place(customer_id=6), bench.place(customer_id=7)]
    bench.run()
    bench.lose_state(tmp_path / "backup.db" if restored else None)
    bench.clock.wait(60)
    later = bench.place(customer_id=7)
    bench.run()

    assert bench.judge(known, *orders, later) == CLEAN
    assert set(bench.states().values()) == {"done"}
    assert {bench.state.link("orders", str(order)).origin for order in orders} == {"adopted"}


def test_what_was_ordered_long_after_the_state_was_set_up_is_not_looked_for_without_a_reason(
    make_bench,
) -> None:
    bench = make_bench(change=without_table_reads)
    bench.run()
    bench.clock.wait(2 * 86_400)
    order = bench.place(customer_id=6)
    bench.run()

    assert bench.judge(order) == CLEAN
    assert bench.sent("OIS100MI/LstHead") == 0


def test_a_temporary_order_that_was_left_behind_is_deleted_before_the_commit(bench: Bench) -> None:
    order = guest(bench)
    bench.fault("reset_before", "OIS100MI/AddBatchAddress", times=None)
    bench.fault("reset_before", "OIS100MI/DelBatchHead", times=None)
    with pytest.raises(Exception, match="erp"):
        bench.run()
    assert len(bench.judge().orphans) == 1
    bench.world.faults.clear()
    bench.lose_state()
    bench.run()

    assert bench.judge(order) == CLEAN


def test_a_real_order_of_another_customer_under_our_reference_goes_to_a_person(bench: Bench) -> None:
    order = guest(bench)
    bench.run()
    (real,) = bench.real(order)
    bench.world.books.table("m3.orders")[real["ORNO"]] = {**real, "CUNO": "W0000001"}
    bench.lose_state()
    bench.run()

    assert bench.record(order).state is RecordState.REVIEW
    assert (
        "M3 holds a real document with this reference, but its CUNO is 'W0000001', not 'W9999'"
        in bench.record(order).reason
    )


# -- changes in mid-attempt


def begun(bench: Bench) -> int:
    """Leave an order whose head is entered, and whose run was stopped."""
    order = guest(bench)
    bench.world.on_request.append(
        lambda request: bench.stop.ask("SIGTERM") if "OIS100MI/AddBatchHead" in request.operations else None
    )
    bench.run()
    bench.world.on_request.clear()
    bench.reopen()
    bench.clock.wait(5)
    assert states_of(bench, order, "head") == ["done"]
    return order


def test_an_edit_of_the_mapping_discards_an_attempt_that_is_not_committed(bench: Bench) -> None:
    order = begun(bench)
    bench.edit("lookups/payment_methods.csv", "Payments.CheckMoneyOrder,014", "Payments.CheckMoneyOrder,030")
    bench.run()

    first, second = bench.state.attempts(bench.record(order).id)
    assert first.reason == "the mapping, its settings or lookups have changed"
    assert first.definition != second.definition
    assert bench.real(order)[0]["TEPY"] == "030"
    assert bench.judge(order) == CLEAN


def test_an_order_that_changed_in_mid_attempt_is_entered_as_it_is_now(bench: Bench) -> None:
    order = begun(bench)
    line = min(row["id"] for row in bench.rows("shop.order_items", order_id=order))
    bench.change(order, quantities={str(line): 7})
    bench.run()

    assert bench.state.attempts(bench.record(order).id)[0].reason == "the record has changed in the shop"
    assert ("LAMP-HEAD", "7") in bench.entered_lines(bench.real(order)[0])
    assert bench.judge(order) == CLEAN


def test_an_order_that_is_cancelled_in_mid_attempt_is_taken_back_and_left_alone(bench: Bench) -> None:
    order = begun(bench)
    bench.change(order, cancel=True)
    bench.run()

    assert bench.record(order).state is RecordState.WAITING
    assert not bench.real(order)
    assert bench.judge() == CLEAN


def test_a_definition_that_is_missing_from_the_state_stops_the_run(bench: Bench) -> None:
    begun(bench)
    with bench.state.transaction() as tx:
        tx._connection.exec_driver_sql("pragma defer_foreign_keys = on")
        tx._connection.exec_driver_sql("update definitions set digest = 'x' || digest")
        tx._connection.exec_driver_sql(
            "update attempts set definition = 'x' || definition where state = 'done'"
        )
        tx._connection.exec_driver_sql(
            "update attempts set definition = 'y' || definition where state = 'open'"
        )
        tx._connection.exec_driver_sql("insert into definitions select 'yy', text from definitions limit 1")
    bench.edit("lookups/payment_methods.csv", "Payments.CheckMoneyOrder,014", "Payments.CheckMoneyOrder,030")

    with pytest.raises(ConfigurationError, match=r"of attempt \d+ is missing; restore the state"):
        bench.run()


# -- refusals


def test_an_order_with_an_unknown_item_is_a_dead_letter_and_leaves_nothing_behind(bench: Bench) -> None:
    order = guest(bench, lines=[{"sku": "MUG-TI", "quantity": 1}, {"sku": UNKNOWN_SKU, "quantity": 1}])
    summary = bench.run()

    assert bench.record(order).state is RecordState.DEAD
    assert summary.counts["dead"] == 1
    assert bench.judge() == CLEAN
    (letter,) = bench.state.dead_letters()
    assert letter.signature.startswith("OIS100MI/AddBatchLine ")
    assert (letter.remedy, letter.key) == ("business", str(order))

    bench.edit(
        "lookups/item_numbers.yaml",
        '  BOTTLE-1L: "10004711"',
        f'  BOTTLE-1L: "10004711"\n  {UNKNOWN_SKU}: "LAMP-HEAD"',
    )
    bench.retry(order)
    bench.run()
    assert bench.judge(order) == CLEAN
    assert bench.state.dead_letters() == []


def test_a_line_that_cannot_be_mapped_is_a_dead_letter_and_leaves_nothing_behind(bench: Bench) -> None:
    (mug,) = bench.rows("shop.products", sku="MUG-TI")
    sku = "MUG-TI-OF-EIGHTEEN"
    bench.world.books.table("shop.products")[str(mug["id"])] = {**mug, "sku": sku}
    order = guest(bench, lines=[{"sku": "LAMP-HEAD", "quantity": 1}, {"sku": sku, "quantity": 1}])
    bench.run()

    assert bench.record(order).state is RecordState.DEAD
    assert "ITNO" in bench.record(order).reason
    assert bench.judge() == CLEAN
    assert attempt(bench, order).state is AttemptState.UNDONE


def test_a_refused_confirmation_is_taken_back_with_m3s_reasons(bench: Bench) -> None:
    order = guest(bench)
    items = bench.world.books.table("m3.items")
    items["LAMP-HEAD"] = {**items["LAMP-HEAD"], "STAT": "90"}
    bench.run()

    record = bench.record(order)
    assert record.state is RecordState.DEAD
    assert record.reason.startswith("M3 found errors in the order: Line 1: item LAMP-HEAD")
    assert record.reason.count("M3 found errors") == 1
    assert record.reason.count("LAMP-HEAD") == 1
    assert bench.judge() == CLEAN


def test_a_customer_that_is_stopped_for_credit_is_for_a_person_and_nothing_is_undone(bench: Bench) -> None:
    customers = bench.world.books.table("m3.customers")
    customers["W9999"] = {**customers["W9999"], "BLCD": "1"}
    order = guest(bench)
    bench.run()
    assert bench.record(order).state is RecordState.REVIEW
    assert bench.record(order).reason == "the customer's credit is stopped"
    assert len(bench.judge().orphans) == 1
    bench.clock.wait(3 * 86_400)
    bench.run()
    assert len(bench.judge().orphans) == 1

    customers["W9999"] = {**customers["W9999"], "BLCD": "0"}
    number = bench.record(order).commit_target["head"]["ORNO"]
    bench.confirm_by_hand(number)
    bench.retry(order)
    bench.run()
    assert bench.judge(order) == CLEAN
    assert bench.record(order).state is RecordState.DONE
    assert bench.sent("OIS100MI/Confirm") == 1


def test_what_fails_after_the_commit_is_retried_less_and_less_often_and_never_undone(bench: Bench) -> None:
    order = guest(bench)
    bench.fault("status", "*GenericAttribute*", system="shop", status=400, times=None)
    waits = []
    for _ in range(5):
        bench.run()
        record = bench.record(order)
        assert record.state is RecordState.READY
        assert record.reason.startswith("incomplete, will be retried: ")
        waits.append((record.not_before - bench.clock.now()) // SECOND)
        bench.clock.instant = record.not_before
    assert waits == [30, 60, 120, 240, 480]
    bench.run()
    assert bench.record(order).state is RecordState.DEAD
    assert bench.judge(order) == CLEAN
    assert bench.sent("OIS100MI/AddBatchHead") == 1

    bench.world.faults.clear()
    bench.retry(order)
    bench.run()
    assert bench.record(order).state is RecordState.DONE
    assert bench.judge(order) == CLEAN


def test_an_attempt_that_never_comes_through_is_left_to_a_person_in_the_end(bench: Bench) -> None:
    order = guest(bench)
    bench.fault("invalid_json", "OIS100MI/AddBatchLine", times=None)
    pauses = []
    while bench.run() and (record := bench.record(order)).state is RecordState.READY:
        pauses.append((record.not_before - bench.clock.now()) // SECOND)
        bench.clock.instant = record.not_before

    assert pauses[:4] == [1, 2, 4, 8]
    assert set(pauses[9:]) == {300}
    assert record.state is RecordState.REVIEW
    assert record.reason == "gave up after 21 attempts: no answer to OIS100MI/AddBatchLine: beginning again"
    assert bench.judge() == CLEAN
    bench.world.faults.clear()
    bench.retry(order)
    bench.run()
    assert bench.judge(order) == CLEAN


def test_checks_put_an_order_aside_before_any_call_and_a_person_can_release_it(bench: Bench) -> None:
    order = guest(bench, payment_fee="5.00")
    bench.edit("m3nop.yaml", "payment_charge: PAY\n", "payment_charge: null\n")
    bench.run()
    assert bench.record(order).state is RecordState.REVIEW
    assert bench.record(order).reason == "the order has a payment fee, and there is no payment_charge"
    assert bench.sent("OIS100MI/AddBatchHead") == 0

    bench.retry(order)
    bench.run()
    assert bench.judge(order) == CLEAN
    assert bench.record(order).released is False


def test_a_reference_that_m3_could_not_keep_is_a_dead_letter(bench: Bench) -> None:
    bench.edit(
        "pipelines/orders.yaml",
        "upper(concat(store.code, '-', order.id))",
        "upper(concat(store.code, '-', left(order.created_on_utc, `16`)))",
    )
    order = guest(bench)
    bench.run()

    assert bench.record(order).state is RecordState.DEAD
    assert bench.record(order).reason.startswith("reference: ")
    assert bench.sent("OIS100MI/AddBatchHead") == 0


# -- waiting for an answer that is not as expected yet


def test_a_read_that_has_to_be_waited_for_is_made_afresh_at_each_look(bench: Bench) -> None:
    text = bench.read("pipelines/orders.yaml")
    step = (
        "  - id: stock\n    read: erp/CRS610MI/GetBasicData\n    fields: {CUNO: {value: W9999}}\n    outputs: [ALCU]\n"
        "    expect: [{condition: not(is_blank(result.ALCU)), message: M3 has no alias yet, on_fail: wait}]\n"
    )
    bench.write("pipelines/orders.yaml", text.replace("  - id: head\n", step + "\n  - id: head\n", 1))
    bench.load()
    order = guest(bench)
    bench.run()
    assert bench.record(order).state is RecordState.WAITING
    assert bench.record(order).reason == "M3 has no alias yet"
    asked = bench.sent("CRS610MI/GetBasicData")

    bench.clock.wait(900)
    bench.run()
    assert bench.sent("CRS610MI/GetBasicData") == asked + 1

    customers = bench.world.books.table("m3.customers")
    customers["W9999"] = {**customers["W9999"], "ALCU": "WEB"}
    bench.clock.wait(900)
    bench.run()
    assert bench.record(order).state is RecordState.DONE
    assert bench.judge(order) == CLEAN


# -- customers


def test_a_customer_whose_creation_is_in_doubt_is_found_by_its_number(bench: Bench) -> None:
    order = bench.place(customer_id=6)
    bench.fault("reset_after", "CRS610MI/Add")
    bench.run()

    assert bench.judge(order) == CLEAN
    assert bench.sent("CRS610MI/Add") == 1
    assert [str(call.state) for call in bench.calls(6, "customers") if call.step == "create"] == ["found"]


def test_a_customer_number_that_somebody_else_has_is_for_a_person(bench: Bench) -> None:
    customers = bench.world.books.table("m3.customers")
    customers["W0000006"] = {**customers["W0000001"], "CUNO": "W0000006", "YREF": "somebody else"}
    order = bench.place(customer_id=6)
    bench.run()

    assert bench.record(6, "customers").state is RecordState.REVIEW
    assert "YREF is 'somebody else'" in bench.record(6, "customers").reason
    assert bench.record(order).state is RecordState.BLOCKED
    assert bench.rows("m3.orders") == []


def test_a_customer_that_this_project_created_before_its_state_was_lost_is_taken_over(bench: Bench) -> None:
    bench.place(customer_id=6)
    bench.run()
    bench.lose_state()
    later = bench.place(customer_id=6)
    bench.run()

    assert bench.record(6, "customers").state is RecordState.DONE
    assert len(bench.rows("m3.customers", CUNO="W0000006")) == 1
    assert bench.judge(later).missing == ()
