"""Runs comparisons, and turns what they find back to work where that is safe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from m3nop.app import letters
from m3nop.app.actor import current_user
from m3nop.app.reconcile.bench import Bench
from m3nop.app.reconcile.findings import Difference, Fix, Tally
from m3nop.app.reconcile.registry import SUBJECTS, pipelines_of
from m3nop.app.reviews import make_ready, save_decision
from m3nop.app.session import unknown
from m3nop.core.errors import UsageError
from m3nop.core.records import RecordState
from m3nop.core.vitals import ComparisonNews

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from m3nop.app.reconcile.findings import Window
    from m3nop.app.reconcile.registry import Options
    from m3nop.app.session import Session


class Comparison(Struct):
    """What one comparison found."""

    subject: str
    differences: list[Difference] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


def reconcile(
    session: Session, subject: str, *, window: Window, stores: Sequence[str], options: Options
) -> Comparison:
    """Compare both systems over a window; nothing is written anywhere.

    Raises:
        UsageError: there is no such subject or store, or the project has no pipeline of it.
        AccessError, SourceError: a system cannot be read.
    """
    if subject not in SUBJECTS:
        raise UsageError(unknown("subject", subject, tuple(SUBJECTS)))
    for store in stores:
        if store not in session.project.stores:
            raise UsageError(unknown("store", store, session.project.stores))
    if window.start is not None and window.start >= window.end:
        raise UsageError("--from has to be before --to")
    found = Comparison(subject)
    for name in pipelines_of(session, subject):
        bench = Bench(session, name, window=window, stores=stores)
        if bench.stores:
            found.differences.extend(SUBJECTS[subject].compare(bench, found.tally, options))
    return found


def note_comparisons(session: Session, found: Iterable[Comparison]) -> None:
    """Keep how much differed, for metrics and alerts.

    Raises:
        BusyError: another process owns the state.
    """
    now = session.clock.now()
    with session.state().transaction() as tx:
        for each in found:
            tx.put_comparison(ComparisonNews(each.subject, now, len(each.differences)))


class Step(Struct, frozen=True):
    """One part of a plan: what is done with which records of a pipeline."""

    fix: Fix
    pipeline: str
    keys: tuple[str, ...]

    @property
    def commands(self) -> tuple[str, ...]:
        """What a person would type."""
        if self.fix is Fix.RETRY:
            return tuple(f"m3nop dead-letters retry {self.pipeline}/{key}" for key in self.keys)
        if self.fix is Fix.SYNC:
            chosen = " ".join(f"--key {key}" for key in self.keys)
            return (f"m3nop sync {self.pipeline} {chosen}".rstrip(),)
        return ()


def plan_of(differences: Iterable[Difference]) -> list[Step]:
    """Say which records would be turned back to work, and which pipelines run with which keys."""
    chosen: dict[tuple[Fix, str], dict[str, None]] = {}
    for one in differences:
        if one.fix is not Fix.NONE:
            chosen.setdefault((one.fix, one.pipeline), {})[one.key] = None
    order = (Fix.RETRY, Fix.AGAIN, Fix.SYNC, Fix.DECIDE)
    return [
        Step(fix, pipeline, tuple(keys))
        for (fix, pipeline), keys in sorted(
            chosen.items(), key=lambda found: (order.index(found[0][0]), found[0][1])
        )
    ]


def apply_plan(session: Session, steps: Iterable[Step], *, wait: float = 0.0) -> int:
    """Turn records ready by the guarded means, and return how many; neither system is written to.

    Raises:
        BusyError: a run goes on.
        UsageError: a dead letter was settled meanwhile.
    """
    count = 0
    for step in steps:
        if step.fix is Fix.RETRY:
            names = tuple(f"{step.pipeline}/{key}" for key in step.keys)
            count += len(letters.retry(session, letters.Choice(names=names), wait=wait))
        elif step.fix is Fix.AGAIN:
            count += _again(session, step, wait)
    return count


def _again(session: Session, step: Step, wait: float) -> int:
    state, now, count = session.state(wait=wait), session.clock.now(), 0
    with state.transaction() as tx:
        for record in state.records(step.pipeline, keys=step.keys, states=[RecordState.DONE]):
            attempt = state.attempt(record.attempt_id) if record.attempt_id else None
            make_ready(session, record, attempt, reason="the systems differ")
            save_decision(tx, record)
            count += 1
        detail = {"keys": list(step.keys)}
        tx.audit(now=now, actor=current_user(), action="again", subject=step.pipeline, detail=detail)
    return count
