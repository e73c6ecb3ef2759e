"""The status numbers of nopCommerce's orders, and the words that the oss dialect has for them."""

from __future__ import annotations

from enum import IntEnum


class _Status(IntEnum):
    @property
    def word(self) -> str:
        """The name of the member in the shop's own source, as the oss dialect writes it."""
        return self.name.replace("_", " ").title().replace(" ", "")

    @classmethod
    def named(cls, text: str) -> int | None:
        """Return the number of a word, in any case; None for an unknown one."""
        return next((status.value for status in cls if status.word.lower() == text.lower()), None)

    @classmethod
    def shown(cls, number: int) -> str | int:
        """Return the word for a number, or the number itself when the shop's owner made it up."""
        return next((status.word for status in cls if status == number), number)


class OrderStatus(_Status):
    """Where an order stands; a store may add numbers of its own."""

    PENDING = 10
    PROCESSING = 20
    COMPLETE = 30
    CANCELLED = 40


class PaymentStatus(_Status):
    """Where the money stands."""

    PENDING = 10
    AUTHORIZED = 20
    PAID = 30
    PARTIALLY_REFUNDED = 35
    REFUNDED = 40
    VOIDED = 50


class ShippingStatus(_Status):
    """Where the goods stand."""

    SHIPPING_NOT_REQUIRED = 10
    NOT_YET_SHIPPED = 20
    PARTIALLY_SHIPPED = 25
    SHIPPED = 30
    DELIVERED = 40


class TaxDisplay(_Status):
    """Whether a customer sees prices with VAT."""

    INCLUDING_TAX = 0
    EXCLUDING_TAX = 10


class Inventory(IntEnum):
    """Where a product's stock is counted."""

    NOT_TRACKED = 0
    PRODUCT = 1
    COMBINATION = 2


class LowStock(IntEnum):
    """What happens to a product when its stock falls to the minimum."""

    NOTHING = 0
    DISABLE_BUY_BUTTON = 1
    UNPUBLISH = 2


class DiscountType(IntEnum):
    """What a discount is taken from."""

    ORDER_TOTAL = 1
    SKUS = 2
    SHIPPING = 10
    ORDER_SUBTOTAL = 20
