"""From a value to the text of an MI field, and back.

Dates are ``YYYYMMDD``, the decimal separator is a point, a blank number is 0 (Infor's MI SDK, ``MIUtil``).
The length of a date field is 10 in the metadata though its value has 8 characters.
"""

from __future__ import annotations

import re
import sys
from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.functions.numbers import to_decimal
from m3nop.mapping.values import kind, plain, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.core.connector import FieldInfo
    from m3nop.core.json import Json

CLEARED = "?"
"""What empties a field in a transaction that changes something; a blank one is left as it is there."""

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?", re.ASCII)
_BARE_POINT = re.compile(r"\A([+-]?)\.(?=[0-9])", re.ASCII)
_DAY = re.compile(r"[0-9]{8}", re.ASCII)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
# A field is one line; what a shop's customer typed may hold line breaks and tabs.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def to_field_text(value: Json, info: FieldInfo | None = None, *, truncate: bool = False) -> str:
    """Write a value as the text of an MI field; blank where there is nothing.

    Line breaks and other control characters become a blank, blanks at the end are dropped. ``truncate``
    cuts text (never a number or date) to the field's length, counted in characters.

    Raises:
        EvaluationError: the value does not fit the field's type, decimals or length.
    """
    return field_writer(info, truncate=truncate)(value)


def field_writer(info: FieldInfo | None = None, *, truncate: bool = False) -> Callable[[Json], str]:
    """Return what ``to_field_text`` does for one field, made once for all records."""
    if info is None:
        return _plain_text
    if info.type == "N":
        return partial(_number, decimals=info.decimals, length=info.length)
    if info.type == "D":
        return _day
    return _text_writer(info.length, truncate=truncate)


def fitted(text: str, length: int | None, *, truncate: bool = False) -> str:
    """Return a text that has at most ``length`` characters.

    Raises:
        EvaluationError: it has more and is not to be cut.
    """
    if not length or len(text) <= length:
        return text
    if truncate:
        return text[:length].rstrip()
    msg = f"{show(text)} has {len(text)} characters, the field holds {length}; `truncate: true` cuts text"
    raise EvaluationError(msg)


def from_field_text(text: str, info: FieldInfo | None = None) -> Json:
    """Read the text of an MI field: N as Decimal (blank is 0), D as date text (blank and 0 are null).

    A minus may stand behind the digits, and a point before the first. A number that cannot be read stays
    text, so that whatever compares it says so.
    """
    trimmed = text.rstrip()
    if info is None or info.type not in ("N", "D"):
        return trimmed
    if info.type == "D":
        return trimmed if trimmed.strip(" 0") else None
    digits = trimmed.strip()
    if not digits:
        return Decimal(0)
    digits = f"-{digits[:-1]}" if digits.endswith("-") else digits
    number = to_decimal(_BARE_POINT.sub(r"\g<1>0.", digits))
    return trimmed if number is None else number


def _plain_text(value: Json) -> str:
    if type(value) is str:
        return (value if value.isprintable() else _UNPRINTABLE.sub(" ", value)).rstrip()
    match kind(value):
        case "null":
            return ""
        case "text":
            return _UNPRINTABLE.sub(" ", value).rstrip()
        case "number":
            return plain(value)
        case "true/false":
            msg = f"an M3 field takes text, number or date, not {show(value)}; write if(condition, '1', '0')"
            raise EvaluationError(msg)
        case _:
            msg = f"an M3 field takes text, number or date, not {show(value)}"
            raise EvaluationError(msg)


def _text_writer(length: int | None, *, truncate: bool) -> Callable[[Json], str]:
    longest = length or sys.maxsize

    def write(value: Json) -> str:
        if type(value) is str and len(value) <= longest and value.isprintable():
            return value.rstrip()
        return fitted(_plain_text(value), length, truncate=truncate)

    return write


def _number(value: Json, *, decimals: int | None, length: int | None) -> str:
    written = _plain_text(value)
    if not written:
        return ""
    if isinstance(value, str):
        written = _number_in(written)
    places = len(written.partition(".")[2])
    if decimals is not None and places > decimals:
        msg = f"{written} has {places} decimal places, the field {decimals}; use round_to()"
        raise EvaluationError(msg)
    return fitted(written, length)


def _number_in(text: str) -> str:
    stripped = text.strip()
    if _NUMBER.fullmatch(stripped) is None:
        msg = f"{show(text)} is not a number, which the field takes; digits and one point are"
        raise EvaluationError(msg)
    return plain(Decimal(stripped))


def _day(value: Json) -> str:
    text = _plain_text(value)
    if not text:
        return ""
    stripped = text.strip()
    if _DAY.fullmatch(stripped):
        try:
            date(int(stripped[:4]), int(stripped[4:6]), int(stripped[6:]))
        except ValueError:
            pass
        else:
            return stripped
    hint = "; m3_date() makes one of it" if _ISO.match(stripped) else ""
    msg = f"{show(text)} is not a date like 20261123{hint}"
    raise EvaluationError(msg)
