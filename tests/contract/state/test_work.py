from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from m3nop.core.errors import StateError
from m3nop.core.records import Attempt, AttemptState, CallState, LoggedCall, RecordState


def attempt_of(record, **values) -> Attempt:
    given = {
        "id": 0, "record_id": record.id, "number": 1, "state": AttemptState.OPEN, "opened_at": 7,
        "snapshot": record.snapshot, "definition": "d1", "reference": f"WEB-{record.key}", "epoch": 1,
    }  # fmt: skip
    return Attempt(**{**given, **values})


def opened(desk, record, **values) -> Attempt:
    attempt = attempt_of(record, **values)
    with desk.state.transaction() as tx:
        (attempt.id,) = tx.open_attempts([attempt])
    return attempt


def call_of(desk, attempt, step="head", **values) -> LoggedCall:
    given = {
        "id": f"{attempt.id}-{step}", "record_id": attempt.record_id, "attempt_id": attempt.id, "run_id": desk.run_id,
        "step": step, "connection": "erp", "operation": "OIS100MI/AddBatchHead", "effect": "unsafe",
        "fields": {"CUNO": "Y1001", "ORQT": Decimal("1.50")}, "state": CallState.SENT, "sent_at": 11,
    }  # fmt: skip
    return LoggedCall(**{**given, **values})


def log(desk, *calls) -> None:
    with desk.state.transaction() as tx:
        tx.log_calls(calls)


def answer(desk, *calls) -> None:
    with desk.state.transaction() as tx:
        tx.answer_calls(calls)


@pytest.fixture
def record(desk):
    desk.arrive("1")
    return desk.record("1")


@pytest.fixture
def attempt(desk, record):
    return opened(desk, record)


def test_every_column_of_a_record_is_saved(desk, record):
    changed = replace(
        record, store="b2b", state=RecordState.PENDING, snapshot={"id": 2}, fingerprint="g", created_at=1, seen_at=2,
        epoch=3, partition="p", not_before=4, deadline=5, reason="because", attempts=6, attempt_id=7,
        commit_target={"ORNO": "0001"}, blocked_by=("customers", "9"), digest="h", remembered={"sum": Decimal("1.10")},
        released=True, doubts=8,
    )  # fmt: skip

    desk.save(changed)

    assert desk.record("1") == changed


def test_every_column_of_an_attempt_that_can_change_is_saved(desk, attempt):
    changed = replace(
        attempt, state=AttemptState.UNDOING, doubt=True, committed=True, then="review", reason="because", failure={"message": "no"}, sweep_at=9, sweeps=1,
    )  # fmt: skip

    with desk.state.transaction() as tx:
        tx.save_attempts([changed])

    assert desk.state.attempt(attempt.id) == changed


def test_what_an_attempt_has_frozen_is_never_written_again(desk, attempt):
    with desk.state.transaction() as tx:
        tx.save_attempts([replace(attempt, snapshot=None, definition="d2", reference="R", opened_at=8)])

    assert desk.state.attempt(attempt.id) == attempt


def test_moving_a_record_leaves_its_snapshot_alone(desk, record):
    with desk.state.transaction() as tx:
        tx.move_records([replace(record, state=RecordState.REVIEW, reason="why", snapshot={"id": 2})])

    moved = replace(record, state=RecordState.REVIEW, reason="why", version=record.version + 1)
    assert desk.record("1") == moved


def test_moving_a_record_in_flight_writes_what_came_of_the_work_on_it(desk, record, attempt):
    [claimed] = desk.claim()
    came = {"attempt_id": attempt.id, "commit_target": {"ORNO": "1"}, "reason": "under way", "attempts": 2}
    with desk.state.transaction() as tx:
        tx.move_records([replace(claimed, store="other", not_before=7, **came)])

    assert desk.record("1") == replace(claimed, version=claimed.version + 1, **came)
    assert claimed.state is RecordState.IN_FLIGHT


def test_attempts_of_a_record_come_oldest_first(desk, record):
    second = opened(desk, record, number=2)
    first = opened(desk, record, number=1)

    assert desk.state.attempts(record.id) == [first, second]
    assert desk.state.attempt(999) is None


def test_a_definition_is_kept_once(desk):
    with desk.state.transaction() as tx:
        tx.save_definition("d9", "{}")
        tx.save_definition("d9", "{}")

    assert desk.state.definition("d9") == "{}"
    assert desk.state.definition("d10") is None


def test_the_call_log_comes_in_the_order_it_was_written(desk, record, attempt):
    lines = [call_of(desk, attempt, step) for step in ("head", "lines/2", "lines/1")]
    log(desk, *lines)
    sweep = call_of(desk, attempt, "sweep:1", attempt_id=None, id="s")
    log(desk, sweep)

    assert desk.state.calls(attempt.id) == lines
    assert desk.state.run_calls(record.id) == [*lines, sweep]


def test_an_answer_is_written_to_its_line(desk, attempt):
    line = call_of(desk, attempt, origins={"CUNO": "steps.customer.m3"})
    log(desk, line)
    done = replace(
        line,
        state=CallState.REFUSED,
        answered_at=12,
        rows=[{"A": Decimal("1.0")}],
        failure={"code": "WCU0103"},
        clean=False,
    )

    answer(desk, done)

    assert desk.state.calls(attempt.id) == [done]


def test_an_order_number_leads_back_to_its_record(desk, attempt):
    line = call_of(desk, attempt)
    log(desk, line)
    assert desk.state.owners_of("erp", "ORNO", ["0000104711"]) == {}

    answer(
        desk,
        replace(line, state=CallState.DONE, rows=[{"ORNO": "0000104711", "STAT": "20", "NLIN": Decimal(2)}]),
    )

    assert desk.state.owners_of("erp", "ORNO", ["0000104711"]) == {"0000104711": attempt.record_id}
    assert desk.state.owners_of("other", "ORNO", ["0000104711"]) == {}
    assert desk.state.owners_of("erp", "CUOR", ["0000104711"]) == {}
    assert desk.state.owners_of("erp", "STAT", ["20"]) == {}


def test_a_document_that_a_probe_found_belongs_to_its_record(desk, attempt):
    line = call_of(desk, attempt, "confirm")
    log(desk, line)

    answer(desk, replace(line, state=CallState.FOUND, rows=[{"ORNO": "0010000001"}]))

    assert desk.state.owners_of("erp", "ORNO", ["0010000001"]) == {"0010000001": attempt.record_id}


@pytest.mark.parametrize(
    "values",
    [
        {"step": "probe:head"},
        {"step": "undo:head"},
        {"step": "sweep:0000104711"},
        {"effect": "read"},
        {"state": CallState.ABSENT},
        {"rows": [{"ORNO": "0000104711"}, {"ORNO": "0000104712"}]},
        {"rows": []},
        {"rows": [{"ORNO": "x" * 41}]},
    ],
)
def test_a_list_a_look_up_or_a_text_makes_nobody_an_owner(desk, attempt, values):
    line = call_of(desk, attempt)
    given = {"state": CallState.DONE, "rows": [{"ORNO": "0000104711"}], **values}

    log(desk, replace(line, **given))

    assert list(desk.state.stream("document_numbers")) == []


def test_the_key_of_an_item_may_hold_a_colon(desk, attempt):
    log(desk, call_of(desk, attempt, "lines/a:b", state=CallState.DONE, rows=[{"ORNO": "0000104711"}]))

    assert desk.state.owners_of("erp", "ORNO", ["0000104711"]) == {"0000104711": attempt.record_id}


def test_the_first_record_that_was_answered_a_number_owns_it(desk, attempt):
    desk.arrive("2")
    other = opened(desk, desk.record("2"))

    log(desk, call_of(desk, other, state=CallState.DONE, rows=[{"ORNO": "0000104711"}]))
    log(desk, call_of(desk, attempt, state=CallState.DONE, rows=[{"ORNO": "0000104711"}]))

    assert desk.state.owners_of("erp", "ORNO", ["0000104711"]) == {"0000104711": attempt.record_id}
    assert [record.key for record in desk.state.find("0000104711")] == ["1", "2"]


def test_sweeps_come_when_they_are_due_longest_due_first(desk, record):
    late = opened(desk, record, number=1, sweep_at=30)
    early = opened(desk, record, number=2, sweep_at=20)
    opened(desk, record, number=3, sweep_at=31)
    opened(desk, record, number=4)

    assert [found.id for found in desk.state.due_sweeps(30, limit=5)] == [early.id, late.id]
    assert [found.id for found in desk.state.due_sweeps(30, limit=1)] == [early.id]
    desk.save(record, state=RecordState.DONE)
    assert desk.state.next_due([]) == 20


def test_a_call_for_a_record_that_is_not_there_stops_everything(desk, attempt):
    with pytest.raises(StateError, match="does not fit the others"):
        log(desk, call_of(desk, attempt, record_id=999))
    with pytest.raises(StateError, match="nothing more is done"), desk.state.transaction():
        pass
    with pytest.raises(StateError, match="nothing more is done"):
        desk.state.record("orders", "1")
