"""The verbs of the official dialect: requests with GET that act, each with a twin that asks whether it may.

A verb that the order's status forbids throws in the shop, which shows as a 500.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.shop import entities, shipping
from m3nop.sandbox.shop import processing as rules
from m3nop.sandbox.shop.official.call import Call, Entry, Refused
from m3nop.sandbox.shop.official.rows import existing

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.sandbox.shop.entities import Row

    Rule = Callable[[Row], bool]
    Action = Callable[[Call, Row], None]


def _order(call: Call) -> Row:
    return existing(entities.ORDER, call.shop.orders, call.known_id("orderId"))


def _asking(rule: Rule) -> Callable[[Call], bool]:
    return lambda call: rule(_order(call))


def _acting(rule: Rule, action: Action) -> Callable[[Call], None]:
    def answer(call: Call) -> None:
        order = _order(call)
        if not rule(order):
            raise Refused(500, {"message": "Cannot do that to this order."})
        action(call, order)

    return answer


def _through_the_method(rule: Rule, action: Action) -> Callable[[Call], list[str]]:
    """Return a verb that answers 200 with what went wrong: the payment method is asked to do it."""

    def answer(call: Call) -> list[str]:
        order = _order(call)
        if not rules.is_supported(order):
            return ["Error: the payment method does not support it."]
        if not rule(order):
            return ["Error: cannot do that to this order."]
        action(call, order)
        return []

    return answer


def _with_support(rule: Rule) -> Rule:
    return lambda order: rules.is_supported(order) and rule(order)


def _refund_all(call: Call, order: Row) -> None:
    rules.refund(call.shop, order, order["order_total"])


def _refund_part(call: Call, order: Row) -> None:
    rules.refund(call.shop, order, call.amount("amountToRefund"))


def _can_refund_part(call: Call) -> bool:
    call.require("amountToRefund")
    return rules.can_refund_part(_order(call), call.amount("amountToRefund"))


def _refund_part_offline(call: Call) -> None:
    if not _can_refund_part(call):
        raise Refused(500, {"message": "Cannot do that to this order."})
    _refund_part(call, _order(call))


def _refund_part_by_method(call: Call) -> list[str]:
    call.require("amountToRefund")
    amount = call.amount("amountToRefund")
    return _through_the_method(lambda order: rules.can_refund_part(order, amount), _refund_part)(call)


def cancel_order(call: Call) -> None:
    """Answer ``CancelOrder``."""
    call.require("notifyCustomer")
    call.flag("notifyCustomer")
    _acting(rules.can_cancel, _CANCEL)(call)


def _can_refund_part_by_method(call: Call) -> bool:
    return rules.is_supported(_order(call)) and _can_refund_part(call)


def _shipment_verb(action: Callable[..., None]) -> Callable[[Call], None]:
    def answer(call: Call) -> None:
        call.require("notifyCustomer")
        notify = call.flag("notifyCustomer")
        shipment = existing(entities.SHIPMENT, call.shop.shipments, call.known_id("shipmentId"))
        try:
            action(call.shop, shipment, notify=notify)
        except shipping.ShipmentError as error:
            raise Refused(500, {"message": f"{error}."}) from None

    return answer


def get_support(call: Call) -> bool:
    """Answer ``SupportRefund`` and its like: whether a payment method can be told to do it."""
    call.require("paymentMethodSystemName")
    return call.text("paymentMethodSystemName") in rules.METHODS_THAT_REFUND


def check_order_status(call: Call) -> None:
    """Answer ``CheckOrderStatus``: let the status follow from payment and shipping."""
    rules.save(call.shop, _order(call), "Order status has been checked")


_ALWAYS: Rule = lambda _order: True  # noqa: E731 -- a rule like the others
_CANCEL: Action = lambda call, order: rules.cancel(call.shop, order)  # noqa: E731
_AUTHORIZE: Action = lambda call, order: rules.authorize(call.shop, order)  # noqa: E731
_CAPTURE: Action = lambda call, order: rules.capture(call.shop, order)  # noqa: E731
_PAY: Action = lambda call, order: rules.pay(call.shop, order)  # noqa: E731
_VOID: Action = lambda call, order: rules.void(call.shop, order)  # noqa: E731
_DELETE: Action = lambda call, order: rules.delete(call.shop, order)  # noqa: E731

_VERBS = {
    "CheckOrderStatus": check_order_status,
    "CanCancelOrder": _asking(rules.can_cancel),
    "CancelOrder": cancel_order,
    "CanMarkOrderAsAuthorized": _asking(rules.can_authorize),
    "MarkAsAuthorized": _acting(rules.can_authorize, _AUTHORIZE),
    "CanMarkOrderAsPaid": _asking(rules.can_pay),
    "MarkOrderAsPaid": _acting(rules.can_pay, _PAY),
    # The plugin asks the wrong rule here; it is kept, because clients have to live with it.
    "CanCapture": _asking(rules.can_authorize),
    "Capture": _through_the_method(rules.can_void, _CAPTURE),
    "CanRefund": _asking(_with_support(rules.can_refund)),
    "Refund": _through_the_method(rules.can_refund, _refund_all),
    "CanRefundOffline": _asking(rules.can_refund),
    "RefundOffline": _acting(rules.can_refund, _refund_all),
    "CanPartiallyRefund": _can_refund_part_by_method,
    "CanPartiallyRefundOffline": _can_refund_part,
    "PartiallyRefundOffline": _refund_part_offline,
    "PartiallyRefund": _refund_part_by_method,
    "CanVoid": _asking(_with_support(rules.can_void)),
    "Void": _through_the_method(rules.can_void, _VOID),
    "CanVoidOffline": _asking(rules.can_void),
    "VoidOffline": _acting(rules.can_void, _VOID),
}

ENTRIES: list[Entry] = [
    *(("GET", f"OrderProcessing/{verb}/{{orderId}}", handler) for verb, handler in _VERBS.items()),
    ("GET", "OrderProcessing/Ship/{shipmentId}", _shipment_verb(shipping.ship)),
    ("GET", "OrderProcessing/Deliver/{shipmentId}", _shipment_verb(shipping.deliver)),
    *(
        ("GET", f"Payment/Support{what}", get_support)
        for what in ("Capture", "PartiallyRefund", "Refund", "Void")
    ),
    ("DELETE", "OrderProcessing/DeleteOrder/{orderId}", _acting(_ALWAYS, _DELETE)),
]
