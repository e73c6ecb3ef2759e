"""Reads the console blocks of a page, runs their commands, and makes two transcripts comparable.

A block of kind ``console`` holds lines that begin with ``$``, each followed by what the command prints.
``m3nop sandbox`` runs on in the background, as it does in a terminal of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Self

BACKGROUND = "m3nop sandbox"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
_SHELL = 'm3nop() { "$PYTHON" -m m3nop "$@"; }\n'
_SECONDS = 120
# What may differ from run to run, most telling first. Whatever else differs is a difference.
_VARIABLE = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "TIME"),
    (re.compile(r"\b20\d{6}\b"), "DAY"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "http://127.0.0.1:PORT"),
    (re.compile(r"\b00\d{8}\b"), "M3NUMBER"),
    (re.compile(r"answered after \d+\.\d+ s"), "answered after SECONDS s"),
    (re.compile(r"\b\d+\.\d s\b"), "SECONDS s"),
    (re.compile(r"\bmapping [0-9a-f]{12}\b"), "mapping DIGEST"),
    (re.compile(r"\b\d+\.\d+\.\d+ +[0-9a-f]{8}\b"), "VERSION  DIGEST"),
    (re.compile(r"\S+/tmp[a-z0-9_]{8}(?=/)"), "TEMPORARY"),
    # The pack that the project is a copy of grows.
    (re.compile(r"^\d+ files checked"), "FILES files checked"),
    # How far the demo's first run came when it was killed.
    (
        re.compile(r"\d+ orders? (?:is|are) in M3, \d+ (?:is|are) half entered"),
        "N orders are in M3, N are half entered",
    ),
)


@dataclass(frozen=True)
class Typed:
    """A command that a page tells to type, and what it says will be printed."""

    command: str
    printed: str


def typed_in(page: str) -> Iterator[Typed]:
    """Yield the commands of a page in order."""
    for block in _BLOCK.findall(page):
        for command, printed in _COMMAND.findall(block):
            yield Typed(command, printed.rstrip("\n"))


def transcript(done: Sequence[Typed], *, folder: str = "") -> list[str]:
    """Write commands and what they printed, with everything that may differ made equal."""
    return [line for each in done for line in (f"$ {each.command}", *normalised(each.printed, folder=folder))]


def normalised(text: str, *, folder: str = "") -> list[str]:
    """Return the lines of an output without what may differ from run to run."""
    lines = (text.replace(folder, "FOLDER") if folder else text).splitlines()
    return [_level(line).rstrip() for line in lines]


def _level(line: str) -> str:
    for pattern, name in _VARIABLE:
        line = pattern.sub(name, line)
    # A column is as wide as its widest value, which may be one of those.
    return re.sub(r"(?<=\S) {2,}", "  ", line)


class Terminals:
    """Two terminals in a fresh folder: one for the sandbox, one for everything else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open = ExitStack()
        self._environ = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "PYTHON": sys.executable, "PYTHONUNBUFFERED": "1",
            "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "100", "LANG": "C.UTF-8", "PYTHONUTF8": "1",
        }  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def type(self, wanted: Typed) -> Typed:
        """Type a command; return it with what was printed."""
        if wanted.command.startswith("cd "):
            self.folder /= wanted.command.removeprefix("cd ")
            return Typed(wanted.command, "")
        if wanted.command == BACKGROUND:
            return Typed(wanted.command, self._start(lines=len(wanted.printed.splitlines())))
        ended = subprocess.run(  # noqa: S603  commands of this project's own pages
            [_sh(), "-c", _SHELL + wanted.command],
            cwd=self.folder, env=self._environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            encoding="utf-8", timeout=_SECONDS, check=False,
        )  # fmt: skip
        return Typed(wanted.command, ended.stdout.rstrip("\n"))

    def _start(self, *, lines: int) -> str:
        process = subprocess.Popen(  # noqa: S603  the same
            [sys.executable, "-m", "m3nop", *BACKGROUND.split()[1:]],
            cwd=self.folder, env=self._environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            encoding="utf-8",
        )  # fmt: skip
        self._open.callback(_end, process)
        assert process.stdout is not None
        return "".join(process.stdout.readline() for _ in range(lines)).rstrip("\n")


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.communicate(timeout=_SECONDS)


def _sh() -> str:
    found = shutil.which("sh")
    assert found is not None
    return found
