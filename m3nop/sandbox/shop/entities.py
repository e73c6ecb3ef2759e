"""The shop's rows: field names and types of nopCommerce's entities (Web API 1.06 OpenAPI, nopCommerce 4.80).

Every row is kept in the official dialect's form. Money is ``Decimal`` with the four decimals of its SQL
column, times are naive UTC text as .NET writes them, texts may be null.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from m3nop.sandbox.shop.moments import BEGINNING, normalised

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from m3nop.core.json import Json

Row = dict[str, Any]

_CENT_OF_CENT = Decimal("0.0001")
_NO_GUID = "00000000-0000-0000-0000-000000000000"


class Kind(StrEnum):
    """The type of a column; a trailing ``?`` marks one that may be null."""

    INT = "int"
    INT_OR_NULL = "int?"
    MONEY = "money"
    MONEY_OR_NULL = "money?"
    BOOL = "bool"
    TEXT = "text"
    GUID = "guid"
    TIME = "time"
    TIME_OR_NULL = "time?"


_BLANKS: Mapping[Kind, Any] = {
    Kind.INT: 0,
    Kind.MONEY: Decimal("0.0000"),
    Kind.BOOL: False,
    Kind.GUID: _NO_GUID,
    Kind.TIME: BEGINNING,
}


def money(value: Decimal | int | str) -> Decimal:
    """Return an amount with the four decimals of the shop's money columns."""
    return Decimal(value).quantize(_CENT_OF_CENT)


class Entity(Struct, frozen=True):
    """A table's columns and the name that its messages use."""

    name: str
    columns: Mapping[str, Kind]

    def blank(self) -> Row:
        """Return a row of type defaults: what a column gets that a full write leaves out."""
        return {column: _BLANKS.get(kind) for column, kind in self.columns.items()}

    def row(self, **values: Json) -> Row:
        """Return a row with these values and defaults elsewhere.

        Raises:
            KeyError: a name is not a column.
            ValueError: a value does not fit its column.
        """
        row = self.blank()
        for column, value in values.items():
            try:
                row[column] = _stored(self.columns[column], value)
            except ValueError as error:
                msg = f"{column}: {error}"
                raise ValueError(msg) from None
        return row

    def read(self, body: Mapping[str, Any]) -> tuple[Row, dict[str, list[str]]]:
        """Return what ``body`` sends for known columns, and what is wrong with it, by column."""
        values: Row = {}
        errors: dict[str, list[str]] = {}
        for column, kind in self.columns.items():
            if column not in body:
                continue
            try:
                values[column] = _stored(kind, body[column])
            except ValueError:
                errors[f"$.{column}"] = ["The JSON value could not be converted."]
        return values, errors


def _stored(kind: Kind, value: Json) -> Json:
    if value is None:
        if kind in _BLANKS:
            msg = "the column cannot be null"
            raise ValueError(msg)
        return None
    types, convert = _STORED[kind.value.rstrip("?")]
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        msg = f"{value!r} does not fit the column"
        raise ValueError(msg)
    return convert(value)


def _same(value: Json) -> Json:
    return value


_STORED: dict[str, tuple[tuple[type, ...], Callable[[Any], Any]]] = {
    "int": ((int,), _same),
    "money": ((int, Decimal), money),
    "bool": ((bool,), _same),
    "text": ((str,), _same),
    "guid": ((str,), _same),
    "time": ((str,), normalised),
}


def _entity(name: str, **columns: str) -> Entity:
    kinds = {
        "ints": Kind.INT,
        "ints_or_null": Kind.INT_OR_NULL,
        "money": Kind.MONEY,
        "money_or_null": Kind.MONEY_OR_NULL,
        "bools": Kind.BOOL,
        "texts": Kind.TEXT,
        "guids": Kind.GUID,
        "times": Kind.TIME,
        "times_or_null": Kind.TIME_OR_NULL,
    }
    table = {"id": Kind.INT}
    for group, names in columns.items():
        table.update(dict.fromkeys(names.split(), kinds[group]))
    return Entity(name, table)


ORDER = _entity(
    "Order",
    ints="""store_id customer_id billing_address_id order_status_id shipping_status_id payment_status_id
        customer_tax_display_type_id customer_language_id affiliate_id""",
    ints_or_null="""shipping_address_id pickup_address_id reward_points_history_entry_id
        redeemed_reward_points_entry_id""",
    money="""currency_rate order_subtotal_incl_tax order_subtotal_excl_tax order_sub_total_discount_incl_tax
        order_sub_total_discount_excl_tax order_shipping_incl_tax order_shipping_excl_tax
        payment_method_additional_fee_incl_tax payment_method_additional_fee_excl_tax order_tax order_discount
        order_total refunded_amount""",
    bools="pickup_in_store allow_storing_credit_card_number deleted",
    guids="order_guid",
    times="created_on_utc",
    times_or_null="paid_date_utc",
    texts="""payment_method_system_name customer_currency_code vat_number tax_rates
        checkout_attribute_description checkout_attributes_xml customer_ip card_type card_name card_number
        masked_credit_card_number card_cvv2 card_expiration_month card_expiration_year
        authorization_transaction_id authorization_transaction_code authorization_transaction_result
        capture_transaction_id capture_transaction_result subscription_transaction_id shipping_method
        shipping_rate_computation_method_system_name custom_values_xml custom_order_number""",
)
ORDER_ITEM = _entity(
    "OrderItem",
    ints="order_id product_id quantity download_count",
    ints_or_null="license_download_id",
    money="""unit_price_incl_tax unit_price_excl_tax price_incl_tax price_excl_tax discount_amount_incl_tax
        discount_amount_excl_tax original_product_cost""",
    money_or_null="item_weight",
    bools="is_download_activated",
    guids="order_item_guid",
    times_or_null="rental_start_date_utc rental_end_date_utc",
    texts="attribute_description attributes_xml",
)
ORDER_NOTE = _entity(
    "OrderNote",
    ints="order_id download_id",
    bools="display_to_customer",
    times="created_on_utc",
    texts="note",
)
ADDRESS = _entity(
    "Address",
    ints_or_null="country_id state_province_id",
    times="created_on_utc",
    texts="""first_name last_name email company county city address1 address2 zip_postal_code phone_number
        fax_number custom_attributes""",
)
# Names, phone, company and VAT number are columns since nopCommerce 4.60; version 1.06 of the API lacks them.
CUSTOMER = _entity(
    "Customer",
    ints="""affiliate_id vendor_id failed_login_attempts registered_in_store_id country_id state_province_id
        vat_number_status_id""",
    ints_or_null="billing_address_id shipping_address_id currency_id language_id tax_display_type_id",
    bools="is_tax_exempt has_shopping_cart_items require_re_login active deleted is_system_account",
    guids="customer_guid",
    times="created_on_utc last_activity_date_utc",
    times_or_null="cannot_login_until_date_utc last_login_date_utc date_of_birth",
    texts="""username email email_to_revalidate admin_comment system_name last_ip_address first_name last_name
        gender company street_address street_address2 zip_postal_code city county phone fax vat_number
        time_zone_id custom_customer_attributes_xml""",
)
CUSTOMER_ROLE = _entity(
    "CustomerRole",
    ints="default_tax_display_type_id purchased_with_product_id",
    bools="free_shipping tax_exempt active is_system_role enable_password_lifetime override_tax_display_type",
    texts="name system_name",
)
PRODUCT = _entity(
    "Product",
    ints="""product_type_id parent_grouped_product_id product_template_id vendor_id approved_rating_sum
        not_approved_rating_sum approved_total_reviews not_approved_total_reviews gift_card_type_id
        download_id max_number_of_downloads download_activation_type_id sample_download_id
        recurring_cycle_length recurring_cycle_period_id recurring_total_cycles rental_price_length
        rental_price_period_id delivery_date_id tax_category_id manage_inventory_method_id
        product_availability_range_id warehouse_id stock_quantity min_stock_quantity low_stock_activity_id
        notify_admin_for_quantity_below backorder_mode_id order_minimum_quantity order_maximum_quantity
        baseprice_unit_id baseprice_base_unit_id display_order""",
    ints_or_null="download_expiration_days",
    money="""additional_shipping_charge price old_price product_cost minimum_customer_entered_price
        maximum_customer_entered_price baseprice_amount baseprice_base_amount weight length width height""",
    money_or_null="overridden_gift_card_amount",
    bools="""visible_individually show_on_homepage allow_customer_reviews subject_to_acl limited_to_stores
        is_gift_card require_other_products automatically_add_required_products is_download
        unlimited_downloads has_sample_download has_user_agreement is_recurring is_rental is_ship_enabled
        is_free_shipping ship_separately is_tax_exempt
        is_telecommunications_or_broadcasting_or_electronic_services use_multiple_warehouses
        display_stock_availability display_stock_quantity allow_back_in_stock_subscriptions
        allow_adding_only_existing_attribute_combinations not_returnable disable_buy_button
        disable_wishlist_button available_for_pre_order call_for_price customer_enters_price baseprice_enabled
        mark_as_new has_tier_prices has_discounts_applied published deleted""",
    times="created_on_utc updated_on_utc",
    times_or_null="""pre_order_availability_start_date_time_utc mark_as_new_start_date_time_utc
        mark_as_new_end_date_time_utc available_start_date_time_utc available_end_date_time_utc""",
    texts="""name short_description full_description admin_comment meta_keywords meta_description meta_title
        sku manufacturer_part_number gtin required_product_ids user_agreement_text allowed_quantities""",
)
COMBINATION = _entity(
    "ProductAttributeCombination",
    ints="product_id stock_quantity notify_admin_for_quantity_below picture_id min_stock_quantity",
    money_or_null="overridden_price",
    bools="allow_out_of_stock_orders",
    texts="attributes_xml sku manufacturer_part_number gtin",
)
INVENTORY = _entity(
    "ProductWarehouseInventory", ints="product_id warehouse_id stock_quantity reserved_quantity"
)
COUNTRY = _entity(
    "Country",
    ints="numeric_iso_code display_order",
    bools="allows_billing allows_shipping subject_to_vat published limited_to_stores",
    texts="name two_letter_iso_code three_letter_iso_code",
)
STATE = _entity(
    "StateProvince", ints="country_id display_order", bools="published", texts="name abbreviation"
)
STORE = _entity(
    "Store",
    ints="default_language_id display_order",
    bools="ssl_enabled",
    texts="name url hosts company_name company_address company_phone_number company_vat",
)
WAREHOUSE = _entity("Warehouse", ints="address_id", texts="name admin_comment")
CURRENCY = _entity(
    "Currency",
    ints="display_order rounding_type_id",
    money="rate",
    bools="limited_to_stores published",
    times="created_on_utc updated_on_utc",
    texts="name currency_code display_locale custom_formatting",
)
TAX_CATEGORY = _entity("TaxCategory", ints="display_order", texts="name")
DISCOUNT = _entity(
    "Discount",
    ints="discount_type_id discount_limitation_id limitation_times",
    ints_or_null="maximum_discounted_quantity",
    money="discount_percentage discount_amount",
    money_or_null="maximum_discount_amount",
    bools="use_percentage requires_coupon_code is_cumulative applied_to_sub_categories",
    times_or_null="start_date_utc end_date_utc",
    texts="name admin_comment coupon_code",
)
DISCOUNT_USAGE = _entity("DiscountUsageHistory", ints="discount_id order_id", times="created_on_utc")
ATTRIBUTE = _entity(
    "GenericAttribute",
    ints="entity_id store_id",
    times_or_null="created_or_updated_date_utc",
    texts="key_group key value",
)
LANGUAGE = _entity(
    "Language",
    ints="default_currency_id display_order",
    bools="rtl limited_to_stores published",
    texts="name language_culture unique_seo_code flag_image_file_name",
)
SHIPMENT = _entity(
    "Shipment",
    ints="order_id",
    money_or_null="total_weight",
    times="created_on_utc",
    times_or_null="shipped_date_utc delivery_date_utc",
    texts="tracking_number admin_comment",
)
SHIPMENT_ITEM = _entity("ShipmentItem", ints="shipment_id order_item_id quantity warehouse_id")
STOCK_HISTORY = _entity(
    "StockQuantityHistory",
    ints="quantity_adjustment stock_quantity product_id",
    ints_or_null="combination_id warehouse_id",
    times="created_on_utc",
    texts="message",
)
TIER_PRICE = _entity(
    "TierPrice",
    ints="product_id store_id quantity",
    ints_or_null="customer_role_id",
    money="price",
    times_or_null="start_date_time_utc end_date_time_utc",
)
LOCALIZED = _entity(
    "LocalizedProperty", ints="entity_id language_id", texts="locale_key_group locale_key locale_value"
)
