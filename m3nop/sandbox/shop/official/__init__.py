"""The official dialect: nopCommerce's own Web API plugin, backend half, below ``/api-backend/``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.shop.official import (
    access,
    customers,
    directory,
    localized,
    orders,
    prices,
    processing,
    products,
    shipments,
    slugs,
    stock,
)
from m3nop.sandbox.shop.official.call import route

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from m3nop.sandbox.shop.tables import Shop

_CONTROLLERS = (
    orders, processing, shipments, customers, products, stock, prices, localized, slugs, directory,
)  # fmt: skip


def routes(shop: Shop) -> list[BaseRoute]:
    """Return every route of the dialect."""
    guarded = [route(shop, entry) for controller in _CONTROLLERS for entry in controller.ENTRIES]
    return [*(route(shop, entry, public=True) for entry in access.ENTRIES), *guarded]
