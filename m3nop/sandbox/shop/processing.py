"""The shop's rules for orders: what may be done in which status, and what follows from it.

The rules are those of nopCommerce's order processing service (4.80); each thing done leaves an order note.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.shop import stock
from m3nop.sandbox.shop.entities import money
from m3nop.sandbox.shop.statuses import OrderStatus, PaymentStatus, ShippingStatus

if TYPE_CHECKING:
    from decimal import Decimal

    from m3nop.sandbox.shop.entities import Row
    from m3nop.sandbox.shop.tables import Shop

METHODS_THAT_REFUND = frozenset({"Payments.PayPalCommerce"})
"""Payment methods that can be told to capture, refund and void."""

_GONE = (ShippingStatus.SHIPPED, ShippingStatus.DELIVERED)
_NOT_PAYABLE = (PaymentStatus.PAID, PaymentStatus.REFUNDED, PaymentStatus.VOIDED)


def can_cancel(order: Row) -> bool:
    """Tell whether an order may be cancelled."""
    return bool(order["order_status_id"] != OrderStatus.CANCELLED)


def can_authorize(order: Row) -> bool:
    """Tell whether an order may be marked as authorized."""
    return can_cancel(order) and order["payment_status_id"] == PaymentStatus.PENDING


def can_pay(order: Row) -> bool:
    """Tell whether an order may be marked as paid."""
    return can_cancel(order) and order["payment_status_id"] not in _NOT_PAYABLE


def can_refund(order: Row) -> bool:
    """Tell whether the whole amount may be given back."""
    untouched = order["order_total"] > 0 and not order["refunded_amount"]
    return bool(untouched and order["payment_status_id"] == PaymentStatus.PAID)


def can_refund_part(order: Row, amount: Decimal) -> bool:
    """Tell whether so much may be given back."""
    paid = order["payment_status_id"] in (PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED)
    return bool(paid and 0 < amount <= order["order_total"] - order["refunded_amount"])


def can_void(order: Row) -> bool:
    """Tell whether an authorization may be dropped."""
    return bool(order["order_total"] > 0 and order["payment_status_id"] == PaymentStatus.AUTHORIZED)


def is_supported(order: Row) -> bool:
    """Tell whether the payment method of an order can be told to capture, refund or void."""
    return order["payment_method_system_name"] in METHODS_THAT_REFUND


def save(shop: Shop, order: Row, note: str, *, at: str | None = None) -> None:
    """Store an order with the status that follows from its parts, and note what was done.

    A status that follows is noted as well, but not while the order is placed (``at``).
    """
    before = order["order_status_id"]
    _derive_status(shop, order)
    shop.orders[str(order["id"])] = order
    shop.add_note(order["id"], note, at=at)
    if at is None and order["order_status_id"] != before:
        word = OrderStatus.shown(order["order_status_id"])
        shop.add_note(order["id"], f"Order status has been changed to {word}")


def cancel(shop: Shop, order: Row) -> None:
    """Cancel an order and put its goods back into stock."""
    order["order_status_id"] = int(OrderStatus.CANCELLED)
    shop.add_note(order["id"], "Order status has been changed to Cancelled")
    save(shop, order, "Order has been cancelled")
    return_goods(shop, order, f"Order {order['id']} has been cancelled")


def return_goods(shop: Shop, order: Row, message: str) -> None:
    """Put the goods of an order back: what was shipped into its warehouse, then what was sold or reserved."""
    for shipment in shop.shipments.find(order_id=order["id"]):
        if shipment["shipped_date_utc"]:
            for row in shop.shipment_items.find(shipment_id=shipment["id"]):
                _put_back(shop, row, message)
    for item in shop.order_items(order["id"]):
        move_stock(shop, item, item["quantity"], message=message)


def _put_back(shop: Shop, row: Row, message: str) -> None:
    item = shop.items.get(str(row["order_item_id"]))
    if item is not None:
        product = shop.products[str(item["product_id"])]
        stock.put_back(shop, product, row["warehouse_id"], row["quantity"], message=message)


def authorize(shop: Shop, order: Row) -> None:
    """Mark an order as authorized."""
    order["payment_status_id"] = int(PaymentStatus.AUTHORIZED)
    save(shop, order, "Order has been marked as authorized")


def capture(shop: Shop, order: Row) -> None:
    """Take the money that was authorized."""
    order["payment_status_id"] = int(PaymentStatus.PAID)
    order["paid_date_utc"] = shop.now()
    order["capture_transaction_id"] = f"CAPTURE-{order['id']}"
    save(shop, order, "Order has been captured")


def pay(shop: Shop, order: Row) -> None:
    """Mark an order as paid."""
    order["payment_status_id"] = int(PaymentStatus.PAID)
    order["paid_date_utc"] = shop.now()
    save(shop, order, "Order has been marked as paid")


def refund(shop: Shop, order: Row, amount: Decimal) -> None:
    """Give back an amount; the second time it gives it back again."""
    order["refunded_amount"] = money(order["refunded_amount"] + amount)
    whole = order["refunded_amount"] >= order["order_total"]
    status = PaymentStatus.REFUNDED if whole else PaymentStatus.PARTIALLY_REFUNDED
    order["payment_status_id"] = int(status)
    save(shop, order, f"Order has been refunded. Amount = {amount}")


def void(shop: Shop, order: Row) -> None:
    """Drop an authorization."""
    order["payment_status_id"] = int(PaymentStatus.VOIDED)
    save(shop, order, "Order has been voided")


def delete(shop: Shop, order: Row) -> None:
    """Hide an order, and put its goods back into stock unless it was cancelled before."""
    if can_cancel(order):
        return_goods(shop, order, f"Order {order['id']} has been deleted")
    order["deleted"] = True
    save(shop, order, "Order has been deleted")


def move_stock(shop: Shop, item: Row, quantity: int, *, message: str) -> None:
    """Add to the stock of what an order line names, wherever the product counts it."""
    stock.adjust(shop, item["product_id"], quantity, attributes=item["attributes_xml"], message=message)


def _derive_status(shop: Shop, order: Row) -> None:
    payment, shipping = order["payment_status_id"], order["shipping_status_id"]
    if payment == PaymentStatus.PAID and not order["paid_date_utc"]:
        order["paid_date_utc"] = shop.now()
    begun = payment in (PaymentStatus.AUTHORIZED, PaymentStatus.PAID)
    moving = shipping in (ShippingStatus.PARTIALLY_SHIPPED, *_GONE)
    if order["order_status_id"] == OrderStatus.PENDING and (begun or moving):
        order["order_status_id"] = int(OrderStatus.PROCESSING)
    finished = shipping in (ShippingStatus.SHIPPING_NOT_REQUIRED, *_GONE)
    open_ = order["order_status_id"] in (OrderStatus.PENDING, OrderStatus.PROCESSING)
    if open_ and payment == PaymentStatus.PAID and finished:
        order["order_status_id"] = int(OrderStatus.COMPLETE)
