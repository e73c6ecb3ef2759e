"""Orders that are cancelled or marked as paid in the official dialect: its GETs that act.

Such a verb throws where the order's status does not allow it, so the status and the twin that asks whether
it may come first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce.fields import Fields
from m3nop.connectors.nopcommerce.official_records import get
from m3nop.connectors.nopcommerce.records import ORDER_STATUSES, PAYMENT_STATUSES, word
from m3nop.connectors.nopcommerce.refusals import refused
from m3nop.connectors.nopcommerce.rewriting import row_by_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from m3nop.connectors.nopcommerce.api import Request
    from m3nop.connectors.nopcommerce.convergent import Converger, Requests
    from m3nop.connectors.nopcommerce.records import Raw, Record
    from m3nop.core.json import Json

_PAID = frozenset({"paid", "partially_refunded", "refunded"})
"""Payment statuses of an order whose payment has been received."""


class OfficialVerbs:
    """``orders/cancel``, ``orders/mark_paid``, ``orders/complete_check``. Safe for several threads."""

    def __init__(self, converger: Converger) -> None:
        self._converger = converger

    def cancel(self, values: Mapping[str, Json]) -> Sequence[Record]:
        """Cancel an order: goods go back into stock, the payment is left alone.

        Raises:
            ShopFailure: it failed, or the order cannot be cancelled.
        """
        fields = Fields(values)
        notify = ("notifyCustomer", str(fields.flag("notify_customer")).lower())

        def work(requests: Requests, order: Raw) -> Sequence[Record]:
            if _statuses(order)["order_status"] == "cancelled":
                return [_told(order, changed=False)]
            _ask(requests, "CanCancelOrder", order, "cancelled")
            return _done(requests, get(f"OrderProcessing/CancelOrder/{order['id']}", notify), order)

        return self._on_order(fields, work)

    def mark_paid(self, values: Mapping[str, Json]) -> Sequence[Record]:
        """Mark an order as paid.

        Raises:
            ShopFailure: it failed, or the order cannot be paid any more.
        """

        def work(requests: Requests, order: Raw) -> Sequence[Record]:
            if _statuses(order)["payment_status"] in _PAID:
                return [_told(order, changed=False)]
            _ask(requests, "CanMarkOrderAsPaid", order, "marked as paid")
            return _done(requests, get(f"OrderProcessing/MarkOrderAsPaid/{order['id']}"), order)

        return self._on_order(Fields(values), work)

    def complete_check(self, values: Mapping[str, Json]) -> Sequence[Record]:
        """Let the order's status follow from payment and shipping.

        Raises:
            ShopFailure: it failed.
        """

        def work(requests: Requests, order: Raw) -> Sequence[Record]:
            return _done(requests, get(f"OrderProcessing/CheckOrderStatus/{order['id']}"), order)

        return self._on_order(Fields(values), work)

    def _on_order(
        self, fields: Fields, work: Callable[[Requests, Raw], Sequence[Record]]
    ) -> Sequence[Record]:
        number = fields.number("order_id")

        def call(requests: Requests) -> Sequence[Record]:
            return work(requests, _order(requests, number))

        return self._converger.call(call, about=f"order {number}")


def _order(requests: Requests, number: int) -> Raw:
    order = row_by_id(requests, "Order", number)
    if order is None:
        msg = f"order {number} is not in the shop"
        raise refused(msg, code="missing", field="order_id")
    return order


def _ask(requests: Requests, question: str, order: Raw, what: str) -> None:
    if requests.read(get(f"OrderProcessing/{question}/{order['id']}")) is not True:
        held = ", ".join(str(status) for status in _statuses(order).values())
        msg = f"order {order['id']} cannot be {what} ({held})"
        raise refused(msg, code="status", field="order_id")


def _done(requests: Requests, verb: Request, order: Raw) -> Sequence[Record]:
    requests.act(verb)
    now = _order(requests, order["id"])
    return [_told(now, changed=_statuses(now) != _statuses(order))]


def _statuses(order: Raw) -> Record:
    return {
        "order_status": word(order.get("order_status_id"), ORDER_STATUSES),
        "payment_status": word(order.get("payment_status_id"), PAYMENT_STATUSES),
    }


def _told(order: Raw, *, changed: bool) -> Record:
    return {"id": order["id"], "action": "updated" if changed else "unchanged", **_statuses(order)}
