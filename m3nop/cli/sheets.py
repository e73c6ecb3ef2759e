"""Writes sign-off tables: for a terminal, as Markdown, CSV, or an Excel workbook."""

from __future__ import annotations

import csv
import importlib
import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from m3nop.core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from m3nop.app.sign_off import SignOff, Table

_SHEET_NAME = 31
"""Characters that the name of a sheet may have."""
_WIDEST = 60


def table_text(shown: SignOff) -> str:
    """Write the tables for a terminal: only the columns that say something."""
    parts = [f"{_title(shown)}\n"]
    for table in shown.tables:
        parts.append(f"\n{table.name}\n")
        parts.extend(f"{line}\n" for line in _aligned(table))
    return "".join(parts)


def markdown_text(shown: SignOff) -> str:
    """Write the tables as Markdown."""
    parts = [f"# {_title(shown)}\n"]
    if shown.description:
        parts.append(f"\n{shown.description}\n")
    for table in shown.tables:
        parts.append(f"\n## {table.name}\n\n")
        headings, rows = _telling(table)
        parts.append(f"| {' | '.join(headings)} |\n|{'---|' * len(headings)}\n")
        parts.extend(f"| {' | '.join(map(_cell, row))} |\n" for row in rows)
    parts.append(f"\nDefinition {shown.digest}\n")
    return "".join(parts)


def csv_text(shown: SignOff) -> str:
    """Write what maps to what as CSV; the other tables are in the workbook and the Markdown."""
    from m3nop.app.sign_off import FIELDS

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for table in shown.tables:
        if table.name == FIELDS:
            writer.writerow(table.headings)
            writer.writerows(map(_harmless, row) for row in table.rows)
    return out.getvalue()


def write_workbook(shown: SignOff, path: Path) -> None:
    """Write a workbook with a sheet for each table.

    Raises:
        UsageError: the library is not installed, or the file cannot be written.
    """
    try:
        xlsxwriter: Any = importlib.import_module("xlsxwriter")
    except ImportError:
        msg = "a workbook needs the extra `xlsx`: pip install 'm3nop[xlsx]'; or choose --format csv"
        raise UsageError(msg) from None
    try:
        # The bytes are made first: a workbook is whole, or not there.
        data = io.BytesIO()
        with xlsxwriter.Workbook(data, {"in_memory": True, "strings_to_formulas": False}) as book:
            _fill(book, shown)
        path.write_bytes(data.getvalue())
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror or error}"
        raise UsageError(msg) from error


def _fill(book: Any, shown: SignOff) -> None:  # noqa: ANN401  the library has no types
    bold = book.add_format({"bold": True, "bottom": 1})
    folded = book.add_format({"text_wrap": True, "valign": "top"})
    book.set_properties({"title": _title(shown), "comments": f"Definition {shown.digest}"})
    for table in shown.tables:
        sheet = book.add_worksheet(table.name[:_SHEET_NAME])
        headings, rows = _telling(table)
        for column, heading in enumerate(headings):
            widest = max([len(heading), *(len(row[column]) for row in rows)])
            sheet.set_column(column, column, min(widest + 2, _WIDEST))
            sheet.write_string(0, column, heading, bold)
        for number, row in enumerate(rows, start=1):
            for column, text in enumerate(row):
                sheet.write_string(number, column, text, folded)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(rows), len(headings) - 1)


def document(shown: SignOff) -> dict[str, Any]:
    """Describe the tables: each row by its headings."""
    return {
        "pipeline": shown.pipeline, "store": shown.store, "environment": shown.environment,
        "digest": shown.digest,
        "tables": {
            table.name: [dict(zip(table.headings, row, strict=True)) for row in table.rows]
            for table in shown.tables
        },
    }  # fmt: skip


def _title(shown: SignOff) -> str:
    return f"{shown.pipeline} for store {shown.store} in {shown.environment}"


def _telling(table: Table) -> tuple[list[str], list[list[str]]]:
    """Leave out columns in which nothing stands."""
    kept = [index for index in range(len(table.headings)) if any(row[index] for row in table.rows)]
    return [table.headings[index] for index in kept], [[row[index] for index in kept] for row in table.rows]


def _aligned(table: Table) -> list[str]:
    headings, rows = _telling(table)
    lines = [[cell.replace("\n", " ") for cell in row] for row in [headings, *rows]]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ") or " "


def _harmless(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


TEXTS: Mapping[str, Callable[[SignOff], str]] = {
    "table": table_text,
    "md": markdown_text,
    "csv": csv_text,
}
"""Forms that are text, by the name that ``--format`` takes."""
WORKBOOK = "xlsx"
