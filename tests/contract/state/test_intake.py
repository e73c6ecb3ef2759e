from __future__ import annotations

from decimal import Decimal

import pytest

from m3nop.core.json import dumps
from m3nop.core.records import Arrival, RecordState


def test_an_arrival_becomes_a_record_of_the_present_epoch(desk, clock):
    desk.arrive("1042", store="b2b", partition="p", not_before=7, deadline=9, reason="too young")

    record = desk.record("1042")

    assert (record.store, record.partition, record.state, record.epoch) == (
        "b2b",
        "p",
        RecordState.READY,
        desk.state.epoch,
    )
    assert (record.not_before, record.deadline, record.reason) == (7, 9, "too young")
    assert (record.created_at, record.seen_at, record.fingerprint) == (5, clock.now(), "f")
    assert (record.attempts, record.attempt_id, record.blocked_by, record.released, record.doubts) == (
        0,
        None,
        None,
        False,
        0,
    )
    assert desk.state.record_by_id(record.id) == record


def test_a_record_that_exists_is_left_alone(desk):
    desk.arrive("1", snapshot={"total": 1})
    desk.arrive("1", "2", snapshot={"total": 2}, state=RecordState.WAITING)

    assert (desk.record("1").snapshot, desk.record("1").state) == ({"total": 1}, RecordState.READY)
    assert desk.record("2").state is RecordState.WAITING


def test_the_same_key_in_one_arrival_twice_is_one_record(desk):
    desk.arrive("1", "1")

    assert len(desk.state.records("orders")) == 1


def test_the_same_key_of_another_pipeline_is_another_record(desk):
    desk.arrive("1")
    desk.arrive("1", pipeline="customers")

    assert desk.record("1").id != desk.record("1", "customers").id


def test_money_comes_back_with_every_digit(desk):
    snapshot = {"price": Decimal("19.90"), "rate": Decimal("1E+3"), "sum": 12345678901234567890, "none": None}

    desk.arrive("1", snapshot=snapshot)

    assert dumps(desk.record("1").snapshot) == dumps(snapshot)


def test_text_that_no_database_can_hold_does_not_stop_intake(desk):
    desk.arrive("1", snapshot={"name": "cut \ud83d emoji \0"}, reason="cut \ud83d emoji \0")

    assert desk.record("1").snapshot == {"name": "cut \ud83d emoji \0"}
    assert desk.record("1").reason == "cut ? emoji ?"


def test_a_record_may_be_known_by_its_key_alone(desk):
    desk.arrive("7", snapshot=None, created_at=None)

    assert (desk.record("7").snapshot, desk.record("7").created_at) == (None, None)


def test_ten_thousand_records_arrive_in_one_transaction(desk):
    desk.arrive(*map(str, range(10_000)), snapshot={"items": [{"sku": "A", "price": Decimal("1.50")}] * 5})

    assert desk.state.counts("orders") == {RecordState.READY: 10_000}


def test_an_empty_arrival_is_no_arrival(desk):
    desk.arrive()

    assert desk.state.counts("orders") == {}


def test_watermark_and_records_are_committed_together_or_not_at_all(desk, clock):
    def break_off() -> None:
        raise KeyError

    arrival = Arrival("orders", "1", "web", "", {}, "f", None, RecordState.READY)
    with pytest.raises(KeyError), desk.state.transaction() as tx:
        tx.arrive([arrival], now=clock.now())
        tx.set_watermark("orders", "", "1", now=clock.now())
        break_off()

    assert desk.state.record("orders", "1") is None
    assert desk.state.watermark("orders", "") is None
    desk.arrive("2")
    assert desk.record("2").state is RecordState.READY


def test_a_watermark_belongs_to_a_pipeline_and_a_partition(desk):
    with desk.state.transaction() as tx:
        tx.set_watermark("orders", "web", '{"id": 1}', now=1)
        tx.set_watermark("orders", "web", '{"id": 2}', now=2)
        tx.set_watermark("orders", "b2b", None, now=2)

    assert desk.state.watermark("orders", "web") == '{"id": 2}'
    assert desk.state.watermark("orders", "b2b") is None
    assert desk.state.watermark("customers", "web") is None


def test_a_missing_id_keeps_the_time_it_was_first_missed(desk):
    with desk.state.transaction() as tx:
        tx.add_missing("orders", "", [5, 3, 4], now=10)
        tx.add_missing("orders", "", [5, 6], now=20)
        tx.add_missing("orders", "other", [9], now=20)

    assert desk.state.missing("orders", "", since=10) == [3, 4, 5, 6]
    assert desk.state.missing("orders", "", since=11) == [6]


def test_an_id_that_appeared_is_not_missing_any_more(desk):
    with desk.state.transaction() as tx:
        tx.add_missing("orders", "", [1, 2], now=10)
        tx.drop_missing("orders", "", [1, 99])
        tx.drop_missing("orders", "other", [2])

    assert desk.state.missing("orders", "", since=0) == [2]


def test_known_keys_are_those_that_have_a_record(desk):
    desk.arrive(*map(str, range(1200)))

    assert desk.state.known_keys("orders", [str(number) for number in range(600, 1800)]) == {
        str(n) for n in range(600, 1200)
    }
    assert desk.state.known_keys("orders", []) == set()


def test_rows_are_compared_with_the_snapshots_that_the_state_holds(desk):
    row = {"ITNO": "A", "text": "half a pair \ud83d", "STQT": Decimal("1.50"), "none": None}
    desk.arrive(*map(str, range(1200)), snapshot=row, state=RecordState.DONE)
    desk.arrive("ignored", snapshot=row, state=RecordState.IGNORED)
    desk.arrive("only its key", snapshot=None)

    # Neither the order of its columns nor the zeros of a number make it another row.
    same = dict(reversed({**row, "STQT": Decimal("1.5")}.items()))
    other = {**row, "STQT": Decimal("1.51")}
    asked = {
        **dict.fromkeys(map(str, range(600, 1800)), row),
        "600": same,
        "601": other,
        "602": {**row, "new": 1},
    }
    asked |= {"ignored": row, "only its key": row}
    found = desk.state.compared("orders", asked)

    assert {key for key, (_, differs) in found.items() if differs} == {"601", "602", "only its key"}
    assert {key for key, (state, _) in found.items() if state is RecordState.DONE} == set(
        map(str, range(600, 1200))
    )
    assert (found["ignored"], found["only its key"][0]) == ((RecordState.IGNORED, False), RecordState.READY)
    assert desk.state.compared("orders", {}) == {}
    assert desk.state.compared("customers", asked) == {}


def test_records_created_in_a_window_are_counted(desk):
    for instant in (9, 10, 19, 20):
        desk.arrive(str(instant), created_at=instant)
    desk.arrive("unknown", created_at=None)
    desk.arrive("elsewhere", created_at=15, partition="b2b")

    assert desk.state.count_created("orders", "", 10, 20) == 2


def test_a_baseline_covers_older_records_that_nothing_was_done_with(desk):
    desk.arrive("old", created_at=9)
    desk.arrive("waiting", created_at=9, state=RecordState.WAITING, not_before=3, deadline=4)
    desk.arrive("new", created_at=10)
    desk.arrive("undated", created_at=None)
    desk.arrive("reviewed", created_at=9, state=RecordState.REVIEW)
    desk.arrive("tried", created_at=9)
    desk.save(desk.record("tried"), attempt_id=1)

    with desk.state.transaction() as tx:
        tx.set_baseline("orders", 10)

    states = {record.key: record.state for record in desk.state.records("orders")}
    assert desk.state.baseline("orders") == 10
    assert states == {
        "old": RecordState.BASELINED, "waiting": RecordState.BASELINED, "new": RecordState.READY,
        "undated": RecordState.READY, "reviewed": RecordState.REVIEW, "tried": RecordState.READY,
    }  # fmt: skip
    assert (desk.record("waiting").not_before, desk.record("waiting").deadline) == (None, None)


def test_baseline_and_identity_of_a_pipeline_do_not_disturb_each_other(desk):
    assert (desk.state.identity("orders"), desk.state.baseline("orders")) == (None, None)
    with desk.state.transaction() as tx:
        tx.set_baseline("orders", 10)
    assert desk.state.identity("orders") is None
    with desk.state.transaction() as tx:
        tx.set_identity("orders", key="order.id", reference="")

    assert (desk.state.identity("orders"), desk.state.baseline("orders")) == (("order.id", ""), 10)
