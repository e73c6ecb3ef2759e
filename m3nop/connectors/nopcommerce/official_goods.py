"""Finds products and their variants in the official dialect, always as they are now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce.official_records import get
from m3nop.connectors.nopcommerce.refusals import unfit
from m3nop.connectors.nopcommerce.rewriting import row_by_id
from m3nop.connectors.nopcommerce.rows import rows_of
from m3nop.connectors.nopcommerce.wishes import ambiguous

if TYPE_CHECKING:
    from m3nop.connectors.nopcommerce.convergent import Requests
    from m3nop.connectors.nopcommerce.fields import Fields
    from m3nop.connectors.nopcommerce.records import Raw

SEPARATOR = ";"
"""Joins SKUs in a query, so one that holds it cannot be asked for."""


@dataclass(frozen=True, slots=True)
class Goods:
    """A product, and the attribute combination of it that a SKU names."""

    product: Raw
    combination: Raw | None = None


def find_goods(requests: Requests, fields: Fields, *, id_field: str = "id") -> Goods | None:
    """Find by id or by SKU; a product goes before a variant, what is marked as deleted is no match.

    Raises:
        ShopFailure: a request failed, or several have the SKU.
        SourceError: something else came.
    """
    if fields.given(id_field):
        row = row_by_id(requests, "Product", fields.number(id_field))
        return None if row is None else Goods(row)
    return find_sku(requests, sku_of(fields))


def sku_of(fields: Fields) -> str:
    """Return the SKU of a call.

    Raises:
        ShopFailure: it cannot be looked up; nothing was sent.
    """
    sku = fields.text("sku").strip()
    if not sku or SEPARATOR in sku:
        raise unfit("sku", f"`sku` must be a text without `{SEPARATOR}`, it is {sku!r}")
    return sku


def find_sku(requests: Requests, sku: str) -> Goods | None:
    """Find by SKU.

    Raises:
        ShopFailure: a request failed, or several products have it.
        SourceError: something else came.
    """
    document = requests.read(get("Product/GetProductsBySku", ("skuArray", sku)))
    rows = rows_of(document or [], what="products")
    found = {row["id"]: row for row in rows if not row.get("deleted") and _has_sku(row, sku)}
    if len(found) > 1:
        msg = f"SKU {sku}"
        raise ambiguous(msg, found)
    if found:
        return Goods(next(iter(found.values())))
    return _variant(requests, sku)


def _variant(requests: Requests, sku: str) -> Goods | None:
    combination = requests.read(get("ProductAttributeCombination/GetBySku", ("sku", sku)))
    if combination is None or not _has_sku(combination, sku):
        return None
    product = row_by_id(requests, "Product", combination["product_id"])
    return None if product is None else Goods(product, combination)


def _has_sku(row: Raw, sku: str) -> bool:
    # Some databases find É where E is asked for, and all of them find e.
    return str(row.get("sku") or "").strip().casefold() == sku.casefold()
