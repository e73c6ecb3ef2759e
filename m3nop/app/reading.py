"""Reads records of a source without taking them in: to explain, to try a mapping, to look for gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.engine.arrival import classify
from m3nop.engine.linked import links_of
from m3nop.engine.ports import Silent
from m3nop.engine.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from m3nop.app.session import Session
    from m3nop.core.clock import Instant
    from m3nop.core.json import Json
    from m3nop.core.records import Arrival


class Reader:
    """The source of one pipeline, open for looking at."""

    def __init__(self, session: Session, name: str) -> None:
        jobs = session.jobs([name])
        tools = session.tools(jobs, observer=Silent())
        self._job = jobs[name]
        self._clock = session.clock
        self._zone = tools.zone
        state = session.state(read_only=True) if session.has_state() else None
        self._by_m3 = links_of(state, seen_from=name)
        self._sources = Sources(tools.connections, state=state, clock=session.clock, zone=tools.zone)

    def fetch(self, key: str, *, baseline: Instant | None = None) -> Arrival | None:
        """Return a record as a run would take it in now, or None if the source does not have it.

        Raises:
            AccessError, SourceError: as the source does.
        """
        if not self._job.any.source.can_read_again:
            # The rows of a list have no number to ask for: the whole list is read.
            return next((found for found in self.every(None, baseline=baseline) if found.key == key), None)
        for partition in self._sources.of(self._job).partitions():
            snapshot = self._sources.fetch(self._job, partition, [key]).get(key)
            if snapshot is not None:
                return self._classify(snapshot, partition, baseline)
        return None

    def every(self, since: Instant | None, *, baseline: Instant | None = None) -> Iterator[Arrival]:
        """Yield what the source has, created at ``since`` or later; without it, since the pipeline's start.

        Raises:
            AccessError, SourceError: as the source does.
        """
        source = self._sources.of(self._job)
        starts = [pipeline.start for pipeline in self._job.by_store.values()]
        oldest = (
            since
            if since is not None
            else min((start for start in starts if start is not None), default=None)
        )
        for partition in source.partitions():
            watermark = None if oldest is None else source.watermark_at(partition, oldest)
            for page in source.pages(partition, watermark):
                for snapshot in page.records:
                    yield self._classify(snapshot, partition, baseline)

    def _classify(self, snapshot: Mapping[str, Json], partition: str, baseline: Instant | None) -> Arrival:
        return classify(
            self._job,
            snapshot,
            partition=partition,
            now=self._clock.now(),
            zone=self._zone,
            baseline=baseline,
            by_m3=self._by_m3,
        )
