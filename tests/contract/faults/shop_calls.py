"""Valid calls of every operation of the nopCommerce connector, on rows that are put into the shop first."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from m3nop.sandbox.shop import place_order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.sandbox.world import World

Fields = dict[str, Any]
NEW = {
    "name": "Tältsäck 40 l", "price": Decimal("12.5"), "manage_inventory_method": "manage_stock",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One way to call an operation: ``orders/note``, or ``products: made``."""

    name: str
    fields: Mapping[str, Any]
    makes: bool = False
    """A row that the connector would remember, so each call needs a connection of its own."""

    @property
    def operation(self) -> str:
        """The operation that is called."""
        return self.name.partition(":")[0]


class Prepared:
    """Rows in the shop that calls can be about, and the calls."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.pending = self._placed("pending")
        self.unpaid = self._placed("pending")
        self.unchecked = self._placed("paid")
        orders = world.books.table("shop.orders")
        # As if nobody had looked at it since it was paid.
        orders[str(self.unchecked)] = orders[str(self.unchecked)] | {"order_status_id": 10}
        self.delivered = self._placed("paid")

    def acting(self, dialect: str) -> list[Case]:
        """Return calls that act."""
        both = [
            Case("customers", {"match": {"email": "erika@example.com"}, "fields": {"company": "Erika AB", "vat_number": "SE5566778899"}}),
            Case("products: written", {"match": {"sku": "TENT-2P"}, "fields": {"price": Decimal("151.5")}}),
            Case("products: made", {"match": {"sku": "SACK-40"}, "fields": NEW}, makes=True),
            Case("stock/set: in one place", {"sku": "LAMP-HEAD", "quantity": 37, "token": "t-1"}),
            Case("stock/set: in a warehouse", {"sku": "MAT-AIR", "quantity": 12, "warehouse": 1, "token": "t-2"}),
            Case("stock/set: of a variant", {"sku": "BOOT-43", "quantity": 21, "token": "t-3"}),
        ]  # fmt: skip
        return both if dialect == "oss" else [*both, *self._official()]

    def reading(self, dialect: str) -> list[Case]:
        """Return calls that read."""
        both = [
            Case("orders/get", {"id": self.delivered}),
            Case("customers/get", {"id": 5}),
            Case("products/get", {"sku": "TENT-2P"}),
            Case("products/stock", {"sku": "MAT-AIR"}),
        ]
        official = [
            Case("orders/notes", {"order_id": self.delivered}),
            Case("shipments/list", {"order_id": self.delivered}),
        ]
        return both if dialect == "oss" else [*both, *official]

    def _official(self) -> list[Case]:
        texts = {"de": {"name": "Zelt"}}
        prices = [{"role": "wholesale", "quantity": 10, "price": Decimal("99.5")}]
        tent = {"sku": "TENT-3P"}
        attribute = {"store_id": 1, "key": "M3Number", "value": "0010000123"}
        return [
            Case("customers/attribute", {"customer_id": 5, **attribute}),
            Case("orders/attribute", {"order_id": self.pending, **attribute}),
            Case("orders/cancel", {"order_id": self.pending}),
            Case("orders/complete_check", {"order_id": self.unchecked}),
            Case("orders/mark_paid", {"order_id": self.unpaid}),
            Case("orders/note", {"order_id": self.pending, "note": "M3 order 0010000123"}),
            Case("products: of a variant", {"match": {"sku": "BOOT-43"}, "fields": {"price": 180}}),
            Case("products: with texts and prices", {"match": tent, "fields": {"localized": texts, "tier_prices": prices}}),
            Case("shipments", {"match": {"order_id": self.delivered, "marker": "m3:1"}, "fields": self._delivery()}),
        ]  # fmt: skip

    def _delivery(self) -> Fields:
        rows = self._world.books.table("shop.order_items").find(order_id=self.delivered)
        items = [{"order_item_id": row["id"], "quantity": row["quantity"], "warehouse_id": 1} for row in rows]
        return {"tracking_number": "1Z 999", "items": items, "shipped": True, "delivered": True}

    def _placed(self, payment: str) -> int:
        lines = [{"sku": "TENT-2P", "quantity": 2}, {"sku": "MAT-AIR", "quantity": 3}]
        placed = place_order(self._world, {"customer_id": 5, "lines": lines, "payment_status": payment})
        return int(placed["id"])
