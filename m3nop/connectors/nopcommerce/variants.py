"""Finds the SKU of a variant among a product's attribute combinations, as nopCommerce itself does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from m3nop.connectors.nopcommerce.records import Raw
    from m3nop.core.json import Json

VARIANTS_HAVE_STOCK = 2
"""``ManageInventoryMethod`` of products whose variants have SKUs of their own."""

_ATTRIBUTE = re.compile(r'<ProductAttribute\s+ID="(\d+)"[^>]*>(.*?)</ProductAttribute>', re.DOTALL)
_VALUE = re.compile(r"<Value>(.*?)</Value>", re.DOTALL)


def variant_sku(line: Raw, product: Raw) -> str | None:
    """Return the SKU of the combination that an order line chose, or None where the product's own counts.

    A line may also carry attributes that make no combination, such as an engraving.
    """
    if product.get("manage_inventory_method_id") != VARIANTS_HAVE_STOCK:
        return None
    chosen = {(int(row["id"]), str(row.get("value"))) for row in line.get("product_attributes") or ()}
    fitting = [
        (len(wanted), str(combination.get("sku") or ""))
        for combination in product.get("product_attribute_combinations") or ()
        if (wanted := _choice(combination.get("attributes_xml"))) and wanted <= chosen
    ]
    return max(fitting, default=(0, ""))[1] or None


def _choice(attributes_xml: Json) -> AbstractSet[tuple[int, str]]:
    return {
        (int(number), value.strip())
        for number, inner in _ATTRIBUTE.findall(attributes_xml or "")
        for value in _VALUE.findall(inner)
    }
