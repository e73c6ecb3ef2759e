"""Stock of many items: ``python -m benchmarks.inventory [SMALL LARGE]``.

Each size gets a sandbox in a process of its own, with as many items in M3 and products in the shop, and
three runs of ``m3nop sync inventory`` in processes of theirs: the first, which compares everything; one after
1 % of the balances changed; and a full comparison. Printed are what each read and wrote, its peak memory and
time, and the ratio of the peaks.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.memory import megabytes, places_of, project_in

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_SPAWN = multiprocessing.get_context("spawn")
_ON_HAND = 100
_CHANGED = 40
_WRITES = ("PUT", "POST", "DELETE")


@dataclass(frozen=True)
class Run:
    """One run: rows that it took in, what it asked and wrote, its peak memory and its time."""

    read: int
    m3_calls: int
    m3_requests: int
    """Of one or many calls."""
    shop_reads: int
    shop_writes: int
    peak_mb: float
    cpu_seconds: float
    """Of the run alone, which a busy machine changes less than how long it took."""
    seconds: float


@dataclass(frozen=True)
class Measured:
    """The runs for one number of items."""

    items: int
    changed: int
    first: Run
    incremental: Run
    full: Run


def measure(items: int) -> Measured:
    """Load so many items, and run three times."""
    ours, theirs = _SPAWN.Pipe()
    sandbox = _SPAWN.Process(target=_serve, args=(theirs, items), daemon=True)
    sandbox.start()
    places = ours.recv()
    changed = max(items // 100, 1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            project = project_in(Path(folder), places)
            # The last minutes of M3's clock are read again for safety: nothing changed in those.
            _ask(ours, "advance", 600)
            first = _sync(project, places, ours)
            _ask(ours, "advance", 600)
            _ask(ours, "change", changed)
            incremental = _sync(project, places, ours)
            full = _sync(project, places, ours, "--full")
            return Measured(items, changed, first, incremental, full)
    finally:
        ours.send(("end", 0))
        sandbox.join(30)
        sandbox.close()


def _serve(pipe: Connection, items: int) -> None:
    from m3nop.sandbox import catalogue, shop
    from m3nop.sandbox.m3.happenings import HAPPENINGS
    from m3nop.sandbox.seed import seed
    from m3nop.sandbox.server import serve
    from m3nop.sandbox.world import World

    world = World()
    seed(world)
    HAPPENINGS["/m3/bulk"](world, {}, {"items": items, "on_hand": _ON_HAND})
    shop.bulk_seed(world, products=items, orders=0)
    products = world.books.table("shop.products")
    with world.books.change():
        for row in products.select(("sku", ">=", "BULK-"), ("sku", "<", "BULK.")):
            products[str(row["id"])] = {**row, "stock_quantity": _ON_HAND}
    tally = _Tally()
    world.on_request.append(tally.add)
    with serve(world) as running:
        pipe.send(places_of(running))
        while True:
            wish, number = pipe.recv()
            if wish == "end":
                return
            if wish == "change":
                counted = [
                    {"itno": catalogue.bulk_sku(index + 1), "whlo": "001", "quantity": str(_CHANGED)}
                    for index in range(number)
                ]
                HAPPENINGS["/m3/stock"](world, {}, counted)
            elif wish == "advance":
                world.clock.advance(float(number))
            pipe.send(tally.take())


class _Tally:
    """Counts what both systems are asked; their own log keeps the last requests only."""

    def __init__(self) -> None:
        self._found: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, request: Any) -> None:
        with self._lock:
            if request.system == "m3":
                calls = _calls(request)
                self._found["m3"] += calls
                self._found["requests"] += calls > 0
            elif request.method in _WRITES and "token" not in request.path.lower():
                self._found["writes"] += 1
            else:
                self._found["reads"] += 1

    def take(self) -> dict[str, int]:
        """Return what was counted since the last time."""
        with self._lock:
            found, self._found = dict(self._found), Counter()
        return found


def _calls(request: Any) -> int:
    if not any("MI/" in name for name in request.operations):
        return 0
    return len(json.loads(request.body)["transactions"]) if request.method == "POST" else 1


def _ask(pipe: Connection, wish: str, number: int) -> dict[str, int]:
    pipe.send((wish, number))
    counted: dict[str, int] = pipe.recv()
    return counted


def _sync(project: Path, places: dict[str, str], pipe: Connection, *options: str) -> Run:
    _ask(pipe, "count", 0)
    environ = {**os.environ, "M3_IONAPI": places["ionapi"], "SHOP_PASSWORD": places["password"]}
    before = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "m3nop", "sync", "inventory", "--json", "--quiet", *options],
        cwd=project, env=environ, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    with child.stdout:
        out = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        msg = f"the run ended with {child.returncode}: {out}"
        raise RuntimeError(msg)
    seconds, counted = time.monotonic() - before, _ask(pipe, "count", 0)
    return Run(
        read=json.loads(out)["counts"].get("read", 0), m3_calls=counted.get("m3", 0),
        m3_requests=counted.get("requests", 0),
        shop_reads=counted.get("reads", 0), shop_writes=counted.get("writes", 0),
        peak_mb=megabytes(usage), cpu_seconds=usage.ru_utime + usage.ru_stime, seconds=seconds,
    )  # fmt: skip


def main() -> None:
    """Measure both sizes and print the figures and ratios."""
    small, large = (int(text) for text in sys.argv[1:3]) if len(sys.argv) > 2 else (5_000, 50_000)
    results = [measure(small), measure(large)]
    for one in results:
        for name, run in (("first", one.first), ("1 % changed", one.incremental), ("full", one.full)):
            print(
                f"{one.items:>6} items, {name:<11}: {run.read} rows read, {run.m3_calls} calls of M3 "
                f"in {run.m3_requests} requests, "
                f"{run.shop_reads} reads and {run.shop_writes} writes of the shop, "
                f"peak {run.peak_mb:.0f} MB, {run.cpu_seconds:.0f} s of processor time, {run.seconds:.0f} s"
            )
    for name in ("first", "incremental", "full"):
        few, many = (getattr(one, name).peak_mb for one in results)
        print(f"peak memory ratio, {name}: {many / few:.2f}")


if __name__ == "__main__":
    main()
