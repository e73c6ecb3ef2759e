"""What a record needs next, worked out from its call log alone.

``advance`` reads a ``Work`` and nothing else: no clock, no network, no database. The same log gives the same
answer, so a process that was killed anywhere goes on where the log ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from msgspec import Struct

from m3nop.core.connector import AMBIGUOUS, Effect, Failure, Remedy
from m3nop.core.records import AttemptState, CallState, RecordState
from m3nop.engine import commit, compare, settle, sweep, undo
from m3nop.engine.actions import Action, Finish, NeedLink, Park, Purpose, Refuse, Send, Stop, Undo
from m3nop.engine.verdicts import (
    STATE_OF,
    ask_reasons,
    failed_check,
    follow_check,
    give_up,
    read_again,
    wait,
    with_reasons,
)
from m3nop.engine.work import Item, Loop, Work, failure_of, key_text, result_of
from m3nop.mapping.errors import EvaluationError, FieldRefusal
from m3nop.mapping.pipeline import OnFail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from m3nop.core.clock import Instant
    from m3nop.core.json import Json
    from m3nop.core.records import LoggedCall
    from m3nop.mapping.fields import Mapped
    from m3nop.mapping.pipeline import ForEach, Request, Requires, Step, Switch, Upsert

POLL_FIRST = 5_000_000
POLL_LONGEST = 600_000_000
PENDING_LIMIT = 86_400_000_000
"""Microseconds: pauses between questions to a pending document, and when a person is asked."""


class _Value(Struct, frozen=True):
    """A step is complete; this is what later steps see of it."""

    value: Json


def advance(work: Work, now: Instant) -> Action:
    """Say the one thing that this record needs next."""
    if work.blind:
        return settle.cannot_look(work, now)
    # The walk also puts what is known into the root; taking back and sweeping look at it.
    action = _forward(work, now)
    if work.sweeping:
        return _or_review(lambda: sweep.next_sweep(work))
    if work.attempt.state is AttemptState.UNDOING:
        return _or_review(lambda: undo.next_undo(work))
    return action


def _forward(work: Work, now: Instant) -> Action:
    try:
        return _Walk(work, now).forward()
    except FieldRefusal as refusal:
        return give_up(work, STATE_OF[OnFail(refusal.on_fail)], str(refusal))
    except EvaluationError as error:
        failure = Failure(Remedy.CONFIGURATION, str(error))
        return give_up(work, STATE_OF[OnFail(error.on_fail)], str(error), failure=failure)


def _or_review(decide: Callable[[], Action]) -> Action:
    """Leave what cannot be taken back, because the mapping of that fails, to a person."""
    try:
        return decide()
    except (FieldRefusal, EvaluationError) as error:
        return Stop(RecordState.REVIEW, str(error), Failure(Remedy.CONFIGURATION, str(error)))


class _Walk:
    """One walk over the steps, from where the last one ended to the first that needs something."""

    def __init__(self, work: Work, now: Instant) -> None:
        self._work = work
        self._now = now

    def forward(self) -> Action:
        work = self._work
        afresh = self._afresh()
        if afresh is not None:
            return afresh
        ended = None if work.log else self._judge_record()
        if ended is not None:
            return ended
        while work.cursor < len(work.pipeline.steps):
            step = work.pipeline.steps[work.cursor]
            outcome = self._visit(step, step.id, work.root())
            if not isinstance(outcome, _Value):
                return outcome
            work.results[step.id] = outcome.value
            work.cursor += 1
        return Finish(None if work.pipeline.moves else work.to_remember())

    def _judge_record(self) -> Action | None:
        """Say what becomes of a record of which nothing is to be done; None lets its steps be taken."""
        work, skip = self._work, self._work.pipeline.skip_when
        if work.only_look and not work.pipeline.moves:
            # Whether it should be entered says nothing of whether it was.
            return None
        if skip is not None and skip.condition(work.root(), work.context):
            return Finish()
        failed = None if work.only_look else failed_check(work, work.pipeline.checks, work.root())
        return None if failed is None else follow_check(work, failed, self._now, step="checks")

    def _afresh(self) -> Action | None:
        """Begin anew what is made equal and was interrupted, once nothing of it can be under way.

        What it read is of another time, so the conditions of its steps say nothing of the calls that it made.
        """
        work, unsettled = self._work, (CallState.SENT, CallState.IN_DOUBT)
        if not work.outdated or not work.pipeline.source.makes_equal:
            return None
        if work.attempt.committed or work.attempt.state is AttemptState.UNDOING or work.sweeping:
            return None
        open_lines = [line for line in work.log.values() if line.state in unsettled]
        if any(not settle.is_harmless(work.step_at(line.step), line) for line in open_lines):
            return None
        for line in open_lines:
            return settle.settle(work, work.step_at(line.step), line, work.root(), self._now)
        return Undo(RecordState.READY, work.outdated)

    def _visit(self, step: Step, path: str, root: Mapping[str, Json]) -> Action | _Value:
        if step.when is not None and not step.when.condition(root, self._work.context):
            return _Value(None)
        if step.requires is not None:
            return self._require(step.requires, root)
        if step.switch is not None:
            return self._switch(step.switch, path, root)
        if step.for_each is not None:
            return self._for_each(step, step.for_each, path, root)
        return self._item(step, path, root)

    def _require(self, requires: Requires, root: Mapping[str, Json]) -> Action | _Value:
        key = key_text(requires.key.evaluate(root, self._work.context))
        if not key:
            reason = f"the record to wait for has no key ({requires.key.text})"
            return give_up(self._work, RecordState.DEAD, reason)
        link = self._work.links.get((requires.pipeline, key))
        if link is None:
            given = requires.record
            record = None if given is None else given.evaluate(root, self._work.context)
            if given is not None and not isinstance(record, dict):
                reason = f"what is handed to {requires.pipeline} is no record ({given.text})"
                return give_up(self._work, RecordState.DEAD, reason)
            return NeedLink(requires.pipeline, key, record)
        return _Value({"m3": link.m3, "shop": link.shop})

    def _switch(self, switch: Switch, path: str, root: Mapping[str, Json]) -> Action | _Value:
        value = switch.value.evaluate(root, self._work.context)
        if switch.lookup is not None:
            value = self._work.pipeline.lookups[switch.lookup].find(value)
        name = key_text(value)
        if name in switch.cases:
            return self._nested(switch.cases[name], f"{path}/{quote(name, safe='')}", root)
        return self._nested(switch.default, f"{path}/default", root)

    def _nested(self, steps: tuple[Step, ...], path: str, root: Mapping[str, Json]) -> Action | _Value:
        results: dict[str, Json] = {}
        for step in steps:
            inner = {**root, "steps": {**root["steps"], **results}}
            outcome = self._visit(step, f"{path}/{step.id}", inner)
            if not isinstance(outcome, _Value):
                return outcome
            results[step.id] = outcome.value
        return _Value(results)

    def _for_each(
        self, step: Step, for_each: ForEach, path: str, root: Mapping[str, Json]
    ) -> Action | _Value:
        loop = self._work.loops.get(path)
        if loop is None:
            items = for_each.items.evaluate(root, self._work.context) or []
            if not isinstance(items, list):
                return give_up(self._work, RecordState.DEAD, f"{for_each.items.text} is not a list")
            loop = self._work.loops[path] = Loop(items)
        while loop.todo:
            item = loop.present
            if item is None or item.outer is not root:
                item = loop.present = self._item_of(loop, for_each, path, root)
            if not item.key or item.key in loop.seen:
                what = (
                    f"two items have the key {item.key}"
                    if item.key
                    else f"item {item.root['position']} has no key"
                )
                return give_up(self._work, RecordState.DEAD, f"{step.id}: {what} ({for_each.key.text})")
            outcome = self._item(step, item.path, item.root)
            if not isinstance(outcome, _Value):
                return outcome
            loop.done(item.key, outcome.value)
        return _Value(loop.results)

    def _item_of(self, loop: Loop, for_each: ForEach, path: str, root: Mapping[str, Json]) -> Item:
        inner = {**root, for_each.name: loop.todo[0], "position": len(loop.results) + 1}
        key = key_text(for_each.key.evaluate(inner, self._work.context))
        plain = key if key.isascii() and key.isalnum() else quote(key, safe="")
        return Item(key, f"{path}/{plain}", inner, root)

    def _item(self, step: Step, path: str, root: Mapping[str, Json]) -> Action | _Value:
        if step.values:
            return self._work_out(step, path, root)
        return self._act(step, path, root) if step.asks else self._nested(step.steps, path, root)

    def _work_out(self, step: Step, path: str, root: Mapping[str, Json]) -> Action | _Value:
        """Give values that follow from what is known, unless they say that the record is not to go on."""
        work = self._work
        values = {name: value.evaluate(root, work.context) for name, value in step.values}
        failed = failed_check(work, step.expect, {**root, "result": values})
        return _Value(values) if failed is None else follow_check(work, failed, self._now, step=path)

    def _act(self, step: Step, path: str, root: Mapping[str, Json]) -> Action | _Value:
        work = self._work
        line = work.line(path)
        if line is None:
            return self._not_made(step, path, root)
        if line.state in (CallState.SENT, CallState.IN_DOUBT):
            return settle.settle(work, step, line, root, self._now)
        if line.state is CallState.REFUSED:
            return self._refused(step, path, line, root)
        return self._judge(step, path, line, root)

    def _not_made(self, step: Step, path: str, root: Mapping[str, Json]) -> Action | _Value:
        """Make the call, unless something has to happen before, or it is not wanted any more."""
        work, request = self._work, step.request
        if work.attempt.committed and _comes_before_commit(work, path):
            return _Value({"fields": {}, **dict.fromkeys(request.outputs.names)})
        if work.outdated and not work.attempt.committed:
            return Undo(RecordState.READY, work.outdated)
        mapped = work.map_step(step, path, root)
        if step.compare is not None:
            asked = compare.look(work, step.compare, path, root)
            if asked is not None:
                return asked
            if compare.is_equal(work, path, mapped.fields):
                return _Value({**dict.fromkeys(request.outputs.names), "fields": mapped.fields})
        return self._guard(step, path, mapped, root) or self._send(step, path, request, mapped)

    def _guard(self, step: Step, path: str, mapped: Mapped, root: Mapping[str, Json]) -> Action | None:
        work = self._work
        if step.commit:
            return self._forgets(step) or commit.before_commit(work, step, root)
        if step.request.target.operation.effect is Effect.READ:
            return None
        first = None if work.started else commit.before_first_call(work, root)
        # Before a commit nothing is real that could be taken over.
        if first is None and work.only_look and work.pipeline.commit_step is None:
            return settle.look_first(work, step, path, mapped.fields, root)
        return first

    def _forgets(self, step: Step) -> Stop | None:
        """Stop before a movement that would be entered again and again, because nothing of it is kept.

        What is to be remembered with the commit must be known before it.
        """
        work = self._work
        if not work.pipeline.moves or work.to_remember() != work.record.remembered:
            return None
        reason = "`remember` would keep what it keeps already, and the same movement would be entered again"
        return Stop(RecordState.REVIEW, reason, Failure(Remedy.CONFIGURATION, reason), step.id)

    def _send(self, step: Step, path: str, request: Request, mapped: Mapped) -> Send:
        outputs = request.outputs
        return Send(
            path=path,
            purpose=Purpose.STEP,
            target=request.target,
            fields=mapped.fields,
            origins=mapped.origins,
            columns=outputs.asked,
            commit_target=commit.target_of(self._work) if step.commit else None,
        )

    def _judge(self, step: Step, path: str, line: LoggedCall, root: Mapping[str, Json]) -> Action | _Value:
        """Decide whether an answer that says success is one."""
        work, request = self._work, step.request
        result = result_of(request.outputs, line)
        missed = None if step.upsert is None else self._missed(step.upsert, path, result)
        if missed is not None:
            return missed
        inner = {**root, "result": result}
        failed = failed_check(work, step.expect, inner)
        if failed is not None:
            if step.commit and failed.on_fail is OnFail.REVIEW:
                return Stop(RecordState.REVIEW, failed.message, step=path)
            if failed.on_fail is OnFail.REJECT and request.target.operation.effect is not Effect.READ:
                return Refuse(path, Failure(Remedy.BUSINESS, failed.message))
            return follow_check(work, failed, self._now, step=path)
        if step.pending_when is not None and step.pending_when.condition(inner, work.context):
            return self._pending(step, path, line, root)
        return _Value(result)

    def _missed(self, upsert: Upsert, path: str, result: Mapping[str, Json]) -> Action | None:
        """Say what it means that there is no row to write, and note what of somebody else's was lost."""
        lost = result.get("lost")
        if lost:
            note = f"{path}: an edit that somebody made meanwhile was overwritten: {', '.join(lost)}"
            if note not in self._work.notes:
                self._work.notes.append(note)
        if result.get("action") != "missing" or upsert.missing not in (OnFail.REJECT, OnFail.REVIEW):
            return None
        reason = f"{upsert.target.operation.name}: there is no row to write"
        return give_up(self._work, STATE_OF[OnFail(upsert.missing)], reason, step=path)

    def _pending(self, step: Step, path: str, line: LoggedCall, root: Mapping[str, Json]) -> Action:
        """Ask the probe about a commit that the system still works on; never send it again."""
        asked, waited = f"probe:{path}", self._now - line.sent_at
        if asked not in self._work.checked and step.probe is not None:
            return settle.ask(self._work, asked, self._work.pipeline.probes[step.probe], root)
        if waited > PENDING_LIMIT:
            return Stop(RecordState.REVIEW, "M3 has been working on it for more than a day", step=path)
        pause = min(max(POLL_FIRST, waited // 2), POLL_LONGEST)
        return Park(RecordState.PENDING, self._now + pause, "M3 is working on it")

    def _refused(self, step: Step, path: str, line: LoggedCall, root: Mapping[str, Json]) -> Action:
        reasons = ask_reasons(self._work, step, path, root)
        if reasons is not None:
            return reasons
        failure = failure_of(line)
        again = read_again(self._work, step, path, failure, self._now)
        if again is not None:
            return again
        reason = with_reasons(self._work, step, path, str(failure))
        if failure.remedy is Remedy.WAITING:
            return wait(self._work, self._now, reason)
        entered = commit.refused_as_entered(self._work, step, root)
        if entered is not None:
            return entered
        state = RecordState.DEAD
        if step.upsert is not None and failure.code == AMBIGUOUS:
            state = STATE_OF[step.upsert.ambiguous]
        return give_up(self._work, state, reason, failure=failure, step=path)


def _comes_before_commit(work: Work, path: str) -> bool:
    order = [top.id for top in work.pipeline.steps]
    last = work.pipeline.commit_step
    return last is not None and order.index(path.partition("/")[0]) < order.index(last.id)
