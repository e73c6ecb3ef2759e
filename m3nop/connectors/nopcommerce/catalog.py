"""What a shop can do in each dialect, known without a network."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce import shape
from m3nop.core.connector import Effect, FieldInfo, Operation, Resource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.connectors.nopcommerce.config import NopCommerceConfig
    from m3nop.core.json import Json

ORDERS = "orders"
CUSTOMERS = "customers"

_OSS_ABSENT = {
    ORDERS: frozenset({"custom_order_number", "coupon_codes", "customer.roles"}),
    CUSTOMERS: frozenset({"roles"}),
}
_OPTIONAL = "mark the step `optional: true`, or use `dialect: official`"
_OSS_REMEDIES = {
    "orders/attribute": f"the open-source API has no generic attributes; {_OPTIONAL}",
    "customers/attribute": f"the open-source API has no generic attributes; {_OPTIONAL}",
    "orders/note": f"the open-source API has no order notes; {_OPTIONAL}",
    "orders/notes": "the open-source API has no order notes; use `dialect: official`",
    "orders.custom_order_number": "the open-source API does not tell it; use `id`, or `dialect: official`",
    "orders.coupon_codes": "the open-source API tells nothing of discounts; use `dialect: official`",
    "orders.customer.roles": "the open-source API tells no roles; use `is_guest`, or `dialect: official`",
    "customers.roles": "the open-source API tells no roles; use `is_guest`, or `dialect: official`",
}


def _fields(**kinds: str) -> dict[str, FieldInfo]:
    return {
        name: FieldInfo(name, type=kind.rstrip("?"), mandatory=not kind.endswith("?"))
        for name, kind in kinds.items()
    }


def _operations() -> dict[str, Operation]:
    attribute = {
        "store_id": FieldInfo("store_id", type="N", mandatory=True, description="0 for all stores"),
        "key": FieldInfo("key", type="A", length=400, mandatory=True, description="such as M3OrderNumber"),
        "value": FieldInfo("value", type="A", mandatory=True),
    }
    found = (
        Operation(
            "orders/get",
            Effect.READ,
            inputs=_fields(id="N"),
            description="Reads an order; no row if it is gone.",
        ),
        Operation(
            "orders/attribute",
            Effect.IDEMPOTENT,
            inputs={**_fields(order_id="N"), **attribute},
            outputs={},
            description="Sets a generic attribute of an order, which shoppers do not see.",
        ),
        Operation(
            "orders/note",
            Effect.UNSAFE,
            inputs=_fields(order_id="N", note="A", display_to_customer="A?"),
            outputs=_fields(id="N"),
            description="Adds an order note.",
        ),
        Operation(
            "orders/notes",
            Effect.READ,
            inputs=_fields(order_id="N"),
            outputs=_fields(id="N", order_id="N", note="A", display_to_customer="A", created_on_utc="A"),
            many=True,
            description="Lists the notes of an order.",
        ),
        Operation(
            "customers/get",
            Effect.READ,
            inputs=_fields(id="N"),
            description="Reads a customer; no row if it is gone.",
        ),
        Operation(
            "customers/attribute",
            Effect.IDEMPOTENT,
            inputs={**_fields(customer_id="N"), **attribute},
            outputs={},
            description="Sets a generic attribute of a customer.",
        ),
    )
    return {operation.name: replace(operation, json_values=True) for operation in found}


OPERATIONS: Mapping[str, Operation] = _operations()


class NopCommerceCatalog:
    """The operations and resources of one dialect."""

    def __init__(self, dialect: str) -> None:
        oss = dialect == "oss"
        self._remedies = _OSS_REMEDIES if oss else {}
        self._operations = {
            name: operation for name, operation in OPERATIONS.items() if name not in self._remedies
        }
        absent: Mapping[str, frozenset[str]] = _OSS_ABSENT if oss else {}
        self._resources = {
            resource.name: resource
            for resource in (
                _resource(ORDERS, shape.order_paths(), shape.ORDER_IDENTITY, absent),
                _resource(CUSTOMERS, shape.customer_paths(), shape.CUSTOMER_IDENTITY, absent),
            )
        }

    def operation(self, name: str) -> Operation | None:
        """Return the operation, or None if the dialect has none of this name."""
        return self._operations.get(name)

    def operations(self) -> Sequence[str]:
        """Name the operations."""
        return sorted(self._operations)

    def resource(self, name: str) -> Resource | None:
        """Return ``orders`` or ``customers``, or None."""
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
    return Resource(name, fields=fields - lacking, identity=identity - lacking)
