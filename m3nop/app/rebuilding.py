"""Fills a state that was lost, or put back, with what M3 holds already; nothing is entered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.app.actor import current_user
from m3nop.app.session import unknown
from m3nop.core.connector import Effect
from m3nop.core.errors import UsageError
from m3nop.mapping.pipeline import SourceKind, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.app.session import Session
    from m3nop.engine.ports import Observer, StopSignal
    from m3nop.engine.run import Summary
    from m3nop.mapping.pipeline import Pipeline

_ENTERS = (Effect.UNSAFE, Effect.KEYED)


def to_rebuild(session: Session, names: Sequence[str]) -> tuple[str, ...]:
    """Name the pipelines, with their instances, that have something to be found; all of them by default.

    Raises:
        UsageError: there is no such pipeline, or M3 can hold nothing of it.
    """
    project = session.project
    for name in names:
        if name not in project.pipelines:
            raise UsageError(unknown("pipeline", name, project.pipelines))
    every = [one for name in names or session.enabled() for one in project.instances(name, ())]
    enabled = [one for one in dict.fromkeys(every) if session.is_enabled(one)]
    found = tuple(one for one in enabled if _can_be_found(session, one))
    nothing = sorted(set(enabled) - set(found)) if names else []
    if nothing or not found:
        which = ", ".join(nothing or names or ["the project"])
        msg = f"{which} enters nothing that could be found again: m3nop sync compares both systems anew"
        raise UsageError(msg)
    return found


def rebuild(
    session: Session, names: Sequence[str], *, observer: Observer, stop: StopSignal, wait: float = 0.0
) -> Summary:
    """Read everything again and link what M3 holds.

    Raises:
        BusyError: a run goes on.
        M3nopError: a system, or the state, does not work; what was found is kept, and it can be repeated.
    """
    from m3nop.engine.wish import Wish

    engine = session.engine(names, observer=observer, stop=stop, wait=wait)
    # What is looked for is not claimed: nobody else may work on it meanwhile.
    with session.state().alone(wait=wait):
        summary = engine.run(Wish(tuple(names), full=True, only_look=True, command="state rebuild"))
    counts = {"read": summary.read, **summary.counts}
    with session.state().transaction() as tx:
        detail = {
            "result": summary.result,
            "counts": {word: count for word, count in counts.items() if count},
        }
        now = session.clock.now()
        tx.audit(now=now, actor=current_user(), action="rebuild", subject=", ".join(names), detail=detail)
    return summary


def _can_be_found(session: Session, name: str) -> bool:
    """Tell whether a pipeline enters things of the shop in M3 that a probe can find."""
    pipelines = [session.project.pipeline(name, store) for store in session.project.stores_of(name)]
    return any(one.source.kind is SourceKind.RESOURCE and _leaves_a_trace(one) for one in pipelines)


def _leaves_a_trace(pipeline: Pipeline) -> bool:
    return pipeline.double_check is not None or any(
        step.probe is not None and step.call is not None and step.call.target.operation.effect in _ENTERS
        for step in walk(pipeline.steps)
    )
