"""A sandbox whose books can be put back in no time, at a standing clock."""

from __future__ import annotations

import sqlite3
import urllib.request
from contextlib import closing
from typing import Any

from m3nop.core import json
from m3nop.core.clock import SECOND, Instant, parse_instant
from m3nop.sandbox.books import Books
from m3nop.sandbox.clock import SandboxClock
from m3nop.sandbox.seed import seed
from m3nop.sandbox.server import Serving
from m3nop.sandbox.world import World

NOON = parse_instant("2026-11-23T12:00:00Z")
NOWHERE = "http://127.0.0.1:9"
"""An address where nobody is: what is refused there was refused before anything was sent."""


class StandingClock:
    """Stands until it is waited for or moved."""

    def __init__(self) -> None:
        self.instant: Instant = NOON

    def now(self) -> Instant:
        return self.instant

    def wait(self, seconds: float) -> None:
        self.instant += int(seconds * SECOND)


class Served:
    """Both systems over loopback."""

    def __init__(self) -> None:
        self.clock = StandingClock()
        books = Books()
        self.world = World(books, clock=SandboxClock(books, source=self.clock.now))
        seed(self.world)
        self._serving = Serving(self.world)
        self.url, self.m3_url = self._serving.url, self._serving.m3_url
        self.shop_url = self._serving.shop_url
        self.ionapi = json.dumps(self._serving.ionapi)
        self._copy = sqlite3.connect(":memory:", check_same_thread=False)
        self._kept_at = NOON
        self._kept: dict[str, Any] = {}

    def happen(self, path: str) -> Any:
        """Let something happen in M3, by the control interface."""
        request = urllib.request.Request(f"{self.url}/sandbox/m3/{path}", method="POST")  # noqa: S310
        return self._open(request)

    def idle(self) -> None:
        """Wait until the server has done what it was sent: it does one thing after the other."""
        self._open(urllib.request.Request(f"{self.url}/sandbox/health"))  # noqa: S310

    def _open(self, request: urllib.request.Request) -> Any:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with closing(opener.open(request, timeout=5)) as answer:
            return json.loads(answer.read())

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.wait(seconds)
        with self.world.books.lock:
            self.world.settle()

    def keep(self) -> None:
        """Remember the books as they are now."""
        with self.world.books.lock:
            self.world.books._db.backup(self._copy)
        self._kept_at = self.clock.instant
        self._kept = {}

    def put_back(self) -> None:
        """Put the books, and the time, back to what was remembered."""
        with self.world.books.lock:
            self._copy.backup(self.world.books._db)
        self.clock.instant = self._kept_at

    def kept(self, prefix: str) -> Any:
        """Return what ``dump`` returned when the books were remembered."""
        if prefix not in self._kept:
            self._kept[prefix] = self._rows(self._copy, prefix)
        return self._kept[prefix]

    def dump(self, prefix: str) -> Any:
        """Return every document of the tables whose name begins so, but for tokens."""
        with self.world.books.lock:
            return self._rows(self.world.books._db, prefix)

    def _rows(self, db: sqlite3.Connection, prefix: str) -> Any:
        names = [
            name
            for name in self.world.books.names()
            if name.startswith(prefix) and not name.endswith(".tokens")
        ]
        sql = " UNION ALL ".join(f"SELECT '{name}', key, doc FROM \"{name}\"" for name in names)  # noqa: S608
        return sorted(db.execute(sql).fetchall())

    def close(self) -> None:
        self._serving.close()
        self.world.close()
        self._copy.close()
        assert not self.world.failures, self.world.failures
