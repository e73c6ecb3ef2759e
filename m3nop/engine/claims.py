"""Takes records that are due, and prepares each for its attempt: a new one, or the one a dead run left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.clock import DAY, SECOND
from m3nop.core.errors import AccessError, ConfigurationError, SourceError
from m3nop.core.json import digest
from m3nop.core.records import Attempt, AttemptState, CallState, RecordState
from m3nop.engine import edits
from m3nop.engine.arrival import created, fingerprint, first_look_again, judge, reference_of, unreadable
from m3nop.engine.in_flight import quantities
from m3nop.engine.linked import links_of
from m3nop.engine.resting import bury, rest
from m3nop.engine.work import Work
from m3nop.mapping.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from decimal import Decimal

    from m3nop.core.clock import Instant
    from m3nop.core.errors import M3nopError
    from m3nop.core.json import Json
    from m3nop.core.records import Link, LoggedCall, Record
    from m3nop.core.state import Transaction
    from m3nop.engine.answers import Answers
    from m3nop.engine.parts import Parts
    from m3nop.engine.wish import Wish
    from m3nop.mapping.pipeline import Pipeline

CLAIM = 200
"""Records that are worked on at once."""
SWEEP_AGAIN = 60 * SECOND
CLOCKS_DIFFER = DAY
"""How far the clock of a shop may be ahead: one that takes local time for UTC is hours wrong."""
STALE_AFTER = 600 * SECOND
"""A snapshot older than this is read again before its record's first attempt."""
LOOKS_BEFORE_GONE = 10
LOOK_AGAIN = 60 * SECOND
"""How often, and after what pause, a record that the shop does not show is asked for again."""

_CLAIMABLE = (RecordState.READY, RecordState.PENDING)
_OPEN = (AttemptState.OPEN, AttemptState.UNDOING)
_MOVING = (RecordState.READY, RecordState.PENDING, RecordState.IN_FLIGHT, RecordState.BLOCKED)
"""States in which the record itself is about to be worked on, which ends in the same look-ups."""


class FetchFailed(Exception):  # noqa: N818 - the name says what it is to its callers
    """A source cannot be read."""

    def __init__(self, connection: str, error: M3nopError) -> None:
        self.connection = connection
        self.error = error
        super().__init__(str(error))


class Claims:
    """Turns records of the state into works."""

    def __init__(self, parts: Parts, answers: Answers, wish: Wish) -> None:
        self._parts = parts
        self._answers = answers
        self._wish = wish
        self._wanted = [name for name in parts.jobs if name in wish.pipelines]
        self._required = [name for name in parts.jobs if name not in wish.pipelines]
        self._left_out: set[str] = set()
        self._begun: dict[int, str] = {}
        """Keys of the records that a limit has let in."""
        self._first_seen: set[int] = set()
        """Records that were known by their keys alone, so that nobody has judged them yet."""
        self._in_flight: dict[str, Decimal] | None = None
        self._epoch_began = max(
            (entry["at"] for entry in parts.state.stream("audit") if entry["action"] == "epoch"), default=0
        )
        self._settle_after = {
            name: int(one.settle_after * SECOND) for name, one in parts.tools.connections.items()
        }

    def take(self, room: int) -> tuple[int, list[Work]]:
        """Claim for so many slots, and all that is required; return how many, and those to work on.

        Raises:
            FetchFailed: what was read long ago cannot be read again; nothing is claimed.
        """
        now = self._parts.clock.now()
        with self._parts.state.transaction() as tx:
            records = self._claim(tx, room, now) if self._wanted else []
            if self._required:
                records += tx.claim(self._required, now=now, limit=CLAIM, run_id=self._parts.run_id)
        self._ask_in_flight()
        try:
            fresh = self._refresh(records, now)
        except FetchFailed:
            for record in records:
                rest(self._parts, record, RecordState.READY, record.reason)
            raise
        links = self._links_of(fresh)
        works = [self._take(record, links.get((record.pipeline, record.key))) for record in fresh]
        return len(records), [work for work in works if work is not None]

    def leave_out(self, pipelines: Collection[str]) -> None:
        """Claim no more of these pipelines."""
        self._left_out.update(pipelines)
        self._wanted = [name for name in self._wanted if name not in pipelines]
        self._required = [name for name in self._required if name not in pipelines]

    def _ask_in_flight(self) -> None:
        """Add up what is on its way to M3 before anything is read there: what arrives then counts twice.

        Too little is published then, for a while; the other way round it would be too much.
        """
        jobs, orders = self._parts.jobs, self._parts.tools.orders
        if not any(one.asks_in_flight for job in jobs.values() for one in job.by_store.values()):
            return
        if self._in_flight is None or any(name in jobs for name in orders):
            self._in_flight = quantities(self._parts.state, orders)

    def _claim(self, tx: Transaction, room: int, now: Instant) -> list[Record]:
        """Claim what was asked for; within a limit, a record that was let in may come again."""
        wish, run_id = self._wish, self._parts.run_id
        if wish.limit is None:
            return tx.claim(
                self._wanted, now=now, limit=room, run_id=run_id, stores=wish.stores, keys=wish.keys
            )
        records: list[Record] = []
        if self._begun:
            again = list(self._begun.values())
            records += tx.claim(
                self._wanted, now=now, limit=room, run_id=run_id, stores=wish.stores, keys=again
            )
        left = min(room - len(records), wish.limit - len(self._begun))
        if left > 0:
            records += tx.claim(
                self._wanted, now=now, limit=left, run_id=run_id, stores=wish.stores, keys=wish.keys
            )
        self._begun.update((record.id, record.key) for record in records)
        return records

    def _refresh(self, records: list[Record], now: Instant) -> list[Record]:
        """Read again what is only known by key, was read long ago, or was left in mid-attempt."""
        stale: dict[tuple[str, str], list[Record]] = {}
        for record in records:
            if self._is_stale(record, now):
                stale.setdefault((record.pipeline, record.partition), []).append(record)
        gone: set[int] = set()
        for (name, partition), group in stale.items():
            job = self._parts.jobs[name]
            try:
                fresh = self._parts.sources.fetch(job, partition, [record.key for record in group])
            except (AccessError, SourceError) as error:
                raise FetchFailed(job.any.source.connection, error) from error
            gone.update(record.id for record in group if not self._renew(record, fresh.get(record.key), now))
        return [record for record in records if record.id not in gone]

    def _is_stale(self, record: Record, now: Instant) -> bool:
        if not self._parts.jobs[record.pipeline].any.source.can_read_again:
            return False
        if record.snapshot is None:
            self._first_seen.add(record.id)
            return True
        attempt = self._parts.state.attempt(record.attempt_id) if record.attempt_id else None
        if attempt is not None and attempt.state in _OPEN:
            return (
                not attempt.committed
                and record.commit_target is None
                and record.seen_at < self._parts.started_at
            )
        return record.seen_at < self._parts.started_at or now - record.seen_at > STALE_AFTER

    def _renew(self, record: Record, snapshot: Json, now: Instant) -> bool:
        """Put a fresh snapshot into a record; False if there is none and nothing of it is under way."""
        if snapshot is None:
            if record.snapshot is not None and record.attempt_id is not None:
                return True
            self._miss(record, now)
            return False
        mark = fingerprint(snapshot)
        if record.fingerprint and mark != record.fingerprint:
            rest(self._parts, record, RecordState.REVIEW, "another record has taken its key in the shop")
            return False
        if unreadable(snapshot) and record.snapshot is not None and record.attempt_id is not None:
            return True
        record.snapshot, record.seen_at, record.fingerprint = snapshot, now, mark
        record.created_at = record.created_at or created(snapshot)
        if record.attempt_id is None:
            record.doubts = 0
        self._parts.outbox.renewed(record)
        return True

    def _miss(self, record: Record, now: Instant) -> None:
        """Put down a record that the shop did not show: what is new may come late, so look for it again."""
        if record.doubts < LOOKS_BEFORE_GONE:
            record.doubts += 1
            record.not_before = now + LOOK_AGAIN
            rest(self._parts, record, RecordState.READY, "the shop does not show it; looked for again")
            return
        record.doubts = 0
        bury(self._parts, record, "the shop no longer has it", failure={}, operation="gone", step="source")

    def _links_of(self, records: list[Record]) -> dict[tuple[str, str], Link]:
        keys: dict[str, list[str]] = {}
        for record in records:
            keys.setdefault(record.pipeline, []).append(record.key)
        state = self._parts.state
        return {
            (link.pipeline, link.key): link
            for pipeline, some in keys.items()
            for link in state.links(pipeline, keys=some)
        }

    def _take(self, record: Record, link: Link | None) -> Work | None:
        job = self._parts.jobs[record.pipeline]
        pipeline = job.by_store.get(record.store)
        if pipeline is None:
            # It may have something in M3 already: it waits in case its store is served again.
            record.not_before = self._parts.clock.now() + DAY
            rest(self._parts, record, RecordState.WAITING, f"store {record.store} is not served")
            return None
        attempt = self._parts.state.attempt(record.attempt_id) if record.attempt_id else None
        if attempt is not None and attempt.state in _OPEN:
            return self._resume(pipeline, record, attempt, link)
        if record.snapshot is None:
            reason = f"{pipeline.name} reads no record by its key, and nobody handed this one over"
            bury(self._parts, record, reason, failure={}, operation="gone", step="source")
            return None
        if pipeline.commit_step and not pipeline.moves and (record.commit_target or link):
            # Created once: whatever turned it ready again, its steps never run a second time.
            record.not_before, record.deadline = first_look_again(
                pipeline, record, record.snapshot, self._parts.clock.now(), zone=self._parts.tools.zone
            )
            rest(self._parts, record, RecordState.DONE, "it is in M3 already")
            return None
        return self._begin(pipeline, record, link, number=attempt.number + 1 if attempt else 1)

    def _begin(self, pipeline: Pipeline, record: Record, link: Link | None, *, number: int) -> Work | None:
        now = self._parts.clock.now()
        try:
            judged = judge(
                self._parts.jobs[record.pipeline], record.snapshot, now=now, zone=self._parts.tools.zone,
                required=True, store=record.store,
                by_m3=links_of(self._parts.state, seen_from=record.pipeline),
                # Whoever turned it ready has judged how long the shop writes it.
                quiet=None if record.id in self._first_seen else 0.0,
            )  # fmt: skip
        except SourceError as error:
            # What another record handed over need not have the key under which it was asked for.
            bury(self._parts, record, str(error), failure={}, operation="key", step="source")
            return None
        if judged.state is not RecordState.READY and (not record.released or unreadable(record.snapshot)):
            record.not_before, record.deadline = judged.not_before, record.deadline or judged.deadline
            rest(self._parts, record, judged.state, judged.reason)
            return None
        overtaken = edits.overtaken(record.snapshot, edits.read(record.edits))
        if overtaken and not record.released:
            reason = f"changed by hand, and in the shop since: {', '.join(overtaken)}"
            rest(self._parts, record, RecordState.REVIEW, reason)
            return None
        try:
            return self._open(pipeline, record, link, number=number)
        except EvaluationError as error:
            bury(
                self._parts,
                record,
                f"reference: {error}",
                failure={},
                operation="reference",
                step="reference",
            )
            return None

    def _open(self, pipeline: Pipeline, record: Record, link: Link | None, *, number: int) -> Work:
        """Begin an attempt, which is not written before it does something.

        Raises:
            EvaluationError: it has no usable reference.
        """
        now = self._parts.clock.now()
        attempt = Attempt(
            id=0, record_id=record.id, number=number, state=AttemptState.OPEN, opened_at=now,
            snapshot=record.snapshot, edits=record.edits, definition=pipeline.digest,
            reference=reference_of(pipeline, record.snapshot, now, self._parts.tools.zone),
            epoch=self._parts.state.epoch, kept=record.kept,
        )  # fmt: skip
        return self._work(pipeline, record, attempt, (), link)

    def _resume(self, pipeline: Pipeline, record: Record, attempt: Attempt, link: Link | None) -> Work:
        frozen = self._frozen(attempt, pipeline)
        lines = [
            line
            for line in self._parts.state.calls(attempt.id)
            if not line.step.startswith(("probe:", "check:"))
        ]
        work = self._work(frozen, record, attempt, lines, link)
        # A refusal has no effect: after a crash or a retry by hand the call is simply made again.
        refused = [path for path, line in work.log.items() if line.state is CallState.REFUSED]
        for path in refused:
            del work.log[path]
        for line in list(work.log.values()):
            if line.state is CallState.SENT:
                self._answers.doubt(work, line)
        work.outdated = _outdated(work, pipeline, refused=bool(refused))
        return work

    def _frozen(self, attempt: Attempt, pipeline: Pipeline | None) -> Pipeline:
        """Return the pipeline as it was when the attempt was opened."""
        if pipeline is not None and attempt.definition == pipeline.digest:
            return pipeline
        text = self._parts.state.definition(attempt.definition)
        if text is None:
            short = attempt.definition[:12]
            msg = f"the definition {short} of attempt {attempt.id} is missing; restore the state"
            raise ConfigurationError(msg)
        return self._parts.tools.recompile(text)

    def _work(
        self,
        pipeline: Pipeline,
        record: Record,
        attempt: Attempt,
        lines: Sequence[LoggedCall],
        link: Link | None,
    ) -> Work:
        work = Work(
            pipeline, record, attempt, lines=lines, link=link,
            zone=self._parts.tools.zone, settle_after=self._settle_after, in_flight=self._in_flight,
            by_m3=links_of(self._parts.state, seen_from=pipeline.name),
        )  # fmt: skip
        work.predates = (record.created_at or 0) < self._epoch_began + CLOCKS_DIFFER
        return work

    def sweeps(self) -> Iterator[Work]:
        """Yield the works of sweeps that are due; one that cannot be done yet is postponed."""
        now = self._parts.clock.now()
        for due, record in self._take_sweeps(now):
            if self._is_unsettled(record):
                # What it has in M3 may still become the real one: look again when it is settled.
                for attempt in due:
                    attempt.sweep_at = now + (SECOND if _is_due(record, now) else SWEEP_AGAIN)
                    self._parts.outbox.attempt_alone(attempt)
                self._parts.outbox.unclaim(record.id)
                continue
            attempt = due[0]
            frozen = self._frozen(attempt, self._parts.jobs[record.pipeline].by_store.get(record.store))
            link = self._parts.state.link(record.pipeline, record.key)
            work = self._work(frozen, record, attempt, self._parts.state.calls(attempt.id), link)
            work.sweeping = True
            yield work

    def _take_sweeps(self, now: Instant) -> Iterator[tuple[list[Attempt], Record]]:
        """Claim the records of sweeps that are due; read both again, as they stay now."""
        served, state = self._parts.jobs.keys() - self._left_out, self._parts.state
        ids = [attempt.record_id for attempt in state.due_sweeps(now, limit=CLAIM)]
        found = [record for record in map(state.record_by_id, ids) if record and record.pipeline in served]
        if not found:
            return
        with state.transaction() as tx:
            free = tx.claim_sweeps([record.id for record in found], now=now, run_id=self._parts.run_id)
        due: dict[int, list[Attempt]] = {record_id: [] for record_id in free}
        for attempt in state.due_sweeps(now, limit=CLAIM):
            if attempt.record_id in due:
                due[attempt.record_id].append(attempt)
        for record_id, attempts in due.items():
            record = state.record_by_id(record_id)
            if record is not None and attempts:
                yield attempts, record
            else:
                self._parts.outbox.unclaim(record_id)

    def _is_unsettled(self, record: Record) -> bool:
        if record.state in _MOVING:
            return True
        attempt = self._parts.state.attempt(record.attempt_id) if record.attempt_id else None
        return attempt is not None and attempt.state in _OPEN and not attempt.committed


def _is_due(record: Record, now: Instant) -> bool:
    return record.state in _CLAIMABLE and (record.not_before or 0) <= now


def _outdated(work: Work, pipeline: Pipeline, *, refused: bool) -> str:
    """Say why an attempt that was left in the middle no longer fits, or ``""``.

    A movement that was begun and cannot be taken back is finished as it was begun, because half of it is in
    M3: what moved since is the next movement. Only one that was refused begins anew when its mapping changes.
    """
    frozen = work.pipeline
    kept = frozen.moves and not frozen.can_undo and work.started
    if frozen.source.makes_equal:
        # What it read is from another time.
        return "it was interrupted"
    if frozen is not pipeline and (refused or not kept):
        return "the mapping, its settings or lookups have changed"
    if not kept and digest(work.attempt.edits) != digest(work.record.edits):
        return "the record was changed by hand"
    if not kept and digest(work.attempt.snapshot) != digest(work.record.snapshot):
        return "the record has changed in the shop"
    return ""
