"""How a command about the sandbox finds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from m3nop.cli.options import find_project
from m3nop.core.errors import UsageError

if TYPE_CHECKING:
    from m3nop.app.control import Control

Folder = Annotated[
    Path | None,
    typer.Option("--folder", help="Folder of its books; the project's own unless given.", show_default=False),
]


@contextmanager
def control(context: typer.Context, project: Path | None, folder: Path | None) -> Iterator[Control]:
    """Reach the sandbox that runs, or one for as long as this takes."""
    from m3nop.app.control import control_of

    with control_of(folder_of(context, project, folder)) as reached:
        yield reached


def folder_of(context: typer.Context, project: Path | None, folder: Path | None) -> Path:
    """Return the folder of the books: as named, the project's, or below where we are.

    What is named before the command (``m3nop sandbox --folder X order``) is in ``context.obj``.
    """
    from m3nop.app.sandboxing import books_folder

    group_project, group_folder = context.obj
    folder, project = folder or group_folder, project or group_project
    if folder is not None:
        return folder.resolve()
    try:
        return books_folder(find_project(project))
    except UsageError:
        if project is not None:
            raise
        return books_folder(Path.cwd())
