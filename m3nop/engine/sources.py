"""The sources of a run, opened once each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.engine.arrival import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.core.clock import Clock
    from m3nop.core.connector import Connection, Source
    from m3nop.core.json import Json
    from m3nop.engine.ports import Job

FETCH = 100
"""Keys asked for in one go."""


class Sources:
    """Opens the source of each pipeline when it is first needed."""

    def __init__(self, connections: Mapping[str, Connection], *, clock: Clock, zone: str) -> None:
        self._connections = connections
        self._clock = clock
        self._zone = zone
        self._open: dict[str, Source] = {}

    def of(self, job: Job) -> Source:
        """Return the source of a pipeline."""
        if job.name not in self._open:
            rule = job.any.source
            wanted = [pipeline.source.wanted for pipeline in job.by_store.values()]
            paths = None if None in wanted else frozenset[str]().union(*(paths or () for paths in wanted))
            self._open[job.name] = self._connections[rule.connection].source(
                rule.resource, stores=[pipeline.store for pipeline in job.by_store.values()], wanted=paths
            )
        return self._open[job.name]

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
