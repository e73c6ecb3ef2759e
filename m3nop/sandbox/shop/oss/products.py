"""Products and warehouse rows in the oss dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m3nop.sandbox.shop import entities
from m3nop.sandbox.shop.oss.binding import PAGING, As, Parameters, by_name, lenient
from m3nop.sandbox.shop.oss.call import Call, Entry, check_paging, listing, merged
from m3nop.sandbox.shop.oss.refusals import wrong
from m3nop.sandbox.shop.oss.shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.sandbox.books import Condition
    from m3nop.sandbox.shop.entities import Row

_FILTERS: Mapping[str, As] = {
    "createdatmin": As.TIME_OR_NULL,
    "createdatmax": As.TIME_OR_NULL,
    "updatedatmin": As.TIME_OR_NULL,
    "updatedatmax": As.TIME_OR_NULL,
    "publishedstatus": As.BOOL_OR_NULL,
    "isdownload": As.BOOL_OR_NULL,
}
_COLUMNS = {
    "createdatmin": ("created_on_utc", ">"),
    "createdatmax": ("created_on_utc", "<"),
    "updatedatmin": ("updated_on_utc", ">"),
    "updatedatmax": ("updated_on_utc", "<"),
    "publishedstatus": ("published", "="),
    "isdownload": ("is_download", "="),
    "ids": ("id", "in"),
    "manufacturerpartnumbers": ("manufacturer_part_number", "in"),
}
_UNCHANGEABLE = {"id", "created_on_utc", "deleted"}


def get_products(call: Call) -> Row:
    """Answer the list by id; a page is cut first and the store's rights are looked at afterwards."""
    model = {**PAGING, **_FILTERS, "ids": As.INTS, "manufacturerpartnumbers": As.TEXTS}
    wanted = lenient(call.request.query_params, model)
    check_paging(wanted, page="invalid page parameter")
    rows = _of_store(call, call.page(call.shop.products, _conditions(wanted), wanted))
    made = Shapes(call.shop)
    return listing("products", [made.product(row) for row in rows], wanted["fields"])


def get_count(call: Call) -> Row:
    """Answer the count, of what the store may show."""
    wanted = lenient(call.request.query_params, _FILTERS)
    return {"count": len(_of_store(call, call.shop.products.select(*_conditions(wanted))))}


def get_product(call: Call) -> Row:
    """Answer one product."""
    row = _product(call, call.known_id())
    return listing("products", [Shapes(call.shop).product(row)], call.request.query_params.get("fields", ""))


def update_product(call: Call) -> Row:
    """Answer the update: only what was sent is written, but tags that were not sent are lost."""
    call.require_administrator()
    sent = call.delta("product")
    row = _product(call, call.known_id())
    columns = {column: value for column, value in sent.items() if column not in _UNCHANGEABLE}
    row = merged(entities.PRODUCT, row, columns) | {"updated_on_utc": call.shop.now()}
    call.shop.products[str(row["id"])] = row
    call.shop.product_extras[str(row["id"])] = call.shop.extras(row["id"]) | {"tags": sent.get("tags") or []}
    for combination in sent.get("product_attribute_combinations") or []:
        _update_combination(call, row, combination)
    return listing("products", [Shapes(call.shop).product(row)])


def _update_combination(call: Call, product: Row, sent: dict[str, Any]) -> None:
    known = call.shop.combinations.get(str(sent.get("id")))
    if known and known["product_id"] == product["id"]:
        changed = merged(entities.COMBINATION, known, sent) | {"product_id": product["id"]}
        call.shop.combinations[str(known["id"])] = changed


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
    if str(row["warehouse_id"]) not in call.shop.warehouses:
        raise wrong(404, "warehouse_id", "not found")
    if str(row["product_id"]) not in call.shop.products:
        raise wrong(404, "product_id", "not found")
    if call.shop.inventories.find(product_id=row["product_id"], warehouse_id=row["warehouse_id"]):
        raise wrong(400, "product_warehouse_inventories", "already exist")
    stored = call.shop.insert(entities.INVENTORY, call.shop.inventories, row)
    return listing("product_warehouse_inventories", [stored])


def update_inventory(call: Call) -> Row:
    """Answer the update of a stock row: only what was sent is written."""
    call.require_administrator()
    row = _inventory(call, "product_warehouse_inventory")
    row = merged(entities.INVENTORY, row, call.delta("product_warehouse_inventory"))
    call.shop.inventories[str(row["id"])] = row
    return listing("product_warehouse_inventories", [row])


def _conditions(wanted: Parameters) -> list[Condition]:
    return [
        ("deleted", "=", False),
        *(
            (column, operator, wanted[name])
            for name, (column, operator) in _COLUMNS.items()
            if wanted[name] is not None
        ),
    ]


def _of_store(call: Call, rows: list[Row]) -> list[Row]:
    store = call.store["id"]
    kept = []
    for row in rows:
        stores = call.shop.extras(row["id"])["store_ids"]
        if not row["limited_to_stores"] or store in stores:
            kept.append(row)
    return kept


def _product(call: Call, number: int) -> Row:
    row = call.shop.products.get(str(number))
    if row is None or row["deleted"]:
        raise wrong(404, "product", "not found")
    return row


def _inventory(call: Call, field: str) -> Row:
    row = call.shop.inventories.get(str(call.known_id()))
    if row is None:
        raise wrong(404, field, "not found")
    return row


ENTRIES: list[Entry] = [
    ("GET", "/api/products", get_products),
    ("GET", "/api/products/count", get_count),
    ("GET", "/api/products/{id}", get_product),
    ("PUT", "/api/products/{id}", update_product),
    ("GET", "/api/product_warehouse_inventories", get_inventories),
    ("POST", "/api/product_warehouse_inventories", create_inventory),
    ("GET", "/api/product_warehouse_inventories/{id}", get_inventory),
    ("PUT", "/api/product_warehouse_inventories/{id}", update_inventory),
]
