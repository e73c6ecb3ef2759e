"""Customers and guests who order all the time, pay at once or later, change their minds, and ask for what is gone."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from m3nop.sandbox import shop
from m3nop.sandbox.catalogue import ITEMS, UNKNOWN_SKU

if TYPE_CHECKING:
    from m3nop.sandbox.world import World

Lines = Counter[tuple[str, Decimal, Decimal]]
"""Item number, quantity and price without VAT of each line."""

_STORES = {1: "B2C", 2: "B2B"}
_GOODS = [item for item in ITEMS if item.unit == "PCS" and item.sku != "GIFT-WRAP"]
_KINDS = {"plain": 66, "guest": 14, "in pieces": 8, "edited": 4, "paid later": 4, "never paid": 1, "cancelled": 1,
          "unknown item": 2}  # fmt: skip
_INELIGIBLE = frozenset({"never paid", "cancelled", "unknown item"})


@dataclass
class Placed:
    """An order of the shop, and every content that it ever had there."""

    id: int
    reference: str
    kind: str
    customer: int
    contents: list[Lines] = field(default_factory=list)

    @property
    def eligible(self) -> bool:
        """Whether it has to be entered in M3, in the end."""
        return self.kind not in _INELIGIBLE


class Shoppers:
    """Places orders in both stores of a sandbox."""

    def __init__(self, world: World, *, seed: str) -> None:
        self.placed: dict[int, Placed] = {}
        self._world = world
        self._chance = random.Random(f"{seed} shoppers")  # noqa: S311
        self._later: list[tuple[float, Placed]] = []
        shop.bulk_seed(world, orders=0, customers=30)
        customers = world.books.table("shop.customers").values()
        self._customers = {
            store: [row["id"] for row in customers if row["registered_in_store_id"] == store and row["billing_address_id"]]
            for store in _STORES
        }  # fmt: skip

    def place(self) -> Placed:
        """Place one more order, and return it."""
        chance = self._chance
        kind = chance.choices(list(_KINDS), weights=list(_KINDS.values()))[0]
        store = chance.choices((1, 2), weights=(3, 1))[0]
        goods = chance.sample(_GOODS, k=chance.choice((1, 1, 2, 3, 5)))
        lines = [(item, chance.randint(1, 6)) for item in goods]
        row = shop.place_order(self._world, self._wish(kind, store, lines))
        placed = Placed(row["id"], f"{_STORES[store]}-{row['id']}", kind, row["customer_id"])
        placed.contents.append(_content(lines))
        self.placed[placed.id] = placed
        if kind in {"edited", "paid later", "cancelled"}:
            self._later.append((time.monotonic() + chance.uniform(0.5, 4), placed))
        return placed

    def _wish(self, kind: str, store: int, lines: list[tuple[Any, int]]) -> dict[str, Any]:
        chance = self._chance
        wish: dict[str, Any] = {
            "store_id": store,
            "lines": [{"sku": item.sku, "quantity": quantity} for item, quantity in lines],
            "payment_method": chance.choice(("Payments.CheckMoneyOrder", "Payments.Manual")),
            "shipping": chance.choice((0, "9.90")),
        }
        if kind == "guest":
            wish["guest"] = _guest(chance)
        else:
            wish["customer_id"] = chance.choice(self._customers[store])
        if kind == "in pieces":
            wish["delay"] = 0.4
        if kind in {"paid later", "never paid", "cancelled"}:
            wish["payment_status"] = "pending"
        if kind == "unknown item":
            wish["lines"].append({"sku": UNKNOWN_SKU, "quantity": 1})
        return wish

    def go_on(self, *, to_the_end: bool = False) -> None:
        """Do what was put off and is due by now: pay, cancel, edit."""
        now = time.monotonic()
        due = [entry for entry in self._later if to_the_end or entry[0] <= now]
        self._later = [entry for entry in self._later if entry not in due]
        for _, placed in due:
            self._change(placed)

    def _change(self, placed: Placed) -> None:
        if placed.kind == "paid later":
            shop.change_order(self._world, placed.id, {"payment_status": "paid"})
        elif placed.kind == "cancelled":
            shop.change_order(self._world, placed.id, {"cancel": True})
        else:
            rows = self._world.books.table("shop.order_items").find(order_id=placed.id)
            quantities = {str(row["id"]): row["quantity"] + 10 for row in rows}
            shop.change_order(self._world, placed.id, {"quantities": quantities})
            content = placed.contents[0]
            placed.contents.append(Counter({(item, count + 10, price): 1 for item, count, price in content}))


def _content(lines: list[tuple[Any, int]]) -> Lines:
    return Counter(
        (item.item_number, Decimal(count), Decimal(item.price).normalize()) for item, count in lines
    )


def _guest(chance: random.Random) -> dict[str, Any]:
    number = chance.randint(1, 40)
    return {
        "first_name": "Gäst",
        "last_name": f"Nr {number}",
        "email": f"guest{number}@example.com",
        "address1": f"Gatan {number}",
        "city": "Lund",
        "zip_postal_code": "222 22",
        "country": "SE",
    }
