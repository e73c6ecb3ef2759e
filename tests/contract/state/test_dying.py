"""A process that dies anywhere while it migrates or exports a state leaves one that the next process completes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from m3nop.core import json

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="forks, so that each death costs no new process"
)

PREAMBLE = """
import os, shutil, signal, sqlite3, sys
from contextlib import closing
from pathlib import Path

import alembic.command
from sqlalchemy import Engine, create_engine, event

from m3nop.core import json
from m3nop.core.clock import SystemClock
from m3nop.state import schema, versions
from m3nop.state.store import open_state

ROOT = Path(sys.argv[1])

def open_it(path):
    return open_state(f"sqlite:///{path}", scope={"environment": "qa"}, clock=SystemClock(), command="m3nop sync")

def die(work, at):
    "Do some work in a process that dies before its at-th statement or commit; return how it ended."
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    passed = [0]
    def pass_by(*_):
        passed[0] += 1
        if passed[0] == at:
            os.kill(os.getpid(), signal.SIGKILL)
    event.listen(Engine, "before_cursor_execute", pass_by)
    event.listen(Engine, "commit", pass_by)
    try:
        work()
    except BaseException as error:
        print(error, file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)

def content(path):
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name != 'sqlite_sequence'")
        # A table that a migration makes anew has its foreign keys in any order.
        tables = sorted((*names, sorted(line.strip(" ,") for line in (sql or "").splitlines())) for *names, sql in found)
        records = db.execute("SELECT id, pipeline, key, state, snapshot FROM records ORDER BY id").fetchall()
        return tables, records

RECORD = (
    "INSERT INTO records (id, pipeline, key, store, partition, state, reason, seen_at, epoch, attempts, released, doubts, "
    "fingerprint, digest, snapshot) VALUES (?, 'orders', ?, '', '', 'ready', '', 1, 1, 0, 0, 0, '', '', '{}')"
)
"""
MIGRATING = """
old = ROOT / "old.db"
engine = create_engine(f"sqlite:///{old}")
with engine.begin() as connection:
    versions.migrate(connection, to=schema.REVISIONS[0])
engine.dispose()
with closing(sqlite3.connect(old)) as db:
    db.execute("INSERT INTO scope (id, identity, epoch, fence, opening, created_at) VALUES (1, '{\\"environment\\": \\"qa\\"}', 1, 1, '', 1)")
    db.executemany(RECORD, [(number, str(number)) for number in range(1, 41)])
    db.commit()

def begin(name):
    path = ROOT / name / "state.db"
    path.parent.mkdir()
    shutil.copy(old, path)
    return path

whole = begin("whole")
open_it(whole).close()
expected, failed, at = content(whole), [], 0
while True:
    at += 1
    path = begin(str(at))
    ended = [die(lambda: open_it(path).close(), turn) for turn in (at, at // 2 + 1, None)]
    if ended[2] != 0 or content(path) != expected:
        failed.append([at, ended])
    if ended[0] == 0:
        break
print(json.dumps({"places": at - 1, "failed": failed}))
"""
EXPORTING = """
from m3nop.state.exporting import export_tables
path = ROOT / "state.db"
open_it(path).close()
with closing(sqlite3.connect(path)) as db:
    db.executemany(RECORD, [(number, str(number)) for number in range(1, 41)])
    db.commit()
expected, failed, at = content(path), [], 1
while True:
    at += 3
    target = ROOT / f"{at}.jsonl"
    def export(target=target):
        with create_engine(f"sqlite:///{path}").connect() as connection:
            export_tables(connection, target, now=1)
    ended = die(export, at)
    sealed = target.exists() and "sha256" in "".join(target.read_text().splitlines()[-1:])
    if content(path) != expected or sealed != (ended == 0):
        failed.append([at, ended, sealed])
    if ended == 0:
        break
print(json.dumps({"places": at - 1, "failed": failed}))
"""


def deaths(script: str, root: Path) -> dict[str, Any]:
    command = [sys.executable, "-c", PREAMBLE + script, str(root)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


@pytest.mark.timeout(120)
def test_a_migration_that_dies_anywhere_twice_is_completed_by_the_next_process(tmp_path: Path) -> None:
    found = deaths(MIGRATING, tmp_path)

    assert found["failed"] == []
    assert found["places"] > 20


@pytest.mark.timeout(120)
def test_an_export_that_dies_anywhere_is_not_taken_for_whole_and_spoils_nothing(tmp_path: Path) -> None:
    found = deaths(EXPORTING, tmp_path)

    assert found["failed"] == []
    assert found["places"] > 20
