"""Runs m3nop in a process of its own, which knows nothing of this one but the project."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from msgspec import Struct

from m3nop.core.errors import M3nopError

_SECONDS = 300


class Ended(Struct, frozen=True):
    """How a process ended, and what it printed."""

    code: int
    output: str
    errors: str


def start_child(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a command of m3nop on the sandbox of a project."""
    package = str(Path(__file__).resolve().parents[2])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("M3NOP_")}
    paths = [package, *filter(None, [kept.get("PYTHONPATH")])]
    return subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-m", "m3nop", *arguments, "--env", "sandbox", "--project", str(folder)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env={**kept, "PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip


def wait_for(child: subprocess.Popen[str]) -> Ended:
    """Wait until a process ends; one that takes too long, or is not waited for, is killed.

    Raises:
        M3nopError: it took too long.
    """
    try:
        output, errors = child.communicate(timeout=_SECONDS)
    except BaseException as error:
        child.kill()
        if isinstance(error, subprocess.TimeoutExpired):
            msg = f"a run took more than {_SECONDS} seconds"
            raise M3nopError(msg) from error
        raise
    return Ended(child.returncode, output, errors)


def run_child(folder: Path, *arguments: str) -> Ended:
    """Run a command of m3nop on the sandbox of a project, to its end."""
    with start_child(folder, *arguments) as child:
        return wait_for(child)
