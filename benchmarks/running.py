"""Runs one contender against a double of its own, and says what that took."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import TYPE_CHECKING
from urllib.request import ProxyHandler, build_opener

from benchmarks.memory import megabytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.contenders import Contender, Setting

ROOT = Path(__file__).parents[1]
PROJECT = Path(__file__).parent / "project"
IONAPI = {
    "ti": "BENCH_TST", "cn": "bench", "dt": "12", "ci": "bench", "cs": "bench", "ot": "token.oauth2",
    "saak": "bench", "sask": "bench", "iu": "", "oa": "authorization.oauth2", "or": "revoke.oauth2",
}  # fmt: skip
CLEAN = {"missing": 0, "doubled": 0, "wrong_lines": 0}
_LINES_OF_OUTPUT = 2_000
_DIRECT = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class Spent:
    """What a process took: seconds, processor seconds, peak memory, and the clock when it was started."""

    seconds: float
    cpu: float
    peak_mb: float
    started: float


@dataclass(frozen=True)
class Measured:
    """One run of one contender, whose orders the double's books found entered once and whole."""

    contender: str
    setting: str
    orders: int
    seconds: float
    """Of the whole process."""
    at_work: float
    """Seconds from its first request to its last."""
    first_entry: float
    """Seconds from its start until M3 was first asked to enter something."""
    cpu: float
    """Seconds of processor time of the whole process."""
    peak_mb: float
    books: Mapping[str, float]
    """The double's, with its counts of requests and transactions."""

    @property
    def rate(self) -> float:
        """Orders a second."""
        return self.orders / self.seconds

    @property
    def rate_at_work(self) -> float:
        """Orders a second, its start and end left out."""
        return self.orders / self.at_work

    @property
    def cpu_per_thousand(self) -> float:
        """Seconds of processor time for 1,000 orders."""
        return self.cpu * 1_000 / self.orders


def run(contender: Contender, setting: Setting, orders: int, *, here: bool = False) -> Measured:
    """Let a contender enter the orders of a fresh double.

    Raises:
        RuntimeError: it failed, or did not enter each order once and whole.
    """
    with double(setting, orders) as port, tempfile.TemporaryDirectory() as folder:
        project = project_in(Path(folder))
        spent = spend(contender.command(port, project, here=here), environ(port, contender.variables))
        books = ask(port, "/books")
    check(contender.name, books, orders)
    return Measured(
        contender.name, setting.name, orders, spent.seconds, books["ended"] - books["began"],
        books["entered_first"] - spent.started, spent.cpu, spent.peak_mb, books,
    )  # fmt: skip


def check(name: str, books: Mapping[str, float], orders: int) -> None:
    """Look into the books.

    Raises:
        RuntimeError: an order is missing, doubled or has other lines.
    """
    clean = {"entered": orders, **CLEAN}
    if {word: books[word] for word in clean} != clean:
        msg = f"{name} left {books}"
        raise RuntimeError(msg)


def spend(command: Sequence[str], environment: Mapping[str, str]) -> Spent:
    """Run a command to its end.

    Raises:
        RuntimeError: it failed.
    """
    with tempfile.TemporaryFile() as output:
        started = time.monotonic()
        child = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read().decode(errors="replace")
    if child.returncode:
        msg = f"{' '.join(command)} ended with {child.returncode}:\n{said[-_LINES_OF_OUTPUT:]}"
        raise RuntimeError(msg)
    return Spent(seconds, usage.ru_utime + usage.ru_stime, megabytes(usage), started)


def environ(port: int, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that leads a contender to the double.

    Byte code is kept, as an installed package has it.
    """
    url = f"http://127.0.0.1:{port}"
    kept = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        **kept,
        "M3_IONAPI": json.dumps({**IONAPI, "pu": f"{url}/BENCH_TST/as/", "iu": url}),
        "BENCH_URL": url,
        "SHOP_PASSWORD": "bench",
        "PYTHONPATH": str(ROOT),
        **variables,
    }


@contextmanager
def double(setting: Setting, orders: int) -> Iterator[int]:
    """Start a double of orders in a process of its own, and yield its port."""
    wanted = [str(orders), str(setting.latency / 1000), str(setting.cost / 1000)]
    with serving("benchmarks.double", *wanted) as port:
        yield port


@contextmanager
def serving(module: str, *arguments: str) -> Iterator[int]:
    """Start a double in a process of its own, and yield its port."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            yield int(child.stdout.readline())
        finally:
            child.stdin.close()


def ask(port: int, path: str) -> dict[str, float]:
    """Ask the double for its books."""
    with _DIRECT.open(f"http://127.0.0.1:{port}{path}", timeout=600) as answer:
        books: dict[str, float] = json.load(answer)
    return books


def project_in(folder: Path, source: Path = PROJECT) -> Path:
    """Copy a project, whose state is kept in it."""
    return Path(shutil.copytree(source, folder / "project", ignore=shutil.ignore_patterns(".m3nop")))
