"""What an order costs in numbers that no machine changes: transactions, requests, bytes, statements, commits.

Counted are two runs, and told is what the second had more, by the orders that it had more: the start of a run
is left out. How groups form depends a little on time, so requests and commits vary by some percent.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.contenders import M3NOP, NEAR
from benchmarks.running import ask, check, double, environ, project_in, spend

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Counts:
    """Of one order."""

    transactions: float
    """That enter something."""
    reads: float
    """Look-ups in M3."""
    requests: float
    """Of all kinds, to both systems."""
    sent_bytes: float
    """In addresses and bodies."""
    statements: float
    """Of the state database; each row that is written is one."""
    commits: float


def measure(*, few: int, many: int) -> Counts:
    """Count with few and with many orders."""
    less, more = _count(few), _count(many)
    return Counts(**{name: (more[name] - less[name]) / (many - few) for name in more})


def _count(orders: int) -> Mapping[str, float]:
    with double(NEAR, orders) as port, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "counts.json"
        python, _, _, *arguments = M3NOP.command(port, project_in(Path(folder)), here=True)
        spend([python, "-m", "benchmarks.counting", str(file), *arguments], environ(port, M3NOP.variables))
        books = ask(port, "/books")
        counted = json.loads(file.read_text(encoding="utf-8"))
    check(M3NOP.name, books, orders)
    return {
        "transactions": sum(number for name, number in books.items() if name.startswith("OIS100MI/")),
        "reads": books["EXPORTMI/Select"],
        "requests": books["requests"],
        "sent_bytes": books["received"],
        **counted,
    }
