"""Tier prices in the official dialect, and the price that a customer pays for a quantity.

A tier price is a row of its own. Up to nopCommerce 4.70 a product also says whether it has any, and what a
client inserts or deletes does not change that: ``UpdateHasTierPricesProperty`` does. Without it nobody gets
the price.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.shop import entities
from m3nop.sandbox.shop.official.call import Call, Entry, not_found
from m3nop.sandbox.shop.official.rows import existing, writing

if TYPE_CHECKING:
    from m3nop.sandbox.shop.entities import Row


def get_by_product(call: Call) -> list[Row]:
    """Answer ``GetTierPricesByProduct``: by quantity."""
    return call.shop.tier_prices.select(("product_id", "=", call.known_id("productId")), order=("quantity",))


def get_for_customer(call: Call) -> list[Row]:
    """Answer ``GetTierPrices``: those that hold now for a customer in a store, one for each quantity."""
    product, customer = _product(call), _customer(call)
    if not product["has_tier_prices"]:
        return []
    roles, now = {None, *call.shop.role_ids(customer["id"])}, call.shop.now()
    best: dict[int, Row] = {}
    for row in call.shop.tier_prices.select(("product_id", "=", product["id"]), order=("quantity",)):
        begun = not row["start_date_time_utc"] or row["start_date_time_utc"] <= now
        ended = row["end_date_time_utc"] and row["end_date_time_utc"] < now
        here = row["store_id"] in (0, call.path_number("storeId"))
        if begun and not ended and here and row["customer_role_id"] in roles:
            known = best.get(row["quantity"])
            best[row["quantity"]] = row if known is None or row["price"] < known["price"] else known
    return list(best.values())


def get_preferred(call: Call) -> Row:
    """Answer ``GetPreferredTierPrice``: the one of the largest quantity that is reached."""
    call.require("quantity")
    quantity = call.number("quantity")
    reached = [row for row in get_for_customer(call) if row["quantity"] <= quantity]
    if not reached:
        raise not_found("TierPrice", call.path_text("productId"))
    return reached[-1]


def update_has_tier_prices(call: Call) -> None:
    """Answer ``UpdateHasTierPricesProperty``: a GET that lets the product say what is so."""
    product = _product(call)
    has = bool(call.shop.tier_prices.find(product_id=product["id"]))
    call.shop.products[str(product["id"])] = product | {"has_tier_prices": has}


def _product(call: Call) -> Row:
    return existing(entities.PRODUCT, call.shop.products, call.known_id("productId"))


def _customer(call: Call) -> Row:
    return existing(entities.CUSTOMER, call.shop.customers, call.known_id("customerId"))


ENTRIES: list[Entry] = [
    ("GET", "TierPrices/GetTierPricesByProduct/{productId}", get_by_product),
    ("GET", "TierPrices/GetTierPrices/{productId}/{customerId}/{storeId}", get_for_customer),
    ("GET", "TierPrices/GetPreferredTierPrice/{productId}/{customerId}/{storeId}", get_preferred),
    *writing("TierPrices", entities.TIER_PRICE, lambda shop: shop.tier_prices),
    ("GET", "Product/UpdateHasTierPricesProperty/{productId}", update_has_tier_prices),
]
