"""The shop's rules for stock: where a product counts it, and what moving it entails.

A product that is not tracked counts nowhere. One with a single warehouse counts on its own row, one with
several in rows of product and warehouse, one tracked by attributes in its combinations. In several
warehouses an order *reserves*; only the shipment that leaves takes goods away. The rules are those of
nopCommerce's product service (4.80); every quantity that really moves leaves a row of history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.shop import entities
from m3nop.sandbox.shop.statuses import Inventory, LowStock

if TYPE_CHECKING:
    from m3nop.sandbox.shop.entities import Row
    from m3nop.sandbox.shop.tables import Shop


def adjust(shop: Shop, product_id: int, change: int, *, attributes: str | None = "", message: str) -> None:
    """Add ``change`` to the stock of a product, or to that of the combination that ``attributes`` choose."""
    product = shop.products[str(product_id)]
    if change == 0:
        return
    if product["manage_inventory_method_id"] == Inventory.PRODUCT:
        if product["use_multiple_warehouses"]:
            _reserve(shop, product, change)
        else:
            product["stock_quantity"] += change
            shop.products[str(product_id)] = product
            add_history(
                shop, product, change, product["stock_quantity"], message=message,
                warehouse_id=product["warehouse_id"],
            )  # fmt: skip
        _apply_low_stock(shop, product, total(shop, product))
    elif product["manage_inventory_method_id"] == Inventory.COMBINATION:
        _adjust_combination(shop, product, change, attributes=attributes, message=message)


def book(shop: Shop, product: Row, warehouse_id: int, quantity: int, *, message: str) -> None:
    """Take shipped goods out of a warehouse, and with them their reservation."""
    row = _counted_in(shop, product, warehouse_id)
    if row is None:
        return
    row["reserved_quantity"] = max(row["reserved_quantity"] - quantity, 0)
    row["stock_quantity"] -= quantity
    _keep_booked(shop, product, row, -quantity, message)


def put_back(shop: Shop, product: Row, warehouse_id: int, quantity: int, *, message: str) -> int:
    """Return shipped goods to a warehouse, reserved as they were before; return how many."""
    row = _counted_in(shop, product, warehouse_id)
    if row is None:
        return 0
    row["reserved_quantity"] += quantity
    row["stock_quantity"] += quantity
    _keep_booked(shop, product, row, quantity, message)
    return quantity


def total(shop: Shop, product: Row, *, less_reserved: bool = True, warehouse_id: int = 0) -> int:
    """Return the stock of a product, in one warehouse or all; 0 where it is not counted by product."""
    if product["manage_inventory_method_id"] != Inventory.PRODUCT:
        return 0
    if not product["use_multiple_warehouses"]:
        own: int = product["stock_quantity"]
        return own
    rows = [
        row
        for row in shop.inventories.find(product_id=product["id"])
        if warehouse_id in (0, row["warehouse_id"])
    ]
    return sum(row["stock_quantity"] - less_reserved * row["reserved_quantity"] for row in rows)


def add_history(
    shop: Shop, product: Row, change: int, quantity: int, *, message: str, warehouse_id: int = 0,
    combination_id: int | None = None,
) -> None:  # fmt: skip
    """Write down a movement: by how much, and what was left; none is written for nothing."""
    if change == 0:
        return
    row = entities.STOCK_HISTORY.row(
        product_id=product["id"], quantity_adjustment=change, stock_quantity=quantity, message=message,
        warehouse_id=warehouse_id or None, combination_id=combination_id, created_on_utc=shop.now(),
    )  # fmt: skip
    shop.insert(entities.STOCK_HISTORY, shop.stock_history, row)


def _reserve(shop: Shop, product: Row, change: int) -> None:
    rows = shop.inventories.find(product_id=product["id"])
    if not rows:
        return
    if change < 0:
        rows.sort(key=lambda row: row["reserved_quantity"] - row["stock_quantity"])
        room = [max(row["stock_quantity"] - row["reserved_quantity"], 0) for row in rows]
    else:
        rows.sort(key=lambda row: -row["reserved_quantity"])
        room = [max(row["reserved_quantity"], 0) for row in rows]
    left, sign = abs(change), 1 if change < 0 else -1
    for row, most in zip(rows, room, strict=True):
        taken = min(most, left)
        row["reserved_quantity"] += sign * taken
        left -= taken
    # What no warehouse has room for falls to the first, below nothing if need be.
    rows[0]["reserved_quantity"] += sign * left
    for row in rows:
        shop.inventories[str(row["id"])] = row


def _adjust_combination(
    shop: Shop, product: Row, change: int, *, attributes: str | None, message: str
) -> None:
    combination = shop.combination(product["id"], attributes)
    if combination is None:
        return
    combination["stock_quantity"] += change
    shop.combinations[str(combination["id"])] = combination
    add_history(
        shop, product, change, combination["stock_quantity"], message=message,
        combination_id=combination["id"],
    )  # fmt: skip
    if product["allow_adding_only_existing_attribute_combinations"]:
        rows = shop.combinations.find(product_id=product["id"])
        _apply_low_stock(shop, product, sum(row["stock_quantity"] for row in rows))


def _apply_low_stock(shop: Shop, product: Row, quantity: int) -> None:
    # A product that is back in stock stays as it is: the setting that publishes it again is off by default.
    if quantity > product["min_stock_quantity"]:
        return
    activity = product["low_stock_activity_id"]
    if activity == LowStock.DISABLE_BUY_BUTTON:
        product |= {"disable_buy_button": True, "disable_wishlist_button": True}
    elif activity == LowStock.UNPUBLISH:
        product["published"] = False
    else:
        return
    shop.products[str(product["id"])] = product


def _counted_in(shop: Shop, product: Row, warehouse_id: int) -> Row | None:
    counted = product["manage_inventory_method_id"] == Inventory.PRODUCT
    if not counted or not product["use_multiple_warehouses"]:
        return None
    return shop.inventory(product["id"], warehouse_id)


def _keep_booked(shop: Shop, product: Row, row: Row, change: int, message: str) -> None:
    shop.inventories[str(row["id"])] = row
    add_history(
        shop, product, change, row["stock_quantity"], message=message, warehouse_id=row["warehouse_id"]
    )
