"""The shop's rules for shipments: what may still be packed, and what leaving and arriving entail.

A row of a shipment that somebody writes moves nothing; only ``ship`` and ``deliver`` do (nopCommerce's order
processing service, 4.80).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.shop import processing, stock
from m3nop.sandbox.shop.statuses import ShippingStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.sandbox.shop.entities import Row
    from m3nop.sandbox.shop.tables import Shop


class ShipmentError(Exception):
    """A shipment cannot do that now; the shop throws."""


def packed(shop: Shop, item_id: int, *, where: Callable[[Row], bool] = lambda _shipment: True) -> int:
    """Return how many pieces of an order line are in its shipments, or in those that ``where`` keeps."""
    pieces: list[int] = [
        row["quantity"]
        for row in shop.shipment_items.find(order_item_id=item_id)
        if (shipment := shop.shipments.get(str(row["shipment_id"]))) and where(shipment)
    ]
    return sum(pieces)


def addable(shop: Shop, item: Row) -> int:
    """Return how many pieces of an order line are in no shipment yet."""
    return max(int(item["quantity"]) - packed(shop, item["id"]), 0)


def has_items_to_add(shop: Shop, order: Row) -> bool:
    """Tell whether something of an order is in no shipment yet."""
    return any(addable(shop, item) > 0 for item in _shippable(shop, order))


def has_items_to_ship(shop: Shop, order: Row) -> bool:
    """Tell whether something is in a shipment that has not left."""
    return any(
        packed(shop, item["id"], where=lambda shipment: not shipment["shipped_date_utc"]) > 0
        for item in _shippable(shop, order)
    )


def has_items_to_deliver(shop: Shop, order: Row) -> bool:
    """Tell whether something has left and not arrived."""
    return any(packed(shop, item["id"], where=_under_way) > 0 for item in _shippable(shop, order))


def ship(shop: Shop, shipment: Row, *, notify: bool) -> None:
    """Let a shipment leave: goods out of their warehouses, the order's shipping status, a note.

    Raises:
        ShipmentError: it has left before, or the customer fetches the order.
    """
    order = _order_of(shop, shipment)
    if shipment["shipped_date_utc"]:
        msg = "This shipment is already shipped"
        raise ShipmentError(msg)
    if order["pickup_in_store"]:
        msg = "This order is picked up in store"
        raise ShipmentError(msg)
    shipment["shipped_date_utc"] = shop.now()
    shop.shipments[str(shipment["id"])] = shipment
    message = f"Shipped with shipment {shipment['id']} of order {order['id']}"
    for row in shop.shipment_items.find(shipment_id=shipment["id"]):
        if item := shop.items.get(str(row["order_item_id"])):
            product = shop.products[str(item["product_id"])]
            stock.book(shop, product, row["warehouse_id"], row["quantity"], message=message)
    part = has_items_to_add(shop, order) or has_items_to_ship(shop, order)
    order["shipping_status_id"] = int(ShippingStatus.PARTIALLY_SHIPPED if part else ShippingStatus.SHIPPED)
    _save(shop, order, f"Shipment# {shipment['id']} has been sent", notify="shipped" if notify else "")


def deliver(shop: Shop, shipment: Row, *, notify: bool) -> None:
    """Let a shipment arrive.

    Raises:
        ShipmentError: it has not left, or has arrived before.
    """
    order = _order_of(shop, shipment)
    if not shipment["shipped_date_utc"]:
        msg = "This shipment is not shipped yet"
        raise ShipmentError(msg)
    if shipment["delivery_date_utc"]:
        msg = "This shipment is already delivered"
        raise ShipmentError(msg)
    shipment["delivery_date_utc"] = shop.now()
    shop.shipments[str(shipment["id"])] = shipment
    open_ = (has_items_to_add, has_items_to_ship, has_items_to_deliver)
    if not any(question(shop, order) for question in open_):
        order["shipping_status_id"] = int(ShippingStatus.DELIVERED)
    _save(shop, order, f"Shipment# {shipment['id']} has been delivered", notify="delivered" if notify else "")


def _save(shop: Shop, order: Row, note: str, *, notify: str) -> None:
    if notify:
        shop.add_note(order["id"], f'"{notify.title()}" email (to customer) has been queued')
    processing.save(shop, order, note)


def _order_of(shop: Shop, shipment: Row) -> Row:
    order: Row | None = shop.orders.get(str(shipment["order_id"]))
    if order is None:
        msg = "Order cannot be loaded"
        raise ShipmentError(msg)
    return order


def _shippable(shop: Shop, order: Row) -> list[Row]:
    return [
        item
        for item in shop.order_items(order["id"])
        if shop.products[str(item["product_id"])]["is_ship_enabled"]
    ]


def _under_way(shipment: Row) -> bool:
    return bool(shipment["shipped_date_utc"] and not shipment["delivery_date_utc"])
