"""The operations of a shop: their fields, their answers, and what repeating them does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from m3nop.connectors.nopcommerce.columns import CUSTOMER, PRODUCT
from m3nop.core.connector import Effect, FieldInfo, Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from m3nop.connectors.nopcommerce.columns import Column

ORDERS = "orders"
CUSTOMERS = "customers"
PRODUCTS = "products"
SHIPMENTS = "shipments"

PRODUCTS_AT_ONCE = 50
"""Products that one request asks for: each comes with a hundred columns."""

_UPSERTED: Mapping[str, str] = {
    "id": "N", "action": "A", "changed": "list", "lost": "list",
}  # fmt: skip


def _fields(**kinds: str) -> dict[str, FieldInfo]:
    """Read kinds: A, N or list, with ``?`` where the field may be left out."""
    return {
        name: FieldInfo(
            name,
            type=None if kind.startswith("list") else kind.rstrip("?"),
            mandatory=not kind.endswith("?"),
        )
        for name, kind in kinds.items()
    }


def _columns(columns: Iterable[Column]) -> dict[str, FieldInfo]:
    return {column.name: column.info for column in columns}


_ATTRIBUTE = {
    "store_id": FieldInfo("store_id", type="N", mandatory=True, description="0 for all stores"),
    "key": FieldInfo("key", type="A", length=400, mandatory=True, description="such as M3OrderNumber"),
    "value": FieldInfo("value", type="A", mandatory=True),
}
_STATUSES = _fields(id="N", action="A", order_status="A", payment_status="A")
_ONE_PRODUCT = {
    "sku": FieldInfo("sku", type="A", length=400, description="of a product or a variant"),
    "product_id": FieldInfo("product_id", type="N", description="in place of `sku`"),
    "warehouse": FieldInfo("warehouse", type="N", description="the shop's warehouse id"),
}

_ORDER_OPERATIONS = (
    Operation(
        "orders/get",
        Effect.READ,
        inputs=_fields(id="N"),
        description="Reads an order; no row if it is gone.",
    ),
    Operation(
        "orders/attribute",
        Effect.IDEMPOTENT,
        inputs={**_fields(order_id="N"), **_ATTRIBUTE},
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
        "orders/cancel",
        Effect.CONVERGENT,
        inputs=_fields(order_id="N", notify_customer="A?"),
        outputs=_STATUSES,
        description="Cancels an order that is not cancelled; its payment is left alone.",
    ),
    Operation(
        "orders/mark_paid",
        Effect.CONVERGENT,
        inputs=_fields(order_id="N"),
        outputs=_STATUSES,
        description="Marks an order as paid that is not paid.",
    ),
    Operation(
        "orders/complete_check",
        Effect.CONVERGENT,
        inputs=_fields(order_id="N"),
        outputs=_STATUSES,
        description="Lets the status of an order follow from payment and shipping.",
    ),
)
_CUSTOMER_OPERATIONS = (
    Operation(
        "customers/get",
        Effect.READ,
        inputs=_fields(id="N"),
        description="Reads a customer; no row if it is gone.",
    ),
    Operation(
        "customers/attribute",
        Effect.IDEMPOTENT,
        inputs={**_fields(customer_id="N"), **_ATTRIBUTE},
        outputs={},
        description="Sets a generic attribute of a customer.",
    ),
    Operation(
        CUSTOMERS,
        Effect.CONVERGENT,
        inputs={"id": FieldInfo("id", type="N", description="to match"), **_columns(CUSTOMER.values())},
        outputs=_fields(**_UPSERTED),
        upserts=True,
        description="Writes what differs of a customer, matched by `id` or `email`; makes none.",
    ),
)
_PRODUCT_OPERATIONS = (
    Operation(
        "products/get",
        Effect.READ,
        inputs={
            "id": FieldInfo("id", type="N"),
            "sku": FieldInfo("sku", type="A", length=400, description="in place of `id`"),
        },
        description="Reads a product; no row if it is gone.",
    ),
    Operation(
        "products/stock",
        Effect.READ,
        inputs=_ONE_PRODUCT,
        outputs=_fields(
            product_id="N", combination_id="N", sku="A", manage_inventory_method="A", quantity="N",
            reserved_quantity="N", warehouses="list",
        ),
        bulk="products/stock",
        group_size=PRODUCTS_AT_ONCE,
        description="Reads the stock of a product or a variant; no row if it is gone.",
    ),
    Operation(
        PRODUCTS,
        Effect.CONVERGENT,
        inputs={
            "id": FieldInfo("id", type="N", description="to match, in place of `sku`"),
            "variants": FieldInfo(
                "variants",
                type="A",
                description="in `match`: `refuse` (unless given), or `own`: of a variant what it has",
            ),
            **_columns(PRODUCT.values()),
            "localized": FieldInfo("localized", description="texts by language code and column"),
            "tier_prices": FieldInfo(
                "tier_prices", description="all of them: a list of `role`, `quantity`, `price`"
            ),
        },
        outputs=_fields(**_UPSERTED, combination_id="N"),
        upserts=True,
        description="Writes what differs of a product, matched by `sku` or `id`, or makes it.",
    ),
    Operation(
        "stock/set",
        Effect.CONVERGENT,
        inputs={
            **_ONE_PRODUCT,
            "quantity": FieldInfo("quantity", type="N", decimals=0, mandatory=True),
            "above_reserved": FieldInfo(
                "above_reserved", type="A", description="true: what orders have reserved comes on top"
            ),
            "token": FieldInfo("token", type="A", description="one word that no other call has"),
            "message": FieldInfo("message", type="A", description="for the stock history"),
            "missing": FieldInfo("missing", type="A", description="reject (unless given) or skip"),
        },
        outputs=_fields(
            product_id="N", combination_id="N", warehouse="N", action="A", before="N", after="N", written="A"
        ),
        description="Brings the stock of a product or a variant to a quantity.",
    ),
)  # fmt: skip
_SHIPMENT_OPERATIONS = (
    Operation(
        "shipments/list",
        Effect.READ,
        inputs=_fields(order_id="N"),
        outputs=_fields(
            id="N", order_id="N", tracking_number="A", total_weight="N", shipped_date_utc="A",
            delivery_date_utc="A", admin_comment="A", created_on_utc="A", items="list",
        ),
        many=True,
        description="Lists the shipments of an order with their lines.",
    ),
    Operation(
        SHIPMENTS,
        Effect.CONVERGENT,
        inputs={
            "order_id": FieldInfo("order_id", type="N", description="to match, with `marker`"),
            "marker": FieldInfo(
                "marker", type="A", description="one word that names the delivery, kept in the comment"
            ),
            "tracking_number": FieldInfo("tracking_number", type="A"),
            "total_weight": FieldInfo("total_weight", type="N", decimals=4),
            "items": FieldInfo(
                "items", description="a list of `order_item_id`, `quantity`, and `warehouse_id` if need be"
            ),
            "shipped": FieldInfo("shipped", type="A", description="true lets it leave"),
            "delivered": FieldInfo("delivered", type="A", description="true lets it arrive"),
            "notify_customer": FieldInfo("notify_customer", type="A", description="true sends the mails"),
        },
        outputs=_fields(**_UPSERTED, tracking_number="A", shipped_date_utc="A", delivery_date_utc="A"),
        upserts=True,
        description="Makes a shipment of an order, or what is missing of it, and lets it leave and arrive.",
    ),
)  # fmt: skip

OPERATIONS: Mapping[str, Operation] = {
    operation.name: replace(operation, json_values=True)
    for operation in (
        *_ORDER_OPERATIONS, *_CUSTOMER_OPERATIONS, *_PRODUCT_OPERATIONS, *_SHIPMENT_OPERATIONS,
    )
}  # fmt: skip
