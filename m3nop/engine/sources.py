"""The sources of a run, opened once each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.engine.arrival import key_of
from m3nop.engine.feeds import GivenFeed, LinksFeed, ReadFeed
from m3nop.mapping.pipeline import SourceKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.core.clock import Clock
    from m3nop.core.connector import Connection, Source
    from m3nop.core.json import Json
    from m3nop.core.state import State
    from m3nop.engine.ports import Job

FETCH = 100
"""Keys asked for in one go."""


class Sources:
    """Opens the source of each pipeline when it is first needed."""

    def __init__(
        self, connections: Mapping[str, Connection], *, state: State | None, clock: Clock, zone: str
    ) -> None:
        self._connections = connections
        self._state = state
        """Where links are read; None where nothing was ever run."""
        self._clock = clock
        self._zone = zone
        self._open: dict[str, Source] = {}

    def of(self, job: Job) -> Source:
        """Return the source of a pipeline."""
        if job.name not in self._open:
            self._open[job.name] = self._make(job)
        return self._open[job.name]

    def _make(self, job: Job) -> Source:
        rule = job.any.source
        match rule.kind:
            case SourceKind.RESOURCE:
                return self._resource(job)
            case SourceKind.READ:
                connection = self._connections[rule.connection]
                return ReadFeed(job.any, connection, clock=self._clock, zone=self._zone)
            case SourceKind.LINKS if self._state is not None:
                return LinksFeed(job.any, self._state, stores={code: n for n, code in job.stores.items()})
            case SourceKind.LINKS | SourceKind.GIVEN:
                return GivenFeed()

    def _resource(self, job: Job) -> Source:
        rule = job.any.source
        wanted = [pipeline.source.wanted for pipeline in job.by_store.values()]
        paths = None if None in wanted else frozenset[str]().union(*(paths or () for paths in wanted))
        stores = [pipeline.store for pipeline in job.by_store.values()]
        return self._connections[rule.connection].source(rule.resource, stores=stores, wanted=paths)

    def fetch(self, job: Job, partition: str, keys: Sequence[str]) -> dict[str, Mapping[str, Json]]:
        """Read records again by key; those that are gone are missing from the answer.

        Raises:
            AccessError, SourceError: as the source does.
        """
        source, now = self.of(job), self._clock.now()
        found: dict[str, Mapping[str, Json]] = {}
        for start in range(0, len(keys), FETCH):
            for snapshot in source.fetch(keys[start : start + FETCH], partition=partition):
                found[key_of(job.any, snapshot, now=now, zone=self._zone)] = snapshot
        return found
