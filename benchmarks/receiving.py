"""A service with a sandbox behind it, for the benchmarks of webhooks: started, killed, judged by books."""

from __future__ import annotations

import base64
import hmac
import json
import multiprocessing
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from benchmarks.memory import places_of, project_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.connection import Connection

_SPAWN = multiprocessing.get_context("spawn")
KEY = b"a key of these benchmarks alone."
SECRET = "whsec_" + base64.b64encode(KEY).decode()
PATH = "/hooks/events"
ION_KEY = "a token of these benchmarks alone"
ION_PATH = "/ion/gateway/service/v3/multipartMessage"
_SETTINGS = """
listen: {{port: {port}, connections: 500}}
webhooks:
  events:
    scheme: standard
    secrets: ["${{secret:HOOK}}"]
    quiet: {{order.placed: 0s}}
    per_second: 1000000
ion:
  gateway: {{scheme: bearer, secrets: ["${{secret:GATEWAY}}"], per_second: 1000000}}
"""
_LOOK = 0.01
_PATIENCE = 120.0


class Shop:
    """A sandbox in a process of its own, in which orders are placed and M3's books are read."""

    def __init__(self, serving: Callable[[Connection], None] | None = None) -> None:
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=serving or _serve, args=(theirs,), daemon=True)
        self._process.start()
        self.places: dict[str, str] = self._pipe.recv()

    def place(self, count: int = 1) -> list[int]:
        """Place paid orders now, and return their ids."""
        return self.ask("place", count)  # type: ignore[no-any-return]

    def entered(self) -> dict[str, tuple[int, float]]:
        """Return how often each reference is in M3, and when it first was."""
        return self.ask("entered", 0)  # type: ignore[no-any-return]

    def ask(self, wish: str, about: Any = None) -> Any:
        """Let its process do something, and return what it answers."""
        self._pipe.send((wish, about))
        return self._pipe.recv()

    def close(self) -> None:
        """End it."""
        self._pipe.send(("end", 0))
        self._process.join(30)
        self._process.close()


def _serve(pipe: Connection) -> None:
    from m3nop.sandbox.seed import seed
    from m3nop.sandbox.server import serve
    from m3nop.sandbox.world import World

    world = World()
    seed(world)
    seen: dict[str, float] = {}
    ended = threading.Event()
    watching = threading.Thread(target=watch, args=(world, seen, ended), daemon=True)
    watching.start()
    with serve(world) as running:
        pipe.send(places_of(running))
        wishes: dict[str, Callable[[Any], Any]] = {
            "place": lambda count: _place(world, count),
            "entered": lambda _: entered_of(world, seen),
            "count": lambda counted: _count(world, *counted),
            "shown": lambda sku: _shown(world, sku),
        }
        obey(pipe, wishes)
    ended.set()
    watching.join()


def obey(pipe: Connection, wishes: dict[str, Callable[[Any], Any]]) -> None:
    """Answer wishes that come through a pipe until its other side has no more."""
    while True:
        wish, about = pipe.recv()
        if wish == "end":
            return
        pipe.send(wishes[wish](about))


def _place(world: Any, count: int) -> list[int]:
    from m3nop.core.clock import SystemClock, to_text
    from m3nop.sandbox import shop

    lines = [{"sku": "LAMP-HEAD", "quantity": 1}]
    order = {"lines": lines, "created": to_text(SystemClock().now())}
    return [int(shop.place_order(world, order)["id"]) for _ in range(count)]


def entered_of(world: Any, seen: dict[str, float]) -> dict[str, tuple[int, float]]:
    """Count by reference what is in M3, with the time at which it first was."""
    counts = Counter(row["CUOR"] for row in list(world.books.table("m3.orders").values()))
    return {name: (count, seen.get(name, 0.0)) for name, count in counts.items()}


def _shown(world: Any, sku: str) -> int:
    """Return what the shop says that there is of a product."""
    (product,) = world.books.table("shop.products").find(sku=sku)
    return int(product["stock_quantity"])


def _count(world: Any, item: str, quantity: int) -> None:
    """Let a stocktaking in M3 find this quantity."""
    from m3nop.sandbox.m3 import stock
    from m3nop.sandbox.m3.session import Session, Tables

    with world.books.change():
        stock.set_on_hand(Session(world, Tables(world)), "001", item, quantity)


def watch(world: Any, seen: dict[str, float], ended: threading.Event) -> None:
    """Note when each order is first in M3's books."""
    table, known = world.books.table("m3.orders"), 0
    while not ended.wait(_LOOK):
        if len(table) != known:
            for row in list(table.values()):
                seen.setdefault(row["CUOR"], time.time())
            known = len(table)


@dataclass(frozen=True)
class Needs:
    """What a process has of the machine."""

    memory: float
    """Megabytes that it holds in memory (RSS)."""
    files: int
    threads: int

    def __str__(self) -> str:
        return f"{self.memory:.0f} MB, {self.files} open files, {self.threads} threads"


@dataclass
class Service:
    """A service on a project whose systems are a shop's, on a fixed port."""

    project: Path
    port: int
    environ: dict[str, str]
    child: subprocess.Popen[bytes] | None = None

    pipelines: tuple[str, ...] = ("orders",)

    @classmethod
    def on(cls, shop: Shop, folder: Path) -> Self:
        """Make the project; orders are polled once, and then named by hooks."""
        project = project_in(folder, shop.places)
        service = cls.of(project, shop.places)
        change(project / "m3nop.yaml", "settle_after: 31s", "settle_after: 31s, rate_limit: null")
        change(project / "pipelines" / "orders.yaml", "schedule: every 5m", "schedule: every 6h")
        return service

    @classmethod
    def of(cls, project: Path, places: Mapping[str, str], *pipelines: str) -> Self:
        """Let the service of a project listen on a free port, to hooks and without a limit on them."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = int(free.getsockname()[1])
        listening = _SETTINGS.format(port=port)
        change(project / "m3nop.yaml", "\nenvironments:", listening + "\nenvironments:")
        environ = {
            "M3_IONAPI": places["ionapi"],
            "SHOP_PASSWORD": places["password"],
            "HOOK": SECRET,
            "GATEWAY": ION_KEY,
        }
        return cls(project, port, {**os.environ, **environ}, pipelines=pipelines or ("orders",))

    @property
    def state_file(self) -> Path:
        """Its state database."""
        return self.project / ".m3nop" / "sandbox" / "state.db"

    def start(self) -> None:
        """Start it, and wait until it listens and its first poll is over."""
        with (self.project / "service.log").open("ab") as log:
            command = [sys.executable, "-m", "m3nop", "run", *self.pipelines]
            self.child = subprocess.Popen(command, cwd=self.project, env=self.environ, stderr=log)
        _until(lambda: self._listens() and bool(self.rows("SELECT 1 FROM runs WHERE ended_at > 0")))

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Kill it if it still runs."""
        if self.child is not None and self.child.poll() is None:
            self.kill()

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        assert self.child is not None
        self.child.kill()
        self.child.wait()

    def end(self) -> None:
        """End it in order."""
        assert self.child is not None
        self.child.send_signal(signal.SIGTERM)
        if self.child.wait(60) != 0:
            msg = f"the service ended with {self.child.returncode}: {self.log()[-2000:]}"
            raise RuntimeError(msg)

    def needs(self) -> Needs | None:
        """Look how much memory, and how many open files and threads it has now, where the system tells."""
        assert self.child is not None
        place = Path(f"/proc/{self.child.pid}")
        if self.child.poll() is not None or not place.exists():
            return None
        facts = dict(line.split(":", 1) for line in (place / "status").read_text("ascii").splitlines())
        files = len(list((place / "fd").iterdir()))
        return Needs(int(facts["VmRSS"].split()[0]) / 1000, files, int(facts["Threads"]))

    def log(self) -> str:
        """Return what it said."""
        return (self.project / "service.log").read_text(encoding="utf-8")

    def messages(self) -> dict[str, str]:
        """Return where each message of the inbox stands, by its id."""
        return dict(self.rows("SELECT message, state FROM inbox"))

    def until_handled(self) -> None:
        """Wait until nothing in the inbox is left to do."""
        _until(lambda: not self.rows("SELECT 1 FROM inbox WHERE state = 'accepted' LIMIT 1"))

    def _listens(self) -> bool:
        with socket.socket() as trying:
            return trying.connect_ex(("127.0.0.1", self.port)) == 0

    def rows(self, statement: str) -> list[Any]:
        """Ask the state, beside its owner; nothing where it cannot be read at this moment."""
        file = self.state_file
        if not file.exists():
            return []
        try:
            with sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=10) as state:
                return state.execute(statement).fetchall()
        except sqlite3.OperationalError:
            return []


def change(file: Path, old: str, new: str) -> None:
    """Put one text in a file in the place of another, which has to be there."""
    text = file.read_text(encoding="utf-8")
    if old not in text:
        msg = f"{file} does not hold {old!r}"
        raise ValueError(msg)
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def _until(condition: Any) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("it did not happen in time")
        time.sleep(_LOOK)


def hook(order: int, number: str, *, key: bytes = KEY) -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers of a signed hook that says that an order is complete."""
    body = json.dumps({"type": "order.placed", "data": {"id": order}}).encode()
    stamp = str(int(time.time()))
    signature = base64.b64encode(hmac.digest(key, f"{number}.{stamp}.".encode() + body, "sha256")).decode()
    return body, {
        "content-type": "application/json", "webhook-id": number, "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{signature}",
    }  # fmt: skip


def request(order: int, number: str, *, key: bytes = KEY) -> bytes:
    """Return a whole HTTP request with a signed hook."""
    body, headers = hook(order, number, key=key)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n{lines}\r\n"
    return head.encode() + body


def status_of(head: bytes) -> int:
    """Return the status of an answer, by its first line; 0 where there is none."""
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", head)
    return int(found[1]) if found else 0
