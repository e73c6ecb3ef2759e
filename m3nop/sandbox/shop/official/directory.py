"""Places, stores, money, discounts and generic attributes in the official dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.shop import entities
from m3nop.sandbox.shop.official.call import Call, Entry, Refused, envelope, invalid
from m3nop.sandbox.shop.official.rows import reading, writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.sandbox.books import Table
    from m3nop.sandbox.shop.entities import Row
    from m3nop.sandbox.shop.tables import Shop

_ENTITY_TYPES = frozenset(
    {"Address", "Customer", "Order", "OrderItem", "Product", "Shipment", "Store", "Vendor"}
)


def _visible(call: Call, table: Table) -> list[Row]:
    hidden = call.flag("showHidden")
    return [row for row in table.values() if hidden or row["published"]]


def _list(table: Callable[[Shop], Table]) -> Callable[[Call], list[Row]]:
    return lambda call: list(table(call.shop).values())


def _visible_list(table: Callable[[Shop], Table]) -> Callable[[Call], list[Row]]:
    return lambda call: _visible(call, table(call.shop))


def get_currencies(call: Call) -> Row:
    """Answer ``GetAll`` of the currencies, in an envelope."""
    rows = _visible(call, call.shop.currencies)
    return envelope(rows, total=len(rows))


def get_warehouses(call: Call) -> list[Row]:
    """Answer ``GetAll`` of the warehouses, by a part of the name if one is asked for."""
    name = (call.text("name") or "").lower()
    return [row for row in call.shop.warehouses.values() if name in row["name"].lower()]


def get_discounts(call: Call) -> list[Row]:
    """Answer ``GetAll`` of the discounts."""
    coupon = call.text("couponCode")
    return [row for row in call.shop.discounts.values() if coupon in (None, row["coupon_code"])]


def get_discount_usages(call: Call) -> Row:
    """Answer ``GetAll`` of the discount usages: the only way from an order to its coupon."""
    wanted = {"order_id": call.number("orderId"), "discount_id": call.number("discountId")}
    conditions = [(column, "=", number) for column, number in wanted.items() if number]
    customer = call.number("customerId")
    keep = None
    if customer:
        orders = call.shop.orders
        keep = lambda usage: orders[str(usage["order_id"])]["customer_id"] == customer  # noqa: E731
    return call.page(
        call.shop.discount_usages, conditions, order=("created_on_utc",), descending=True, keep=keep
    )


def save_attribute(call: Call) -> None:
    """Answer ``SaveAttribute``: one value per entity, key and store; a blank one removes it."""
    group, key = call.text("entityTypeName") or "", call.text("key") or ""
    if group not in _ENTITY_TYPES or not key:
        raise invalid(entityTypeName="an entity type and a key are required")
    entity_id, store_id = call.known_id("entityId"), call.path_number("storeId")
    name = f"{group}/{entity_id}/{key}/{store_id}"
    value = call.text("value")
    known = call.shop.attributes.get(name)
    if value is None:
        call.shop.attributes.pop(name, None)
        return
    call.shop.attributes[name] = entities.ATTRIBUTE.row(
        id=known["id"] if known else call.shop.draw(entities.ATTRIBUTE), entity_id=entity_id, key_group=group,
        key=key, value=value, store_id=store_id, created_or_updated_date_utc=call.shop.now(),
    )  # fmt: skip


def get_attributes(call: Call) -> list[Row]:
    """Answer ``GetAttributesForEntity``."""
    return call.shop.attributes.find(
        key_group=call.text("keyGroup") or "", entity_id=call.path_number("entityId")
    )


def get_attribute(call: Call) -> str:
    """Answer ``GetAttribute``; 404 when there is none."""
    group, key = call.text("entityTypeName"), call.text("key")
    known = call.shop.attributes.get(f"{group}/{call.path_number('entityId')}/{key}/{call.number('storeId')}")
    if known is None:
        raise Refused(404, f"GenericAttribute key={key} not found")
    return str(known["value"])


ENTRIES: list[Entry] = [
    ("GET", "Country/GetAllCountries", _visible_list(lambda shop: shop.countries)),
    *reading("Country", entities.COUNTRY, lambda shop: shop.countries),
    ("GET", "StateProvince/GetAll", _visible_list(lambda shop: shop.states)),
    *reading("StateProvince", entities.STATE, lambda shop: shop.states),
    ("GET", "Store/GetAll", _list(lambda shop: shop.stores)),
    *reading("Store", entities.STORE, lambda shop: shop.stores),
    ("GET", "Warehouse/GetAll", get_warehouses),
    *writing("Warehouse", entities.WAREHOUSE, lambda shop: shop.warehouses),
    ("GET", "Currency/GetAll", get_currencies),
    *reading("Currency", entities.CURRENCY, lambda shop: shop.currencies),
    ("GET", "Language/GetAll", _visible_list(lambda shop: shop.languages)),
    *reading("Language", entities.LANGUAGE, lambda shop: shop.languages),
    ("GET", "TaxCategory/GetAll", _list(lambda shop: shop.tax_categories)),
    ("GET", "Discount/GetAll", get_discounts),
    *reading("Discount", entities.DISCOUNT, lambda shop: shop.discounts),
    ("GET", "DiscountUsageHistory/GetAll", get_discount_usages),
    *reading("DiscountUsageHistory", entities.DISCOUNT_USAGE, lambda shop: shop.discount_usages),
    ("POST", "GenericAttribute/SaveAttribute/{storeId}/{entityId}", save_attribute),
    ("GET", "GenericAttribute/GetAttributesForEntity/{entityId}", get_attributes),
    ("GET", "GenericAttribute/GetAttribute/{entityId}", get_attribute),
]
