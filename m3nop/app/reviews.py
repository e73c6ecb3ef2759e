"""Decides about records that were put aside for a person: released, or rejected for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from m3nop.app.actor import current_user
from m3nop.app.auditing import note
from m3nop.app.naming import check_reason, records_named, title
from m3nop.core.clock import SECOND
from m3nop.core.connector import Remedy
from m3nop.core.errors import BusyError, UsageError
from m3nop.core.records import AttemptState, RecordState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from m3nop.app.session import Session
    from m3nop.core.clock import Instant
    from m3nop.core.records import Attempt, Record
    from m3nop.core.state import State, Transaction
    from m3nop.mapping.pipeline import Pipeline

_UNSETTLED = (AttemptState.OPEN, AttemptState.UNDOING)


class Decision(Struct, frozen=True):
    """What was decided about a record."""

    record: Record
    cleared_at: Instant | None = None
    """From when on a run removes what M3 holds of it and is not real."""
    left_behind: bool = False
    """M3 may hold something of it that no run removes."""


def waiting_reviews(state: State, pipelines: Iterable[str]) -> list[Record]:
    """List the records that wait for a decision, in the order of intake."""
    return [record for name in pipelines for record in state.records(name, states=[RecordState.REVIEW])]


def find_review(state: State, text: str, pipelines: Iterable[str]) -> Record:
    """Return the one record of this name that waits for a decision.

    Raises:
        UsageError: there is none, or there are several.
    """
    found = records_named(state, text, pipelines)
    waiting = [record for record in found if record.state is RecordState.REVIEW]
    if len(waiting) == 1:
        return waiting[0]
    if waiting:
        msg = f"{text} is the key of several reviews; write {' or '.join(map(title, waiting))}"
    elif found:
        states = ", ".join(f"{title(record)} is {record.state}" for record in found)
        msg = f"{text} does not wait for a decision: {states}"
    else:
        msg = f"there is no record {text}; `m3nop trace {text}` looks for it by other numbers"
    raise UsageError(msg)


def release(session: Session, text: str, *, reason: str, wait: float = 0.0) -> Decision:
    """Let a record go on.

    One that was delivered, and changed since, is delivered as it is; one that waited too long waits again;
    any other is ready, its checks that ask for a review pass, and a call in doubt is probed again.

    Raises:
        UsageError: it does not wait for a decision, or the reason is blank.
        BusyError: a run goes on.
    """
    why, now = check_reason(reason), session.clock.now()
    state = session.state(wait=wait)
    record = find_review(state, text, session.project.pipelines)
    attempt = state.attempt(record.attempt_id) if record.attempt_id else None
    asked, before = record.reason, replace(record)
    if _is_delivered(session, record, attempt):
        _settle_as_delivered(session, record, now)
    elif attempt is not None or not _wait_again(session, record, now):
        make_ready(session, record, attempt, reason=f"released: {why}")
        record.released = True
    with state.transaction() as tx:
        save_decision(tx, record)
        detail = {"reason": why, "review": asked, "state": str(record.state)}
        note(tx, now=now, actor=current_user(), action="release", before=before, after=record, detail=detail)
    return Decision(record)


def reject(session: Session, text: str, *, reason: str, wait: float = 0.0) -> Decision:
    """Refuse a record for good; what it began in M3 is left to the sweep, which removes what is not real.

    Raises:
        UsageError: it does not wait for a decision, was delivered already, or the reason is blank.
        BusyError: a run goes on.
    """
    why, now = check_reason(reason), session.clock.now()
    state = session.state(wait=wait)
    record = find_review(state, text, session.project.pipelines)
    attempt = state.attempt(record.attempt_id) if record.attempt_id else None
    if _is_delivered(session, record, attempt):
        msg = (
            f"{title(record)} was delivered, so it cannot be rejected: release it to leave it as it is, and "
            "put right in M3 what has to be"
        )
        raise UsageError(msg)
    asked, before = record.reason, replace(record)
    began, swept = False, _is_swept(session, record)
    with state.transaction() as tx:
        if attempt is not None and attempt.state in _UNSETTLED:
            began = _give_up(state, record, attempt, why)
            attempt.sweep_at = max(attempt.sweep_at or 0, now) if began and swept else attempt.sweep_at
            tx.save_attempts([attempt])
        record.state, record.reason, record.not_before = RecordState.DEAD, f"rejected: {why}", None
        save_decision(tx, record)
        tx.add_dead_letter(
            record, now=now, remedy=Remedy.BUSINESS, signature="rejected", message=asked, step=""
        )
        tx.settle_dead_letters(record.id, now=now, settlement=f"discarded: {why}")
        detail = {"reason": why, "review": asked}
        note(tx, now=now, actor=current_user(), action="reject", before=before, after=record, detail=detail)
    cleared_at = attempt.sweep_at if attempt is not None and began else None
    return Decision(record, cleared_at, left_behind=began and not swept)


def make_ready(session: Session, record: Record, attempt: Attempt | None, *, reason: str) -> None:
    """Turn a record ready, with all its tries before it and none counted.

    Without an open attempt it is read again before it is worked on, where that can be done: somebody may have
    put it right.
    """
    record.state, record.reason, record.not_before = RecordState.READY, reason, None
    record.attempts, record.doubts, record.blocked_by = 0, 0, None
    if (attempt is None or attempt.state not in _UNSETTLED) and _can_read_again(session, record):
        record.snapshot = None


def save_decision(tx: Transaction, record: Record) -> None:
    """Write a record as a person decided, unless it is another one by now.

    Raises:
        BusyError: a run has changed it since it was read, or works on it.
    """
    if not tx.save_if_unchanged(record):
        msg = f"a run has changed {title(record)} meanwhile, or works on it: look at it again (m3nop trace)"
        raise BusyError(msg)


def _can_read_again(session: Session, record: Record) -> bool:
    """Tell whether its source gives a record by its key, as it does not with rows of a list."""
    project = session.project
    stores = project.stores_of(record.pipeline) if record.pipeline in project.pipelines else ()
    return all(project.pipeline(record.pipeline, store).source.can_read_again for store in stores)


def _wait_again(session: Session, record: Record, now: Instant) -> bool:
    """Let a record that the shop was not ready with wait for as long again; False if it need not wait."""
    from m3nop.engine.arrival import classify

    job = session.jobs([record.pipeline])[record.pipeline]
    pipeline = job.by_store.get(record.store)
    if pipeline is None or record.snapshot is None:
        return False
    arrival = classify(job, record.snapshot, partition=record.partition, now=now, zone="UTC", required=True)
    if arrival.state is not RecordState.WAITING:
        return False
    longest = pipeline.source.recheck_for
    record.state, record.reason, record.not_before = arrival.state, arrival.reason, now
    record.deadline = None if longest is None else now + int(longest * SECOND)
    return True


def _settle_as_delivered(session: Session, record: Record, now: Instant) -> None:
    from m3nop.engine.arrival import first_look_again

    record.state, record.reason = RecordState.DONE, ""
    if record.store in session.project.stores_of(record.pipeline):
        pipeline = session.project.pipeline(record.pipeline, record.store)
        record.not_before, record.deadline = first_look_again(pipeline, record, record.snapshot, now)


def _is_delivered(session: Session, record: Record, attempt: Attempt | None) -> bool:
    """Tell whether all of a record is entered; one that enters movements can have another that is not."""
    pipeline = _pipeline_of(session, record)
    moves = pipeline is not None and pipeline.moves
    return attempt is not None and attempt.state is AttemptState.DONE and not moves


def _is_swept(session: Session, record: Record) -> bool:
    """Tell whether documents of a record's pipeline are looked for by reference, and removed."""
    pipeline = _pipeline_of(session, record)
    return pipeline is not None and pipeline.double_check is not None


def _pipeline_of(session: Session, record: Record) -> Pipeline | None:
    if record.store not in session.project.stores_of(record.pipeline):
        return None
    return session.project.pipeline(record.pipeline, record.store)


def _give_up(state: State, record: Record, attempt: Attempt, reason: str) -> bool:
    """Close an attempt that nobody will go on with; return whether it may have left something in M3."""
    attempt.reason = f"rejected: {reason}"
    attempt.state = AttemptState.DONE if attempt.committed else AttemptState.UNDONE
    if attempt.committed or not any(call.effect != "read" for call in state.calls(attempt.id)):
        return False
    record.commit_target = None
    return True
