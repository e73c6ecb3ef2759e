"""What becomes of a record whose turn ends: it waits for an answer, is put down, taken back, or done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from m3nop.core.clock import DAY, SECOND
from m3nop.core.records import AttemptState, RecordState
from m3nop.engine import actions
from m3nop.engine.arrival import first_look_again, only_key
from m3nop.engine.lanes import Waiting
from m3nop.engine.resting import bury, rest
from m3nop.engine.verdicts import ends_here
from m3nop.engine.work import failure_json

if TYPE_CHECKING:
    from m3nop.core.json import Json
    from m3nop.core.state import Transaction
    from m3nop.engine.answers import Answers
    from m3nop.engine.parts import Parts
    from m3nop.engine.work import Work

RESTARTS = 20
"""Attempts that are given up without a refusal (no answers, changes) until a person is asked."""
LONGEST_RESTART = 300
"""Seconds between two of them; the first follows at once, then the pause doubles."""


class Endings:
    """Ends the turns of records, and takes them out of those that are ``active``, by id."""

    def __init__(self, parts: Parts, answers: Answers, active: dict[int, Work]) -> None:
        self._parts = parts
        self._answers = answers
        self._active = active

    def leave(self, work: Work, action: actions.Ending) -> None:
        """Queue the call that the record needs, or put it down."""
        match action:
            case actions.Send():
                self._parts.lanes.add(Waiting(work, action))
            case actions.NeedLink():
                self._block(work, action)
            case actions.Park() if work.sweeping:
                # The record itself rests where it is; only its sweep is made later.
                work.attempt.sweep_at = action.until
                self._parts.outbox.attempt(work)
                self._leave_sweep(work)
            case actions.Park():
                work.record.not_before = action.until
                self._answers.forget(work, action.forget)
                self._rest(work, action.state, reason=action.reason)
            case actions.Undone():
                self._undone(work)
            case actions.Stop():
                self._stop(work, action)
            case actions.Finish():
                self._finish(work, action)

    def let_go(self, work: Work) -> None:
        """Put a record back as it is, for a later run."""
        if work.sweeping:
            self._leave_sweep(work)
        elif work.only_look:
            self._active.pop(work.record.id, None)
        elif work.record.id in self._active:
            self._rest(work, RecordState.READY, reason=work.record.reason)

    def _block(self, work: Work, need: actions.NeedLink) -> None:
        record, now = work.record, self._parts.clock.now()
        other = self._parts.state.record(need.pipeline, need.key)
        reason = f"waits for {need.pipeline} {need.key}"
        if other is not None and other.state in (RecordState.DEAD, RecordState.REVIEW):
            reason += f", which is {other.state}: {other.reason}"
        elif other is not None and other.state in (
            RecordState.DONE,
            RecordState.BASELINED,
            RecordState.IGNORED,
        ):
            reason += f", which is {other.state} without a link"
        kept = need.record
        if other is not None and kept is None and not self._reads_again(need.pipeline):
            kept = other.snapshot
        record.blocked_by = (need.pipeline, need.key)
        wanted = only_key(
            need.pipeline, need.key, store=record.store, partition=record.partition, snapshot=need.record
        )

        def require(tx: Transaction) -> None:
            if other is None:
                tx.arrive([wanted], now=now)
            elif other.state in (RecordState.BASELINED, RecordState.IGNORED):
                store = other.store or record.store
                tx.save_if_unchanged(
                    replace(other, state=RecordState.READY, store=store, snapshot=kept, not_before=None)
                )
            tx.wake_if_linked(need.pipeline, need.key)

        self._parts.outbox.also(require)
        self._rest(work, RecordState.BLOCKED, reason=reason)

    def _reads_again(self, pipeline: str) -> bool:
        job = self._parts.jobs.get(pipeline)
        return job is None or job.any.source.can_read_again

    def undo(self, work: Work, action: actions.Undo) -> None:
        """Let the steps of an attempt be taken back, and keep what the record becomes then."""
        attempt = work.attempt
        attempt.state, attempt.then, attempt.reason = AttemptState.UNDOING, str(action.then), action.reason
        attempt.failure = {
            "failure": failure_json(action.failure),
            "step": action.step,
            "outage": self._met_an_outage(work),
        }
        work.checked.clear()
        work.walk_again()
        self._parts.outbox.attempt(work)

    def _undone(self, work: Work) -> None:
        attempt, record = work.attempt, work.record
        attempt.state = AttemptState.UNDONE
        record.commit_target = None
        self._parts.outbox.attempt(work)
        then = RecordState(attempt.then or RecordState.READY)
        if then is RecordState.READY:
            self._begin_again(work)
            return
        kept = attempt.failure or {}
        self._end(work, then, attempt.reason, failure=kept.get("failure"), step=kept.get("step", ""))

    def _begin_again(self, work: Work) -> None:
        """Let the record be claimed once more, later each time; it is then judged like anything new."""
        record, reason = work.record, work.attempt.reason
        if (work.attempt.failure or {}).get("outage") or self._met_an_outage(work):
            self._rest(work, RecordState.READY, reason=reason)
            return
        record.attempts += 1
        if record.attempts > RESTARTS:
            self._rest(work, RecordState.REVIEW, reason=f"gave up after {record.attempts} attempts: {reason}")
            return
        pause = min(2 ** (record.attempts - 2), LONGEST_RESTART) if record.attempts > 1 else 0
        record.not_before = self._parts.clock.now() + pause * SECOND
        self._rest(work, RecordState.READY, reason=reason)

    def _met_an_outage(self, work: Work) -> bool:
        """Tell whether what happened to an attempt says nothing about its record."""
        return self._parts.circuits.spoiled(work.pipeline.connections, work.attempt.opened_at)

    def _stop(self, work: Work, action: actions.Stop) -> None:
        attempt, record, retry = work.attempt, work.record, work.pipeline.retry
        if work.sweeping:
            self._end_sweep(work)
        elif attempt.committed and action.state is RecordState.DEAD and record.attempts < retry.retries:
            record.attempts += 1
            factor = 2 ** (record.attempts - 1) if retry.exponential else 1
            record.not_before = self._parts.clock.now() + int(
                min(retry.delay * factor, retry.longest) * SECOND
            )
            self._rest(work, RecordState.READY, reason=f"incomplete, will be retried: {action.reason}")
            return
        self._end(work, action.state, action.reason, failure=failure_json(action.failure), step=action.step)

    def _end(self, work: Work, state: RecordState, reason: str, *, failure: Json, step: str) -> None:
        """Put a record down for a person to look at, or for good."""
        self._active.pop(work.record.id, None)
        if state is RecordState.DEAD:
            line = work.log.get(step)
            operation = line.operation if line else step
            bury(self._parts, work.record, reason, failure=failure or {}, operation=operation, step=step)
            return
        work.record.not_before = None
        rest(self._parts, work.record, state, reason)

    def _finish(self, work: Work, action: actions.Finish) -> None:
        if work.sweeping:
            self._end_sweep(work)
            self._leave_sweep(work)
            return
        record, now, pipeline = work.record, self._parts.clock.now(), work.pipeline
        work.attempt.state = AttemptState.DONE
        if not work.attempt.committed:
            self._answers.link(work, origin="adopted" if work.only_look else "run")
        if action.remembered is not None:
            record.remembered = dict(action.remembered)
        if pipeline.moves:
            # What moves next is another document.
            record.commit_target = None
        if work.attempt.id or work.is_logged:
            self._parts.outbox.attempt(work)
        record.attempts, record.released, record.blocked_by, record.edits = 0, False, None, None
        record.digest = ""
        record.not_before, record.deadline = first_look_again(
            pipeline, record, work.attempt.snapshot, now, zone=self._parts.tools.zone
        )
        if ends_here(work):
            record.not_before = record.deadline = None
        self._parts.outbox.resolved(record, now=now)
        if pipeline.moves and work.attempt.committed:
            # Something else may have moved: a payment and its refund are two movements.
            record.not_before = None
            self._rest(work, RecordState.READY, reason="entered; looking for what else moved")
            return
        self._rest(work, RecordState.DONE, reason="; ".join(work.notes))
        self._parts.outbox.wake(record)

    def _end_sweep(self, work: Work) -> None:
        attempt = work.attempt
        attempt.sweeps += 1
        attempt.sweep_at = attempt.opened_at + DAY if attempt.sweeps == 1 else None
        self._parts.outbox.attempt(work)

    def _leave_sweep(self, work: Work) -> None:
        """Let others work on the record whose orphans were looked for."""
        if self._active.pop(work.record.id, None) is not None:
            self._parts.outbox.unclaim(work.record.id)

    def _rest(self, work: Work, state: RecordState, *, reason: str) -> None:
        """Put a record down, and let the next one have its slot."""
        self._active.pop(work.record.id, None)
        rest(self._parts, work.record, state, reason)
