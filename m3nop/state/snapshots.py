"""Writes the snapshots of records, of which each is kept once, for its record and the attempts at it.

They are rows of their own because what is known of a record changes several times while it is worked on, and
a database writes a whole row anew with every change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, bindparam, delete, exists, func, insert, select

from m3nop.core.records import Kept
from m3nop.state.prepared import Prepared
from m3nop.state.rows import place_of
from m3nop.state.schema import attempts, records, snapshots

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from m3nop.core.json import Json
    from m3nop.core.records import Arrival, Attempt, Record

_KEEP = Prepared(insert(snapshots).inline(), "id", "snapshot")
_of_record: BindParameter[Any] = bindparam("of_record")
_number: BindParameter[Any] = bindparam("number")
_FROZEN = select(attempts.c.id).where(attempts.c.record_id == _of_record, attempts.c.snapshot_id == _number)
_DROP_UNUSED = Prepared(
    delete(snapshots).where(
        snapshots.c.id == _number,
        ~exists().where(
            records.c.key == bindparam("of_key"),
            records.c.pipeline == bindparam("of_pipeline"),
            records.c.snapshot_id == _number,
        ),
    ),
    "number",
    "of_key",
    "of_pipeline",
)
DROP_SNAPSHOT = Prepared(
    delete(snapshots).where(
        snapshots.c.id == _number,
        ~exists().where(attempts.c.record_id == _of_record, attempts.c.snapshot_id == _number),
        ~exists().where(records.c.id == _of_record, records.c.snapshot_id == _number),
    ),
    "of_record",
    "number",
)
"""Deletes a snapshot of a record unless it or an attempt at it has it still."""


def keep_each(connection: Connection, values: Iterable[Json]) -> list[int | None]:
    """Write new snapshots and return their numbers; None is no snapshot, and has none."""
    there = list(values)
    told = [value for value in there if value is not None]
    numbers = iter(_keep(connection, told))
    return [None if value is None else next(numbers) for value in there]


def drop_unused(connection: Connection, arrivals: Sequence[Arrival], places: Sequence[int | None]) -> None:
    """Delete what was written for arrivals whose records were there already."""
    unsure = [
        (place, arrival.key, arrival.pipeline)
        for arrival, place in zip(arrivals, places, strict=True)
        if place is not None
    ]
    if unsure:
        _DROP_UNUSED.run(connection, unsure)


def keep_frozen(connection: Connection, opened: Sequence[Attempt]) -> None:
    """Write the snapshots of attempts that no record keeps."""
    new = [attempt for attempt in opened if attempt.snapshot is not None and place_of(attempt) is None]
    numbers = _keep(connection, [attempt.snapshot for attempt in new])
    for attempt, number in zip(new, numbers, strict=True):
        attempt.kept = Kept(number, attempt.snapshot)


def place_for(connection: Connection, record: Record) -> int | None:
    """Return the number under which the snapshot of a record is, or will be, kept; None where there is none.

    The number of the one before is used again, unless an attempt has frozen that one.
    """
    kept = record.kept
    if record.snapshot is None or (kept is not None and kept.snapshot is record.snapshot):
        return place_of(record)
    if kept is not None and not _is_frozen(connection, record.id, kept.id):
        return kept.id
    (number,) = _numbers(connection, 1)
    return number


def put(connection: Connection, record: Record, place: int | None) -> None:
    """Write the snapshot of a record to its place, and delete the one before if nothing has it any more."""
    before = record.kept
    if place is not None and (before is None or before.snapshot is not record.snapshot):
        if before is not None and before.id == place:
            connection.execute(delete(snapshots).where(snapshots.c.id == place))
        _KEEP.run(connection, [(place, record.snapshot)])
    record.kept = None if place is None else Kept(place, record.snapshot)
    if before is not None and before.id != place:
        DROP_SNAPSHOT.run(connection, [(record.id, before.id)])


def _keep(connection: Connection, values: Sequence[Json]) -> Sequence[int]:
    if not values:
        return ()
    numbers = _numbers(connection, len(values))
    _KEEP.run(connection, list(zip(numbers, values, strict=True)))
    return numbers


def _is_frozen(connection: Connection, record_id: int, number: int) -> bool:
    asked = {"of_record": record_id, "number": number}
    return connection.execute(_FROZEN, asked).first() is not None


def _numbers(connection: Connection, count: int) -> Sequence[int]:
    """Take numbers for new rows."""
    if connection.dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence("snapshots", "id")
        series = func.generate_series(1, count).alias()
        return connection.execute(select(func.nextval(sequence)).select_from(series)).scalars().all()
    # An SQLite database has one owner, who writes within this transaction.
    last: int = connection.execute(select(func.max(snapshots.c.id))).scalar_one() or 0
    return range(last + 1, last + count + 1)
