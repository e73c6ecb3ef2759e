"""What a record needs next, worked out from its call log alone.

``advance`` reads a ``Work`` and nothing else: no clock, no network, no database. The same log gives the same
answer, so a process that was killed anywhere goes on where the log ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from m3nop.core.connector import Effect, Failure, Remedy
from m3nop.core.json import Json
from m3nop.core.state import AttemptState, CallState, LoggedCall, RecordState
from m3nop.engine import commit, settle, sweep, undo
from m3nop.engine.actions import (
    Action,
    Finish,
    NeedLink,
    Park,
    Purpose,
    Refuse,
    Send,
    Stop,
    Undo,
)
from m3nop.engine.work import Work, failure_of, result_of
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.errors import FieldRefusal
from m3nop.mapping.pipeline import Check, OnFail, Request, Step

if TYPE_CHECKING:
    from m3nop.core.clock import Instant

POLL_FIRST = 5_000_000
POLL_LONGEST = 600_000_000
PENDING_LIMIT = 86_400_000_000
"""Microseconds: pauses between questions to a pending document, and when a person is asked."""

_STATE_OF = {OnFail.REJECT: RecordState.DEAD, OnFail.REVIEW: RecordState.REVIEW, OnFail.WAIT: RecordState.WAITING}


@dataclass(frozen=True, slots=True)
class _Value:
    """A step is complete; this is what later steps see of it."""

    value: Json


def advance(work: Work, now: Instant) -> Action:
    """Say the one thing that this record needs next."""
    try:
        action = _forward(work, now)
        # The walk has put what is known into the root; taking back and sweeping look at it too.
        if work.sweeping:
            return sweep.next_sweep(work)
        if work.attempt.state is AttemptState.UNDOING:
            return undo.next_undo(work)
        return action
    except FieldRefusal as refusal:
        return _give_up(work, _STATE_OF[OnFail(refusal.on_fail)], str(refusal))
    except EvaluationError as error:
        return _give_up(work, _STATE_OF[OnFail(error.on_fail)], str(error), remedy=Remedy.CONFIGURATION)


def _forward(work: Work, now: Instant) -> Action:
    if not work.log:
        failed = _failed_check(work, work.pipeline.checks, work.root())
        if failed is not None:
            return _check_action(work, failed, now, step="checks")
    while work.cursor < len(work.pipeline.steps):
        step = work.pipeline.steps[work.cursor]
        outcome = _visit(work, step, step.id, work.root(), now)
        if not isinstance(outcome, _Value):
            return outcome
        work.results[step.id] = outcome.value
        work.cursor += 1
    return Finish()


def _visit(work: Work, step: Step, path: str, root: Mapping[str, Json], now: Instant) -> Action | _Value:
    if step.when is not None and not step.when.condition(root, work.context):
        return _Value(None)
    if step.requires is not None:
        return _require(work, step, root)
    if step.switch is not None:
        return _switch(work, step, path, root, now)
    if step.for_each is not None:
        return _for_each(work, step, path, root, now)
    return _act(work, step, path, root, now)


def _require(work: Work, step: Step, root: Mapping[str, Json]) -> Action | _Value:
    assert step.requires is not None  # noqa: S101  the caller looked
    key = _key_text(step.requires.key.evaluate(root, work.context))
    if not key:
        return _give_up(work, RecordState.DEAD, f"the record to wait for has no key ({step.requires.key.text})")
    link = work.links.get((step.requires.pipeline, key))
    if link is None:
        return NeedLink(step.requires.pipeline, key)
    return _Value({"m3": link.m3, "shop": link.shop})


def _switch(work: Work, step: Step, path: str, root: Mapping[str, Json], now: Instant) -> Action | _Value:
    assert step.switch is not None  # noqa: S101  the caller looked
    value = step.switch.value.evaluate(root, work.context)
    if step.switch.lookup is not None:
        value = work.pipeline.lookups[step.switch.lookup].find(value)
    name = _key_text(value)
    branch = step.switch.cases.get(name)
    label = quote(name, safe="") if branch is not None else "default"
    return _nested(work, branch if branch is not None else step.switch.default, f"{path}/{label}", root, now)


def _nested(
    work: Work, steps: tuple[Step, ...], path: str, root: Mapping[str, Json], now: Instant
) -> Action | _Value:
    results: dict[str, Json] = {}
    for step in steps:
        inner = {**root, "steps": {**root["steps"], **results}}
        outcome = _visit(work, step, f"{path}/{step.id}", inner, now)
        if not isinstance(outcome, _Value):
            return outcome
        results[step.id] = outcome.value
    return _Value(results)


def _for_each(work: Work, step: Step, path: str, root: Mapping[str, Json], now: Instant) -> Action | _Value:
    assert step.for_each is not None  # noqa: S101  the caller looked
    items = step.for_each.items.evaluate(root, work.context) or []
    if not isinstance(items, list):
        return _give_up(work, RecordState.DEAD, f"{step.for_each.items.text} is not a list")
    results: list[Json] = []
    seen: set[str] = set()
    for position, item in enumerate(items, start=1):
        inner = {**root, step.for_each.name: item, "position": position}
        key = _key_text(step.for_each.key.evaluate(inner, work.context))
        if not key or key in seen:
            what = f"item {position} has no key" if not key else f"two items have the key {key}"
            return _give_up(work, RecordState.DEAD, f"{step.id}: {what} ({step.for_each.key.text})")
        seen.add(key)
        item_path = f"{path}/{quote(key, safe='')}"
        if step.steps:
            outcome = _nested(work, step.steps, item_path, inner, now)
        else:
            outcome = _act(work, step, item_path, inner, now)
        if not isinstance(outcome, _Value):
            return outcome
        results.append(outcome.value)
    return _Value(results)


def _act(work: Work, step: Step, path: str, root: Mapping[str, Json], now: Instant) -> Action | _Value:
    request = step.call or step.read
    assert request is not None  # noqa: S101  the compiler gives every step an action
    line = work.line(path)
    if line is None:
        if work.attempt.committed and _before_commit(work, step):
            return _Value({"fields": {}, **dict.fromkeys(request.outputs.names)})
        if work.outdated and not work.attempt.committed:
            return Undo(RecordState.READY, work.outdated)
        if step.commit:
            guard = commit.before_commit(work, step, root)
            if guard is not None:
                return guard
        elif request.target.operation.effect is not Effect.READ and not work.started:
            guard = commit.before_first_call(work, root)
            if guard is not None:
                return guard
        return send_step(work, step, path, request, root)
    if line.state in (CallState.SENT, CallState.IN_DOUBT):
        return settle.settle(work, step, line, root, now)
    if line.state is CallState.REFUSED:
        return _refused(work, step, path, line, root)
    return _judge(work, step, path, request, line, root, now)


def send_step(work: Work, step: Step, path: str, request: Request, root: Mapping[str, Json]) -> Send:
    """Map a step's fields and make the call of it."""
    mapped = work.map(request, root)
    return Send(
        path=path,
        purpose=Purpose.STEP,
        target=request.target,
        fields=mapped.fields,
        origins=mapped.origins,
        columns=tuple(request.outputs.names.values()),
        commit_target=commit.target_of(work) if step.commit else None,
    )


def is_committed(work: Work) -> bool:
    """Tell whether the commit was answered, or found, in a way that makes the document real."""
    step = work.pipeline.commit_step
    line = work.taken(step.id) if step else None
    if step is None or step.call is None or line is None:
        return False
    root = {**work.root(), "result": result_of(step.call.outputs, line)}
    if any(not check.condition.condition(root, work.context) for check in step.expect if check.on_fail in _STATE_OF):
        return False
    return step.pending_when is None or not step.pending_when.condition(root, work.context)


def _judge(
    work: Work, step: Step, path: str, request: Request, line: LoggedCall, root: Mapping[str, Json], now: Instant
) -> Action | _Value:
    """Decide whether an answer that says success is one."""
    result = result_of(request.outputs, line)
    inner = {**root, "result": result}
    failed = _failed_check(work, step.expect, inner)
    if failed is not None:
        if step.commit and failed.on_fail is OnFail.REVIEW:
            return Stop(RecordState.REVIEW, failed.message, step=path)
        if failed.on_fail is OnFail.REJECT and request.target.operation.effect is not Effect.READ:
            reasons = _ask_reasons(work, step, path, root)
            if reasons is not None:
                return reasons
            return Refuse(path, Failure(Remedy.BUSINESS, _with_reasons(work, path, failed.message)))
        return _check_action(work, failed, now, step=path)
    if step.pending_when is not None and step.pending_when.condition(inner, work.context):
        return _ask_pending(work, step, path, line, root, now)
    return _Value(result)


def _ask_pending(
    work: Work, step: Step, path: str, line: LoggedCall, root: Mapping[str, Json], now: Instant
) -> Action:
    if now - line.sent_at > PENDING_LIMIT:
        return Stop(RecordState.REVIEW, "M3 has been working on it for more than a day", step=path)
    asked = f"probe:{path}"
    if asked not in work.checked:
        assert step.probe is not None  # noqa: S101  validation: pending_when needs a probe
        return settle.ask(work, asked, work.pipeline.probes[step.probe], root)
    pause = min(max(POLL_FIRST, (now - line.sent_at) // 2), POLL_LONGEST)
    return Park(RecordState.PENDING, now + pause, "M3 is working on it")


def _refused(work: Work, step: Step, path: str, line: LoggedCall, root: Mapping[str, Json]) -> Action:
    reasons = _ask_reasons(work, step, path, root)
    if reasons is not None:
        return reasons
    failure = failure_of(line)
    reason = _with_reasons(work, path, str(failure))
    return _give_up(work, RecordState.DEAD, reason, failure=failure, step=path)


def _ask_reasons(work: Work, step: Step, path: str, root: Mapping[str, Json]) -> Send | None:
    asked = f"reasons:{path}"
    if step.reasons is None or asked in work.checked:
        return None
    mapped = work.map(step.reasons.read, root)
    return Send(asked, Purpose.CHECK, step.reasons.read.target, mapped.fields, mapped.origins)


def _with_reasons(work: Work, path: str, message: str) -> str:
    reasons = work.step_at(path).reasons
    rows = work.checked.get(f"reasons:{path}", [])
    if reasons is None or not rows:
        return message
    texts = (reasons.message.evaluate({**work.root(), "row": row}, work.context) for row in rows)
    return f"{message}: {', '.join(dict.fromkeys(str(text) for text in texts if text))}"


def _failed_check(work: Work, checks: tuple[Check, ...], root: Mapping[str, Json]) -> Check | None:
    for check in checks:
        if check.on_fail is OnFail.REVIEW and work.record.released:
            continue
        if check.condition.condition(root, work.context):
            continue
        if check.on_fail is OnFail.WARN:
            if check.message not in work.notes:
                work.notes.append(check.message)
            continue
        return check
    return None


def _check_action(work: Work, check: Check, now: Instant, *, step: str) -> Action:
    if check.on_fail is OnFail.WAIT:
        pause = work.pipeline.source.recheck_every or 900.0
        return Park(RecordState.WAITING, now + int(pause * 1_000_000), check.message, forget=step)
    return _give_up(work, _STATE_OF[check.on_fail], check.message, step=step)


def _give_up(
    work: Work, state: RecordState, reason: str, *, remedy: Remedy = Remedy.BUSINESS,
    failure: Failure | None = None, step: str = "",
) -> Action:  # fmt: skip
    """End the record's work, after taking back what is still disposable."""
    known = failure or Failure(remedy, reason)
    if not work.attempt.committed and undo.anything_to_undo(work):
        return Undo(state, reason, known, step)
    return Stop(state, reason, known, step)


def _before_commit(work: Work, step: Step) -> bool:
    order = [top.id for top in work.pipeline.steps]
    last = work.pipeline.commit_step
    return last is not None and step.id in order and order.index(step.id) < order.index(last.id)


def _key_text(value: Json) -> str:
    return "" if value is None else str(value).strip()
