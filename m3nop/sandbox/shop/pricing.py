"""What an order costs: lines with and without VAT, and the totals of the order from its lines."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.sandbox.shop.entities import money

if TYPE_CHECKING:
    from collections.abc import Iterable

    from m3nop.sandbox.shop.entities import Row

_CENT = Decimal("0.01")
_HUNDRED = Decimal(100)


class Charges(Struct, frozen=True):
    """What an order costs besides its lines, all without VAT, and its VAT rate in percent."""

    rate: Decimal
    shipping: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)
    subtotal_discount: Decimal = Decimal(0)
    total_discount: Decimal = Decimal(0)

    @classmethod
    def of(cls, order: Row) -> Charges:
        """Read the charges of an order that was placed."""
        return cls(
            rate=Decimal(order["tax_rates"].partition(":")[0] or 0),
            shipping=order["order_shipping_excl_tax"],
            fee=order["payment_method_additional_fee_excl_tax"],
            subtotal_discount=order["order_sub_total_discount_excl_tax"],
            total_discount=order["order_discount"],
        )


def rounded(amount: Decimal) -> Decimal:
    """Round an amount to cents, half up, as the shop does."""
    return amount.quantize(_CENT, rounding=ROUND_HALF_UP)


def with_tax(amount: Decimal, rate: Decimal) -> Decimal:
    """Add VAT of ``rate`` percent."""
    return rounded(amount + amount * rate / _HUNDRED)


def line(*, unit: Decimal, list_price: Decimal, quantity: int, rate: Decimal) -> Row:
    """Return the money columns of an order line; ``unit`` has the line's discount taken off already."""
    unit_with_tax = with_tax(unit, rate)
    discount = (list_price - unit) * quantity
    return {
        "unit_price_excl_tax": money(unit),
        "unit_price_incl_tax": money(unit_with_tax),
        "price_excl_tax": money(unit * quantity),
        "price_incl_tax": money(unit_with_tax * quantity),
        "discount_amount_excl_tax": money(discount),
        "discount_amount_incl_tax": money(with_tax(discount, rate)),
    }


def totals(items: Iterable[Row], charges: Charges) -> Row:
    """Return the money columns of an order."""
    lines = list(items)
    subtotal = sum((item["price_excl_tax"] for item in lines), Decimal(0))
    subtotal_with_tax = sum((item["price_incl_tax"] for item in lines), Decimal(0))
    shipping_with_tax = with_tax(charges.shipping, charges.rate)
    fee_with_tax = with_tax(charges.fee, charges.rate)
    discount_with_tax = with_tax(charges.subtotal_discount, charges.rate)
    net = subtotal - charges.subtotal_discount + charges.shipping + charges.fee
    gross = subtotal_with_tax - discount_with_tax + shipping_with_tax + fee_with_tax
    tax = gross - net
    return {
        "order_subtotal_excl_tax": money(subtotal),
        "order_subtotal_incl_tax": money(subtotal_with_tax),
        "order_sub_total_discount_excl_tax": money(charges.subtotal_discount),
        "order_sub_total_discount_incl_tax": money(discount_with_tax),
        "order_shipping_excl_tax": money(charges.shipping),
        "order_shipping_incl_tax": money(shipping_with_tax),
        "payment_method_additional_fee_excl_tax": money(charges.fee),
        "payment_method_additional_fee_incl_tax": money(fee_with_tax),
        "tax_rates": f"{charges.rate}:{money(tax)};   ",
        "order_tax": money(tax),
        "order_discount": money(charges.total_discount),
        "order_total": money(gross - charges.total_discount),
    }
