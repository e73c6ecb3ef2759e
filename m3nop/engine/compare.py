"""Looks before it writes: a call whose fields have their values already is not made.

M3 has no upsert. Without this a change that m3nop made in one system would come back from the other for ever.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from m3nop.engine.actions import Purpose, Send
from m3nop.mapping.conversion import CLEARED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.json import Json
    from m3nop.engine.work import Work
    from m3nop.mapping.pipeline import Request


def look(work: Work, read: Request, path: str, root: Mapping[str, Json]) -> Send | None:
    """Read what is there, or None if that was done."""
    asked = f"compare:{path}"
    if asked in work.checked:
        return None
    mapped = work.map(read, root)
    return Send(asked, Purpose.CHECK, read.target, mapped.fields, mapped.origins)


def is_equal(work: Work, path: str, fields: Mapping[str, Json]) -> bool:
    """Tell whether the one row that was read has every field of the call; what it does not tell differs."""
    rows = work.checked[f"compare:{path}"]
    if len(rows) != 1:
        return False
    row = rows[0]
    return all(name in row and is_there(row[name], value) for name, value in fields.items())


def is_there(held: Json, sent: Json) -> bool:
    """Tell whether a field holds what would be sent; ``0150`` is another postal code than ``150``."""
    if isinstance(held, str) and isinstance(sent, str) and sent != CLEARED:
        return held.strip() == sent.strip()
    return bool(comparable(held) == becomes(sent))


def becomes(value: Json) -> Json:
    """Return what a field holds once this was sent."""
    return "" if value == CLEARED else comparable(value)


def comparable(value: Json) -> Json:
    """Return a value in the form in which M3 and the shop tell equal ones: numbers by value, text trimmed."""
    text = "" if value is None else str(value).strip()
    try:
        return Decimal(text).normalize()
    except InvalidOperation:
        return text
