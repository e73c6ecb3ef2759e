"""Names of the record shape: which fields there are, which are money, immutable, sensitive."""

from __future__ import annotations

from m3nop.core.connector import FieldInfo


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


MONEY = frozenset(
    _names(
        """
    currency_rate order_tax order_discount order_total refunded_amount original_product_cost
    item_weight price old_price product_cost weight length width height additional_shipping_charge
    minimum_customer_entered_price maximum_customer_entered_price baseprice_amount baseprice_base_amount
    overridden_gift_card_amount overridden_price total_weight
    """
    )
)
"""Numbers that are Decimal even where the API sends a whole one, besides ``*_incl_tax``, ``*_excl_tax``."""

SENSITIVE = frozenset(
    _names(
        """
    custom_values_xml authorization_transaction_id authorization_transaction_code
    authorization_transaction_result capture_transaction_id capture_transaction_result
    subscription_transaction_id customer_ip last_ip_address
    """
    )
)
"""Kept only where a mapping names them."""

NEVER_KEPT = frozenset(
    _names(
        """
    password password_hash password_salt last_activity_date_utc last_login_date_utc has_shopping_cart_items
    failed_login_attempts cannot_login_until_date_utc require_re_login
    """
    )
)
"""Credentials, and what a mere visit changes: every record would look changed all the time."""

ADDRESS_FIELDS = _names(
    """
    id first_name last_name company email address1 address2 city county zip_postal_code country_id
    country_code country_name state_province_id state_code state_name phone_number fax_number
    custom_attributes created_on_utc
    """
)
ITEM_FIELDS = _names(
    """
    id position product_id sku name quantity unit_price_incl_tax unit_price_excl_tax price_incl_tax
    price_excl_tax discount_amount_incl_tax discount_amount_excl_tax original_product_cost
    attribute_description attribute_text attributes_xml item_weight rental_start_date_utc
    rental_end_date_utc
    """
)
CUSTOMER_FIELDS = _names(
    """
    id store_id customer_guid username email is_guest roles first_name last_name company phone
    vat_number active is_tax_exempt is_system_account language_id currency_id registered_in_store_id
    billing_address_id shipping_address_id created_on_utc
    """
)
ORDER_FIELDS = _names(
    """
    id store_id customer_id order_guid custom_order_number created_on_utc paid_date_utc order_status
    payment_status shipping_status payment_method payment_method_system_name customer_currency_code
    currency_rate customer_tax_display_type vat_number order_subtotal_incl_tax
    order_subtotal_excl_tax order_sub_total_discount_incl_tax order_sub_total_discount_excl_tax
    order_shipping_incl_tax order_shipping_excl_tax payment_method_additional_fee_incl_tax
    payment_method_additional_fee_excl_tax tax_rates taxes order_tax order_discount order_total
    refunded_amount shipping_method shipping_rate_computation_method_system_name pickup_in_store
    checkout_attribute_description checkout_attribute_text checkout_attributes_xml
    customer_language_id affiliate_id billing_address_id shipping_address_id pickup_address_id
    """
)
PRODUCT_FIELDS = _names(
    """
    id name sku gtin manufacturer_part_number short_description full_description product_type
    parent_grouped_product_id visible_individually published price old_price product_cost call_for_price
    weight length width height is_ship_enabled is_free_shipping is_tax_exempt tax_category_id vendor_id
    manage_inventory_method use_multiple_warehouses warehouse_id stock_quantity min_stock_quantity
    low_stock_activity backorder_mode notify_admin_for_quantity_below order_minimum_quantity
    order_maximum_quantity allowed_quantities display_order meta_title meta_keywords meta_description
    show_on_homepage disable_buy_button disable_wishlist_button available_for_pre_order
    available_start_date_time_utc available_end_date_time_utc created_on_utc updated_on_utc
    """
)
VARIANT_FIELDS = _names("id sku gtin manufacturer_part_number attributes_xml stock_quantity overridden_price")
STOCK_ROW_FIELDS = _names("warehouse_id stock_quantity reserved_quantity")
OSS_PRODUCT_LACKS = frozenset({"product_type", "backorder_mode", "warehouse_id"})

ADDRESSES = ("billing_address", "shipping_address", "pickup_address")
ORDER_IDENTITY = frozenset(
    {"id", "store_id", "customer_id", "order_guid", "custom_order_number", "created_on_utc"}
)
CUSTOMER_IDENTITY = frozenset({"id", "store_id", "customer_guid", "created_on_utc"})

PRODUCT_IDENTITY = frozenset({"id", "created_on_utc"})


def order_paths() -> frozenset[str]:
    """Return the dotted paths of an order."""
    return frozenset(
        {
            *ORDER_FIELDS,
            *SENSITIVE - {"last_ip_address"},
            "coupon_codes",
            "taxes.rate",
            "taxes.amount",
            *_under("items", ITEM_FIELDS),
            *(path for name in ADDRESSES for path in _under(name, ADDRESS_FIELDS)),
            *_under("customer", customer_paths()),
        }
    )


def customer_paths() -> frozenset[str]:
    """Return the dotted paths of a customer."""
    return frozenset(
        {
            *CUSTOMER_FIELDS,
            "last_ip_address",
            *_under("billing_address", ADDRESS_FIELDS),
            *_under("shipping_address", ADDRESS_FIELDS),
        }
    )


def product_paths() -> frozenset[str]:
    """Return the dotted paths of a product."""
    return frozenset(
        {
            *PRODUCT_FIELDS,
            *_under("variants", VARIANT_FIELDS),
            *_under("warehouses", STOCK_ROW_FIELDS),
        }
    )


def _under(name: str, fields: tuple[str, ...] | frozenset[str]) -> set[str]:
    return {name, *(f"{name}.{field}" for field in fields)}


TYPED_BY_PEOPLE = frozenset(
    _names(
        """
    first_name last_name company address1 address2 city county country_name state_name name custom_attributes
    attribute_description attribute_text checkout_attribute_description checkout_attribute_text
    """
    )
)
"""Texts that can be cut and still be understood; codes such as a postal code or a SKU are none."""

_WORDS = frozenset(
    _names("order_status payment_status shipping_status payment_method payment_method_system_name")
)
_FLAGS = frozenset(
    _names("is_guest active is_tax_exempt is_system_account pickup_in_store display_to_customer")
)
_NUMBERS = MONEY | frozenset(_names("position quantity"))
_LENGTHS = {"country_code": 2, "customer_currency_code": 3, "order_guid": 36, "customer_guid": 36}
_ID_DIGITS = 9
"""Ids are 32-bit numbers, and no shop comes near their end."""


def types(paths: frozenset[str]) -> dict[str, FieldInfo]:
    """Tell what is known of the values at these paths; see ``Resource.types``."""
    known = {path: _type(path, path.rpartition(".")[2]) for path in paths}
    return {path: info for path, info in known.items() if info is not None}


def _type(path: str, name: str) -> FieldInfo | None:
    if name == "id" or name.endswith("_id"):
        return FieldInfo(path, type="N", length=_ID_DIGITS)
    if name.endswith("_utc"):
        return FieldInfo(path, type="instant")
    if name in _NUMBERS or name.endswith(("_incl_tax", "_excl_tax")):
        return FieldInfo(path, type="N")
    for kind, names in (("free", TYPED_BY_PEOPLE), ("word", _WORDS), ("bool", _FLAGS)):
        if name in names:
            return FieldInfo(path, type=kind)
    return FieldInfo(path, type="A", length=_LENGTHS[name]) if name in _LENGTHS else None
