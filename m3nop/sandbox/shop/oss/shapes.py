"""The oss dialect's form of the shop's rows: other names, words for statuses, lines and addresses within."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.shop import entities
from m3nop.sandbox.shop.oss.refusals import thrown_in_read
from m3nop.sandbox.shop.statuses import OrderStatus, PaymentStatus, ShippingStatus, TaxDisplay
from m3nop.sandbox.shop.variants import choice

if TYPE_CHECKING:
    from m3nop.sandbox.shop.entities import Entity, Row
    from m3nop.sandbox.shop.tables import Shop


def _without(entity: Entity, hidden: str) -> list[str]:
    missing = set(hidden.split())
    return [column for column in entity.columns if column not in missing]


_ORDER = _without(
    entities.ORDER,
    """order_guid custom_order_number billing_address_id shipping_address_id pickup_address_id pickup_in_store
    order_status_id payment_status_id shipping_status_id reward_points_history_entry_id
    redeemed_reward_points_entry_id checkout_attributes_xml allow_storing_credit_card_number card_type
    card_name card_number masked_credit_card_number card_cvv2 card_expiration_month card_expiration_year""",
)
_ITEM = _without(entities.ORDER_ITEM, "order_item_guid order_id attributes_xml is_download_activated")
_ADDRESS = _without(entities.ADDRESS, "county custom_attributes")
CUSTOMER = _without(
    entities.CUSTOMER,
    """email_to_revalidate affiliate_id vendor_id require_re_login failed_login_attempts
    cannot_login_until_date_utc billing_address_id shipping_address_id street_address street_address2
    zip_postal_code city county country_id state_province_id phone fax time_zone_id
    custom_customer_attributes_xml tax_display_type_id""",
)
PRODUCT = _without(
    entities.PRODUCT,
    """product_type_id product_template_id admin_comment show_on_homepage subject_to_acl limited_to_stores
    gift_card_type_id overridden_gift_card_amount required_product_ids download_id download_activation_type_id
    sample_download_id user_agreement_text recurring_cycle_period_id rental_price_period_id delivery_date_id
    product_availability_range_id warehouse_id backorder_mode_id not_returnable baseprice_unit_id
    baseprice_base_unit_id""",
)
COMBINATION = _without(
    entities.COMBINATION, "allow_out_of_stock_orders notify_admin_for_quantity_below min_stock_quantity"
)
_COUNTRY = _without(entities.COUNTRY, "three_letter_iso_code published display_order limited_to_stores")
_STATE = _without(entities.STATE, "country_id")
_ROLE = _without(entities.CUSTOMER_ROLE, "override_tax_display_type default_tax_display_type_id")
_CURRENCY = _without(entities.CURRENCY, "rounding_type_id")
_LANGUAGE = 1
_TRANSLATED = ("name", "short_description", "full_description")
_NO_LISTS = (
    "role_ids", "discount_ids", "manufacturer_ids", "images", "product_specification_attributes",
    "associated_product_ids", "required_product_ids",
)  # fmt: skip


class Shapes:
    """Makes answers from rows; a product is made once, however many lines name it."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._products: dict[int, Row] = {}

    def order(self, row: Row) -> Row:
        """Return an order with its lines and both addresses."""
        shop = self._shop
        return _picked(row, _ORDER) | {
            "pick_up_in_store": row["pickup_in_store"],
            "reward_points_were_added": None,
            "billing_address": self.address_of(row["billing_address_id"]),
            "shipping_address": self.address_of(row["shipping_address_id"]),
            "order_items": [self.item(item) for item in shop.order_items(row["id"])],
            # A number that the shop's owner made up has no word, so it stays a number.
            "order_status": OrderStatus.shown(row["order_status_id"]),
            "payment_status": PaymentStatus.shown(row["payment_status_id"]),
            "shipping_status": ShippingStatus.shown(row["shipping_status_id"]),
            "customer_tax_display_type": TaxDisplay.shown(row["customer_tax_display_type_id"]),
        }

    def item(self, row: Row) -> Row:
        """Return an order line with its product."""
        return _picked(row, _ITEM) | {
            "isDownload_activated": row["is_download_activated"],
            "product": self.product_of(row["product_id"]),
            "product_attributes": [
                {"id": mapping, "value": value} for mapping, value in choice(row["attributes_xml"])
            ],
        }

    def product_of(self, product_id: int) -> Row:
        """Return a product by its id."""
        if product_id not in self._products:
            row = self._shop.products.get(str(product_id))
            if row is None:
                raise thrown_in_read()
            self._products[product_id] = self.product(row)
        return self._products[product_id]

    def product(self, row: Row) -> Row:
        """Return a product with its variants, tags and stores."""
        extras = self._shop.extras(row["id"])
        combinations = self._shop.combinations.find(product_id=row["id"])
        texts = self._translated(row["id"])
        return _picked(row | texts, PRODUCT) | {name: list[int]() for name in _NO_LISTS} | {
            "show_on_home_page": row["show_on_homepage"],
            "product_type": "SimpleProduct",
            "special_price": None,
            "special_price_start_date_time_utc": None,
            "special_price_end_date_time_utc": None,
            "store_ids": extras["store_ids"],
            "attributes": extras["attributes"],
            "product_attribute_combinations": [_picked(item, COMBINATION) for item in combinations],
            "tags": extras["tags"],
            "se_name": str(row["sku"] or row["id"]).lower(),
        }  # fmt: skip

    def _translated(self, product_id: int) -> Row:
        """Return the texts that replace a product's own: a read is in the language of the plugin's user."""
        rows = self._shop.localized.find(
            locale_key_group="Product", entity_id=product_id, language_id=_LANGUAGE
        )
        columns = {column.replace("_", ""): column for column in _TRANSLATED}
        found = {row["locale_key"].lower(): row["locale_value"] for row in rows}
        return {columns[field]: text for field, text in found.items() if field in columns}

    def address_of(self, address_id: int | None) -> Row | None:
        """Return an address by its id; None when there is none."""
        row = self._shop.addresses.get(str(address_id))
        return None if row is None else address(row)

    def customer(self, row: Row) -> Row:
        """Return a customer with the address book; the roles never come through."""
        return _picked(row, CUSTOMER) | {
            "subscribed_to_newsletter": False,
            "eu_cookie_law_accepted": None,
            "role_ids": [],
            "addresses": [address(item) for item in self._shop.addresses_of(row["id"])],
            "billing_address": self.address_of(row["billing_address_id"]),
            "shipping_address": self.address_of(row["shipping_address_id"]),
        }

    def store(self, row: Row) -> Row:
        """Return a store with its languages and currencies."""
        shop = self._shop
        return row | {
            "secure_url": None,
            "languages": [language(shop, item) for item in shop.languages.values()],
            "currencies": [currency(shop, item) for item in shop.currencies.values()],
        }

    def warehouse(self, row: Row) -> Row:
        """Return a warehouse with its address."""
        return _picked(row, ["id", "name", "admin_comment"]) | {"address": self.address_of(row["address_id"])}


def address(row: Row) -> Row:
    """Return an address: no county, and no names of country and province."""
    return _picked(row, _ADDRESS) | {
        "customer_attributes": row["custom_attributes"],
        "country": None,
        "province": None,
    }


def country(row: Row) -> Row:
    """Return a country; one of its names is spelt unlike all others."""
    return _picked(row, _COUNTRY) | {"ThreeLetterIsoCode": row["three_letter_iso_code"]}


def state(row: Row) -> Row:
    """Return a state or province; it does not say of which country."""
    return _picked(row, _STATE)


def role(row: Row) -> Row:
    """Return a customer role."""
    return _picked(row, _ROLE)


def currency(shop: Shop, row: Row) -> Row:
    """Return a currency, which all stores take."""
    return _picked(row, _CURRENCY) | {"rounding_type": "Rounding001", "store_ids": _all_stores(shop)}


def language(shop: Shop, row: Row) -> Row:
    """Return a language, which all stores speak."""
    return row | {"store_ids": _all_stores(shop)}


def _all_stores(shop: Shop) -> list[int]:
    return [row["id"] for row in shop.stores.values()]


def _picked(row: Row, names: list[str]) -> Row:
    return {name: row[name] for name in names}
