"""What was aimed at, and what was measured."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import contenders as c
from benchmarks.orders import ratios

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.results import Results
    from benchmarks.running import Measured


@dataclass(frozen=True)
class Line:
    """One aim; ``measured`` is None where it was not measured."""

    aim: str
    at_least: float | None = None
    at_most: float | None = None
    measured: float | None = None

    @property
    def target(self) -> str:
        """Say the aim as a number."""
        return f"≥ {self.at_least:g}" if self.at_least is not None else f"≤ {self.at_most:g}"

    @property
    def verdict(self) -> str:
        """Say ``ok``, ``not ok`` or ``not measured``."""
        if self.measured is None:
            return "not measured"
        low = self.at_least is not None and self.measured < self.at_least
        high = self.at_most is not None and self.measured > self.at_most
        return "not ok" if low or high else "ok"


def lines(found: Results) -> list[Line]:
    """Judge everything."""
    return [*_speeds(found), *_costs(found), *_sizes(found), *_startup(found)]


def rows(judged: Sequence[Line]) -> Iterator[Sequence[str]]:
    """Tell the judgement as the rows of a table, its titles first."""
    yield ("aim", "target", "measured", "verdict")
    for line in judged:
        measured = "" if line.measured is None else f"{line.measured:.2f}"
        yield (line.aim, line.target, measured, line.verdict)


def _speeds(found: Results) -> Iterator[Line]:
    def of(
        setting: c.Setting, theirs: c.Contender, aim: str, at_least: float, ours: c.Contender = c.M3NOP
    ) -> Line:
        return Line(f"{setting.name}: {aim}", at_least, measured=_ratio(found, setting, ours, theirs))

    yield of(c.NEAR, c.SEQUENTIAL, "orders/s by those of bulks of 100, one after the other", 3)
    yield of(c.NEAR, c.DLT, "orders/s by those of dlt as it comes", 20)
    yield of(c.NEAR, c.BULK, "orders/s by those of the hand-written bulk client without state", 0.5)
    yield of(c.FAR, c.SEQUENTIAL, "orders/s by those of bulks of 100, one after the other", 3)
    aim = f"{c.SLOW.name}: orders/s with 16 under way by those of the best size of the sweep"
    yield Line(aim, 0.8, measured=_by_the_best(found))
    yield of(
        c.NEAR, c.SINGLE, "orders/s by single calls by those of the hand-written client without state", 0.9,
        c.M3NOP_SINGLE,
    )  # fmt: skip


def _costs(found: Results) -> Iterator[Line]:
    def cpu(one: Measured) -> float:
        return one.cpu_per_thousand

    def first(one: Measured) -> float:
        return one.first_entry

    def of(
        setting: c.Setting, theirs: c.Contender, aim: str, at_most: float, figure: Callable[[Measured], float]
    ) -> Line:
        aim = f"{setting.name}: {aim}"
        return Line(aim, at_most=at_most, measured=_ratio(found, setting, c.M3NOP, theirs, figure))

    yield of(c.NO_WAIT, c.DLT, "processor time an order by dlt's", 0.3, cpu)
    yield of(c.NEAR, c.BULK, "processor time an order by the hand-written bulk client's", 2, cpu)
    yield of(c.NO_WAIT, c.DLT, "time to the first entry by dlt's", 0.5, first)


def _sizes(found: Results) -> Iterator[Line]:
    few, many = found.memory or (None, None)
    aim = "peak memory of 100,000 orders by that of 5,000"
    if few and many:
        aim = f"peak memory of {many.orders:,} orders by that of {few.orders:,}"
    yield Line(aim, at_most=1.15, measured=many.peak_mb / few.peak_mb if few and many else None)
    dlt = found.orders.get(c.NO_WAIT.name, {}).get(c.DLT.name)
    by_dlt = many.peak_mb / max(one.peak_mb for one in dlt) if many and dlt else None
    yield Line(
        f"that memory by dlt's of {dlt[0].orders if dlt else 2_000:,} orders", at_most=0.5, measured=by_dlt
    )
    small, large = found.growth or (None, None)
    aim = "processor time an order with 1,000,000 rows in the state by that with 10,000"
    if small and large:
        aim = f"processor time an order with {large.rows:,} rows in the state by that with {small.rows:,}"
    yield Line(aim, at_most=1.2, measured=large.median / small.median if small and large else None)
    yield _balances(found)


def _balances(found: Results) -> Line:
    aim = "time of 500,000 balances, 1 % changed, by that of a tenth of them, by 10"
    if not found.balances:
        return Line(aim, at_most=1.2)
    few, many = found.balances
    linear = many["items"] / few["items"]
    aim = f"time of {many['items']:,} balances, 1 % changed, by that of {few['items']:,}, by {linear:g}"
    measured = many["incremental"]["seconds"] / few["incremental"]["seconds"] / linear
    return Line(aim, at_most=1.2, measured=measured)


def _startup(found: Results) -> Iterator[Line]:
    for command, at_most in (("m3nop --help", 1.5), ("m3nop validate configs", 3.0)):
        aim = f"time of `{command}` by that of `import typer, rich`"
        yield Line(aim, at_most=at_most, measured=found.startup.get(command))


def _ratio(
    found: Results, setting: c.Setting, ours: c.Contender, theirs: c.Contender,
    figure: Callable[[Measured], float] | None = None,
) -> float | None:  # fmt: skip
    runs = found.orders.get(setting.name, {})
    if ours.name not in runs or theirs.name not in runs:
        return None
    return statistics.median(ratios(runs[ours.name], runs[theirs.name], figure))


def _by_the_best(found: Results) -> float | None:
    runs = found.orders.get(c.SLOW.name, {})
    rates = {
        one.name: statistics.median(run.rate for run in runs[one.name]) for one in c.SWEEP if one.name in runs
    }
    if not rates or c.WIDE.name not in runs:
        return None
    best = max(rates, key=lambda name: rates[name])
    return statistics.median(ratios(runs[c.WIDE.name], runs[best]))
