"""What the shop holds when its books are opened for the first time, always the same."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from m3nop.sandbox import catalogue
from m3nop.sandbox.shop import accounts, checkout, entities, goods, tokens
from m3nop.sandbox.shop.first_orders import ORDERS
from m3nop.sandbox.shop.people import CUSTOMERS
from m3nop.sandbox.shop.statuses import DiscountType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.sandbox.shop.entities import Row
    from m3nop.sandbox.shop.tables import Shop

_OPENED = "2024-03-01T08:00:00"
_LAST_SEEN = "2026-11-02T17:30:00"

ROLES = {
    "Administrators": "Administrators",
    "Forum Moderators": "ForumModerators",
    "Registered": "Registered",
    "Guests": "Guests",
    "Vendors": "Vendors",
    "Api Users": "ApiUserRole",
    "Wholesale": "Wholesale",
}
"""Names and system names; the wholesale role is an ordinary one of this shop."""

_BEYOND_M3 = (("IS", "ISL", 352, "Iceland"), ("JP", "JPN", 392, "Japan"), ("AX", "ALA", 248, "Åland Islands"))
_STATES = (("US", "New York", "NY"), ("US", "California", "CA"), ("CH", "Zürich", "ZH"))


def fill(shop: Shop) -> None:
    """Write everything the shop starts with."""
    _places(shop)
    _trade(shop)
    _stores(shop)
    goods.fill(shop)
    _people(shop)
    for order in ORDERS:
        checkout.place(shop, _resolved(shop, order))


def _places(shop: Shop) -> None:
    known = [(item.code, item.letters, item.numeric, item.name) for item in catalogue.COUNTRIES]
    for position, (code, letters, numeric, name) in enumerate([*known, *_BEYOND_M3], start=1):
        row = entities.COUNTRY.row(
            name=name, two_letter_iso_code=code, three_letter_iso_code=letters, numeric_iso_code=numeric,
            allows_billing=True, allows_shipping=True, published=code != "AX", display_order=position,
            subject_to_vat=code in checkout.EUROPEAN_UNION,
        )  # fmt: skip
        shop.insert(entities.COUNTRY, shop.countries, row)
    ids = {row["two_letter_iso_code"]: row["id"] for row in shop.countries.values()}
    for code, name, short in _STATES:
        row = entities.STATE.row(country_id=ids[code], name=name, abbreviation=short, published=True)
        shop.insert(entities.STATE, shop.states, row)


def _trade(shop: Shop) -> None:
    for code, rate, name in (
        ("EUR", "1", "Euro"),
        ("SEK", "11.25", "Swedish krona"),
        ("USD", "1.08", "US dollar"),
    ):
        row = entities.CURRENCY.row(
            name=name, currency_code=code, rate=Decimal(rate), published=True, created_on_utc=_OPENED,
            updated_on_utc=_OPENED,
        )  # fmt: skip
        shop.insert(entities.CURRENCY, shop.currencies, row)
    for name, culture, short in (
        ("English", "en-US", "en"),
        ("Svenska", "sv-SE", "sv"),
        ("Deutsch", "de-DE", "de"),
    ):
        row = entities.LANGUAGE.row(
            name=name, language_culture=culture, unique_seo_code=short, published=True
        )
        shop.insert(entities.LANGUAGE, shop.languages, row)
    shop.insert(entities.TAX_CATEGORY, shop.tax_categories, entities.TAX_CATEGORY.row(name="Goods"))
    for name, system_name in ROLES.items():
        role = entities.CUSTOMER_ROLE.row(
            name=name, system_name=system_name, active=True, is_system_role=name != "Wholesale"
        )
        shop.insert(entities.CUSTOMER_ROLE, shop.roles, role)
    off = {"name": "Welcome", "coupon_code": "WELCOME10", "discount_type_id": int(DiscountType.ORDER_TOTAL)}
    season = {"name": "Autumn", "coupon_code": "HÖST5", "discount_type_id": int(DiscountType.ORDER_SUBTOTAL)}
    for values, share in (
        (off, {"discount_amount": Decimal(10)}),
        (season, {"discount_percentage": Decimal(5)}),
    ):
        row = entities.DISCOUNT.row(
            **values, **share, requires_coupon_code=True, use_percentage="discount_percentage" in share
        )
        shop.insert(entities.DISCOUNT, shop.discounts, row)


def _stores(shop: Shop) -> None:
    home = {"country": "SE", "city": "Östersund", "zip_postal_code": "831 30", "created_on_utc": _OPENED}
    for name, street in (("Central warehouse", "Lagergatan 1"), ("Shop floor", "Storgatan 20")):
        address = checkout.new_address(
            shop, {**home, "address1": street, "company": catalogue.STORES[0].name}
        )
        row = entities.WAREHOUSE.row(name=name, address_id=address["id"])
        shop.insert(entities.WAREHOUSE, shop.warehouses, row)
    for store in catalogue.STORES:
        row = entities.STORE.row(
            name=store.name, url=f"https://{store.host}/", hosts=f"{store.host},www.{store.host}",
            ssl_enabled=True, default_language_id=1, display_order=store.id, company_name=store.name,
            company_vat="SE556000016701",
        )  # fmt: skip
        shop.insert(entities.STORE, shop.stores, row)


def _people(shop: Shop) -> None:
    for email, password in tokens.accounts().items():
        person = _staff(shop, {"email": email, "first_name": "Shop", "last_name": "Staff"})
        shop.passwords[str(person["id"])] = {"password": password}
        accounts.give_roles(shop, person, "Registered", "ApiUserRole")
    accounts.give_roles(shop, shop.customers[str(tokens.STAFF_ID)], "Administrators")
    for name in ("SearchEngine", "BackgroundTask"):
        values = {
            "system_name": name,
            "is_system_account": True,
            "email": f"builtin@{name.lower()}.example.com",
        }
        accounts.give_roles(shop, _staff(shop, values), "Guests")
    for person in CUSTOMERS:
        accounts.register(shop, {**person, "last_activity": _LAST_SEEN})


def _staff(shop: Shop, values: Row) -> Row:
    seen = {"created_on_utc": _OPENED, "last_activity_date_utc": _LAST_SEEN}
    return accounts.new_customer(shop, {**seen, **values}, store_id=1)


def _resolved(shop: Shop, order: Mapping[str, Any]) -> Row:
    wanted = dict(order)
    email = wanted.pop("email", None)
    if email:
        wanted["customer_id"] = next(iter(shop.customers.find(email=email)))["id"]
    return wanted
