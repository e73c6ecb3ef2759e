from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from m3nop.core.clock import SystemClock
from m3nop.core.errors import StateError, UsageError
from m3nop.core.records import Arrival, Attempt, AttemptState, RecordState
from m3nop.state.store import open_state

if TYPE_CHECKING:
    from pathlib import Path

posix = pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://host/db",
        "postgresql://host/db",
        "state.db",
        "",
        "sqlite+aiosqlite:///x",
    ],
)
def test_an_address_of_another_kind_is_refused(url):
    with pytest.raises(UsageError, match=r"sqlite:///PATH or postgresql\+psycopg://"):
        open_state(url, scope={}, clock=SystemClock(), command="m3nop sync")


def test_a_password_in_the_address_is_not_shown():
    with pytest.raises(StateError) as caught:
        open_state(
            "postgresql+psycopg://me:hunter2@127.0.0.1:1/x",
            scope={},
            clock=SystemClock(),
            command="m3nop sync",
        )

    assert "hunter2" not in str(caught.value)
    # Where the extra `postgres` is not installed, it is the driver that is missing.
    assert "cannot be used" in str(caught.value) or "m3nop[postgres]" in str(caught.value)


@posix
def test_a_new_state_is_for_its_owner_alone(path, opened):
    umask = os.umask(0)
    try:
        opened(path)
    finally:
        os.umask(umask)

    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_every_commit_is_flushed_to_the_disk(path, opened):
    state = opened(path)

    with state.transaction() as tx:
        found = [
            tx._connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]

    assert found == ["wal", 2, 1]


def test_a_state_opened_again_holds_what_was_committed(path, opened):
    state = opened(path)
    with state.transaction() as tx:
        tx.set_watermark("orders", "", "7", now=1)
    state.close()

    again = opened(path)

    assert again.watermark("orders", "") == "7"
    assert again.epoch == state.epoch == 1


def test_a_state_serves_one_scope(path, opened):
    opened(path).close()

    with pytest.raises(StateError, match=r"erp\.company is 100 there and 790 here") as caught:
        opened(path, scope={"environment": "qa", "erp.company": "790"})
    assert "--env" in str(caught.value)
    with pytest.raises(StateError, match=r"erp\.company is 100 there and not set here"):
        opened(path, scope={"environment": "qa"})
    with pytest.raises(StateError, match="environment is qa there and prod here"):
        opened(path, scope={"environment": "prod", "erp.company": "100"}, read_only=True)


def test_a_scope_may_gain_a_part_but_not_change_it(path, opened):
    opened(path).close()
    grown = {"environment": "qa", "erp.company": "100", "b2b.url": "https://b2b.example"}
    opened(path, scope=grown).close()

    with pytest.raises(StateError, match=r"b2b\.url is https://b2b\.example there and not set here"):
        opened(path)


def test_a_reader_needs_to_name_only_what_it_knows_of_the_scope(path, opened):
    opened(path).close()

    assert opened(path, scope={"environment": "qa"}, read_only=True).epoch == 1


def test_a_refused_opening_leaves_the_database_free(path, opened):
    opened(path).close()
    with pytest.raises(StateError):
        opened(path, scope={"environment": "prod"})

    assert opened(path).epoch == 1


def test_a_copy_that_was_put_back_begins_a_new_epoch(path, opened):
    opened(path).close()
    old = path.read_bytes()
    opened(path).close()
    path.write_bytes(old)

    state = opened(path)

    assert state.epoch == 2
    entry = state.audit_entries()[0]
    assert (entry["action"], entry["subject"]) == ("epoch", "2")
    assert "put back, moved or copied" in entry["detail"]["reason"]
    state.close()
    assert opened(path).epoch == 2


def test_a_backup_that_was_put_back_begins_a_new_epoch(path, opened, tmp_path):
    state = opened(path)
    with state.transaction() as tx:
        tx.set_watermark("orders", "", "1", now=1)
    state.backup(tmp_path / "kept.db")
    with state.transaction() as tx:
        tx.set_watermark("orders", "", "2", now=2)
    state.close()
    shutil.copyfile(tmp_path / "kept.db", path)

    again = opened(path)

    assert (again.epoch, again.watermark("orders", "")) == (2, "1")
    assert again.audit_entries()[0]["detail"] == {"reason": "put back from a backup"}


def test_a_database_moved_to_another_place_begins_a_new_epoch(path, opened, tmp_path):
    opened(path).close()
    moved = tmp_path / "elsewhere.db"
    path.rename(moved)

    assert opened(moved).epoch == 2


def test_a_backup_is_complete_private_and_never_overwrites(path, opened, tmp_path):
    state = opened(path)
    with state.transaction() as tx:
        tx.set_watermark("orders", "", "1", now=1)
    target = tmp_path / "kept.db"

    state.backup(target)

    with sqlite3.connect(target) as copy:
        assert copy.execute("SELECT watermark FROM watermarks").fetchall() == [("1",)]
    copy.close()
    if sys.platform != "win32":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with pytest.raises(StateError, match="exists already"):
        state.backup(target)
    with pytest.raises(StateError, match="cannot be written"):
        state.backup(tmp_path / "no" / "such" / "folder.db")


def test_a_backup_that_fails_leaves_no_file(path, opened, tmp_path):
    state = opened(path, read_only=False)
    state.close()
    damage(path)

    with pytest.raises(StateError, match="put back a backup"):
        opened(path, read_only=True).backup(tmp_path / "kept.db")
    assert not (tmp_path / "kept.db").exists()


def test_a_reader_sees_what_the_owner_commits_and_cannot_write(path, opened):
    owner = opened(path)
    reader = opened(path, read_only=True)
    with owner.transaction() as tx:
        tx.set_watermark("orders", "", "1", now=1)

    assert reader.watermark("orders", "") == "1"
    with pytest.raises(StateError, match="for reading only"), reader.transaction():
        pass
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._backend.engine.raw_connection().cursor().execute("DELETE FROM watermarks")


def test_a_reader_may_back_up_a_state_that_is_in_use(path, opened, tmp_path):
    opened(path)

    opened(path, read_only=True).backup(tmp_path / "kept.db")

    assert (tmp_path / "kept.db").stat().st_size


def test_a_reader_is_told_that_there_is_nothing_yet(path, opened):
    with pytest.raises(StateError, match="there is no state yet"):
        opened(path, read_only=True)

    assert not path.parent.exists()


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to look like one" * 100, b"x", b"\0" * 4096]
)
def test_a_file_that_is_no_database_is_named_as_such(path, opened, content):
    path.parent.mkdir(parents=True)
    path.write_bytes(content)

    for options in ({}, {"read_only": True}):
        with pytest.raises(StateError, match=r"state\.db is not a state database; move it away"):
            opened(path, **options)
    assert path.read_bytes() == content


def test_an_empty_file_becomes_a_state(path, opened):
    path.parent.mkdir(parents=True)
    path.touch()

    assert opened(path).epoch == 1


def test_a_database_of_something_else_is_left_alone(path, opened):
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE films (title)")
    other.close()

    with pytest.raises(StateError, match=r"holds other tables \(films …\)"):
        opened(path)


def damage(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))


def test_a_damaged_database_is_found_when_its_owner_was_killed(path, opened):
    opened(path).close()
    damage(path)
    path.with_name("state.db.owner").unlink()

    with pytest.raises(StateError, match="put back a backup"):
        opened(path)


def test_a_damaged_database_is_found_when_it_is_read(path, opened):
    state = opened(path)
    with state.transaction() as tx:
        tx.set_watermark("orders", "", "1", now=1)
    state.close()
    damage(path)

    with pytest.raises(StateError, match="put back a backup"):
        opened(path, read_only=True).watermark("orders", "")


def test_a_damaged_note_of_the_owner_is_no_note(path, opened):
    opened(path).close()
    path.with_name("state.db.owner").write_text("{", encoding="utf-8")

    assert opened(path).epoch == 2


def test_a_folder_that_is_a_file_is_named(tmp_path, opened):
    (tmp_path / "file").touch()

    for options in ({}, {"read_only": True}):
        with pytest.raises(
            StateError, match=r"check that .* is a folder with free space|there is no state yet"
        ):
            opened(tmp_path / "file" / "state.db", **options)


def test_a_database_that_is_a_folder_is_named(tmp_path, opened):
    (tmp_path / "state.db").mkdir()

    with pytest.raises(StateError, match="cannot be used"):
        opened(tmp_path / "state.db")


@pytest.fixture
def sealed(tmp_path: Path):
    """A folder that nobody can write to, not even root."""
    folder = tmp_path / "sealed"
    folder.mkdir()
    if sys.platform == "win32":
        pytest.skip("needs POSIX permissions")
    if os.geteuid() != 0:
        folder.chmod(0o500)
        yield folder
        folder.chmod(0o700)
        return
    mount, umount = shutil.which("mount"), shutil.which("umount")
    command = [mount, "-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", folder]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:  # noqa: S603
        pytest.skip("root may write anywhere and cannot mount a read-only file system here")
    yield folder
    subprocess.run([umount, folder], check=True)  # noqa: S603


def test_a_folder_that_may_not_be_written_to_is_named(sealed, opened):
    with pytest.raises(StateError, match="this user may write to"):
        opened(sealed / "state.db")
    with pytest.raises(StateError, match="this user may write to"):
        opened(sealed / "deeper" / "state.db")


def test_a_run_that_never_ended_was_killed(path, opened):
    state = opened(path)
    with state.transaction() as tx:
        ended = tx.start_run("orders", now=1, command="m3nop sync orders", definition="d")
        tx.end_run(ended, now=2, result="ok", counts={})
        tx.start_run("orders", now=3, command="m3nop sync orders", definition="d")
    state.close()

    reader = opened(path, read_only=True)
    assert [run.result for run in reader.runs()] == ["running", "ok"]
    again = opened(path)

    newest, oldest = again.runs()
    assert (newest.result, oldest.result, oldest.ended_at) == ("killed", "ok", 2)
    assert newest.ended_at is not None


def test_verify_names_rows_that_do_not_fit(path, opened):
    state = opened(path)
    assert state.verify() == []
    states = {
        "a": "in_flight",
        "b": "done",
        "c": "ready",
        "d": "blocked",
        "e": "dead",
        "f": "done",
        "g": "done",
    }
    arrivals = [
        Arrival("orders", key, "", "", {}, "", None, RecordState(name)) for key, name in states.items()
    ]
    with state.transaction() as tx:
        tx.arrive(arrivals, now=1)
        tx.start_run("orders", now=1, command="m3nop sync", definition="d")
        tx.open_attempts([Attempt(0, 7, 1, AttemptState.OPEN, 1, {}, "gone", "", 1)])
        for statement in (
            "INSERT INTO claims VALUES (2, 1, 1, 1)",
            "UPDATE records SET attempt_id = 99 WHERE key = 'c'",
            "UPDATE records SET state = 'lost' WHERE key = 'f'",
            "UPDATE audit SET subject = '9'",
        ):
            tx._connection.exec_driver_sql(statement)

    assert state.verify() == [
        "orders a is in flight, but no run claims it",
        "orders b is claimed, but neither in flight nor swept",
        "orders c names an attempt that it does not have",
        "orders d is blocked, but by nothing",
        "orders e is dead, but has no dead letter",
        "orders g has an attempt whose definition is lost",
        "orders f is in a state that nobody knows",
        "audit entry 1 was changed, or one before it was removed",
    ]


def test_verify_finds_a_reference_to_nothing(path, opened):
    opened(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute("INSERT INTO document_numbers VALUES ('0010000001', 'erp', 'ORNO', 1)")
    raw.close()

    found = opened(path).verify()

    assert "document_numbers row 1 refers to a row of records that is not there" in found


def test_the_note_beside_the_database_names_its_owner(path, opened):
    state = opened(path)
    note = json.loads(path.with_name("state.db.owner").read_text(encoding="utf-8"))
    assert (note["pid"], note["command"], note["clean"]) == (os.getpid(), "m3nop sync orders", False)
    state.close()

    note = json.loads(path.with_name("state.db.owner").read_text(encoding="utf-8"))
    assert (note["pid"], note["clean"]) == (None, True)


def test_counts_are_of_states_that_exist(path, opened):
    assert opened(path).counts("orders") == {}
    assert RecordState.READY not in opened(path, read_only=True).counts("orders")
