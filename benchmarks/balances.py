"""A list of many balances, of which few changed: ``python -m benchmarks.balances [FEW MANY] [--json FILE]``.

M3 lists all of them again and again, because its list tells the day of a change only; each row is compared
with the digest of what the state has, and the shop hears of those that differ. Load doubles play both
systems. For each number a first run takes in some thousand items, whose records are then copied until there
is one for each: comparing everything once with the shop is measured by ``benchmarks.inventory``.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import tables
from benchmarks.pages import Figures
from benchmarks.results import here
from benchmarks.running import Spent, ask, environ, project_in, serving, spend

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FIGURES = Figures("python -m benchmarks.balances --page")
PROJECT = Path(__file__).parent / "stock"
TAKEN_IN = 5_000
"""Items of the first run."""
_COPY = """
INSERT INTO records SELECT {columns} FROM records WHERE id <= :taken_in
"""
_NEW_ITEM = "printf('ITEM-%07d', CAST(substr(key, 10) AS INTEGER) + :copy * :taken_in)"
_CHANGED = {
    "id": "id + :copy * :taken_in", "key": f"'001-' || {_NEW_ITEM}",
    "snapshot_id": "snapshot_id + :copy * :kept",
}  # fmt: skip
_COPY_SNAPSHOTS = """
INSERT INTO snapshots SELECT snapshots.id + :copy * :kept, replace(snapshot, substr(key, 5), {new_item})
FROM records JOIN snapshots ON snapshots.id = snapshot_id WHERE records.id <= :taken_in
"""


@dataclass(frozen=True)
class Run:
    """One run: rows that M3 listed, requests for stock and to change it, and what it took."""

    rows: int
    lookups: int
    writes: int
    seconds: float
    cpu: float
    peak_mb: float


@dataclass(frozen=True)
class Balances:
    """The runs for one number of items."""

    items: int
    equal: Run
    """Nothing changed."""
    incremental: Run
    """1 % changed."""


def measure(items: int) -> Balances:
    """Run twice with so many items.

    Raises:
        RuntimeError: the shop's stock is not that of M3 afterwards.
    """
    taken_in = min(items, TAKEN_IN)
    with serving("benchmarks.goods", str(taken_in)) as port, tempfile.TemporaryDirectory() as folder:
        project = project_in(Path(folder), PROJECT)
        _sync(port, project)
        _copy(project / ".m3nop" / "bench" / "state.db", items // taken_in - 1, taken_in)
        ask(port, f"/grow?items={items}")
        equal = _sync(port, project)
        ask(port, f"/change?items={max(items // 100, 1)}")
        return Balances(items, equal, _sync(port, project))


def _sync(port: int, project: Path) -> Run:
    before = ask(port, "/books")
    wanted = ["--project", str(project), "--env", "bench", "--json", "--quiet"]
    print(f"{before['items']:,} balances, {before['differ']:,} changed", file=sys.stderr, flush=True)
    spent = spend([sys.executable, "-m", "m3nop", "sync", "balances", *wanted], environ(port, {}))
    return _run(spent, before, ask(port, "/books"))


def _run(spent: Spent, before: dict[str, float], after: dict[str, float]) -> Run:
    if after["differ"]:
        msg = f"the stock of {after['differ']} products is not that of M3"
        raise RuntimeError(msg)
    rows, lookups, writes = (int(after[name] - before[name]) for name in ("rows", "lookups", "writes"))
    if writes != before["differ"]:
        msg = f"{before['differ']} balances had changed, and the shop was written to {writes} times"
        raise RuntimeError(msg)
    return Run(rows, lookups, writes, spent.seconds, spent.cpu, spent.peak_mb)


def _copy(database: Path, copies: int, taken_in: int) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(records)")]
        statement = _COPY.format(columns=", ".join(_CHANGED.get(name, f'"{name}"') for name in names))
        (kept,) = connection.execute("SELECT max(id) FROM snapshots").fetchone()
        for copy in range(1, copies + 1):
            values = {"copy": copy, "taken_in": taken_in, "kept": kept}
            connection.execute(_COPY_SNAPSHOTS.format(new_item=_NEW_ITEM), values)
            connection.execute(statement, values)


def main() -> None:
    """Measure both numbers, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.balances", description=__doc__)
    parser.add_argument("items", nargs="*", type=int, default=[50_000, 500_000], help="%(default)s")
    parser.add_argument("--json", type=Path, help="file for what was measured")
    parser.add_argument("--page", type=Path, help="page whose figures are replaced")
    chosen = parser.parse_args()
    found = [measure(items) for items in chosen.items]
    rows, linear = list(_rows(found)), _growth(found)
    print(tables.plain(rows), linear, sep="\n\n")
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n", encoding="utf-8")
    if chosen.page:
        machine = here()
        measured = f"Measured on {machine.day}: {machine.machine}. {linear}"
        FIGURES.write(chosen.page, [*tables.markdown(rows), "", measured, ""])


def _rows(found: Sequence[Balances]) -> Iterator[Sequence[str]]:
    yield (
        "balances", "run", "rows read", "look-ups", "writes", "time", "processor time", "rows/s",
        "peak memory",
    )  # fmt: skip
    for one in found:
        for name, run in (("nothing changed", one.equal), ("1 % changed", one.incremental)):
            yield (
                f"{one.items:,}", name, f"{run.rows:,}", f"{run.lookups:,}", f"{run.writes:,}",
                f"{run.seconds:.1f} s", f"{run.cpu:.1f} s", f"{run.rows / run.seconds:,.0f}",
                f"{run.peak_mb:.0f} MB",
            )  # fmt: skip


def _growth(found: Sequence[Balances]) -> str:
    few, many = found[0], found[-1]
    times = [
        f"{second.seconds / first.seconds:.1f} times as long{what}"
        for first, second, what in (
            (few.equal, many.equal, ""),
            (few.incremental, many.incremental, " where 1 % changed"),
        )
    ]
    return f"{many.items / few.items:g} times as many balances take {times[0]}, {times[1]}."


if __name__ == "__main__":
    main()
