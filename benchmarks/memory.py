"""Peak memory of a run, by the number of orders: ``python -m benchmarks.memory [SMALL LARGE]``.

Each size gets a sandbox in a process of its own and a run of ``m3nop sync orders`` in another, whose peak
memory the operating system tells when it ends. What is printed is the ratio of the two peaks.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import resource
    from multiprocessing.connection import Connection

    from m3nop.sandbox.server import Running

PACK = Path(__file__).parents[1] / "configs"
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Measured:
    """One run: how many orders were entered, its peak memory and how long it took."""

    orders: int
    entered: int
    peak_mb: float
    seconds: float


def measure(orders: int) -> Measured:
    """Sync so many orders in one run."""
    ours, theirs = _SPAWN.Pipe()
    sandbox = _SPAWN.Process(target=_serve, args=(theirs, orders), daemon=True)
    sandbox.start()
    places = ours.recv()
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _sync(project_in(Path(folder), places), places, orders)
    finally:
        ours.send("end")
        sandbox.join(30)
        sandbox.close()


def _serve(pipe: Connection, orders: int) -> None:
    from m3nop.sandbox import shop
    from m3nop.sandbox.seed import seed
    from m3nop.sandbox.server import serve
    from m3nop.sandbox.world import World

    world = World()
    seed(world)
    shop.bulk_seed(world, orders=orders)
    with serve(world) as running:
        pipe.send(places_of(running))
        pipe.recv()


def places_of(running: Running) -> dict[str, str]:
    """Return where a sandbox is, and what it lets in: what ``project_in`` and its secrets need."""
    from m3nop.sandbox import access

    return {
        "m3": running.m3_url, "shop": running.shop_url, "ionapi": json.dumps(running.ionapi),
        "user": access.SHOP_USER, "password": access.SHOP_PASSWORD,
    }  # fmt: skip


def project_in(folder: Path, places: dict[str, str]) -> Path:
    """Copy the pack, with one environment whose systems are at these places."""
    project = folder / "project"
    shutil.copytree(PACK, project, ignore=shutil.ignore_patterns(".m3nop"))
    text = (project / "m3nop.yaml").read_text(encoding="utf-8")
    text = (
        text[: text.index("\nenvironments:")]
        + f"""
environments:
  sandbox:
    connections:
      erp: {{url: "{places["m3"]}", timeout: 30s, settle_after: 31s}}
      shop:
        url: "{places["shop"]}"
        credentials: {{username: "{places["user"]}", password: "${{secret:SHOP_PASSWORD}}"}}
    start: {{customers: 2020-01-01T00:00:00Z, orders: 2020-01-01T00:00:00Z}}
"""
    )
    (project / "m3nop.yaml").write_text(text, encoding="utf-8")
    return project


def _sync(project: Path, places: dict[str, str], orders: int) -> Measured:
    environ = {**os.environ, "M3_IONAPI": places["ionapi"], "SHOP_PASSWORD": places["password"]}
    before = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "m3nop", "sync", "orders", "--json", "--quiet"],
        cwd=project, env=environ, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    with child.stdout:
        out = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        msg = f"the run of {orders} orders ended with {child.returncode}: {out}"
        raise RuntimeError(msg)
    entered = json.loads(out)["counts"]["done"]
    return Measured(orders, entered, megabytes(usage), time.monotonic() - before)


def megabytes(usage: resource.struct_rusage) -> float:
    """Return the peak memory of a process that has ended."""
    return usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Measure both sizes and print the ratio."""
    small, large = (int(text) for text in sys.argv[1:3]) if len(sys.argv) > 2 else (1_000, 10_000)
    results = [measure(small), measure(large)]
    for one in results:
        done = f"{one.orders:>7} orders: {one.entered} records done"
        print(f"{done}, peak {one.peak_mb:.0f} MB, {one.seconds:.0f} s")
    print(f"peak memory ratio: {results[1].peak_mb / results[0].peak_mb:.2f}")


if __name__ == "__main__":
    main()
