"""Delivers records: claims a set, drives each through its steps, and keeps the call log ahead of the network.

One thread owns the state and all the decisions; others only carry requests. Whatever a request could do is
committed as ``sent`` before the request leaves.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from m3nop.core.clock import DAY, SECOND, Clock, Instant
from m3nop.core.connector import Answer, Effect, Failure, Outcome, Remedy
from m3nop.core.errors import ConfigurationError, M3nopError
from m3nop.core.json import Json, digest
from m3nop.core.state import (
    Attempt,
    AttemptState,
    CallState,
    Link,
    LoggedCall,
    Record,
    RecordState,
    State,
    Transaction,
)
from m3nop.engine import actions
from m3nop.engine.advance import advance, is_committed
from m3nop.engine.arrival import classify, created, fingerprint, first_look_again, only_key, source_root
from m3nop.engine.lanes import Lanes, Waiting, fatal
from m3nop.engine.outbox import Outbox
from m3nop.engine.work import Work, failure_json, matching_rows, name_row
from m3nop.mapping.context import Context
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.pipeline import Pipeline

if TYPE_CHECKING:
    from m3nop.engine.ports import Job, Tools
    from m3nop.engine.sources import Sources
    from m3nop.engine.tally import Tally

CLAIM = 200
SWEEP_AGAIN = 60 * SECOND
STALE_AFTER = 600 * SECOND
"""A snapshot older than this is read again before its record's first attempt."""
_REFERENCE = re.compile(r"[A-Z0-9-]+")
_STEPS_PER_ANSWER = 10_000

_STATES = {
    Outcome.DONE: CallState.DONE,
    Outcome.REFUSED: CallState.REFUSED,
    Outcome.NOT_SENT: CallState.NOT_SENT,
    Outcome.IN_DOUBT: CallState.IN_DOUBT,
}


class Delivery:
    """Drives claimed records until nothing is due."""

    def __init__(
        self, state: State, tools: Tools, jobs: Mapping[str, Job], sources: Sources, *, clock: Clock, run_id: int,
        lanes: Lanes, wanted: Sequence[str], tally: Tally,
    ) -> None:  # fmt: skip
        self._wanted = [name for name in jobs if name in wanted]
        self._required = [name for name in jobs if name not in wanted]
        self._state = state
        self._tools = tools
        self._jobs = jobs
        self._sources = sources
        self._clock = clock
        self._run_id = run_id
        self._lanes = lanes
        self._settle_after = {name: int(one.settle_after * SECOND) for name, one in tools.connections.items()}
        self._active: dict[int, Work] = {}
        self._outbox = Outbox(state)
        self._error: M3nopError | None = None
        self._tally = tally
        self._started = clock.now()

    # -- the loop

    def drain(
        self, *, stores: Sequence[str] = (), keys: Sequence[str] = (), limit: int | None = None
    ) -> tuple[int, int]:
        """Work until nothing is due any more; return how many records and how many sweeps were taken.

        Raises:
            M3nopError: a system, or the state, does not work; every record is where the next run finds it.
        """
        taken = 0
        swept = self._take_sweeps()
        try:
            while True:
                if not self._halted:
                    room = CLAIM - len(self._active)
                    wanted = room if limit is None else min(room, limit - taken)
                    if wanted > 0 and len(self._active) < CLAIM // 2:
                        taken += self._claim(wanted, stores=stores, keys=keys)
                    self._dispatch()
                self._outbox.commit()
                if not self._lanes.under_way and (self._halted or not self._pause_if_waiting()):
                    if self._halted or not self._active:
                        break
                self._collect()
        finally:
            self._put_back()
        if self._error is not None:
            raise self._error
        return taken, swept

    @property
    def _halted(self) -> bool:
        return self._error is not None or bool(self._tools.stop)

    def _pause_if_waiting(self) -> bool:
        """Wait for a connection that asked for a pause; False if nothing waits for one."""
        until = self._lanes.resume_at()
        if until is None:
            return False
        left = until - self._clock.now()
        if left > 0:
            self._clock.wait(min(left / SECOND, 0.5))
        return True

    def _collect(self) -> None:
        for waiting, answer in self._lanes.collect(wait=0.2 if self._lanes.under_way else 0):
            self._error = self._error or fatal(answer)
            self._absorb(waiting, answer)
            # An answer that ends the run decides nothing about the record that happened to get it.
            if self._error is None and waiting.work.record.id in self._active:
                self._drive(waiting.work)
        self._error = self._error or self._lanes.trouble()

    def _put_back(self) -> None:
        """Leave every record that is still claimed where the next run takes it up."""
        self._lanes.drop_waiting()
        for work in list(self._active.values()):
            if not work.sweeping:
                self._rest(work, RecordState.READY, reason=work.record.reason)
        self._active.clear()
        self._outbox.commit()

    # -- claiming

    def _claim(self, limit: int, *, stores: Sequence[str], keys: Sequence[str]) -> int:
        now, run_id = self._clock.now(), self._run_id
        with self._state.transaction() as tx:
            records = tx.claim(self._wanted, now=now, limit=limit, run_id=run_id, stores=stores, keys=keys)
            if self._required:
                records += tx.claim(self._required, now=now, limit=CLAIM, run_id=run_id)
        for record in self._refresh(records, now):
            work = self._take(record)
            if work is not None:
                self._active[record.id] = work
                self._drive(work)
        return len(records)

    def _refresh(self, records: list[Record], now: Instant) -> list[Record]:
        """Read again what is only known by key, was read long ago, or was left in mid-attempt by an earlier run."""
        stale: dict[tuple[str, str], list[Record]] = {}
        for record in records:
            if self._is_stale(record, now):
                stale.setdefault((record.pipeline, record.partition), []).append(record)
        gone: set[int] = set()
        for (name, partition), group in stale.items():
            fresh = self._sources.fetch(self._jobs[name], partition, [record.key for record in group])
            gone.update(record.id for record in group if not self._renew(record, fresh.get(record.key), now))
        return [record for record in records if record.id not in gone]

    def _is_stale(self, record: Record, now: Instant) -> bool:
        if record.snapshot is None:
            return True
        attempt = self._state.attempt(record.attempt_id) if record.attempt_id else None
        if attempt is not None and attempt.state in (AttemptState.OPEN, AttemptState.UNDOING):
            return not attempt.committed and record.commit_target is None and record.seen_at < self._started
        return now - record.seen_at > STALE_AFTER

    def _renew(self, record: Record, snapshot: Json, now: Instant) -> bool:
        """Put a fresh snapshot into a record; False if there is none and nothing of it is under way."""
        if snapshot is None:
            if record.snapshot is not None and record.attempt_id is not None:
                return True
            self._rest_bare(record, RecordState.DEAD, "the shop no longer has it", dead=True)
            return False
        mark = fingerprint(snapshot)
        if record.fingerprint and mark != record.fingerprint:
            self._rest_bare(record, RecordState.REVIEW, "another record has taken its key in the shop")
            return False
        record.snapshot, record.seen_at, record.fingerprint = snapshot, now, mark
        record.created_at = record.created_at or created(snapshot)
        self._outbox.renewed(record)
        return True

    def _rest_bare(self, record: Record, state: RecordState, reason: str, *, dead: bool = False) -> None:
        record.state, record.reason = state, reason
        self._outbox.renewed(record)
        if dead:
            self._bury(record, {}, signature="gone", message=reason, step="source")
        self._tally.rested(record, state, reason)

    def _bury(self, record: Record, failure: Mapping[str, Json], *, signature: str, message: str, step: str) -> None:
        """Keep a refusal for a person to look at."""
        now, remedy = self._clock.now(), failure.get("remedy", Remedy.BUSINESS)
        self._outbox.also(
            lambda tx: tx.add_dead_letter(
                record, now=now, remedy=remedy, signature=signature, message=message, step=step
            )
        )

    def _take(self, record: Record) -> Work | None:
        job = self._jobs[record.pipeline]
        pipeline = job.by_store.get(record.store)
        if pipeline is None:
            self._rest_bare(record, RecordState.IGNORED, f"store {record.store or 'unknown'} is not served")
            return None
        attempt = self._state.attempt(record.attempt_id) if record.attempt_id else None
        if attempt is not None and attempt.state in (AttemptState.OPEN, AttemptState.UNDOING):
            return self._resume(pipeline, record, attempt)
        if pipeline.commit_step and (record.commit_target or self._state.link(record.pipeline, record.key)):
            # Created once: whatever turned it ready again, its steps never run a second time.
            self._rest_bare(record, RecordState.DONE, "it is in M3 already")
            return None
        return self._begin(pipeline, record, number=attempt.number + 1 if attempt else 1)

    def _begin(self, pipeline: Pipeline, record: Record, *, number: int) -> Work | None:
        now = self._clock.now()
        arrival = classify(
            self._jobs[record.pipeline], record.snapshot, partition=record.partition, now=now, zone=self._tools.zone,
            required=True, store=record.store,
        )  # fmt: skip
        if arrival.state is not RecordState.READY and not record.released:
            record.not_before, record.deadline = arrival.not_before, record.deadline or arrival.deadline
            self._rest_bare(record, arrival.state, arrival.reason)
            return None
        attempt = Attempt(
            id=0, record_id=record.id, number=number, state=AttemptState.OPEN, opened_at=now,
            snapshot=record.snapshot, definition=pipeline.digest, reference="", epoch=self._state.epoch,
        )  # fmt: skip
        try:
            attempt.reference = reference_of(pipeline, record.snapshot, now, self._tools.zone)
        except EvaluationError as error:
            self._rest_bare(record, RecordState.DEAD, f"reference: {error}", dead=True)
            return None
        return self._work(pipeline, record, attempt, ())

    def _resume(self, pipeline: Pipeline, record: Record, attempt: Attempt) -> Work:
        frozen = self._frozen(attempt, pipeline)
        lines = [line for line in self._state.calls(attempt.id) if not line.step.startswith(("probe:", "check:"))]
        work = self._work(frozen, record, attempt, lines)
        # A refusal has no effect: after a crash or a retry by hand the call is simply made again.
        for path, line in list(work.log.items()):
            if line.state is CallState.REFUSED:
                del work.log[path]
            elif line.state is CallState.SENT:
                self._doubt(work, line)
        if frozen is not pipeline:
            work.outdated = "the mapping, its settings or lookups have changed"
        elif digest(attempt.snapshot) != digest(record.snapshot):
            work.outdated = "the record has changed in the shop"
        return work

    def _frozen(self, attempt: Attempt, pipeline: Pipeline | None) -> Pipeline:
        """Return the pipeline as it was when the attempt was opened."""
        if pipeline is not None and attempt.definition == pipeline.digest:
            return pipeline
        text = self._state.definition(attempt.definition)
        if text is None:
            msg = f"the definition {attempt.definition[:12]} of attempt {attempt.id} is missing; restore the state"
            raise ConfigurationError(msg)
        return self._tools.recompile(text)

    def _work(self, pipeline: Pipeline, record: Record, attempt: Attempt, lines: Sequence[LoggedCall]) -> Work:
        return Work(
            pipeline, record, attempt, lines=lines, link=self._state.link(record.pipeline, record.key),
            zone=self._tools.zone, settle_after=self._settle_after,
        )  # fmt: skip

    def _take_sweeps(self) -> int:
        now, taken = self._clock.now(), 0
        for attempt in self._state.due_sweeps(now, limit=CLAIM):
            record = self._state.record_by_id(attempt.record_id)
            if record is None or record.pipeline not in self._jobs or record.id in self._active:
                continue
            if self._is_unsettled(record):
                # What it has in M3 may still become the real one: look again when it is settled.
                attempt.sweep_at = now + SWEEP_AGAIN
                self._outbox.attempt_alone(attempt)
                continue
            frozen = self._frozen(attempt, self._jobs[record.pipeline].by_store.get(record.store))
            work = self._work(frozen, record, attempt, self._state.calls(attempt.id))
            work.sweeping = True
            self._active[record.id] = work
            taken += 1
            self._drive(work)
        return taken

    def _is_unsettled(self, record: Record) -> bool:
        attempt = self._state.attempt(record.attempt_id) if record.attempt_id else None
        open_states = (AttemptState.OPEN, AttemptState.UNDOING)
        return attempt is not None and attempt.state in open_states and not attempt.committed

    # -- driving

    def _drive(self, work: Work) -> None:
        """Follow one record until it needs an answer, or comes to rest."""
        for _ in range(_STEPS_PER_ANSWER):
            if not self._follow(work, advance(work, self._clock.now())):
                return
        msg = f"record {work.record.key} makes no progress; please report this with `m3nop trace {work.record.key}`"
        raise M3nopError(msg)

    def _follow(self, work: Work, action: actions.Action) -> bool:
        """Carry out a decision; False when the record has given up its slot."""
        match action:
            case actions.NeedLink():
                return self._resolve(work, action)
            case actions.Settle():
                self._settle(work, action)
            case actions.Refuse():
                line = work.log[action.path]
                line.state, line.failure = CallState.REFUSED, failure_json(action.failure)
                self._outbox.answer(line)
                work.walk_again()
            case actions.Undo():
                self._undo(work, action)
            case actions.Undone():
                return self._undone(work)
            case actions.Park():
                work.record.not_before = action.until
                if action.forget:
                    work.log.pop(action.forget, None)
                self._rest(work, action.state, reason=action.reason)
                return False
            case actions.Stop():
                self._stop(work, action)
                return False
            case actions.Finish():
                self._finish(work)
                return False
            case actions.Send():
                self._lanes.add(Waiting(work, action))
                return False
        return True

    def _resolve(self, work: Work, need: actions.NeedLink) -> bool:
        link = self._state.link(need.pipeline, need.key)
        if link is not None:
            work.links[need.pipeline, need.key] = link
            return True
        record, now = work.record, self._clock.now()
        other = self._state.record(need.pipeline, need.key)
        reason = f"waits for {need.pipeline} {need.key}"
        if other is not None and other.state in (RecordState.DEAD, RecordState.REVIEW):
            reason += f", which is {other.state}: {other.reason}"
        elif other is not None and other.state in (RecordState.DONE, RecordState.BASELINED, RecordState.IGNORED):
            reason += f", which is {other.state} without a link"
        record.blocked_by = (need.pipeline, need.key)
        wanted = only_key(need.pipeline, need.key, store=record.store, partition=record.partition)

        def require(tx: Transaction) -> None:
            if other is None:
                tx.arrive([wanted], now=now)
            elif other.state in (RecordState.BASELINED, RecordState.IGNORED):
                tx.save_record(replace(other, state=RecordState.READY, snapshot=None, not_before=None))

        self._outbox.also(require)
        self._rest(work, RecordState.BLOCKED, reason=reason)
        return False

    def _settle(self, work: Work, action: actions.Settle) -> None:
        now = self._clock.now()
        line = work.log.get(action.path)
        rows: Any = [dict(row) for row in action.rows]
        known = line is not None
        if line is None:
            step = work.step_at(action.path)
            assert step.call is not None  # noqa: S101  only calls are settled
            line = self._line(work, action.path, step.call.target.connection, step.call.target.operation, {}, {})
        line.state = CallState.FOUND if action.found else CallState.ABSENT
        line.answered_at, line.rows = now, rows if action.found else line.rows
        work.record_line(line)
        work.checked.pop(f"probe:{action.path}", None)
        work.record.doubts = 0
        if action.found and work.attempt.state is AttemptState.UNDOING:
            work.attempt.state = AttemptState.OPEN
        self._outbox.attempt(work)
        if known:
            self._outbox.answer(line)
        else:
            self._outbox.log(work, line)
        self._note_commit(work, origin="adopted" if action.adopted else "run")
        work.walk_again()

    def _undo(self, work: Work, action: actions.Undo) -> None:
        attempt = work.attempt
        attempt.state, attempt.then, attempt.reason = AttemptState.UNDOING, str(action.then), action.reason
        attempt.failure = {"failure": failure_json(action.failure), "step": action.step}
        work.checked.clear()
        work.walk_again()
        self._outbox.attempt(work)

    def _undone(self, work: Work) -> bool:
        attempt, record = work.attempt, work.record
        attempt.state = AttemptState.UNDONE
        record.commit_target = None
        self._outbox.attempt(work)
        then = RecordState(attempt.then or RecordState.READY)
        if then is RecordState.READY:
            record.attempts += 1
            if record.attempts > work.pipeline.retry.retries:
                self._rest(work, RecordState.REVIEW, reason=f"gave up after {record.attempts} attempts: {attempt.reason}")
                return False
            # Claimed again, so that what changed meanwhile is judged like anything new.
            record.not_before = None
            self._rest(work, RecordState.READY, reason=attempt.reason)
            return False
        kept = attempt.failure or {}
        self._come_to_rest_badly(work, then, attempt.reason, kept.get("failure"), kept.get("step", ""))
        return False

    def _stop(self, work: Work, action: actions.Stop) -> None:
        attempt, record, retry = work.attempt, work.record, work.pipeline.retry
        if work.sweeping:
            self._end_sweep(work)
        elif attempt.committed and action.state is RecordState.DEAD and record.attempts < retry.retries:
            record.attempts += 1
            factor = 2 ** (record.attempts - 1) if retry.exponential else 1
            record.not_before = self._clock.now() + int(min(retry.delay * factor, retry.longest) * SECOND)
            self._rest(work, RecordState.READY, reason=f"incomplete, will be retried: {action.reason}")
            return
        self._come_to_rest_badly(work, action.state, action.reason, failure_json(action.failure), action.step)

    def _come_to_rest_badly(self, work: Work, state: RecordState, reason: str, failure: Json, step: str) -> None:
        record = work.record
        if state is RecordState.DEAD:
            kept = failure or {}
            line = work.log.get(step)
            operation = line.operation if line else step
            signature = " ".join(part for part in (operation, kept.get("code"), kept.get("field")) if part)
            self._bury(record, kept, signature=signature, message=reason, step=step)
        record.not_before = None
        self._rest(work, state, reason=reason)

    def _finish(self, work: Work) -> None:
        if work.sweeping:
            self._end_sweep(work)
            del self._active[work.record.id]
            return
        record, now, pipeline = work.record, self._clock.now(), work.pipeline
        work.attempt.state = AttemptState.DONE
        if not work.attempt.committed:
            self._link(work, origin="run")
        if pipeline.remember:
            record.remembered = {name: value.evaluate(work.root(), work.context) for name, value in pipeline.remember}
        if work.attempt.id or work.log:
            self._outbox.attempt(work)
        record.attempts, record.released, record.blocked_by = 0, False, None
        record.digest = ""
        record.not_before, record.deadline = first_look_again(pipeline, record, work.attempt.snapshot, now)
        self._rest(work, RecordState.DONE, reason="; ".join(work.notes))
        self._outbox.also(lambda tx: tx.settle_dead_letters(record.id, now=now, settlement="resolved"))
        self._outbox.also(lambda tx: tx.wake(record.pipeline, [record.key]))

    def _end_sweep(self, work: Work) -> None:
        attempt = work.attempt
        attempt.sweeps += 1
        attempt.sweep_at = attempt.opened_at + DAY if attempt.sweeps == 1 else None
        self._outbox.attempt(work)

    def _rest(self, work: Work, state: RecordState, *, reason: str) -> None:
        """Put a record down, and let the next one have its slot."""
        record = work.record
        record.state, record.reason = state, reason
        if state is not RecordState.BLOCKED:
            record.blocked_by = None
        if state is RecordState.READY and record.not_before is not None and record.not_before <= self._clock.now():
            record.not_before = None
        self._outbox.record(record)
        self._active.pop(record.id, None)
        self._tally.rested(record, state, reason)

    # -- calls and answers

    def _dispatch(self) -> None:
        """Commit the ``sent`` lines of the next groups, then send them."""
        while group := self._lanes.next_group():
            for waiting in group:
                send = waiting.send
                operation = send.target.operation
                waiting.line = self._line(
                    waiting.work, send.path, send.target.connection, operation, send.fields, send.origins
                )
                if operation.effect is not Effect.READ:
                    self._log_sent(waiting)
            self._outbox.commit()
            self._lanes.send(group)

    def _line(
        self, work: Work, path: str, connection: str, operation: Any, fields: Mapping[str, Json],
        origins: Mapping[str, str],
    ) -> LoggedCall:  # fmt: skip
        return LoggedCall(
            id=uuid.uuid4().hex, record_id=work.record.id, attempt_id=work.attempt.id or None, run_id=self._run_id,
            step=path, connection=connection, operation=operation.name, effect=str(operation.effect), fields=fields,
            state=CallState.SENT, sent_at=self._clock.now(), origins=origins,
        )  # fmt: skip

    def _log_sent(self, waiting: Waiting) -> None:
        work, line = waiting.work, waiting.line
        assert line is not None  # noqa: S101  made just before
        work.record_line(line)
        if waiting.send.commit_target is not None:
            work.record.commit_target = waiting.send.commit_target
            self._outbox.record(work.record)
        self._outbox.log(work, line)

    def _absorb(self, waiting: Waiting, answer: Answer) -> None:
        """Put an answer into the log."""
        work, send, line = waiting.work, waiting.send, waiting.line
        assert line is not None  # noqa: S101  made at dispatch
        line.state, line.answered_at, line.clean = _STATES[answer.outcome], self._clock.now(), answer.clean
        line.rows = [dict(row) for row in answer.rows]
        line.failure = failure_json(answer.failure)
        if not answer.clean:
            work.attempt.doubt = True
        if send.purpose is actions.Purpose.CHECK:
            self._absorb_check(waiting, answer)
        elif line.effect == Effect.READ:
            self._absorb_read(work, line)
        else:
            self._absorb_call(work, line)

    def _absorb_check(self, waiting: Waiting, answer: Answer) -> None:
        work, send, line = waiting.work, waiting.send, waiting.line
        assert line is not None  # noqa: S101  made at dispatch
        if line.state not in (CallState.DONE, CallState.REFUSED):
            return
        rows = answer.rows if line.state is CallState.DONE else ()
        if send.probe is None:
            work.checked[send.path] = [dict(row) for row in rows]
        else:
            named = matching_rows(work, send.probe, rows, send.root or work.root())
            work.checked[send.path] = [self._with_owner(work, row) for row in named]
            self._answer_pending(work, send.path)
        if work.attempt.id:
            self._outbox.log(work, line)

    def _answer_pending(self, work: Work, path: str) -> None:
        """Take a probe's news of a pending commit over into the commit's own line."""
        step = work.pipeline.commit_step
        if step is None or step.call is None or path != f"probe:{step.id}" or not work.checked[path]:
            return
        line = work.taken(step.id)
        if line is None:
            return
        known = name_row(step.call.outputs, (line.rows or [{}])[0])
        news = {name: value for name, value in work.checked[path][0].items() if value is not None}
        merged = {**known, **news}
        line.rows = [{source: merged.get(name) for name, source in step.call.outputs.names.items()}]
        self._outbox.answer(line)
        self._note_commit(work, origin="run")

    def _with_owner(self, work: Work, row: dict[str, Any]) -> dict[str, Any]:
        """Say which record a found document belongs to, by the numbers that earlier calls were answered with."""
        for step in work.pipeline.steps:
            if step.call is None or not (step.undo or step.commit):
                continue
            for name in _identifying(work.pipeline, step.id):
                source, value = step.call.outputs.names.get(name), row.get(name)
                if source is None or value in (None, ""):
                    continue
                owner = self._state.owner_of(step.call.target.connection, source, str(value))
                if owner is not None:
                    return {**row, "_owner": owner}
        return row

    def _absorb_read(self, work: Work, line: LoggedCall) -> None:
        if line.state not in (CallState.DONE, CallState.REFUSED):
            return
        work.record_line(line)
        self._outbox.log(work, line)

    def _absorb_call(self, work: Work, line: LoggedCall) -> None:
        if _found_already(line) and not line.step.startswith(("undo:", "surplus:")):
            self._distrust(work, line)
        work.record_line(line)
        if line.state is CallState.IN_DOUBT:
            self._doubt(work, line)
        else:
            self._outbox.answer(line)
        if not line.clean:
            self._outbox.attempt(work)
        if line.state is CallState.DONE:
            self._note_commit(work, origin="run")

    def _distrust(self, work: Work, line: LoggedCall) -> None:
        """Doubt that what is there already is ours, unless a lost call of this attempt may have made it."""
        if work.step_at(line.step).probe is not None:
            line.state = CallState.IN_DOUBT
        elif not work.attempt.doubt:
            line.state = CallState.REFUSED
            line.failure = failure_json(Failure(Remedy.BUSINESS, "it exists already, and was not made by this record"))

    def _doubt(self, work: Work, line: LoggedCall) -> None:
        """Mark a call whose effect is unknown; its reference will be swept for what lands late."""
        line.state = CallState.IN_DOUBT
        work.walk_again()
        if line.effect in (Effect.UNSAFE, Effect.KEYED) and not line.step.startswith(("undo:", "surplus:")):
            work.attempt.doubt = True
            if work.pipeline.double_check is not None:
                work.attempt.sweep_at = max(work.attempt.sweep_at or 0, work.settled_at(line))
        self._outbox.attempt(work)
        self._outbox.answer(line)

    def _note_commit(self, work: Work, *, origin: str) -> None:
        """Remember the link in the same transaction as the answer that made the document real."""
        if work.attempt.committed or not is_committed(work):
            return
        work.attempt.committed = True
        self._outbox.attempt(work)
        self._link(work, origin=origin)

    def _link(self, work: Work, *, origin: str) -> None:
        rule, step = work.pipeline.link, work.pipeline.commit_step
        if rule is None:
            return
        root = work.root()
        if step is not None and step.call is not None:
            line = work.log[step.id]
            root = work.with_step(step.id, {**name_row(step.call.outputs, (line.rows or [{}])[0]), "fields": line.fields})
        shop, m3 = (expression.evaluate(root, work.context) for expression in (rule.shop, rule.m3))
        if shop is None or m3 is None:
            return
        link = Link(work.record.pipeline, work.record.key, str(shop), str(m3), self._clock.now(), origin)
        self._outbox.also(lambda tx: tx.put_link(link))


def _found_already(line: LoggedCall) -> bool:
    return line.state is CallState.DONE and any("already" in row for row in line.rows or ())


def reference_of(pipeline: Pipeline, snapshot: Json, now: Instant, zone: str) -> str:
    """Return what M3 remembers a record by, or ``""`` where the pipeline has no reference.

    Raises:
        EvaluationError: it has other characters than upper-case letters, digits and ``-``.
    """
    if pipeline.reference is None:
        return ""
    context = Context(now=now, time_zone=zone, lookups=pipeline.lookups)
    text = str(pipeline.reference.evaluate(source_root(pipeline, snapshot), context) or "")
    if not _REFERENCE.fullmatch(text):
        msg = f"{pipeline.reference.text} gives {text!r}: a reference has upper-case letters, digits and '-' only"
        raise EvaluationError(msg)
    return text


def _identifying(pipeline: Pipeline, step_id: str) -> Sequence[str]:
    """Name the outputs of a step that identify its document: those that a link or an undo refers to."""
    texts = [pipeline.link.m3] if pipeline.link else []
    texts += [rule.expression for step in pipeline.steps if step.undo for rule in step.undo.fields if rule.expression]
    return [path[2] for text in texts for path in text.paths if path[:2] == ("steps", step_id) and len(path) > 2]  # noqa: PLR2004
