"""Finds products and their variants in the official dialect, one or many, always as they are now."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce.goods import Goods, Together, failed_or
from m3nop.connectors.nopcommerce.official_records import get, joined
from m3nop.connectors.nopcommerce.refusals import ShopFailure, unfit
from m3nop.connectors.nopcommerce.rewriting import row_by_id
from m3nop.connectors.nopcommerce.rows import asked_for, rows_of
from m3nop.connectors.nopcommerce.wishes import ambiguous

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.connectors.nopcommerce.api import ShopApi
    from m3nop.connectors.nopcommerce.convergent import Requests
    from m3nop.connectors.nopcommerce.fields import Fields
    from m3nop.connectors.nopcommerce.goods import Found, Name, Reader
    from m3nop.connectors.nopcommerce.records import Raw

SEPARATOR = ";"
"""Joins SKUs in a query, so one that holds it cannot be asked for."""


_PROOF = get("Product/GetAll", ("showHidden", "true"), ("pageIndex", "0"), ("pageSize", "1"))


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
    if not _can_be_asked(sku):
        raise _unfit(sku)
    return sku


def _can_be_asked(sku: str) -> bool:
    return bool(sku) and SEPARATOR not in sku


def _unfit(sku: str) -> ShopFailure:
    return unfit("sku", f"`sku` must be a text without `{SEPARATOR}`, it is {sku!r}")


def find_sku(requests: Requests, sku: str) -> Goods | None:
    """Find by SKU.

    Raises:
        ShopFailure: a request failed, or several products have it.
        SourceError: something else came.
    """
    found = _products_by_sku(requests, [sku])[sku]
    return _only(sku, found) if found else _variant(requests, sku)


class ManyGoods:
    """Finds several at once. Safe to use from several threads."""

    def __init__(self, api: ShopApi) -> None:
        self._api = api
        self.together = Together(api, proof=_PROOF)

    def find(self, names: Sequence[Name]) -> dict[Name, Found]:
        """Return what has each name, or None, or why it cannot be told."""
        skus = [name for name in names if isinstance(name, str)]
        ids = [name for name in names if isinstance(name, int)]
        found: dict[Name, Found] = {sku: _unfit(sku) for sku in skus if not _can_be_asked(sku)}
        asked = [sku for sku in skus if sku not in found]
        rows = self.together.many(asked, lambda some: _products_by_sku(self._api, some))
        found.update({sku: _only_or_why(sku, held) for sku, held in rows.items() if held})
        # A product goes before a variant; those have no list, so they are asked for one by one.
        absent = [sku for sku in asked if sku not in found]
        variants = self.together.each(absent, lambda sku: _combination(self._api, sku))
        products = self._products(ids, variants)
        found.update({number: failed_or(products[number], Goods) for number in ids})
        found.update({sku: failed_or(variant, partial(_of, products)) for sku, variant in variants.items()})
        return found

    def _products(
        self, ids: Sequence[int], variants: Mapping[str, Raw | ShopFailure | None]
    ) -> dict[int, Raw | ShopFailure | None]:
        parents = [row["product_id"] for row in variants.values() if isinstance(row, Mapping)]
        return self.together.many([*ids, *parents], lambda some: _products_by_id(self._api, some))


def _of(products: Mapping[int, Raw | ShopFailure | None], variant: Raw) -> Found:
    return failed_or(products[variant["product_id"]], lambda product: Goods(product, variant))


def _products_by_sku(reader: Reader, skus: Sequence[str]) -> dict[str, list[Raw]]:
    document = reader.read(get("Product/GetProductsBySku", ("skuArray", SEPARATOR.join(skus))))
    rows = {row["id"]: row for row in rows_of(document or [], what="products") if not row.get("deleted")}
    return {sku: [row for row in rows.values() if _has_sku(row, sku)] for sku in skus}


def _products_by_id(reader: Reader, ids: Sequence[int]) -> dict[int, Raw | None]:
    document = reader.read(get(f"Product/GetProductsByIds/{joined(ids)}"))
    rows = asked_for(rows_of(document or [], what="products"), ids, what="product")
    return {**dict.fromkeys(ids), **{row["id"]: row for row in rows}}


def _only(sku: str, rows: Sequence[Raw]) -> Goods:
    if len(rows) > 1:
        msg = f"SKU {sku}"
        raise ambiguous(msg, [row["id"] for row in rows])
    return Goods(rows[0])


def _only_or_why(sku: str, rows: Sequence[Raw] | ShopFailure) -> Goods | ShopFailure:
    try:
        return rows if isinstance(rows, ShopFailure) else _only(sku, rows)
    except ShopFailure as error:
        return error


def _variant(requests: Requests, sku: str) -> Goods | None:
    combination = _combination(requests, sku)
    if combination is None:
        return None
    product = row_by_id(requests, "Product", combination["product_id"])
    return None if product is None else Goods(product, combination)


def _combination(reader: Reader, sku: str) -> Raw | None:
    row: Raw | None = reader.read(get("ProductAttributeCombination/GetBySku", ("sku", sku)))
    return row if row is not None and _has_sku(row, sku) else None


def _has_sku(row: Raw, sku: str) -> bool:
    # Some databases find É where E is asked for, and all of them find e.
    return str(row.get("sku") or "").strip().casefold() == sku.casefold()
