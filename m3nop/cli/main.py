"""The command line: ``m3nop COMMAND``. Every command parses, calls one function, renders and exits."""

from __future__ import annotations

import os
import sys

import typer

from m3nop import __version__
from m3nop.cli import (
    dead_letters,
    demo,
    doctor,
    links,
    lookup,
    mapping,
    project,
    reviews,
    run,
    sandbox,
    secrets,
    state,
    systems,
    trace,
)
from m3nop.core.errors import M3nopError

app = typer.Typer(
    name="m3nop",
    help="Keep a nopCommerce shop and an Infor M3 ERP in step.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for module in (
    demo, project, run, sandbox, secrets, doctor, systems,
    trace, reviews, dead_letters, links, state, lookup, mapping,
):  # fmt: skip
    module.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"m3nop {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Keep a nopCommerce shop and an Infor M3 ERP in step."""


def main() -> None:
    """Run the command line; the only place where an error becomes a message and an exit code."""
    try:
        app(standalone_mode=True)
    except M3nopError as error:
        from m3nop.cli.output import print_error

        print_error(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of a pipe (`| head`) went away: nothing is wrong, and Python must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
