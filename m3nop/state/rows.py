"""Turns the contract's rows into table rows and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from msgspec.structs import asdict
from sqlalchemy import select

from m3nop.core.records import (
    Arrival,
    Attempt,
    AttemptState,
    CallState,
    Circuit,
    DeadLetter,
    Kept,
    Link,
    LoggedCall,
    Phase,
    Record,
    RecordState,
    Run,
)
from m3nop.state.schema import attempts, records, snapshots

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, CursorResult, Select

    from m3nop.core.json import Json

Row = Mapping[str, Any]

WORK_COLUMNS = (
    "reason", "deadline", "epoch", "attempts", "attempt_id", "released", "doubts", "digest", "commit_target",
    "remembered", "edits",
)  # fmt: skip
"""Columns that change while a record is in flight. None is in an index, which makes them cheap to write."""
_STANDING_COLUMNS = (*WORK_COLUMNS, "store", "partition", "not_before")
"""Columns that say where a record stands; its version is counted by the database."""
_SEEN_COLUMNS = ("fingerprint", "created_at", "seen_at")
"""Columns of what follows from its snapshot."""
_BLOCKED_COLUMNS = ("blocked_pipeline", "blocked_key")
STANDING_COLUMNS = (*_STANDING_COLUMNS, "state", *_BLOCKED_COLUMNS)
RECORD_COLUMNS = (*_STANDING_COLUMNS, *_SEEN_COLUMNS, "state", *_BLOCKED_COLUMNS, "snapshot_id")
_PROGRESS_COLUMNS = ("doubt", "committed", "reason", "failure", "sweep_at", "sweeps")
_FROZEN_COLUMNS = (
    "record_id", "number", "opened_at", "definition", "reference", "epoch", "edits",
)  # fmt: skip
PROGRESS_COLUMNS = (*_PROGRESS_COLUMNS, "state", "then")
"""Columns of an attempt that change after it was opened."""
ATTEMPT_COLUMNS = (*_FROZEN_COLUMNS, *PROGRESS_COLUMNS, "snapshot_id")
_CALL_COLUMNS = (
    "id", "record_id", "attempt_id", "run_id", "step", "connection", "operation", "effect", "sent_at",
    "answered_at", "clean", "fields", "origins", "rows", "failure", "left_by",
)  # fmt: skip
CALL_COLUMNS = (*_CALL_COLUMNS, "state")
ANSWER_COLUMNS = ("row_id", "answered_at", "clean", "rows", "failure", "state")
_ARRIVAL_COLUMNS = (
    "pipeline", "key", "store", "partition", "fingerprint", "created_at", "not_before", "deadline", "reason",
)  # fmt: skip
ARRIVAL_COLUMNS = (
    *_ARRIVAL_COLUMNS, "state", "seen_at", "epoch", "attempts", "released", "doubts", "digest", "snapshot_id",
)  # fmt: skip
LINK_COLUMNS = ("pipeline", "key", "shop", "m3", "linked_at", "origin")
NUMBER_COLUMNS = ("value", "connection", "field", "record_id")

# Some twenty-five rows of every order are made by these: an attribute getter takes all values at once, the
# plain text of a state among them.
_STATE = "state._value_"
_arrival_values = attrgetter(*_ARRIVAL_COLUMNS, _STATE)
_record_values = attrgetter(*_STANDING_COLUMNS, *_SEEN_COLUMNS, _STATE)
_standing_values = attrgetter(*_STANDING_COLUMNS, _STATE)
_frozen_values = attrgetter(*_FROZEN_COLUMNS)
_progress_values = attrgetter(*_PROGRESS_COLUMNS, _STATE)
_NOT_BLOCKED = (None, None)
_TOOK_EFFECT = frozenset({CallState.DONE, CallState.FOUND})
_SHORTEST_NUMBER = 3
_LONGEST_NUMBER = 40

Values = tuple[Any, ...]

call_values: Callable[[LoggedCall], Values] = attrgetter(*_CALL_COLUMNS, _STATE)
"""Return the values of ``CALL_COLUMNS``."""
answer_values: Callable[[LoggedCall], Values] = attrgetter("id", *ANSWER_COLUMNS[1:-1], _STATE)
"""Return the values of ``ANSWER_COLUMNS``."""
work_values: Callable[[Record], Values] = attrgetter(*WORK_COLUMNS)
"""Return the values of ``WORK_COLUMNS``."""
link_values: Callable[[Link], Values] = attrgetter(*LINK_COLUMNS)
"""Return the values of ``LINK_COLUMNS``."""


def arrival_values(arrival: Arrival, *, now: int, epoch: int, snapshot_id: int | None) -> Values:
    """Return the values of ``ARRIVAL_COLUMNS`` for a new record."""
    return (*_arrival_values(arrival), now, epoch, 0, False, 0, "", snapshot_id)


def record_values(record: Record, *, snapshot_id: int | None) -> Values:
    """Return the values of ``RECORD_COLUMNS``."""
    return (*_record_values(record), *(record.blocked_by or _NOT_BLOCKED), snapshot_id)


def standing_values(record: Record) -> Values:
    """Return the values of ``STANDING_COLUMNS``."""
    return (*_standing_values(record), *(record.blocked_by or _NOT_BLOCKED))


def attempt_values(attempt: Attempt) -> Values:
    """Return the values of ``ATTEMPT_COLUMNS``; its snapshot is kept already."""
    return (*_frozen_values(attempt), *progress_values(attempt), place_of(attempt))


def progress_values(attempt: Attempt) -> Values:
    """Return the values of ``PROGRESS_COLUMNS``."""
    return (*_progress_values(attempt), str(attempt.then))


def place_of(holder: Record | Attempt) -> int | None:
    """Return the number of the row that keeps the snapshot; None where none does."""
    kept = holder.kept
    return None if kept is None or kept.snapshot is not holder.snapshot else kept.id


def records_with(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Select records, each with its snapshot."""
    both = records.outerjoin(snapshots, snapshots.c.id == records.c.snapshot_id)
    return select(records, snapshots.c.snapshot).select_from(both).where(*conditions)


def attempts_with(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Select attempts, each with its snapshot."""
    both = attempts.outerjoin(snapshots, snapshots.c.id == attempts.c.snapshot_id)
    return select(attempts, snapshots.c.snapshot).select_from(both).where(*conditions)


def _kept(row: Row) -> Kept | None:
    return None if row["snapshot"] is None else Kept(row["snapshot_id"], row["snapshot"])


def record_from(row: Row) -> Record:
    """Return the record of a row that ``records_with`` selects."""
    blocked_by = None if row["blocked_key"] is None else (row["blocked_pipeline"], row["blocked_key"])
    values = {name: row[name] for name in (*_STANDING_COLUMNS, *_SEEN_COLUMNS, "snapshot")}
    return Record(
        id=row["id"], pipeline=row["pipeline"], key=row["key"], state=RecordState(row["state"]),
        blocked_by=blocked_by, version=row["version"], kept=_kept(row), **values,
    )  # fmt: skip


def attempt_from(row: Row) -> Attempt:
    """Return the attempt of a row that ``attempts_with`` selects."""
    values = {name: row[name] for name in (*_FROZEN_COLUMNS, *_PROGRESS_COLUMNS, "then", "snapshot")}
    return Attempt(id=row["id"], state=AttemptState(row["state"]), kept=_kept(row), **values)


def call_from(row: Row) -> LoggedCall:
    """Return the call of a table row."""
    values = {name: row[name] for name in _CALL_COLUMNS}
    return LoggedCall(state=CallState(row["state"]), **values)


def each(result: CursorResult[Any]) -> Iterator[Row]:
    """Yield the rows of a result by column name."""
    # SQLAlchemy types the keys as columns or text; by text is how they are read here.
    return cast("Iterator[Row]", iter(result.mappings()))


def link_from(row: Row) -> Link:
    """Return the link of a table row."""
    return Link(**row)


def run_from(row: Row) -> Run:
    """Return the run of a table row."""
    return Run(**{name: value for name, value in row.items() if name != "fence"})


def dead_letter_from(row: Row) -> DeadLetter:
    """Return the dead letter of a table row."""
    return DeadLetter(**row)


def number_values(call: LoggedCall) -> Iterator[Values]:
    """Yield ``NUMBER_COLUMNS`` of what a step's answer names; shorter values are codes, longer texts."""
    if not _acted(call):
        return
    rows: Sequence[Mapping[str, Json]] = call.rows or ()
    # An answer of several rows is a list, which shows the documents of others as well.
    for field, value in rows[0].items() if len(rows) == 1 else ():
        if isinstance(value, str) and _SHORTEST_NUMBER <= len(value) <= _LONGEST_NUMBER:
            yield value, call.connection, field, call.record_id


def _acted(call: LoggedCall) -> bool:
    if call.effect == "read" or call.state not in _TOOK_EFFECT:
        return False
    return ":" not in call.step.partition("/")[0]


def circuit_row(circuit: Circuit) -> dict[str, Any]:
    """Return the row of a circuit."""
    return {**asdict(circuit), "phase": str(circuit.phase)}


def circuit_from(row: Row) -> Circuit:
    """Return the circuit of a row."""
    return Circuit(**{**row, "phase": Phase(row["phase"])})
