"""The columns that an upsert may write: their kinds and lengths, and when two values of them are the same.

Names are those of nopCommerce's Web API 1.06 OpenAPI document; ``words`` stand for its numbers. Lengths are
those of nopCommerce's tables (4.80). Money has the four decimals of its SQL columns.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

from m3nop.connectors.nopcommerce.records import PRODUCT_WORDS, moment
from m3nop.connectors.nopcommerce.refusals import unfit
from m3nop.core.connector import FieldInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from m3nop.core.json import Json

_FOUR_DECIMALS = Decimal("0.0001")
_LARGEST = 2_147_483_647
_LARGEST_MONEY = Decimal(10) ** 14
_YES, _NO = frozenset({"true", "1", "yes"}), frozenset({"false", "0", "no"})


def _numbers(words: Mapping[int, str]) -> dict[str, int]:
    return {word: number for number, word in words.items()}


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    WHOLE = "whole number"
    MONEY = "number"
    FLAG = "true or false"
    TIME = "time"
    WORD = "word"


class Column(Struct, frozen=True):
    """A column by the name that mappings use; ``wire`` is its name in the API where that is another."""

    name: str
    kind: Kind
    length: int | None = None
    words: Mapping[str, int] = field(default_factory=dict)
    wire: str = ""

    @property
    def key(self) -> str:
        """The column's name in the API."""
        return self.wire or self.name

    @property
    def info(self) -> FieldInfo:
        """The column as a field of an operation."""
        choice = f"one of {', '.join(self.words)}" if self.words else ""
        numeric = self.kind in {Kind.WHOLE, Kind.MONEY}
        described = choice or {Kind.FLAG: "true or false", Kind.TIME: "a time, UTC"}.get(self.kind, "")
        return FieldInfo(
            self.name, type="N" if numeric else "A", length=self.length,
            decimals={Kind.MONEY: 4, Kind.WHOLE: 0}.get(self.kind), description=described,
        )  # fmt: skip

    def written(self, value: Json) -> Json:
        """Return a value as the API takes it.

        Raises:
            ShopFailure: it does not fit; nothing was sent.
        """
        try:
            return _WRITTEN[self.kind](self, value)
        except (ValueError, InvalidOperation):
            kind = f"one of {', '.join(self.words)}" if self.words else f"a {self.kind}"
            raise unfit(self.name, f"`{self.name}` must be {kind}, it is {value!r}") from None


def same(name: str, one: Json, other: Json) -> bool:
    """Tell whether two values are alike: no text is an empty text, 1 is 1.0, times are instants."""
    if one == other or (one in (None, "") and other in (None, "")):
        return True
    if name.endswith("_utc") and isinstance(one, str) and isinstance(other, str):
        try:
            return moment(one) == moment(other)
        except ValueError:
            return False
    return False


def _text(column: Column, value: Json) -> Json:
    if value is None:
        return None
    if isinstance(value, (dict, list, bool)):
        raise ValueError(column.name)  # noqa: TRY004 - one error for every wrong value
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    if column.length is not None and len(text) > column.length:
        raise unfit(column.name, f"`{column.name}` holds {column.length} characters, not {len(text)}")
    return text


def _number(column: Column, value: Json) -> Decimal:
    if value is None or isinstance(value, (dict, list, bool)):
        raise ValueError(column.name)
    number = Decimal(str(value).strip())
    if not number.is_finite():
        raise ValueError(column.name)
    return number


def _whole(column: Column, value: Json) -> Json:
    number = _number(column, value)
    if number != number.to_integral_value() or abs(number) > _LARGEST:
        raise ValueError(column.name)
    return int(number)


def _money(column: Column, value: Json) -> Json:
    number = _number(column, value)
    if abs(number) >= _LARGEST_MONEY:
        raise ValueError(column.name)
    return number.quantize(_FOUR_DECIMALS, rounding=ROUND_HALF_UP)


def _flag(column: Column, value: Json) -> Json:
    word = str(value).strip().lower()
    if word not in _YES | _NO:
        raise ValueError(column.name)
    return word in _YES


def _time(column: Column, value: Json) -> Json:  # noqa: ARG001 - as the others
    return None if value in (None, "") else moment(value)


def _word(column: Column, value: Json) -> Json:
    try:
        return column.words[str(value)]
    except KeyError:
        raise ValueError(column.name) from None


_WRITTEN: Mapping[Kind, Callable[[Column, Json], Json]] = {
    Kind.TEXT: _text,
    Kind.WHOLE: _whole,
    Kind.MONEY: _money,
    Kind.FLAG: _flag,
    Kind.TIME: _time,
    Kind.WORD: _word,
}


def _columns(kind: Kind, names: str) -> list[Column]:
    """Read ``name`` or ``name:length`` for each column."""
    return [
        Column(name, kind, int(length) if length else None)
        for name, _, length in (part.partition(":") for part in names.split())
    ]


def _by_name(columns: Iterable[Column]) -> dict[str, Column]:
    return {column.name: column for column in columns}


PRODUCT = _by_name(
    [
        *_columns(
            Kind.TEXT,
            """name:400 short_description full_description sku:400 manufacturer_part_number:400 gtin:400
            meta_title:400 meta_keywords:400 meta_description allowed_quantities:1000 admin_comment""",
        ),
        *_columns(
            Kind.MONEY,
            """price old_price product_cost weight length width height additional_shipping_charge
            baseprice_amount baseprice_base_amount""",
        ),
        *_columns(
            Kind.WHOLE,
            """tax_category_id vendor_id display_order order_minimum_quantity order_maximum_quantity
            min_stock_quantity notify_admin_for_quantity_below product_template_id warehouse_id
            delivery_date_id product_availability_range_id baseprice_unit_id baseprice_base_unit_id""",
        ),
        *_columns(
            Kind.FLAG,
            """published visible_individually allow_customer_reviews show_on_homepage is_ship_enabled
            is_free_shipping ship_separately is_tax_exempt use_multiple_warehouses display_stock_availability
            display_stock_quantity allow_back_in_stock_subscriptions disable_buy_button
            disable_wishlist_button available_for_pre_order call_for_price mark_as_new baseprice_enabled
            not_returnable""",
        ),
        *_columns(Kind.TIME, "available_start_date_time_utc available_end_date_time_utc"),
        Column(
            "manage_inventory_method",
            Kind.WORD,
            words=_numbers(PRODUCT_WORDS["manage_inventory_method"]),
            wire="manage_inventory_method_id",
        ),
        Column(
            "low_stock_activity",
            Kind.WORD,
            words=_numbers(PRODUCT_WORDS["low_stock_activity"]),
            wire="low_stock_activity_id",
        ),
        Column(
            "backorder_mode",
            Kind.WORD,
            words=_numbers(PRODUCT_WORDS["backorder_mode"]),
            wire="backorder_mode_id",
        ),
        Column(
            "product_type", Kind.WORD, words=_numbers(PRODUCT_WORDS["product_type"]), wire="product_type_id"
        ),
    ]
)
"""A product's columns, less its stock, which ``stock/set`` writes."""

OSS_LACKS = frozenset(
    {
        "admin_comment", "product_template_id", "warehouse_id", "delivery_date_id",
        "product_availability_range_id", "baseprice_unit_id", "baseprice_base_unit_id", "not_returnable",
        "backorder_mode", "product_type",
    }
)  # fmt: skip
"""Columns of a product that the DTO of the open-source API does not have."""

OSS_PRODUCT = {
    name: Column(name, column.kind, column.length, column.words, "show_on_home_page")
    if name == "show_on_homepage"
    else column
    for name, column in PRODUCT.items()
    if name not in OSS_LACKS
}

VARIANT = _by_name(
    [
        Column("price", Kind.MONEY, wire="overridden_price"),
        *_columns(Kind.TEXT, "sku:400 gtin:400 manufacturer_part_number:400"),
    ]
)
"""What of a product's columns a variant (an attribute combination) has as well."""

CUSTOMER = _by_name(
    [
        *_columns(
            Kind.TEXT,
            """email:1000 username:1000 first_name:1000 last_name:1000 company:1000 phone:1000 fax:1000
            vat_number:1000 gender:1000 street_address:1000 street_address2:1000 zip_postal_code:1000
            city:1000 county:1000 admin_comment""",
        ),
        *_columns(Kind.WHOLE, "country_id state_province_id vat_number_status_id language_id currency_id"),
        *_columns(Kind.FLAG, "active is_tax_exempt"),
    ]
)
CUSTOMER_OSS_LACKS = frozenset(
    {
        "phone", "fax", "street_address", "street_address2", "zip_postal_code", "city", "county",
        "country_id", "state_province_id",
    }
)  # fmt: skip
OSS_CUSTOMER = {name: column for name, column in CUSTOMER.items() if name not in CUSTOMER_OSS_LACKS}
