"""Orders and their lines in the oss dialect, with the traps of its writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m3nop.sandbox.shop import entities, processing
from m3nop.sandbox.shop.oss.binding import PAGING, As, Parameters, lenient
from m3nop.sandbox.shop.oss.call import Call, Entry, check_paging, listing, merged
from m3nop.sandbox.shop.oss.refusals import thrown_in_write, wrong
from m3nop.sandbox.shop.oss.shapes import Shapes
from m3nop.sandbox.shop.statuses import OrderStatus, PaymentStatus, ShippingStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.sandbox.books import Condition
    from m3nop.sandbox.shop.entities import Row

_FILTERS: Mapping[str, As] = {
    "createdatmin": As.LOCAL_TIME_OR_NULL,
    "createdatmax": As.LOCAL_TIME_OR_NULL,
    "status": As.ORDER_STATUS,
    "paymentstatus": As.PAYMENT_STATUS,
    "shippingstatus": As.SHIPPING_STATUS,
    "customerid": As.INT_OR_NULL,
}
_COLUMNS = {
    "status": ("order_status_id", "="),
    "paymentstatus": ("payment_status_id", "="),
    "shippingstatus": ("shipping_status_id", "="),
    "customerid": ("customer_id", "="),
    "createdatmin": ("created_on_utc", ">"),
    "createdatmax": ("created_on_utc", "<"),
    "ids": ("id", "in"),
}
_STATUSES = {
    "order_status": ("order_status_id", OrderStatus),
    "payment_status": ("payment_status_id", PaymentStatus),
    "shipping_status": ("shipping_status_id", ShippingStatus),
}


def get_orders(call: Call) -> Row:
    """Answer the list: the current store's, by id."""
    wanted = lenient(call.request.query_params, {**PAGING, **_FILTERS, "ids": As.INTS})
    check_paging(wanted, field="page", page="Invalid page parameter")
    _may_see(call, wanted["customerid"])
    shapes = Shapes(call.shop)
    rows = call.page(call.shop.orders, _conditions(call, wanted), wanted)
    return listing("orders", [shapes.order(row) for row in rows], wanted["fields"])


def get_count(call: Call) -> Row:
    """Answer the count."""
    wanted = lenient(call.request.query_params, _FILTERS)
    _may_see(call, wanted["customerid"])
    return {"count": call.shop.orders.count(*_conditions(call, wanted))}


def get_order(call: Call) -> Row:
    """Answer one order, of whatever store."""
    row = _order(call, call.known_id())
    return listing("orders", [Shapes(call.shop).order(row)], call.request.query_params.get("fields", ""))


def get_orders_of_customer(call: Call) -> Row:
    """Answer a customer's orders, of all stores."""
    customer = call.number("customerId")
    _may_see(call, customer)
    shapes = Shapes(call.shop)
    rows = call.shop.orders.select(
        ("deleted", "=", False), ("customer_id", "=", customer), order=("id",), limit=250
    )
    return {"orders": [shapes.order(row) for row in rows]}


def update_order(call: Call) -> Row:
    """Answer the update. It looks products up with the ids of lines, and takes both addresses for granted."""
    sent = call.delta("order")
    order = _order(call, call.known_id())
    for item in call.shop.order_items(order["id"]):
        product = call.shop.products.get(str(item["id"]))
        if product is None:
            raise thrown_in_write()
        if not product["is_free_shipping"]:
            order["shipping_method"] = sent.get("shipping_method")
    order = _merged(order, sent)
    for column in ("billing_address", "shipping_address"):
        address = sent.get(column)
        if not isinstance(address, dict):
            raise thrown_in_write()
        order[f"{column}_id"] = address.get("id", 0)
    call.shop.orders[str(order["id"])] = order
    return listing("orders", [Shapes(call.shop).order(order)])


def delete_order(call: Call) -> Row:
    """Answer the deletion: goods go back into stock, the row is only marked."""
    processing.delete(call.shop, _order(call, call.known_id()))
    return {}


def get_items(call: Call) -> Row:
    """Answer the lines of an order, paged; ``since_id`` is taken and not used."""
    call.require_administrator()
    wanted = lenient(call.request.query_params, PAGING)
    check_paging(wanted)
    order = _order(call, call.number("orderId"))
    shapes = Shapes(call.shop)
    offset = (wanted["page"] - 1) * wanted["limit"]
    items = call.shop.order_items(order["id"])[offset : offset + wanted["limit"]]
    return listing("order_items", [shapes.item(item) for item in items], wanted["fields"])


def get_items_count(call: Call) -> Row:
    """Answer how many lines an order has."""
    call.require_administrator()
    order = _order(call, call.number("orderId"))
    return {"count": len(call.shop.order_items(order["id"]))}


def get_item(call: Call) -> Row:
    """Answer one line; nobody checks that it is of that order."""
    call.require_administrator()
    _order(call, call.number("orderId"))
    item = _item(call)
    return listing("order_items", [Shapes(call.shop).item(item)], call.request.query_params.get("fields", ""))


def update_item(call: Call) -> Row:
    """Answer the update of a line: the reply shows the new values, the row keeps the old ones."""
    call.require_administrator()
    item = _item(call)
    _order(call, call.number("orderId"))
    changed = merged(entities.ORDER_ITEM, item, call.delta("order_item"))
    return listing("order_items", [Shapes(call.shop).item(changed | {"product_id": item["product_id"]})])


def _conditions(call: Call, wanted: Parameters) -> list[Condition]:
    conditions: list[Condition] = [("deleted", "=", False), ("store_id", "=", call.store["id"])]
    for name, (column, operator) in _COLUMNS.items():
        if wanted[name] is not None:
            conditions.append((column, operator, wanted[name]))
    return conditions


def _order(call: Call, number: int) -> Row:
    row = call.shop.orders.get(str(number))
    if row is None or row["deleted"]:
        raise wrong(404, "order", "not found")
    _may_see(call, row["customer_id"])
    return row


def _item(call: Call) -> Row:
    row = call.shop.items.get(str(call.number("orderItemId")))
    if row is None:
        raise wrong(404, "order_item", "not found")
    return row


def _may_see(call: Call, customer_id: int | None) -> None:
    # Everybody may see their own orders.
    if customer_id != call.customer_id:
        call.require_administrator()


def _merged(order: Row, sent: dict[str, Any]) -> Row:
    statuses = {
        column: status.named(str(sent[name]))
        for name, (column, status) in _STATUSES.items()
        if name in sent and status.named(str(sent[name])) is not None
    }
    return merged(entities.ORDER, order, sent) | statuses


ENTRIES: list[Entry] = [
    ("GET", "/api/orders", get_orders),
    ("GET", "/api/orders/count", get_count),
    ("GET", "/api/orders/customer/{customerId}", get_orders_of_customer),
    ("GET", "/api/orders/{id}", get_order),
    ("PUT", "/api/orders/{id}", update_order),
    ("DELETE", "/api/orders/{id}", delete_order),
    ("GET", "/api/orders/{orderId}/items", get_items),
    ("GET", "/api/orders/{orderId}/items/count", get_items_count),
    ("GET", "/api/orders/{orderId}/items/{orderItemId}", get_item),
    ("PUT", "/api/orders/{orderId}/items/{orderItemId}", update_item),
]
