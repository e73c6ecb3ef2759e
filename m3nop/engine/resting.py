"""Puts records down: where they rest, why, and who has to look at them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from m3nop.core.connector import Remedy
from m3nop.core.records import RecordState

_VARIABLE = re.compile(r"""(?<=\btext )(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|[^\s'`]*\d[^\s'`]*""")
"""What differs between messages of one cause: values, and words with a digit in them."""
_TEMPLATE = 120

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.json import Json
    from m3nop.core.records import Record
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


def signature_of(operation: str, message: str, *, code: Json = None, field: Json = None) -> str:
    """Return what refusals of one cause have in common: operation, code and field.

    Where the system gave no code it is the message, with its quoted texts, numbers and codes left out.
    """
    if code:
        return " ".join(str(part) for part in (operation, code, field) if part)
    template = template_of(message)
    return f"{operation}: {template}" if template else operation


def template_of(message: str) -> str:
    """Return what messages of one cause have in common: quoted texts, numbers and codes are left out."""
    return " ".join(_VARIABLE.sub("…", message).split())[:_TEMPLATE]


def bury(
    parts: Parts, record: Record, reason: str, *, failure: Mapping[str, Json], operation: str, step: str
) -> None:
    """Put a record down as dead, with a letter for a person; equal causes get an equal signature."""
    now, remedy = parts.clock.now(), failure.get("remedy", Remedy.BUSINESS)
    signature = signature_of(operation, reason, code=failure.get("code"), field=failure.get("field"))
    parts.outbox.also(
        lambda tx: tx.add_dead_letter(
            record, now=now, remedy=remedy, signature=signature, message=reason, step=step
        )
    )
    record.not_before = None
    rest(parts, record, RecordState.DEAD, reason)
