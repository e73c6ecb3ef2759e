"""Products in the oss dialect, with the traps of their updates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m3nop.sandbox.shop import entities
from m3nop.sandbox.shop.oss import shapes
from m3nop.sandbox.shop.oss.binding import PAGING, As, Parameters, lenient
from m3nop.sandbox.shop.oss.call import Call, Entry, check_paging, listing, merged
from m3nop.sandbox.shop.oss.refusals import Refused, thrown_in_write, wrong
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
_WRITABLE = frozenset(shapes.PRODUCT) - {"id", "created_on_utc", "deleted"}
_NEW: dict[str, Any] = {
    "product_type_id": 5, "maximum_customer_entered_price": 1000, "max_number_of_downloads": 10,
    "recurring_cycle_length": 100, "recurring_total_cycles": 10, "rental_price_length": 1,
    "stock_quantity": 10_000, "notify_admin_for_quantity_below": 1, "order_minimum_quantity": 1,
    "order_maximum_quantity": 10_000, "unlimited_downloads": True, "is_ship_enabled": True,
    "allow_customer_reviews": True, "published": True, "visible_individually": True, "weight": 1,
}  # fmt: skip
"""What the plugin gives a new product (its ProductFactory, 4.80)."""


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
    conditions = _conditions(wanted)
    for_all = call.shop.products.count(*conditions, ("limited_to_stores", "=", False))
    limited = call.shop.products.select(*conditions, ("limited_to_stores", "=", True))
    return {"count": for_all + len(_of_store(call, limited))}


def get_product(call: Call) -> Row:
    """Answer one product."""
    row = _product(call, call.known_id())
    return listing("products", [Shapes(call.shop).product(row)], call.request.query_params.get("fields", ""))


def create_product(call: Call) -> Row:
    """Answer the insertion: what is not sent gets the plugin's defaults, ten thousand in stock among them."""
    call.require_administrator()
    sent = call.delta("product")
    now = call.shop.now()
    blank = entities.PRODUCT.row(**_NEW, created_on_utc=now, updated_on_utc=now)
    row = merged(entities.PRODUCT, blank, _columns(sent))
    if row["name"] is None:
        raise Refused(500, {"error": "The column 'Name' does not take NULL."})
    stored = call.shop.insert(entities.PRODUCT, call.shop.products, row)
    call.shop.product_extras[str(stored["id"])] = {
        "tags": sent.get("tags") or [],
        "store_ids": sent.get("store_ids") or [],
        "attributes": [],
    }
    return listing("products", [Shapes(call.shop).product(stored)])


def update_product(call: Call) -> Row:
    """Answer the update: only what was sent is written, but tags that were not sent are lost.

    Combinations are looked at only beside ``attributes``; of both, what is not listed is deleted.
    """
    call.require_administrator()
    sent = call.delta("product")
    row = merged(entities.PRODUCT, _product(call, call.known_id()), _columns(sent))
    row["updated_on_utc"] = call.shop.now()
    # There is no transaction around it: what was written before something throws stays.
    call.shop.products[str(row["id"])] = row
    extras = call.shop.extras(row["id"]) | {"tags": sent.get("tags") or []}
    if sent.get("store_ids") is not None:
        extras["store_ids"] = sent["store_ids"]
        row["limited_to_stores"] = bool(sent["store_ids"])
    if sent.get("attributes") is not None:
        extras["attributes"] = _listed_attributes(extras["attributes"], sent["attributes"])
        if sent.get("product_attribute_combinations") is not None:
            _update_combinations(call, row, sent["product_attribute_combinations"])
    call.shop.products[str(row["id"])] = row
    call.shop.product_extras[str(row["id"])] = extras
    return listing("products", [Shapes(call.shop).product(row)])


def delete_product(call: Call) -> Row:
    """Answer the deletion; the row is only marked."""
    call.require_administrator()
    row = _product(call, call.known_id())
    call.shop.products[str(row["id"])] = row | {"deleted": True}
    return {}


def _columns(sent: dict[str, Any]) -> dict[str, Any]:
    return {column: value for column, value in sent.items() if column in _WRITABLE}


def _listed_attributes(known: list[Row], sent: list[Row]) -> list[Row]:
    wanted = {item.get("id"): item for item in sent}
    return [item | wanted[item["id"]] for item in known if item["id"] in wanted]


def _update_combinations(call: Call, product: Row, sent: list[Row]) -> None:
    known = {row["id"]: row for row in call.shop.combinations.find(product_id=product["id"])}
    for number in known.keys() - {item.get("id", 0) for item in sent}:
        del call.shop.combinations[str(number)]
    for item in sent:
        columns = {column: value for column, value in item.items() if column in shapes.COMBINATION}
        if not item.get("id"):
            row = merged(entities.COMBINATION, entities.COMBINATION.blank(), columns)
            call.shop.insert(
                entities.COMBINATION, call.shop.combinations, row | {"product_id": product["id"]}
            )
        elif item["id"] in known:
            row = merged(entities.COMBINATION, known[item["id"]], columns)
            call.shop.combinations[str(item["id"])] = row | {"product_id": product["id"]}
        else:
            raise thrown_in_write()


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


ENTRIES: list[Entry] = [
    ("GET", "/api/products", get_products),
    ("GET", "/api/products/count", get_count),
    ("POST", "/api/products", create_product),
    ("GET", "/api/products/{id}", get_product),
    ("PUT", "/api/products/{id}", update_product),
    ("DELETE", "/api/products/{id}", delete_product),
]
