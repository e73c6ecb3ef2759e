"""Sweeping orphans: temporary documents that a lost request made after everybody stopped waiting for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.connector import Failure, Remedy
from m3nop.core.records import RecordState
from m3nop.engine import commit, settle
from m3nop.engine.actions import Action, Finish, Stop
from m3nop.engine.work import same_document

if TYPE_CHECKING:
    from m3nop.engine.work import Work


def next_sweep(work: Work) -> Action:
    """Say the next call of a sweep: find by reference, keep what is ours, delete the rest."""
    double_check = work.pipeline.double_check
    making = work.pipeline.making_step
    if double_check is None or making is None or making.call is None:
        return Finish()
    temporary, real = (work.pipeline.probes[name] for name in (double_check.temporary, double_check.real))
    root = work.with_step(making.id, {"fields": _fields_sent(work, making.id)})
    for probe in (temporary, real):
        if f"check:{probe.name}" not in work.checked:
            return settle.ask(work, f"check:{probe.name}", probe, root)
    kept = (work.record.commit_target or {}).get(making.id)
    for row in work.checked[f"check:{temporary.name}"]:
        if same_document(kept, row) or row.get("_owner") not in (None, work.record.id):
            continue
        deletion = commit.delete_document(work, row, root)
        if deletion is not None:
            return deletion
    return _doubled(work, len(work.checked[f"check:{real.name}"]))


def _doubled(work: Work, reals: int) -> Action:
    if reals <= 1:
        return Finish()
    reason = f"M3 holds {reals} real documents with the reference {work.attempt.reference}"
    return Stop(RecordState.REVIEW, reason, Failure(Remedy.IN_DOUBT, reason), "sweep")


def _fields_sent(work: Work, step_id: str) -> dict[str, object]:
    line = work.log.get(step_id)
    return dict(line.fields) if line else {}
