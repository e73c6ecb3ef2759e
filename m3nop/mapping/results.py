"""Rows of MI answers, typed by the transaction's metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.mapping.conversion import from_field_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.connector import FieldInfo
    from m3nop.core.json import Json


def typed_row(row: Mapping[str, str], outputs: Mapping[str, FieldInfo] | None) -> dict[str, Json]:
    """Return a row with numbers as Decimal, dates as text or null, and texts without blanks at the end.

    Without ``outputs``, or for a field that they do not know, values stay text.
    """
    known = outputs or {}
    return {name: from_field_text(text, known.get(name)) for name, text in row.items()}
