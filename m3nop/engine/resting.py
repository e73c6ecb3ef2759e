"""Puts records down: where they rest, why, and who has to look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.connector import Remedy
from m3nop.core.state import RecordState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.json import Json
    from m3nop.core.state import Record
    from m3nop.engine.parts import Parts


def rest(parts: Parts, record: Record, state: RecordState, reason: str) -> None:
    """Write where a record stands from now on."""
    record.state, record.reason = state, reason
    if state is not RecordState.BLOCKED:
        record.blocked_by = None
    now_due = record.not_before is not None and record.not_before <= parts.clock.now()
    if state is RecordState.READY and now_due:
        record.not_before = None
    parts.outbox.record(record)
    parts.tally.rested(record, state, reason)


def bury(
    parts: Parts, record: Record, reason: str, *, failure: Mapping[str, Json], operation: str, step: str
) -> None:
    """Put a record down as dead, with a letter for a person; equal causes get an equal signature."""
    now, remedy = parts.clock.now(), failure.get("remedy", Remedy.BUSINESS)
    signature = " ".join(part for part in (operation, failure.get("code"), failure.get("field")) if part)
    parts.outbox.also(
        lambda tx: tx.add_dead_letter(
            record, now=now, remedy=remedy, signature=signature, message=reason, step=step
        )
    )
    record.not_before = None
    rest(parts, record, RecordState.DEAD, reason)
