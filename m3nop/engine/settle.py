"""Settling a doubt: a call was sent and nobody knows whether it took effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.connector import Effect, Failure, Remedy
from m3nop.core.records import LoggedCall, RecordState
from m3nop.engine.actions import Action, Park, Purpose, Send, Settle, Stop, Undo
from m3nop.engine.work import Work, answer_row, disagreement
from m3nop.mapping.pipeline import InDoubt, Probe, Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.clock import Instant
    from m3nop.core.json import Json

PROBES_BEFORE_REVIEW = 10
ASK_AGAIN = 15_000_000
"""Microseconds between two probes that could not tell, doubled each time."""
LONGEST_PAUSE = 1_800_000_000

_HARMLESS = frozenset({Effect.READ, Effect.IDEMPOTENT, Effect.OVERWRITE, Effect.CONVERGENT})


def settle(work: Work, step: Step, line: LoggedCall, root: Mapping[str, Json], now: Instant) -> Action:
    """Say how to find out, or how to go on without knowing."""
    path = line.step
    root = work.with_step(step.id, {"fields": line.fields}, root=root)
    way = _way(work, step, line)
    if way is InDoubt.REPEAT:
        if line.effect == Effect.CONVERGENT and now < work.settled_at(line):
            # What it reads to compare must not change under its hands.
            reason = f"no answer to {line.operation}: waiting until it can no longer be under way"
            return _later(work, RecordState.READY, work.settled_at(line), reason)
        return Settle(path, found=False)
    if way is InDoubt.RESTART:
        return Undo(RecordState.READY, f"no answer to {line.operation}: beginning again", step=path)
    if way is InDoubt.REVIEW:
        return _ask_a_person(line, "no answer, and nothing can tell whether it took effect")
    probe = work.pipeline.probes[step.probe or ""]
    asked = f"probe:{path}"
    if asked not in work.checked:
        return ask(work, asked, probe, root)
    found = (
        _found_commit(work, step, line, root)
        if step.commit
        else _found_document(work, step, probe, line, root)
    )
    return found or _not_found(work, step, line, root, probe=probe, now=now)


def look_first(
    work: Work, step: Step, path: str, fields: Mapping[str, Json], root: Mapping[str, Json]
) -> Action | None:
    """Look for what a call would make before it is made, and take it over; None where there is nothing."""
    probe = work.pipeline.probes.get(step.probe or "")
    if probe is None:
        return None
    asked, seen = f"check:first:{path}", work.with_step(step.id, {"fields": fields}, root=root)
    if asked not in work.checked:
        return ask(work, asked, probe, seen)
    rows = work.checked[asked]
    for strange in (_strange(work, probe, row, seen) for row in rows):
        if strange:
            reason = f"{step.request.target.operation.name} would make what is there already: {strange}"
            return Stop(RecordState.REVIEW, reason, Failure(Remedy.IN_DOUBT, reason), path)
    if not rows:
        return None
    return Settle(path, found=True, rows=(answer_row(step.request.outputs, rows[0]),), adopted=True)


def is_harmless(step: Step, line: LoggedCall) -> bool:
    """Tell whether a call may be repeated, so that nothing but time settles a doubt about it."""
    return step.in_doubt is None and Effect(line.effect) in _HARMLESS


def cannot_look(work: Work, now: Instant) -> Action:
    """Wait and look again; a look-up that was refused proves nothing, and after many a person is asked."""
    if work.record.doubts >= PROBES_BEFORE_REVIEW and not work.sweeping:
        failure = Failure(Remedy.IN_DOUBT, f"in doubt: {work.blind}")
        return Stop(RecordState.REVIEW, failure.message, failure)
    pause = min(ASK_AGAIN * 2 ** min(work.record.doubts, PROBES_BEFORE_REVIEW), LONGEST_PAUSE)
    state = RecordState.READY if work.commit_line is None else RecordState.PENDING
    return _later(work, state, now + pause, work.blind)


def ask(work: Work, path: str, probe: Probe, root: Mapping[str, Json]) -> Send:
    """Make the read of a probe."""
    mapped = work.map(probe.read, root)
    matched = {
        path[1] for path in (probe.match.paths if probe.match else ()) if path[0] == "row" and path[1:]
    }
    columns = tuple(dict.fromkeys((*probe.read.outputs.names.values(), *sorted(matched))))
    return Send(path, Purpose.CHECK, probe.read.target, mapped.fields, mapped.origins, columns, probe, root)


def _way(work: Work, step: Step, line: LoggedCall) -> InDoubt:
    if step.in_doubt is not None:
        return step.in_doubt
    if Effect(line.effect) in _HARMLESS:
        return InDoubt.REPEAT
    if step.probe is not None:
        return InDoubt.PROBE
    keyed = Effect(line.effect) is Effect.KEYED
    if keyed and not work.pipeline.can_undo:
        # Beginning again would leave a second document behind; the key refuses one here.
        return InDoubt.REPEAT
    if work.pipeline.commit_step is not None and not work.attempt.committed:
        return InDoubt.RESTART
    return InDoubt.REPEAT if keyed else InDoubt.REVIEW


def _found_commit(work: Work, step: Step, line: LoggedCall, root: Mapping[str, Json]) -> Action | None:
    """Take over a commit that the probe shows to be done."""
    for row in work.checked[f"probe:{line.step}"][:1]:
        inner = {**root, "result": {**row, "fields": line.fields}}
        if step.pending_when is None or not step.pending_when.condition(inner, work.context):
            return Settle(line.step, found=True, rows=(answer_row(step.request.outputs, row),))
    return None


def _found_document(
    work: Work, step: Step, probe: Probe, line: LoggedCall, root: Mapping[str, Json]
) -> Action | None:
    """Take over a document that the probe found, if it is ours."""
    rows = work.checked[f"probe:{line.step}"]
    for strange in (_strange(work, probe, row, root) for row in rows):
        if strange:
            return _ask_a_person(line, f"what was found is not ours: {strange}")
    return Settle(line.step, found=True, rows=(answer_row(step.request.outputs, rows[0]),)) if rows else None


def _not_found(
    work: Work, step: Step, line: LoggedCall, root: Mapping[str, Json], *, probe: Probe, now: Instant
) -> Action:
    """Decide what it means that the probe found nothing.

    It proves absence only if it looked when the call could no longer be under way. Committing the same target
    again is allowed, so there that is all it takes.
    """
    settled_at = work.settled_at(line)
    if now < settled_at:
        state = RecordState.PENDING if step.commit else RecordState.READY
        reason = f"no answer to {line.operation}: waiting until it can no longer be under way"
        return _later(work, state, settled_at, reason)
    asked = f"probe:{line.step}"
    if work.asked_at[asked] < settled_at:
        return ask(work, asked, probe, root)
    if step.commit or probe.proves_absence:
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
