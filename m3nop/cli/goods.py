"""Commands that do in the sandbox's M3 what people do there: count, price, change items and customers."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from m3nop.cli.options import AsJson, Project
from m3nop.cli.output import print_json, print_line
from m3nop.cli.sandbox_options import Folder, control
from m3nop.core.errors import UsageError

Item = Annotated[str, typer.Argument(help="Item number in M3.")]
Quantity = Annotated[
    str | None, typer.Argument(help="How many are on hand now; without it, show.", show_default=False)
]
Warehouse = Annotated[str, typer.Option("--warehouse", help="Warehouse in M3.")]
Price = Annotated[str, typer.Argument(help="Price without VAT, for one basic unit.")]
PriceList = Annotated[str, typer.Option("--list", help="Price list in M3.")]
Currency = Annotated[str, typer.Option("--currency", help="Currency of the list.")]
ForCustomer = Annotated[
    str, typer.Option("--customer", help="Customer number in M3 that has it alone.", show_default=False)
]
FromQuantity = Annotated[int, typer.Option("--from-quantity", min=0, help="Quantity from which it holds.")]
Number = Annotated[str, typer.Argument(help="Customer number in M3.")]
Columns = Annotated[list[str], typer.Argument(help="What changes, as FIELD=TEXT, such as STAT=90.")]


def register(group: typer.Typer) -> None:
    """Add the commands to those of the sandbox."""
    group.command("stock")(stock)
    group.command("price")(price)
    group.command("item")(item)
    group.command("customer")(customer)


def stock(
    context: typer.Context, item: Item, quantity: Quantity = None, *, warehouse: Warehouse = "001",
    project: Project = None, folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Count an item in a warehouse of M3, or show how many there are."""
    from m3nop.app.control import segment

    with control(context, project, folder) as sandbox:
        if quantity is None:
            rows = sandbox.get(f"m3/stock/{segment(item)}")
        else:
            counted = {"itno": item, "whlo": warehouse, "quantity": quantity}
            rows = [sandbox.post("m3/stock", counted)]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        print_line(f"{row['ITNO']} in warehouse {row['WHLO']}: {row['STQT']} on hand, {row['AV01']} free")


def price(
    context: typer.Context, item: Item, price: Price, *, price_list: PriceList = "WEB",
    currency: Currency = "EUR", customer: ForCustomer = "", from_quantity: FromQuantity = 0,
    project: Project = None, folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Change a sales price in M3."""
    document = {
        "itno": item, "price": price, "prrf": price_list, "cucd": currency, "cuno": customer,
        "quantity": from_quantity,
    }  # fmt: skip
    with control(context, project, folder) as sandbox:
        row = sandbox.post("m3/prices", document)
    if as_json:
        print_json(row)
        return
    whose = f" for {row['CUNO']}" if row["CUNO"] else ""
    since = f" from {row['QTYL']}" if row["QTYL"] else ""
    print_line(f"{row['ITNO']} costs {row['SAPR']} {row['CUCD']}{since} in price list {row['PRRF']}{whose}")


def item(
    context: typer.Context, item: Item, columns: Columns, *, project: Project = None, folder: Folder = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Change columns of an item in M3, or make one."""
    from m3nop.app.control import segment

    with control(context, project, folder) as sandbox:
        row = sandbox.post(f"m3/items/{segment(item)}", _pairs(columns))
    if as_json:
        print_json(row)
    else:
        print_line(
            f"item {row['ITNO']}: {row['FUDS']}, status {row['STAT']}, price {row['SAPR']} {row['CUCS']}"
        )


def customer(
    context: typer.Context, number: Number, columns: Columns, *, project: Project = None,
    folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Change columns of a customer in M3."""
    from m3nop.app.control import segment

    with control(context, project, folder) as sandbox:
        row = sandbox.post(f"m3/customers/{segment(number)}", _pairs(columns))
    if as_json:
        print_json(row)
    else:
        print_line(f"customer {row['CUNO']}: {row['CUNM']}, status {row['STAT']}")


def _pairs(texts: list[str]) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            msg = f"{text!r} is no change; write FIELD=TEXT, such as STAT=90"
            raise UsageError(msg)
        pairs[name] = value
    return pairs
