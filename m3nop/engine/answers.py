"""Sends what is waiting and puts the answers into the call log.

Whatever a request could do is committed as ``sent`` before the request leaves.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from m3nop.core.connector import Answer, Effect, Failure, Outcome, Remedy
from m3nop.core.state import AttemptState, CallState, Link, LoggedCall
from m3nop.engine.actions import Purpose
from m3nop.engine.commit import TAKEN_OVER
from m3nop.engine.verdicts import is_committed
from m3nop.engine.work import failure_json, matching_rows, name_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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

    def send_waiting(self) -> None:
        """Commit the ``sent`` lines of the groups that may leave now, then send them."""
        lanes = self._parts.lanes
        while group := lanes.next_group():
            for waiting in group:
                self._log_sent(waiting)
            self._parts.outbox.commit()
            lanes.send(group)

    def _line(self, work: Work, path: str, target: Target) -> LoggedCall:
        return LoggedCall(
            id=uuid.uuid4().hex,
            record_id=work.record.id,
            attempt_id=work.attempt.id or None,
            run_id=self._parts.run_id,
            step=path,
            connection=target.connection,
            operation=target.operation.name,
            effect=str(target.operation.effect),
            fields={},
            state=CallState.SENT,
            sent_at=self._parts.clock.now(),
            origins={},
        )

    def _log_sent(self, waiting: Waiting) -> None:
        work, send = waiting.work, waiting.send
        line = self._line(work, send.path, send.target)
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

    def absorb(self, waiting: Waiting, answer: Answer) -> None:
        """Put an answer into the log."""
        work, send, line = waiting.work, waiting.send, waiting.sent_line
        line.state, line.answered_at, line.clean = (
            _STATES[answer.outcome],
            self._parts.clock.now(),
            answer.clean,
        )
        line.rows = [dict(row) for row in answer.rows]
        line.failure = failure_json(answer.failure)
        if not answer.clean:
            work.attempt.doubt = True
        if send.purpose is Purpose.CHECK:
            self._absorb_check(work, send, line)
        elif line.effect == Effect.READ:
            self._absorb_read(work, line)
        else:
            self._absorb_call(work, line)

    def _absorb_check(self, work: Work, send: actions.Send, line: LoggedCall) -> None:
        if line.state not in (CallState.DONE, CallState.REFUSED):
            return
        work.asked_at[send.path] = line.sent_at
        if send.probe is None:
            work.checked[send.path] = [dict(row) for row in line.rows or ()]
        elif line.state is CallState.REFUSED:
            # "There is none" is an answer without rows: a refusal says that nobody looked.
            work.blind = f"{line.operation} refused to look: {(line.failure or {}).get('message', '')}"
        else:
            named = matching_rows(work, send.probe, line.rows, send.root or work.root())
            work.checked[send.path] = [self._with_owner(work, row) for row in named]
            self._answer_pending(work, send.path)
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
        known = name_row(step.call.outputs, (line.rows or [{}])[0])
        news = {name: value for name, value in work.checked[path][0].items() if value is not None}
        merged = {**known, **news}
        line.rows = [{source: merged.get(name) for name, source in step.call.outputs.names.items()}]
        self._parts.outbox.answer(line)
        self._note_commit(work, origin="run")

    def _with_owner(self, work: Work, row: dict[str, Any]) -> dict[str, Any]:
        """Say which record a found document belongs to, by the numbers that earlier calls answered."""
        for step in work.pipeline.steps:
            if step.call is None or not (step.undo or step.commit):
                continue
            for name in _identifying(work.pipeline, step.id):
                source, value = step.call.outputs.names.get(name), row.get(name)
                if source is None or value in (None, ""):
                    continue
                owner = self._parts.state.owner_of(step.call.target.connection, source, str(value))
                if owner is not None:
                    return {**row, "_owner": owner}
        return row

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
            line = self._line(work, action.path, work.step_at(action.path).request.target)
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
        self._parts.outbox.also(lambda tx: tx.put_link(link))


def _with_commit(work: Work) -> Mapping[str, Json]:
    """Return a root that has the answer of the commit, of which the walk does not know yet."""
    step = work.pipeline.commit_step
    if step is None or step.call is None:
        return work.root()
    line = work.log[step.id]
    return work.with_step(
        step.id, {**name_row(step.call.outputs, (line.rows or [{}])[0]), "fields": line.fields}
    )


def _found_already(line: LoggedCall) -> bool:
    return line.state is CallState.DONE and any("already" in row for row in line.rows or ())


def _identifying(pipeline: Pipeline, step_id: str) -> Sequence[str]:
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
