"""Turns the contract's rows into table rows and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from m3nop.core.state import (
    Arrival,
    Attempt,
    AttemptState,
    CallState,
    Circuit,
    DeadLetter,
    Link,
    LoggedCall,
    Phase,
    Record,
    RecordState,
    Run,
)

if TYPE_CHECKING:
    from sqlalchemy import CursorResult

    from m3nop.core.json import Json

Row = Mapping[str, Any]

_RECORD_COLUMNS = (
    "store", "partition", "reason", "not_before", "deadline", "created_at", "seen_at", "epoch",
    "attempts", "attempt_id", "released", "doubts", "fingerprint", "digest", "commit_target",
    "remembered", "edits", "snapshot",
)  # fmt: skip
"""Every column that a change of the record can change; its version is counted by the database."""
_SNAPSHOT_COLUMNS = ("snapshot", "fingerprint", "created_at", "seen_at")
_ATTEMPT_COLUMNS = (
    "record_id", "number", "opened_at", "definition", "reference", "epoch", "doubt", "committed",
    "then", "reason",
    "failure", "sweep_at", "sweeps", "snapshot", "edits",
)  # fmt: skip
_FROZEN_COLUMNS = (
    "record_id", "number", "opened_at", "definition", "reference", "epoch", "snapshot", "edits",
)  # fmt: skip
_CALL_COLUMNS = (
    "id", "record_id", "attempt_id", "run_id", "step", "connection", "operation", "fields", "sent_at",
    "answered_at", "left_by", "rows", "failure", "origins", "clean",
)  # fmt: skip
_ARRIVAL_COLUMNS = (
    "pipeline", "key", "store", "partition", "snapshot", "fingerprint", "created_at", "not_before",
    "deadline", "reason",
)  # fmt: skip
_LINK_COLUMNS = ("pipeline", "key", "shop", "m3", "linked_at", "origin")

# Taken together, because these are asked for some twenty-five rows of every order.
_arrival_values = attrgetter(*_ARRIVAL_COLUMNS)
_record_values = attrgetter(*_RECORD_COLUMNS)
_attempt_values = attrgetter(*_ATTEMPT_COLUMNS)
_call_values = attrgetter(*_CALL_COLUMNS)
_link_values = attrgetter(*_LINK_COLUMNS)

_SHORTEST_NUMBER = 3
_LONGEST_NUMBER = 40


def arrival_row(arrival: Arrival, *, now: int, epoch: int) -> dict[str, Any]:
    """Return the row of a new record."""
    row: dict[str, Any] = dict(zip(_ARRIVAL_COLUMNS, _arrival_values(arrival), strict=True))
    row.update(
        state=str(arrival.state), seen_at=now, epoch=epoch, attempts=0, released=False, doubts=0, digest=""
    )
    return row


def record_row(record: Record) -> dict[str, Any]:
    """Return every column of a record that can change."""
    row: dict[str, Any] = dict(zip(_RECORD_COLUMNS, _record_values(record), strict=True))
    pipeline, key = record.blocked_by or (None, None)
    row.update(state=str(record.state), blocked_pipeline=pipeline, blocked_key=key)
    return row


def standing_row(record: Record) -> dict[str, Any]:
    """Return the columns that say where a record stands, without its snapshot and what follows from it."""
    row = record_row(record)
    for name in _SNAPSHOT_COLUMNS:
        del row[name]
    return row


def record_from(row: Row) -> Record:
    """Return the record of a table row."""
    blocked_by = None if row["blocked_key"] is None else (row["blocked_pipeline"], row["blocked_key"])
    values = {name: row[name] for name in _RECORD_COLUMNS}
    return Record(
        id=row["id"], pipeline=row["pipeline"], key=row["key"], state=RecordState(row["state"]),
        blocked_by=blocked_by, version=row["version"], **values,
    )  # fmt: skip


def attempt_row(attempt: Attempt) -> dict[str, Any]:
    """Return every column of an attempt except its id."""
    row: dict[str, Any] = dict(zip(_ATTEMPT_COLUMNS, _attempt_values(attempt), strict=True))
    row.update(state=str(attempt.state), then=str(attempt.then))
    return row


def progress_row(attempt: Attempt) -> dict[str, Any]:
    """Return the columns of an attempt that change after it was opened."""
    row = attempt_row(attempt)
    for name in _FROZEN_COLUMNS:
        del row[name]
    return row


def attempt_from(row: Row) -> Attempt:
    """Return the attempt of a table row."""
    values = {name: row[name] for name in _ATTEMPT_COLUMNS}
    return Attempt(id=row["id"], state=AttemptState(row["state"]), **values)


def call_row(call: LoggedCall) -> dict[str, Any]:
    """Return every column of a line of the call log."""
    row: dict[str, Any] = dict(zip(_CALL_COLUMNS, _call_values(call), strict=True))
    row.update(state=str(call.state), effect=str(call.effect))
    return row


def call_from(row: Row) -> LoggedCall:
    """Return the call of a table row."""
    values = {name: row[name] for name in _CALL_COLUMNS}
    return LoggedCall(state=CallState(row["state"]), effect=row["effect"], **values)


def each(result: CursorResult[Any]) -> Iterator[Row]:
    """Yield the rows of a result by column name."""
    # SQLAlchemy types the keys as columns or text; by text is how they are read here.
    return cast("Iterator[Row]", iter(result.mappings()))


def link_row(link: Link) -> dict[str, Any]:
    """Return the row of a link."""
    return dict(zip(_LINK_COLUMNS, _link_values(link), strict=True))


def link_from(row: Row) -> Link:
    """Return the link of a table row."""
    return Link(**row)


def run_from(row: Row) -> Run:
    """Return the run of a table row."""
    return Run(**{name: value for name, value in row.items() if name != "fence"})


def dead_letter_from(row: Row) -> DeadLetter:
    """Return the dead letter of a table row."""
    return DeadLetter(**row)


def number_rows(call: LoggedCall) -> Iterator[dict[str, Any]]:
    """Yield the numbers of documents that a step's answer names; shorter values are codes, longer texts."""
    if not _acted(call):
        return
    rows: Sequence[Mapping[str, Json]] = call.rows or ()
    # An answer of several rows is a list, which shows the documents of others as well.
    for field, value in rows[0].items() if len(rows) == 1 else ():
        if isinstance(value, str) and _SHORTEST_NUMBER <= len(value) <= _LONGEST_NUMBER:
            yield {"value": value, "connection": call.connection, "field": field, "record_id": call.record_id}


def _acted(call: LoggedCall) -> bool:
    is_step = ":" not in call.step.partition("/")[0]
    return is_step and call.effect != "read" and call.state in (CallState.DONE, CallState.FOUND)


def circuit_row(circuit: Circuit) -> dict[str, Any]:
    """Return the row of a circuit."""
    return {**asdict(circuit), "phase": str(circuit.phase)}


def circuit_from(row: Row) -> Circuit:
    """Return the circuit of a row."""
    return Circuit(**{**row, "phase": Phase(row["phase"])})
