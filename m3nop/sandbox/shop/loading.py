"""Many orders at once, for load tests."""

from __future__ import annotations

import random
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING

from m3nop.core.clock import HOUR, SECOND
from m3nop.sandbox import catalogue
from m3nop.sandbox.shop import entities, pricing
from m3nop.sandbox.shop.entities import money
from m3nop.sandbox.shop.moments import shop_time
from m3nop.sandbox.shop.statuses import OrderStatus, PaymentStatus, ShippingStatus

if TYPE_CHECKING:
    from m3nop.sandbox.shop.entities import Row
    from m3nop.sandbox.shop.tables import Shop

_RATE = Decimal(25)
_ALIASES = frozenset(item.sku for item in catalogue.ITEMS if item.number)


def load(shop: Shop, *, orders: int, customers: int) -> None:
    """Write customers, and orders ten seconds apart of which the last is an hour old.

    Without new customers the orders are those of the first store's.
    """
    chance = random.Random(f"load {shop.world.seed}")  # noqa: S311 -- sample data
    people = [_customer(shop, number) for number in range(customers)] or shop.customers.select(
        ("registered_in_store_id", "=", 1), ("billing_address_id", ">", 0), order=("id",)
    )
    goods = [product for product in shop.products.values() if product["sku"] in _sold()]
    first = shop.world.clock.now() - HOUR - orders * 10 * SECOND
    for number in range(orders):
        created = shop_time(first + number * 10 * SECOND, digit=number % 10)
        chosen = chance.sample(goods, k=chance.choice((1, 2, 3, 3, 4, 5)))
        lines = [_line(product, chance.randint(1, 6)) for product in chosen]
        _order(shop, chance.choice(people), lines, created=created)


def _sold() -> frozenset[str]:
    return frozenset(item.sku for item in catalogue.ITEMS) - _ALIASES


def _customer(shop: Shop, number: int) -> Row:
    sweden = next(row["id"] for row in shop.countries.values() if row["two_letter_iso_code"] == "SE")
    created = "2026-01-02T03:04:05"
    email = f"load{number}@example.com"
    name = {"first_name": f"Nr {number}", "last_name": "Lastprov"}
    address = entities.ADDRESS.row(
        **name, email=email, address1=f"Provgatan {number}", city="Malmö", zip_postal_code="211 20",
        country_id=sweden, created_on_utc=created,
    )  # fmt: skip
    stored = shop.insert(entities.ADDRESS, shop.addresses, address)
    row = entities.CUSTOMER.row(
        **name, email=email, username=email, customer_guid=str(_guid(f"customer {number}")), active=True,
        registered_in_store_id=1, created_on_utc=created, last_activity_date_utc=created,
        billing_address_id=stored["id"], shipping_address_id=stored["id"],
    )  # fmt: skip
    customer = shop.insert(entities.CUSTOMER, shop.customers, row)
    shop.link_address(customer["id"], stored["id"])
    role = next(row for row in shop.roles.values() if row["system_name"] == "Registered")
    shop.give_role(customer["id"], role["id"])
    return customer


def _order(shop: Shop, customer: Row, lines: list[Row], *, created: str) -> None:
    number = shop.draw(entities.ORDER)
    # The address book's rows stand in for the snapshots that a checkout would take: it halves the time.
    order = entities.ORDER.blank() | {
        "id": number,
        "order_guid": str(_guid(f"order {number}")),
        "custom_order_number": str(number),
        "store_id": 1,
        "customer_id": customer["id"],
        "billing_address_id": customer["billing_address_id"],
        "shipping_address_id": customer["shipping_address_id"],
        "order_status_id": int(OrderStatus.PROCESSING),
        "payment_status_id": int(PaymentStatus.PAID),
        "shipping_status_id": int(ShippingStatus.NOT_YET_SHIPPED),
        "payment_method_system_name": "Payments.PayPalCommerce",
        "customer_currency_code": "EUR",
        "currency_rate": money(1),
        "customer_language_id": 1,
        "shipping_method": "Ground",
        "checkout_attribute_description": "",
        "paid_date_utc": created,
        "created_on_utc": created,
        **pricing.totals(lines, pricing.Charges(rate=_RATE, shipping=Decimal("9.90"))),
    }
    shop.orders[str(number)] = order
    for line in lines:
        item = entities.ORDER_ITEM.blank() | line | {"id": shop.draw(entities.ORDER_ITEM), "order_id": number}
        item["order_item_guid"] = str(_guid(f"item {item['id']}"))
        shop.items[str(item["id"])] = item


def _line(product: Row, quantity: int) -> Row:
    price = product["price"]
    return {
        "product_id": product["id"],
        "quantity": quantity,
        "attribute_description": "",
        "original_product_cost": product["product_cost"],
        "item_weight": product["weight"],
        **pricing.line(unit=price, list_price=price, quantity=quantity, rate=_RATE),
    }


def _guid(text: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_OID, f"load {text}")
