"""Breaks one rule after the other in a copy of the project, and runs the test that must notice.

``make mutations``, or ``python -m tests.mutations.run NAME...`` for some. The exit code is 1 unless each named test
passes on the engine as it is and fails on the broken one.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutations.table import MUTATIONS, Mutation

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("m3nop", "configs", "examples", "tests", "pyproject.toml")
PATIENCE = 600
"""Seconds; a broken engine may go round in circles, which no test has noticed then."""
PASSED, FAILED = 0, 1
"""What pytest exits with; anything else says that it could not run the test."""
_REASON = re.compile(r"^E +(\S.*)$", flags=re.MULTILINE)


def main(arguments: list[str] | None = None) -> int:
    """Run all mutations, or those named, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these mutations")
    names = parser.parse_args(arguments).names
    chosen = [one for one in MUTATIONS if not names or one.name in names]
    if unknown := set(names) - {one.name for one in chosen}:
        parser.error(f"no such mutation: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        copy = Path(folder)
        copy_project(copy)
        code, said = run_tests(copy, sorted({one.test for one in chosen}))
        if code != PASSED:
            print(said)
            print("the named tests do not pass on the engine as it is")
            return 1
        survived = [one for one in chosen if not is_noticed(copy, one)]
    print(f"{len(chosen) - len(survived)} of {len(chosen)} broken rules were noticed by their test")
    return 1 if survived else 0


def copy_project(folder: Path) -> None:
    """Copy what a test needs."""
    unwanted = shutil.ignore_patterns("__pycache__", ".m3nop", "*.db*")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
        else:
            shutil.copy(ROOT / name, folder / name)


def is_noticed(folder: Path, mutation: Mutation) -> bool:
    """Break one rule in the copy, run its test, mend the copy."""
    file = folder / mutation.file
    whole = file.read_text(encoding="utf-8")
    file.write_text(mutation.applied(whole), encoding="utf-8")
    begun = time.monotonic()
    try:
        code, said = run_tests(folder, [mutation.test])
    finally:
        file.write_text(whole, encoding="utf-8")
    noticed = code == FAILED
    name = mutation.test.rpartition("::")[2]
    print(
        f"{'noticed' if noticed else 'SURVIVED'}  {mutation.name}  {name}  {time.monotonic() - begun:.0f} s"
    )
    reason = _REASON.search(said)
    print(f"          {reason[1]}" if noticed and reason else "" if noticed else said, flush=True)
    return noticed


def run_tests(folder: Path, tests: list[str]) -> tuple[int, str]:
    """Run tests of the copy; return pytest's exit code and what it printed."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return -1, f"no result after {PATIENCE} s"
    return done.returncode, done.stdout + done.stderr


if __name__ == "__main__":
    sys.exit(main())
