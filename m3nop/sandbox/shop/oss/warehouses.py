"""Warehouses and what they hold of each product, in the oss dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m3nop.sandbox.shop import entities
from m3nop.sandbox.shop.oss.binding import PAGING, As, by_name
from m3nop.sandbox.shop.oss.call import Call, Entry, check_paging, listing, merged
from m3nop.sandbox.shop.oss.refusals import thrown_in_write, wrong
from m3nop.sandbox.shop.oss.shapes import Shapes

if TYPE_CHECKING:
    from m3nop.sandbox.books import Condition
    from m3nop.sandbox.shop.entities import Row


def get_inventories(call: Call) -> Row:
    """Answer the stock rows; parameters go by their property names only."""
    call.require_administrator()
    model = {**PAGING, "productid": As.INT_OR_NULL, "warehouseid": As.INT_OR_NULL}
    wanted = by_name(call.request.query_params, model)
    check_paging(wanted, page="invalid page parameter")
    conditions: list[Condition] = [
        (column, "=", wanted[name])
        for name, column in (("productid", "product_id"), ("warehouseid", "warehouse_id"))
        if wanted[name] is not None
    ]
    return listing(
        "product_warehouse_inventories",
        call.page(call.shop.inventories, conditions, wanted),
        wanted["fields"],
    )


def get_inventory(call: Call) -> Row:
    """Answer one stock row."""
    call.require_administrator()
    return listing("product_warehouse_inventories", [_inventory(call, "product_warehouse_inventories")])


def create_inventory(call: Call) -> Row:
    """Answer the insertion of a stock row; there is one for a product in a warehouse."""
    call.require_administrator()
    row = merged(entities.INVENTORY, entities.INVENTORY.blank(), call.delta("product_warehouse_inventory"))
    _check_both(call, row)
    if call.shop.inventories.find(product_id=row["product_id"], warehouse_id=row["warehouse_id"]):
        raise wrong(400, "product_warehouse_inventories", "already exist")
    stored = call.shop.insert(entities.INVENTORY, call.shop.inventories, row)
    return listing("product_warehouse_inventories", [stored])


def update_inventory(call: Call) -> Row:
    """Answer the update of a stock row: only what was sent is written."""
    call.require_administrator()
    sent = call.delta("product_warehouse_inventory")
    _check_both(call, sent)
    row = merged(entities.INVENTORY, _inventory(call, "product_warehouse_inventory"), sent)
    call.shop.inventories[str(row["id"])] = row
    return listing("product_warehouse_inventories", [row])


def delete_inventory(call: Call) -> Row:
    """Answer the deletion of a stock row, for good."""
    call.require_administrator()
    del call.shop.inventories[str(_inventory(call, "product_warehouse_inventory")["id"])]
    return {}


def get_warehouses(call: Call) -> Row:
    """Answer the warehouses; parameters go by their property names only."""
    call.require_administrator()
    wanted = by_name(
        call.request.query_params, {"productid": As.INT_OR_NULL, "ids": As.INTS, "fields": As.TEXT}
    )
    holding = {row["warehouse_id"] for row in call.shop.inventories.find(product_id=wanted["productid"])}
    made = Shapes(call.shop)
    rows = [
        made.warehouse(row)
        for row in call.shop.warehouses.values()
        if (wanted["productid"] is None or row["id"] in holding)
        and (not wanted["ids"] or row["id"] in wanted["ids"])
    ]
    return listing("warehouses", rows, wanted["fields"])


def get_warehouse(call: Call) -> Row:
    """Answer one warehouse."""
    call.require_administrator()
    return _shown(call, _warehouse(call))


def create_warehouse(call: Call) -> Row:
    """Answer the insertion; an address is taken for granted."""
    call.require_administrator()
    sent = call.delta("warehouse")
    row = _with_address(call, entities.WAREHOUSE.blank(), sent)
    return _shown(call, call.shop.insert(entities.WAREHOUSE, call.shop.warehouses, row))


def update_warehouse(call: Call) -> Row:
    """Answer the update: an address is taken for granted here, too, and one without an id is a new one."""
    call.require_administrator()
    row = _with_address(call, _warehouse(call), call.delta("warehouse"))
    call.shop.warehouses[str(row["id"])] = row
    return _shown(call, row)


def delete_warehouse(call: Call) -> Row:
    """Answer the deletion of a warehouse, for good."""
    call.require_administrator()
    del call.shop.warehouses[str(_warehouse(call)["id"])]
    return {}


def _check_both(call: Call, sent: dict[str, Any]) -> None:
    if sent.get("warehouse_id") is not None and str(sent["warehouse_id"]) not in call.shop.warehouses:
        raise wrong(404, "warehouse_id", "not found")
    if sent.get("product_id") is not None and str(sent["product_id"]) not in call.shop.products:
        raise wrong(404, "product_id", "not found")


def _inventory(call: Call, field: str) -> Row:
    row = call.shop.inventories.get(str(call.known_id()))
    if row is None:
        raise wrong(404, field, "not found")
    return row


def _warehouse(call: Call) -> Row:
    row = call.shop.warehouses.get(str(call.known_id()))
    if row is None:
        raise wrong(404, "warehouse", "warehouse not found")
    return row


def _with_address(call: Call, row: Row, sent: dict[str, Any]) -> Row:
    address = sent.get("address")
    if not isinstance(address, dict):
        raise thrown_in_write()
    row = merged(
        entities.WAREHOUSE, row, {name: sent[name] for name in ("name", "admin_comment") if name in sent}
    )
    number = address.get("id") or 0
    stored = merged(entities.ADDRESS, entities.ADDRESS.blank(), address)
    if number:
        call.shop.addresses[str(number)] = stored | {"id": number}
    else:
        number = call.shop.insert(entities.ADDRESS, call.shop.addresses, stored)["id"]
    return row | {"address_id": number}


def _shown(call: Call, row: Row) -> Row:
    return listing("warehouses", [Shapes(call.shop).warehouse(row)])


ENTRIES: list[Entry] = [
    ("GET", "/api/product_warehouse_inventories", get_inventories),
    ("POST", "/api/product_warehouse_inventories", create_inventory),
    ("GET", "/api/product_warehouse_inventories/{id}", get_inventory),
    ("PUT", "/api/product_warehouse_inventories/{id}", update_inventory),
    ("DELETE", "/api/product_warehouse_inventories/{id}", delete_inventory),
    ("GET", "/api/warehouses", get_warehouses),
    ("POST", "/api/warehouses", create_warehouse),
    ("GET", "/api/warehouses/{id}", get_warehouse),
    ("PUT", "/api/warehouses/{id}", update_warehouse),
    ("DELETE", "/api/warehouses/{id}", delete_warehouse),
]
