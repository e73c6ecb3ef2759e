"""Orders, their lines and notes in the official dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.shop import entities
from m3nop.sandbox.shop.official.call import Call, Entry, Refused, joined_ids, not_found
from m3nop.sandbox.shop.official.rows import existing, writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.sandbox.books import Condition
    from m3nop.sandbox.shop.entities import Row

_EQUAL = {
    "storeId": "store_id",
    "customerId": "customer_id",
    "affiliateId": "affiliate_id",
}
_AMONG = {"osIds": "order_status_id", "psIds": "payment_status_id", "ssIds": "shipping_status_id"}
_IN_BILLING = {"billingEmail": "email", "billingPhone": "phone_number", "billingLastName": "last_name"}


def search(call: Call) -> Row:
    """Answer ``Search``: heads only, newest first, both time bounds inclusive, deleted ones left out."""
    conditions: list[Condition] = [("deleted", "=", False)]
    for name, column in _EQUAL.items():
        if number := call.number(name):
            conditions.append((column, "=", number))
    for name, column in _AMONG.items():
        if numbers := call.numbers(name):
            conditions.append((column, "in", numbers))
    if method := call.text("paymentMethodSystemName"):
        conditions.append(("payment_method_system_name", "=", method))
    if start := call.moment("createdFromUtc"):
        conditions.append(("created_on_utc", ">=", start))
    if end := call.moment("createdToUtc"):
        conditions.append(("created_on_utc", "<=", end))
    return call.page(
        call.shop.orders, conditions, order=("created_on_utc",), descending=True, keep=_beyond_the_head(call)
    )


def _beyond_the_head(call: Call) -> Callable[[Row], bool] | None:
    """Return the test for filters that need other rows than the order's own, if any was sent."""
    shop = call.shop
    product, country, note = (
        call.number("productId"),
        call.number("billingCountryId"),
        call.text("orderNotes"),
    )
    billing = {column: text for name, column in _IN_BILLING.items() if (text := call.text(name))}
    if not (product or country or note or billing):
        return None

    def keep(order: Row) -> bool:
        address = shop.addresses.get(str(order["billing_address_id"]))
        return address is not None and (
            (not product or any(item["product_id"] == product for item in shop.order_items(order["id"])))
            and (not country or address["country_id"] == country)
            and all(text.lower() in (address[column] or "").lower() for column, text in billing.items())
            and (not note or any(note in row["note"] for row in shop.notes.find(order_id=order["id"])))
        )

    return keep


def get_by_ids(call: Call) -> list[Row]:
    """Answer ``GetByIds``: those that exist and are not deleted, in the order asked for."""
    return call.shop.by_ids(call.shop.orders, joined_ids(call.path_text("ids")), ("deleted", "=", False))


def get_by_custom_order_number(call: Call) -> Row:
    """Answer ``GetByCustomOrderNumber``."""
    number = call.text("customOrderNumber")
    if number is None:
        raise Refused(400, {"title": "Bad Request", "status": 400})
    found = call.shop.orders.find(custom_order_number=number)
    if not found:
        raise Refused(404, f"Order CustomOrderNumber={number} not found")
    return found[0]


def get_by_guid(call: Call) -> Row:
    """Answer ``GetByGuid``."""
    guid = (call.text("guid") or "").lower()
    found = call.shop.orders.find(order_guid=guid)
    if not found:
        raise Refused(404, f"Order Guid={guid} not found")
    return found[0]


def get_by_order_item(call: Call) -> Row:
    """Answer ``GetByOrderItem``."""
    number = call.known_id("orderItemId")
    item = call.shop.items.get(str(number))
    if item is None:
        raise not_found("OrderItem", number)
    return existing(entities.ORDER, call.shop.orders, item["order_id"])


def get_order_items(call: Call) -> list[Row]:
    """Answer ``GetOrderItems``; an order that is not there has no lines."""
    return call.shop.order_items(call.known_id("orderId"))


def get_product_by_order_item(call: Call) -> Row:
    """Answer ``GetProductByOrderItemId``."""
    item = existing(entities.ORDER_ITEM, call.shop.items, call.known_id())
    return existing(entities.PRODUCT, call.shop.products, item["product_id"])


def get_order_notes(call: Call) -> list[Row]:
    """Answer ``GetOrderNotesByOrderId``."""
    notes = call.shop.notes.find(order_id=call.known_id("orderId"))
    if call.text("displayToCustomer") is None:
        return notes
    wanted = call.flag("displayToCustomer")
    return [note for note in notes if note["display_to_customer"] == wanted]


ENTRIES: list[Entry] = [
    ("GET", "Order/Search", search),
    ("GET", "Order/GetByIds/{ids}", get_by_ids),
    ("GET", "Order/GetByCustomOrderNumber", get_by_custom_order_number),
    ("GET", "Order/GetByGuid", get_by_guid),
    ("GET", "Order/GetByOrderItem/{orderItemId}", get_by_order_item),
    *writing("Order", entities.ORDER, lambda shop: shop.orders),
    ("GET", "OrderItem/GetOrderItems/{orderId}", get_order_items),
    ("GET", "OrderItem/GetProductByOrderItemId/{id}", get_product_by_order_item),
    *writing("OrderItem", entities.ORDER_ITEM, lambda shop: shop.items),
    ("GET", "OrderNote/GetOrderNotesByOrderId/{orderId}", get_order_notes),
    *(
        entry
        for entry in writing("OrderNote", entities.ORDER_NOTE, lambda shop: shop.notes)
        if entry[0] != "PUT"
    ),
]
