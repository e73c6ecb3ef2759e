"""Many products at once, for load tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core import json
from m3nop.sandbox import catalogue
from m3nop.sandbox.shop import entities
from m3nop.sandbox.shop.entities import money
from m3nop.sandbox.shop.statuses import Inventory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from m3nop.sandbox.shop.entities import Row
    from m3nop.sandbox.shop.tables import Shop

_OPENED = "2026-01-02T03:04:05"
_OWN = frozenset({"id", "sku", "name", "display_order", "price", "stock_quantity"})
_PRICES = 5000


def load(shop: Shop, *, products: int) -> None:
    """Write simple products of one warehouse under the SKUs that both doubles count up."""
    first = shop.draw(entities.PRODUCT, count=products)
    held = shop.products.count(("sku", ">=", "BULK-"), ("sku", "<", "BULK."))
    same = {column: value for column, value in _row().items() if column not in _OWN}
    shop.products.fill(_texts(first=first, held=held, products=products, same=json.dumps(same)))


def _texts(*, first: int, held: int, products: int, same: str) -> Iterator[tuple[str, str]]:
    for offset in range(products):
        sku = catalogue.bulk_sku(held + offset + 1)
        own = {
            "id": first + offset, "sku": sku, "name": f"Lastprov {sku}", "display_order": first + offset,
            "price": money(offset % _PRICES + 1), "stock_quantity": offset % 100,
        }  # fmt: skip
        # What all have in common is written as JSON once: that is most of the time.
        yield str(first + offset), f"{json.dumps(own)[:-1]}, {same[1:]}"


def _row() -> Row:
    return entities.PRODUCT.row(
        product_type_id=5, visible_individually=True, published=True, is_ship_enabled=True, tax_category_id=1,
        order_minimum_quantity=1, order_maximum_quantity=10_000, warehouse_id=1,
        manage_inventory_method_id=int(Inventory.PRODUCT), weight=1, created_on_utc=_OPENED,
        updated_on_utc=_OPENED,
    )  # fmt: skip
