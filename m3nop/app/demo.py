"""Shows the promise: orders go into M3, the process is killed in the middle, and none is lost or doubled."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from m3nop.app import scaffold
from m3nop.app.child import start_child, wait_for
from m3nop.app.control import Control
from m3nop.app.sandboxing import books_folder
from m3nop.core.errors import M3nopError, UsageError
from m3nop.sandbox.catalogue import STORES
from m3nop.sandbox.embedded import attach_or_start

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from m3nop.sandbox.server import Running
    from m3nop.sandbox.world import Request

PIPELINES = ("customers", "orders")
_CONFIRM = "OIS100MI/Confirm"
_FATAL = 2
"""The child is killed when its Confirm request of this number reaches M3: some orders are real by then."""
_AUTHORIZED, _PAID, _CANCELLED = 20, 30, 40
"""Payment and order status numbers of nopCommerce."""
_CENT = Decimal("0.01")

Row = dict[str, Any]


class Outcome(Struct, frozen=True):
    """What became of one shop order, by the books of both systems."""

    order: int
    store: str
    customer: str
    total: Decimal
    """With VAT, as its buyer paid it."""
    net: Decimal
    """Without VAT, in the shop."""
    numbers: tuple[str, ...]
    """Order numbers in M3: one, if all is well."""
    entered: Decimal | None
    """Without VAT, in M3."""

    @property
    def well(self) -> bool:
        """Whether it was entered once, with the right amount."""
        return len(self.numbers) == 1 and self.entered is not None and abs(self.entered - self.net) < _CENT


class Verdict(Struct, frozen=True):
    """What the books of both systems say about all orders."""

    outcomes: tuple[Outcome, ...]
    """Of the orders that are paid."""
    waiting: int
    """Orders that are not paid, or cancelled."""
    strangers: tuple[str, ...]
    """References in M3 of orders that should not be there."""
    orphans: tuple[str, ...]
    """Temporary orders that nothing became of."""

    @property
    def well(self) -> bool:
        """Whether nothing is missing, doubled, wrong or left over."""
        return all(one.well for one in self.outcomes) and not (self.strangers or self.orphans)


def run(folder: Path, *, dialect: str | None, tell: Callable[[str], None]) -> Verdict:
    """Make a project in ``folder``, run it, kill it in the middle, run it again, and read the books.

    Raises:
        UsageError: something is in the folder, or the dialect is unknown.
        M3nopError: a run ended otherwise than it should.
    """
    if folder.exists() and any(folder.iterdir()):
        msg = f"{folder} is not empty; name a new folder"
        raise UsageError(msg)
    scaffold.create(folder, dialect=dialect)
    running = attach_or_start(books_folder(folder))
    try:
        control = Control(running.url)
        tell(f"1. A new project in {folder}, and a sandbox: {_contents(control)}")
        tell(f"2. `m3nop sync {' '.join(PIPELINES)}` begins, in a process of its own.")
        _run_and_kill(folder, running)
        tell(f"3. Killed with SIGKILL while M3 confirms orders: {_middle(control)}")
        tell("4. The same command again. It asks M3 what became of every call that was not answered.")
        with _child(folder) as child:
            _expect_success(child)
        return judge(control)
    finally:
        running.close()


def judge(control: Control) -> Verdict:
    """Compare the books of the shop with those of M3."""
    orders: list[Row] = control.get("books/shop.orders")
    addresses = {row["id"]: row for row in control.get("books/shop.addresses")}
    entered: list[Row] = control.get("books/m3.orders")
    lines: list[Row] = control.get("books/m3.order_lines")
    ready = {_reference(order): order for order in orders if _is_ready(order)}
    outcomes = [
        _outcome(
            order, addresses[order["billing_address_id"]], [m for m in entered if m["CUOR"] == name], lines
        )
        for name, order in ready.items()
    ]
    return Verdict(
        outcomes=tuple(outcomes),
        waiting=len(orders) - len(ready),
        strangers=tuple(sorted({row["CUOR"] for row in entered} - set(ready))),
        orphans=tuple(row["ORNO"] for row in _open(control)),
    )


def _outcome(order: Row, buyer: Row, entered: list[Row], lines: list[Row]) -> Outcome:
    numbers = tuple(row["ORNO"] for row in entered)
    person = f"{buyer['first_name']} {buyer['last_name']}"
    return Outcome(
        order=order["id"],
        store=_store(order),
        customer=buyer.get("company") or person,
        total=order["order_total"],
        net=_net(order),
        numbers=numbers,
        entered=_entered(entered[0], lines) if entered else None,
    )


def _net(order: Row) -> Decimal:
    total: Decimal = (
        order["order_subtotal_excl_tax"] - order["order_sub_total_discount_excl_tax"]
        + order["order_shipping_excl_tax"] + order["payment_method_additional_fee_excl_tax"]
        - order["order_discount"]
    )  # fmt: skip
    return total


def _entered(head: Row, lines: list[Row]) -> Decimal:
    charges = [Decimal(charge["CRAM"]) for charge in head["charges"]]
    goods = [Decimal(row["SAPR"]) * Decimal(row["ORQT"]) for row in lines if row["ORNO"] == head["ORNO"]]
    return sum(goods, Decimal(0)) + sum(charges, Decimal(0))


def _is_ready(order: Row) -> bool:
    paid = order["payment_status_id"] in (_AUTHORIZED, _PAID)
    return paid and order["order_status_id"] != _CANCELLED and not order["deleted"]


def _reference(order: Row) -> str:
    return f"{_store(order)}-{order['id']}".upper()


def _store(order: Row) -> str:
    return next(store.code for store in STORES if store.id == order["store_id"])


def _open(control: Control) -> Iterator[Row]:
    """Yield the temporary orders that are not real yet."""
    for row in control.get("books/m3.batch_orders"):
        if not row["ORNR"].strip():
            yield row


def _contents(control: Control) -> str:
    orders = control.get("books/shop.orders")
    ready = sum(map(_is_ready, orders))
    return f"a shop with {len(orders)} orders, {ready} of them paid, and an M3 with none."


def _middle(control: Control) -> str:
    counts = Counter(bool(row["ORNR"].strip()) for row in control.get("books/m3.batch_orders"))
    return f"{counts[True]} orders are in M3, {counts[False]} are half entered, and nobody heard its answer."


def _run_and_kill(folder: Path, running: Running) -> None:
    """Run the pipelines in a child and kill it the moment that a Confirm of its reaches M3."""
    confirms: list[Request] = []
    child = _child(folder)

    def watch(request: Request) -> None:
        if _CONFIRM in request.operations:
            confirms.append(request)
            if len(confirms) == _FATAL:
                # M3 goes on with what it was asked for, and nobody is there to hear the answer.
                child.kill()

    hooks = running.world.on_request if running.world else []
    hooks.append(watch)
    with child:
        ended = wait_for(child)
    hooks.remove(watch)
    if len(confirms) < _FATAL:
        msg = f"the run ended before it could be killed (exit {ended.code}):\n{ended.errors}"
        raise M3nopError(msg)


def _expect_success(child: subprocess.Popen[str]) -> None:
    ended = wait_for(child)
    if ended.code != 0:
        msg = f"the second run ended with exit {ended.code}:\n{ended.output}{ended.errors}"
        raise M3nopError(msg)


def _child(folder: Path) -> subprocess.Popen[str]:
    return start_child(folder, "sync", *PIPELINES)
