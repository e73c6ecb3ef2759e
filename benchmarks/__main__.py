"""The benchmarks: ``python -m benchmarks``; ``--help`` tells the options.

A load double of the shop and of M3 runs in a process of its own; m3nop and what a user would pick instead
take turns at it. See docs/explanation/performance.md.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import ceiling, chart, counts, growth, orders, profiling, report, results, running, verdict
from benchmarks.contenders import M3NOP, M3NOP_SINGLE, NEAR, NO_WAIT, PLAYERS, SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.results import Results

_USUAL: dict[str, Any] = {"rounds": 3, "seconds": 3.0, "many": 100_000, "rows": 1_000_000}
_QUICK: dict[str, Any] = {
    "rounds": 1, "seconds": 0.1, "many": 1_000, "rows": 20_000, "settings": [NEAR.name],
}  # fmt: skip
_FOR_MEMORY = 0.2
"""Share of the time that is kept for the last part, when there is a limit."""
_STARTED = re.compile(r"^(.*?)\s+[\d.]+ ms\s+([\d.]+)x", re.MULTILINE)


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Compare m3nop with what a user would pick instead."
    )
    names = [one.name for one in PLAYERS]
    parser.add_argument("--quick", action="store_true", help="about a minute, to see that everything works")
    parser.add_argument("--rounds", type=int, help="how often each takes its turn (3)")
    parser.add_argument("--seconds", type=float, help="about how long a turn lasts (3)")
    parser.add_argument("--within", type=float, default=math.inf, help="minutes; then rounds are left out")
    parser.add_argument("--only", nargs="+", choices=list(_PARTS), default=list(_PARTS), help="parts to run")
    settings = [one.name for one in SETTINGS]
    parser.add_argument("--settings", nargs="+", choices=settings, metavar="NAME", help=", ".join(settings))
    parser.add_argument("--contenders", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument(
        "--here", action="store_true", help="peers run in this environment; those of another not"
    )
    parser.add_argument("--many", type=int, help="orders of the large run (100000)")
    parser.add_argument("--rows", type=int, help="rows of the large state (1000000)")
    parser.add_argument("--balances", type=Path, help="what `python -m benchmarks.balances --json` wrote")
    parser.add_argument("--from", dest="earlier", type=Path, help="measure nothing, tell what --json wrote")
    parser.add_argument("--json", type=Path, help="file for everything that was measured")
    parser.add_argument("--chart", type=Path, help="file for a chart, as SVG")
    parser.add_argument("--page", type=Path, help="page whose figures are replaced")
    parser.add_argument("--profile", action="store_true", help="profile m3nop instead")
    chosen = parser.parse_args(arguments)
    usual = _QUICK if chosen.quick else {**_USUAL, "settings": settings}
    for name, value in usual.items():
        if getattr(chosen, name) is None:
            setattr(chosen, name, value)
    return chosen


def measure(chosen: argparse.Namespace) -> Results:
    """Run the chosen parts."""
    found = results.here()
    chosen.until = time.monotonic() + chosen.within * 60
    for name in chosen.only:
        _PARTS[name](found, chosen)
    return found


def _ceiling(found: Results, chosen: argparse.Namespace) -> None:
    found.ceiling = ceiling.measure(orders=int(8_000 * chosen.seconds))


def _orders(found: Results, chosen: argparse.Namespace) -> None:
    contenders = [
        one
        for one in PLAYERS
        if one.name in chosen.contenders and not (chosen.here and one.module and one.needs != "plain")
    ]
    settings = [one for one in SETTINGS if one.name in chosen.settings]
    if not chosen.quick:
        orders.warm_up(NO_WAIT, [one for one in contenders if not one.variables], here=chosen.here)
    found.orders = orders.compare(
        settings, contenders, rounds=chosen.rounds, seconds=chosen.seconds, here=chosen.here,
        until=chosen.until - (_FOR_MEMORY * chosen.within * 60 if chosen.within < math.inf else 0),
    )  # fmt: skip


def _counts(found: Results, chosen: argparse.Namespace) -> None:
    print("what an order costs", file=sys.stderr, flush=True)
    few = max(int(100 * chosen.seconds), orders.FEWEST)
    found.counts = counts.measure(few=few, many=4 * few)


def _memory(found: Results, chosen: argparse.Namespace) -> None:
    """Measure with few and with many orders: with twenty times as many, or what there is time for."""
    few, many = chosen.many // 20, chosen.many
    for number in (few, many):
        left = (chosen.until - time.monotonic()) * found.memory[0].rate if found.memory else number
        orders = max(int(min(number, left)), 2 * few) if found.memory else number
        print(f"memory of {orders:,} orders", file=sys.stderr, flush=True)
        found.memory.append(running.run(M3NOP, NO_WAIT, orders))


def _growth(found: Results, chosen: argparse.Namespace) -> None:
    if not growth.room_for(chosen.rows):
        print("no room for a large state in the folder of temporary files", file=sys.stderr)
        return
    found.growth = growth.measure(
        few=max(chosen.rows // 100, 2_000), many=chosen.rows, orders=max(int(500 * chosen.seconds), 20),
        rounds=chosen.rounds,
    )  # fmt: skip


def _startup(found: Results, chosen: argparse.Namespace) -> None:
    print("start", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "benchmarks.startup", str(5 * chosen.rounds)]
    told = subprocess.run(command, cwd=running.ROOT, check=True, capture_output=True, text=True).stdout
    found.startup = {name: float(ratio) for name, ratio in _STARTED.findall(told)}


_PARTS: dict[str, Callable[[Results, argparse.Namespace], None]] = {
    "ceiling": _ceiling,
    "startup": _startup,
    "counts": _counts,
    "growth": _growth,
    "orders": _orders,
    "memory": _memory,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, tell, write; 1 if an aim was missed, which numbers of ``--quick`` do not say."""
    chosen = options(arguments)
    if chosen.profile:
        for contender, share in ((M3NOP, 1_000), (M3NOP_SINGLE, 100)):
            print(
                contender.name, profiling.profile(contender, NO_WAIT, int(share * chosen.seconds)), sep="\n"
            )
        return 0
    found = results.read(chosen.earlier) if chosen.earlier else measure(chosen)
    if chosen.balances:
        found.balances = json.loads(chosen.balances.read_text(encoding="utf-8"))
    print(report.text(found))
    if chosen.json:
        found.write(chosen.json)
    if chosen.chart:
        chosen.chart.write_text(chart.svg(found.orders), encoding="utf-8")
    if chosen.page:
        drawn = os.path.relpath(chosen.chart, chosen.page.parent) if chosen.chart else ""
        report.FIGURES.write(chosen.page, report.block(found, drawn.replace(os.sep, "/")))
    missed = any(line.verdict == "not ok" for line in verdict.lines(found))
    return int(missed and not chosen.quick)


if __name__ == "__main__":
    sys.exit(main())
