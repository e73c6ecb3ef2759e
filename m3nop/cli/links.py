"""Commands about remembered pairs: links list, import, export."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Annotated

import typer

from m3nop.cli.options import AsJson, Env, Project, open_here, parse_duration
from m3nop.cli.record_options import Pipeline, Wait, print_csv

Shop = Annotated[str | None, typer.Option("--shop", help="Only this id of the shop.", show_default=False)]
M3 = Annotated[str | None, typer.Option("--m3", help="Only this key of M3.", show_default=False)]
Limit = Annotated[int, typer.Option("--limit", min=1, help="Show so many.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be taken over.")]
File = Annotated[Path, typer.Argument(help="CSV with the columns pipeline,key,shop,m3.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Look at the remembered pairs of shop and M3.")
    group.command("list")(list_links)
    group.command("import")(import_links)
    group.command()(export)
    app.add_typer(group, name="links")


def list_links(
    *, pipeline: Pipeline = None, shop: Shop = None, m3: M3 = None, limit: Limit = 100,
    project: Project = None, env: Env = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """List the remembered pairs."""
    from m3nop.app.linking import stream_links
    from m3nop.app.naming import check_pipeline
    from m3nop.cli.output import print_json, print_table, say
    from m3nop.core.clock import to_text

    with open_here(project, env, command="links list") as session:
        check_pipeline(pipeline, session.project.pipelines)
        links = stream_links(session.state(read_only=True), pipeline=pipeline)
        wanted = (link for link in links if shop in (None, link["shop"]) and m3 in (None, link["m3"]))
        found = [
            {**link, "linked_at": to_text(link["linked_at"])} for link in itertools.islice(wanted, limit + 1)
        ]
    shown = found[:limit]
    if as_json:
        print_json(shown)
    elif not found:
        say("there are no such links" if pipeline or shop or m3 else "there are no links yet")
    else:
        columns = ("pipeline", "key", "shop", "m3", "linked_at", "origin")
        print_table(columns, [[link[name] for name in columns] for link in shown])
    if len(found) > limit:
        say(f"there are more than {limit}: --limit shows more, `m3nop links export` gives them all")


def import_links(
    file: File, *, dry_run: DryRun = False, wait: Wait = "0s", project: Project = None, env: Env = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Take over what an earlier integration created; nothing is written if any line is wrong."""
    from m3nop.app import linking
    from m3nop.cli.output import print_json, print_line

    with open_here(project, env, command="links import") as session:
        done = linking.import_links(session, file, wait=parse_duration(wait), dry_run=dry_run)
    if as_json:
        print_json({"new": done.new, "known": done.known})
        return
    known = f", {done.known} were there already" if done.known else ""
    taken = "would be taken over" if dry_run else "taken over"
    print_line(f"{done.new} links {taken}{known}")


def export(
    *, pipeline: Pipeline = None, project: Project = None, env: Env = None, as_json: AsJson = False
) -> None:
    """Write the remembered pairs as CSV, as import takes them."""
    from m3nop.app.linking import COLUMNS, stream_links
    from m3nop.cli.output import print_json

    with open_here(project, env, command="links export") as session:
        links = stream_links(session.state(read_only=True), pipeline=pipeline)
        if as_json:
            print_json([{name: link[name] for name in COLUMNS} for link in links])
        else:
            print_csv(COLUMNS, ([link[name] for name in COLUMNS] for link in links))
