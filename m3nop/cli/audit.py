"""Commands about the audit trail: audit list, verify, export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from m3nop.cli.options import AsJson, Env, Project, open_here, parse_since
from m3nop.cli.record_options import print_csv

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from m3nop.app.auditing import Entries
    from m3nop.app.session import Session

Action = Annotated[
    str | None, typer.Option("--action", help="Only this, such as release or retry.", show_default=False)
]
Actor = Annotated[str | None, typer.Option("--actor", help="Only of this user.", show_default=False)]
Subject = Annotated[
    str | None, typer.Option("--subject", help="Only where the subject has this text.", show_default=False)
]
Since = Annotated[
    str | None, typer.Option("--since", help="From this date or instant on.", show_default=False)
]
Until = Annotated[str | None, typer.Option("--until", help="Before this.", show_default=False)]
Limit = Annotated[int, typer.Option("--limit", min=1, help="So many at most, the newest.")]
Seal = Annotated[
    str | None, typer.Option("--seal", help="A seal noted earlier has to be there.", show_default=False)
]

_COLUMNS = ("id", "at", "actor", "action", "subject", "detail", "seal")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="See what was done by hand, and that nothing is missing.")
    group.command("list")(list_entries)
    group.command()(verify)
    group.command()(export)
    app.add_typer(group, name="audit")


def list_entries(
    *, action: Action = None, actor: Actor = None, subject: Subject = None, since: Since = None,
    until: Until = None, limit: Limit = 50, project: Project = None, env: Env = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """List what was done by hand, newest first."""
    from collections import deque

    from m3nop.cli.output import print_json, print_table, say

    wanted = _wanted(action, actor, subject, since, until)
    with open_here(project, env, command="audit list") as session:
        found = deque(_documents(session, wanted), maxlen=limit)
    newest = list(reversed(found))
    if as_json:
        print_json(newest)
    elif not newest:
        say("the audit trail has no such entry")
    else:
        print_table(("id", "at", "actor", "action", "subject", "detail"), [_cells(one)[:6] for one in newest])


def verify(*, seal: Seal = None, project: Project = None, env: Env = None, as_json: AsJson = False) -> None:
    """Check that no entry was changed or removed; exit 3 if one was."""
    from m3nop.app.auditing import verify as check
    from m3nop.cli.output import print_json, print_line

    with open_here(project, env, command="audit verify") as session:
        trail = check(session, seal=seal)
    if as_json:
        print_json({"entries": trail.entries, "seal": trail.seal})
    else:
        print_line(
            f"{trail.entries} entries, none changed or removed; the last one's seal is {trail.seal or '-'}"
        )


def export(
    *, action: Action = None, actor: Actor = None, subject: Subject = None, since: Since = None,
    until: Until = None, project: Project = None, env: Env = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Write the trail as CSV, oldest first, or with --json as one JSON document a line."""
    from m3nop.cli.streams import write
    from m3nop.core.terminal import json_text

    wanted = _wanted(action, actor, subject, since, until)
    with open_here(project, env, command="audit export") as session:
        if as_json:
            for document in _documents(session, wanted):
                write(json_text(document) + "\n")
        else:
            print_csv(_COLUMNS, (_cells(document) for document in _documents(session, wanted)))


def _wanted(
    action: str | None, actor: str | None, subject: str | None, since: str | None, until: str | None
) -> Entries:
    from m3nop.app.auditing import Entries

    return Entries(action, actor, subject, parse_since(since), parse_since(until))


def _documents(session: Session, wanted: Entries) -> Iterator[dict[str, Any]]:
    from m3nop.app.auditing import entries
    from m3nop.core.clock import to_text

    for entry in entries(session, wanted):
        yield {
            "id": entry["id"], "at": to_text(entry["at"]), "actor": entry["actor"], "action": entry["action"],
            "subject": entry["subject"], "detail": entry["detail"], "seal": entry["chain"],
        }  # fmt: skip


def _cells(document: Mapping[str, Any]) -> Sequence[object]:
    from m3nop.core import json

    detail = document["detail"]
    return [
        json.dumps(detail) if name == "detail" and detail is not None else document[name] for name in _COLUMNS
    ]
