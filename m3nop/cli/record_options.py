"""Options of the commands about records, and CSV on stdout."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from m3nop.cli.output import print_csv_text

Pipeline = Annotated[str | None, typer.Option("--pipeline", help="Only this pipeline.", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the audit trail.", show_default=False)]
Store = Annotated[str | None, typer.Option("--store", help="As this store has it.", show_default=False)]
Read = Annotated[bool, typer.Option("--read", help="Ask the shop, too.")]
Wait = Annotated[str, typer.Option("--wait", help="Wait so long for a run to end (10m).")]


def print_csv(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows as CSV on stdout."""
    for row in itertools.chain([headings], rows):
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(row)
        print_csv_text(line.getvalue())
