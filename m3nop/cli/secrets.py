"""Commands about credentials: where they are, never what they are."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from m3nop.cli.options import AsJson, Env, Project, find_place, find_project
from m3nop.cli.output import print_json, print_line, print_table, say
from m3nop.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.app.secret_uses import Found

_LARGEST = 1_000_000

Name = Annotated[str, typer.Argument(help="Name of the secret, as in ${secret:NAME}.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        name="secrets", help="Store credentials, and see where each is found.", no_args_is_help=True,
        rich_markup_mode=None,
    )  # fmt: skip
    group.command("set")(store)
    group.command("check")(check)
    group.command("list")(list_names)
    app.add_typer(group)


def store(name: Name) -> None:
    """Put a secret into the keyring: typed unseen, or read from a file (`m3nop secrets set NAME < file`)."""
    from m3nop.app.secrets import keyring_name, refuse_plaintext
    from m3nop.app.secrets import store as keep

    refuse_plaintext()
    if sys.stdin.isatty():
        text = str(typer.prompt(f"Text of {name} (not shown)", hide_input=True, err=True))
    else:
        text = sys.stdin.read(_LARGEST).rstrip("\r\n")
    if not text.strip():
        msg = f"nothing was given for {name}; type it, or pipe it in: m3nop secrets set {name} < file"
        raise UsageError(msg)
    keep(name, text)
    say(f"{name} is in the keyring ({keyring_name()})")


def check(*, project: Project = None, env: Env = None, as_json: AsJson = False) -> None:
    """Look up every secret of an environment and say where it is; exit 3 if one is missing."""
    from m3nop.app.secret_uses import look_up, uses_of
    from m3nop.app.secrets import Secrets

    place = find_place(project, env)
    found = look_up(uses_of(place.folder, [place.environment]), Secrets())
    if as_json:
        print_json([_document(one) for one in found])
    else:
        _print(found)
        if not found:
            say(f"environment {place.environment} needs no secrets")
    if any(one.trouble for one in found):
        sys.exit(3)


def list_names(*, project: Project = None, env: Env = None, as_json: AsJson = False) -> None:
    """List the secrets that the project names, in every environment, and where each is found."""
    from m3nop.app.secret_uses import look_up, uses_of
    from m3nop.app.secrets import Secrets
    from m3nop.app.session import environments_of

    folder = find_project(project)
    names = environments_of(folder) if env is None else (find_place(project, env).environment,)
    found = look_up(uses_of(folder, names), Secrets())
    if as_json:
        print_json([_document(one) for one in found])
    else:
        _print(found)


def _print(found: Sequence[Found]) -> None:
    rows = [
        (one.secret.environment, one.secret.name, one.secret.use, one.place or "nowhere") for one in found
    ]
    if rows:
        print_table(("environment", "secret", "used by", "found in"), rows)
    for text in dict.fromkeys(
        f"{one.secret.name}: {one.trouble}; {one.remedy}" for one in found if one.trouble
    ):
        print_line(text)


def _document(found: Found) -> dict[str, object]:
    return {
        "environment": found.secret.environment, "secret": found.secret.name, "use": found.secret.use,
        "found": not found.trouble, "place": found.place, "trouble": found.trouble,
        "remedy": found.remedy if found.trouble else "",
    }  # fmt: skip
