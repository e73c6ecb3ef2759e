"""What a shop can do in each dialect, known without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from m3nop.connectors.nopcommerce import shape
from m3nop.connectors.nopcommerce.columns import CUSTOMER_OSS_LACKS, OSS_LACKS
from m3nop.connectors.nopcommerce.operations import CUSTOMERS, OPERATIONS, ORDERS, PRODUCTS, SHIPMENTS
from m3nop.core.connector import Operation, Resource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.connectors.nopcommerce.config import NopCommerceConfig
    from m3nop.core.json import Json

__all__ = ["OPERATIONS", "NopCommerceCatalog", "open_catalog"]

_OSS_ABSENT = {
    ORDERS: frozenset({"custom_order_number", "coupon_codes", "customer.roles"}),
    CUSTOMERS: frozenset({"roles"}),
    PRODUCTS: shape.OSS_PRODUCT_LACKS,
}
_OSS_LACKS = {PRODUCTS: OSS_LACKS | {"localized", "tier_prices"}, CUSTOMERS: CUSTOMER_OSS_LACKS}
"""Inputs that an operation does not have there."""
_OPTIONAL = "mark the step `optional: true`, or use `dialect: official`"
_OSS_REMEDIES = {
    "orders/attribute": f"the open-source API has no generic attributes; {_OPTIONAL}",
    "customers/attribute": f"the open-source API has no generic attributes; {_OPTIONAL}",
    "orders/note": f"the open-source API has no order notes; {_OPTIONAL}",
    "orders/notes": "the open-source API has no order notes; use `dialect: official`",
    "orders/cancel": f"the open-source API only deletes orders; {_OPTIONAL}",
    "orders/mark_paid": f"the open-source API has no verbs for payments; {_OPTIONAL}",
    "orders/complete_check": f"the open-source API has no verbs for orders; {_OPTIONAL}",
    SHIPMENTS: f"the open-source API has no shipments and no tracking numbers; {_OPTIONAL}",
    "shipments/list": f"the open-source API has no shipments; {_OPTIONAL}",
    "orders.custom_order_number": "the open-source API does not tell it; use `id`, or `dialect: official`",
    "orders.coupon_codes": "the open-source API tells nothing of discounts; use `dialect: official`",
    "orders.customer.roles": "the open-source API tells no roles; use `is_guest`, or `dialect: official`",
    "customers.roles": "the open-source API tells no roles; use `is_guest`, or `dialect: official`",
}


class NopCommerceCatalog:
    """The operations and resources of one dialect."""

    def __init__(self, dialect: str) -> None:
        oss = dialect == "oss"
        self._remedies = _OSS_REMEDIES if oss else {}
        self._operations = {
            name: _in_oss(operation) if oss else operation
            for name, operation in OPERATIONS.items()
            if name not in self._remedies
        }
        absent: Mapping[str, frozenset[str]] = _OSS_ABSENT if oss else {}
        self._resources = {
            resource.name: resource
            for resource in (
                _resource(ORDERS, shape.order_paths(), shape.ORDER_IDENTITY, absent),
                _resource(CUSTOMERS, shape.customer_paths(), shape.CUSTOMER_IDENTITY, absent),
                _resource(PRODUCTS, shape.product_paths(), shape.PRODUCT_IDENTITY, absent),
            )
        }

    def operation(self, name: str) -> Operation | None:
        """Return the operation, or None if the dialect has none of this name."""
        return self._operations.get(name)

    def operations(self) -> Sequence[str]:
        """Name the operations."""
        return sorted(self._operations)

    def resource(self, name: str) -> Resource | None:
        """Return ``orders``, ``customers`` or ``products``, or None."""
        return self._resources.get(name)

    def resources(self) -> Sequence[str]:
        """Name the sources."""
        return sorted(self._resources)

    def remedy(self, name: str) -> str:
        """Say why an operation (``orders/note``) or field (``orders.coupon_codes``) is missing here."""
        return self._remedies.get(name, "")


def open_catalog(config: NopCommerceConfig, *, metadata: Mapping[str, Json]) -> NopCommerceCatalog:  # noqa: ARG001
    """Make the catalog of a configured shop, which needs no metadata."""
    return NopCommerceCatalog(config.dialect)


def _resource(
    name: str, fields: frozenset[str], identity: frozenset[str], absent: Mapping[str, frozenset[str]]
) -> Resource:
    lacking = absent.get(name, frozenset())
    told = fields - lacking
    return Resource(name, fields=told, identity=identity - lacking, types=shape.types(told))


def _in_oss(operation: Operation) -> Operation:
    lacking = _OSS_LACKS.get(operation.name, frozenset())
    inputs = {name: field for name, field in (operation.inputs or {}).items() if name not in lacking}
    return replace(operation, inputs=inputs)
