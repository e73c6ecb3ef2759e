"""The double of a nopCommerce shop: both Web API dialects over one state.

``routes`` serves it, ``seed`` fills it, ``place_order`` and ``change_order`` are what customers and staff do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m3nop.sandbox.shop import bulk_goods, changes, checkout, loading, official, oss, seeding
from m3nop.sandbox.shop.checkout import CARD_CANARY
from m3nop.sandbox.shop.tables import Shop
from m3nop.sandbox.shop.tokens import CLERK, CLERK_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.routing import BaseRoute

    from m3nop.sandbox.shop.entities import Row
    from m3nop.sandbox.world import World

__all__ = [
    "CARD_CANARY",
    "CLERK",
    "CLERK_PASSWORD",
    "bulk_seed",
    "change_order",
    "place_order",
    "routes",
    "seed",
]


def routes(world: World) -> list[BaseRoute]:
    """Return the routes of both dialects, relative to the shop's base URL."""
    shop = Shop(world)
    checkout.register(world, shop)
    return [*official.routes(shop), *oss.routes(shop)]


def seed(world: World) -> None:
    """Fill the books of a new shop; do it once."""
    with world.books.change():
        seeding.fill(Shop(world))


def bulk_seed(world: World, *, orders: int = 10_000, customers: int = 500, products: int = 0) -> None:
    """Add registered customers, paid orders of one to five lines, and products, to a seeded shop.

    The products are sold under ``m3nop.sandbox.catalogue.bulk_sku``; no order of these names them.
    """
    shop = Shop(world)
    with world.books.change():
        loading.load(shop, orders=orders, customers=customers)
        bulk_goods.load(shop, products=products)


def place_order(world: World, order: Mapping[str, Any]) -> Row:
    """Place an order as a customer does, and return its row with the lines as ``items``.

    Members: ``lines`` (each ``sku``, ``quantity``, ``unit_price`` without VAT, ``discount_percent``),
    ``customer_id`` or ``guest`` (an address; else it is the store's first customer), ``store_id``,
    ``payment_method``, ``payment_status`` (``paid`` unless said otherwise), ``order_status`` (a number),
    ``shipping`` and ``payment_fee`` (without VAT), ``coupon``, ``billing_address`` and ``shipping_address``
    (``country`` by its two letters), ``shipping_method``, ``pickup``, ``checkout_attributes``, ``currency``,
    ``vat_number``, ``created`` (ISO 8601). With ``delay`` (seconds) the order has no lines and no number
    until so much time has passed.

    Raises:
        ValueError: a member is unknown, or names something that the shop does not have.
    """
    shop = Shop(world)
    with world.books.change():
        row = checkout.place(shop, order)
        return _with_items(shop, row)


def change_order(world: World, order_id: int, changed: Mapping[str, Any]) -> Row:
    """Change an order as the shop's staff does, and return its row with the lines as ``items``.

    Members: ``payment_status`` (``authorized``, ``paid``, ``refunded``, ``voided``), ``refund`` (an amount),
    ``cancel``, ``delete``, ``order_status`` (a number), ``billing_address`` and ``shipping_address`` (the
    fields to edit), ``quantities`` (by line id; 0 removes the line).

    Raises:
        KeyError: there is no such order.
        ValueError: a member is unknown, or does not fit the order.
    """
    shop = Shop(world)
    with world.books.change():
        return _with_items(shop, changes.change(shop, order_id, changed))


def _with_items(shop: Shop, row: Row) -> Row:
    return {**row, "items": shop.order_items(row["id"])}
