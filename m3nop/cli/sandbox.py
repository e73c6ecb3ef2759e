"""Commands about the sandbox: run it, and do in it what shoppers and clocks do."""

from __future__ import annotations

import signal
import threading
from typing import Annotated, Any

import typer

from m3nop.cli import disturbance, goods, m3_life, shop_people
from m3nop.cli.options import AsJson, Project, parse_duration
from m3nop.cli.output import print_json, print_line, say
from m3nop.cli.sandbox_options import Folder, control, folder_of
from m3nop.cli.streams import flush

Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port on loopback; 0 is a free one.")]
Order = Annotated[int, typer.Argument(help="Id of the order in the shop.")]
Duration = Annotated[str, typer.Argument(help="How long: 90s, 10m, 2h or 3d.")]
Skus = Annotated[
    list[str] | None, typer.Option("--sku", help="What is bought (repeatable).", show_default=False)
]
Quantities = Annotated[
    list[int] | None,
    typer.Option("--quantity", min=1, help="How many, one for each --sku.", show_default=False),
]
Prices = Annotated[
    list[str] | None,
    typer.Option("--price", help="Unit price without VAT, one for each --sku.", show_default=False),
]
StoreId = Annotated[int, typer.Option("--store", min=1, help="Id of the store in the shop.")]
Customer = Annotated[
    int | None,
    typer.Option("--customer", help="Id of the customer; else the store's first.", show_default=False),
]
Guest = Annotated[bool, typer.Option("--guest", help="Somebody without an account buys.")]
Pending = Annotated[bool, typer.Option("--pending", help="It is not paid yet.")]
Coupon = Annotated[str | None, typer.Option("--coupon", help="Coupon code.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        name="sandbox", help="Run a shop and an M3 on this machine, and act in them.", rich_markup_mode=None,
        invoke_without_command=True,
    )  # fmt: skip
    group.callback()(serve)
    group.command("order")(place_order)
    group.command("pay")(pay)
    m3_life.register(group)
    shop_people.register(group)
    goods.register(group)
    group.command("advance")(advance)
    disturbance.register(group)
    group.command("reset")(reset)
    app.add_typer(group)


def serve(
    context: typer.Context, *, port: Port = 0, folder: Folder = None, project: Project = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Run a shop and an M3 on this machine until Ctrl-C; with a command, act in the one that runs."""
    context.obj = (project, folder)
    if context.invoked_subcommand is not None:
        return
    from m3nop.app.sandboxing import access_to, start

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    books = folder_of(context, None, None)
    running = start(books, port=port)
    try:
        access = access_to(running, books)
        if as_json:
            print_json(access)
        else:
            print_line(_about(access))
        flush()
        # In pieces, because Windows does not break a wait without end for Ctrl-C.
        while not stop.wait(0.5):
            pass
    finally:
        running.close()
    say("the sandbox has ended; its books stay")


def _about(access: dict[str, Any]) -> str:
    secrets = f"M3NOP_SECRET_M3_IONAPI_FILE={access['ionapi_file']} SHOP_PASSWORD={access['shop_password']}"
    return f"""\
The sandbox answers at {access["url"]}; Ctrl-C ends it. Its books are in {access["books"]}.
Environments of this project with `url: "sandbox:"` find it by themselves: m3nop sync orders --env sandbox
To point another project at it:
  export {secrets}
  connections:
    erp:
      type: m3
      company: {access["company"]}
      division: {access["division"]}
      credentials: {{ionapi: "${{secret:M3_IONAPI}}"}}
    shop:
      type: nopcommerce
      url: {access["shop_url"]}
      credentials: {{username: {access["shop_user"]}, password: "${{secret:SHOP_PASSWORD}}"}}"""


def place_order(
    context: typer.Context, *, skus: Skus = None, quantities: Quantities = None, prices: Prices = None,
    store: StoreId = 1, customer: Customer = None, guest: Guest = False, pending: Pending = False,
    coupon: Coupon = None, project: Project = None, folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Place an order in the shop, as a shopper does."""
    from m3nop.app.sandboxing import lines_of, order_of, shown_order

    lines = lines_of(skus or (), quantities or (), prices or ())
    order = order_of(lines, store=store, customer=customer, guest=guest, pending=pending, coupon=coupon)
    with control(context, project, folder) as sandbox:
        _print_order(shown_order(sandbox.post("shop/orders", order)), as_json=as_json)


def pay(
    context: typer.Context, order: Order, *, project: Project = None, folder: Folder = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Let an order be paid."""
    from m3nop.app.sandboxing import shown_order

    with control(context, project, folder) as sandbox:
        row = sandbox.post(f"shop/orders/{order}", {"payment_status": "paid"})
        _print_order(shown_order(row), as_json=as_json)


def advance(
    context: typer.Context, duration: Duration, *, project: Project = None, folder: Folder = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Let time pass in both systems; m3nop follows their clock."""
    seconds = parse_duration(duration)
    with control(context, project, folder) as sandbox:
        clock = sandbox.post("clock/advance", {"seconds": str(seconds)})
    if as_json:
        print_json(clock)
    else:
        print_line(f"it is {clock['now']} in the sandbox")


def reset(
    context: typer.Context, *, project: Project = None, folder: Folder = None, as_json: AsJson = False
) -> None:
    """Begin again as at the first start.

    The state of the environments that know nothing but the sandbox is forgotten, too.
    """
    from m3nop.app.sandboxing import forget_states

    forgotten = forget_states(folder_of(context, project, folder))
    with control(context, project, folder) as sandbox:
        clock = sandbox.post("reset")
    if as_json:
        print_json({"now": clock["now"], "forgotten": forgotten})
        return
    print_line(f"the sandbox is as at its first start; it is {clock['now']}")
    for name in forgotten:
        print_line(f"the state of environment {name} is forgotten")


def _print_order(order: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(order)
        return
    goods = sum(line["quantity"] for line in order["lines"])
    print_line(
        f"order {order['id']} of store {order['store_id']}: {goods} piece{'' if goods == 1 else 's'}, "
        f"total {order['order_total']} EUR, {order['payment_status']}"
    )
