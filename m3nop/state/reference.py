"""Writes the reference of the state tables from their comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.types import Boolean, Text

from m3nop.state.columns import JsonText, PlainText
from m3nop.state.schema import HEAD, metadata

if TYPE_CHECKING:
    from sqlalchemy import Column, Table

_HEAD = """\
# State tables

The state of one environment is one database: `.m3nop/<environment>/state.db` (SQLite), or the PostgreSQL
database that `state:` names. Both have these tables. An instant is an integer, microseconds since
1970-01-01T00:00:00Z; JSON is text with exact numbers. Read them as you like, also while a run writes; change
them only with `m3nop`, which keeps them consistent.

This page is written from the schema, version {head}.
"""


def render_reference() -> str:
    """Return the Markdown text of ``docs/reference/state.md``."""
    parts = [_HEAD.format(head=HEAD)]
    parts.extend(_table(table) for table in sorted(metadata.tables.values(), key=lambda table: table.name))
    return "\n".join(parts)


def _table(table: Table) -> str:
    lines = [f"## {table.name}", "", table.comment or "", "", "| column | type | meaning |", "|---|---|---|"]
    lines.extend(f"| `{column.name}` | {_kind(column)} | {_meaning(column)} |" for column in table.columns)
    return "\n".join(lines) + "\n"


def _kind(column: Column[object]) -> str:
    kind = column.type
    if isinstance(kind, JsonText):
        return "JSON"
    if isinstance(kind, (PlainText, Text)):
        return "text"
    if isinstance(kind, Boolean):
        return "true or false"
    return "instant" if _is_instant(column.name) else "integer"


def _is_instant(name: str) -> bool:
    return name.endswith("_at") or name in {"at", "not_before", "deadline", "baseline", "since", "left_by"}


def _meaning(column: Column[object]) -> str:
    text = (column.comment or "").replace("``", "`").replace("|", r"\|")
    reference = "".join(f" Refers to `{key.target_fullname}`." for key in column.foreign_keys)
    return f"{text}{reference}"
