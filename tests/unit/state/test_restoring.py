from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from m3nop.core.clock import SystemClock
from m3nop.core.errors import BusyError, StateError
from m3nop.state.restoring import Who, restore_state
from m3nop.state.schema import HEAD
from tests.unit.state.conftest import SCOPE, url_of

if TYPE_CHECKING:
    from pathlib import Path

WHO = Who("m3nop state restore", "ops")


def restore(path: Path, file: Path, **options):
    return restore_state(
        url_of(path), file, **{"scope": SCOPE, "clock": SystemClock(), "who": WHO, **options}
    )


def read_up_to(state, watermark: str) -> None:
    with state.transaction() as tx:
        tx.set_watermark("orders", "", watermark, now=1)


@pytest.fixture
def backup(path, opened, tmp_path) -> Path:
    """A backup of a state that went on afterwards."""
    state = opened(path)
    read_up_to(state, "then")
    state.backup(tmp_path / "kept.db")
    read_up_to(state, "now")
    state.close()
    return tmp_path / "kept.db"


def test_a_backup_takes_the_place_of_the_state_which_is_kept(path, opened, backup):
    done = restore(path, backup)

    state = opened(path)
    assert (state.watermark("orders", ""), state.epoch, done.epoch, done.schema) == ("then", 2, 2, HEAD)
    epoch, by_hand = state.audit_entries()[:2]
    assert (by_hand["action"], by_hand["actor"], by_hand["subject"]) == ("restore", "ops", "kept.db")
    assert (epoch["action"], epoch["subject"]) == ("epoch", "2")
    assert state.verify() == []
    assert done.kept is not None
    assert opened(done.kept, read_only=True).watermark("orders", "") == "now"


def test_the_next_opening_begins_no_further_epoch(path, opened, backup):
    restore(path, backup)
    opened(path).close()

    assert opened(path).epoch == 2


def test_a_backup_is_put_back_where_there_is_no_state(path, opened, backup, tmp_path):
    shutil.rmtree(path.parent)

    assert restore(path, backup).kept is None
    assert opened(path).watermark("orders", "") == "then"


def test_a_damaged_state_is_kept_as_it_is(path, opened, backup):
    path.write_bytes(b"SQLite format 3\0" + os.urandom(8000))
    path.with_name("state.db-wal").write_bytes(b"the rest of a log")
    spoiled = path.read_bytes()

    done = restore(path, backup)

    assert done.kept is not None
    assert done.kept.read_bytes() == spoiled
    assert done.kept.with_name(f"{done.kept.name}-wal").read_bytes() == b"the rest of a log"
    assert opened(path).watermark("orders", "") == "then"


def test_what_is_in_the_log_beside_a_backup_belongs_to_it(path, opened, backup, tmp_path):
    with sqlite3.connect(backup) as raw:
        raw.execute("UPDATE watermarks SET watermark = 'in the log'")
        raw.commit()
        for end in ("", "-wal"):
            shutil.copy(f"{backup}{end}", tmp_path / f"copied.db{end}")
    raw.close()

    restore(path, tmp_path / "copied.db")

    assert opened(path).watermark("orders", "") == "in the log"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not a backup"),
        (b"id;name\n1;x\n", "not a backup"),
        (b'{"m3nop_state": 1, "schema": "0001"}\n', "it is an export: m3nop state import"),
        (b"SQLite format 3\0" + bytes(9000), "is damaged"),
    ],
)
@pytest.mark.usefixtures("backup")
def test_what_is_no_backup_is_refused(path, opened, tmp_path, content, why):
    other = tmp_path / "other.db"
    other.write_bytes(content)

    with pytest.raises(StateError, match=why):
        restore(path, other)

    assert sorted(found.name for found in path.parent.iterdir()) == [
        "state.db",
        "state.db.lock",
        "state.db.owner",
    ]
    assert (opened(path).watermark("orders", ""), opened(path, read_only=True).epoch) == ("now", 1)


def test_a_backup_with_a_damaged_page_is_refused(path, opened, backup):
    with backup.open("r+b") as file:
        file.seek(4096 * 2)
        file.write(os.urandom(4096))

    with pytest.raises(StateError, match=r"kept\.db is damaged"):
        restore(path, backup)
    assert opened(path).epoch == 1


def test_a_backup_without_the_tables_of_a_state_is_refused(path, backup, tmp_path):
    with sqlite3.connect(tmp_path / "films.db") as raw:
        raw.execute("CREATE TABLE films (title)")
    raw.close()
    with sqlite3.connect(tmp_path / "bare.db") as raw:
        raw.execute("PRAGMA user_version = 7")
    raw.close()

    with pytest.raises(StateError, match=r"films\.db holds other tables"):
        restore(path, tmp_path / "films.db")
    with pytest.raises(StateError, match=r"bare\.db is not a backup"):
        restore(path, tmp_path / "bare.db")


def test_a_backup_of_another_scope_is_refused(path, opened, backup):
    with pytest.raises(
        StateError, match=r"kept\.db belongs to another scope: environment is qa there and prod"
    ):
        restore(path, backup, scope={"environment": "prod"})
    assert opened(path).watermark("orders", "") == "now"


def test_a_backup_is_put_back_while_a_system_cannot_say_who_it_is(path, opened, backup):
    restore(path, backup, scope={"environment": "qa"})

    assert opened(path).watermark("orders", "") == "then"


def test_a_backup_of_a_newer_version_is_refused(path, backup):
    with sqlite3.connect(backup) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()

    with pytest.raises(StateError, match=r"kept\.db was written by a newer m3nop"):
        restore(path, backup)


def test_the_state_itself_and_a_missing_file_are_no_backups(path, backup, tmp_path):
    with pytest.raises(StateError, match="is the state database itself"):
        restore(path, path)
    with pytest.raises(StateError, match=r"gone\.db cannot be read: No such file"):
        restore(path, tmp_path / "gone.db")


def test_nothing_is_put_back_while_a_run_owns_the_state(path, opened, backup):
    state = opened(path)

    with pytest.raises(BusyError, match="in use by process"):
        restore(path, backup)
    read_up_to(state, "later")
    assert state.watermark("orders", "") == "later"


def test_a_state_in_postgresql_is_put_back_by_its_server(backup):
    with pytest.raises(StateError, match="then say so with m3nop state epoch"):
        restore_state(
            "postgresql+psycopg://user:secret@localhost/m3nop",
            backup,
            scope=SCOPE,
            clock=SystemClock(),
            who=WHO,
        )


_RESTORING = """
import sys
from pathlib import Path
from m3nop.core.clock import SystemClock
from m3nop.state.restoring import Who, restore_state

restore_state(sys.argv[1], Path(sys.argv[2]), scope={"environment": "qa"}, clock=SystemClock(), who=Who("restore", "ops"))
"""


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ("commit:before", ("now", 1)),
        ("commit:after", ("now", 1)),
        ("restore:prepared", ("now", 1)),
        # Nobody can tell any more that it is the one that was here last.
        ("restore:aside", ("now", 2)),
        ("restore:done", ("then", 2)),
    ],
)
def test_a_kill_leaves_the_one_or_the_other(path, opened, backup, point, expected):
    ended = subprocess.run(  # noqa: S603
        [sys.executable, "-c", _RESTORING, url_of(path), str(backup)],
        env={**os.environ, "M3NOP_CRASHPOINT": point}, check=False,
    )  # fmt: skip

    state = opened(path)
    assert ended.returncode not in (0, 1)
    assert (state.watermark("orders", ""), state.epoch) == expected
    state.close()
    restore(path, backup)
    assert opened(path).watermark("orders", "") == "then"
