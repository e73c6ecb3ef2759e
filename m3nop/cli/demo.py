"""The command that shows what m3nop does, and what it survives."""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from m3nop.cli.options import AsJson
from m3nop.cli.output import print_json, print_line, print_table, say

if TYPE_CHECKING:
    from m3nop.app.demo import Outcome, Verdict

Keep = Annotated[
    Path | None,
    typer.Option("--keep", help="Make the project in this new folder, and keep it.", show_default=False),
]
Dialect = Annotated[
    str | None, typer.Option("--dialect", help="The shop's Web API: official or oss.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(*, keep: Keep = None, dialect: Dialect = None, as_json: AsJson = False) -> None:
    """Enter a sandbox's orders, through a crash in the middle.

    A shop and an M3 run in this process, m3nop in another one, which is killed while it confirms orders and
    started again. Exit 0 if M3's own books then show every order once.
    """
    from m3nop.app.demo import run

    with ExitStack() as stack:
        folder = keep.resolve() if keep else Path(stack.enter_context(tempfile.TemporaryDirectory())) / "shop"
        verdict = run(folder, dialect=dialect, tell=say)
    if as_json:
        print_json(_document(verdict))
    else:
        _print(verdict)
    if keep:
        say(f"The project stays in {keep}: `m3nop status`, `m3nop trace 1001` and all else work in it.")
    if not verdict.well:
        sys.exit(1)


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
