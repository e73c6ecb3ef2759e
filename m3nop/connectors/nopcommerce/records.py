"""The one record shape of orders, customers and what hangs on them, whatever the dialect.

Money is Decimal, times are UTC text with a Z, statuses are words, addresses carry country and state codes.
Names are those of nopCommerce's Web API 1.06 OpenAPI document; ``oss`` translates into them first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce.shape import (
    ADDRESS_FIELDS,
    CUSTOMER_FIELDS,
    ITEM_FIELDS,
    MONEY,
    NEVER_KEPT,
    ORDER_FIELDS,
    PRODUCT_FIELDS,
    SENSITIVE,
)
from m3nop.core.clock import parse_instant, to_datetime
from m3nop.core.errors import SourceError
from m3nop.core.html import plain_text
from m3nop.http.response import without_cards

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.connectors.nopcommerce.wanted import Wanted
    from m3nop.core.json import Json

Record = dict[str, "Json"]
Raw = Mapping[str, "Json"]

ORDER_STATUSES = {10: "pending", 20: "processing", 30: "complete", 40: "cancelled"}
PAYMENT_STATUSES = {
    10: "pending", 20: "authorized", 30: "paid", 35: "partially_refunded", 40: "refunded", 50: "voided",
}  # fmt: skip
SHIPPING_STATUSES = {
    10: "shipping_not_required", 20: "not_yet_shipped", 25: "partially_shipped", 30: "shipped",
    40: "delivered",
}  # fmt: skip
TAX_DISPLAY_TYPES = {0: "including_tax", 10: "excluding_tax"}
INVENTORY_METHODS = {0: "dont_manage", 1: "manage_stock", 2: "manage_stock_by_attributes"}
PRODUCT_WORDS = {
    "product_type": {5: "simple", 10: "grouped"},
    "manage_inventory_method": INVENTORY_METHODS,
    "low_stock_activity": {0: "nothing", 1: "disable_buy_button", 2: "unpublish"},
    "backorder_mode": {
        0: "no_backorders", 1: "allow_qty_below_0", 2: "allow_qty_below_0_and_notify_customer",
    },
}  # fmt: skip

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,9}")
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def order(raw: Raw, parts: Raw, *, wanted: Wanted) -> Record:
    """Make the record of an order from its header and the ``parts`` that were read for it (``items``, ...).

    Raises:
        SourceError: it has no id, or its creation is no time.
    """
    record = {**dict.fromkeys(ORDER_FIELDS), **_passed(raw, wanted=wanted)}
    for name, words in (
        ("order_status", ORDER_STATUSES),
        ("payment_status", PAYMENT_STATUSES),
        ("shipping_status", SHIPPING_STATUSES),
    ):
        number = record.pop(f"{name}_id", None)
        record[name] = word(number if number is not None else record[name], words)
    record["customer_tax_display_type"] = word(raw.get("customer_tax_display_type_id"), TAX_DISPLAY_TYPES)
    record["payment_method"] = record["payment_method_system_name"]
    record["taxes"] = taxes(record["tax_rates"])
    record["checkout_attribute_text"] = _text_of(record["checkout_attribute_description"])
    record["created_on_utc"] = creation(raw, what="order")
    return {**record, **parts}


def items(rows: Sequence[Raw], products: Mapping[int, Raw], skus: Mapping[int, str | None]) -> list[Record]:
    """Make the lines of an order; ``skus`` are by line id and go before the product's own.

    Lines are in the order of their ids, and ``position`` counts them from 1.
    """
    lines = sorted(rows, key=lambda row: identity(row, what="order line"))
    return [_item(row, products, skus, position=position) for position, row in enumerate(lines, start=1)]


def _item(raw: Raw, products: Mapping[int, Raw], skus: Mapping[int, str | None], *, position: int) -> Record:
    product = products.get(raw.get("product_id") or 0, {})
    record = {**dict.fromkeys(ITEM_FIELDS), **_passed(raw)}
    record["sku"] = skus.get(raw["id"]) or product.get("sku")
    record["name"] = product.get("name")
    record["attribute_text"] = _text_of(record["attribute_description"])
    record["position"] = position
    return record


def customer(raw: Raw, parts: Raw, *, wanted: Wanted) -> Record:
    """Make the record of a customer; ``parts`` are ``roles``, ``is_guest`` and addresses.

    Raises:
        SourceError: it has no id, or its creation is no time.
    """
    record = {**dict.fromkeys(CUSTOMER_FIELDS), **_passed(raw, wanted=wanted)}
    record["store_id"] = raw.get("registered_in_store_id")
    record["created_on_utc"] = creation(raw, what="customer")
    return {**record, **parts}


def address(raw: Raw, countries: Mapping[int, Raw], states: Mapping[int, Raw]) -> Record:
    """Make the record of an address, its country and state as codes."""
    country = countries.get(raw.get("country_id") or 0, {})
    state = states.get(raw.get("state_province_id") or 0, {})
    return {
        **dict.fromkeys(ADDRESS_FIELDS),
        **_passed(raw),
        "country_code": country.get("two_letter_iso_code"),
        "country_name": country.get("name"),
        "state_code": state.get("abbreviation"),
        "state_name": state.get("name"),
    }


def product(raw: Raw, parts: Raw) -> Record:
    """Make the record of a product; ``parts`` are ``variants`` and ``warehouses``.

    Raises:
        SourceError: it has no id, or its creation is no time.
    """
    record = {**dict.fromkeys(PRODUCT_FIELDS), **_passed(raw)}
    for name, words in PRODUCT_WORDS.items():
        number = record.pop(f"{name}_id", None)
        record[name] = word(number if number is not None else record[name], words)
    record["created_on_utc"] = creation(raw, what="product")
    return {**record, **parts}


def plain(raw: Raw) -> Record:
    """Make the record of a product, store or country: exact money and times, nothing else changed."""
    return _passed(raw)


def identity(raw: Json, *, what: str) -> int:
    """Return the id of a row.

    Raises:
        SourceError: it has none, so nothing can be known of it.
    """
    number = raw.get("id") if isinstance(raw, Mapping) else None
    if not isinstance(number, int) or isinstance(number, bool) or number <= 0:
        msg = f"the shop answered with a row that has no id ({what})"
        raise SourceError(msg)
    return number


def creation(raw: Raw, *, what: str) -> str:
    """Return when a row was created.

    Raises:
        SourceError: that is no time.
    """
    number = identity(raw, what=what)
    try:
        return moment(raw["created_on_utc"])
    except (KeyError, TypeError, ValueError) as error:
        msg = f"{what} {number}: `created_on_utc` is no time: {raw.get('created_on_utc')!r}"
        raise SourceError(msg) from error


def moment(text: Json) -> str:
    """Write a time of the shop as UTC text with microseconds and a Z; one without a zone is UTC.

    Raises:
        ValueError: it is no time.
    """
    if not isinstance(text, str):
        msg = "a time is text"
        raise ValueError(msg)  # noqa: TRY004 - one error for every wrong value
    try:
        instant = to_datetime(parse_instant(text))
    except OverflowError as error:
        raise ValueError(text) from error
    return instant.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def word(value: Json, words: Mapping[int, str]) -> str | None:
    """Return the word of a status given by number or name; a shop's own number is ``status_12``."""
    if value is None or value == "":
        return None
    text = str(value)
    if _WHOLE_NUMBER.fullmatch(text):
        return words.get(int(text), f"status_{text}")
    return _CAPITAL.sub("_", text.strip()).replace(" ", "_").lower()


def amount(value: Json) -> Json:
    """Return a number as Decimal; what is no number stays as it is."""
    if type(value) is Decimal or isinstance(value, bool) or not isinstance(value, (int, str)):
        return value
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value
    return number if number.is_finite() else value


def taxes(text: Json) -> list[Record]:
    """Read nopCommerce's ``rate:amount;`` list; parts that are no such pair are left out."""
    found = []
    for part in str(text or "").split(";"):
        rate, _, tax = (amount(piece.strip()) for piece in part.partition(":"))
        if isinstance(rate, Decimal) and isinstance(tax, Decimal):
            found.append({"rate": rate, "amount": tax})
    return found


def _text_of(html: Json) -> str | None:
    return plain_text(html) if isinstance(html, str) else None


def _passed(raw: Raw, *, wanted: Wanted | None = None) -> Record:
    kept = without_cards(dict(raw))
    return {
        name: value if (read := _reader(name)) is None else read(value)
        for name, value in kept.items()
        if name not in NEVER_KEPT and (name not in SENSITIVE or (wanted is not None and wanted.names(name)))
    }


@lru_cache(maxsize=1000)
def _reader(name: str) -> Callable[[Json], Json] | None:
    """Return what reads the values of a member, None where they are taken as they are."""
    if name in MONEY or name.endswith(("_incl_tax", "_excl_tax")):
        return amount
    return _moment_if_it_is_one if name.endswith("_utc") else None


def _moment_if_it_is_one(value: Json) -> Json:
    if not isinstance(value, str):
        return value
    try:
        return moment(value)
    except ValueError:
        return value
