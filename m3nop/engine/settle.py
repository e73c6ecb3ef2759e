"""Settling a doubt: a call was sent and nobody knows whether it took effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from m3nop.core.connector import Effect, Failure, Remedy
from m3nop.core.json import Json
from m3nop.core.state import LoggedCall, RecordState
from m3nop.engine.actions import Action, Purpose, Send, Settle, Stop, Park, Undo
from m3nop.engine.work import Work, answer_row, disagreement
from m3nop.mapping.pipeline import InDoubt, Probe, Step

if TYPE_CHECKING:
    from m3nop.core.clock import Instant

PROBES_BEFORE_REVIEW = 10
ASK_AGAIN = 15_000_000
"""Microseconds between two probes that could not tell, doubled each time."""
LONGEST_PAUSE = 1_800_000_000

_HARMLESS = frozenset({Effect.READ, Effect.IDEMPOTENT, Effect.OVERWRITE})


def settle(work: Work, step: Step, line: LoggedCall, root: Mapping[str, Json], now: Instant) -> Action:
    """Say how to find out, or how to go on without knowing."""
    path = line.step
    root = work.with_step(step.id, {"fields": line.fields}, root=root)
    way = _way(work, step, line)
    if way is InDoubt.REPEAT:
        return Settle(path, found=False)
    if way is InDoubt.RESTART:
        return Undo(RecordState.READY, f"no answer to {line.operation}: beginning again", step=path)
    if way is InDoubt.REVIEW:
        return _ask_a_person(line, "no answer, and nothing can tell whether it took effect")
    assert step.probe is not None  # noqa: S101  _way chose the probe
    probe = work.pipeline.probes[step.probe]
    asked = f"probe:{path}"
    if asked not in work.checked:
        return ask(work, asked, probe, root)
    if step.commit:
        return _settle_commit(work, step, line, root, now)
    return _settle_by_rows(work, step, probe, line, root, now)


def ask(work: Work, path: str, probe: Probe, root: Mapping[str, Json]) -> Send:
    """Make the read of a probe."""
    mapped = work.map(probe.read, root)
    columns = tuple(probe.read.outputs.names.values())
    return Send(path, Purpose.CHECK, probe.read.target, mapped.fields, mapped.origins, columns, probe, root)


def _way(work: Work, step: Step, line: LoggedCall) -> InDoubt:
    if step.in_doubt is not None:
        return step.in_doubt
    if Effect(line.effect) in _HARMLESS:
        return InDoubt.REPEAT
    if step.probe is not None:
        return InDoubt.PROBE
    if work.pipeline.commit_step is not None and not work.attempt.committed:
        return InDoubt.RESTART
    return InDoubt.REPEAT if Effect(line.effect) is Effect.KEYED else InDoubt.REVIEW


def _settle_commit(work: Work, step: Step, line: LoggedCall, root: Mapping[str, Json], now: Instant) -> Action:
    """Decide about a commit from what the probe says of its target.

    Committing the same target again is allowed, so absence needs no proof beyond the time in which the first
    request could still be under way.
    """
    rows = work.checked[f"probe:{line.step}"]
    settled_at = work.settled_at(line)
    request = step.call
    assert request is not None  # noqa: S101  a commit is a call
    if rows:
        found = answer_row(request.outputs, rows[0])
        pending, value = step.pending_when, {**rows[0], "fields": line.fields}
        if pending is None or not pending.condition({**root, "result": value}, work.context):
            return Settle(line.step, found=True, rows=(found,))
    if now < settled_at:
        return _later(work, RecordState.PENDING, settled_at, "waiting until the commit can no longer be under way")
    return Settle(line.step, found=False)


def _settle_by_rows(
    work: Work, step: Step, probe: Probe, line: LoggedCall, root: Mapping[str, Json], now: Instant
) -> Action:
    request = step.call
    assert request is not None  # noqa: S101  only calls are in doubt
    rows = work.checked[f"probe:{line.step}"]
    if rows:
        strange = next((_strange(work, probe, row, root) for row in rows if _strange(work, probe, row, root)), "")
        if strange:
            return _ask_a_person(line, f"what was found is not ours: {strange}")
        return Settle(line.step, found=True, rows=(answer_row(request.outputs, rows[0]),))
    settled_at = work.settled_at(line)
    if now < settled_at:
        return _later(work, RecordState.READY, settled_at, f"no answer to {line.operation}: waiting to prove absence")
    if probe.proves_absence:
        return Settle(line.step, found=False)
    if work.record.doubts >= PROBES_BEFORE_REVIEW:
        return _ask_a_person(line, f"{probe.name} cannot tell whether it took effect")
    pause = min(ASK_AGAIN * 2**work.record.doubts, LONGEST_PAUSE)
    return _later(work, RecordState.READY, now + pause, f"{probe.name} cannot tell yet")


def _strange(work: Work, probe: Probe, row: Mapping[str, Json], root: Mapping[str, Json]) -> str:
    if row.get("_owner") not in (None, work.record.id):
        return f"it belongs to another record (number {row['_owner']})"
    return disagreement(work, probe, row, root)


def _later(work: Work, state: RecordState, until: Instant, reason: str) -> Park:
    work.record.doubts += 1
    return Park(state, until, reason)


def _ask_a_person(line: LoggedCall, reason: str) -> Stop:
    failure = Failure(Remedy.IN_DOUBT, f"in doubt: {line.operation}: {reason}")
    return Stop(RecordState.REVIEW, failure.message, failure, line.step)

