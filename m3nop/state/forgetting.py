"""Forgets personal data that is older than it may be kept; what protects against doubles is never among it.

What was called, when, and with what result stays; the values that were sent and answered go, and the record
as it was read. A record that is needed again, because somebody retries it, is read from its source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, null, select, update

from m3nop.state.pruning import at_rest
from m3nop.state.schema import attempts, calls, records, snapshots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from m3nop.core.clock import Instant

_TOGETHER = 500
_r = records.c


def forget_some(connection: Connection, *, before: Instant) -> int:
    """Forget what is known of some records within the present transaction; return of how many."""
    numbers = _some(connection, before)
    if not numbers:
        return 0
    connection.execute(
        update(calls).where(calls.c.record_id.in_(numbers)).values(fields={}, origins=null(), rows=null())
    )
    for table, of in ((attempts, attempts.c.record_id), (records, _r.id)):
        mine = select(table.c.snapshot_id).where(of.in_(numbers), table.c.snapshot_id.is_not(None))
        connection.execute(delete(snapshots).where(snapshots.c.id.in_(mine)))
        connection.execute(update(table).where(of.in_(numbers)).values(snapshot_id=null(), edits=null()))
    return len(numbers)


def _some(connection: Connection, before: Instant) -> Sequence[Any]:
    """Select the next records that rest, were not seen since and have no younger call."""
    statement = (
        select(_r.id)
        .where(
            _r.snapshot_id.is_not(None),
            _r.seen_at < before,
            _r.id.in_(at_rest()),
            ~exists().where(calls.c.record_id == _r.id, calls.c.sent_at >= before),
        )
        .order_by(_r.id)
        .limit(_TOGETHER)
    )
    return connection.execute(statement).scalars().all()
