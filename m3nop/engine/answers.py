"""Sends what is waiting and puts the answers into the call log.

Whatever a request could do is committed as ``sent`` before the request leaves.
"""

from __future__ import annotations

import secrets
from itertools import count
from typing import TYPE_CHECKING, Any

from m3nop.core.connector import Answer, Effect, Failure, Outcome, Remedy
from m3nop.core.records import AttemptState, CallState, Link, LoggedCall
from m3nop.engine.actions import Purpose
from m3nop.engine.commit import TAKEN_OVER
from m3nop.engine.verdicts import is_committed
from m3nop.engine.work import failure_json, first_row, matching_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from m3nop.core.clock import Instant
    from m3nop.core.connector import Row
    from m3nop.core.json import Json
    from m3nop.engine import actions
    from m3nop.engine.lanes import Waiting
    from m3nop.engine.parts import Parts
    from m3nop.engine.work import Work
    from m3nop.mapping.pipeline import Pipeline, Target

_STATES = {
    Outcome.DONE: CallState.DONE,
    Outcome.REFUSED: CallState.REFUSED,
    Outcome.NOT_SENT: CallState.NOT_SENT,
    Outcome.IN_DOUBT: CallState.IN_DOUBT,
}


class Answers:
    """The call log of the records under way: written before a request leaves, and when it is answered."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._numbers = count(1)
        self._mark = secrets.token_hex(8)
        """Begins the ids of all calls, which are unique in the database for ever."""
        self._identifying: dict[str, list[tuple[str, str, str]]] = {}

    def send_waiting(self) -> None:
        """Commit the ``sent`` lines of the groups that may leave now together, then send them."""
        lanes = self._parts.lanes
        groups: list[list[Waiting]] = []
        while group := lanes.next_group(groups):
            groups.append(group)
            now = self._parts.clock.now()
            for waiting in group:
                self._log_sent(waiting, now)
        self._parts.outbox.commit()
        for group in groups:
            lanes.send(group)

    def _line(self, work: Work, path: str, target: Target, now: Instant) -> LoggedCall:
        return LoggedCall(
            id=f"{self._mark}{next(self._numbers):08x}",
            record_id=work.record.id,
            attempt_id=work.attempt.id or None,
            run_id=self._parts.run_id,
            step=path,
            connection=target.connection,
            operation=target.operation.name,
            effect=target.operation.effect.value,
            fields={},
            state=CallState.SENT,
            sent_at=now,
            origins={},
        )

    def _log_sent(self, waiting: Waiting, now: Instant) -> None:
        work, send = waiting.work, waiting.send
        line = self._line(work, send.path, send.target, now)
        line.fields, line.origins = send.fields, send.origins
        waiting.line = line
        if send.target.operation.effect is Effect.READ:
            return
        work.record_line(line)
        self._log_reads(work)
        if send.commit_target is not None:
            work.record.commit_target = send.commit_target
            self._parts.outbox.record(work.record)
        self._parts.outbox.log(work, line)

    def _log_reads(self, work: Work) -> None:
        """Write the reads that led to something that is worth a trace."""
        for read in work.unlogged:
            self._parts.outbox.log(work, read)
        work.unlogged.clear()

    def absorb(self, arrived: Sequence[tuple[Waiting, Answer]]) -> None:
        """Put answers into the log."""
        found: list[tuple[Waiting, list[dict[str, Any]]]] = []
        now = self._parts.clock.now()
        for waiting, answer in arrived:
            rows = self._absorb(waiting, answer, now)
            if rows is not None:
                found.append((waiting, rows))
        owners = self._owners(found)
        for waiting, rows in found:
            self._note_found(waiting, rows, owners)

    def _absorb(self, waiting: Waiting, answer: Answer, now: Instant) -> list[dict[str, Any]] | None:
        """Put an answer into the log; return the documents that a look-up found, if it was one."""
        work, send, line = waiting.work, waiting.send, waiting.sent_line
        line.state, line.answered_at, line.clean = _STATES[answer.outcome], now, answer.clean
        line.rows = list(map(dict, answer.rows))
        line.failure = failure_json(answer.failure)
        if not answer.clean:
            work.attempt.doubt = True
        if send.purpose is Purpose.CHECK:
            return self._absorb_check(work, send, line)
        if line.effect == Effect.READ:
            self._absorb_read(work, line)
        else:
            self._absorb_call(work, line)
        return None

    def _absorb_check(self, work: Work, send: actions.Send, line: LoggedCall) -> list[dict[str, Any]] | None:
        if line.state not in (CallState.DONE, CallState.REFUSED):
            return None
        work.asked_at[send.path] = line.sent_at
        if send.probe is None:
            work.checked[send.path] = [dict(row) for row in line.rows or ()]
        elif line.state is CallState.REFUSED:
            # "There is none" is an answer without rows: a refusal says that nobody looked.
            work.blind = f"{line.operation} refused to look: {(line.failure or {}).get('message', '')}"
        else:
            return matching_rows(work, send.probe, line.rows, send.root or work.root())
        self._log_check(work, line)
        return None

    def _note_found(
        self, waiting: Waiting, rows: list[dict[str, Any]], owners: Mapping[tuple[str, str, str], int]
    ) -> None:
        """Let the record's next decision see what a look-up found, and whose it is."""
        work, path = waiting.work, waiting.send.path
        named = ((row, self._numbers_in(work.pipeline, row)) for row in rows)
        known = ((row, [owners[number] for number in numbers if number in owners]) for row, numbers in named)
        work.checked[path] = [{**row, "_owner": of[0]} if of else row for row, of in known]
        self._answer_pending(work, path)
        self._log_check(work, waiting.sent_line)

    def _log_check(self, work: Work, line: LoggedCall) -> None:
        if work.attempt.id:
            self._parts.outbox.log(work, line)

    def _answer_pending(self, work: Work, path: str) -> None:
        """Take a probe's news of a pending commit over into the commit's own line."""
        step = work.pipeline.commit_step
        if step is None or step.call is None or path != f"probe:{step.id}" or not work.checked[path]:
            return
        line = work.taken(step.id)
        if line is None:
            return
        known = first_row(step.call.outputs, line)
        news = {name: value for name, value in work.checked[path][0].items() if value is not None}
        merged = {**known, **news}
        line.rows = [{source: merged.get(name) for name, source in step.call.outputs.names.items()}]
        self._parts.outbox.answer(line)
        self._note_commit(work, origin="run")

    def _owners(
        self, found: Sequence[tuple[Waiting, list[dict[str, Any]]]]
    ) -> dict[tuple[str, str, str], int]:
        """Say which records found documents belong to, by the numbers that earlier calls answered."""
        asked: dict[tuple[str, str], set[str]] = {}
        for waiting, rows in found:
            for row in rows:
                for connection, field, value in self._numbers_in(waiting.work.pipeline, row):
                    asked.setdefault((connection, field), set()).add(value)
        return {
            (connection, field, value): owner
            for (connection, field), values in asked.items()
            for value, owner in self._parts.state.owners_of(connection, field, sorted(values)).items()
        }

    def _numbers_in(self, pipeline: Pipeline, row: Row) -> list[tuple[str, str, str]]:
        """List connection, field and value of what identifies a found document."""
        known = self._identifying.get(pipeline.digest)
        if known is None:
            known = self._identifying[pipeline.digest] = list(_identifying(pipeline))
        return [
            (connection, field, str(row[name]))
            for connection, field, name in known
            if row.get(name) not in (None, "")
        ]

    def _absorb_read(self, work: Work, line: LoggedCall) -> None:
        if line.state not in (CallState.DONE, CallState.REFUSED):
            return
        work.record_line(line)
        if line.state is CallState.DONE:
            work.record.doubts = 0
        if (work.pipeline.source.makes_equal or work.only_look) and not work.attempt.id:
            work.unlogged.append(line)
        else:
            self._parts.outbox.log(work, line)

    def _absorb_call(self, work: Work, line: LoggedCall) -> None:
        if _found_already(line) and not line.step.startswith(("undo:", "surplus:")):
            self._distrust(work, line)
        work.record_line(line)
        if line.state is CallState.IN_DOUBT:
            self.doubt(work, line)
        else:
            self._parts.outbox.answer(line)
        if not line.clean:
            self._parts.outbox.attempt(work)
        if line.state is CallState.DONE:
            self._note_commit(work, origin="run")

    def _distrust(self, work: Work, line: LoggedCall) -> None:
        """Doubt that what is there already is ours, unless a lost call of this attempt may have made it."""
        if work.step_at(line.step).probe is not None:
            line.state = CallState.IN_DOUBT
        elif not work.attempt.doubt:
            line.state = CallState.REFUSED
            line.failure = failure_json(
                Failure(Remedy.BUSINESS, "it exists already, and was not made by this record")
            )

    def doubt(self, work: Work, line: LoggedCall) -> None:
        """Mark a call whose effect is unknown; its reference will be swept for what lands late."""
        line.state = CallState.IN_DOUBT
        work.walk_again()
        if line.effect in (Effect.UNSAFE, Effect.KEYED) and not line.step.startswith(("undo:", "surplus:")):
            work.attempt.doubt = True
            if work.pipeline.double_check is not None:
                work.attempt.sweep_at = max(work.attempt.sweep_at or 0, work.settled_at(line))
        self._parts.outbox.attempt(work)
        self._parts.outbox.answer(line)

    def forget(self, work: Work, path: str) -> None:
        """Let a read be made afresh the next time, whoever takes the record up then."""
        line = work.log.get(path)
        if line is not None and line.effect == Effect.READ:
            line.state = CallState.NOT_SENT
            self._parts.outbox.answer(line)

    def settle(self, work: Work, action: actions.Settle) -> None:
        """Write down whether a call that was in doubt took effect, and forget what was looked up for it."""
        now = self._parts.clock.now()
        line = work.log.get(action.path)
        rows: Any = [dict(row) for row in action.rows]
        known = line is not None
        if line is None:
            self._log_reads(work)
            line = self._line(work, action.path, work.step_at(action.path).request.target, now)
        line.state = CallState.FOUND if action.found else CallState.ABSENT
        line.answered_at, line.rows = now, rows if action.found else line.rows
        work.record_line(line)
        work.checked.clear()
        work.record.doubts = 0
        if action.found and work.attempt.state is AttemptState.UNDOING:
            work.attempt.state = AttemptState.OPEN
        self._parts.outbox.attempt(work)
        if known:
            self._parts.outbox.answer(line)
        else:
            self._parts.outbox.log(work, line)
        self._note_commit(work, origin="adopted" if action.adopted else "run")
        work.walk_again()

    def _note_commit(self, work: Work, *, origin: str) -> None:
        """Remember the link in the same transaction as the answer that made the document real."""
        if work.attempt.committed or not is_committed(work):
            return
        work.attempt.committed = True
        self._parts.outbox.attempt(work)
        if work.pipeline.moves:
            # Together with the commit: what moves next is counted from here.
            self._remember_movement(work, made=origin != "adopted")
            self._parts.outbox.record(work.record)
        self.link(work, origin=origin)

    def _remember_movement(self, work: Work, *, made: bool) -> None:
        """Keep what was entered; after one that was made, nothing of an earlier time can be unknown."""
        kept = work.to_remember(_with_commit(work)) or {}
        work.record.remembered = kept if made else {**kept, TAKEN_OVER: True}
        if made:
            work.record.epoch = work.attempt.epoch

    def link(self, work: Work, *, origin: str) -> None:
        """Remember the pair that the pipeline's ``link`` gives, if both sides are known."""
        rule, step = work.pipeline.link, work.pipeline.commit_step
        if rule is None:
            return
        if step is not None and step.call is not None and step.id not in work.log:
            # Nothing was entered: there was nothing to do.
            return
        root = _with_commit(work)
        shop, m3 = (expression.evaluate(root, work.context) for expression in (rule.shop, rule.m3))
        if shop is None or m3 is None:
            return
        link = Link(
            work.record.pipeline, work.record.key, str(shop), str(m3), self._parts.clock.now(), origin
        )
        self._parts.outbox.link(link)


def _with_commit(work: Work) -> Mapping[str, Json]:
    """Return a root that has the answer of the commit, of which the walk does not know yet."""
    step = work.pipeline.commit_step
    if step is None or step.call is None:
        return work.root()
    line = work.log[step.id]
    return work.with_step(step.id, {**first_row(step.call.outputs, line), "fields": line.fields})


def _found_already(line: LoggedCall) -> bool:
    return line.state is CallState.DONE and any("already" in row for row in line.rows or ())


def _identifying(pipeline: Pipeline) -> Iterator[tuple[str, str, str]]:
    """Yield connection, field and output of what identifies the documents that steps make."""
    for step in pipeline.steps:
        if step.call is None or not (step.undo or step.commit):
            continue
        for name in _referred_to(pipeline, step.id):
            source = step.call.outputs.names.get(name)
            if source is not None:
                yield step.call.target.connection, source, name


def _referred_to(pipeline: Pipeline, step_id: str) -> Sequence[str]:
    """Name the outputs of a step that identify its document: those that a link or an undo refers to."""
    texts = [pipeline.link.m3] if pipeline.link else []
    texts += [
        rule.expression
        for step in pipeline.steps
        if step.undo
        for rule in step.undo.fields
        if rule.expression
    ]
    outputs = (path[2:3] for text in texts for path in text.paths if path[:2] == ("steps", step_id))
    return [name for output in outputs for name in output]
