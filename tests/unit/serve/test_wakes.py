"""What wakes the service, and what systemd is told."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from m3nop.serve import notify
from m3nop.serve.notify import Notifier
from m3nop.serve.wakes import Wake, Wakes

if TYPE_CHECKING:
    from pathlib import Path


def test_waiting_ends_without_a_ring_when_the_time_is_over() -> None:
    assert Wakes().wait(0.01) == set()


def test_everything_that_was_rung_for_is_told_at_once() -> None:
    wakes = Wakes()
    for wake in (Wake.EVENT, Wake.EVENT, Wake.RELOAD):
        wakes.ring(wake)
    assert wakes.wait(60) == {Wake.EVENT, Wake.RELOAD}
    assert wakes.wait(0) == set()


def test_a_ring_from_another_thread_ends_the_wait() -> None:
    wakes = Wakes()
    threading.Timer(0.02, wakes.ring, [Wake.EVENT]).start()
    assert wakes.wait(60) == {Wake.EVENT}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals that a process sends itself")
def test_a_ring_in_a_signal_handler_ends_the_wait() -> None:
    wakes = Wakes()
    before = signal.signal(signal.SIGALRM, lambda *_: wakes.ring(Wake.STOP))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        assert wakes.wait(60) == {Wake.STOP}
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no systemd")
def test_systemd_is_told_how_the_service_stands(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "3000000"})
        notifier.ready()
        notifier.reloading()
        notifier.stopping()
        told = [listening.recv(100).decode().partition("\n")[0] for _ in range(3)]
    assert told == ["READY=1", "RELOADING=1", "STOPPING=1"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no systemd")
def test_the_watchdog_is_fed_beside_the_work_until_something_is_stuck(tmp_path: Path) -> None:
    answers = iter([True, True, False])
    asked_last = threading.Event()

    def is_well() -> bool:
        found = next(answers, None)
        if found is None:
            asked_last.set()
        return bool(found)

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(10)
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000"})
        notifier.keep_fed(is_well)
        assert [listening.recv(100) for _ in range(2)] == [b"WATCHDOG=1"] * 2
        assert asked_last.wait(10)
        notifier.close()
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            listening.recv(100)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no systemd")
@pytest.mark.timeout(20)
def test_a_listener_that_reads_nothing_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "_PATIENCE", 0.01)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        for _ in range(30):
            notifier.ready()
        listening.settimeout(0.1)
        assert listening.recv(100) == b"READY=1"


def test_nothing_is_told_where_nobody_listens(tmp_path: Path) -> None:
    for environ in ({}, {"NOTIFY_SOCKET": str(tmp_path / "nobody")}):
        notifier = Notifier(environ)
        notifier.ready()
        notifier.stopping()
