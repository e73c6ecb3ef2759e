from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from m3nop.core.clock import SystemClock
from m3nop.state.store import SqlState, open_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SCOPE = {"environment": "qa", "erp.company": "100"}


def url_of(path: Path) -> str:
    return f"sqlite:///{path.as_posix()}"


class Opener:
    """Opens states and closes those that a test leaves open."""

    def __init__(self) -> None:
        self._open: list[SqlState] = []

    def __call__(self, path: Path, **options) -> SqlState:
        given = {"scope": SCOPE, "clock": SystemClock(), "command": "m3nop sync orders", **options}
        self._open.append(open_state(url_of(path), **given))
        return self._open[-1]

    def close(self) -> None:
        for state in self._open:
            state.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".m3nop" / "qa" / "state.db"


@pytest.fixture
def opened() -> Iterator[Opener]:
    opener = Opener()
    yield opener
    opener.close()


_PREAMBLE = """
import sys
from m3nop.core.clock import SystemClock
from m3nop.core.records import Arrival, RecordState
from m3nop.state.store import open_state

def arrival(key, snapshot=None):
    return Arrival("orders", key, "web", "", snapshot, "f", None, RecordState.READY)

def say(text):
    print(text, flush=True)

clock = SystemClock()
state = open_state(sys.argv[1], scope={"environment": "qa", "erp.company": "100"}, clock=clock, command="m3nop sync orders")
"""


@pytest.fixture
def process(path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start another process that opens the same state and then runs a script."""
    started: list[subprocess.Popen[str]] = []

    def start(script: str, *, at: Path = path, **environment: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", _PREAMBLE + script, url_of(at)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **environment},
        )  # fmt: skip
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate()
