"""What a run of the suite found, told at a terminal and in a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import orders, tables, verdict
from benchmarks.contenders import SETTINGS
from benchmarks.pages import Figures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.counts import Counts
    from benchmarks.results import Results

FIGURES = Figures("python -m benchmarks --page")
_Table = tuple[str, list["Sequence[str]"]]
"""Its title and its rows."""


def text(found: Results) -> str:
    """Tell everything in plain text."""
    head = f"{found.machine}, {found.day}"
    parts = [f"{title}\n{tables.plain(rows)}" for title, rows in _tables(found)]
    return "\n\n".join([head, *_remarks(found), *parts])


def block(found: Results, chart: str = "") -> Iterator[str]:
    """Yield the lines of everything for a page; ``chart`` is where a chart lies, seen from there."""
    yield from (f"Measured on {found.day}: {found.machine}.", "")
    for remark in _remarks(found):
        yield from (remark, "")
    if chart:
        yield from (f"![Orders a second, by contender and setting]({chart})", "")
    for title, rows in _tables(found):
        yield from (f"### {title}", "", *tables.markdown(rows), "")


def _remarks(found: Results) -> Iterator[str]:
    if found.ceiling is not None:
        yield (
            f"The double serves a bare client up to {found.ceiling.bulk:,.0f} orders a second in bulk and "
            f"{found.ceiling.single:,.0f} by single transactions."
        )
    runs = [one for by_name in found.orders.values() for runs in by_name.values() for one in runs]
    if runs:
        entered = sum(one.orders for one in [*runs, *found.memory])
        yield (
            f"Of {entered:,} orders in {len(runs) + len(found.memory)} runs none is missing, doubled or has "
            "other lines than it should, by the double's books."
        )


def _tables(found: Results) -> Iterator[_Table]:
    for setting in SETTINGS:
        if found.orders.get(setting.name):
            waits = f"{setting.latency:g} ms an answer"
            costs = f", {setting.cost:g} ms a transaction" if setting.cost else ""
            yield f"Orders, {waits}{costs}", list(orders.rows(setting, found.orders[setting.name]))
    if found.counts is not None:
        yield "What an order costs", list(_counts(found.counts))
    if found.memory:
        yield "Memory", list(_memory(found))
    if found.growth:
        yield "Rows in the state", list(_growth(found))
    if found.startup:
        yield "Start", list(_startup(found))
    yield "Aims", list(verdict.rows(verdict.lines(found)))


def _counts(one: Counts) -> Iterator[Sequence[str]]:
    yield ("transactions", "look-ups in M3", "requests", "bytes sent", "statements of the state", "commits")
    numbers = (one.transactions, one.reads, one.requests, one.sent_bytes, one.statements, one.commits)
    yield tuple(f"{number:,.2f}" for number in numbers)


def _memory(found: Results) -> Iterator[Sequence[str]]:
    yield ("orders in one run", "peak MB", "orders/s")
    for one in found.memory:
        yield (f"{one.orders:,}", f"{one.peak_mb:.0f}", f"{one.rate:,.0f}")


def _growth(found: Results) -> Iterator[Sequence[str]]:
    yield ("rows", "size in MB", "processor ms an order", "noise", "processor s of a run without orders")
    for one in found.growth:
        noise = orders.noise(one.per_order)
        yield (f"{one.rows:,}", f"{one.megabytes:,.0f}", f"{one.median:.3f}", noise, f"{one.idle:.2f}")


def _startup(found: Results) -> Iterator[Sequence[str]]:
    yield ("command", "times the import of typer and rich")
    for name, ratio in found.startup.items():
        yield (name, f"{ratio:.2f}")
