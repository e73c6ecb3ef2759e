"""Orders from a shop to M3, side by side with what a user would pick instead.

Contenders take turns, so that a slow moment of the machine hits them all. A ratio is the median of the ratios
within the rounds; the spread beside a number says what the noise was.
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.contenders import M3NOP, M3NOP_SINGLE, SINGLE
from benchmarks.running import Measured, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from benchmarks.contenders import Contender, Setting

FEWEST = 20
"""Orders of the smallest run."""
WARM_UP = 20
Found = dict[str, list[Measured]]
"""The runs of each contender, by its name."""


def compare(
    settings: Sequence[Setting], contenders: Sequence[Contender], *, rounds: int, seconds: float,
    here: bool = False, until: float = math.inf,
) -> dict[str, Found]:  # fmt: skip
    """Let each contender run once a round in each setting; return the runs by the setting's name.

    It gets about as many orders as it enters in so many seconds. No round is begun that would not end
    ``until`` then, as far as the one before it tells; the first always is.
    """
    found: dict[str, Found] = {
        setting.name: {one.name: [] for one in contenders if setting.name in one.expected}
        for setting in settings
    }
    longest = 0.0
    for number in range(rounds):
        begun = time.monotonic()
        if begun + longest > until:
            print(f"round {number + 1} is left out: it would take too long", file=sys.stderr)
            break
        for setting in settings:
            for one in contenders:
                if setting.name in one.expected:
                    print(f"round {number + 1}, {setting.name}, {one.name}", file=sys.stderr, flush=True)
                    orders = max(int(one.expected[setting.name] * seconds), FEWEST)
                    found[setting.name][one.name].append(run(one, setting, orders, here=here))
        longest = max(longest, time.monotonic() - begun)
    return found


def warm_up(setting: Setting, contenders: Sequence[Contender], *, here: bool = False) -> None:
    """Run each contender once: environments are made, byte code is written, files come into memory."""
    for one in contenders:
        run(one, setting, WARM_UP, here=here)


def ratios(
    ours: Sequence[Measured], theirs: Sequence[Measured], figure: Callable[[Measured], float] | None = None
) -> list[float]:
    """Return our figure by theirs, round by round; unless given it is how many orders a second.

    Who had fewer orders than we is not charged with its start, which would weigh more on it.
    """
    return [
        figure(a) / figure(b)
        if figure is not None
        else a.rate / (b.rate_at_work if b.orders < a.orders else b.rate)
        for a, b in zip(ours, theirs, strict=False)
    ]


def spread(numbers: Sequence[float]) -> float:
    """Return by how much the largest is more than the smallest, as a share of the median."""
    middle = statistics.median(numbers)
    return (max(numbers) - min(numbers)) / middle if middle else 0.0


def noise(numbers: Sequence[float]) -> str:
    """Tell half of the spread; one round alone does not show any."""
    return f"±{spread(numbers) / 2:.0%}" if len(numbers) > 1 else ""


def rows(setting: Setting, found: Mapping[str, Sequence[Measured]]) -> Iterator[Sequence[str]]:
    """Tell what was found as the rows of a table, its titles first."""
    yield (
        setting.name, "orders", "orders/s", "noise", "m3nop is", "first entry", "CPU s/1000", "peak MB",
        "requests/order", "reads/order",
    )  # fmt: skip
    for name, runs in found.items():
        rates = [one.rate for one in runs]
        yield (
            name,
            f"{runs[0].orders:,}",
            f"{statistics.median(rates):,.0f}",
            noise(rates),
            _ratio(found, name),
            f"{statistics.median(one.first_entry for one in runs):.2f} s",
            f"{statistics.median(one.cpu_per_thousand for one in runs):.2f}",
            f"{max(one.peak_mb for one in runs):.0f}",
            f"{runs[-1].books['requests'] / runs[-1].orders:.2f}",
            f"{looked_up(runs[-1]):.3f}",
        )


def looked_up(one: Measured) -> float:
    """Return how many look-ups of tables, by which orders are checked twice, an order cost."""
    return one.books.get("EXPORTMI/Select", 0) / one.orders


def _ratio(found: Mapping[str, Sequence[Measured]], name: str) -> str:
    ours = M3NOP_SINGLE.name if name == SINGLE.name else M3NOP.name
    if name in (ours, M3NOP_SINGLE.name) or ours not in found:
        return ""
    numbers = ratios(found[ours], found[name])
    return f"{statistics.median(numbers):.2f}x {noise(numbers)}".rstrip()
