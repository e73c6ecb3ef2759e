"""A product as the shop's own form begins one: a row that the API inserts has no defaults of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce.positions import utc_text

if TYPE_CHECKING:
    from m3nop.connectors.nopcommerce.records import Record
    from m3nop.core.clock import Instant


def _names(text: str) -> list[str]:
    return text.split()


_TEXTS = _names(
    """
    name short_description full_description admin_comment meta_keywords meta_description meta_title sku
    manufacturer_part_number gtin required_product_ids user_agreement_text allowed_quantities
    """
)
_NOTHING = _names(
    """
    overridden_gift_card_amount download_expiration_days pre_order_availability_start_date_time_utc
    mark_as_new_start_date_time_utc mark_as_new_end_date_time_utc available_start_date_time_utc
    available_end_date_time_utc
    """
)
_ZERO = _names(
    """
    parent_grouped_product_id vendor_id approved_rating_sum not_approved_rating_sum approved_total_reviews
    not_approved_total_reviews gift_card_type_id download_id download_activation_type_id sample_download_id
    recurring_cycle_period_id rental_price_period_id delivery_date_id tax_category_id
    manage_inventory_method_id product_availability_range_id warehouse_id stock_quantity min_stock_quantity
    low_stock_activity_id backorder_mode_id baseprice_unit_id baseprice_base_unit_id display_order
    additional_shipping_charge price old_price product_cost minimum_customer_entered_price baseprice_amount
    baseprice_base_amount weight length width height
    """
)
_NO = _names(
    """
    show_on_homepage subject_to_acl limited_to_stores is_gift_card require_other_products
    automatically_add_required_products is_download has_sample_download has_user_agreement is_recurring
    is_rental is_free_shipping ship_separately is_tax_exempt
    is_telecommunications_or_broadcasting_or_electronic_services use_multiple_warehouses
    display_stock_availability display_stock_quantity allow_back_in_stock_subscriptions
    allow_adding_only_existing_attribute_combinations not_returnable disable_buy_button
    disable_wishlist_button available_for_pre_order call_for_price customer_enters_price baseprice_enabled
    mark_as_new has_tier_prices has_discounts_applied published deleted
    """
)
_OWN = {
    "product_type_id": 5,
    "product_template_id": 1,
    "visible_individually": True,
    "allow_customer_reviews": True,
    "is_ship_enabled": True,
    "unlimited_downloads": True,
    "max_number_of_downloads": 10,
    "recurring_cycle_length": 100,
    "recurring_total_cycles": 10,
    "rental_price_length": 1,
    "maximum_customer_entered_price": 1000,
    "notify_admin_for_quantity_below": 1,
    "order_minimum_quantity": 1,
    "order_maximum_quantity": 10000,
}
"""A simple product in the first template, shown, shipped, and ordered by the piece."""


def new_product(now: Instant) -> Record:
    """Return all columns of a product that is not published and has no name yet."""
    return {
        **dict.fromkeys([*_TEXTS, *_NOTHING]),
        **dict.fromkeys(_ZERO, 0),
        **dict.fromkeys(_NO, False),
        **_OWN,
        "created_on_utc": utc_text(now),
        "updated_on_utc": utc_text(now),
    }
