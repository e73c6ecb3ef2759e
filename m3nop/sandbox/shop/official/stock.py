"""Stock in the official dialect: relative by ``AdjustInventory``, absolute by whole rows of a warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.shop import entities
from m3nop.sandbox.shop import stock as rules
from m3nop.sandbox.shop.official.call import Refused
from m3nop.sandbox.shop.official.rows import existing, writing

if TYPE_CHECKING:
    from m3nop.sandbox.books import Condition
    from m3nop.sandbox.shop.entities import Row
    from m3nop.sandbox.shop.official.call import Call, Entry


def adjust_inventory(call: Call) -> None:
    """Answer ``AdjustInventory``: relative, and with several warehouses it only moves reservations.

    The body is the attributes text as a JSON text, empty unless stock is counted by attributes.
    """
    call.require("quantityToChange")
    change = call.number("quantityToChange")
    attributes = call.body_text("attributesXml")
    product = _product(call)
    rules.adjust(call.shop, product["id"], change, attributes=attributes, message=call.text("message") or "")


def book_reserved(call: Call) -> None:
    """Answer ``BookReservedInventory``: a negative quantity takes reserved goods out of a warehouse."""
    call.require("quantity")
    quantity, message = call.number("quantity"), call.text("message") or ""
    if quantity >= 0:
        raise Refused(500, {"message": "The quantity must be negative."})
    rules.book(call.shop, _product(call), call.path_number("warehouseId"), -quantity, message=message)


def add_history(call: Call) -> None:
    """Answer ``AddStockQuantityHistoryEntry``: a GET that writes down what somebody else moved."""
    call.require("quantityAdjustment", "stockQuantity")
    rules.add_history(
        call.shop, _product(call), call.number("quantityAdjustment"), call.number("stockQuantity"),
        message=call.text("message") or "", warehouse_id=call.number("warehouseId"),
        combination_id=call.number("combinationId") or None,
    )  # fmt: skip


def get_history(call: Call) -> Row:
    """Answer ``GetStockQuantityHistory``: newest first."""
    conditions: list[Condition] = [("product_id", "=", _product(call)["id"])]
    for name, column in (("warehouseId", "warehouse_id"), ("combinationId", "combination_id")):
        if number := call.number(name):
            conditions.append((column, "=", number))
    return call.page(call.shop.stock_history, conditions, order=("created_on_utc",), descending=True)


def get_total(call: Call) -> int:
    """Answer ``GetTotalStockQuantity``: 0 for what is not counted by product."""
    less_reserved = call.flag("useReservedQuantity", default=True)
    warehouse = call.number("warehouseId")
    return rules.total(call.shop, _product(call), less_reserved=less_reserved, warehouse_id=warehouse)


def get_inventories(call: Call) -> list[Row]:
    """Answer ``GetAllProductWarehouseInventoryRecords``; an update without the reserved quantity loses it."""
    return call.shop.inventories.find(product_id=call.known_id("productId"))


def get_warehouse(call: Call) -> Row:
    """Answer ``GetWarehousesById``: the warehouse of a stock row's warehouse id."""
    return existing(entities.WAREHOUSE, call.shop.warehouses, call.known_id())


def _product(call: Call) -> Row:
    return existing(entities.PRODUCT, call.shop.products, call.known_id("productId"))


ENTRIES: list[Entry] = [
    ("POST", "Product/AdjustInventory/{productId}", adjust_inventory),
    ("GET", "Product/BookReservedInventory/{productId}/{warehouseId}", book_reserved),
    ("GET", "Product/AddStockQuantityHistoryEntry/{productId}", add_history),
    ("GET", "Product/GetStockQuantityHistory/{productId}", get_history),
    ("GET", "Product/GetTotalStockQuantity/{productId}", get_total),
    ("GET", "ProductWarehouse/GetAllProductWarehouseInventoryRecords/{productId}", get_inventories),
    ("GET", "ProductWarehouse/GetWarehousesById/{id}", get_warehouse),
    *writing("ProductWarehouse", entities.INVENTORY, lambda shop: shop.inventories),
]
