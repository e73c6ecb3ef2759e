"""What can be written: the methods of one open database transaction."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict
from sqlalchemy import BindParameter, Table, bindparam, delete, insert, select, update

from m3nop import __version__
from m3nop.core.json import Json, digest
from m3nop.core.records import Arrival, Attempt, Circuit, Link, LoggedCall, Phase, Record, RecordState
from m3nop.state import rows
from m3nop.state.inbox import InboxWrites
from m3nop.state.owners import give_back, take_work_over
from m3nop.state.prepared import Prepared
from m3nop.state.schema import (
    alerts,
    attempts,
    audit,
    calls,
    circuits,
    claims,
    comparisons,
    dead_letters,
    definitions,
    document_numbers,
    links,
    missing,
    pipelines,
    rate,
    records,
    runs,
    watermarks,
)
from m3nop.state.snapshots import drop_unused, keep_each, keep_frozen, place_for, put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from m3nop.core.alerts import Alert
    from m3nop.core.clock import Instant
    from m3nop.core.vitals import ComparisonNews
    from m3nop.state.claims import Turns
    from m3nop.state.owners import Gone

_IDS_PER_QUERY = 500

_row_id: BindParameter[Any] = bindparam("row_id")
_fence: BindParameter[Any] = bindparam("own_fence")
_CHANGED = {"version": records.c.version + 1}
_of_record = update(records).where(records.c.id == _row_id).values(_CHANGED)
_SAVE_RECORD = Prepared(_of_record, "row_id", *rows.RECORD_COLUMNS)
_MOVE_RECORD = Prepared(_of_record, "row_id", *rows.STANDING_COLUMNS)
_WORK_ON_RECORD = Prepared(_of_record, "row_id", *rows.WORK_COLUMNS)
_SAVE_UNCHANGED = Prepared(
    _of_record.where(
        records.c.version == bindparam("seen_version"), records.c.state != str(RecordState.IN_FLIGHT)
    ),
    "row_id",
    "seen_version",
    *rows.RECORD_COLUMNS,
)
_TAKE_RECORD = Prepared(_of_record.values(state=str(RecordState.IN_FLIGHT)), "row_id")
_SAVE_ATTEMPT = Prepared(update(attempts).where(attempts.c.id == _row_id), "row_id", *rows.PROGRESS_COLUMNS)
_LOG_CALL = Prepared(insert(calls).inline(), *rows.CALL_COLUMNS)
_ANSWER_CALL = Prepared(update(calls).where(calls.c.id == _row_id), *rows.ANSWER_COLUMNS)
_CLAIM_COLUMNS = ("record_id", "run_id", "fence", "claimed_at")
_ADD_CLAIM = Prepared(insert(claims).inline(), *_CLAIM_COLUMNS)
_DROP_CLAIM = Prepared(
    delete(claims).where(claims.c.record_id == _row_id, claims.c.fence == _fence), "row_id", "own_fence"
)
_WAKE = Prepared(
    update(records)
    .where(
        records.c.blocked_pipeline == bindparam("required"),
        records.c.blocked_key == bindparam("required_key"),
        records.c.state == str(RecordState.BLOCKED),
    )
    .values(
        state=str(RecordState.READY), not_before=None, reason="", blocked_pipeline=None, blocked_key=None,
        **_CHANGED,
    ),
    "required", "required_key",
)  # fmt: skip
_BLOCKING = (
    select(records.c.blocked_key)
    .where(
        records.c.blocked_pipeline == bindparam("required"),
        records.c.blocked_key.in_(bindparam("required_keys", expanding=True)),
        records.c.state == str(RecordState.BLOCKED),
    )
    .distinct()
)
_OPEN_ATTEMPT = Prepared(insert(attempts).inline(), *rows.ATTEMPT_COLUMNS)
_OPENED = select(attempts.c.record_id, attempts.c.number, attempts.c.id).where(
    attempts.c.record_id.in_(bindparam("of_records", expanding=True))
)
_SETTLE = Prepared(
    update(dead_letters).where(
        dead_letters.c.record_id == bindparam("settled_record"), dead_letters.c.settled_at.is_(None)
    ),
    "settled_record",
    "settled_at",
    "settlement",
)
_LAST_ENTRY = select(audit.c.chain).order_by(audit.c.id.desc()).limit(1)

_MISSING_COLUMNS = ("pipeline", "partition", "id", "missed_at")
_UNTOUCHED = (RecordState.WAITING, RecordState.READY, RecordState.BLOCKED)


class SqlTransaction(InboxWrites):
    """One transaction on the connection that writes."""

    def __init__(
        self,
        connection: Connection,
        *,
        insert_or: Callable[[Table], Any],
        epoch: int,
        fence: int,
        turns: Turns,
        gone: Callable[[], Sequence[Gone]],
    ) -> None:
        self._connection = connection
        self._insert = insert_or
        self._epoch = epoch
        self._fence = fence
        self._turns = turns
        self._gone = gone

    # -- intake

    def arrive(self, arrivals: Sequence[Arrival], *, now: Instant) -> None:
        """Insert records that are new (in the present epoch); leave existing ones alone."""
        if arrivals:
            places = keep_each(self._connection, (arrival.snapshot for arrival in arrivals))
            new = [
                rows.arrival_values(arrival, now=now, epoch=self._epoch, snapshot_id=place)
                for arrival, place in zip(arrivals, places, strict=True)
            ]
            added = _add_new(self._insert, records, rows.ARRIVAL_COLUMNS).run(self._connection, new)
            if added.rowcount != len(new):
                # Some were there already: nobody has the snapshots that were written for them.
                drop_unused(self._connection, arrivals, places)

    def set_watermark(self, pipeline: str, partition: str, watermark: str | None, *, now: Instant) -> None:
        """Write how far a partition has been read."""
        self._put(
            watermarks,
            {"pipeline": pipeline, "partition": partition, "watermark": watermark, "updated_at": now},
        )

    def add_missing(self, pipeline: str, partition: str, ids: Iterable[int], *, now: Instant) -> None:
        """Remember ids that did not appear, each with the time it was first missed."""
        new = [(pipeline, partition, number, now) for number in ids]
        if new:
            _add_new(self._insert, missing, _MISSING_COLUMNS).run(self._connection, new)

    def drop_missing(self, pipeline: str, partition: str, ids: Iterable[int]) -> None:
        """Forget ids that appeared."""
        here = (missing.c.pipeline == pipeline, missing.c.partition == partition)
        gone = [{"row_id": number} for number in ids]
        if gone:
            self._connection.execute(delete(missing).where(*here, missing.c.id == _row_id), gone)

    # -- records

    def claim(
        self, pipelines: Sequence[str], *, now: Instant, limit: int, run_id: int, stores: Sequence[str] = (),
        keys: Sequence[str] = (),
    ) -> list[Record]:  # fmt: skip
        """Take ready and pending records that are due, oldest first, stores in turn; mark them in flight."""
        chosen = self._turns.choose(
            self._connection, pipelines, now=now, limit=limit, stores=stores, keys=keys
        )
        taken = self._claimed(chosen)
        chosen = [number for number in chosen if number not in taken]
        if not chosen:
            return []
        _TAKE_RECORD.run(self._connection, [(number,) for number in chosen])
        self._add_claims(chosen, now=now, run_id=run_id)
        found = {record.id: record for record in self._records(chosen)}
        return [found[number] for number in chosen]

    def release_all(self, *, now: Instant) -> int:
        """Turn what this process left in flight, and whoever is gone, back to ready, due now.

        Returns how many records that were.
        """
        own = give_back(self._connection, claims.c.fence == self._fence)
        return own + take_work_over(self._connection, self._gone(), now=now)

    def claim_sweeps(self, record_ids: Sequence[int], *, now: Instant, run_id: int) -> set[int]:
        """Take records whose orphans are to be swept, as they stand; return those that nobody works on."""
        free = set(record_ids) - self._claimed(record_ids)
        self._add_claims(sorted(free), now=now, run_id=run_id)
        return free

    def unclaim(self, record_id: int) -> None:
        """Let others work on a record again, as it stands."""
        _DROP_CLAIM.run(self._connection, [(record_id, self._fence)])

    def keep(self, record: Record) -> None:
        """Write the snapshot of a record that is not kept yet, in place of the one before."""
        put(self._connection, record, place_for(self._connection, record))

    def save_record(self, record: Record) -> None:
        """Write every column of a record that this process has claimed, its state and snapshot included."""
        place = place_for(self._connection, record)
        _SAVE_RECORD.run(self._connection, [(record.id, *rows.record_values(record, snapshot_id=place))])
        put(self._connection, record, place)
        record.version += 1
        if record.state is not RecordState.IN_FLIGHT:
            self.unclaim(record.id)

    def save_if_unchanged(self, record: Record) -> bool:
        """Write every column of a record that is not claimed; False if it was changed since it was read.

        A claimed one has been: whoever works on it decides what becomes of it.
        """
        place = place_for(self._connection, record)
        values = (record.id, record.version, *rows.record_values(record, snapshot_id=place))
        written = _SAVE_UNCHANGED.run(self._connection, [values]).rowcount == 1
        if written:
            put(self._connection, record, place)
        record.version += written
        return written

    def move_records(self, records: Sequence[Record]) -> None:
        """Write where records stand: every column but the snapshot and what follows from it.

        Of what is in flight only what has come of the work on it: its store, and when it is due, stay.
        """
        worked_on = [
            (record.id, *rows.work_values(record))
            for record in records
            if record.state is RecordState.IN_FLIGHT
        ]
        rested = [record for record in records if record.state is not RecordState.IN_FLIGHT]
        if worked_on:
            _WORK_ON_RECORD.run(self._connection, worked_on)
        if rested:
            moved = [(record.id, *rows.standing_values(record)) for record in rested]
            _MOVE_RECORD.run(self._connection, moved)
            _DROP_CLAIM.run(self._connection, [(record.id, self._fence) for record in rested])
        for record in records:
            record.version += 1

    def wake(self, pipeline: str, keys: Iterable[str]) -> None:
        """Turn records that are blocked by these to ready."""
        # Asked for first, because an update prepares all indexes even where there is nothing to change.
        every = list(keys)
        for start in range(0, len(every), _IDS_PER_QUERY):
            some = {"required": pipeline, "required_keys": every[start : start + _IDS_PER_QUERY]}
            blocking = self._connection.execute(_BLOCKING, some).scalars().all()
            if blocking:
                _WAKE.run(self._connection, [(pipeline, key) for key in blocking])

    def wake_if_linked(self, pipeline: str, key: str) -> None:
        """Turn records that are blocked by one that was delivered meanwhile to ready."""
        linked = select(links.c.key).where(links.c.pipeline == pipeline, links.c.key == key)
        if self._connection.execute(linked).first() is not None:
            self.wake(pipeline, [key])

    # -- attempts and calls

    def open_attempts(self, opened: Sequence[Attempt]) -> Sequence[int]:
        """Insert attempts and return their ids."""
        if not opened:
            return ()
        keep_frozen(self._connection, opened)
        _OPEN_ATTEMPT.run(self._connection, list(map(rows.attempt_values, opened)))
        ids: dict[tuple[int, int], int] = {}
        for start in range(0, len(opened), _IDS_PER_QUERY):
            some = [attempt.record_id for attempt in opened[start : start + _IDS_PER_QUERY]]
            found = self._connection.execute(_OPENED, {"of_records": some})
            ids.update(((record_id, number), attempt_id) for record_id, number, attempt_id in found)
        return [ids[attempt.record_id, attempt.number] for attempt in opened]

    def save_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Write every column of attempts that can change."""
        if attempts:
            changed = [(attempt.id, *rows.progress_values(attempt)) for attempt in attempts]
            _SAVE_ATTEMPT.run(self._connection, changed)

    def save_definition(self, digest: str, text: str) -> None:
        """Keep a definition's text once."""
        _add_new(self._insert, definitions, ("digest", "text")).run(self._connection, [(digest, text)])

    def log_calls(self, calls: Sequence[LoggedCall]) -> None:
        """Insert lines of the call log; their ids are unique in the database."""
        if calls:
            _LOG_CALL.run(self._connection, list(map(rows.call_values, calls)))
            self._keep_numbers(calls)

    def answer_calls(self, calls: Sequence[LoggedCall]) -> None:
        """Write state, answer and failure of lines that exist."""
        if calls:
            _ANSWER_CALL.run(self._connection, list(map(rows.answer_values, calls)))
            self._keep_numbers(calls)

    # -- what is remembered

    def put_link(self, *pairs: Link) -> None:
        """Remember pairs, each in place of an earlier one for its key."""
        if pairs:
            new = list(map(rows.link_values, pairs))
            _upsert(self._insert, links, rows.LINK_COLUMNS).run(self._connection, new)

    def add_dead_letter(
        self, record: Record, *, now: Instant, remedy: str, signature: str, message: str, step: str
    ) -> None:
        """Keep a refusal until somebody settles it."""
        row = {
            "record_id": record.id, "pipeline": record.pipeline, "key": record.key, "store": record.store,
            "created_at": now, "remedy": str(remedy), "signature": signature, "message": message,
            "step": step, "settlement": "",
        }  # fmt: skip
        self._connection.execute(insert(dead_letters), row)

    def settle_dead_letters(self, *record_ids: int, now: Instant, settlement: str) -> None:
        """Close the open dead letters of records."""
        settled = [(number, now, settlement) for number in record_ids]
        if settled:
            _SETTLE.run(self._connection, settled)

    # -- runs

    def start_run(
        self, pipeline: str, *, now: Instant, command: str, definition: str, configuration: str | None = None
    ) -> int:
        """Open a run and return its id."""
        row = {
            "pipeline": pipeline, "started_at": now, "command": command, "result": "running", "counts": {},
            "definition": definition, "message": "", "fence": self._fence,
            "configuration": configuration, "version": __version__,
        }  # fmt: skip
        return self._add(runs, row)

    def end_run(
        self, run_id: int, *, now: Instant, result: str, counts: Mapping[str, int], message: str = "",
        failures: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """Close a run."""
        row = {
            "ended_at": now, "result": result, "counts": counts, "message": message,
            "failures": dict(failures or {}) or None,
        }  # fmt: skip
        self._connection.execute(update(runs).where(runs.c.id == run_id), row)

    def set_baseline(self, pipeline: str, before: Instant) -> None:
        """Fix the start of a pipeline; older records that nothing was done with yet become baselined."""
        self._put(pipelines, {"pipeline": pipeline, "baseline": before})
        older = (
            records.c.pipeline == pipeline,
            records.c.state.in_([str(state) for state in _UNTOUCHED]),
            records.c.attempt_id.is_(None),
            records.c.created_at < before,
        )
        self._connection.execute(
            update(records).where(*older).values(
                state=str(RecordState.BASELINED), not_before=None, deadline=None,
                reason="older than the baseline", blocked_pipeline=None, blocked_key=None, **_CHANGED,
            )
        )  # fmt: skip

    def set_identity(self, pipeline: str, *, key: str, reference: str) -> None:
        """Remember the key and reference expressions of a pipeline."""
        self._put(pipelines, {"pipeline": pipeline, "key_expression": key, "reference_expression": reference})

    def put_circuit(self, circuit: Circuit) -> None:
        """Write whether a system works."""
        self._put(circuits, rows.circuit_row(circuit))

    def put_alerts(self, found: Sequence[Alert]) -> None:
        """Write what people are told of, in place of what was known of it."""
        for one in found:
            self._put(alerts, asdict(one))

    def put_comparison(self, news: ComparisonNews) -> None:
        """Write what the last comparison of the systems found."""
        self._put(comparisons, asdict(news))

    def take_trial(self, connection: str, *, due_at: Instant, until: Instant) -> bool:
        """Put a trial that is due at ``due_at`` off; False if another process did so before."""
        here = (circuits.c.connection == connection, circuits.c.phase == str(Phase.OPEN))
        taken = self._connection.execute(
            update(circuits).where(*here, circuits.c.due_at == due_at).values(due_at=until)
        )
        return taken.rowcount == 1

    def reserve(self, name: str, *, more: int, window: int, most: int, now: Instant) -> int:
        """Use up more of a rate limit; return how many microseconds of it were used up before.

        ``most`` is what can be used up at all: where it is more the clock was set back, and all that is known
        is that the limit was used.
        """
        found = self._connection.execute(select(rate.c.full_at).where(rate.c.name == name)).scalar()
        ahead = max((found or 0) - now, 0)
        ahead = window if ahead > most else ahead
        self._put(rate, {"name": name, "full_at": now + ahead + more})
        return ahead

    def audit(self, *, now: Instant, actor: str, action: str, subject: str, detail: Json) -> None:
        """Note what a person did by hand."""
        row = {"at": now, "actor": actor, "action": action, "subject": subject, "detail": detail}
        add_entry(self._connection, row)

    # -- parts

    def _add(self, table: Table, row: Mapping[str, Any]) -> int:
        key: Any = self._connection.execute(insert(table), row).inserted_primary_key
        return int(key[0])

    def _put(self, table: Table, new: Mapping[str, Any]) -> None:
        _upsert(self._insert, table, tuple(new)).run(self._connection, [tuple(new.values())])

    def _claimed(self, ids: Sequence[int]) -> set[int]:
        """Return those of the records that somebody works on, be it their sweep."""
        found: set[int] = set()
        for start in range(0, len(ids), _IDS_PER_QUERY):
            some = claims.c.record_id.in_(ids[start : start + _IDS_PER_QUERY])
            found.update(self._connection.execute(select(claims.c.record_id).where(some)).scalars())
        return found

    def _add_claims(self, ids: Sequence[int], *, now: Instant, run_id: int) -> None:
        new = [(number, run_id, self._fence, now) for number in ids]
        if new:
            _ADD_CLAIM.run(self._connection, new)

    def _records(self, ids: Sequence[int]) -> Iterable[Record]:
        for start in range(0, len(ids), _IDS_PER_QUERY):
            some = records.c.id.in_(ids[start : start + _IDS_PER_QUERY])
            for row in rows.each(self._connection.execute(rows.records_with(some))):
                yield rows.record_from(row)

    def _keep_numbers(self, answered: Sequence[LoggedCall]) -> None:
        found = [values for call in answered for values in rows.number_values(call)]
        if found:
            _add_new(self._insert, document_numbers, rows.NUMBER_COLUMNS).run(self._connection, found)


@cache
def _add_new(insert_or: Callable[[Table], Any], table: Table, names: Sequence[str]) -> Prepared:
    """Return the statement that inserts these columns and leaves rows alone that are there."""
    return Prepared(insert_or(table).on_conflict_do_nothing().inline(), *names)


@cache
def _upsert(insert_or: Callable[[Table], Any], table: Table, names: Sequence[str]) -> Prepared:
    """Return the statement that inserts these columns or replaces them."""
    keys = [column.name for column in table.primary_key]
    new = insert_or(table)
    replaced = {name: new.excluded[name] for name in names if name not in keys}
    return Prepared(new.on_conflict_do_update(index_elements=keys, set_=replaced).inline(), *names)


def add_entry(connection: Connection, entry: Mapping[str, Any]) -> None:
    """Add an entry to the audit trail, sealed together with the one before it."""
    before = connection.execute(_LAST_ENTRY).scalar_one_or_none()
    connection.execute(insert(audit), {**entry, "chain": chained(before or "", entry)})


def chained(before: str, entry: Mapping[str, Any]) -> str:
    """Return the seal of an audit entry that follows the one sealed with ``before``."""
    values = [before, entry["at"], entry["actor"], entry["action"], entry["subject"], entry["detail"]]
    return digest(values)
