"""Runs the command line in child processes that can be killed.

The children are forked from a server that has imported everything and run a pipeline before, so that a test can afford
hundreds of them.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "m3nop.cli.main",
        "m3nop.cli.run",
        "m3nop.app.session",
        "m3nop.engine.run",
        "m3nop.state.store",
        "m3nop.connectors.m3.connection",
        "m3nop.connectors.nopcommerce.connection",
        "m3nop.spec.project",
        "alembic.command",
        "encodings.idna",
        "pydantic.type_adapter",
        "rich.table",
        "tests.end_to_end.warm",
        "urllib3",
    ]
)

CLOCK = "M3NOP_TEST_CLOCK"
"""Names a file that holds the seconds by which a child's clock is ahead of the machine's, or behind it."""

SYNCHRONOUS = "M3NOP_TEST_SYNCHRONOUS"
"""Sets how SQLite syncs in a child, whatever m3nop says: a child whose disk is not told to keep anything."""


@dataclass(frozen=True)
class Ended:
    """How a child ended; ``code`` is negative for a signal."""

    code: int
    out: str
    err: str


class Child:
    """A command that runs in a process of its own."""

    def __init__(
        self, arguments: tuple[str, ...], *, folder: Path, environ: Mapping[str, str], scratch: Path
    ) -> None:
        self._out, self._err = scratch / "out.txt", scratch / "err.txt"
        self.log = self._err
        """Where what it says on stderr can be read while it runs."""
        self.process = CONTEXT.Process(
            target=_main, args=(arguments, str(folder), dict(environ), str(self._out), str(self._err))
        )
        self.process.start()

    def wait(self, seconds: float = 120) -> Ended:
        """Wait for its end; one that does not end in time is made to say where it stands.

        Raises:
            TimeoutError: it did not end.
        """
        self.process.join(seconds)
        if self.process.exitcode is None:
            os.kill(self.process.pid or 0, signal.SIGABRT)
            self.process.join(5)
            self.process.kill()
            self.process.join()
            raise TimeoutError(_read(self._err))
        return Ended(self.process.exitcode, _read(self._out), _read(self._err))


def _read(file: Path) -> str:
    """Return what a child has printed; one that was killed at once has not come to it."""
    return file.read_text(encoding="utf-8") if file.exists() else ""


def run(
    *arguments: str, folder: Path, environ: Mapping[str, str], scratch: Path, seconds: float = 120
) -> Ended:
    """Run ``m3nop`` with these arguments to its end."""
    return Child(arguments, folder=folder, environ=environ, scratch=scratch).wait(seconds)


def _set_clock(shift: str | None) -> None:
    """Let the machine's clock be wrong by as many seconds as a file says, whatever it says at that moment."""
    if shift is None:
        return
    file, true = Path(shift), time.time_ns
    time.time_ns = lambda: true() + round(float(file.read_text(encoding="ascii")) * 1e9)
    time.time = lambda: time.time_ns() / 1e9


def _set_synchronous(value: str | None) -> None:
    if value is None:
        return
    from sqlalchemy import Pool, event  # noqa: PLC0415  loaded by the server already

    @event.listens_for(Pool, "checkout")
    def set_it(connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA synchronous={value}")


def become(folder: str, environ: Mapping[str, str], out: str, err: str) -> None:
    """Let this process have a folder, an environment, and files for what it says."""
    for name, path, number in (("stdout", out, 1), ("stderr", err, 2)):
        stream = Path(path).open("w", encoding="utf-8", buffering=1)  # noqa: SIM115  lives as long as the process
        os.dup2(stream.fileno(), number)
        setattr(sys, name, stream)
    faulthandler.enable()
    os.environ.update(environ)
    _set_clock(environ.get(CLOCK))
    _set_synchronous(environ.get(SYNCHRONOUS))
    os.chdir(folder)


def _main(arguments: tuple[str, ...], folder: str, environ: dict[str, str], out: str, err: str) -> None:
    become(folder, environ, out, err)
    sys.argv = ["m3nop", *arguments]
    # Loaded by the server already; at the top it would be loaded by the test process as well.
    from m3nop.cli.main import main  # noqa: PLC0415

    main()
