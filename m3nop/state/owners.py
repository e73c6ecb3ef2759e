"""Who works on a state, and what becomes of the work of those who are gone.

An owner is one opening for writing. Its row is its right to write: whoever takes over from it deletes the
row, in the transaction that gives its work back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import delete, select, text, update

from m3nop.core.records import CallState, RecordState
from m3nop.state.schema import calls, claims, owners, records, runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection, Select

    from m3nop.core.clock import Instant

_ABANDONED = claims.c.fence.not_in(select(owners.c.fence))
_CLOSE_RUNS = update(runs).where(
    runs.c.result == "running", runs.c.fence.is_(None) | runs.c.fence.not_in(select(owners.c.fence))
)  # fmt: skip


class Gone(Struct, frozen=True):
    """An owner that is gone; what it had committed as sent may leave for ``left`` microseconds still.

    ``left`` is negative when that time is over, and None where a process that is gone sends nothing.
    """

    fence: int
    left: int | None


def take_work_over(connection: Connection, gone: Sequence[Gone], *, now: Instant) -> int:
    """Give the work of owners that are gone back, and return how many records that were.

    A call that an owner had committed as sent may have left as late as its lease ended, not only when it was
    committed: its doubt settles from then on.
    """
    if gone:
        connection.execute(delete(owners).where(owners.c.fence.in_([one.fence for one in gone])))
    late = [one.left for one in gone if one.left is not None]
    if late:
        unanswered = (calls.c.state == str(CallState.SENT), calls.c.record_id.in_(_of(_ABANDONED)))
        connection.execute(update(calls).where(*unanswered).values(left_by=now + max(late)))
    given_back = give_back(connection, _ABANDONED)
    ended = {
        "result": "killed", "ended_at": now, "message": "the process ended without closing its run",
    }  # fmt: skip
    connection.execute(_CLOSE_RUNS.values(ended))
    return given_back


def give_back(connection: Connection, which: ColumnElement[bool]) -> int:
    """Drop claims, turn the records that were in flight by them ready, and return how many these are."""
    ready = (
        update(records)
        # Written out, because a partial index serves no query whose value comes with the parameters.
        .where(text("state = 'in_flight'"), records.c.id.in_(_of(which)))
        .values(state=str(RecordState.READY), not_before=None, version=records.c.version + 1)
    )
    given_back = connection.execute(ready).rowcount
    connection.execute(delete(claims).where(which))
    return given_back


def _of(which: ColumnElement[bool]) -> Select[tuple[int]]:
    return select(claims.c.record_id).where(which)
