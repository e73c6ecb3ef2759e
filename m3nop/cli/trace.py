"""The command that tells what happened to a record: trace."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from m3nop.cli.options import AsJson, Env, Project, open_here
from m3nop.cli.record_options import Read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from m3nop.app.tracing import Trace

_MOST = 5
"""So many records are told in full; of more only a list is printed."""

Text = Annotated[
    str,
    typer.Argument(
        help="Shop id, custom order number, M3 order number (temporary or real), reference, or PIPELINE/KEY."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(trace)


def trace(
    text: Text, *, project: Project = None, env: Env = None, read: Read = False, as_json: AsJson = False
) -> None:
    """Tell the whole life of a record, or why nothing is known of it; exit 1 if nothing is found."""
    from m3nop.app.tracing import trace as find
    from m3nop.cli.lives import life_document
    from m3nop.cli.output import print_json

    with open_here(project, env, command=f"trace {text}") as session:
        found = find(session, text, read=read)
    if as_json:
        lives = [life_document(life) for life in found.lives]
        print_json({"text": text, "records": lives, "why": list(found.why)})
    else:
        _print(found, asked=read)
    if not found.lives:
        sys.exit(1)


def _print(found: Trace, *, asked: bool) -> None:
    from m3nop.cli.output import print_line, say

    for line in _lines(found):
        print_line(line)
    if not found.lives and not asked:
        say(f"`m3nop trace {found.text} --read` asks the shop about it")
    if len(found.lives) > _MOST:
        say(f"{found.text} is in {len(found.lives)} records; name one of them")


def _lines(found: Trace) -> Iterator[str]:
    from m3nop.cli.lives import life_lines

    if not found.lives:
        yield f"nothing is known of {found.text}"
        yield from (f"  {reason}" for reason in found.why)
    elif len(found.lives) > _MOST:
        for record in (life.record for life in found.lives):
            yield f"{record.pipeline}/{record.key} {record.state} {record.reason}".rstrip()
    else:
        for number, life in enumerate(found.lives):
            yield from [""] if number else []
            yield from life_lines(life)
