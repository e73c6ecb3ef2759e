"""The oss dialect: the open-source Nop.Plugin.Api, below ``/api/`` and ``/token``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.shop.oss import access, customers, directory, orders, products, warehouses
from m3nop.sandbox.shop.oss.call import route

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from m3nop.sandbox.shop.tables import Shop

_CONTROLLERS = (access, orders, customers, products, warehouses, directory)


def routes(shop: Shop) -> list[BaseRoute]:
    """Return every route of the dialect."""
    guarded = [route(shop, entry) for controller in _CONTROLLERS for entry in controller.ENTRIES]
    return [*(route(shop, entry, public=True) for entry in access.PUBLIC), *guarded]
