"""Setting stock, whatever the dialect: what a call wants, what cannot be, and the rows of its answers.

Where a product counts its stock is for the shop to say (its inventory method), and is read at every call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.connectors.nopcommerce.fields import Fields
from m3nop.connectors.nopcommerce.records import INVENTORY_METHODS, word
from m3nop.connectors.nopcommerce.refusals import refused, unfit
from m3nop.connectors.nopcommerce.shape import STOCK_ROW_FIELDS
from m3nop.connectors.nopcommerce.wishes import ambiguous

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.connectors.nopcommerce.records import Raw, Record
    from m3nop.core.json import Json

NOT_COUNTED, BY_PRODUCT, BY_VARIANT = range(3)
"""``ManageInventoryMethod``: what of a product has a stock."""

_LARGEST = 2_147_483_647
_MESSAGE = "m3nop"


class StockWish(Struct, frozen=True):
    """The values of a ``stock/set`` call."""

    fields: Fields
    about: str
    quantity: int
    warehouse: int | None
    token: str
    message: str
    skips: bool
    """Whether a product that is not in the shop is passed over."""
    above_reserved: bool = False
    """Whether the quantity is what can still be sold: what orders have reserved comes on top of it."""

    def on_hand(self, row: Raw | None) -> int:
        """Return the stock that a row of several warehouses must have."""
        return self.quantity + (row["reserved_quantity"] if self.above_reserved and row else 0)


def read_stock_wish(values: Mapping[str, Json]) -> StockWish:
    """Read the fields of a ``stock/set`` call.

    Raises:
        ShopFailure: they do not fit; nothing was sent.
    """
    fields = Fields(values)
    quantity = fields.whole("quantity")
    if abs(quantity) > _LARGEST:
        raise unfit("quantity", f"`quantity` is too large: {quantity}")
    token = fields.text("token").strip() if fields.given("token") else ""
    text = fields.text("message").strip() if fields.given("message") else _MESSAGE
    missing = fields.text("missing") if fields.given("missing") else "reject"
    if missing not in {"reject", "skip"}:
        raise unfit("missing", f"`missing` must be reject or skip, it is {missing!r}")
    return StockWish(
        fields,
        about=about(fields),
        quantity=quantity,
        warehouse=fields.number("warehouse") if fields.given("warehouse") else None,
        token=token,
        message=f"{text} {token}".strip(),
        skips=missing == "skip",
        above_reserved=fields.flag("above_reserved"),
    )


def about(fields: Fields) -> str:
    """Return what a call is about, by its SKU or else its product's id.

    Raises:
        ShopFailure: it names neither, or both.
    """
    if fields.given("sku") == fields.given("product_id"):
        raise unfit("sku", "give either `sku` or `product_id`")
    return fields.text("sku") if fields.given("sku") else str(fields.number("product_id"))


def in_several(product: Raw) -> bool:
    """Tell whether a product counts its stock in several warehouses."""
    by_product = product.get("manage_inventory_method_id") == BY_PRODUCT
    return by_product and bool(product.get("use_multiple_warehouses"))


def absent(wish: StockWish) -> list[Record]:
    """Make the answer for a product that is not in the shop.

    Raises:
        ShopFailure: the call does not pass over it.
    """
    if not wish.skips:
        msg = f"the shop has no product {wish.about}"
        raise refused(msg, code="missing", field="sku")
    return [_row(None, None, None, None, action="missing", warehouse=None)]


def unchanged(
    product: Raw, quantity: int, *, variant: int | None = None, warehouse: int | None = None
) -> list[Record]:
    """Make the answer where the shop has that quantity."""
    return [_row(product["id"], variant, quantity, quantity, action="unchanged", warehouse=warehouse)]


def moved(
    product: Raw, before: int, after: int, *, variant: int | None = None, warehouse: int | None = None
) -> list[Record]:
    """Make the answer where it was written."""
    return [_row(product["id"], variant, before, after, action="updated", warehouse=warehouse)]


def _row(
    product: int | None, variant: int | None, before: int | None, after: int | None, *, action: str,
    warehouse: int | None,
) -> Record:  # fmt: skip
    return {
        "product_id": product, "combination_id": variant, "warehouse": warehouse, "action": action,
        "before": before, "after": after, "written": action == "updated",
    }  # fmt: skip


def check_counted(product: Raw, *, variant: Raw | None) -> None:
    """Refuse what has no stock of its own.

    Raises:
        ShopFailure: the product's stock is not tracked, or lies elsewhere.
    """
    method, number = product.get("manage_inventory_method_id"), product["id"]
    if method not in {BY_PRODUCT, BY_VARIANT}:
        message = (
            f"the shop does not track the stock of product {number}; set its inventory method "
            "(`manage_inventory_method: manage_stock`) first, or leave it out"
        )
        raise refused(message, code="not_tracked")
    if method == BY_VARIANT and variant is None:
        message = f"product {number} counts the stock of its variants; name the SKU of a variant"
        raise refused(message, code="by_variant", field="sku")
    if method == BY_PRODUCT and variant is not None:
        message = (
            f"product {number} does not count the stock of its variants; set its inventory method to "
            "`manage_stock_by_attributes`, or name the product's own SKU"
        )
        raise refused(message, code="by_product", field="sku")


def check_sign(wish: StockWish, *, backorders: bool, what: str) -> None:
    """Refuse a quantity below zero where the shop takes no orders for what it does not have.

    Raises:
        ShopFailure: it does not.
    """
    if wish.quantity < 0 and not backorders:
        message = f"`quantity` is {wish.quantity}, and {what} takes no backorders; send 0 instead"
        raise refused(message, code="negative", field="quantity")


def warehouse_row(rows: Sequence[Raw], wish: StockWish, product: Raw) -> Raw | None:
    """Return the stock row of the warehouse that a call names; None where there is none yet.

    Raises:
        ShopFailure: it names none, or there are several rows.
    """
    if wish.warehouse is None:
        known = ", ".join(str(row["warehouse_id"]) for row in rows) or "none yet"
        message = f"product {product['id']} has stock in several warehouses; name `warehouse` ({known})"
        raise refused(message, code="warehouse", field="warehouse")
    found = [row for row in rows if row["warehouse_id"] == wish.warehouse]
    if len(found) > 1:
        what = f"the stock row of product {product['id']} in warehouse {wish.warehouse}"
        raise ambiguous(what, [row["id"] for row in found])
    return found[0] if found else None


def stock_row(
    product: Raw, *, variant: Raw | None, rows: Sequence[Raw] | None, warehouse: int | None
) -> Record:
    """Make the row of ``products/stock``: how many there are, where they count.

    ``quantity`` is None where nothing is counted; ``rows`` are those of the warehouses, if there are several.
    """
    method = product.get("manage_inventory_method_id") or NOT_COUNTED
    held = [row for row in rows or () if warehouse in (None, row["warehouse_id"])]
    if method == NOT_COUNTED or (method == BY_VARIANT and variant is None):
        quantity = None
    elif method == BY_VARIANT and variant is not None:
        quantity = variant["stock_quantity"]
    else:
        quantity = product["stock_quantity"] if rows is None else sum(row["stock_quantity"] for row in held)
    return {
        "product_id": product["id"],
        "combination_id": variant["id"] if variant else None,
        "sku": (variant or product).get("sku"),
        "manage_inventory_method": word(method, INVENTORY_METHODS),
        "quantity": quantity,
        "reserved_quantity": sum(row["reserved_quantity"] for row in held) if rows is not None else None,
        "warehouses": [
            {name: row[name] for name in STOCK_ROW_FIELDS} for row in held
        ],
    }  # fmt: skip
