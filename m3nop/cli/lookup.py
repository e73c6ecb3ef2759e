"""Commands about code tables: lookup list, show, get, gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from m3nop.cli.options import AsJson, Env, Project, open_here
from m3nop.cli.record_options import Read, Store

if TYPE_CHECKING:
    from m3nop.app.gaps import Gap
    from m3nop.app.tables import Table

Name = Annotated[str, typer.Argument(help="Name of the lookup.")]
Code = Annotated[str, typer.Argument(help="The code to look up.")]
Column = Annotated[str | None, typer.Option("--column", help="Only this column.", show_default=False)]
PipelineName = Annotated[str, typer.Argument(help="Name of the pipeline.")]
Every = Annotated[bool, typer.Option("--all", help="Those too that leave a field blank or take a default.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Look at code tables, and at what they do not cover.")
    group.command("list")(list_tables)
    group.command()(show)
    group.command()(get)
    group.command()(gaps)
    app.add_typer(group, name="lookup")


def list_tables(
    *, store: Store = None, project: Project = None, env: Env = None, as_json: AsJson = False
) -> None:
    """List the lookups of the project."""
    from m3nop.app.tables import tables
    from m3nop.cli.output import print_json, print_table, say

    with open_here(project, env, command="lookup list") as session:
        found = tables(session, store=store)
        every = len(session.project.stores) if store is None else 1
    if as_json:
        print_json([_document(table) for table in found])
    elif not found:
        say("the project has no lookups")
    else:
        rows = [
            (
                table.lookup.name, table.file, len(table.lookup.rows), ", ".join(table.lookup.columns),
                str(table.lookup.missing), "all" if len(table.stores) == every else ", ".join(table.stores),
                ", ".join(table.used_by) or "-",
            )
            for table in found
        ]  # fmt: skip
        print_table(("lookup", "file", "rows", "columns", "missing", "stores", "used by"), rows)


def show(
    name: Name, *, store: Store = None, project: Project = None, env: Env = None, as_json: AsJson = False
) -> None:
    """Show the rows of a lookup."""
    from m3nop.app.tables import find_table, outcome
    from m3nop.cli.output import print_json, print_table, say

    with open_here(project, env, command="lookup show") as session:
        table = find_table(session, name, store=store)
    lookup = table.lookup
    if as_json:
        print_json({**_document(table), "values": {code: dict(row) for code, row in lookup.rows.items()}})
        return
    rows = [(code, *(row.get(column, "") for column in lookup.columns)) for code, row in lookup.rows.items()]
    if rows:
        print_table(("from", *lookup.columns), rows)
    say(f"{table.file}: {len(rows)} rows; {outcome(lookup)}, unless the field says otherwise")


def get(
    name: Name, code: Code, *, column: Column = None, store: Store = None, project: Project = None,
    env: Env = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Print what a code stands for; exit 2 if there is no row for it."""
    from m3nop.app.tables import find_row, find_table
    from m3nop.cli.output import print_json, print_line

    with open_here(project, env, command="lookup get") as session:
        table = find_table(session, name, store=store)
    row = find_row(table, code, column=column)
    if as_json:
        print_json(dict(row))
    elif len(row) == 1:
        print_line(next(iter(row.values())))
    else:
        for heading, value in row.items():
            print_line(f"{heading} = {value}")


def gaps(
    pipeline: PipelineName, *, every: Every = False, read: Read = False, store: Store = None,
    project: Project = None, env: Env = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """List the shop's values that no lookup covers, and how many records have each."""
    from m3nop.app.gaps import find_gaps
    from m3nop.cli.output import print_json, print_table, say

    with open_here(project, env, command=f"lookup gaps {pipeline}") as session:
        found = find_gaps(session, pipeline, store=store, read=read)
    shown = [gap for gap in found if gap.refuses or every]
    left = len(found) - len(shown)
    if as_json:
        print_json([_gap_document(gap) for gap in shown])
        return
    if shown:
        rows = [
            (
                gap.lookup, gap.code or "(blank)", gap.records, gap.undelivered,
                ", ".join(sorted(gap.fields)) or "-", ", ".join(gap.examples),
            )
            for gap in shown
        ]  # fmt: skip
        print_table(("lookup", "value", "records", "undelivered", "fields", "such as"), rows)
    else:
        say(f"every value that {pipeline} looks up has a row")
    if left:
        say(f"{left} more values have no row and need none (--all shows them)")


def _document(table: Table) -> dict[str, object]:
    return {
        "lookup": table.lookup.name, "file": table.file, "rows": len(table.lookup.rows),
        "columns": list(table.lookup.columns), "missing": str(table.lookup.missing),
        "default": table.lookup.default, "stores": list(table.stores), "used_by": list(table.used_by),
    }  # fmt: skip


def _gap_document(gap: Gap) -> dict[str, object]:
    return {
        "lookup": gap.lookup, "value": gap.code, "refuses": gap.refuses, "records": gap.records,
        "undelivered": gap.undelivered, "fields": sorted(gap.fields), "examples": gap.examples,
    }  # fmt: skip
