"""Personal data of records that rest is forgotten when its time is over, on either kind of database."""

from __future__ import annotations

import pytest

from m3nop.core.records import AttemptState, CallState, RecordState
from tests.contract.state.test_pruning import CUTOFF, NEW, OLD, delivered
from tests.contract.state.test_work import call_of, log

SEEN = 500


def forget(desk) -> int:
    return desk.state.forget(before=CUTOFF, now=desk.clock.now())


@pytest.fixture(autouse=True)
def a_clock_that_begins_early(desk):
    desk.clock.instant = SEEN


def test_what_was_read_sent_and_answered_goes_and_what_happened_stays(desk):
    record, attempt = delivered(desk, "1", edits=[{"path": "email"}])
    line = desk.state.calls(attempt.id)[0]

    assert forget(desk) == 1

    kept = desk.state.calls(attempt.id)[0]
    assert (kept.fields, kept.rows, kept.origins) == ({}, None, None)
    assert (kept.operation, kept.sent_at, kept.state) == (line.operation, line.sent_at, line.state)
    again = desk.record("1")
    assert (again.snapshot, again.edits) == (None, None)
    assert (again.state, again.fingerprint, again.attempt_id) == (
        RecordState.DONE,
        record.fingerprint,
        attempt.id,
    )
    assert desk.state.attempt(attempt.id).snapshot is None
    assert list(desk.state.stream("snapshots")) == []
    assert forget(desk) == 0


def test_it_is_noted_when_and_of_how_many(desk):
    for number in range(1_203):
        desk.arrive(str(number), state=RecordState.BASELINED)
    desk.clock.instant = NEW
    assert desk.state.forgot_at() is None

    assert forget(desk) == 1_203

    assert desk.state.forgot_at() == NEW
    entry = desk.state.audit_entries()[0]
    assert (entry["action"], entry["detail"]) == ("forget", {"records": 1_203})
    forget(desk)
    assert [entry["action"] for entry in desk.state.audit_entries()].count("forget") == 1


@pytest.mark.parametrize(
    "values",
    [
        {"state": RecordState.WAITING}, {"state": RecordState.REVIEW}, {"not_before": NEW},
        {"remembered": {"captured": 1}}, {"state": RecordState.READY}, {"seen_at": NEW},
    ],
    ids=str,
)  # fmt: skip
def test_what_goes_on_or_was_seen_since_stays(desk, values):
    _, attempt = delivered(desk, "1", **values)

    assert forget(desk) == 0

    assert desk.record("1").snapshot is not None
    assert desk.state.calls(attempt.id)[0].fields != {}


def test_a_record_with_a_younger_call_stays(desk):
    _, attempt = delivered(desk, "1")
    log(desk, call_of(desk, attempt, step="confirm", state=CallState.DONE, sent_at=NEW))
    assert forget(desk) == 0


def test_a_record_whose_attempt_is_not_settled_stays(desk):
    _, attempt = delivered(desk, "1")
    attempt.state = AttemptState.OPEN
    with desk.state.transaction() as tx:
        tx.save_attempts([attempt])
    assert OLD < CUTOFF
    assert forget(desk) == 0
