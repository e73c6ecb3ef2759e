"""Orders from a shop to M3, side by side with what a user would pick instead.

``python -m benchmarks.orders [--orders N] [--rounds N] [--latency MS ...] [--cost MS] [--peers NAME ...]``

Every contender is a process of its own against a double of its own (see ``benchmarks.double``), which says
afterwards whether each order was entered once and whole. Contenders take turns, so that a slow moment of the
machine hits them all; printed are medians, the spread that was seen, and the ratios within each round.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from subprocess import PIPE
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.memory import megabytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[1]
PROJECT = Path(__file__).parent / "project"
IONAPI = {
    "ti": "BENCH_TST", "cn": "bench", "dt": "12", "ci": "bench", "cs": "bench", "ot": "token.oauth2",
    "saak": "bench", "sask": "bench", "iu": "", "oa": "authorization.oauth2", "or": "revoke.oauth2",
}  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """One run of one contender."""

    contender: str
    seconds: float
    cpu: float
    peak_mb: float
    verdict: Mapping[str, int]


@dataclass(frozen=True)
class Setting:
    """What the double is like: orders in the shop, milliseconds before an answer and for each transaction."""

    orders: int
    latency: float
    cost: float


def commands(port: int, project: Path) -> dict[str, list[str]]:
    """Return how each contender is started."""
    python = sys.executable
    return {
        "m3nop": [
            python,
            "-m",
            "m3nop",
            "sync",
            "orders",
            "--project",
            str(project),
            "--env",
            "bench",
            "--json",
            "--quiet",
        ],
        "bulk 50x4": [python, "-m", "benchmarks.peers.bulk", str(port)],
        "bulk 100, sequential": [python, "-m", "benchmarks.peers.sequential", str(port)],
        "single x32": [python, "-m", "benchmarks.peers.single", str(port)],
    }


def run(contender: str, setting: Setting) -> Measured:
    """Let a contender enter the orders of a fresh double.

    Raises:
        RuntimeError: it failed, or did not enter each order once and whole.
    """
    with double(setting) as port, tempfile.TemporaryDirectory() as folder:
        url = f"http://127.0.0.1:{port}"
        project = project_in(Path(folder))
        environ = {
            **os.environ,
            "M3_IONAPI": json.dumps({**IONAPI, "pu": f"{url}/BENCH_TST/as/", "iu": url}),
            "BENCH_URL": url,
            "SHOP_PASSWORD": "bench",
            "PYTHONPATH": str(ROOT),
        }
        before = time.perf_counter()
        with (Path(folder) / "output").open("w+b") as output:
            child = subprocess.Popen(
                commands(port, project)[contender], env=environ, stdout=output, stderr=output
            )
            _, status, usage = os.wait4(child.pid, 0)
            seconds = time.perf_counter() - before
            child.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            said = output.read().decode()
        verdict = httpx.get(f"{url}/books", trust_env=False).json()
    clean = {"entered": setting.orders, "missing": 0, "doubled": 0, "wrong_lines": 0}
    if child.returncode != 0 or {name: verdict[name] for name in clean} != clean:
        msg = f"{contender} ended with {child.returncode}: {verdict}\n{said[-2000:]}"
        raise RuntimeError(msg)
    return Measured(contender, seconds, usage.ru_utime + usage.ru_stime, megabytes(usage), verdict)


@contextmanager
def double(setting: Setting) -> Iterator[int]:
    """Start a double in a process of its own, and yield its port."""
    command = [
        sys.executable, "-m", "benchmarks.double", str(setting.orders), str(setting.latency / 1000),
        str(setting.cost / 1000),
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            yield int(child.stdout.readline())
        finally:
            child.stdin.close()


def project_in(folder: Path) -> Path:
    """Copy the project, whose state is kept beside it."""
    return Path(shutil.copytree(PROJECT, folder / "project"))


def compare(setting: Setting, contenders: Sequence[str], rounds: int) -> dict[str, list[Measured]]:
    """Run every contender once a round; the first round only warms up."""
    found: dict[str, list[Measured]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name in contenders:
            measured = run(name, setting)
            if number:
                found[name].append(measured)
    return found


def rows(setting: Setting, found: Mapping[str, Sequence[Measured]]) -> Iterator[str]:
    """Say what was found, with m3nop as the measure of the others."""
    yield f"{setting.orders} orders, {setting.latency:g} ms an answer, {setting.cost:g} ms a transaction"
    titles = ("orders/s", "spread", "m3nop is", "CPU s/1000", "peak MB", "requests")
    yield " " * 22 + "".join(f"{title:>11}" for title in titles)
    ours = found.get("m3nop", ())
    for name, runs in found.items():
        speeds = [setting.orders / one.seconds for one in runs]
        ratio = (
            statistics.median(b.seconds / a.seconds for a, b in zip(ours, runs, strict=False)) if ours else 0
        )
        cpu = statistics.median(one.cpu for one in runs) * 1000 / setting.orders
        yield (
            f"{name:<22}{statistics.median(speeds):>11.0f}{max(speeds) / min(speeds):>10.2f}x{ratio:>10.2f}x"
            f"{cpu:>11.2f}{max(one.peak_mb for one in runs):>11.0f}{runs[-1].verdict['requests']:>11}"
        )


def main() -> None:
    """Compare, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.orders", description=__doc__)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", type=float, nargs="+", default=[0, 5, 50], help="milliseconds an answer")
    parser.add_argument("--cost", type=float, default=0, help="milliseconds a transaction")
    parser.add_argument("--contenders", nargs="+", default=list(commands(0, Path())))
    parser.add_argument("--json", type=Path, help="file for every run's figures")
    options = parser.parse_args()
    results: list[dict[str, Any]] = []
    for latency in options.latency:
        setting = Setting(options.orders, latency, options.cost)
        found = compare(setting, options.contenders, options.rounds)
        print("\n".join(rows(setting, found)), end="\n\n", flush=True)
        results += [{**asdict(setting), **asdict(one)} for runs in found.values() for one in runs]
    if options.json:
        options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
