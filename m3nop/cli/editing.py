"""The command that changes a refused record by hand: dead-letters edit."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from m3nop.cli.options import AsJson, Env, Project, open_here, parse_duration
from m3nop.cli.record_options import Reason, Wait
from m3nop.core.errors import UsageError

if TYPE_CHECKING:
    from m3nop.app.editing import Draft, Edited
    from m3nop.app.session import Session
    from m3nop.core.json import Json

Name = Annotated[str, typer.Argument(help="Number of the dead letter, key of the record, or PIPELINE/KEY.")]
Calls = Annotated[
    bool, typer.Option("--fields", help="Change the fields of its calls, not the record they are made of.")
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", help="Set PATH=VALUE and open no editor (repeatable).", show_default=False),
]
From = Annotated[
    Path | None, typer.Option("--from", help="Take the changed JSON from this file.", show_default=False)
]
Undo = Annotated[bool, typer.Option("--undo", help="Take back what was changed by hand before.")]


def edit(
    name: Name, *, reason: Reason, fields: Calls = False, sets: Sets = None, source: From = None,
    undo: Undo = False, wait: Wait = "0s", project: Project = None, env: Env = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Change a refused record, or the fields of its calls, in an editor; the next run takes it up."""
    from m3nop.app import editing

    if sum((bool(sets), source is not None, undo)) > 1:
        raise UsageError("--set, --from and --undo do not go together")
    with open_here(project, env, command="dead-letters edit") as session:
        draft = editing.open_draft(session, name, calls=fields, wait=parse_duration(wait))
        if undo:
            done = editing.drop(session, draft, reason=reason)
        elif sets:
            done = editing.save(session, draft, editing.with_values(draft, sets), reason=reason)
        else:
            done = _from_text(session, draft, source, reason)
    _print(done, as_json=as_json)


def _from_text(session: Session, draft: Draft, source: Path | None, reason: str) -> Edited:
    """Save what a file holds, or what somebody writes in an editor.

    Raises:
        UsageError: it cannot be used; what was written is kept in a file that the error names.
    """
    from m3nop.app import editing

    if source is not None:
        try:
            text = source.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            msg = f"{source} cannot be read: {error}"
            raise UsageError(msg) from None
        return editing.save(session, draft, editing.parse(text), reason=reason)
    file = _file_for(session, draft)
    text = _written_in_editor(file, draft.document)
    try:
        done = editing.save(session, draft, editing.parse(text), reason=reason)
    except UsageError as error:
        msg = f"{error}. What you wrote is in {file}: correct it and give it with --from"
        raise UsageError(msg) from None
    file.unlink()
    return done


def _file_for(session: Session, draft: Draft) -> Path:
    folder = session.place.folder / ".m3nop" / session.place.environment / "edit"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / f"{draft.letter.id}{'-fields' if draft.calls else ''}.json"


def _written_in_editor(file: Path, document: Json) -> str:
    """Open an editor on a document, and return what is in the file when it ends.

    Raises:
        UsageError: there is no editor, or it failed.
    """
    from m3nop.core import json

    command = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if command is None and not sys.stdin.isatty():
        raise UsageError("nobody can write here: give --set PATH=VALUE, or --from FILE, or set EDITOR")
    command = command or ("notepad" if sys.platform == "win32" else "vi")
    # Only for this user: it is a customer's record.
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(json.dumps(document, indent=2) + "\n")
    words = [command] if sys.platform == "win32" else shlex.split(command)
    try:
        code = subprocess.run([*words, str(file)], check=False).returncode  # noqa: S603  the user's own editor
    except OSError as error:
        msg = f"the editor {command} cannot be started: {error.strerror or error}; set EDITOR to another"
        raise UsageError(msg) from None
    if code:
        msg = f"the editor {command} ended with {code}; nothing was changed"
        raise UsageError(msg)
    return file.read_text(encoding="utf-8")


def _print(done: Edited, *, as_json: bool) -> None:
    from m3nop.cli.lives import record_document
    from m3nop.cli.output import print_json, print_line, say

    record = done.record
    if as_json:
        print_json(
            {**record_document(record), "changed": list(done.changed), "warnings": list(done.warnings)}
        )
        return
    print_line(f"{record.pipeline} {record.key} is ready: {', '.join(done.changed) or 'as it was read'}")
    for warning in done.warnings:
        say(f"it may be refused or put aside again: {warning}")
    say(f"run `m3nop sync {record.pipeline}` to deliver")
