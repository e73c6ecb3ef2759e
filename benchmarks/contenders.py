"""Who takes part, how each is started, and the settings in which they are compared."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.environments import python_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Setting:
    """What the double is like: milliseconds before an answer, and for each transaction of it."""

    name: str
    latency: float
    cost: float = 0.0


NO_WAIT = Setting("0 ms", 0)
NEAR = Setting("5 ms", 5)
FAR = Setting("50 ms", 50)
SLOW = Setting("1 ms a transaction", 5, 1)
SETTINGS = (NO_WAIT, NEAR, FAR, SLOW)


@dataclass(frozen=True)
class Contender:
    """A program that brings a shop's orders to M3."""

    name: str
    expected: Mapping[str, int]
    """Orders a second that it about does in a setting, by which it is given orders; none: it is left out."""
    module: str = ""
    """What it is started as; blank for m3nop."""
    arguments: tuple[str, ...] = ()
    needs: str = "plain"
    """The environment that it runs in."""
    environment: str = "bench"
    """Of m3nop's project."""
    variables: Mapping[str, str] = field(default_factory=dict)

    def command(self, port: int, project: Path, *, here: bool) -> list[str]:
        """Return its command line; ``here`` runs it in this environment whatever it needs."""
        if not self.module:
            wanted = ["--project", str(project), "--env", self.environment, "--json", "--quiet"]
            return [sys.executable, "-m", "m3nop", "sync", "orders", *wanted]
        python = sys.executable if here else str(python_of(self.needs))
        return [python, "-m", self.module, str(port), *self.arguments]


def _fixed(size: int) -> Contender:
    variables = {"BENCH_GROUP": str(size), "BENCH_CONFIRM": str(min(size, 50))}
    return Contender(f"m3nop, at most {size}", {SLOW.name: 700}, environment="fixed", variables=variables)


def _speeds(*numbers: int) -> dict[str, int]:
    """Of the settings in their order; 0 where it does not take part."""
    return {setting.name: number for setting, number in zip(SETTINGS, numbers, strict=True) if number}


# Without waiting m3nop and dlt get as many orders: processor time, memory and the first entry are compared.
M3NOP = Contender("m3nop", _speeds(700, 1_400, 700, 400))
M3NOP_SINGLE = Contender("m3nop, single", _speeds(300, 300, 110, 0), environment="single")
DLT = Contender("dlt", _speeds(700, 30, 4, 0), "benchmarks.peers.dlt_pipeline", needs="dlt")
DLT_TUNED = Contender(
    "dlt, tuned", _speeds(700, 150, 75, 0), "benchmarks.peers.dlt_pipeline", ("32",), needs="dlt"
)
SEQUENTIAL = Contender("bulk 100, sequential", _speeds(1_500, 900, 300, 0), "benchmarks.peers.sequential")
# As many orders as m3nop has, so that the two starts weigh as much.
BULK = Contender("bulk 50x4", _speeds(700, 1_400, 700, 400), "benchmarks.peers.bulk")
SINGLE = Contender("single x32", _speeds(300, 300, 110, 0), "benchmarks.peers.single")
WIDE = Contender("m3nop, wide", {SLOW.name: 700}, environment="wide")
SWEEP = tuple(map(_fixed, (5, 10, 20, 50)))
PLAYERS = (M3NOP, BULK, SEQUENTIAL, M3NOP_SINGLE, SINGLE, DLT, DLT_TUNED, WIDE, *SWEEP)
