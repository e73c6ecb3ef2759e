"""A snapshot is kept once, for its record and for the attempts at it, on either kind of database."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from m3nop.core.records import AttemptState, RecordState
from tests.contract.state.test_pruning import CUTOFF, OLD, prune
from tests.contract.state.test_work import opened


def kept(desk) -> list:
    return [row["snapshot"] for row in desk.state.stream("snapshots")]


def read_again(desk, snapshot, **values) -> bool:
    with desk.state.transaction() as tx:
        return tx.save_if_unchanged(replace(desk.record("1"), snapshot=snapshot, **values))


@pytest.fixture
def record(desk):
    desk.arrive("1", snapshot={"total": 1})
    return desk.record("1")


def test_an_attempt_has_the_snapshot_of_its_record(desk, record):
    attempt = opened(desk, record, kept=record.kept)

    assert kept(desk) == [{"total": 1}]
    assert desk.state.attempt(attempt.id).snapshot == {"total": 1}


def test_what_an_attempt_has_frozen_stays_when_the_record_is_read_again(desk, record):
    attempt = opened(desk, record, kept=record.kept)

    assert read_again(desk, {"total": 2})

    assert desk.record("1").snapshot == {"total": 2}
    assert desk.state.attempt(attempt.id).snapshot == {"total": 1}
    assert kept(desk) == [{"total": 1}, {"total": 2}]


def test_a_snapshot_that_nothing_has_frozen_is_replaced(desk, record):
    for total in (2, 3, None, 4):
        assert read_again(desk, total and {"total": total})

        assert desk.record("1").snapshot == (total and {"total": total})
        assert kept(desk) == ([{"total": total}] if total else [])


def test_who_decided_by_an_older_record_leaves_its_snapshot_alone(desk, record):
    assert read_again(desk, {"total": 2})
    with desk.state.transaction() as tx:
        assert not tx.save_if_unchanged(replace(record, snapshot={"total": 3}))

    assert (desk.record("1").snapshot, kept(desk)) == ({"total": 2}, [{"total": 2}])


def test_a_record_that_is_read_again_when_its_attempt_begins_shares_the_new_snapshot(desk, record):
    with desk.state.transaction() as tx:
        (claimed,) = tx.claim(["orders"], now=1_000_000, limit=1, run_id=desk.run_id)
    claimed.snapshot = {"total": 2}
    with desk.state.transaction() as tx:
        tx.keep(claimed)
    attempt = opened(desk, claimed, kept=claimed.kept)
    with desk.state.transaction() as tx:
        tx.save_record(claimed)

    assert kept(desk) == [{"total": 2}]
    assert desk.record("1").snapshot == desk.state.attempt(attempt.id).snapshot == {"total": 2}


def test_an_arrival_that_is_known_already_leaves_no_snapshot(desk, record):
    desk.arrive("1", "2", snapshot={"total": 9})

    assert [one.snapshot for one in desk.state.each_record("orders")] == [{"total": 1}, {"total": 9}]
    assert sorted(map(str, kept(desk))) == ["{'total': 1}", "{'total': 9}"]


def test_the_snapshot_of_an_attempt_that_is_pruned_goes_unless_its_record_has_it(desk, record):
    first = opened(desk, record, kept=record.kept, opened_at=OLD, state=AttemptState.UNDONE)
    assert read_again(desk, {"total": 2})
    record = desk.record("1")
    for number in (2, 3):
        last = opened(desk, record, kept=record.kept, number=number, opened_at=OLD, state=AttemptState.DONE)
    desk.save(record, state=RecordState.DONE, attempt_id=last.id)
    assert kept(desk) == [{"total": 1}, {"total": 2}]

    prune(desk)

    assert [attempt.id for attempt in desk.state.attempts(record.id)] == [last.id]
    assert desk.state.attempt(first.id) is None
    assert kept(desk) == [{"total": 2}]


def test_a_forgotten_record_leaves_none_of_its_snapshots(desk, record):
    opened(desk, record, kept=record.kept, opened_at=OLD, state=AttemptState.UNDONE)
    assert read_again(desk, {"total": 2}, state=RecordState.DONE, seen_at=1)

    assert desk.state.forget(before=CUTOFF, now=desk.clock.now()) == 1

    assert kept(desk) == []
