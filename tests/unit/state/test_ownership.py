from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import pytest

from m3nop.core.clock import SystemClock
from m3nop.core.errors import BusyError, StateError
from m3nop.state.ownership import network_type
from m3nop.state.sqlite import SqliteBackend

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/export /home nfs4 rw 0 0
tmpfs /home/me/local tmpfs rw 0 0
//server/share /mnt/two\\040words cifs rw 0 0
me@host:/ /mnt/ssh fuse.sshfs rw 0 0
/dev/sdb1 /mnt/over nfs rw 0 0
/dev/sdb1 /mnt/over ext4 rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/state.db", None),
        ("/home/me/state.db", "nfs4"),
        ("/homes/state.db", None),
        ("/home/me/local/state.db", None),
        ("/mnt/two words/state.db", "cifs"),
        ("/mnt/ssh/a/b/state.db", "fuse.sshfs"),
        ("/mnt/over/state.db", None),
        ("\\\\server\\share\\state.db", "a network share"),
    ],
)
def test_a_network_file_system_is_known_by_the_innermost_mount(path, kind):
    assert network_type(Path(path), MOUNTS) == kind


def test_without_a_list_of_mounts_every_disk_is_local():
    assert network_type(Path("/home/me/state.db"), "") is None


def test_a_state_on_a_network_file_system_is_refused_before_anything_is_made(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"server:/export {tmp_path.resolve()} nfs rw 0 0\n", encoding="utf-8")
    backend = SqliteBackend(tmp_path / "folder" / "state.db", read_only=False, mounts=mounts)

    with pytest.raises(StateError, match=r"network file system \(nfs\).*local disk.*PostgreSQL"):
        backend.own(command="m3nop sync", clock=SystemClock(), wait=0)
    assert list(tmp_path.iterdir()) == [mounts]


def test_a_second_owner_is_refused_and_told_who_the_first_is(path, opened):
    state = opened(path)

    with pytest.raises(
        BusyError, match=r"in use by process \d+ \(m3nop sync orders\), since 20..-.*Z; .*--wait"
    ):
        opened(path)
    state.close()
    opened(path)


def test_another_process_is_refused_and_named(path, opened, process):
    owner = process("say('open'); sys.stdin.readline()")
    assert owner.stdout.readline() == "open\n"

    with pytest.raises(BusyError, match=rf"process {owner.pid} \(m3nop sync orders\)"):
        opened(path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGSTOP")
def test_a_stopped_owner_keeps_the_state(path, opened, process):
    owner = process("say('open'); sys.stdin.readline()")
    assert owner.stdout.readline() == "open\n"
    owner.send_signal(signal.SIGSTOP)

    with pytest.raises(BusyError, match=rf"process {owner.pid} "):
        opened(path)
    owner.send_signal(signal.SIGCONT)


def test_a_killed_owner_keeps_nothing(path, opened, process):
    owner = process("say('open'); sys.stdin.readline()")
    assert owner.stdout.readline() == "open\n"
    owner.kill()
    owner.wait()

    assert opened(path).epoch == 1


def test_waiting_ends_when_the_owner_does(path, opened):
    owner = opened(path)

    class Patience(SystemClock):
        turns = 0

        def wait(self, seconds: float) -> None:
            self.turns += 1
            if self.turns == 3:
                owner.close()

    clock = Patience()
    state = opened(path, clock=clock, wait=60)

    assert (state.epoch, clock.turns) == (1, 3)


def test_waiting_has_an_end(path, opened):
    opened(path)

    class Impatience(SystemClock):
        waited = 0.0

        def wait(self, seconds: float) -> None:
            self.waited += seconds

    clock = Impatience()
    with pytest.raises(BusyError):
        opened(path, clock=clock, wait=2)

    assert clock.waited == pytest.approx(2)


def test_an_owner_that_left_no_name_is_still_an_owner(path, opened):
    opened(path)
    note = path.with_name("state.db.owner")
    note.write_text(json.dumps({"pid": 1}), encoding="utf-8")

    with pytest.raises(BusyError, match="in use by another process"):
        opened(path)
