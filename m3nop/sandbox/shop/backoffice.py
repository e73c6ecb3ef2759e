"""What the shop's staff does to a product in its administration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m3nop.sandbox.shop import checkout, entities, stock
from m3nop.sandbox.shop.entities import Kind
from m3nop.sandbox.shop.statuses import Inventory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.sandbox.shop.entities import Row
    from m3nop.sandbox.shop.tables import Shop

_FIXED = frozenset({"id", "created_on_utc", "updated_on_utc"})
_MONEY = (Kind.MONEY, Kind.MONEY_OR_NULL)
_MESSAGE = "Edited by staff"


def edit_product(shop: Shop, product_id: int, changed: Mapping[str, Any]) -> Row:
    """Change columns of a product, its ``tags``, stock by ``warehouses`` (ids) or ``combinations`` (SKUs).

    Stock is said absolutely here; what it moves by shows in the history. Unlike a movement of stock, an edit
    shows in the time of the last update.

    Raises:
        KeyError: there is no such product.
        ValueError: a member is unknown, or does not fit.
    """
    columns = dict(changed)
    tags = columns.pop("tags", None)
    warehouses, combinations = columns.pop("warehouses", {}), columns.pop("combinations", {})
    checkout.refuse_unknown(columns, frozenset(entities.PRODUCT.columns) - _FIXED, "a change of a product")
    before = shop.products[str(product_id)]
    read = {column: _read(column, value) for column, value in columns.items()}
    row = entities.PRODUCT.row(**(before | read)) | {"updated_on_utc": shop.now()}
    shop.products[str(product_id)] = row
    if tags is not None:
        shop.product_extras[str(product_id)] = shop.extras(product_id) | {"tags": list(tags)}
    if row["manage_inventory_method_id"] == Inventory.PRODUCT and not row["use_multiple_warehouses"]:
        change = row["stock_quantity"] - before["stock_quantity"]
        _note(shop, row, change, row["stock_quantity"], warehouse_id=row["warehouse_id"])
    for warehouse_id, quantity in warehouses.items():
        _set_in_warehouse(shop, row, int(warehouse_id), int(quantity))
    for sku, quantity in combinations.items():
        _set_combination(shop, row, sku, int(quantity))
    return row


def _set_in_warehouse(shop: Shop, product: Row, warehouse_id: int, quantity: int) -> None:
    if str(warehouse_id) not in shop.warehouses:
        msg = f"the shop has no warehouse {warehouse_id}"
        raise ValueError(msg)
    row = shop.inventory(product["id"], warehouse_id)
    if row is None:
        row = entities.INVENTORY.row(product_id=product["id"], warehouse_id=warehouse_id)
        row = shop.insert(entities.INVENTORY, shop.inventories, row)
    change = quantity - row["stock_quantity"]
    shop.inventories[str(row["id"])] = row | {"stock_quantity": quantity}
    _note(shop, product, change, quantity, warehouse_id=warehouse_id)


def _set_combination(shop: Shop, product: Row, sku: str, quantity: int) -> None:
    row = next(iter(shop.combinations.find(product_id=product["id"], sku=sku)), None)
    if row is None:
        msg = f"product {product['id']} has no combination {sku!r}"
        raise ValueError(msg)
    change = quantity - row["stock_quantity"]
    shop.combinations[str(row["id"])] = row | {"stock_quantity": quantity}
    _note(shop, product, change, quantity, combination_id=row["id"])


def _note(shop: Shop, product: Row, change: int, quantity: int, **where: int) -> None:
    stock.add_history(shop, product, change, quantity, message=_MESSAGE, **where)


def _read(column: str, value: Any) -> Any:  # noqa: ANN401 -- JSON
    if entities.PRODUCT.columns[column] in _MONEY and isinstance(value, str):
        return checkout.amount(value)
    return value
