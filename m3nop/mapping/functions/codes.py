"""Functions of codes and identities: tables, links, hashes."""

from __future__ import annotations

import hashlib
import string
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING

from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.functions.numbers import quotient, to_decimal
from m3nop.mapping.functions.registry import Family, Mode
from m3nop.mapping.lookups import Lookup, Miss
from m3nop.mapping.values import json_text, show, text_of

if TYPE_CHECKING:
    from m3nop.core.json import Json
    from m3nop.mapping.context import Context

FAMILY = Family("codes")

COUNTRIES = "countries"
CURRENCIES = "currencies"
UNITS = "units"
FACTOR = "factor"
"""The column of the lookup `units`: how many basic units one of the unit is."""

_CODE = string.digits + string.ascii_uppercase
_LONGEST_CODE = 40
"""A hash has no more than that in it."""
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "m3nop")


@FAMILY.function(
    "lookup(name: text, code: scalar|null, column: text = the only one) -> text|object?",
    "Give the value of a code in a lookup; without a column, the row of a lookup with several.",
    "lookup('payment_methods', 'Payments.CheckMoneyOrder', 'TEPY')",
    "030",
    mode=Mode.CONTEXT,
)
def _lookup(context: Context, name: str, code: Json, column: str | None = None) -> Json:
    table = find_table(context, name)
    if column is None and len(table.columns) > 1:
        row = table.row(code)
        return dict(row) if row is not None else missed(table, code, table.missing, table.default)
    found = table.find(code, column)
    return found if found is not None else missed(table, code, table.missing, table.default)


@FAMILY.function(
    "lookup_code(name: text, value: scalar?, column: text = the only one) -> text?",
    "Give the code that a lookup turns into a value, or null; one of several is for a person to choose.",
    "lookup_code('payment_methods', '030', 'TEPY')",
    "Payments.CheckMoneyOrder",
    mode=Mode.CONTEXT,
)
def _lookup_code(context: Context, name: str, value: Json, column: str | None = None) -> Json:
    table = find_table(context, name)
    column, wanted = table.column(column), text_of(value).strip()
    codes = [code for code, row in table.rows.items() if row.get(column, "").strip() == wanted]
    if len(codes) > 1:
        msg = f"lookup {name!r} gives {wanted!r} for {', '.join(sorted(codes))}"
        raise EvaluationError(msg, on_fail=Miss.REVIEW.value)
    return codes[0] if codes else None


@FAMILY.function(
    "codes_of(name: text, value: scalar|null, column: text = the only one) -> list",
    "Give the codes that have the value in a lookup, in its order: the lookup read from right to left.",
    "codes_of('payment_methods', '030', 'TEPY')",
    ["Payments.CheckMoneyOrder"],
    mode=Mode.CONTEXT,
)
def _codes_of(context: Context, name: str, value: Json, column: str | None = None) -> Json:
    table = find_table(context, name)
    return table.codes(text_of(value).strip(), column)


@FAMILY.function(
    "link(pipeline: text, key: scalar?) -> object?",
    "Give the remembered pair {shop, m3} of another pipeline's record, or null.",
    "link('customers', `17`).m3",
    "W0001234",
    mode=Mode.CONTEXT,
)
def _link(context: Context, pipeline: str, key: Json) -> Json:
    return context.link(pipeline, text_of(key))


@FAMILY.function(
    "linked_by_m3(pipeline: text, m3: scalar?) -> object?",
    "Give the remembered pair {key, shop, m3} of a pipeline that has this M3 key, or null.",
    "linked_by_m3('customers', 'W0001234').shop",
    "17",
    mode=Mode.CONTEXT,
)
def _linked_by_m3(context: Context, pipeline: str, m3: Json) -> Json:
    return context.linked_by_m3(pipeline, text_of(m3))


@FAMILY.function(
    "country(code: text?) -> text?",
    "Give M3's code of a country, from the lookup `countries`.",
    "country('SE')",
    "SE",
    mode=Mode.CONTEXT,
    tables=(COUNTRIES,),
)
def _country(context: Context, code: str) -> Json:
    return _lookup(context, COUNTRIES, code)


@FAMILY.function(
    "currency(code: text?) -> text?",
    "Give M3's code of a currency, from the lookup `currencies`.",
    "currency('EUR')",
    "EUR",
    mode=Mode.CONTEXT,
    tables=(CURRENCIES,),
)
def _currency(context: Context, code: str) -> Json:
    return _lookup(context, CURRENCIES, code)


@FAMILY.function(
    "uom(quantity: number, item: text|null, unit: text) -> number",
    "Convert from the basic unit into `unit`: `factor` of row `ITEM:UNIT` or `UNIT` in the lookup `units`.",
    "uom(`24`, 'TENT-2P', 'BOX')",
    Decimal(2),
    mode=Mode.CONTEXT,
    tables=(UNITS,),
)
def _uom(context: Context, quantity: int | Decimal, item: str | None, unit: str) -> Decimal:
    return in_unit(context, quantity, unit, item=item)


@FAMILY.function(
    "in_flight(sku: text) -> number",
    "Give the quantity on shop orders that M3 does not know yet.",
    "in_flight('TENT-2P')",
    Decimal(3),
    mode=Mode.CONTEXT,
)
def _in_flight(context: Context, sku: str) -> Decimal:
    return context.in_flight(sku)


@FAMILY.function(
    "uuid5(name: text?, space: text = 'm3nop') -> text?",
    "Give the identifier that equal names in a space share.",
    "uuid5('order-1042')",
    str(uuid.uuid5(_NAMESPACE, "order-1042")),
)
def _uuid5(name: str, space: str = "m3nop") -> str:
    try:
        return str(uuid.uuid5(_namespace(space), name))
    except UnicodeEncodeError:
        raise EvaluationError("uuid5() cannot take half a character (a lone surrogate)") from None


@FAMILY.function(
    "sha256(text: text?) -> text?",
    "Give the hash of the text, 64 hexadecimal digits.",
    "sha256('a')",
    hashlib.sha256(b"a").hexdigest(),
)
def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


@FAMILY.function(
    "short_code(text: text?, length: whole) -> text?",
    "Give capitals and digits that only equal texts share; 9 of them are enough for 100,000 texts.",
    "short_code('kari@example.com', `9`)",
    "258CBIX3V",
)
def _short_code(text: str, length: int) -> str:
    if not 1 <= length <= _LONGEST_CODE:
        msg = f"short_code() needs a `length` from 1 to {_LONGEST_CODE}"
        raise EvaluationError(msg)
    number, code = int(_sha256(text), 16), ""
    for _ in range(length):
        number, digit = divmod(number, len(_CODE))
        code += _CODE[digit]
    return code


@FAMILY.function(
    "json(value: any) -> text", "Write a value as compact JSON.", 'json(`{"a": [1.50]}`)', '{"a":[1.5]}'
)
def _json(value: Json) -> str:
    return json_text(value)


def _namespace(space: str) -> uuid.UUID:
    try:
        return uuid.UUID(space)
    except ValueError:
        return uuid.uuid5(uuid.NAMESPACE_DNS, space)


def find_table(context: Context, name: str) -> Lookup:
    """Return a lookup of the project.

    Raises:
        EvaluationError: there is none of that name.
    """
    table = context.lookups.get(name)
    if table is None:
        msg = f"there is no lookup {name!r}"
        raise EvaluationError(msg)
    return table


def missed(table: Lookup, code: Json, missing: Miss, default: str | None) -> str | None:
    """Return what stands for a code without a row.

    Raises:
        EvaluationError: the policy is to refuse the record or to put it aside.
    """
    if missing in (Miss.REJECT, Miss.REVIEW):
        msg = f"lookup {table.name!r} has no row for {show(code)}"
        raise EvaluationError(msg, on_fail=missing.value)
    return default if missing is Miss.DEFAULT else None


def in_unit(context: Context, quantity: int | Decimal, unit: str, *, item: str | None = None) -> Decimal:
    """Convert a quantity from the basic unit into ``unit``.

    Raises:
        EvaluationError: the lookup ``units`` has no factor for it.
    """
    table = find_table(context, UNITS)
    found = (table.find(f"{item}:{unit}", FACTOR) if item else None) or table.find(unit, FACTOR)
    if found is None:
        missed(table, unit, Miss.REJECT, None)
    factor = to_decimal(found or "")
    if not factor:
        msg = f"lookup {UNITS!r} has no number but {show(found)} as factor of {unit!r}"
        raise EvaluationError(msg)
    return quotient(quantity, factor)
