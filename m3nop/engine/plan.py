"""The calls that a run would make, found out by reading only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.core.connector import Call, Outcome, Row
from m3nop.core.errors import AccessError
from m3nop.core.records import Arrival, Attempt, AttemptState, Record, RecordState
from m3nop.engine.arrival import classify, reference_of
from m3nop.engine.in_flight import quantities
from m3nop.engine.linked import links_of
from m3nop.engine.preview import Planned, preview
from m3nop.engine.renewal import one_each, renewed
from m3nop.engine.run import in_order
from m3nop.engine.sources import FETCH, Sources
from m3nop.engine.work import Work
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.pipeline import SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from m3nop.core.clock import Clock
    from m3nop.core.json import Json
    from m3nop.core.state import State
    from m3nop.engine.ports import Job, Tools
    from m3nop.engine.wish import Wish
    from m3nop.mapping.pipeline import Pipeline, Request

_DUE = (RecordState.READY, RecordState.PENDING, RecordState.BLOCKED, RecordState.IN_FLIGHT)


class PlannedRecord(Struct, frozen=True):
    """What a run would do with one record."""

    pipeline: str
    key: str
    store: str
    state: RecordState
    reason: str
    calls: tuple[Planned, ...] = ()

    @property
    def acts(self) -> bool:
        """Whether anything would be sent."""
        return any(call.fields and call.effect != "read" for call in self.calls)


class Planner:
    """Plans a run without committing or sending anything that acts."""

    def __init__(self, state: State, tools: Tools, jobs: Mapping[str, Job], *, clock: Clock) -> None:
        self._state = state
        self._tools = tools
        self._jobs = jobs
        self._clock = clock
        self._sources = Sources(tools.connections, state=state, clock=clock, zone=tools.zone)

    def plan(self, wish: Wish) -> Iterator[PlannedRecord]:
        """Yield what would happen to each record, those that are required before those that wait for them.

        Raises:
            AccessError, SourceError: a system cannot be read.
        """
        left = wish.limit
        for name in in_order(wish.pipelines, self._jobs):
            if name not in wish.pipelines:
                continue
            for record in self._records(self._jobs[name], wish):
                if left is not None and left <= 0:
                    return
                planned = self._plan(self._jobs[name], record)
                left = left - 1 if left is not None and planned.acts else left
                yield planned

    def _records(self, job: Job, wish: Wish) -> Iterator[Record | Arrival]:
        for record in self._state.records(job.name, states=_DUE, keys=wish.keys, stores=wish.stores):
            if record.snapshot is None:
                found = self._sources.fetch(job, record.partition, [record.key])
                record.snapshot = found.get(record.key)
            if record.snapshot is not None:
                yield record
        source = self._sources.of(job)
        for partition in source.partitions():
            watermark = self._watermark(job, partition, wish)
            for page in source.pages(partition, watermark):
                for start in range(0, len(page.records), FETCH):
                    some = page.records[start : start + FETCH]
                    yield from self._new(job, partition, some, wish, every=watermark is None)

    def _watermark(self, job: Job, partition: str, wish: Wish) -> str | None:
        watermark = None if wish.full else self._state.watermark(job.name, partition)
        starts = [pipeline.start for pipeline in job.by_store.values() if pipeline.start is not None]
        oldest = wish.since if wish.since is not None else min(starts, default=None)
        if oldest is None or (watermark is not None and wish.since is None):
            return watermark
        return self._sources.of(job).watermark_at(partition, oldest)

    def _new(
        self, job: Job, partition: str, records: tuple[Mapping[str, Json], ...], wish: Wish, *, every: bool
    ) -> Iterator[Record | Arrival]:
        now, baseline = self._clock.now(), self._state.baseline(job.name)
        judged = [
            classify(
                job,
                record,
                partition=partition,
                now=now,
                zone=self._tools.zone,
                baseline=baseline,
                by_m3=links_of(self._state, seen_from=job.name),
            )
            for record in records
        ]
        arrivals = one_each(job, judged)
        if job.any.source.kind is SourceKind.READ:
            known, again = renewed(self._state, job, arrivals, now, every=every)
        else:
            known, again = self._state.known_keys(job.name, [arrival.key for arrival in arrivals]), []
        found: list[Record | Arrival] = [arrival for arrival in arrivals if arrival.key not in known]
        if again:
            due = {record.key for record in self._state.records(job.name, states=_DUE, keys=list(known))}
            found += [record for record in again if record.key not in due]
        for one in found:
            if (not wish.keys or one.key in wish.keys) and (not wish.stores or one.store in wish.stores):
                yield one

    def _plan(self, job: Job, record: Record | Arrival) -> PlannedRecord:
        pipeline = job.by_store.get(record.store)
        if pipeline is None or record.state not in _DUE:
            return PlannedRecord(job.name, record.key, record.store, record.state, record.reason)
        try:
            work = self._work(pipeline, record)
            skip = pipeline.skip_when
            if skip is not None and not work.log and skip.condition(work.root(), work.context):
                reason = f"nothing to do: {skip.text}"
                return PlannedRecord(job.name, record.key, record.store, RecordState.DONE, reason)
            calls = tuple(preview(work, read=self._read))
            root = work.root()
            failed = next(
                (one for one in pipeline.checks if not one.condition.condition(root, work.context)), None
            )
        except EvaluationError as error:
            return PlannedRecord(job.name, record.key, record.store, RecordState.DEAD, str(error))
        if failed is not None:
            reason = f"{failed.on_fail}: {failed.message}"
            return PlannedRecord(job.name, record.key, record.store, record.state, reason, calls)
        return PlannedRecord(job.name, record.key, record.store, RecordState.READY, "", calls)

    def _work(self, pipeline: Pipeline, found: Record | Arrival) -> Work:
        now = self._clock.now()
        record = found if isinstance(found, Record) else _record(found, now, self._state.epoch)
        attempt = Attempt(
            id=0, record_id=record.id, number=1, state=AttemptState.OPEN, opened_at=now,
            snapshot=record.snapshot, edits=record.edits, definition=pipeline.digest, epoch=record.epoch,
            reference=reference_of(pipeline, record.snapshot, now, self._tools.zone),
        )  # fmt: skip
        link = self._state.link(pipeline.name, record.key)
        lines = self._state.calls(record.attempt_id) if record.attempt_id else ()
        work = Work(
            pipeline, record, attempt, lines=lines, link=link, zone=self._tools.zone,
            in_flight=quantities(self._state, self._tools.orders) if pipeline.asks_in_flight else None,
            by_m3=links_of(self._state, seen_from=pipeline.name),
        )  # fmt: skip
        for step in pipeline.steps:
            if step.requires is not None and (
                step.when is None or step.when.condition(work.root(), work.context)
            ):
                key = str(step.requires.key.evaluate(work.root(), work.context) or "")
                work.links[step.requires.pipeline, key] = self._state.link(step.requires.pipeline, key)
        return work

    def _read(self, request: Request, fields: Mapping[str, Json]) -> list[Row]:
        connection = self._tools.connections[request.target.connection]
        call = Call("0", request.target.operation, fields, tuple(request.outputs.names.values()))
        answer = connection.send([call])[0]
        if answer.outcome is Outcome.DONE:
            return list(answer.rows)
        if answer.outcome is Outcome.REFUSED:
            return []
        raise AccessError(str(answer.failure))


def _record(arrival: Arrival, now: int, epoch: int) -> Record:
    return Record(
        id=0, pipeline=arrival.pipeline, key=arrival.key, store=arrival.store, state=arrival.state,
        snapshot=arrival.snapshot, fingerprint=arrival.fingerprint, created_at=arrival.created_at,
        seen_at=now, epoch=epoch, partition=arrival.partition,
    )  # fmt: skip
