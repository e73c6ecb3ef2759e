"""Bodies of the official dialect by its own description (Web API Backend 1.06): columns by their kind.

A ``?`` marks a kind whose values may be null. A body that replaces a row has all of them.
"""

from __future__ import annotations

from decimal import Decimal

PRODUCT = {
    "int": """
        product_type_id parent_grouped_product_id product_template_id vendor_id approved_rating_sum
        not_approved_rating_sum approved_total_reviews not_approved_total_reviews gift_card_type_id
        download_id max_number_of_downloads download_activation_type_id sample_download_id
        recurring_cycle_length recurring_cycle_period_id recurring_total_cycles rental_price_length
        rental_price_period_id delivery_date_id tax_category_id manage_inventory_method_id
        product_availability_range_id warehouse_id stock_quantity min_stock_quantity
        low_stock_activity_id notify_admin_for_quantity_below backorder_mode_id order_minimum_quantity
        order_maximum_quantity baseprice_unit_id baseprice_base_unit_id display_order id
    """,
    "bool": """
        visible_individually show_on_homepage allow_customer_reviews subject_to_acl limited_to_stores
        is_gift_card require_other_products automatically_add_required_products is_download
        unlimited_downloads has_sample_download has_user_agreement is_recurring is_rental
        is_ship_enabled is_free_shipping ship_separately is_tax_exempt
        is_telecommunications_or_broadcasting_or_electronic_services use_multiple_warehouses
        display_stock_availability display_stock_quantity allow_back_in_stock_subscriptions
        allow_adding_only_existing_attribute_combinations not_returnable disable_buy_button
        disable_wishlist_button available_for_pre_order call_for_price customer_enters_price
        baseprice_enabled mark_as_new has_tier_prices has_discounts_applied published deleted
    """,
    "text?": """
        name short_description full_description admin_comment meta_keywords meta_description meta_title
        sku manufacturer_part_number gtin required_product_ids user_agreement_text allowed_quantities
    """,
    "num?": "overridden_gift_card_amount",
    "int?": "download_expiration_days",
    "num": """
        additional_shipping_charge price old_price product_cost minimum_customer_entered_price
        maximum_customer_entered_price baseprice_amount baseprice_base_amount weight length width height
    """,
    "time?": """
        pre_order_availability_start_date_time_utc mark_as_new_start_date_time_utc
        mark_as_new_end_date_time_utc available_start_date_time_utc available_end_date_time_utc
    """,
    "time": "created_on_utc updated_on_utc",
}
CUSTOMER = {
    "guid": "customer_guid",
    "text?": "username email email_to_revalidate admin_comment system_name last_ip_address",
    "bool": """
        is_tax_exempt has_shopping_cart_items require_re_login active deleted is_system_account
    """,
    "int": "affiliate_id vendor_id failed_login_attempts registered_in_store_id id",
    "time?": "cannot_login_until_date_utc last_login_date_utc",
    "time": "created_on_utc last_activity_date_utc",
    "int?": "billing_address_id shipping_address_id",
}
SHIPMENT = {
    "int": "order_id id",
    "text?": "tracking_number admin_comment",
    "num?": "total_weight",
    "time?": "shipped_date_utc delivery_date_utc",
    "time": "created_on_utc",
}
SHIPMENT_ITEM = {
    "int": "shipment_id order_item_id quantity warehouse_id id",
}
TIER_PRICE = {
    "int": "product_id store_id quantity id",
    "int?": "customer_role_id",
    "num": "price",
    "time?": "start_date_time_utc end_date_time_utc",
}
STOCK_ROW = {
    "int": "product_id warehouse_id stock_quantity reserved_quantity id",
}
VARIANT = {
    "int": """
        product_id stock_quantity notify_admin_for_quantity_below picture_id min_stock_quantity id
    """,
    "text?": "attributes_xml sku manufacturer_part_number gtin",
    "bool": "allow_out_of_stock_orders",
    "num?": "overridden_price",
}

LATER_CUSTOMER = frozenset(
    """
    first_name last_name gender company street_address street_address2 zip_postal_code city county country_id
    state_province_id phone fax vat_number vat_number_status_id time_zone_id custom_customer_attributes_xml
    currency_id language_id tax_display_type_id date_of_birth
    """.split()  # noqa: SIM905 - a list of names
)
"""Columns of a customer since nopCommerce 4.60."""

_TYPES = {"int": int, "num": (int, Decimal), "bool": bool, "text": str, "time": str, "guid": str}


def misfits(body, columns, *, whole, beyond=frozenset()):
    """Name what of a body does not fit its description, and what it lacks if it must be whole."""
    kinds = {name: kind for kind, names in columns.items() for name in names.split()}
    wrong = {
        name: value
        for name, value in body.items()
        if name not in beyond and not (name in kinds and _fits(value, kinds[name]))
    }
    lacking = kinds.keys() - body.keys() if whole else set()
    return wrong, lacking


def _fits(value, kind):
    if value is None:
        return kind.endswith("?")
    types = _TYPES[kind.rstrip("?")]
    return isinstance(value, types) and (types is bool or not isinstance(value, bool))
