"""Writes the balance of days: for a terminal, as Markdown, CSV or JSON."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from m3nop.app.reconcile.balance import COLUMNS, totals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from m3nop.app.reconcile.balance import Balance, Day
    from m3nop.core.json import Json

_HEADINGS = ("day", "eligible", *COLUMNS, "shop", "M3", "difference", "balances")
_NUMBERS = len(_HEADINGS) - 1


def _row(day: Day) -> list[str]:
    reasons = "; ".join(day.reasons)
    return [
        day.date, str(day.eligible), *(str(day.counts[name]) for name in COLUMNS),
        f"{day.shop_total:.2f}", f"{day.m3_total:.2f}", f"{day.difference:.2f}", reasons or "yes",
    ]  # fmt: skip


def _rows(balance: Balance) -> list[list[str]]:
    rows = [_row(day) for day in balance.days]
    whole = _row(totals(balance.days))
    whole[-1] = "yes" if balance.balances else "no"
    return [*rows, whole]


def table_text(balance: Balance) -> str:
    """Write columns of full width, without those in which nothing stands."""
    rows = _rows(balance)
    kept = [
        at for at, name in enumerate(_HEADINGS) if name not in COLUMNS or any(row[at] != "0" for row in rows)
    ]
    lines = [[row[at] for at in kept] for row in [list(_HEADINGS), *rows]]
    widths = [max(len(line[at]) for line in lines) for at in range(len(kept))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n"
        for line in lines
    )


def markdown_text(balance: Balance) -> str:
    """Write a Markdown table."""
    lines = [f"| {' | '.join(_HEADINGS)} |", f"|---|{'--:|' * (_NUMBERS - 1)}---|"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in _rows(balance)]
    return "\n".join(lines) + "\n"


def csv_text(balance: Balance) -> str:
    """Write CSV; the days only, since a spreadsheet adds up itself."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_HEADINGS)
    writer.writerows(_row(day) for day in balance.days)
    return out.getvalue()


def document(balance: Balance) -> dict[str, Json]:
    """Describe the days, and what could not be counted."""
    return {
        "balances": balance.balances,
        "days": [_day(day) for day in balance.days],
        "not_counted": balance.tally.notes,
    }


def _day(day: Day) -> dict[str, Json]:
    return {
        "day": day.date, "eligible": day.eligible, **{name: day.counts[name] for name in COLUMNS},
        "shop_total": day.shop_total, "m3_total": day.m3_total, "difference": day.difference,
        "reasons": day.reasons,
    }  # fmt: skip


FORMS: Mapping[str, Callable[[Balance], str]] = {
    "table": table_text,
    "md": markdown_text,
    "csv": csv_text,
}
"""Forms that are text, by the name that ``--format`` takes."""
