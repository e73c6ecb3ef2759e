"""A process that dies anywhere while it migrates or exports a state leaves one that the next process completes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from m3nop.core import json

REPOSITORY = Path(__file__).parents[3]

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="forks, so that each death costs no new process"
)

PREAMBLE = """
import os, shutil, sys
from pathlib import Path

from sqlalchemy import create_engine

from m3nop.core import json
from m3nop.state import schema
from tests.power.care import content, open_it, prepare, work_until

ROOT = Path(sys.argv[1])

def die(work, at):
    "Do some work in a process that dies before its at-th statement or commit; return how it ended."
    child = os.fork()
    if not child:
        work_until(work, at)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""
MIGRATING = """
old = prepare(ROOT, revision=schema.REVISIONS[0])

def begin(name):
    return shutil.copytree(old, ROOT / name)

whole = begin("whole")
open_it(whole)
expected, failed, at = content(whole), [], 0
while True:
    at += 1
    folder = begin(str(at))
    ended = [die(lambda: open_it(folder), turn) for turn in (at, at // 2 + 1, None)]
    if ended[2] != 0 or content(folder) != expected:
        failed.append([at, ended])
    if ended[0] == 0:
        break
print(json.dumps({"places": at - 1, "failed": failed}))
"""
EXPORTING = """
from m3nop.state.exporting import export_tables
folder = prepare(ROOT, revision=schema.HEAD)
open_it(folder)
expected, failed, at = content(folder), [], 1
while True:
    at += 3
    target = ROOT / f"{at}.jsonl"
    def export(target=target):
        with create_engine(f"sqlite:///{folder / 'state.db'}").connect() as connection:
            export_tables(connection, target, now=1)
    ended = die(export, at)
    sealed = target.exists() and "sha256" in "".join(target.read_text().splitlines()[-1:])
    if content(folder) != expected or sealed != (ended == 0):
        failed.append([at, ended, sealed])
    if ended == 0:
        break
print(json.dumps({"places": at - 1, "failed": failed}))
"""


def deaths(script: str, root: Path) -> dict[str, Any]:
    command = [sys.executable, "-c", PREAMBLE + script, str(root)]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)  # noqa: S603
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


@pytest.mark.timeout(300)
def test_a_migration_that_dies_anywhere_twice_is_completed_by_the_next_process(tmp_path: Path) -> None:
    found = deaths(MIGRATING, tmp_path)

    assert found["failed"] == []
    assert found["places"] > 20


@pytest.mark.timeout(300)
def test_an_export_that_dies_anywhere_is_not_taken_for_whole_and_spoils_nothing(tmp_path: Path) -> None:
    found = deaths(EXPORTING, tmp_path)

    assert found["failed"] == []
    assert found["places"] > 20
