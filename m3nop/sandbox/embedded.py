"""The sandbox of a project: started in this process, or found running in another one."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import time
import urllib.request
from typing import IO, TYPE_CHECKING

from m3nop.core import json
from m3nop.core.errors import AccessError, StateError
from m3nop.sandbox.books import Books
from m3nop.sandbox.seed import seed
from m3nop.sandbox.server import Running, Serving
from m3nop.sandbox.world import World

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_ATTEMPTS = 200
_PAUSE = 0.05
# A proxy of the environment is for other machines.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Embedded(Serving):
    """A project's sandbox that lives in this process; its books stay when it ends."""

    def __init__(self, world: World, lock: IO[bytes], *, port: int = 0) -> None:
        super().__init__(world, port=port)
        self._books = world.books
        self._lock = lock

    def close(self) -> None:
        """Stop, and let another process start it again from the same books."""
        super().close()
        self._books.close()
        self._lock.close()


def attach_or_start(folder: Path, *, port: int = 0) -> Running:
    """Return the sandbox whose files are in ``folder`` (``.m3nop/sandbox``).

    It is started in this process unless one runs already. It is the operating system that holds the lock,
    so a killed process leaves none.

    Raises:
        AccessError: one runs, but does not answer.
        StateError: its files cannot be read or written.
    """
    for _ in range(_ATTEMPTS):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = _lock(folder / "sandbox.lock")
            if lock is not None:
                return _start(folder, lock, port=port)
        except (OSError, sqlite3.Error) as error:
            msg = f"the sandbox cannot use {folder}: {error}; make it writable, or delete it to start afresh"
            raise StateError(msg) from error
        running = _running(folder / "sandbox.json")
        if running is not None:
            return running
        # Its owner is about to write its address, or is about to die.
        time.sleep(_PAUSE)
    msg = f"the sandbox in {folder} is held by another process that does not answer; end that process"
    raise AccessError(msg)


def _start(folder: Path, lock: IO[bytes], *, port: int) -> Embedded:
    with contextlib.ExitStack() as undo:
        undo.callback(lock.close)
        world = World(Books(folder / "books.db"))
        undo.callback(world.close)
        seed(world)
        embedded = Embedded(world, lock, port=port)
        undo.pop_all()
    written = folder / "sandbox.json.new"
    written.write_text(json.dumps({"url": embedded.url, "pid": os.getpid()}), encoding="utf-8")
    written.replace(folder / "sandbox.json")
    return embedded


def _running(address: Path) -> Running | None:
    with contextlib.suppress(OSError, ValueError, KeyError):
        url = json.loads(address.read_text(encoding="utf-8"))["url"]
        with _OPENER.open(f"{url}/sandbox/health", timeout=2) as answer:
            if json.loads(answer.read()) == {"sandbox": "m3nop"}:
                return Running(url)
    return None


def _lock(path: Path) -> IO[bytes] | None:
    file = path.open("ab")
    try:
        if sys.platform == "win32":
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
