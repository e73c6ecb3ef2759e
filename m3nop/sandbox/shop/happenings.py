"""What shoppers and staff do while the integration looks on: the control interface runs these.

Each takes what the path names and a JSON document, and answers with the row. What the shop's rules forbid
is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from m3nop.sandbox.shop import accounts, backoffice, processing
from m3nop.sandbox.shop.checkout import amount
from m3nop.sandbox.shop.tables import Shop

if TYPE_CHECKING:
    from m3nop.core.json import Json
    from m3nop.sandbox.shop.entities import Row
    from m3nop.sandbox.world import World

Happening = Callable[["World", Mapping[str, Any], Any], "Json"]
_Rule = Callable[["Row"], bool]
_Action = Callable[[Shop, "Row"], None]


def refund(world: World, named: Mapping[str, Any], body: Json) -> Json:
    """Give back an ``amount``, or all that has not been given back yet."""
    shop = Shop(world)
    order = shop.orders[str(named["number"])]
    left = order["order_total"] - order["refunded_amount"]
    wanted = amount(body["amount"]) if "amount" in body else left
    if not processing.can_refund_part(order, wanted):
        msg = f"order {order['id']} cannot be refunded by {wanted}: of what was paid, {left} is left"
        raise ValueError(msg)
    with world.books.change():
        processing.refund(shop, order, wanted)
    return _with_items(shop, order)


def _on_order(word: str, rule: _Rule, action: _Action) -> Happening:
    def happen(world: World, named: Mapping[str, Any], _body: Json) -> Json:
        shop = Shop(world)
        order = shop.orders[str(named["number"])]
        if not rule(order):
            msg = f"order {order['id']} cannot be {word} in its state"
            raise ValueError(msg)
        with world.books.change():
            action(shop, order)
        return _with_items(shop, order)

    return happen


def _in_change(act: Callable[[Shop, Mapping[str, Any], Any], Row]) -> Happening:
    def happen(world: World, named: Mapping[str, Any], body: Json) -> Json:
        with world.books.change():
            return act(Shop(world), named, body)

    return happen


HAPPENINGS: dict[str, Happening] = {
    "/shop/orders/{number:int}/refund": refund,
    "/shop/orders/{number:int}/cancel": _on_order("cancelled", processing.can_cancel, processing.cancel),
    "/shop/orders/{number:int}/capture": _on_order("captured", processing.can_void, processing.capture),
    "/shop/orders/{number:int}/void": _on_order("voided", processing.can_void, processing.void),
    "/shop/customers": _in_change(lambda shop, _named, body: accounts.register(shop, body)),
    "/shop/customers/{number:int}": _in_change(
        lambda shop, named, body: accounts.edit(shop, named["number"], body)
    ),
    "/shop/products/{number:int}": _in_change(
        lambda shop, named, body: backoffice.edit_product(shop, named["number"], body)
    ),
}
"""What may happen, by its path below ``/sandbox``."""


def _with_items(shop: Shop, order: Row) -> Row:
    return {**order, "items": shop.order_items(order["id"])}
