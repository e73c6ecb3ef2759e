"""What is old is deleted, on either kind of database, unless something still needs it."""

from __future__ import annotations

import pytest

from m3nop.core.records import AttemptState, CallState, RecordState
from tests.contract.state.test_work import call_of, log, opened

OLD, CUTOFF, NEW = 11, 1_000, 2_000


def prune(desk, **options):
    found = desk.state.prune(before=CUTOFF, now=desk.clock.now(), actor="ops", **options)
    return {name: count for name, count in found.items() if count}


def delivered(desk, key, **values):
    """Arrange a record with one attempt and one old call."""
    desk.arrive(key)
    record = desk.record(key)
    attempt = opened(desk, record, state=AttemptState.DONE)
    log(desk, call_of(desk, attempt, state=CallState.DONE, sent_at=OLD))
    given = {"state": RecordState.DONE, "attempt_id": attempt.id, "not_before": None}
    return desk.save(record, **{**given, **values}), attempt


def test_the_log_of_what_is_over_goes_and_the_record_with_its_last_attempt_stays(desk):
    record, attempt = delivered(desk, "1")

    assert prune(desk, dry_run=True) == {"calls": 1}
    assert prune(desk) == {"calls": 1}

    assert (desk.state.calls(attempt.id), desk.record("1")) == ([], record)
    assert desk.state.attempt(attempt.id) is not None
    assert desk.state.audit_entries()[0]["detail"]["rows"]["calls"] == 1
    assert prune(desk) == {}


@pytest.mark.parametrize(
    "values",
    [
        {"state": RecordState.WAITING}, {"state": RecordState.REVIEW}, {"not_before": NEW},
        {"remembered": {"captured": 1}}, {"state": RecordState.READY},
    ],
    ids=str,
)  # fmt: skip
def test_the_log_of_what_goes_on_stays(desk, values):
    delivered(desk, "1", **values)
    assert prune(desk) == {}


@pytest.mark.parametrize("values", [{"state": AttemptState.OPEN}, {"sweep_at": NEW}], ids=str)
def test_the_log_stays_while_an_attempt_is_not_settled(desk, values):
    _, attempt = delivered(desk, "1")
    for name, value in values.items():
        setattr(attempt, name, value)
    with desk.state.transaction() as tx:
        tx.save_attempts([attempt])
    assert prune(desk) == {}


def test_young_calls_stay_and_so_does_the_attempt_that_made_them(desk):
    record, last = delivered(desk, "1")
    first = opened(desk, record, number=2, state=AttemptState.UNDONE)
    log(desk, call_of(desk, first, "lines/1", sent_at=OLD), call_of(desk, first, "lines/2", sent_at=NEW))

    assert prune(desk) == {"calls": 2}

    assert [call.step for call in desk.state.calls(first.id)] == ["lines/2"]
    assert [attempt.id for attempt in desk.state.attempts(record.id)] == [last.id, first.id]


def test_an_earlier_attempt_goes_with_its_calls_and_its_definition(desk):
    record, last = delivered(desk, "1")
    with desk.state.transaction() as tx:
        tx.save_definition("d2", "{}")
    earlier = opened(desk, record, number=2, state=AttemptState.UNDONE, definition="d2")
    log(desk, call_of(desk, earlier, "lines/1", sent_at=OLD))

    assert prune(desk) == {"calls": 2, "attempts": 1, "definitions": 1}

    assert [attempt.id for attempt in desk.state.attempts(record.id)] == [last.id]
    assert (desk.state.definition("d1"), desk.state.definition("d2")) == ("{}", None)


def test_runs_without_calls_and_ids_that_never_came_go(desk):
    with desk.state.transaction() as tx:
        for ended in (OLD, NEW):
            run = tx.start_run("orders", now=OLD, command="m3nop sync orders", definition="d1")
            tx.end_run(run, now=ended, result="ok", counts={})
        tx.add_missing("orders", "", [7], now=OLD)
        tx.add_missing("orders", "", [8], now=NEW)

    assert prune(desk) == {"runs": 1, "missing": 1}

    assert desk.state.missing("orders", "", since=0) == [8]
    assert len(desk.state.runs()) == 2


def test_letters_that_were_settled_go_but_the_one_that_says_why_a_record_is_dead(desk):
    letter = {"remedy": "business", "signature": "s", "message": "no", "step": "head"}
    for key, settled, state in (
        ("open", None, RecordState.DEAD),
        ("given up", OLD, RecordState.DEAD),
        ("resolved", OLD, RecordState.DONE),
        ("lately", NEW, RecordState.DONE),
    ):
        record, _ = delivered(desk, key, state=state)
        with desk.state.transaction() as tx:
            tx.add_dead_letter(record, now=OLD, **letter)
            if settled is not None:
                tx.settle_dead_letters(record.id, now=settled, settlement="resolved")

    assert prune(desk) == {"calls": 3, "dead_letters": 1}

    left = [letter.key for letter in desk.state.dead_letters(open_only=False)]
    assert left == ["open", "given up", "lately"]
    assert desk.state.verify() == []
