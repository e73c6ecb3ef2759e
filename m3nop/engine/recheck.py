"""Looks again, in groups, at records that wait and at delivered ones that can still change."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from m3nop.core.clock import DAY, SECOND, Clock, Instant
from m3nop.core.json import Json, digest
from m3nop.core.records import Attempt, Record, RecordState
from m3nop.engine.arrival import LOOK_AGAIN, classify, first_look_again, is_closed, unreadable
from m3nop.engine.beside import request
from m3nop.engine.linked import links_of
from m3nop.engine.preview import Planned, content_digest, differences, preview
from m3nop.engine.sources import FETCH
from m3nop.engine.work import Work
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.pipeline import OnChange, Pipeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.core.state import State
    from m3nop.engine.beside import Asking
    from m3nop.engine.ports import Job, Tools
    from m3nop.engine.sources import Sources
    from m3nop.engine.tally import Tally

    _Snapshots = Mapping[str, Mapping[str, Json]]
LOOKED_AT = (RecordState.WAITING, RecordState.DONE)
"""States of records that may have news."""
_SHOWN = 5


class Recheck:
    """Reads due records again and decides what their news means."""

    def __init__(self, state: State, tools: Tools, sources: Sources, *, clock: Clock, tally: Tally) -> None:
        self._tally = tally
        self._state = state
        self._tools = tools
        self._sources = sources
        self._clock = clock

    def look(self, job: Job, states: Sequence[RecordState] = LOOKED_AT) -> Asking[int]:
        """Look at everything in these states that is due; return how many records were read again."""
        count = 0
        while not self._tools.stop:
            now = self._clock.now()
            due = self._state.records(job.name, states=states, due=now, limit=FETCH)
            if not due:
                break
            yield from self.look_at(job, due, {})
            count += len(due)
        return count

    def look_at(self, job: Job, due: Sequence[Record], quiet: Mapping[str, float | None]) -> Asking[None]:
        """Look at these records; ``quiet`` says by key how long a new one is left alone, if that is known."""
        now = self._clock.now()
        groups: dict[str, list[Record]] = {}
        for record in due:
            groups.setdefault(record.partition, []).append(record)
        for partition, records in groups.items():
            fresh = yield from self._fetch(job, partition, records)
            for record in records:
                self._news(job, record, fresh.get(record.key), now, quiet.get(record.key))
            with self._state.transaction() as tx:
                for record in records:
                    # One that was changed meanwhile is looked at again as it is now.
                    tx.save_if_unchanged(record)

    def _fetch(self, job: Job, partition: str, records: list[Record]) -> Asking[_Snapshots]:
        if job.any.source.can_read_again:
            keys = [record.key for record in records]
            return (yield from request(partial(self._sources.fetch, job, partition, keys)))
        return {record.key: record.snapshot for record in records if record.snapshot is not None}

    def _news(
        self, job: Job, record: Record, snapshot: Mapping[str, Json] | None, now: Instant, quiet: float | None
    ) -> None:
        pipeline = job.by_store.get(record.store)
        if pipeline is None:
            # What waits is looked at again in case its store is served again; what was delivered rests.
            record.not_before = now + DAY if record.state is RecordState.WAITING else None
            return
        if record.state is RecordState.WAITING:
            self._still_waiting(job, pipeline, record, snapshot, now=now, quiet=quiet)
        else:
            self._delivered(pipeline, record, snapshot, now)
        if record.state not in (RecordState.WAITING, RecordState.DONE):
            self._tally.rested(record, record.state, record.reason)

    def _still_waiting(
        self, job: Job, pipeline: Pipeline, record: Record, snapshot: Mapping[str, Json] | None, *,
        now: Instant, quiet: float | None,
    ) -> None:  # fmt: skip
        expired = record.deadline is not None and now > record.deadline
        if snapshot is None:
            record.reason = "the shop does not have it (any more)"
            record.not_before = now + int((pipeline.source.recheck_every or LOOK_AGAIN) * SECOND)
        else:
            arrival = classify(
                job,
                snapshot,
                partition=record.partition,
                now=now,
                zone=self._tools.zone,
                required=True,
                by_m3=links_of(self._state, seen_from=job.name),
                quiet=quiet,
            )
            if record.fingerprint and arrival.fingerprint != record.fingerprint:
                _to_review(record, "another record has taken its key in the shop")
                return
            record.snapshot, record.seen_at = snapshot, now
            record.state, record.not_before, record.reason = arrival.state, arrival.not_before, arrival.reason
            record.deadline = record.deadline or arrival.deadline
            if record.state is RecordState.WAITING and is_closed(pipeline, snapshot, now, self._tools.zone):
                record.state, record.not_before = RecordState.IGNORED, None
                record.reason = "closed in the shop before it was ready"
        if expired and record.state is RecordState.WAITING:
            _to_review(record, f"expired: {record.reason}")

    def _delivered(
        self, pipeline: Pipeline, record: Record, snapshot: Mapping[str, Json] | None, now: Instant
    ) -> None:
        if snapshot is None or unreadable(snapshot):
            record.not_before = now + int((pipeline.source.recheck_every or LOOK_AGAIN) * SECOND)
            if record.deadline is not None and now > record.deadline:
                record.not_before = None
            return
        record.not_before, _ = first_look_again(pipeline, record, snapshot, now, zone=self._tools.zone)
        attempt = self._state.attempt(record.attempt_id) if record.attempt_id else None
        changed = digest(snapshot) != digest(record.snapshot)
        steps = pipeline.on_change is OnChange.STEPS
        if pipeline.source.makes_equal:
            _work_again(record, "looked at again")
        elif changed and steps and (pipeline.moves or attempt is None):
            # What is to be done, if anything, follows from the record itself.
            _work_again(record, "changed in the shop")
        elif attempt is not None and changed and pipeline.on_change is not OnChange.IGNORE:
            self._compare(pipeline, record, attempt, snapshot)
        record.snapshot, record.seen_at = snapshot, now

    def _compare(
        self, pipeline: Pipeline, record: Record, attempt: Attempt, snapshot: Mapping[str, Json]
    ) -> None:
        """Compare what was entered with what would be entered now, by the mapping of that time."""
        frozen = pipeline
        if attempt.definition != pipeline.digest:
            text = self._state.definition(attempt.definition)
            frozen = self._tools.recompile(text) if text else pipeline
        after = self._content(frozen, record, attempt, snapshot)
        seen = content_digest(after)
        if seen == record.digest:
            return
        before = self._content(frozen, record, attempt, attempt.snapshot)
        if not record.digest and content_digest(before) == seen:
            record.digest = seen
            return
        if pipeline.on_change is OnChange.STEPS and pipeline.commit_step is None:
            _work_again(record, "changed in the shop")
            return
        record.digest = seen
        unclear = [call.problem for call in after if not call.path]
        changes = unclear or differences(before, after)
        if changes:
            more = f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
            _to_review(
                record, f"changed in the shop since it was entered: {'; '.join(changes[:_SHOWN])}{more}"
            )

    def _content(
        self, pipeline: Pipeline, record: Record, attempt: Attempt, snapshot: Mapping[str, Json]
    ) -> list[Planned]:
        frozen = Attempt(
            id=attempt.id, record_id=record.id, number=attempt.number, state=attempt.state,
            opened_at=attempt.opened_at, snapshot=snapshot, edits=attempt.edits,
            definition=attempt.definition, reference=attempt.reference,
            epoch=attempt.epoch, committed=attempt.committed,
        )  # fmt: skip
        lines = self._state.calls(attempt.id)
        link = self._state.link(pipeline.name, record.key)
        by_m3 = links_of(self._state, seen_from=pipeline.name)
        work = Work(pipeline, record, frozen, lines=lines, link=link, zone=self._tools.zone, by_m3=by_m3)
        try:
            for step in pipeline.steps:
                if step.requires is not None:
                    key = str(step.requires.key.evaluate(work.root(), work.context) or "")
                    work.links[step.requires.pipeline, key] = self._state.link(step.requires.pipeline, key)
        except EvaluationError as error:
            return [Planned("", "", "", problem=str(error))]
        return preview(work)


def _work_again(record: Record, reason: str) -> None:
    record.state, record.not_before, record.reason = RecordState.READY, None, reason


def _to_review(record: Record, reason: str) -> None:
    record.state, record.reason, record.not_before = RecordState.REVIEW, reason, None
