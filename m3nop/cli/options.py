"""Options that several commands share, and how a command finds its project and environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from m3nop.core.errors import UsageError

if TYPE_CHECKING:
    from m3nop.app.session import Place, Session
    from m3nop.core.clock import Instant
    from m3nop.spec.files import ProjectFiles

Project = Annotated[
    Path | None,
    typer.Option("--project", envvar="M3NOP_PROJECT", help="Folder of the project.", show_default=False),
]
Env = Annotated[
    str | None,
    typer.Option("--env", envvar="M3NOP_ENV", help="Environment to work in.", show_default=False),
]
Stores = Annotated[
    list[str] | None, typer.Option("--store", help="Only this store (repeatable).", show_default=False)
]
Keys = Annotated[
    list[str] | None, typer.Option("--key", help="Only this record (repeatable).", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing on stderr unless something is wrong.")
]
LogFormat = Annotated[
    str | None,
    typer.Option(
        "--log-format", "--log", envvar="M3NOP_LOG", show_default=False,
        help="Write a line of text or json on stderr for whatever happens, in place of progress.",
    ),
]  # fmt: skip


def check_log_format(text: str) -> None:
    """Refuse a form of the log that there is not.

    Raises:
        UsageError: it is neither text nor json.
    """
    if text not in ("text", "json"):
        msg = f"--log-format is text or json, not {text!r}"
        raise UsageError(msg)


def find_project(project: Path | None) -> Path:
    """Return the folder of the project: as named, the nearest parent with ``m3nop.yaml``, or ``./configs``.

    Raises:
        UsageError: there is none.
    """
    if project is not None:
        folder = project.parent if project.name == "m3nop.yaml" else project
        if not (folder / "m3nop.yaml").is_file():
            msg = f"{folder} holds no m3nop.yaml; make a project with `m3nop init {folder}`"
            raise UsageError(msg)
        return folder.resolve()
    here = Path.cwd()
    for folder in (here, *here.parents, here / "configs"):
        if (folder / "m3nop.yaml").is_file():
            return folder
    msg = (
        "there is no project here: no m3nop.yaml in this folder or above; make one with `m3nop init`, "
        "or name it with --project"
    )
    raise UsageError(msg)


def find_place(project: Path | None, env: str | None) -> Place:
    """Return the project and its environment; with more than ``sandbox`` to choose from nothing is guessed.

    Raises:
        UsageError: there is no project, no such environment, or several and nobody to ask.
    """
    from m3nop.spec.files import ProjectFiles

    return _place_of(ProjectFiles(find_project(project)), env)


def _place_of(files: ProjectFiles, env: str | None) -> Place:
    from m3nop.app.session import Place, environments_in, unknown

    known = environments_in(files)
    if env is not None:
        if env not in known:
            raise UsageError(unknown("environment", env, known))
        return Place(files.folder, env)
    if len(known) == 1:
        return Place(files.folder, known[0])
    if not known:
        raise UsageError("the project has no environments; add `environments: {sandbox: {}}` to m3nop.yaml")
    if sys.stdin.isatty() and sys.stderr.isatty() and "CI" not in os.environ:
        return _place_of(files, typer.prompt(f"Environment ({', '.join(known)})", err=True))
    msg = f"say which environment: --env {' | '.join(known)} (or M3NOP_ENV)"
    raise UsageError(msg)


def open_here(project: Path | None, env: str | None, *, command: str) -> Session:
    """Open the project in its environment.

    Raises:
        UsageError, ConfigurationError: it cannot be found, or has problems.
    """
    from m3nop.app.session import open_session
    from m3nop.spec.files import ProjectFiles

    files = ProjectFiles(find_project(project))
    return open_session(_place_of(files, env), command=command, files=files)


def parse_duration(text: str) -> float:
    """Read a duration from the command line (``90s``, ``10m``, ``3d``) as seconds.

    Raises:
        UsageError: it is none.
    """
    from m3nop.spec.values import seconds

    try:
        return float(seconds(text))
    except ValueError as error:
        raise UsageError(str(error)) from None


def parse_since(text: str | None) -> Instant | None:
    """Read an instant or a date from the command line.

    Raises:
        UsageError: it is neither.
    """
    from m3nop.core.clock import parse_instant

    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError:
        msg = f"{text!r} is no date; write 2026-11-01 or 2026-11-01T08:00:00Z"
        raise UsageError(msg) from None
