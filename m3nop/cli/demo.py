"""The command that shows what m3nop does, and what it survives."""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec.structs import asdict

from m3nop.cli.options import AsJson
from m3nop.cli.output import print_json, print_line, print_table, say

if TYPE_CHECKING:
    from m3nop.app.day import Day
    from m3nop.app.demo import Outcome, Verdict

Keep = Annotated[
    Path | None,
    typer.Option("--keep", help="Make the project in this new folder, and keep it.", show_default=False),
]
Dialect = Annotated[
    str | None, typer.Option("--dialect", help="The shop's Web API: official or oss.", show_default=False)
]

Full = Annotated[
    bool, typer.Option("--full", help="A whole day: goods, customers, orders, deliveries, money, both ways.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    *, keep: Keep = None, dialect: Dialect = None, full: Full = False, as_json: AsJson = False
) -> None:  # fmt: skip
    """Enter a sandbox's orders, through a crash in the middle.

    A shop and an M3 run in this process, m3nop in another one, which is killed while it confirms orders and
    started again. Exit 0 if M3's own books then show every order once. With --full nothing is killed: goods,
    customers, orders, deliveries and refunds go both ways, and both systems are compared in the evening.
    """
    with ExitStack() as stack:
        folder = keep.resolve() if keep else Path(stack.enter_context(tempfile.TemporaryDirectory())) / "shop"
        well = (_day if full else _crash)(folder, dialect, as_json=as_json)
    if keep:
        say(f"The project stays in {keep}: `m3nop status`, `m3nop trace 1001` and all else work in it.")
    if not well:
        sys.exit(1)


def _crash(folder: Path, dialect: str | None, *, as_json: bool) -> bool:
    from m3nop.app.demo import run

    verdict = run(folder, dialect=dialect, tell=say)
    if as_json:
        print_json(_document(verdict))
    else:
        _print(verdict)
    return verdict.well


def _day(folder: Path, dialect: str | None, *, as_json: bool) -> bool:
    from m3nop.app.day import run

    day = run(folder, dialect=dialect, tell=say)
    if as_json:
        print_json({"well": day.well, **asdict(day), "orders": [asdict(one) for one in day.orders]})
    else:
        _print_day(day)
    return day.well


def _print_day(day: Day) -> None:
    headings = (
        "order",
        "store",
        "customer",
        "M3 order",
        "in the shop",
        "goods",
        "tracking",
        "invoice",
        "refunded",
    )
    rows = [
        (
            one.order, one.store, one.customer, one.m3_order, one.status, one.shipping,
            ", ".join(one.tracking) or "-", ", ".join(one.invoices) or "-", f"{one.refunded:.2f}",
        )
        for one in day.orders
    ]  # fmt: skip
    print_table(headings, rows, title="In the evening, by the books of both systems:")
    print_line("")
    for subject, said in day.differences.items():
        print_line(f"reconcile {subject} found something:\n{said}")
    if not day.differences:
        print_line(
            "reconcile found nothing: orders, customers, products, inventory and payments are in step."
        )
    if day.moved:
        print_line(f"the last run, in which there was nothing to do, changed {', '.join(day.moved)}")
    else:
        print_line("One more run of everything: nothing was written in either system.")


def _print(verdict: Verdict) -> None:
    headings = (
        "order", "store", "customer", "total", "without VAT", "M3 order", "in M3", "times entered",
    )  # fmt: skip
    print_table(headings, [_row(one) for one in verdict.outcomes], title="What both systems say:")
    print_line("")
    wrong = sum(not one.well for one in verdict.outcomes)
    if verdict.well:
        print_line(f"{len(verdict.outcomes)} paid orders, each entered in M3 once, with the shop's amount.")
        print_line(f"{verdict.waiting} orders are not paid or cancelled; M3 has none of them.")
        return
    print_line(f"{wrong} of {len(verdict.outcomes)} paid orders are missing, doubled or wrong")
    for what, found in (("not paid, and in M3", verdict.strangers), ("left over in M3", verdict.orphans)):
        if found:
            print_line(f"{what}: {', '.join(found)}")


def _row(one: Outcome) -> tuple[object, ...]:
    entered = "-" if one.entered is None else f"{one.entered:.2f}"
    numbers = ", ".join(one.numbers) or "-"
    return (
        one.order, one.store, one.customer, f"{one.total:.2f}", f"{one.net:.2f}", numbers, entered,
        len(one.numbers),
    )  # fmt: skip


def _document(verdict: Verdict) -> dict[str, Any]:
    return {
        "well": verdict.well, "waiting": verdict.waiting, "strangers": verdict.strangers,
        "orphans": verdict.orphans,
        "orders": [
            {
                "order": one.order, "store": one.store, "customer": one.customer, "total": one.total,
                "net": one.net, "m3_orders": one.numbers, "m3_net": one.entered, "well": one.well,
            }
            for one in verdict.outcomes
        ],
    }  # fmt: skip
