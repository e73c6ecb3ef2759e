"""The command about messages of Infor ION: ion openapi."""

from __future__ import annotations

from typing import Annotated

import typer

from m3nop.cli.options import Env, Project, open_here
from m3nop.core.errors import UsageError

Source = Annotated[
    str | None, typer.Option("--source", help="Name of the source; needed where the project has several.")
]
Server = Annotated[
    str, typer.Option("--server", help="Address of the service as API Gateway reaches it: https://HOST.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    group = typer.Typer(no_args_is_help=True, help="Connect the service with Infor ION.")
    group.callback()(_about)
    group.command()(openapi)
    app.add_typer(group, name="ion")


def _about() -> None:
    """Connect the service with Infor ION."""


def openapi(
    source: Source = None, *, server: Server = "", project: Project = None, env: Env = None
) -> None:  # fmt: skip
    """Print the OpenAPI file of what document flows call, for API Gateway."""
    from m3nop.cli.output import print_json
    from m3nop.serve.ion.openapi import openapi as described
    from m3nop.spec.service import documents_of

    with open_here(project, env, command="ion openapi") as session:
        spec = session.project.spec
        known = sorted(spec.ion) if spec is not None else []
        documents = {
            document for name in session.project.pipelines for document in documents_of(session.project, name)
        }
    print_json(described(_one_of(source, known), sorted(documents), server=server))


def _one_of(source: str | None, known: list[str]) -> str:
    if source in known:
        return str(source)
    if source is None and len(known) == 1:
        return known[0]
    if not known:
        raise UsageError("the project receives nothing from ION; see `ion` in m3nop.yaml")
    if source is None:
        msg = f"say which source of ION messages: --source NAME; it is one of {', '.join(known)}"
        raise UsageError(msg)
    msg = f"the project has no source of ION messages '{source}'; it has {', '.join(known)}"
    raise UsageError(msg)
