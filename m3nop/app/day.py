"""A day in the life of a shop and an M3 that m3nop keeps in step: goods, customers, orders, money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from m3nop.app import scaffold
from m3nop.app.child import run_child
from m3nop.app.control import Control
from m3nop.app.sandboxing import books_folder
from m3nop.core import json
from m3nop.core.errors import M3nopError, UsageError
from m3nop.sandbox.catalogue import STORES
from m3nop.sandbox.embedded import attach_or_start

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal
    from pathlib import Path

SUBJECTS = ("orders", "customers", "products", "inventory", "payments")
"""What is reconciled at the end of the day."""

NEW_ITEM = "LANTERN-S"
CUSTOMER: dict[str, Any] = {
    "email": "anna.nilsson@example.com",
    "first_name": "Anna",
    "last_name": "Nilsson",
    "address": {
        "first_name": "Anna", "last_name": "Nilsson", "email": "anna.nilsson@example.com", "country": "SE",
        "city": "Kiruna", "address1": "Hjalmar Lundbohmsvägen 7", "zip_postal_code": "98131",
        "phone_number": "+46 980 555 010",
    },
}  # fmt: skip
GUEST: dict[str, Any] = {
    "first_name": "Jan", "last_name": "de Vries", "email": "jan.devries@example.com", "country": "NL",
    "city": "Utrecht", "address1": "Oudegracht 12", "zip_postal_code": "3511 AB",
    "phone_number": "+31 30 555 0144",
}  # fmt: skip
_PAUSE = 20 * 60
"""Seconds between two parts of the day: long enough for everything to be looked at again."""
_ORDERS = {10: "pending", 20: "processing", 30: "complete", 40: "cancelled"}
_SHIPPING = {10: "nothing to ship", 20: "not shipped", 25: "partly shipped", 30: "shipped", 40: "delivered"}

Row = dict[str, Any]


class Followed(Struct, frozen=True):
    """One order of the day, by the books of both systems in the evening."""

    order: int
    store: str
    customer: str
    m3_order: str
    status: str
    """Of the order in the shop."""
    shipping: str
    tracking: tuple[str, ...]
    invoices: tuple[str, ...]
    refunded: Decimal


class Day(Struct, frozen=True):
    """What the day came to."""

    orders: tuple[Followed, ...]
    differences: dict[str, str]
    """What ``reconcile`` said, of each subject that it found something in."""
    moved: tuple[str, ...]
    """Tables of either system that the last run changed, in which there was nothing to do."""

    @property
    def well(self) -> bool:
        """Whether both systems are in step, and nothing more happens."""
        return not self.differences and not self.moved


def run(folder: Path, *, dialect: str | None, tell: Callable[[str], None]) -> Day:
    """Make a project in ``folder``, live a day in its two systems, and compare them in the evening.

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
        return _Day(folder, Control(running.url), tell).live()
    finally:
        running.close()


class _Day:
    def __init__(self, folder: Path, control: Control, tell: Callable[[str], None]) -> None:
        self._folder = folder
        self._control = control
        self._tell = tell
        self._orders: list[int] = []

    def live(self) -> Day:
        self._sync()
        self._tell(f"1. {self._folder}: M3's goods are in the shop, and the shop's paid orders are in M3.")
        self._change_goods()
        self._buy()
        self._deliver()
        self._refund()
        differences = {subject: said for subject in SUBJECTS if (said := self._reconcile(subject))}
        before = self._books()
        self._pass_time()
        self._sync()
        after = self._books()
        moved = tuple(name for name in sorted({*before, *after}) if before.get(name) != after.get(name))
        return Day(tuple(self._follow(order) for order in self._orders), differences, moved)

    # -- the parts of the day

    def _change_goods(self) -> None:
        post = self._control.post
        post(f"m3/items/{NEW_ITEM}", {"ITDS": "Lykta", "FUDS": "Lykta S", "names": {"GB": "Lantern S"}})
        post("m3/prices", {"itno": NEW_ITEM, "price": "59.00"})
        post("m3/prices", {"itno": "LAMP-HEAD", "price": "44.90"})
        post("m3/stock", [{"itno": NEW_ITEM, "whlo": "001", "quantity": "25"}])
        post("m3/stock", [{"itno": "TENT-2P", "whlo": "001", "quantity": "7"}])
        self._sync()
        lamp, tent, new = (self._product(sku) for sku in ("LAMP-HEAD", "TENT-2P", NEW_ITEM))
        self._tell(
            "2. In M3 a price and a stock change, and an item is made. In the shop LAMP-HEAD costs "
            f"{lamp['price']:.2f}, {tent['stock_quantity']} TENT-2P are left, and {NEW_ITEM} is there at "
            f"{new['price']:.2f}."
        )

    def _buy(self) -> None:
        customer = self._control.post("shop/customers", CUSTOMER)
        lines = [{"sku": "LAMP-HEAD", "quantity": 2}, {"sku": "TENT-2P", "quantity": 1}]
        for more in (
            {"customer_id": customer["id"], "lines": lines},
            {"guest": GUEST, "lines": [{"sku": "CARABINER", "quantity": 4}]},
            {"store_id": 2, "lines": [{"sku": "ROPE-8-20", "quantity": 3}]},
        ):
            self._orders.append(int(self._control.post("shop/orders", more)["id"]))
        self._sync()
        named = ", ".join(f"{order} is {self._entered(order)['ORNO']}" for order in self._orders)
        self._tell(
            f"3. Somebody registers and buys, so do a guest and a company in the other store: {named}."
        )

    def _deliver(self) -> None:
        first, *others = [self._entered(order)["ORNO"] for order in self._orders]
        self._control.post(f"m3/orders/{first}/deliver", {"lines": [{"ponr": 1, "quantity": "1"}]})
        self._sync()
        self._tell(
            f"4. M3 delivers a part of the first: the shop says {self._follow(self._orders[0]).shipping}."
        )
        self._control.post(f"m3/orders/{first}/deliver")
        for number in others:
            self._control.post(f"m3/orders/{number}/deliver")
        for number in (first, *others):
            self._control.post(f"m3/orders/{number}/invoice")
        self._sync()
        parcels = self._follow(self._orders[0]).tracking
        self._tell(f"5. M3 delivers the rest and invoices: the first came in {len(parcels)} parcels.")

    def _refund(self) -> None:
        self._control.post(f"shop/orders/{self._orders[0]}/refund", {"amount": "10.00"})
        self._sync()
        self._tell("6. Staff refunds 10.00 of the first; the movement goes to M3's ledger.")

    # -- the programs, each in a process of its own

    def _sync(self) -> None:
        self._pass_time()
        ended = run_child(self._folder, "sync", "--all")
        if ended.code != 0:
            msg = f"a run of the day ended with exit {ended.code}:\n{ended.output}{ended.errors}"
            raise M3nopError(msg)

    def _reconcile(self, subject: str) -> str:
        ended = run_child(self._folder, "reconcile", subject)
        return "" if ended.code == 0 else f"{ended.output}{ended.errors}".strip()

    def _pass_time(self) -> None:
        self._control.post("clock/advance", {"seconds": str(_PAUSE)})

    # -- the books

    def _books(self) -> dict[str, str]:
        names = [name for name in self._control.get("books") if not name.startswith("sandbox.")]
        return {name: json.digest(self._control.get(f"books/{name}")) for name in names}

    def _rows(self, table: str, **fields: object) -> list[Row]:
        rows: list[Row] = self._control.get(f"books/{table}")
        return [row for row in rows if all(row.get(name) == value for name, value in fields.items())]

    def _product(self, sku: str) -> Row:
        return self._rows("shop.products", sku=sku)[0]

    def _entered(self, order: int) -> Row:
        row = self._rows("shop.orders", id=order)[0]
        return self._rows("m3.orders", CUOR=f"{_store(row)}-{order}".upper())[0]

    def _follow(self, order: int) -> Followed:
        row, entered = self._rows("shop.orders", id=order)[0], self._entered(order)
        buyer = self._rows("shop.addresses", id=row["billing_address_id"])[0]
        return Followed(
            order=order,
            store=_store(row),
            customer=buyer.get("company") or f"{buyer['first_name']} {buyer['last_name']}",
            m3_order=entered["ORNO"],
            status=_ORDERS.get(row["order_status_id"], "?"),
            shipping=_SHIPPING.get(row["shipping_status_id"], "?"),
            tracking=tuple(one["tracking_number"] for one in self._rows("shop.shipments", order_id=order)),
            invoices=tuple(str(one["IVNO"]) for one in self._rows("m3.invoices", ORNO=entered["ORNO"])),
            refunded=row["refunded_amount"],
        )


def _store(order: Row) -> str:
    return next(store.code for store in STORES if store.id == order["store_id"])
