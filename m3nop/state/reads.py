"""What can be read, outside any transaction; each method sees what was committed when it began."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, Text, and_, bindparam, func, literal, or_, select, type_coerce

from m3nop.core.alerts import Alert
from m3nop.core.errors import UsageError
from m3nop.core.json import digest, dumps, loads
from m3nop.core.records import Attempt, Circuit, DeadLetter, Link, LoggedCall, Record, RecordState, Run
from m3nop.state import rows
from m3nop.state.claims import CLAIMABLE
from m3nop.state.columns import written
from m3nop.state.inbox import InboxReads
from m3nop.state.schema import (
    alerts,
    attempts,
    audit,
    calls,
    circuits,
    dead_letters,
    definitions,
    document_numbers,
    links,
    metadata,
    missing,
    pipelines,
    records,
    runs,
    snapshots,
    watermarks,
)
from m3nop.state.vitals import read_vitals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection

    from m3nop.core.clock import Instant
    from m3nop.core.json import Json
    from m3nop.core.vitals import Vitals

_KEYS_PER_QUERY = 500
_MOST_FOUND = 100
_ROWS_PER_FETCH = 500

# What is asked for every record, made once: making a statement costs more than running it.
_ATTEMPT = rows.attempts_with(attempts.c.id == bindparam("attempt"))
_LINK = select(links).where(links.c.pipeline == bindparam("of_pipeline"), links.c.key == bindparam("of_key"))
_OWNERS = (
    select(document_numbers.c.value, func.min(document_numbers.c.record_id).label("record_id"))
    .where(
        document_numbers.c.value.in_(bindparam("of_values", expanding=True)),
        document_numbers.c.connection == bindparam("of_connection"),
        document_numbers.c.field == bindparam("of_field"),
    )
    .group_by(document_numbers.c.value)
)
_LINKS_BY_M3 = select(links).where(
    links.c.pipeline == bindparam("of_pipeline"), links.c.m3.in_(bindparam("of_m3", expanding=True))
)
_STANDING = (
    select(records.c.key, records.c.state, type_coerce(snapshots.c.snapshot, Text))
    .select_from(records.outerjoin(snapshots, snapshots.c.id == records.c.snapshot_id))
    .where(
        records.c.pipeline == bindparam("of_pipeline"),
        records.c.key.in_(bindparam("of_keys", expanding=True)),
    )
)


class Reads(InboxReads):
    """The reading half of the state."""

    def __init__(self, connect: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._connect = connect

    # -- records

    def record(self, pipeline: str, key: str) -> Record | None:
        """Return a record."""
        row = self._row(rows.records_with(records.c.pipeline == pipeline, records.c.key == key))
        return None if row is None else rows.record_from(row)

    def record_by_id(self, record_id: int) -> Record | None:
        """Return the record with this number."""
        row = self._row(rows.records_with(records.c.id == record_id))
        return None if row is None else rows.record_from(row)

    def records(
        self, pipeline: str, *, states: Sequence[RecordState] = (), keys: Sequence[str] = (),
        due: Instant | None = None, stores: Sequence[str] = (), limit: int | None = None,
    ) -> list[Record]:  # fmt: skip
        """List records by id.

        ``due`` keeps those whose ``not_before`` is not later; ready and pending ones without it are due at
        once, others without it never.
        """
        conditions = [records.c.pipeline == pipeline]
        if states:
            conditions.append(records.c.state.in_([str(state) for state in states]))
        if stores:
            conditions.append(records.c.store.in_(list(stores)))
        if due is not None:
            conditions.append(_due(due, states))
        found: list[Record] = []
        for some in _chunks(keys):
            among = [*conditions, records.c.key.in_(some)] if some else conditions
            statement = rows.records_with(*among).order_by(records.c.id).limit(limit)
            found.extend(rows.record_from(row) for row in self._rows(statement))
        return sorted(found, key=lambda record: record.id)[:limit]

    def each_record(self, pipeline: str) -> Iterator[Record]:
        """Read all records of a pipeline, one after the other, by id."""
        statement = rows.records_with(records.c.pipeline == pipeline).order_by(records.c.id)
        return map(rows.record_from, self._stream(statement))

    def standing(self, pipeline: str, states: Sequence[RecordState]) -> list[tuple[int, str]]:
        """List number and key of the records in these states, by number."""
        here = (records.c.pipeline == pipeline, records.c.state.in_([str(state) for state in states]))
        found = self._rows(select(records.c.id, records.c.key).where(*here).order_by(records.c.id))
        return [(row["id"], row["key"]) for row in found]

    def known_keys(self, pipeline: str, keys: Sequence[str]) -> set[str]:
        """Return those of ``keys`` that have a record."""
        known: set[str] = set()
        for some in _chunks(keys):
            if some:
                here = (records.c.pipeline == pipeline, records.c.key.in_(some))
                known.update(row["key"] for row in self._rows(select(records.c.key).where(*here)))
        return known

    def compared(
        self, pipeline: str, snapshots: Mapping[str, Json]
    ) -> Mapping[str, tuple[RecordState, bool]]:
        """Tell of each key that has a record its state, and whether the record holds another snapshot."""
        found: dict[str, tuple[RecordState, bool]] = {}
        for some in _chunks(list(snapshots)) if snapshots else ():
            values = {"of_pipeline": pipeline, "of_keys": some}
            with self._connect() as connection:
                for key, state, held in connection.execute(_STANDING, values):
                    found[key] = (RecordState(state), _differs(held, snapshots[key]))
        return found

    def watermark(self, pipeline: str, partition: str) -> str | None:
        """Return how far a partition has been read."""
        here = (watermarks.c.pipeline == pipeline, watermarks.c.partition == partition)
        row = self._row(select(watermarks.c.watermark).where(*here))
        return None if row is None else row["watermark"]

    def missing(self, pipeline: str, partition: str, *, since: Instant) -> list[int]:
        """Return ids first missed at ``since`` or later and not seen yet."""
        here = (
            missing.c.pipeline == pipeline,
            missing.c.partition == partition,
            missing.c.missed_at >= since,
        )
        return [row["id"] for row in self._rows(select(missing.c.id).where(*here).order_by(missing.c.id))]

    def count_created(self, pipeline: str, partition: str, start: Instant, end: Instant) -> int:
        """Count the records that were created in a window (``start`` inclusive, ``end`` exclusive)."""
        here = (records.c.pipeline == pipeline, records.c.partition == partition)
        window = (records.c.created_at >= start, records.c.created_at < end)
        found = self._rows(select(func.count().label("number")).select_from(records).where(*here, *window))
        return int(found[0]["number"])

    def counts(self, pipeline: str, *, store: str | None = None) -> Mapping[RecordState, int]:
        """Count the records of each state that has any."""
        statement = select(records.c.state, func.count().label("number")).where(
            records.c.pipeline == pipeline
        )
        if store is not None:
            statement = statement.where(records.c.store == store)
        found = self._rows(statement.group_by(records.c.state))
        return {RecordState(row["state"]): row["number"] for row in found}

    def next_due(self, pipelines: Sequence[str], *, sweeps: bool = True) -> Instant | None:
        """Return when the next ready or pending record, or sweep, falls due; 0 for at once."""
        with self._connect() as connection:
            times = [_next_sweep(connection)] if sweeps else []
            for pipeline in pipelines:
                times.extend(_next_record(connection, pipeline, state) for state in CLAIMABLE)
        return min((time for time in times if time is not None), default=None)

    def next_look(self, pipelines: Sequence[str]) -> Instant | None:
        """Return when the next waiting record is to be looked at again."""
        waiting = RecordState.WAITING
        with self._connect() as connection:
            times = [_next_record(connection, pipeline, waiting) for pipeline in pipelines]
        return min((time for time in times if time is not None), default=None)

    # -- attempts and calls

    def attempt(self, attempt_id: int) -> Attempt | None:
        """Return an attempt."""
        row = self._row(_ATTEMPT, {"attempt": attempt_id})
        return None if row is None else rows.attempt_from(row)

    def attempts(self, record_id: int) -> list[Attempt]:
        """Return the attempts of a record, oldest first."""
        found = self._rows(rows.attempts_with(attempts.c.record_id == record_id).order_by(attempts.c.number))
        return [rows.attempt_from(row) for row in found]

    def calls(self, attempt_id: int) -> list[LoggedCall]:
        """Return the call log of an attempt, in the order it was written."""
        return self._calls(calls.c.attempt_id == attempt_id)

    def run_calls(self, record_id: int) -> list[LoggedCall]:
        """Return every line of the call log that belongs to a record, all attempts and sweeps."""
        return self._calls(calls.c.record_id == record_id)

    def due_sweeps(self, now: Instant, *, limit: int) -> list[Attempt]:
        """Return attempts whose references are due to be looked for again, longest due first."""
        due = rows.attempts_with(attempts.c.sweep_at <= now).order_by(attempts.c.sweep_at, attempts.c.id)
        return [rows.attempt_from(row) for row in self._rows(due.limit(limit))]

    def definition(self, digest: str) -> str | None:
        """Return the text of a definition."""
        row = self._row(select(definitions.c.text).where(definitions.c.digest == digest))
        return None if row is None else row["text"]

    # -- what is remembered

    def link(self, pipeline: str, key: str) -> Link | None:
        """Return the link of a key."""
        row = self._row(_LINK, {"of_pipeline": pipeline, "of_key": key})
        return None if row is None else rows.link_from(row)

    def links(
        self, pipeline: str, *, keys: Sequence[str] = (), shop: str | None = None, m3: str | None = None
    ) -> list[Link]:
        """List links by key."""
        conditions = [links.c.pipeline == pipeline]
        if shop is not None:
            conditions.append(links.c.shop == shop)
        if m3 is not None:
            conditions.append(links.c.m3 == m3)
        found: list[Link] = []
        for some in _chunks(keys):
            among = [*conditions, links.c.key.in_(some)] if some else conditions
            found.extend(rows.link_from(row) for row in self._rows(select(links).where(*among)))
        return sorted(found, key=lambda link: link.key)

    def links_by_m3(self, pipeline: str, m3: Sequence[str]) -> list[Link]:
        """List the links with one of these M3 keys, by key."""
        found: list[Link] = []
        for some in _chunks(m3) if m3 else ():
            values = {"of_pipeline": pipeline, "of_m3": some}
            found.extend(rows.link_from(row) for row in self._rows(_LINKS_BY_M3, values))
        return sorted(found, key=lambda link: link.key)

    def links_since(self, pipeline: str, *, after: tuple[Instant, str], limit: int) -> list[Link]:
        """List links in the order in which they were made, then by key."""
        at, key = after
        later = or_(links.c.linked_at > at, and_(links.c.linked_at == at, links.c.key > key))
        statement = select(links).where(links.c.pipeline == pipeline, later)
        ordered = statement.order_by(links.c.linked_at, links.c.key).limit(limit)
        return [rows.link_from(row) for row in self._rows(ordered)]

    def owners_of(self, connection: str, field: str, values: Sequence[str]) -> Mapping[str, int]:
        """Return, for each of the values that any step answered in ``field``, the first record whose did."""
        owners: dict[str, int] = {}
        for some in _chunks(values) if values else ():
            asked = {"of_values": some, "of_connection": connection, "of_field": field}
            owners.update((row["value"], row["record_id"]) for row in self._rows(_OWNERS, asked))
        return owners

    def dead_letters(self, *, pipeline: str | None = None, open_only: bool = True) -> list[DeadLetter]:
        """List dead letters, oldest first."""
        statement = select(dead_letters).order_by(dead_letters.c.id)
        if pipeline is not None:
            statement = statement.where(dead_letters.c.pipeline == pipeline)
        if open_only:
            statement = statement.where(dead_letters.c.settled_at.is_(None))
        return [rows.dead_letter_from(row) for row in self._rows(statement)]

    def runs(self, *, pipeline: str | None = None, limit: int = 50) -> list[Run]:
        """List runs, newest first; a run of several pipelines counts for each."""
        statement = select(runs).order_by(runs.c.id.desc()).limit(limit)
        if pipeline is not None:
            named = literal(",") + runs.c.pipeline + literal(",")
            statement = statement.where(named.contains(f",{pipeline},", autoescape=True))
        return [rows.run_from(row) for row in self._rows(statement)]

    def circuits(self) -> list[Circuit]:
        """List the systems that did not work at some time, by connection."""
        statement = select(circuits).order_by(circuits.c.connection)
        return [rows.circuit_from(row) for row in self._rows(statement)]

    def vitals(self, pipelines: Sequence[str], *, now: Instant) -> Vitals:
        """Tell how pipelines fare at ``now``."""
        with self._connect() as connection:
            return read_vitals(connection, pipelines, now=now)

    def alerts(self, *, open_only: bool = False) -> list[Alert]:
        """List what people are told of, by rule, subject and channel; what is over, too."""
        statement = select(alerts).order_by(*alerts.primary_key)
        if open_only:
            statement = statement.where(alerts.c.closed_at.is_(None))
        return [Alert(**row) for row in self._rows(statement)]

    def baseline(self, pipeline: str) -> Instant | None:
        """Return the instant before which a pipeline's records are never touched."""
        row = self._row(select(pipelines.c.baseline).where(pipelines.c.pipeline == pipeline))
        return None if row is None else row["baseline"]

    def identity(self, pipeline: str) -> tuple[str, str] | None:
        """Return the key and reference expressions that the rows of a pipeline were made with."""
        row = self._row(select(pipelines).where(pipelines.c.pipeline == pipeline))
        if row is None or row["key_expression"] is None:
            return None
        return row["key_expression"], row["reference_expression"]

    def audit_entries(self, *, limit: int = 100) -> list[Mapping[str, Any]]:
        """List what was done by hand, newest first."""
        return [dict(row) for row in self._rows(select(audit).order_by(audit.c.id.desc()).limit(limit))]

    # -- finding

    def find(self, text: str) -> list[Record]:
        """Find records by key, reference, link, or a value any call sent or answered (order numbers).

        Values that no index knows (a custom order number, an e-mail address) are looked for in the snapshots
        and the call log, where they must be a whole text.
        """
        if not text:
            return []
        by_index = or_(
            records.c.key == text,
            records.c.id.in_(select(attempts.c.record_id).where(attempts.c.reference == text)),
            records.c.id.in_(select(document_numbers.c.record_id).where(document_numbers.c.value == text)),
            records.c.id.in_(_linked_by(text)),
        )
        by_text = or_(
            records.c.snapshot_id.in_(select(snapshots.c.id).where(_holds(snapshots.c.snapshot, text))),
            records.c.id.in_(
                select(calls.c.record_id).where(or_(_holds(calls.c.fields, text), _holds(calls.c.rows, text)))
            ),
        )
        for condition in (by_index, by_text):
            statement = rows.records_with(condition).order_by(records.c.id).limit(_MOST_FOUND)
            found = [rows.record_from(row) for row in self._rows(statement)]
            if found:
                return found
        return []

    def stream(self, table: str) -> Iterator[Mapping[str, Any]]:
        """Read a table row by row, in the order of its key.

        Raises:
            UsageError: there is no such table.
        """
        found = metadata.tables.get(table)
        if found is None:
            msg = f"there is no table {table}; there are {', '.join(sorted(metadata.tables))}"
            raise UsageError(msg)
        return self._stream(select(found).order_by(*found.primary_key))

    # -- parts

    def _calls(self, condition: ColumnElement[bool]) -> list[LoggedCall]:
        return [
            rows.call_from(row) for row in self._rows(select(calls).where(condition).order_by(calls.c.line))
        ]

    def _rows(self, statement: Select[Any], values: Mapping[str, Any] | None = None) -> list[rows.Row]:
        with self._connect() as connection:
            return list(rows.each(connection.execute(statement, values)))

    def _row(self, statement: Select[Any], values: Mapping[str, Any] | None = None) -> rows.Row | None:
        return next(iter(self._rows(statement, values)), None)

    def _stream(self, statement: Select[Any]) -> Iterator[Mapping[str, Any]]:
        with self._connect() as connection:
            streaming = connection.execution_options(yield_per=_ROWS_PER_FETCH)
            for row in rows.each(streaming.execute(statement)):
                yield dict(row)


def _chunks(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    """Cut a list into what one query takes; no keys at all is one chunk without a condition."""
    if not keys:
        return [()]
    return [list(keys[start : start + _KEYS_PER_QUERY]) for start in range(0, len(keys), _KEYS_PER_QUERY)]


def _differs(held: str | None, snapshot: Json) -> bool:
    """Tell whether a snapshot is another than the one whose text is held."""
    # What a list tells again has the same text, nearly always; only another one is taken apart.
    return held != written(snapshot) and digest(None if held is None else loads(held)) != digest(snapshot)


def _due(now: Instant, states: Sequence[RecordState]) -> ColumnElement[bool]:
    timed = records.c.not_before <= now
    at_once = [str(state) for state in CLAIMABLE if not states or state in states]
    if not at_once:
        return timed
    return or_(timed, and_(records.c.not_before.is_(None), records.c.state.in_(at_once)))


def _next_sweep(connection: Connection) -> Instant | None:
    return connection.execute(
        select(func.min(attempts.c.sweep_at)).where(attempts.c.sweep_at.is_not(None))
    ).scalar()


def _next_record(connection: Connection, pipeline: str, state: RecordState) -> Instant | None:
    here = (records.c.pipeline == pipeline, records.c.state == str(state))
    if connection.execute(select(records.c.id).where(*here, records.c.not_before.is_(None)).limit(1)).first():
        return 0
    timed = select(func.min(records.c.not_before)).where(*here, records.c.not_before.is_not(None))
    return connection.execute(timed).scalar()


def _linked_by(text: str) -> Select[Any]:
    pair = and_(links.c.pipeline == records.c.pipeline, links.c.key == records.c.key)
    by_text = or_(links.c.shop == text, links.c.m3 == text)
    return select(records.c.id).join_from(links, records, pair).where(by_text)


def _holds(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    return type_coerce(column, Text).contains(dumps(text), autoescape=True)
