"""What the double itself can do: the quickest bare client there is, in bulk and by single transactions."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from benchmarks.contenders import NO_WAIT
from benchmarks.running import ask, check, double, environ, spend


@dataclass(frozen=True)
class Ceiling:
    """Orders a second that the double serves, the client's start left out."""

    bulk: float
    single: float


def measure(*, orders: int) -> Ceiling:
    """Measure with so many orders in bulk, and a tenth of them by single transactions."""
    return Ceiling(_rate(orders, size=50, workers=4), _rate(max(orders // 10, 10), size=1, workers=8))


def _rate(orders: int, *, size: int, workers: int) -> float:
    with double(NO_WAIT, orders) as port:
        wanted = [str(number) for number in (port, orders, size, workers)]
        spend([sys.executable, "-m", "benchmarks.peers.bare", *wanted], environ(port, {}))
        books = ask(port, "/books")
    check("the bare client", books, orders)
    return orders / (books["ended"] - books["began"])
