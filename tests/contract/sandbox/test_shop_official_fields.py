"""The rows of the official dialect have the declared fields, of the declared types."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.contract.sandbox.shops import Backend, served


@pytest.fixture(scope="module")
def seeded():
    with served(Backend) as client:
        yield client


# -- fields, as nopCommerce Web API Backend 1.06 declares them

ORDER_FIELDS = {
    int: """id store_id customer_id billing_address_id order_status_id shipping_status_id payment_status_id
        customer_tax_display_type_id customer_language_id affiliate_id shipping_address_id pickup_address_id
        reward_points_history_entry_id redeemed_reward_points_entry_id""",
    bool: "pickup_in_store allow_storing_credit_card_number deleted",
    Decimal: """currency_rate order_subtotal_incl_tax order_subtotal_excl_tax order_sub_total_discount_incl_tax
        order_sub_total_discount_excl_tax order_shipping_incl_tax order_shipping_excl_tax
        payment_method_additional_fee_incl_tax payment_method_additional_fee_excl_tax order_tax order_discount
        order_total refunded_amount""",
    str: """order_guid payment_method_system_name customer_currency_code vat_number tax_rates
        checkout_attribute_description checkout_attributes_xml customer_ip card_type card_name card_number
        masked_credit_card_number card_cvv2 card_expiration_month card_expiration_year authorization_transaction_id
        authorization_transaction_code authorization_transaction_result capture_transaction_id
        capture_transaction_result subscription_transaction_id paid_date_utc shipping_method
        shipping_rate_computation_method_system_name custom_values_xml created_on_utc custom_order_number""",
}
ORDER_ITEM_FIELDS = {
    int: "id order_id product_id quantity download_count license_download_id",
    bool: "is_download_activated",
    Decimal: """unit_price_incl_tax unit_price_excl_tax price_incl_tax price_excl_tax discount_amount_incl_tax
        discount_amount_excl_tax original_product_cost item_weight""",
    str: "order_item_guid attribute_description attributes_xml rental_start_date_utc rental_end_date_utc",
}
ADDRESS_FIELDS = {
    int: "id country_id state_province_id",
    str: """first_name last_name email company county city address1 address2 zip_postal_code phone_number fax_number
        custom_attributes created_on_utc""",
}
COUNTRY_FIELDS = {
    int: "id numeric_iso_code display_order",
    bool: "allows_billing allows_shipping subject_to_vat published limited_to_stores",
    str: "name two_letter_iso_code three_letter_iso_code",
}
CUSTOMER_FIELDS = {
    int: """id affiliate_id vendor_id failed_login_attempts registered_in_store_id billing_address_id
        shipping_address_id""",
    bool: "is_tax_exempt has_shopping_cart_items require_re_login active deleted is_system_account",
    str: """customer_guid username email email_to_revalidate admin_comment cannot_login_until_date_utc system_name
        last_ip_address created_on_utc last_login_date_utc last_activity_date_utc""",
}
PRODUCT_FIELDS = {
    int: """product_type_id parent_grouped_product_id product_template_id vendor_id approved_rating_sum
        not_approved_rating_sum approved_total_reviews not_approved_total_reviews gift_card_type_id
        download_id max_number_of_downloads download_expiration_days download_activation_type_id
        sample_download_id recurring_cycle_length recurring_cycle_period_id recurring_total_cycles
        rental_price_length rental_price_period_id delivery_date_id tax_category_id
        manage_inventory_method_id product_availability_range_id warehouse_id stock_quantity
        min_stock_quantity low_stock_activity_id notify_admin_for_quantity_below backorder_mode_id
        order_minimum_quantity order_maximum_quantity baseprice_unit_id baseprice_base_unit_id
        display_order id""",
    bool: """visible_individually show_on_homepage allow_customer_reviews subject_to_acl limited_to_stores
        is_gift_card require_other_products automatically_add_required_products is_download
        unlimited_downloads has_sample_download has_user_agreement is_recurring is_rental is_ship_enabled
        is_free_shipping ship_separately is_tax_exempt
        is_telecommunications_or_broadcasting_or_electronic_services use_multiple_warehouses
        display_stock_availability display_stock_quantity allow_back_in_stock_subscriptions
        allow_adding_only_existing_attribute_combinations not_returnable disable_buy_button
        disable_wishlist_button available_for_pre_order call_for_price customer_enters_price
        baseprice_enabled mark_as_new has_tier_prices has_discounts_applied published deleted""",
    Decimal: """overridden_gift_card_amount additional_shipping_charge price old_price product_cost
        minimum_customer_entered_price maximum_customer_entered_price baseprice_amount
        baseprice_base_amount weight length width height""",
    str: """name short_description full_description admin_comment meta_keywords meta_description meta_title
        sku manufacturer_part_number gtin required_product_ids user_agreement_text allowed_quantities
        pre_order_availability_start_date_time_utc mark_as_new_start_date_time_utc
        mark_as_new_end_date_time_utc available_start_date_time_utc available_end_date_time_utc
        created_on_utc updated_on_utc""",
}
COMBINATION_FIELDS = {
    int: """product_id stock_quantity notify_admin_for_quantity_below picture_id min_stock_quantity id""",
    bool: "allow_out_of_stock_orders",
    Decimal: "overridden_price",
    str: "attributes_xml sku manufacturer_part_number gtin",
}
INVENTORY_FIELDS = {
    int: "product_id warehouse_id stock_quantity reserved_quantity id",
}
HISTORY_FIELDS = {
    int: "quantity_adjustment stock_quantity product_id combination_id warehouse_id id",
    str: "message created_on_utc",
}
TIER_PRICE_FIELDS = {
    int: "product_id store_id customer_role_id quantity id",
    Decimal: "price",
    str: "start_date_time_utc end_date_time_utc",
}
SHIPMENT_FIELDS = {
    int: "order_id id",
    Decimal: "total_weight",
    str: "tracking_number shipped_date_utc delivery_date_utc admin_comment created_on_utc",
}
SHIPMENT_ITEM_FIELDS = {
    int: "shipment_id order_item_id quantity warehouse_id id",
}
WAREHOUSE_FIELDS = {
    int: "address_id id",
    str: "name admin_comment",
}
NEVER_NULL = {
    "id",
    "created_on_utc",
    "order_guid",
    "order_item_guid",
    "customer_guid",
    "last_activity_date_utc",
}


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("Order/GetById/1012", ORDER_FIELDS),
        ("OrderItem/GetById/2003", ORDER_ITEM_FIELDS),
        ("Address/GetById/11", ADDRESS_FIELDS),
        ("Country/GetById/1", COUNTRY_FIELDS),
        ("Product/GetById/1", PRODUCT_FIELDS),
        ("ProductAttributeCombination/GetById/1", COMBINATION_FIELDS),
        ("ProductWarehouse/GetById/1", INVENTORY_FIELDS),
        ("TierPrices/GetById/1", TIER_PRICE_FIELDS),
        ("Warehouse/GetById/1", WAREHOUSE_FIELDS),
    ],
)
def test_a_row_has_exactly_the_declared_fields_of_the_declared_types(seeded, path, fields):
    row = seeded.get(path)

    assert set(row) == {name for names in fields.values() for name in names.split()}
    assert_types(row, fields)


def test_a_customer_has_the_declared_fields_and_those_that_came_with_version_4_60(seeded):
    row = seeded.get("Customer/GetById/11")

    assert_types(row, CUSTOMER_FIELDS)
    assert {"first_name", "last_name", "company", "phone", "vat_number"} <= set(row)
    assert row["vat_number"] == "DE123456789"


def test_what_lists_hold_has_the_declared_fields(seeded):
    history = seeded.get("Product/GetStockQuantityHistory/1")["items"]
    shipment = seeded.create(
        "Shipment", order_id=1001, total_weight=2.5, created_on_utc="2026-11-23T09:00:00Z"
    )
    seeded.create("ShipmentItem", shipment_id=shipment["id"], order_item_id=2001, quantity=1, warehouse_id=1)

    for path, rows, fields in (
        ("history", history, HISTORY_FIELDS),
        ("shipments", seeded.get("Shipment/GetAll")["items"], SHIPMENT_FIELDS),
        ("items", seeded.get(f"ShipmentItem/GetByShipmentId/{shipment['id']}"), SHIPMENT_ITEM_FIELDS),
    ):
        assert rows, path
        for row in rows:
            assert set(row) == {name for names in fields.values() for name in names.split()}
            assert_types(row, fields)


def assert_types(row: dict, fields: dict[type, str]) -> None:
    for kind, names in fields.items():
        for name in names.split():
            value = row[name]
            assert type(value) is kind or (value is None and name not in NEVER_NULL), name
