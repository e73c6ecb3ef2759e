"""Commands that look after the state database: put back, rebuild, move, make smaller."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from m3nop.cli.options import AsJson, Env, Project, open_here, parse_duration
from m3nop.cli.record_options import Reason, Wait
from m3nop.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

Backup = Annotated[Path, typer.Argument(help="Backup to put back.")]
Target = Annotated[Path, typer.Argument(help="New file of the export.")]
File = Annotated[Path, typer.Argument(help="Export to read.")]
Pipelines = Annotated[
    list[str] | None,
    typer.Argument(help="Pipelines to rebuild; all of them unless named.", show_default=False),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

_LOOKED_UP = "what is older than now is looked up in M3 before anything is sent"


def register(group: typer.Typer) -> None:
    """Add the commands to the group ``state``."""
    group.command()(restore)
    group.command()(rebuild)
    group.command()(export)
    group.command("import")(import_)
    group.command()(prune)
    group.command()(vacuum)
    group.command()(epoch)


def restore(
    file: Backup, *, yes: Yes = False, wait: Wait = "0s", project: Project = None, env: Env = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Put a backup in place of the state database, which is kept beside it."""
    from m3nop.app import state_care
    from m3nop.app.state_facts import place
    from m3nop.cli.output import print_json, print_line

    with open_here(project, env, command="state restore") as session:
        _confirm(f"put {file} in place of {place(session)}?", yes=yes)
        done = state_care.restore(session, file, command="state restore", wait=parse_duration(wait))
    if as_json:
        kept = str(done.kept) if done.kept is not None else None
        print_json({"restored": str(file), "kept": kept, "schema": done.schema, "epoch": done.epoch})
        return
    print_line(f"{file} is in place, epoch {done.epoch}: {_LOOKED_UP}")
    if done.kept is not None:
        print_line(f"what was there is kept as {done.kept}")
    print_line("m3nop state rebuild links what M3 has and the backup does not know")


def rebuild(
    pipelines: Pipelines = None, *, wait: Wait = "0s", project: Project = None, env: Env = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Read everything again and link what M3 holds already, after a state was lost; nothing is entered."""
    from m3nop.app import rebuilding
    from m3nop.cli.progress import Progress
    from m3nop.cli.run import exit_code, listen

    stop = listen()
    with open_here(project, env, command="state rebuild") as session:
        names = rebuilding.to_rebuild(session, pipelines or ())
        with Progress(session, names, quiet=False) as progress:
            summary = rebuilding.rebuild(
                session, names, observer=progress, stop=stop, wait=parse_duration(wait)
            )
        progress.end(summary, as_json=as_json)
        if summary.error is not None:
            raise summary.error
    sys.exit(exit_code(summary.counts, stop))


def export(target: Target, *, project: Project = None, env: Env = None, as_json: AsJson = False) -> None:
    """Write the state to one file of JSON lines, for another kind of database; runs may go on meanwhile."""
    from m3nop.app import state_care
    from m3nop.cli.output import print_json, print_line

    with open_here(project, env, command="state export") as session:
        done = state_care.export(session, target)
    if as_json:
        print_json({"export": str(target.resolve()), "rows": dict(done.rows), "sha256": done.sha256})
    else:
        print_line(f"{target}: {_told(done.rows)}")


def import_(
    file: File, *, wait: Wait = "0s", project: Project = None, env: Env = None, as_json: AsJson = False
) -> None:
    """Fill a new or empty state from an export: all of it, or nothing."""
    from m3nop.app import state_care
    from m3nop.cli.output import print_json, print_line

    with open_here(project, env, command="state import") as session:
        done = state_care.import_(session, file, command="state import", wait=parse_duration(wait))
    if as_json:
        print_json({"import": str(file), "rows": dict(done.rows), "schema": done.schema})
    else:
        print_line(f"{file}: {_told(done.rows)}; {_LOOKED_UP}")


def prune(
    *,
    older_than: Annotated[str, typer.Option("--older-than", help="Age of what is deleted (400d).")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    wait: Wait = "0s", project: Project = None, env: Env = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Delete old call logs, attempts, settled dead letters and runs; records and links stay."""
    from m3nop.app import state_care
    from m3nop.cli.output import print_json, print_line

    age = parse_duration(older_than)
    with open_here(project, env, command="state prune") as session:
        found = state_care.prune(session, older_than=age, wait=parse_duration(wait), dry_run=dry_run)
    if as_json:
        print_json({"deleted": not dry_run, "rows": dict(found)})
        return
    rows = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found.items() if count)
    print_line(f"{'would delete' if dry_run else 'deleted'}: {rows or 'nothing'}")


def vacuum(*, wait: Wait = "0s", project: Project = None, env: Env = None, as_json: AsJson = False) -> None:
    """Give the space of deleted rows back to the system."""
    from m3nop.app import state_care
    from m3nop.app.state_facts import place
    from m3nop.cli.output import print_json, print_line

    with open_here(project, env, command="state vacuum") as session:
        where = place(session)
        sizes = state_care.vacuum(session, wait=parse_duration(wait))
    if as_json:
        print_json({"state": where, "bytes_before": sizes.before, "bytes": sizes.after})
    elif sizes.before is None:
        print_line(f"{where}: vacuumed")
    else:
        print_line(f"{where}: {sizes.after} bytes, {sizes.before} before")


def epoch(
    *, reason: Reason, wait: Wait = "0s", project: Project = None, env: Env = None, as_json: AsJson = False
) -> None:
    """Say that the state may be older than the truth: a server's database or a machine was put back."""
    from m3nop.app import state_care
    from m3nop.cli.output import print_json, print_line

    with open_here(project, env, command="state epoch") as session:
        number = state_care.begin_epoch(session, reason=reason, wait=parse_duration(wait))
    if as_json:
        print_json({"epoch": number, "reason": reason})
    else:
        print_line(f"epoch {number}: {_LOOKED_UP}")


def _told(rows: Mapping[str, int]) -> str:
    wanted = ("records", "links", "attempts", "calls")
    return ", ".join(f"{rows.get(name, 0)} {name}" for name in wanted)


def _confirm(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        msg = f"{question} Nobody can be asked here: say --yes"
        raise UsageError(msg)
    if not typer.confirm(question, err=True):
        raise UsageError("nothing was done")
