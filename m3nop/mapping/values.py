"""What values are in the mapping language: their names, texts, equality and order.

A number is an ``int`` or a ``Decimal``; nothing here makes or takes a float.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from m3nop.mapping.errors import EvaluationError

if TYPE_CHECKING:
    from m3nop.core.json import Json

DIGITS = 100
"""The longest number, counted in digits of its plain notation."""

_NAMES: dict[type, str] = {
    type(None): "null",
    bool: "true/false",
    int: "number",
    Decimal: "number",
    str: "text",
    list: "list",
    tuple: "list",
    dict: "object",
}
_SCALARS = frozenset({str, int, bool, Decimal})
_SHOWN = 60


def kind(value: Json) -> str:
    """Name what a value is: null, true/false, number, text, list or object."""
    name = _NAMES.get(type(value))
    if name is not None:
        return name
    return "object" if isinstance(value, Mapping) else type(value).__name__


def show(value: Json) -> str:
    """Describe a value for an error message, cut to a readable length."""
    name = kind(value)
    if name == "null":
        return name
    if name not in ("text", "number", "true/false"):
        return f"{'an' if name == 'object' else 'a'} {name}"
    shown = repr(value) if name == "text" else str(value).lower()
    return f"{name} {shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + '…'}"


def plain(number: int | Decimal) -> str:
    """Write a number without exponent, trailing zeros or a negative zero.

    Raises:
        EvaluationError: it has more than 100 digits.
    """
    if isinstance(number, int):
        if number.bit_length() > DIGITS * 10 // 3:
            raise _too_long()
        return str(number)
    if not number:
        return "0"
    text = str(number)
    if len(text) <= DIGITS and "E" not in text and number.is_finite():
        return text.rstrip("0").rstrip(".") if "." in text else text
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or number.adjusted() >= DIGITS or exponent < -DIGITS:
        raise _too_long()
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def text_of(value: Json) -> str:
    """Write a scalar as text: null is blank, true and false are words, numbers are plain.

    Raises:
        EvaluationError: it is a list or an object.
    """
    if type(value) is str:
        return value
    match kind(value):
        case "text":
            return str(value)
        case "number":
            return plain(value)
        case "null":
            return ""
        case "true/false":
            return "true" if value else "false"
        case _:
            msg = f"{show(value)} has no text; name one value of it"
            raise EvaluationError(msg)


def json_text(value: Json) -> str:
    """Write compact JSON with exact numbers, members in their own order."""
    match kind(value):
        case "number":
            return plain(value)
        case "list":
            return f"[{','.join(json_text(item) for item in value)}]"
        case "object":
            members = (
                f"{json.dumps(str(name), ensure_ascii=False)}:{json_text(item)}"
                for name, item in value.items()
            )
            return f"{{{','.join(members)}}}"
        case "text" | "null" | "true/false":
            return json.dumps(value, ensure_ascii=False)
        case other:
            msg = f"a {other} cannot be written as JSON"
            raise EvaluationError(msg)


def is_false(value: Json) -> bool:
    """Tell whether JMESPath takes a value as false: null, false, or empty text, list or object."""
    if value is None or value is False:
        return True
    if value is True:
        return False
    return kind(value) in ("text", "list", "object") and not value


def is_blank(value: Json) -> bool:
    """Tell whether there is nothing in a value: null, text of blanks only, an empty list or object."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (kind(value) in ("list", "object") and not value)


def same(left: Json, right: Json) -> bool:
    """Tell whether two values are equal, all the way down; unlike types never are."""
    name = kind(left)
    if name != kind(right):
        return False
    if name == "list":
        return len(left) == len(right) and all(map(same, left, right))
    if name == "object":
        return left.keys() == right.keys() and all(same(item, right[key]) for key, item in left.items())
    return bool(left == right)


def equal(left: Json, right: Json) -> bool:
    """Compare by ``==``: anything may be compared with null, else only like with like.

    Raises:
        EvaluationError: the types are unlike, which names both.
    """
    if left is None or right is None:
        return left is right
    if type(left) is type(right) and type(left) in _SCALARS:
        return bool(left == right)
    if kind(left) != kind(right):
        raise unlike(left, right)
    return same(left, right)


def check_ordered(left: Json, right: Json) -> None:
    """Let only two numbers or two texts be put in order.

    Raises:
        EvaluationError: they are something else.
    """
    name = kind(left)
    if name != kind(right):
        raise unlike(left, right)
    if name not in ("number", "text"):
        msg = f"{show(left)} and {show(right)} have no order; only numbers and texts have"
        raise EvaluationError(msg)


def unlike(left: Json, right: Json) -> EvaluationError:
    """Make the error that names two values of unlike types."""
    hint = ""
    if {kind(left), kind(right)} == {"number", "text"}:
        hint = "; decimal() makes a number of a text, to_string() a text of a number"
    elif left is None or right is None:
        hint = "; default() gives null a value"
    return EvaluationError(f"cannot compare {show(left)} with {show(right)}{hint}")


def unique_key(value: Json) -> Hashable:
    """Return something hashable that equal values, and only they, share."""
    match kind(value):
        case "list":
            return ("list", tuple(unique_key(item) for item in value))
        case "object":
            return ("object", frozenset((name, unique_key(item)) for name, item in value.items()))
        case name:
            return (name, value)


def _too_long() -> EvaluationError:
    return EvaluationError(f"a number has more than {DIGITS} digits")
