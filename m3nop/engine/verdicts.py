"""Whether an answer is one, and how a record's work ends when it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.clock import SECOND
from m3nop.core.connector import Effect, Failure, Remedy
from m3nop.core.records import RecordState
from m3nop.engine import undo
from m3nop.engine.actions import Action, Park, Purpose, Send, Stop, Undo
from m3nop.engine.work import result_of
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.pipeline import OnFail, SourceKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.clock import Instant
    from m3nop.core.json import Json
    from m3nop.engine.work import Work
    from m3nop.mapping.pipeline import Check, Step

LOOK_AGAIN = 900.0
"""Seconds until a check that waits is made again, where the source does not say."""

LISTS_BEFORE_DEAD = 5
LIST_AGAIN = 15 * SECOND
"""How often, and after what first pause, a list that was refused is made again; pauses double."""

STATE_OF = {
    OnFail.REJECT: RecordState.DEAD,
    OnFail.REVIEW: RecordState.REVIEW,
    OnFail.WAIT: RecordState.WAITING,
    OnFail.IGNORE: RecordState.IGNORED,
}


def is_committed(work: Work) -> bool:
    """Tell whether the commit was answered, or found, in a way that makes the document real."""
    step = work.pipeline.commit_step
    line = work.taken(step.id) if step else None
    if step is None or step.call is None or line is None:
        return False
    root = {**work.root(), "result": result_of(step.call.outputs, line)}
    serious = [check for check in step.expect if check.on_fail in STATE_OF]
    if not all(check.condition.condition(root, work.context) for check in serious):
        return False
    return step.pending_when is None or not step.pending_when.condition(root, work.context)


def ends_here(work: Work) -> bool:
    """Tell whether what was found on the way is the end of a record that is made equal again and again."""
    source = work.pipeline.source
    if source.kind is not SourceKind.LINKS or source.recheck_until is None:
        return False
    try:
        return source.recheck_until.condition(work.root(), work.context)
    except EvaluationError as error:
        work.notes.append(f"recheck.until: {error}")
        return False


def failed_check(work: Work, checks: tuple[Check, ...], root: Mapping[str, Json]) -> Check | None:
    """Return the first condition that is not true; one that only warns becomes a note."""
    for check in checks:
        if check.on_fail is OnFail.REVIEW and work.record.released:
            continue
        if check.condition.condition(root, work.context):
            continue
        if check.on_fail is not OnFail.WARN:
            return check
        if check.message not in work.notes:
            work.notes.append(check.message)
    return None


def follow_check(work: Work, check: Check, now: Instant, *, step: str) -> Action:
    """Say what a condition that is not true does to the record."""
    if check.on_fail is OnFail.WAIT:
        return wait(work, now, check.message, forget=step)
    return give_up(work, STATE_OF[check.on_fail], check.message, step=step)


def wait(work: Work, now: Instant, reason: str, *, forget: str = "") -> Park:
    """Look again later; a refused call is then made again, and the read at ``forget`` too."""
    pause = work.pipeline.source.recheck_every or LOOK_AGAIN
    return Park(RecordState.WAITING, now + int(pause * 1_000_000), reason, forget=forget)


def read_again(work: Work, step: Step, path: str, failure: Failure, now: Instant) -> Park | None:
    """Make a list afresh that was refused without a word on what is wrong with it: it may have broken off.

    None when that is no remedy, or has been tried often enough.
    """
    operation = step.request.target.operation
    broke_off = operation.effect is Effect.READ and operation.many and not failure.field
    if not broke_off or failure.remedy is not Remedy.BUSINESS or work.record.doubts >= LISTS_BEFORE_DEAD:
        return None
    pause = LIST_AGAIN * 2**work.record.doubts
    work.record.doubts += 1
    return Park(RecordState.READY, now + pause, f"will be read again: {failure}", forget=path)


def give_up(
    work: Work, state: RecordState, reason: str, *, failure: Failure | None = None, step: str = ""
) -> Action:
    """End the record's work, after taking back what is still disposable."""
    known = failure or Failure(Remedy.BUSINESS, reason)
    if not work.attempt.committed and undo.anything_to_undo(work):
        return Undo(state, reason, known, step)
    return Stop(state, reason, known, step)


def ask_reasons(work: Work, step: Step, path: str, root: Mapping[str, Json]) -> Send | None:
    """Read why a step was refused, if the pipeline says where and it was not read yet."""
    asked = f"reasons:{path}"
    if step.reasons is None or asked in work.checked:
        return None
    mapped = work.map(step.reasons.read, root)
    return Send(asked, Purpose.CHECK, step.reasons.read.target, mapped.fields, mapped.origins)


def with_reasons(work: Work, step: Step, path: str, message: str) -> str:
    """Add the reasons that were read to a message."""
    rows = work.checked.get(f"reasons:{path}", [])
    if step.reasons is None or not rows:
        return message
    root, text = work.root(), step.reasons.message
    texts = (text.evaluate({**root, "row": row}, work.context) for row in rows)
    return f"{message}: {', '.join(dict.fromkeys(str(text) for text in texts if text))}"
