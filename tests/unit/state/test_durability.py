from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from m3nop.core.errors import StateError

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX resource limits")

TWO_COMMITS = """
for key in ("first", "second"):
    with state.transaction() as tx:
        tx.arrive([arrival(key)], now=clock.now())
        tx.set_watermark("orders", "", key, now=clock.now())
    say(key)
state.close()
"""


def ended(child: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = child.communicate(timeout=60)
    return child.returncode, out, err


def test_a_process_that_is_not_killed_commits_everything(path, opened, process):
    assert ended(process(TWO_COMMITS)) == (0, "first\nsecond\n", "")

    assert opened(path).watermark("orders", "") == "second"


# Opening passes the first two commits: one makes the tables, one takes the database over.
@pytest.mark.parametrize(
    ("point", "kept"),
    [
        ("commit:before#3", set()),
        ("commit:after#3", {"first"}),
        ("commit:before#4", {"first"}),
        ("commit:after#4", {"first", "second"}),
    ],
)
def test_a_kill_keeps_what_was_committed_and_nothing_else(path, opened, process, point, kept):
    code, out, _ = ended(process(TWO_COMMITS, M3NOP_CRASHPOINT=point))
    assert code != 0
    assert set(out.split()) <= kept

    state = opened(path)

    assert state.known_keys("orders", ["first", "second"]) == kept
    assert state.watermark("orders", "") == (max(kept) if kept else None)
    assert state.verify() == []
    assert state.epoch == 1


@pytest.mark.parametrize("point", ["commit:before#1", "commit:after#1", "commit:before#2", "commit:after#2"])
def test_a_kill_while_the_state_is_made_leaves_one_that_opens(path, opened, process, point):
    code, out, _ = ended(process(TWO_COMMITS, M3NOP_CRASHPOINT=point))
    assert (code != 0, out) == (True, "")

    state = opened(path)

    assert state.epoch == 1
    assert [entry["subject"] for entry in state.audit_entries()] == ["1"]
    state.close()
    assert opened(path).epoch == 1


@pytest.mark.parametrize("point", ["commit:before#1", "commit:after#1"])
def test_a_kill_while_the_state_is_taken_over_is_not_taken_for_a_move(path, opened, process, point):
    opened(path).close()
    assert ended(process(TWO_COMMITS, M3NOP_CRASHPOINT=point))[0] != 0

    assert opened(path).epoch == 1


def test_records_in_flight_at_a_kill_are_ready_for_the_next_owner(path, opened, process):
    child = process("""
with state.transaction() as tx:
    tx.arrive([arrival("1"), arrival("2")], now=clock.now())
    run = tx.start_run("orders", now=clock.now(), command="m3nop sync orders", definition="d")
    tx.claim(["orders"], now=clock.now(), limit=1, run_id=run)
say("claimed")
sys.stdin.readline()
""")
    assert child.stdout.readline() == "claimed\n"
    child.kill()
    child.wait()

    state = opened(path)

    assert {str(record.state) for record in state.records("orders")} == {"ready"}
    assert [run.result for run in state.runs()] == ["killed"]
    assert state.verify() == []


FILL = """
from m3nop.core.errors import StateError
with state.transaction() as tx:
    tx.arrive([arrival("first")], now=clock.now())
try:
    for number in range(1000):
        with state.transaction() as tx:
            tx.arrive([arrival(str(number), "x" * 100_000)], now=clock.now())
except StateError as error:
    say(error)
try:
    with state.transaction():
        say("went on")
except StateError as error:
    say(error)
try:
    state.record("orders", "first")
except StateError as error:
    say(error)
state.close()
"""


@posix
def test_a_commit_that_cannot_be_written_ends_all_use(path, opened, process):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))\n"

    code, out, err = ended(process(limit + FILL))

    lines = out.splitlines()
    assert (code, err, len(lines)) == (0, "", 3)
    assert "nothing more is sent; check its disk, quota and file size limit" in lines[0]
    assert all(line.startswith("nothing more is done after this: ") for line in lines[1:])
    state = opened(path)
    assert state.known_keys("orders", ["first"]) == {"first"}
    assert state.verify() == []


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    command = [mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:  # noqa: S603
        pytest.skip("cannot mount a small file system here")
    yield folder
    subprocess.run([umount, "-l", folder], check=True)  # noqa: S603


def test_a_full_disk_is_named_and_ends_all_use(small_disk, opened, process):
    database, something_else = small_disk / "state.db", small_disk / "something else"
    something_else.write_bytes(bytes(200_000))

    code, out, err = ended(process(FILL, at=database))

    lines = out.splitlines()
    assert (code, err, len(lines)) == (0, "", 3)
    assert "free space on its disk and run again" in lines[0]
    something_else.unlink()
    assert opened(database).known_keys("orders", ["first"]) == {"first"}


def test_a_disk_without_any_space_is_named(small_disk, opened):
    with (small_disk / "filler").open("wb") as filler, pytest.raises(OSError, match="No space"):
        filler.write(b"x" * 2_000_000)

    with pytest.raises(StateError, match="free space"):
        opened(small_disk / "state.db")
