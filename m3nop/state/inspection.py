"""Checks that the rows of a state database fit together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, or_, select

from m3nop.core.records import RecordState
from m3nop.state import rows
from m3nop.state.schema import attempts, audit, claims, dead_letters, definitions, records
from m3nop.state.transaction import chained

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import ColumnElement, Connection, FromClause

_MOST = 20
"""How many rows are named for one kind of misfit."""

_r = records.c
_in_flight = _r.state == str(RecordState.IN_FLIGHT)
_swept = exists().where(attempts.c.record_id == _r.id, attempts.c.sweep_at.is_not(None))
_with_claim = records.outerjoin(claims, claims.c.record_id == _r.id)
_with_attempt = records.outerjoin(
    attempts, and_(attempts.c.id == _r.attempt_id, attempts.c.record_id == _r.id)
)
_with_letter = records.outerjoin(dead_letters, dead_letters.c.record_id == _r.id)
_with_definition = records.join(attempts, attempts.c.record_id == _r.id).outerjoin(
    definitions, definitions.c.digest == attempts.c.definition
)

_MISFITS: tuple[tuple[str, FromClause, ColumnElement[bool]], ...] = (
    ("is in flight, but no run claims it", _with_claim, and_(_in_flight, claims.c.record_id.is_(None))),
    (
        "is claimed, but neither in flight nor swept",
        _with_claim,
        and_(~_in_flight, claims.c.record_id.is_not(None), ~_swept),
    ),
    (
        "names an attempt that it does not have",
        _with_attempt,
        and_(_r.attempt_id.is_not(None), attempts.c.id.is_(None)),
    ),
    (
        "is blocked, but by nothing",
        records,
        and_(
            _r.state == str(RecordState.BLOCKED), or_(_r.blocked_key.is_(None), _r.blocked_pipeline.is_(None))
        ),
    ),
    (
        "is dead, but has no dead letter",
        _with_letter,
        and_(_r.state == str(RecordState.DEAD), dead_letters.c.id.is_(None)),
    ),
    ("has an attempt whose definition is lost", _with_definition, definitions.c.digest.is_(None)),
    ("is in a state that nobody knows", records, _r.state.not_in([str(state) for state in RecordState])),
)


def inspect_rows(connection: Connection) -> list[str]:
    """Name every rule that rows break; an empty list means that all fit."""
    return [*_misfits(connection), *_broken_chain(connection)]


def _misfits(connection: Connection) -> Iterator[str]:
    for what, joined, condition in _MISFITS:
        statement = select(_r.id, _r.pipeline, _r.key).select_from(joined).where(condition).distinct()
        for row in connection.execute(statement.order_by(_r.id).limit(_MOST)):
            yield f"{row.pipeline} {row.key} {what}"


def _broken_chain(connection: Connection) -> Iterator[str]:
    broken = first_broken(rows.each(connection.execute(select(audit).order_by(audit.c.id))))
    if broken is not None:
        yield f"audit entry {broken} was changed, or one before it was removed"


def first_broken(entries: Iterable[rows.Row]) -> int | None:
    """Return the number of the first audit entry, oldest first, that does not fit those before it."""
    before = ""
    for entry in entries:
        if chained(before, entry) != entry["chain"]:
            return int(entry["id"])
        before = entry["chain"]
    return None
