"""Power losses while a state is migrated, exported and backed up: ``LD_PRELOAD=powerloss.so python -m tests.power.care FOLDER``.

At each statement, commit and sync in turn the machine loses its power, and all that was not synced is dropped. The
next process then finds a state that it completes. Prints as JSON how many places there were, and where it failed.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

# Loaded before the children are forked, that each of them need not.
import alembic.command  # noqa: F401
from sqlalchemy import Engine, create_engine, event

from m3nop.core import json
from m3nop.core.clock import SystemClock
from m3nop.state import schema, versions
from m3nop.state.store import open_state
from tests.power.disk import NAMES_KEPT, SYNCED_ONLY, Disk

if TYPE_CHECKING:
    from collections.abc import Callable

    Work = Callable[[Path], None]

RECORDS = 40
RECORD = (
    "INSERT INTO records (id, pipeline, key, store, partition, state, reason, seen_at, epoch, attempts, released, doubts,"
    " fingerprint, digest, snapshot) VALUES (?, 'orders', ?, '', '', 'ready', '', 1, 1, 0, 0, 0, '', '', '{}')"
)
SCOPE = (
    "INSERT INTO scope (id, identity, epoch, fence, opening, created_at)"
    """ VALUES (1, '{"environment": "qa"}', 1, 1, '', 1)"""
)


def open_it(folder: Path) -> None:
    """Open a state as a run does, which migrates it, and close it."""
    _open(folder).close()


def export_it(folder: Path) -> None:
    """Export a state to a file beside it."""
    state = _open(folder)
    state.export(folder / "export.jsonl", now=1)
    state.close()


def back_up(folder: Path) -> None:
    """Back a state up to a file beside it."""
    state = _open(folder)
    state.backup(folder / "backup.db")
    state.close()


def _open(folder: Path) -> Any:
    url = f"sqlite:///{folder / 'state.db'}"
    return open_state(url, scope={"environment": "qa"}, clock=SystemClock(), command="m3nop sync")


def lose(disk: Disk, work: Work, *, at: int, how: str, sync: bool) -> int:
    """Work in a process that the power leaves at its ``at``-th place; return how it ended, 0 if it came through."""
    child = os.fork()
    if not child:
        os.environ.update(disk.environ, **({"POWERLOSS_AT": str(at)} if sync else {}))
        work_until(partial(work, disk.folder), 0 if sync else at)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    disk.lose_power(how)
    return ended


def work_until(work: Callable[[], None], at: int | None) -> NoReturn:
    """Work in a forked process, which dies before its ``at``-th statement or commit, if it comes to that."""
    passed = [0]

    def pass_by(*_: object) -> None:
        passed[0] += 1
        if passed[0] == at:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", pass_by)
    event.listen(Engine, "commit", pass_by)
    try:
        work()
    except BaseException as error:  # noqa: BLE001  a forked process must not go on as its parent
        sys.stderr.write(f"{error}\n")
        os._exit(1)
    os._exit(0)


def content(folder: Path) -> Any:
    """Return the tables and the records of a state that is whole."""
    with closing(sqlite3.connect(folder / "state.db")) as db:
        whole = db.execute("PRAGMA integrity_check").fetchall()
        found = db.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name != 'sqlite_sequence'"
        )
        # A table that a migration makes anew has its foreign keys in any order.
        tables = sorted(
            (*names, sorted(line.strip(" ,") for line in (sql or "").splitlines())) for *names, sql in found
        )
        records = db.execute(
            "SELECT r.id, pipeline, key, state, snapshot FROM records AS r JOIN snapshots AS s ON s.id = snapshot_id ORDER BY 1"
        )
        return whole, tables, records.fetchall()


def prepare(root: Path, *, revision: str) -> Path:
    """Make a state with some records, of this version of m3nop or an earlier one."""
    folder = root / f"prepared-{revision}"
    folder.mkdir()
    engine = create_engine(f"sqlite:///{folder / 'state.db'}")
    with engine.begin() as connection:
        versions.migrate(connection, to=schema.REVISIONS[0])
        connection.exec_driver_sql(SCOPE)
        numbers = [(number, str(number)) for number in range(1, RECORDS + 1)]
        connection.exec_driver_sql(RECORD, numbers)
        versions.migrate(connection, to=revision)
    engine.dispose()
    return folder


class Turns:
    """One piece of work, tried with a power loss at every place."""

    def __init__(self, root: Path, prepared: Path, work: Work) -> None:
        self._root = root
        self._prepared = prepared
        self._work = work
        self.places = 0
        self.failed: list[list[Any]] = []
        open_it(shutil.copytree(prepared, root / "whole"))
        self._expected = content(root / "whole")

    def take(self, *, sync: bool) -> None:
        """Lose the power at the first place, the second, and so on, until the work comes through."""
        ended, at = -1, 0
        while ended != 0:
            at += 1
            disk = Disk(self._root / f"{sync}{at}", self._root / f"{sync}{at}-shadow")
            shutil.copytree(self._prepared, disk.folder)
            disk.begin()
            ended = lose(disk, self._work, at=at, how=(NAMES_KEPT, SYNCED_ONLY)[at % 2], sync=sync)
            found = self._check(disk.folder, came_through=ended == 0)
            if found or ended not in {0, -signal.SIGKILL}:
                self.failed.append([sync, at, ended, *found])
            shutil.rmtree(disk.folder)
            shutil.rmtree(disk.shadow)
        self.places += at - 1

    def _check(self, folder: Path, *, came_through: bool) -> list[str]:
        found = []
        if came_through and self._work is export_it and not _is_sealed(folder / "export.jsonl"):
            found.append("a finished export is lost")
        if came_through and self._work is back_up and not _holds_all(folder / "backup.db"):
            found.append("a finished backup is lost")
        open_it(folder)
        if content(folder) != self._expected:
            found.append("the state is another")
        return found


def _is_sealed(export: Path) -> bool:
    return export.exists() and "sha256" in export.read_text(encoding="utf-8").splitlines()[-1]


def _holds_all(backup: Path) -> bool:
    if not backup.exists():
        return False
    with closing(sqlite3.connect(backup)) as db:
        return db.execute("SELECT count(*) FROM records").fetchall() == [(RECORDS,)]


def main() -> int:
    """Lose power and print what came of it."""
    root = Path(sys.argv[1])
    told = {}
    for name, revision, work in (
        ("migration", schema.REVISIONS[0], open_it),
        ("export", schema.HEAD, export_it),
        ("backup", schema.HEAD, back_up),
    ):
        place = root / name
        place.mkdir()
        turns = Turns(place, prepare(place, revision=revision), work)
        turns.take(sync=False)
        turns.take(sync=True)
        told[name] = {"places": turns.places, "failed": turns.failed}
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
