"""Shipments in the official dialect: rows that move nothing until ``OrderProcessing/Ship`` is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.shop import entities, shipping
from m3nop.sandbox.shop.official.call import Call, Entry, joined_ids
from m3nop.sandbox.shop.official.rows import existing, writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.sandbox.books import Condition
    from m3nop.sandbox.shop.entities import Row
    from m3nop.sandbox.shop.tables import Shop

_IN_ADDRESS = {"shippingCountryId": "country_id", "shippingStateId": "state_province_id"}
_PART_OF_ADDRESS = {"shippingCounty": "county", "shippingCity": "city"}


def get_all(call: Call) -> Row:
    """Answer ``GetAll``: newest first, time bounds inclusive."""
    conditions: list[Condition] = []
    if order := call.number("orderId"):
        conditions.append(("order_id", "=", order))
    if start := call.moment("createdFromUtc"):
        conditions.append(("created_on_utc", ">=", start))
    if end := call.moment("createdToUtc"):
        conditions.append(("created_on_utc", "<=", end))
    return call.page(
        call.shop.shipments, conditions, order=("created_on_utc",), descending=True, keep=_wanted(call)
    )


def _wanted(call: Call) -> Callable[[Row], bool]:
    shop, tracking = call.shop, (call.text("trackingNumber") or "").lower()
    warehouse, not_shipped = call.number("warehouseId"), call.flag("loadNotShipped")
    not_delivered, in_address = call.flag("loadNotDelivered"), _address_filter(call)

    def keep(shipment: Row) -> bool:
        order = shop.orders.get(str(shipment["order_id"]))
        return (
            order is not None
            and not order["deleted"]
            and tracking in (shipment["tracking_number"] or "").lower()
            and not (not_shipped and shipment["shipped_date_utc"])
            and not (not_delivered and shipment["delivery_date_utc"])
            and (not warehouse or any(row["warehouse_id"] == warehouse for row in _items(shop, shipment)))
            and in_address(order)
        )

    return keep


def _address_filter(call: Call) -> Callable[[Row], bool]:
    exact = {column: number for name, column in _IN_ADDRESS.items() if (number := call.number(name))}
    parts = {column: text for name, column in _PART_OF_ADDRESS.items() if (text := call.text(name))}

    def keep(order: Row) -> bool:
        if not exact and not parts:
            return True
        address = call.shop.addresses.get(str(order["shipping_address_id"]))
        return (
            address is not None
            and all(address[column] == number for column, number in exact.items())
            and all(text.lower() in (address[column] or "").lower() for column, text in parts.items())
        )

    return keep


def get_by_ids(call: Call) -> list[Row]:
    """Answer ``GetByIds``."""
    return call.shop.by_ids(call.shop.shipments, joined_ids(call.path_text("ids")))


def get_by_order(call: Call) -> list[Row]:
    """Answer ``GetByOrderId``; with ``shipped`` only those that have left, or have not."""
    rows = call.shop.shipments.find(order_id=call.known_id("orderId"))
    if call.text("shipped") is None:
        return rows
    shipped = call.flag("shipped")
    return [row for row in rows if bool(row["shipped_date_utc"]) == shipped]


def get_items(call: Call) -> list[Row]:
    """Answer ``GetByShipmentId`` of the items."""
    return call.shop.shipment_items.find(shipment_id=call.known_id())


def get_quantity(call: Call) -> int:
    """Answer ``GetQuantityInShipments``: pieces of a product that shipments of a warehouse hold."""
    call.require("ignoreShipped", "ignoreDelivered")
    product = existing(entities.PRODUCT, call.shop.products, call.known_id("productId"))
    warehouse = call.path_number("warehouseId")
    ignored = [
        column
        for name, column in (("ignoreShipped", "shipped_date_utc"), ("ignoreDelivered", "delivery_date_utc"))
        if call.flag(name)
    ]

    def counts(row: Row) -> bool:
        shipment = call.shop.shipments.get(str(row["shipment_id"]))
        item = call.shop.items.get(str(row["order_item_id"]))
        return bool(
            shipment
            and item
            and item["product_id"] == product["id"]
            and warehouse in (0, row["warehouse_id"])
            and not any(shipment[column] for column in ignored)
        )

    return sum(row["quantity"] for row in call.shop.shipment_items.values() if counts(row))


def get_addable(call: Call) -> int:
    """Answer ``GetTotalNumberOfItemsCanBeAddedToShipment``."""
    return shipping.addable(call.shop, _item(call))


def get_packed(call: Call) -> int:
    """Answer ``GetTotalNumberOfItemsInAllShipments``."""
    return shipping.packed(call.shop, _item(call)["id"])


def _asking(question: Callable[[Shop, Row], bool]) -> Callable[[Call], bool]:
    return lambda call: question(
        call.shop, existing(entities.ORDER, call.shop.orders, call.known_id("orderId"))
    )


def _item(call: Call) -> Row:
    return existing(entities.ORDER_ITEM, call.shop.items, call.known_id("orderItemId"))


def _items(shop: Shop, shipment: Row) -> list[Row]:
    return shop.shipment_items.find(shipment_id=shipment["id"])


ENTRIES: list[Entry] = [
    ("GET", "Shipment/GetAll", get_all),
    ("GET", "Shipment/GetByIds/{ids}", get_by_ids),
    ("GET", "Shipment/GetByOrderId/{orderId}", get_by_order),
    *writing("Shipment", entities.SHIPMENT, lambda shop: shop.shipments),
    ("GET", "ShipmentItem/GetByShipmentId/{id}", get_items),
    ("GET", "ShipmentItem/GetQuantityInShipments/{productId}/{warehouseId}", get_quantity),
    *(
        entry
        for entry in writing("ShipmentItem", entities.SHIPMENT_ITEM, lambda shop: shop.shipment_items)
        # Items can only be added: a wrong one goes with its shipment.
        if entry[0] == "POST"
    ),
    ("GET", "OrderItem/GetTotalNumberOfItemsCanBeAddedToShipment/{orderItemId}", get_addable),
    ("GET", "OrderItem/GetTotalNumberOfItemsInAllShipments/{orderItemId}", get_packed),
    ("GET", "Order/HasItemsToAddToShipment/{orderId}", _asking(shipping.has_items_to_add)),
    ("GET", "Order/HasItemsToShip/{orderId}", _asking(shipping.has_items_to_ship)),
    ("GET", "Order/HasItemsToDeliver/{orderId}", _asking(shipping.has_items_to_deliver)),
]
