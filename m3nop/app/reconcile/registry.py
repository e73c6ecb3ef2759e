"""Which subjects can be reconciled, which pipelines they are about, and what compares them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from m3nop.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from m3nop.app.reconcile.bench import Bench
    from m3nop.app.reconcile.findings import Difference, Tally
    from m3nop.app.session import Session
    from m3nop.mapping.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Options:
    """What a comparison may be told."""

    stuck_after: float


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that both systems have."""

    is_about: Callable[[Pipeline], bool]
    """Tells its pipelines from others, whatever a site calls them."""
    doing: str
    """What such a pipeline does, for the message that there is none."""
    compare: Callable[[Bench, Tally, Options], Iterator[Difference]]


def enters_orders(pipeline: Pipeline) -> bool:
    """Tell whether a pipeline enters shop orders in M3."""
    source = pipeline.source
    return source.resource == "orders" and pipeline.commit_step is not None and not pipeline.moves


def _orders(bench: Bench, tally: Tally, options: Options) -> Iterator[Difference]:
    from m3nop.app.reconcile.orders import Orders

    return Orders(bench, tally, stuck_after=options.stuck_after).differences()


SUBJECTS: Mapping[str, Subject] = {
    "orders": Subject(enters_orders, "enters shop orders in M3", _orders),
}
"""Every subject, by the name that the command takes."""


def pipelines_of(session: Session, name: str) -> list[str]:
    """Name the pipelines of a subject.

    Raises:
        UsageError: the project has none.
    """
    subject, project = SUBJECTS[name], session.project
    found = [
        one
        for one in project.pipelines
        if (stores := project.stores_of(one)) and subject.is_about(project.pipeline(one, stores[0]))
    ]
    if not found:
        msg = f"{name} cannot be reconciled: the project has no pipeline that {subject.doing}"
        raise UsageError(msg)
    return found
