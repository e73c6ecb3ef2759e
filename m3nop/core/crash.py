"""Crash points: places where a test lets the process die, inert unless the environment names one.

``M3NOP_CRASHPOINT=NAME`` dies at the first pass through NAME, ``NAME#3`` at the third, ``*#17`` at the
seventeenth pass through any. ``M3NOP_CRASH_LOG=FILE`` writes down each pass, so that a test can count them.
``M3NOP_CRASH_SIGNAL=SIGTERM`` gives the process another signal there than the one that kills it.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

_passes: dict[str, int] = {}


def crashpoint(name: str) -> None:
    """Die here, without any clean-up, if the environment says so."""
    target, log_file = os.environ.get("M3NOP_CRASHPOINT", ""), os.environ.get("M3NOP_CRASH_LOG", "")
    if not (target or log_file):
        return
    for counted in (name, "*"):
        _passes[counted] = _passes.get(counted, 0) + 1
    if log_file:
        with Path(log_file).open("a", encoding="utf-8") as log:
            log.write(f"{name}\n")
    wanted, _, turn = target.partition("#")
    if wanted in (name, "*") and _passes[wanted] == int(turn or 1):
        _strike(os.environ.get("M3NOP_CRASH_SIGNAL", "SIGKILL"))


def _strike(name: str) -> None:
    if hasattr(signal, name):
        os.kill(os.getpid(), getattr(signal, name))
    if name == "SIGKILL":
        os._exit(137)
