"""Deletes what is old and needed by nobody any more; what protects against doubles is never among it.

Every record keeps its row, its link, its present attempt and the numbers of its documents for ever, so that
what is read again is known. The audit trail stays whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, exists, func, or_, select

from m3nop.core.records import AttemptState, RecordState
from m3nop.state.schema import (
    alerts,
    attempts,
    calls,
    claims,
    dead_letters,
    definitions,
    inbox,
    missing,
    records,
    runs,
)
from m3nop.state.snapshots import DROP_SNAPSHOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement, Connection, Delete, Select

    from m3nop.core.clock import Instant

_OVER = [str(state) for state in (RecordState.DONE, RecordState.BASELINED, RecordState.IGNORED)]
_UNSETTLED = [str(state) for state in (AttemptState.OPEN, AttemptState.UNDOING)]
_r, _a, _d = records.c, attempts.c, dead_letters.c


def prune(connection: Connection, *, before: Instant) -> Mapping[str, int]:
    """Delete within the present transaction; return how many rows of each table."""
    dropped = connection.execute(
        select(_a.record_id, _a.snapshot_id).where(_is_old_attempt(before), _a.snapshot_id.is_not(None))
    ).all()
    statements: dict[str, Delete] = {
        "calls": delete(calls).where(calls.c.sent_at < before, calls.c.record_id.in_(at_rest())),
        "attempts": delete(attempts).where(_is_old_attempt(before)),
        "dead_letters": delete(dead_letters).where(_d.settled_at < before, ~_is_last_word()),
        "runs": delete(runs).where(
            runs.c.ended_at < before,
            ~exists().where(calls.c.run_id == runs.c.id),
            ~exists().where(claims.c.run_id == runs.c.id),
        ),
        "definitions": delete(definitions).where(
            ~exists().where(_a.definition == definitions.c.digest),
            ~exists().where(runs.c.definition == definitions.c.digest),
        ),
        "alerts": delete(alerts).where(alerts.c.closed_at < before),
        "inbox": delete(inbox).where(inbox.c.handled_at < before),
        "missing": delete(missing).where(missing.c.missed_at < before),
    }
    deleted = {name: connection.execute(statement).rowcount for name, statement in statements.items()}
    if dropped:
        DROP_SNAPSHOT.run(connection, [tuple(one) for one in dropped])
    return deleted


def at_rest() -> Select[tuple[int]]:
    """Select the records that no run looks at again.

    One that remembers something enters movements, and its log tells which.
    """
    is_given_up = and_(
        _r.state == str(RecordState.DEAD),
        ~exists().where(_d.record_id == _r.id, _d.settled_at.is_(None)),
    )
    is_under_way = exists().where(
        _a.record_id == _r.id, or_(_a.state.in_(_UNSETTLED), _a.sweep_at.is_not(None))
    )
    return select(_r.id).where(
        or_(_r.state.in_(_OVER), is_given_up), _r.not_before.is_(None), _r.remembered.is_(None), ~is_under_way
    )


def _is_old_attempt(before: Instant) -> ColumnElement[bool]:
    """Tell whether a later attempt stands for the record, and nothing of this one is left."""
    return and_(
        _a.opened_at < before,
        _a.record_id.in_(at_rest()),
        ~exists().where(_r.attempt_id == _a.id),
        ~exists().where(calls.c.attempt_id == _a.id),
    )


def _is_last_word() -> ColumnElement[bool]:
    """Tell whether a dead letter says why its record is dead."""
    later = dead_letters.alias("later")
    latest = select(func.max(later.c.id)).where(later.c.record_id == _d.record_id).scalar_subquery()
    return and_(exists().where(_r.id == _d.record_id, _r.state == str(RecordState.DEAD)), _d.id == latest)
