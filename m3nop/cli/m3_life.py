"""Commands that let something happen to an order in the sandbox's M3, after it was entered there."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from m3nop.cli.options import AsJson, Project
from m3nop.cli.output import print_json, print_line, print_table
from m3nop.cli.sandbox_options import Folder, control
from m3nop.core.errors import UsageError

Order = Annotated[str, typer.Argument(help="Number of the order in M3 (ORNO).")]
Lines = Annotated[
    list[str] | None,
    typer.Option("--line", help="NUMBER or NUMBER=QUANTITY of a line (repeatable).", show_default=False),
]
Code = Annotated[int, typer.Option("--code", min=0, max=9, help="Why (OBLC); 0 lets it go on.")]
Period = Annotated[str, typer.Argument(help="Period, such as 202611.")]
Reopen = Annotated[bool, typer.Option("--open", help="Open it again.")]


def register(group: typer.Typer) -> None:
    """Add the commands to those of the sandbox."""
    group.command("pick")(pick)
    group.command("deliver")(deliver)
    group.command("invoice")(invoice)
    group.command("delete")(delete)
    group.command("stop")(stop)
    group.command("life")(life)
    group.command("period")(period)


def pick(
    context: typer.Context, order: Order, *, lines: Lines = None, project: Project = None,
    folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Print picking lists for an M3 order: a delivery for each warehouse, not issued yet."""
    _happen(context, order, "pick", _lines(lines), (project, folder), as_json=as_json)


def deliver(
    context: typer.Context, order: Order, *, lines: Lines = None, project: Project = None,
    folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Deliver what is left of an M3 order, or some of it, in packages with tracking numbers."""
    _happen(context, order, "deliver", _lines(lines), (project, folder), as_json=as_json)


def invoice(
    context: typer.Context, order: Order, *, project: Project = None, folder: Folder = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Invoice what an M3 order has delivered."""
    _happen(context, order, "invoice", {}, (project, folder), as_json=as_json)


def delete(
    context: typer.Context, order: Order, *, lines: Lines = None, project: Project = None,
    folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Delete an M3 order or some of its lines; of one that is partly delivered, close the rest."""
    _happen(context, order, "cancel", _lines(lines), (project, folder), as_json=as_json)


def stop(
    context: typer.Context, order: Order, *, code: Code = 1, project: Project = None, folder: Folder = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Stop an M3 order, or let it go on."""
    _happen(context, order, "stop", {"code": code}, (project, folder), as_json=as_json)


def life(
    context: typer.Context, order: Order, *, project: Project = None, folder: Folder = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Show how far an M3 order has come: lines, deliveries, invoices."""
    from m3nop.app.control import segment

    with control(context, project, folder) as sandbox:
        _print_life(sandbox.get(f"m3/orders/{segment(order)}"), as_json=as_json)


def period(
    context: typer.Context, name: Period, *, reopen: Reopen = False, project: Project = None,
    folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Close a period of M3's ledger, or open it again."""
    with control(context, project, folder) as sandbox:
        answer = sandbox.post(f"m3/periods/{'open' if reopen else 'close'}", {"period": name})
    if as_json:
        print_json(answer)
    else:
        print_line(f"closed periods: {', '.join(answer['closed']) or 'none'}")


def _happen(
    context: typer.Context, order: str, verb: str, body: dict[str, Any], where: tuple[Any, Any], *,
    as_json: bool,
) -> None:  # fmt: skip
    from m3nop.app.control import segment

    with control(context, *where) as sandbox:
        _print_life(sandbox.post(f"m3/orders/{segment(order)}/{verb}", body), as_json=as_json)


def _lines(given: list[str] | None) -> dict[str, Any]:
    if not given:
        return {}
    lines = []
    for text in given:
        number, equals, quantity = text.partition("=")
        if not number.isdecimal() or (equals and not quantity):
            msg = f"{text!r} is no line; write NUMBER or NUMBER=QUANTITY, such as 1=2"
            raise UsageError(msg)
        lines.append({"ponr": int(number), **({"quantity": quantity} if quantity else {})})
    return {"lines": lines}


def _print_life(order: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(order)
        return
    stopped = f", stopped with code {order['oblc']}" if order["oblc"] else ""
    print_line(f"order {order['orno']}: lowest status {order['orsl']}, highest {order['orst']}{stopped}")
    columns = ("ponr", "itno", "status", "ordered", "picking", "delivered", "invoiced")
    print_table(columns, [[line[name] for name in columns] for line in order["lines"]])
    for each in order["deliveries"]:
        tracking = f"tracking number {each['etrn']}" if each["etrn"] else "on a picking list"
        print_line(f"delivery {each['dlix']} from warehouse {each['whlo']}: {tracking}")
    for each in order["invoices"]:
        print_line(f"invoice {each['ivno']}: {each['total']} {each['currency']}, {each['left']} left to pay")
