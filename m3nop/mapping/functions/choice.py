"""Functions that choose. ``if``, ``case``, ``coalesce`` and ``default`` evaluate only what they give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.functions.registry import Code, Family, Frame, Mode
from m3nop.mapping.values import is_blank, kind, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.core.json import Json

FAMILY = Family("choice")

_TYPES = {
    "null": "null", "true/false": "boolean", "number": "number", "text": "string", "list": "array",
    "object": "object",
}  # fmt: skip


@FAMILY.function(
    "if(condition: bool, then: any, else: any = null) -> any",
    "Give one of two values; the other is not evaluated.",
    "if(`true`, 'paid', 'open')",
    "paid",
    mode=Mode.LAZY,
    passes=(1, 2),
)
def _if(arguments: Sequence[Code], value: Json, frame: Frame) -> Json:
    chosen = 1 if _truth("if", arguments[0](value, frame)) else 2
    return arguments[chosen](value, frame) if chosen < len(arguments) else None


@FAMILY.function(
    "case(condition: bool, then: any, more...: any = nothing) -> any",
    "Give the value behind the first condition that is true; a last value alone is for none, else null.",
    "case(`false`, 'small', `true`, 'large', 'none')",
    "large",
    mode=Mode.LAZY,
)
def _case(arguments: Sequence[Code], value: Json, frame: Frame) -> Json:
    for index in range(0, len(arguments) - 1, 2):
        if _truth("case", arguments[index](value, frame)):
            return arguments[index + 1](value, frame)
    return arguments[-1](value, frame) if len(arguments) % 2 else None


@FAMILY.function(
    "coalesce(values...: any) -> any",
    "Give the first value that is not null.",
    "coalesce(`null`, '', 'x')",
    "",
    mode=Mode.LAZY,
    passes=(0,),
)
def _coalesce(arguments: Sequence[Code], value: Json, frame: Frame) -> Json:
    for argument in arguments:
        found = argument(value, frame)
        if found is not None:
            return found
    return None


@FAMILY.function(
    "default(value: any, instead: any) -> any",
    "Give the value, or another where it is blank.",
    "default('  ', 'none')",
    "none",
    mode=Mode.LAZY,
    passes=(0, 1),
)
def _default(arguments: Sequence[Code], value: Json, frame: Frame) -> Json:
    found = arguments[0](value, frame)
    return arguments[1](value, frame) if is_blank(found) else found


@FAMILY.function(
    "not_null(values...: any) -> any",
    "Give the first value that is not null.",
    "not_null(`null`, `2`)",
    2,
    passes=(0,),
    standard=True,
)
def _not_null(*values: Json) -> Json:
    return next((value for value in values if value is not None), None)


@FAMILY.function(
    "is_blank(value: any) -> bool",
    "Tell whether it is null, text of blanks only, an empty list or object.",
    "is_blank('  ')",
    result=True,
)
def _is_blank(value: Json) -> bool:
    return is_blank(value)


@FAMILY.function(
    "null_if_blank(value: any) -> any",
    "Give null for a blank value, else the value.",
    "null_if_blank('')",
    None,
    passes=(0,),
)
def _null_if_blank(value: Json) -> Json:
    return None if is_blank(value) else value


@FAMILY.function(
    "if_told(value: any) -> any",
    "Give the value, or null where the shop's dialect does not tell the field, which is else a problem.",
    "if_told(order.coupon_codes)",
    None,
    root={"order": {"id": 1}},
    passes=(0,),
)
def _if_told(value: Json) -> Json:
    return value


@FAMILY.function(
    "not(condition: bool) -> bool", "Turn true into false and false into true.", "not(`false`)", result=True
)
def _not(condition: bool) -> bool:  # noqa: FBT001
    return not condition


@FAMILY.function(
    "type(value: any) -> text",
    "Name the type: string, number, boolean, array, object or null.",
    "type(`1.5`)",
    "number",
    standard=True,
)
def _type(value: Json) -> str:
    name = kind(value)
    if name not in _TYPES:
        msg = f"a {name} is no value of the mapping language"
        raise EvaluationError(msg)
    return _TYPES[name]


@FAMILY.function(
    "root() -> object",
    "Give the root, from inside a projection, filter or expression reference.",
    "lines[?item == root().wanted].quantity",
    [3],
    root={"wanted": "A", "lines": [{"item": "A", "quantity": 3}, {"item": "B", "quantity": 1}]},
    mode=Mode.LAZY,
)
def _root(_arguments: Sequence[Code], _value: Json, frame: Frame) -> Json:
    return frame[0]


def _truth(function: str, value: Json) -> bool:
    if value is True or value is False:
        return value
    msg = f"{function}() needs a condition that is true or false, not {show(value)}"
    raise EvaluationError(msg)
