"""Commands that look into the sandbox's books, and those that make its requests fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from m3nop.cli.options import AsJson, Project, parse_duration
from m3nop.cli.output import print_json, print_line, print_table, say
from m3nop.cli.sandbox_options import Folder, control
from m3nop.core.errors import UsageError
from m3nop.core.terminal import json_text

Table = Annotated[str | None, typer.Argument(help="Table, such as m3.orders.", show_default=False)]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", help="Only rows with FIELD=TEXT (repeatable).", show_default=False),
]
Columns = Annotated[
    list[str] | None, typer.Option("--column", help="Show these fields (repeatable).", show_default=False)
]
Limit = Annotated[int, typer.Option("--limit", min=1, help="Show so many rows.")]
Kind = Annotated[str, typer.Argument(help="What happens: `m3nop sandbox faults --kinds`.")]
System = Annotated[str, typer.Option("--system", help="m3, shop or * for both.")]
Target = Annotated[str, typer.Option("--operation", help="Which requests, such as OIS100MI/Confirm.")]
Nth = Annotated[int, typer.Option("--nth", min=1, help="From which of them on.")]
Times = Annotated[int, typer.Option("--times", min=0, help="How often; 0 is for ever.")]
Seconds = Annotated[str, typer.Option("--seconds", help="How long, where the kind waits.")]
Status = Annotated[int | None, typer.Option("--status", help="HTTP status.", show_default=False)]
RetryAfter = Annotated[
    int | None, typer.Option("--retry-after", help="Seconds, beside --status.", show_default=False)
]
Count = Annotated[int, typer.Option("--count", min=0, help="How many, where the kind cuts something.")]
Effect = Annotated[bool, typer.Option("--effect", help="The request takes effect all the same.")]
Clear = Annotated[bool, typer.Option("--clear", help="Remove all of them.")]
Kinds = Annotated[bool, typer.Option("--kinds", help="List the kinds there are.")]


def register(group: typer.Typer) -> None:
    """Add the commands to those of the sandbox."""
    group.command("books")(books)
    group.command("fault")(add_fault)
    group.command("faults")(faults)


def books(
    context: typer.Context, table: Table = None, *, where: Where = None, columns: Columns = None,
    limit: Limit = 50, project: Project = None, folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Show the tables of both systems, or the rows of one."""
    from m3nop.app.control import segment

    wanted = dict(_pair(text) for text in where or ())
    with control(context, project, folder) as sandbox:
        if table is None:
            counts = sandbox.get("books")
        else:
            rows = sandbox.get(f"books/{segment(table)}", {} if wanted else {"limit": str(limit)})
    if table is None:
        _print_pairs(("table", "rows"), counts, as_json=as_json)
        return
    rows = [row for row in rows if all(str(row.get(name)) == text for name, text in wanted.items())]
    _print_rows(rows[:limit], columns, as_json=as_json)


def add_fault(
    context: typer.Context, kind: Kind, *, system: System = "*", operation: Target = "*", nth: Nth = 1,
    times: Times = 1, seconds: Seconds = "0", status: Status = None, retry_after: RetryAfter = None,
    count: Count = 0, effect: Effect = False, project: Project = None, folder: Folder = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Let requests fail in a way of their own."""
    fault = {
        "kind": kind, "system": system, "operation": operation, "nth": nth, "times": times or None,
        "seconds": str(parse_duration(seconds)), "status": status, "retry_after": retry_after, "count": count,
        "effect": effect,
    }  # fmt: skip
    with control(context, project, folder) as sandbox:
        answer = sandbox.post("faults", fault)
    if as_json:
        print_json(answer)
    else:
        print_line(f"fault {answer['id']} is set; `m3nop sandbox faults` shows how often it struck")


def faults(
    context: typer.Context, *, clear: Clear = False, kinds: Kinds = False, project: Project = None,
    folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """List the faults that are set, or remove them."""
    with control(context, project, folder) as sandbox:
        if clear:
            sandbox.delete("faults")
        found = sandbox.get("faults")
    if kinds:
        _print_pairs(("kind", "what happens"), found["kinds"], as_json=as_json)
    elif as_json:
        print_json(found["faults"])
    elif found["faults"]:
        names = ("id", "kind", "system", "operation", "seen", "fired")
        print_table(names, [[fault[name] for name in names] for fault in found["faults"]])
    else:
        say("no faults are set")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        msg = f"{text!r} is no condition; write FIELD=TEXT, such as CUOR=B2C-1042"
        raise UsageError(msg)
    return name, value


def _print_pairs(headings: tuple[str, str], pairs: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(pairs)
    else:
        print_table(headings, pairs.items())


def _print_rows(rows: list[dict[str, Any]], columns: Sequence[str] | None, *, as_json: bool) -> None:
    if columns:
        rows = [{name: row.get(name) for name in columns} for row in rows]
    if as_json:
        print_json(rows)
    elif columns:
        print_table(columns, [list(row.values()) for row in rows])
    else:
        for row in rows:
            print_line(json_text(row))
