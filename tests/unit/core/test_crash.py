"""Crash points: inert unless the environment names one."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from m3nop.core.crash import crashpoint

if TYPE_CHECKING:
    from pathlib import Path

PASSES = """
from m3nop.core.crash import crashpoint
for name in ("a", "b", "a", "b"):
    crashpoint(name)
    print(name, flush=True)
"""


def test_it_does_nothing_unless_the_environment_asks_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("M3NOP_CRASHPOINT", raising=False)
    monkeypatch.delenv("M3NOP_CRASH_LOG", raising=False)
    crashpoint("a")
    assert list(tmp_path.iterdir()) == []


def test_each_pass_is_written_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("M3NOP_CRASH_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("M3NOP_CRASHPOINT", "another")
    crashpoint("a")
    crashpoint("b")
    assert (tmp_path / "log").read_text(encoding="utf-8").splitlines() == ["a", "b"]


@pytest.mark.skipif(sys.platform == "win32", reason="a signal ends the process there in another way")
@pytest.mark.parametrize(
    ("target", "printed"),
    [("a", ""), ("b", "a"), ("a#2", "a b"), ("*#4", "a b a"), ("c", "a b a b"), ("a#3", "a b a b")],
)
def test_the_process_dies_where_it_is_told_to(target: str, printed: str) -> None:
    ended = subprocess.run(  # noqa: S603  this program itself
        [sys.executable, "-c", PASSES], capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "M3NOP_CRASHPOINT": target},
    )  # fmt: skip
    assert ended.stdout.split() == printed.split()
    assert ended.returncode == (0 if printed == "a b a b" else -9)
