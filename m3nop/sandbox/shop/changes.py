"""What happens to an order after it was placed: the shop's staff or its customer changes it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from m3nop.sandbox.shop import entities, pricing, processing
from m3nop.sandbox.shop.checkout import amount
from m3nop.sandbox.shop.statuses import PaymentStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from m3nop.sandbox.shop.entities import Row
    from m3nop.sandbox.shop.tables import Shop

_TO_STATUS: Mapping[int | None, Callable[[Shop, Row], None]] = {
    PaymentStatus.AUTHORIZED: processing.authorize,
    PaymentStatus.PAID: processing.pay,
    PaymentStatus.VOIDED: processing.void,
    PaymentStatus.REFUNDED: lambda shop, order: processing.refund(
        shop, order, order["order_total"] - order["refunded_amount"]
    ),
}


def change(shop: Shop, order_id: int, wanted: Mapping[str, Any]) -> Row:
    """Change an order and return its row; see ``m3nop.sandbox.shop.change_order``."""
    for member, value in wanted.items():
        if member not in _CHANGES:
            msg = f"unknown member {member!r} in a change; known members: {', '.join(sorted(_CHANGES))}"
            raise ValueError(msg)
        _CHANGES[member](shop, shop.orders[str(order_id)], value)
    changed: Row = shop.orders[str(order_id)]
    return changed


def _payment_status(shop: Shop, order: Row, word: str) -> None:
    action = _TO_STATUS.get(PaymentStatus.named(word.replace("_", "")))
    if action is None:
        msg = f"an order cannot become {word!r}; it can become authorized, paid, refunded or voided"
        raise ValueError(msg)
    action(shop, order)


def _cancel(shop: Shop, order: Row, wanted: object) -> None:
    if wanted:
        processing.cancel(shop, order)


def _delete(shop: Shop, order: Row, wanted: object) -> None:
    if wanted:
        processing.delete(shop, order)


def _order_status(shop: Shop, order: Row, number: int) -> None:
    order["order_status_id"] = number
    processing.save(shop, order, f"Order status has been changed to {number}")


def _billing_address(shop: Shop, order: Row, values: Mapping[str, Any]) -> None:
    _edit_address(shop, order, "billing_address_id", values)


def _shipping_address(shop: Shop, order: Row, values: Mapping[str, Any]) -> None:
    _edit_address(shop, order, "shipping_address_id", values)


def _edit_address(shop: Shop, order: Row, column: str, values: Mapping[str, Any]) -> None:
    known = shop.addresses.get(str(order[column]))
    if known is None:
        msg = f"order {order['id']} has no {column.removesuffix('_id').replace('_', ' ')}"
        raise ValueError(msg)
    edited = entities.ADDRESS.row(**(known | dict(values)))
    shop.addresses[str(known["id"])] = edited
    shop.add_note(order["id"], "Address has been edited")


def _quantities(shop: Shop, order: Row, wanted: Mapping[str, int]) -> None:
    for item_id, quantity in wanted.items():
        item = shop.items.get(str(item_id))
        if item is None or item["order_id"] != order["id"]:
            msg = f"order {order['id']} has no line {item_id}"
            raise ValueError(msg)
        message = f"Order {order['id']} has been edited"
        processing.move_stock(shop, item, item["quantity"] - quantity, message=message)
        if quantity:
            shop.items[str(item_id)] = _with_quantity(item, quantity)
        else:
            del shop.items[str(item_id)]
    order |= pricing.totals(shop.order_items(order["id"]), pricing.Charges.of(order))
    processing.save(shop, order, "Order has been edited")


def _with_quantity(item: Row, quantity: int) -> Row:
    share = Decimal(quantity) / item["quantity"]
    amounts = {
        column: entities.money(item[column] * share)
        for column in ("discount_amount_excl_tax", "discount_amount_incl_tax")
    }
    return item | amounts | {
        "quantity": quantity,
        "price_excl_tax": entities.money(item["unit_price_excl_tax"] * quantity),
        "price_incl_tax": entities.money(item["unit_price_incl_tax"] * quantity),
    }  # fmt: skip


def _refund(shop: Shop, order: Row, value: object) -> None:
    processing.refund(shop, order, amount(value))


_CHANGES: Mapping[str, Callable[[Shop, Row, Any], None]] = {
    "billing_address": _billing_address,
    "cancel": _cancel,
    "delete": _delete,
    "order_status": _order_status,
    "payment_status": _payment_status,
    "quantities": _quantities,
    "refund": _refund,
    "shipping_address": _shipping_address,
}
