"""The command line: ``m3nop COMMAND``. Every command parses, calls one function, renders and exits."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from m3nop import __version__
from m3nop.cli import streams
from m3nop.cli.lazy import LazyGroup
from m3nop.core.errors import M3nopError

if TYPE_CHECKING:
    from collections.abc import Callable

_M_ARENA_MAX = -8
"""The option of glibc's ``mallopt`` that says how many heaps there may be (malloc.h)."""

app = typer.Typer(
    name="m3nop",
    cls=LazyGroup,
    help="Keep a nopCommerce shop and an Infor M3 ERP in step.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"m3nop {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Keep a nopCommerce shop and an Infor M3 ERP in step."""


def main() -> None:
    """Run the command line; the only place where an error becomes a message and an exit code."""
    streams.prepare()
    # Objects come by the ten thousand here and hardly ever in circles: looking for those less often saves a
    # tenth of the time of most commands, for a few megabytes.
    gc.set_threshold(20_000, 10, 10)
    _share_one_heap()
    # No plugin of Pydantic has a part here, and to look for one reads about every package that is installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    code = _code_of(lambda: app(standalone_mode=True))
    lost = _code_of(streams.flush)
    sys.exit(code or lost)


def _share_one_heap() -> None:
    """Let threads share one heap where the C library is glibc; elsewhere do nothing.

    Left alone glibc gives each thread a heap of its own, and what one gave back is of no use to the others:
    a tenth of the memory of a run, and more the longer a service runs. Python does one thing at a time, so
    nothing waits for the one heap.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _code_of(work: Callable[[], object]) -> int | str | None:
    try:
        work()
    except SystemExit as ended:
        return ended.code
    except M3nopError as error:
        from m3nop.cli.output import print_error

        print_error(error)
        return error.exit_code
    except streams.OutputLost as lost:
        if str(lost):
            sys.stderr.write(f"m3nop: {lost}\n")
        return lost.code
    return 0
