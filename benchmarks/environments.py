"""Virtual environments of the peers, made when they are first needed and kept outside the repository."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "peers" / "requirements"
FOLDER = "M3NOP_BENCHMARKS"
"""Environment variable that names the folder that they are kept in."""


def python_of(name: str) -> Path:
    """Return the interpreter of an environment, which is made if it is not there.

    What is installed stands in ``peers/requirements/NAME.txt``; where it comes from is pip's own setting.

    Raises:
        RuntimeError: it cannot be made.
    """
    wanted = REQUIREMENTS / f"{name}.txt"
    mark = hashlib.sha256(wanted.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = cache() / f"{name}-{mark}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = folder / "ready"
    if not ready.exists():
        print(f"making the environment of {name} in {folder}", file=sys.stderr, flush=True)
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(python), "-m", "pip", "install", "--quiet", "--requirement", str(wanted))
        ready.touch()
    return python


def cache() -> Path:
    """Return the folder that environments are kept in."""
    named = os.environ.get(FOLDER)
    if named:
        return Path(named)
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(home) / "m3nop-benchmarks"


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        msg = f"{' '.join(command)} failed:\n{done.stdout[-1000:]}{done.stderr[-3000:]}"
        raise RuntimeError(msg)
