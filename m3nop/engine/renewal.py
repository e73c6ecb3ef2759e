"""What a row that is listed again says of a record that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from m3nop.core.records import RecordState
from m3nop.mapping.pipeline import SourceKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.core.clock import Instant
    from m3nop.core.records import Arrival, Record
    from m3nop.core.state import State
    from m3nop.engine.ports import Job

_MOVING = (RecordState.READY, RecordState.IN_FLIGHT, RecordState.PENDING, RecordState.BLOCKED)
_MAY_HAVE_CHANGED = (RecordState.DONE, RecordState.DEAD, RecordState.REVIEW)
"""What was refused as it was need not be refused as it is now."""


def one_each(job: Job, arrivals: list[Arrival]) -> list[Arrival]:
    """Keep the last row of each key; where several rows are one record, one not wanted says nothing."""
    rule = job.any.source
    if rule.kind is not SourceKind.READ:
        return arrivals
    if rule.distinct is not None:
        arrivals = [arrival for arrival in arrivals if arrival.state is not RecordState.IGNORED]
    return list({arrival.key: arrival for arrival in arrivals}.values())


def renewed(
    state: State, job: Job, arrivals: Sequence[Arrival], now: Instant, *, every: bool
) -> tuple[set[str], list[Record]]:
    """Return the keys that are known, and the records of which a row says something new, as they are now.

    With ``every`` these are all that were done.
    """
    latest = {arrival.key: arrival for arrival in arrivals}
    due = (RecordState.DONE,) if every else _MAY_HAVE_CHANGED if _names_changes(job) else ()
    # Most rows of a long list say nothing new: their records are not even read.
    known = state.compared(job.name, {key: arrival.snapshot for key, arrival in latest.items()})
    news = [
        key
        for key, (standing, differs) in known.items()
        if standing in due or differs or _is_wanted_now(standing, latest[key])
    ]
    records = state.records(job.name, keys=news) if news else []
    return set(known), [_renewed(record, latest[record.key], now) for record in records]


def _names_changes(job: Job) -> bool:
    """Tell whether a row says by being listed that something has changed, be it in what it does not show."""
    rule = job.any.source
    return rule.distinct is not None or rule.watermark.clock is not None


def _is_wanted_now(standing: RecordState, arrival: Arrival) -> bool:
    """Tell whether what the filter looks at beside the row has changed: a link, a setting."""
    return standing is RecordState.IGNORED and arrival.state is not RecordState.IGNORED


def _renewed(record: Record, arrival: Arrival, now: Instant) -> Record:
    """Return a record with its row as it is now; what is under way goes on, what rested is judged again."""
    record = replace(record, snapshot=arrival.snapshot, seen_at=now)
    if record.state in _MOVING:
        return record
    return replace(
        record, state=arrival.state, not_before=arrival.not_before, deadline=arrival.deadline,
        reason=arrival.reason or "changed", attempts=0, released=False, store=arrival.store or record.store,
    )  # fmt: skip
