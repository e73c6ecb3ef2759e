"""Printing: data on stdout, everything else on stderr, colours on a terminal only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from m3nop.cli.streams import write
from m3nop.core.errors import ConfigurationError, M3nopError
from m3nop.core.terminal import json_text, printable

if TYPE_CHECKING:
    from rich.console import Console

    from m3nop.core.json import Json


_SAYS_SO = frozenset({"FORCE_COLOR", "TTY_COMPATIBLE"})
"""Variables by which somebody says that a stream is a terminal, or is none."""


def console(*, stderr: bool = False) -> Console:
    """Make a console for stdout or stderr."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def on_terminal(*, stderr: bool = False) -> bool:
    """Tell whether stdout or stderr shows what it is given on a terminal, or is to be treated like one."""
    stream = sys.stderr if stderr else sys.stdout
    # Rich knows all the ways to say so, but most runs are under cron, which says nothing.
    return (stream.isatty() or not _SAYS_SO.isdisjoint(os.environ)) and console(stderr=stderr).is_terminal


def print_json(value: Json) -> None:
    """Print one JSON document."""
    write(json_text(value, indent=2) + "\n")


def print_line(text: str) -> None:
    """Print a line of data, with control characters made visible."""
    print_text(text + "\n")


def print_text(text: str) -> None:
    """Print lines of data, with control characters made visible."""
    write(printable(text))


def print_csv_text(text: str) -> None:
    """Print CSV as it is, for a file; on a terminal control characters are made visible."""
    write(printable(text) if sys.stdout.isatty() else text)


def say(text: str) -> None:
    """Print a line on stderr."""
    sys.stderr.write(printable(text) + "\n")


def complain(text: str) -> None:
    """Say on stderr what went wrong beside the work, which goes on."""
    say(f"m3nop: {text}")


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
    """Print a table on stdout: ruled and folded on a terminal, plain columns of full width elsewhere."""
    headings, *cells = [[printable(str(cell)) for cell in row] for row in (headings, *rows)]
    if on_terminal():
        _print_ruled(console(), headings, cells, title)
        return
    if title:
        print_line(title)
    for line in _columns([headings, *cells]):
        print_line(line)


def _print_ruled(out: Console, headings: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    heading = Text(printable(title)) if title else None
    table = Table(title=heading, box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
    for name in headings:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    out.print(table)


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    from rich.cells import cell_len

    lines = [[cell.replace("\n", " ") for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(padded).rstrip()


def print_error(error: M3nopError) -> None:
    """Print an error, and every problem that it carries."""
    if isinstance(error, ConfigurationError):
        for problem in error.problems:
            say(str(problem))
    say(f"m3nop: {error}")
