"""Which pipelines a message wakes, and with which record: what a run is asked to look at because of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from m3nop.core.clock import DAY
from m3nop.core.documents import topic_of
from m3nop.core.inbox import Reception
from m3nop.mapping.pipeline import SourceKind
from m3nop.spec.ion import erp_of
from m3nop.spec.service import documents_of, topics_of
from m3nop.spec.webhooks import shop_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from m3nop.app.session import Session
    from m3nop.core.clock import Instant
    from m3nop.core.inbox import Received
    from m3nop.state.store import SqlState

KEPT = 30 * DAY
"""How long messages are known that were handled, so that they count once."""
_MOST = 1_000
"""Messages that one run takes up."""


class Woken(Struct, frozen=True):
    """A pipeline that a topic wakes."""

    pipeline: str
    by_key: bool
    """Whether the record that is named can be looked at alone; else the source is read for what is new."""
    reads: bool
    """Whether the source is read as well."""
    quiet: float | None = None
    """Seconds that a new record is left alone; None for as the pipeline says."""
    rows_only_name: bool = False
    """Whether rows of the source only say which record to look at, so that a known one need not be listed."""
    links: str = ""
    """The pipeline whose links lead from what is named, a key of M3, to the record; or ``""``."""


class Batch(Struct):
    """Messages that one run takes up."""

    named: dict[str, dict[str, float | None]] = field(default_factory=dict)
    polled: set[str] = field(default_factory=set)
    ids: list[int] = field(default_factory=list)
    ignored: list[int] = field(default_factory=list)
    """Messages that wake nothing."""

    @property
    def pipelines(self) -> set[str]:
        """The pipelines that are woken."""
        return {*self.named, *self.polled}


class Events:
    """Knows which topic of which source wakes which pipelines."""

    def __init__(self, woken: Mapping[tuple[str, str], Sequence[Woken]]) -> None:
        self._woken = woken
        self.announced = frozenset(
            one.pipeline for every in woken.values() for one in every if one.by_key and not one.reads
        )
        """Pipelines whose new records messages should name."""

    @property
    def wakes(self) -> frozenset[str]:
        """The pipelines that something wakes."""
        return frozenset(one.pipeline for every in self._woken.values() for one in every)

    def take(self, state: SqlState) -> Batch:
        """Return what came in and was not looked at yet, the oldest first; nothing is changed."""
        batch = Batch()
        for received in state.next_messages(limit=_MOST):
            self._add(batch, received, state)
        return batch

    def _add(self, batch: Batch, received: Received, state: SqlState) -> None:
        message = received.message
        woken = self._woken.get((message.source, message.topic), ())
        (batch.ids if woken else batch.ignored).append(received.id)
        for one in woken:
            names = [message.key] if message.key else []
            if one.links and names:
                names = [link.key for link in state.links(one.links, m3=message.key)]
                if not names:
                    # M3 tells of everything; this is none of ours.
                    continue
            known = one.rows_only_name and state.known_keys(one.pipeline, names) == set(names)
            if not names or (one.reads and not known):
                batch.polled.add(one.pipeline)
            for name in names if one.by_key else ():
                keys = batch.named.setdefault(one.pipeline, {})
                told = [quiet for quiet in (keys.get(name), one.quiet) if quiet is not None]
                # Whoever says that it is complete is right, be it first or last.
                keys[name] = min(told, default=None)

    def settle(
        self, state: SqlState, batch: Batch, *, failed: Collection[str], now: Instant
    ) -> None:  # fmt: skip
        """Note that a batch was looked at. Where a pipeline was not run, its records are due next time.

        From here on the records tell: a new one that could not be looked at is found by the poll with which
        the pipeline is tried again.
        """
        if not (batch.ids or batch.ignored):
            return
        with state.transaction() as tx:
            for name in failed:
                tx.hasten(name, batch.named.get(name, ()), now=now)
            tx.settle_messages(batch.ids, Reception.HANDLED, now=now)
            tx.settle_messages(batch.ignored, Reception.IGNORED, now=now)


def forget(state: SqlState, *, now: Instant) -> None:
    """Forget what was settled long ago."""
    with state.transaction() as tx:
        tx.forget_messages(before=now - KEPT)


def documents_that_wake(
    session: Session, names: Collection[str]
) -> dict[tuple[str, str], list[Woken]]:  # fmt: skip
    """Read from a project which documents of ION wake which of these pipelines, with which key in them.

    A row cannot be read again alone, so it is listed with what else is new; links lead to their records.
    """
    project = session.project
    woken: dict[tuple[str, str], list[Woken]] = {}
    for source, spec in (project.spec.ion if project.spec else {}).items():
        erp = erp_of(spec, project.connection_types)
        for name in names:
            documents = documents_of(project, name)
            pipeline = session.jobs([name])[name].any if documents else None
            if pipeline is None or erp not in pipeline.connections:
                continue
            one = Woken(
                name, by_key=True, reads=True, links=pipeline.source.of,
                rows_only_name=pipeline.source.distinct is not None,
            )  # fmt: skip
            for document, place in documents.items():
                for topic in (document, topic_of(document, place)):
                    woken.setdefault((source, topic), []).append(one)
    return woken


def events_of(session: Session, names: Collection[str]) -> Events:
    """Read from a project which topics wake which of these pipelines."""
    project = session.project
    woken = documents_that_wake(session, names)
    for source, spec in (project.spec.webhooks if project.spec else {}).items():
        shop = shop_of(spec, project.connection_types)
        for name in names:
            pipeline = session.jobs([name])[name].any if topics_of(project, name) else None
            if pipeline is None or shop not in pipeline.connections:
                continue
            again, reads = pipeline.source.can_read_again, pipeline.source.kind is not SourceKind.RESOURCE
            for topic in topics_of(project, name):
                one = Woken(name, again, reads, spec.quiet.get(topic))
                woken.setdefault((source, topic), []).append(one)
    return Events(woken)
