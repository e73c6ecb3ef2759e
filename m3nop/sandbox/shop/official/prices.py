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

_FIRST_STORE = 1


def get_by_product(call: Call) -> list[Row]:
    """Answer ``GetTierPricesByProduct``: by quantity."""
    return call.shop.tier_prices.select(("product_id", "=", call.known_id("productId")), order=("quantity",))


def get_for_customer(call: Call) -> list[Row]:
    """Answer ``GetTierPrices``: those that hold now for a customer in a store, one for each quantity."""
    return _holding(call, _product(call), store_id=call.path_number("storeId"))


def get_preferred(call: Call) -> Row:
    """Answer ``GetPreferredTierPrice``: the one of the largest quantity that is reached."""
    call.require("quantity")
    quantity = call.number("quantity")
    reached = [row for row in get_for_customer(call) if row["quantity"] <= quantity]
    if not reached:
        raise not_found("TierPrice", call.path_text("productId"))
    return reached[-1]


def get_final_price(call: Call) -> Row:
    """Answer ``GetFinalPrice`` in the first store: the tier price that is reached, else the product's own.

    Discounts of this shop are all of whole orders, so none is in it.
    """
    call.require("additionalCharge", "includeDiscounts", "quantity")
    product = _product(call)
    price = call.amount("overriddenProductPrice") if call.text("overriddenProductPrice") else product["price"]
    reached = [
        row for row in _holding(call, product, store_id=_FIRST_STORE)
        if row["quantity"] <= call.number("quantity")
    ]  # fmt: skip
    final = entities.money((reached[-1]["price"] if reached else price) + call.amount("additionalCharge"))
    return {
        "price_without_discounts": final,
        "final_price": final,
        "applied_discount_amount": entities.money(0),
        "applied_discounts": [],
    }


def update_has_tier_prices(call: Call) -> None:
    """Answer ``UpdateHasTierPricesProperty``: a GET that lets the product say what is so."""
    product = _product(call)
    has = bool(call.shop.tier_prices.find(product_id=product["id"]))
    call.shop.products[str(product["id"])] = product | {"has_tier_prices": has}


def _holding(call: Call, product: Row, *, store_id: int) -> list[Row]:
    roles, now = {None, *call.shop.role_ids(_customer(call)["id"])}, call.shop.now()
    if not product["has_tier_prices"]:
        return []
    best: dict[int, Row] = {}
    for row in call.shop.tier_prices.select(("product_id", "=", product["id"]), order=("quantity",)):
        begun = not row["start_date_time_utc"] or row["start_date_time_utc"] <= now
        ended = row["end_date_time_utc"] and row["end_date_time_utc"] < now
        here = row["store_id"] in (0, store_id)
        if begun and not ended and here and row["customer_role_id"] in roles:
            known = best.get(row["quantity"])
            best[row["quantity"]] = row if known is None or row["price"] < known["price"] else known
    return list(best.values())


def _product(call: Call) -> Row:
    return existing(entities.PRODUCT, call.shop.products, call.known_id("productId"))


def _customer(call: Call) -> Row:
    return existing(entities.CUSTOMER, call.shop.customers, call.known_id("customerId"))


ENTRIES: list[Entry] = [
    ("GET", "TierPrices/GetTierPricesByProduct/{productId}", get_by_product),
    ("GET", "TierPrices/GetTierPrices/{productId}/{customerId}/{storeId}", get_for_customer),
    ("GET", "TierPrices/GetPreferredTierPrice/{productId}/{customerId}/{storeId}", get_preferred),
    *writing("TierPrices", entities.TIER_PRICE, lambda shop: shop.tier_prices),
    ("GET", "PriceCalculation/GetFinalPrice/{productId}/{customerId}", get_final_price),
    ("GET", "Product/UpdateHasTierPricesProperty/{productId}", update_has_tier_prices),
]
