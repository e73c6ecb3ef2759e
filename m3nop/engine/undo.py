"""Taking an attempt back: its temporary document is deleted, and proved to be gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.connector import Effect, Failure, Remedy
from m3nop.core.records import CallState, LoggedCall, RecordState
from m3nop.engine import commit, settle
from m3nop.engine.actions import Action, Purpose, Send, Settle, Stop, Undone
from m3nop.engine.work import Work, answer_row, failure_of, result_of, same_document

if TYPE_CHECKING:
    from m3nop.core.json import Json
    from m3nop.mapping.pipeline import Request, Step


def anything_to_undo(work: Work) -> bool:
    """Whether a step took effect (or may have) that says how it is undone."""
    return any(step.undo is not None and work.line(step.id) is not None for step in work.pipeline.steps)


def next_undo(work: Work) -> Action:
    """Say the next call of the undo; steps in reverse order."""
    became_real = _became_real(work)
    if became_real is not None:
        return became_real
    for step in reversed(work.pipeline.steps):
        if step.undo is None or work.taken(step.id) is None:
            continue
        action = _undo_step(work, step, step.undo)
        if action is not None:
            return action
    return Undone()


def _became_real(work: Work) -> Action | None:
    """Ask whether a commit that was sent was taken after all: then there is nothing to undo."""
    step = work.pipeline.commit_step
    line = work.log.get(step.id) if step else None
    if step is None or step.call is None or step.probe is None or line is None:
        return None
    asked = f"probe:{step.id}"
    if asked not in work.checked:
        root = work.with_step(step.id, {"fields": line.fields}, root=_known(work))
        return settle.ask(work, asked, work.pipeline.probes[step.probe], root)
    rows = work.checked[asked]
    if commit.is_real(work, rows):
        return Settle(step.id, found=True, rows=(answer_row(step.call.outputs, rows[0]),), adopted=True)
    return None


def _undo_step(work: Work, step: Step, undo: Request) -> Action | None:
    path = f"undo:{step.id}"
    line = work.line(path)
    if line is not None and line.state in (CallState.SENT, CallState.IN_DOUBT):
        return _repeat(line, step)
    if line is None:
        mapped = work.map(undo, _known(work))
        return Send(path, Purpose.UNDO, undo.target, mapped.fields, mapped.origins)
    if line.state is CallState.REFUSED:
        failure = failure_of(line)
        reason = f"M3 will not take back {line.operation}: {failure}"
        return Stop(
            RecordState.REVIEW, reason, Failure(Remedy.BUSINESS, reason, failure.code, failure.field), path
        )
    return _prove_gone(work, step)


def _repeat(line: LoggedCall, step: Step) -> Action:
    if Effect(line.effect) is Effect.UNSAFE:
        reason = f"in doubt: no answer to {line.operation}, which took back {step.id}"
        return Stop(RecordState.REVIEW, reason, Failure(Remedy.IN_DOUBT, reason), line.step)
    return Settle(line.step, found=False)


def _known(work: Work) -> dict[str, Json]:
    """Return the root with every step that took effect, also where the walk stopped before it.

    A process that takes up an undo may have to wait for the customer of an order; the undo must not.
    """
    root = work.root()
    made = {
        step.id: _made(work, step)
        for step in work.pipeline.steps
        if step.call is not None and work.taken(step.id) is not None
    }
    return {**root, "steps": {**root["steps"], **made}}


def _made(work: Work, step: Step) -> dict[str, Json]:
    """Return what a step that took effect sent and was answered."""
    return result_of(step.request.outputs, work.log[step.id])


def _prove_gone(work: Work, step: Step) -> Action | None:
    """Look whether the document is gone; a probe that cannot prove absence is not asked."""
    probe = work.pipeline.probes.get(step.probe or "")
    if probe is None or not probe.proves_absence:
        return None
    made = _made(work, step)
    asked = f"gone:{step.id}"
    if asked not in work.checked:
        return settle.ask(work, asked, probe, _known(work))
    document = {name: value for name, value in made.items() if name != "fields"}
    if not any(same_document(document, row) for row in work.checked[asked]):
        return None
    named = ", ".join(f"{name} {value}" for name, value in document.items())
    reason = f"M3 said that it deleted {named}, but it is still there"
    return Stop(RecordState.REVIEW, reason, Failure(Remedy.IN_DOUBT, reason), f"undo:{step.id}")
