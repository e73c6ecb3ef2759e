"""Products and their variants in the official dialect; a write takes a whole row of some 110 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.shop import entities
from m3nop.sandbox.shop.official.call import Call, Entry, Refused, joined_ids
from m3nop.sandbox.shop.official.rows import existing, writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.sandbox.books import Condition
    from m3nop.sandbox.shop.entities import Row


def get_all(call: Call) -> Row:
    """Answer ``GetAll``: by display position; unpublished products only with ``showHidden``.

    With it ``overridePublished`` picks the ones or the others. Of the many filters those on price, vendor and
    keywords are here; names that are not known are ignored.
    """
    conditions: list[Condition] = [("deleted", "=", False)]
    if not call.flag("showHidden"):
        conditions.append(("published", "=", True))
    elif call.text("overridePublished"):
        conditions.append(("published", "=", call.flag("overridePublished")))
    if vendor := call.number("vendorId"):
        conditions.append(("vendor_id", "=", vendor))
    for name, operator in (("priceMin", ">="), ("priceMax", "<=")):
        if call.text(name):
            conditions.append(("price", operator, float(call.amount(name))))
    return call.page(call.shop.products, conditions, order=("display_order",), keep=_wanted(call))


def _wanted(call: Call) -> Callable[[Row], bool] | None:
    keywords = (call.text("keywords") or "").lower()
    if not keywords:
        return None
    in_sku = call.flag("searchSku", default=True)

    def keep(product: Row) -> bool:
        return keywords in (product["name"] or "").lower() or (
            in_sku and keywords == (product["sku"] or "").lower()
        )

    return keep


def get_products_by_ids(call: Call) -> list[Row]:
    """Answer ``GetProductsByIds``."""
    return call.shop.by_ids(call.shop.products, joined_ids(call.path_text("ids")), ("deleted", "=", False))


def get_product_by_sku(call: Call) -> Row:
    """Answer ``GetProductBySku``: of several the first by display position; variants are not looked at."""
    sku = (call.text("sku") or "").strip()
    found = _by_skus(call, [sku])
    if not found:
        raise Refused(404, f"Product SKU={sku} not found")
    return found[0]


def get_products_by_sku(call: Call) -> list[Row]:
    """Answer ``GetProductsBySku``; the SKUs are joined with ``;``."""
    return _by_skus(call, [part.strip() for part in (call.text("skuArray") or "").split(";")])


def _by_skus(call: Call, skus: list[str]) -> list[Row]:
    # By SKU alone, so that the index of SKUs is used however many products there are.
    rows = call.shop.products.select(("sku", "in", [sku for sku in skus if sku]))
    kept = [row for row in rows if not row["deleted"]]
    return sorted(kept, key=lambda row: (row["display_order"], row["id"]))


def format_sku(call: Call) -> str:
    """Answer ``FormatSku``: the body is the attributes text of an order line, as a JSON text."""
    return call.shop.sku(_product(call), _attributes(call))


def find_combination(call: Call) -> Row:
    """Answer ``FindProductAttributeCombination``."""
    product = _product(call)
    found = call.shop.combination(product["id"], _attributes(call))
    if found is None:
        raise Refused(404, "Product attribute combination not found")
    return found


def get_combinations(call: Call) -> list[Row]:
    """Answer ``GetAll`` of the combinations of a product."""
    return call.shop.combinations.find(product_id=call.known_id("productId"))


def get_combination_by_sku(call: Call) -> Row:
    """Answer ``GetBySku`` of the combinations."""
    sku = call.text("sku") or ""
    found = call.shop.combinations.find(sku=sku)
    if not found:
        raise Refused(404, f"ProductAttributeCombination SKU={sku} not found")
    return found[0]


def _product(call: Call) -> Row:
    return existing(entities.PRODUCT, call.shop.products, call.known_id("productId"))


def _attributes(call: Call) -> str:
    return call.body_text("attributesXml")


ENTRIES: list[Entry] = [
    ("GET", "Product/GetAll", get_all),
    ("GET", "Product/GetProductsByIds/{ids}", get_products_by_ids),
    ("GET", "Product/GetProductBySku", get_product_by_sku),
    ("GET", "Product/GetProductsBySku", get_products_by_sku),
    ("POST", "Product/FormatSku/{productId}", format_sku),
    *writing("Product", entities.PRODUCT, lambda shop: shop.products),
    ("POST", "ProductAttributeParser/FindProductAttributeCombination/{productId}", find_combination),
    ("GET", "ProductAttributeCombination/GetAll/{productId}", get_combinations),
    ("GET", "ProductAttributeCombination/GetBySku", get_combination_by_sku),
    *writing("ProductAttributeCombination", entities.COMBINATION, lambda shop: shop.combinations),
]
