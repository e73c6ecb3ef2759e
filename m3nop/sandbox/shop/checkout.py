"""Orders as a customer places them: the head first, its lines in a transaction of their own.

The shop inserts the order row before the lines, so whoever reads in between sees an order without lines.
``delay`` makes that moment as long as a test needs it.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from m3nop.sandbox.catalogue import COUNTRIES
from m3nop.sandbox.shop import entities, pricing, processing
from m3nop.sandbox.shop.entities import money
from m3nop.sandbox.shop.moments import normalised
from m3nop.sandbox.shop.statuses import DiscountType, Inventory, OrderStatus, PaymentStatus, ShippingStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.json import Json
    from m3nop.sandbox.shop.entities import Row
    from m3nop.sandbox.shop.tables import Shop
    from m3nop.sandbox.world import World

LINES = "shop.order_lines"
"""The kind of the late effect that completes an order."""

CARD_CANARY = "4111111111111111"
"""A card number in clear on orders paid by ``Payments.Manual``: it must never be seen outside the shop."""

_KNOWN = frozenset(
    {
        "billing_address", "checkout_attributes", "coupon", "created", "currency", "customer_id", "delay",
        "guest", "lines", "order_status", "payment_fee", "payment_method", "payment_status", "pickup",
        "shipping", "shipping_address", "shipping_method", "store_id", "vat_number",
    }
)  # fmt: skip
_KNOWN_IN_LINE = frozenset({"discount_percent", "quantity", "sku", "unit_price"})
_NAMESPACE = uuid.UUID("6f1c1a52-52f3-4b8e-9d0d-0b7f3a1d2c4e")
EUROPEAN_UNION = frozenset(country.code for country in COUNTRIES if country.european_union)
_HOME = "SE"
_VAT = Decimal(25)
_NO_VAT = Decimal(0)
_PICKUP_ADDRESS = "1"
_SECRETS = ("card_name", "card_expiration_month", "card_expiration_year", "card_cvv2", "card_type")


def place(shop: Shop, wanted: Mapping[str, Any]) -> Row:
    """Place an order and return its row; see ``m3nop.sandbox.shop.place_order``."""
    refuse_unknown(wanted, _KNOWN, "an order")
    if not wanted.get("lines"):
        msg = "an order needs 'lines', each with 'sku' and 'quantity'"
        raise ValueError(msg)
    created = normalised(wanted["created"]) if "created" in wanted else shop.now()
    customer = _customer(shop, wanted, created=created)
    order = entities.ORDER.row(
        store_id=wanted.get("store_id", 1),
        customer_id=customer["id"],
        order_status_id=wanted.get("order_status", int(OrderStatus.PENDING)),
        order_guid=str(uuid.uuid5(_NAMESPACE, f"order {len(shop.orders)}")),
        payment_method_system_name=wanted.get("payment_method", "Payments.CheckMoneyOrder"),
        vat_number=wanted.get("vat_number") or customer["vat_number"],
        checkout_attribute_description=wanted.get("checkout_attributes") or "",
        checkout_attributes_xml=None,
        custom_order_number="",
        customer_language_id=1,
        customer_ip="192.0.2.17",
        created_on_utc=created,
    )
    order |= _currency(shop, str(wanted.get("currency", "EUR")))
    order |= _delivery(shop, wanted, customer)
    order |= _payment(wanted, order)
    items = _lines(shop, wanted["lines"], rate=_tax_rate(shop, order))
    discount = _discount(shop, wanted.get("coupon"), items)
    order |= pricing.totals(items, _charges(shop, wanted, order, discount))
    order = shop.insert(entities.ORDER, shop.orders, order)
    usage = discount["id"] if discount else None
    _complete_later(
        shop, {"order_id": order["id"], "items": items, "discount_id": usage}, wanted.get("delay")
    )
    placed: Row = shop.orders[str(order["id"])]
    return placed


def complete(shop: Shop, detail: dict[str, Any]) -> None:
    """Write the second half of an order: its number, lines, stock movements, discount usage and note."""
    order = shop.orders[str(detail["order_id"])]
    order["custom_order_number"] = str(order["id"])
    for item in detail["items"]:
        row = entities.ORDER_ITEM.blank() | item | {"order_id": order["id"]}
        row["order_item_guid"] = str(uuid.uuid5(_NAMESPACE, f"item {len(shop.items)}"))
        stored = shop.insert(entities.ORDER_ITEM, shop.items, row)
        message = f"Order {order['id']} has been placed"
        processing.move_stock(shop, stored, -row["quantity"], message=message)
    if detail["discount_id"]:
        usage = entities.DISCOUNT_USAGE.row(
            discount_id=detail["discount_id"], order_id=order["id"], created_on_utc=order["created_on_utc"]
        )
        shop.insert(entities.DISCOUNT_USAGE, shop.discount_usages, usage)
    processing.save(shop, order, "Order placed", at=order["created_on_utc"])


def register(world: World, shop: Shop) -> None:
    """Let the world complete orders whose lines are still to come."""
    world.effects[LINES] = lambda detail: complete(shop, detail)


def encrypted(text: str) -> str:
    """Return what an encrypted card column looks like; it holds nothing."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()[:16]).decode()


def amount(value: Json) -> Decimal:
    """Read an amount that is a JSON number or text.

    Raises:
        ValueError: it is neither.
    """
    try:
        return Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        msg = f"{value!r} is not an amount"
        raise ValueError(msg) from None


def refuse_unknown(given: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    """Raise ValueError for a member that is not known."""
    unknown = sorted(set(given) - known)
    if unknown:
        msg = f"unknown member {unknown[0]!r} in {what}; known members: {', '.join(sorted(known))}"
        raise ValueError(msg)


def _complete_later(shop: Shop, detail: dict[str, Any], delay: float | None) -> None:
    if delay is None:
        complete(shop, detail)
    else:
        register(shop.world, shop)
        shop.world.later(LINES, detail, seconds=float(delay))


def _customer(shop: Shop, wanted: Mapping[str, Any], *, created: str) -> Row:
    if "guest" in wanted:
        return _guest(shop, wanted["guest"], created=created)
    if "customer_id" not in wanted:
        return _usual_customer(shop, wanted.get("store_id", 1))
    known = shop.customers.get(str(wanted["customer_id"]))
    if known is None:
        msg = f"there is no customer {wanted['customer_id']} in the shop"
        raise ValueError(msg)
    return known


def _usual_customer(shop: Shop, store_id: int) -> Row:
    known = shop.customers.select(
        ("registered_in_store_id", "=", store_id), ("billing_address_id", ">", 0), order=("id",), limit=1
    )
    if not known:
        msg = f"store {store_id} has no customer yet, so the order needs 'guest' with an address"
        raise ValueError(msg)
    return known[0]


def _guest(shop: Shop, address: Mapping[str, Any], *, created: str) -> Row:
    row = guest_row(shop, created=created)
    stored = new_address(shop, {"created_on_utc": created, **address})
    row["billing_address_id"] = row["shipping_address_id"] = stored["id"]
    guest = shop.insert(entities.CUSTOMER, shop.customers, row)
    shop.link_address(guest["id"], stored["id"])
    role = next(role for role in shop.roles.values() if role["system_name"] == "Guests")
    shop.give_role(guest["id"], role["id"])
    return guest


def guest_row(shop: Shop, *, created: str) -> Row:
    """Return the row of a new guest: no name, no login, no store."""
    return entities.CUSTOMER.row(
        customer_guid=str(uuid.uuid5(_NAMESPACE, f"guest {len(shop.customers)}")),
        active=True,
        created_on_utc=created,
        last_activity_date_utc=created,
    )


def new_address(shop: Shop, values: Mapping[str, Any]) -> Row:
    """Store an address; ``country`` may name its country by the two-letter code.

    Raises:
        ValueError: a member is not one of an address, or the country is unknown.
    """
    given = dict(values)
    code = given.pop("country", None)
    given.pop("id", None)
    refuse_unknown(given, frozenset(entities.ADDRESS.columns), "an address")
    if code is not None:
        given["country_id"] = _country_id(shop, code)
    given.setdefault("created_on_utc", shop.now())
    return shop.insert(entities.ADDRESS, shop.addresses, entities.ADDRESS.row(**given))


def edit_address(shop: Shop, address_id: int, values: Mapping[str, Any]) -> None:
    """Change fields of an address where it is.

    Raises:
        ValueError: as ``new_address`` does.
    """
    given = dict(values)
    code = given.pop("country", None)
    refuse_unknown(given, frozenset(entities.ADDRESS.columns), "an address")
    if code is not None:
        given["country_id"] = _country_id(shop, code)
    shop.addresses[str(address_id)] = entities.ADDRESS.row(**(shop.addresses[str(address_id)] | given))


def _country_id(shop: Shop, code: str) -> int:
    for country in shop.countries.values():
        if country["two_letter_iso_code"] == code:
            number: int = country["id"]
            return number
    msg = f"the shop does not know the country {code!r}"
    raise ValueError(msg)


def _currency(shop: Shop, code: str) -> Row:
    for currency in shop.currencies.values():
        if currency["currency_code"] == code:
            return {"customer_currency_code": code, "currency_rate": money(currency["rate"])}
    msg = f"the shop does not take {code!r}"
    raise ValueError(msg)


def _delivery(shop: Shop, wanted: Mapping[str, Any], customer: Row) -> Row:
    billing = _snapshot(shop, wanted.get("billing_address"), customer["billing_address_id"])
    row: Row = {
        "billing_address_id": billing["id"],
        "shipping_status_id": int(ShippingStatus.NOT_YET_SHIPPED),
        "shipping_method": wanted.get("shipping_method", "Ground"),
        "shipping_rate_computation_method_system_name": "Shipping.FixedByWeightByTotal",
    }
    if wanted.get("pickup"):
        return row | {
            "pickup_in_store": True,
            "pickup_address_id": new_address(shop, shop.addresses[_PICKUP_ADDRESS])["id"],
            "shipping_method": wanted.get("shipping_method", "Pickup at the store"),
            "shipping_rate_computation_method_system_name": "Pickup.PickupInStore",
        }
    usual = wanted.get("billing_address") or shop.addresses.get(str(customer["shipping_address_id"]))
    shipping = new_address(shop, wanted.get("shipping_address") or usual or billing)
    return row | {"shipping_address_id": shipping["id"]}


def _snapshot(shop: Shop, given: Mapping[str, Any] | None, usual: int | None) -> Row:
    known = given or shop.addresses.get(str(usual))
    if known is None:
        msg = "the customer has no address, so the order needs a 'billing_address'"
        raise ValueError(msg)
    return new_address(shop, known)


def _payment(wanted: Mapping[str, Any], order: Row) -> Row:
    word = str(wanted.get("payment_status", "paid"))
    status = PaymentStatus.named(word.replace("_", ""))
    if status is None:
        known = ", ".join(item.name.lower() for item in PaymentStatus)
        msg = f"unknown payment status {word!r}; known: {known}"
        raise ValueError(msg)
    method = order["payment_method_system_name"]
    row: Row = {"payment_status_id": status, "masked_credit_card_number": encrypted("")}
    if status == PaymentStatus.PAID:
        row["paid_date_utc"] = order["created_on_utc"]
    if method == "Payments.Manual":
        row |= {name: encrypted(name) for name in _SECRETS}
        row |= {"allow_storing_credit_card_number": True, "card_number": CARD_CANARY}
    if method == "Payments.PayPalCommerce":
        row |= {
            "authorization_transaction_id": "5O190127TN364715T",
            "capture_transaction_id": "3C679366HH908993F",
        }
    if method == "Payments.PurchaseOrder":
        row["custom_values_xml"] = (
            '<?xml version="1.0" encoding="utf-16"?><DictionarySerializer><item><key>PO Number</key>'
            "<value>4500012345</value></item></DictionarySerializer>"
        )
    return row


def _tax_rate(shop: Shop, order: Row) -> Decimal:
    address = shop.addresses[str(order["shipping_address_id"] or order["billing_address_id"])]
    country = shop.countries.get(str(address["country_id"]), {"two_letter_iso_code": _HOME})[
        "two_letter_iso_code"
    ]
    if country == _HOME:
        return _VAT
    if country not in EUROPEAN_UNION or order["vat_number"]:
        return _NO_VAT
    return _VAT


def _charges(shop: Shop, wanted: Mapping[str, Any], order: Row, discount: Row | None) -> pricing.Charges:
    off = discount["discount_amount"] if discount else Decimal(0)
    from_total = bool(discount and discount["discount_type_id"] == DiscountType.ORDER_TOTAL)
    return pricing.Charges(
        rate=_tax_rate(shop, order),
        shipping=amount(wanted.get("shipping", 0)),
        fee=amount(wanted.get("payment_fee", 0)),
        subtotal_discount=Decimal(0) if from_total else off,
        total_discount=off if from_total else Decimal(0),
    )


def _discount(shop: Shop, coupon: str | None, items: list[Row]) -> Row | None:
    if coupon is None:
        return None
    for discount in shop.discounts.values():
        if discount["coupon_code"] == coupon:
            share = discount["discount_percentage"] if discount["use_percentage"] else None
            if share is not None:
                subtotal = sum((item["price_excl_tax"] for item in items), Decimal(0))
                discount["discount_amount"] = money(pricing.rounded(subtotal * share / 100))
            return discount
    msg = f"the shop knows no coupon {coupon!r}"
    raise ValueError(msg)


def _lines(shop: Shop, wanted: list[Mapping[str, Any]], *, rate: Decimal) -> list[Row]:
    return [_line(shop, line, rate=rate) for line in wanted]


def _line(shop: Shop, wanted: Mapping[str, Any], *, rate: Decimal) -> Row:
    refuse_unknown(wanted, _KNOWN_IN_LINE, "a line")
    product, combination = _sold_as(shop, str(wanted["sku"]))
    listed = product["price"]
    text = None
    if combination:
        listed = combination["overridden_price"] or listed
        text = combination["attributes_xml"]
    unit = amount(wanted.get("unit_price", listed))
    unit = pricing.rounded(unit * (100 - amount(wanted.get("discount_percent", 0))) / 100)
    quantity = int(wanted.get("quantity", 1))
    return {
        "product_id": product["id"],
        "quantity": quantity,
        "attributes_xml": text,
        "attribute_description": _description(shop, product, combination),
        "original_product_cost": product["product_cost"],
        "item_weight": product["weight"],
        **pricing.line(unit=unit, list_price=max(unit, amount(listed)), quantity=quantity, rate=rate),
    }


def _sold_as(shop: Shop, sku: str) -> tuple[Row, Row | None]:
    for combination in shop.combinations.find(sku=sku):
        return shop.products[str(combination["product_id"])], combination
    for product in shop.products.find(sku=sku):
        if product["manage_inventory_method_id"] != Inventory.COMBINATION:
            return product, None
    msg = f"the shop sells nothing under the SKU {sku!r}"
    raise ValueError(msg)


def _description(shop: Shop, product: Row, combination: Row | None) -> str:
    if combination is None:
        return ""
    chosen = shop.chosen(product["id"], combination["attributes_xml"])
    return "<br />".join(f"{name}: {value}" for name, value in chosen)
