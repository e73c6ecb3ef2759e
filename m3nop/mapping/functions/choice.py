"""Functions that choose. ``if``, ``case``, ``coalesce`` and ``default`` evaluate only what they give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.functions.registry import Code, Constant, Family, Frame, Mode
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
def _if(arguments: Sequence[Code]) -> Code:
    condition, then, *rest = arguments
    otherwise = rest[0] if rest else Constant(None)

    def code(value: Json, frame: Frame) -> Json:
        held = condition(value, frame)
        if held is True or (held is not False and _truth("if", held)):
            return then(value, frame)
        return otherwise(value, frame)

    return code


@FAMILY.function(
    "case(condition: bool, then: any, more...: any = nothing) -> any",
    "Give the value behind the first condition that is true; a last value alone is for none, else null.",
    "case(`false`, 'small', `true`, 'large', 'none')",
    "large",
    mode=Mode.LAZY,
)
def _case(arguments: Sequence[Code]) -> Code:
    branches = list(zip(arguments[::2], arguments[1::2], strict=False))
    otherwise = arguments[-1] if len(arguments) % 2 else Constant(None)

    def code(value: Json, frame: Frame) -> Json:
        for condition, then in branches:
            if _truth("case", condition(value, frame)):
                return then(value, frame)
        return otherwise(value, frame)

    return code


@FAMILY.function(
    "coalesce(values...: any) -> any",
    "Give the first value that is not null.",
    "coalesce(`null`, '', 'x')",
    "",
    mode=Mode.LAZY,
    passes=(0,),
)
def _coalesce(arguments: Sequence[Code]) -> Code:
    def code(value: Json, frame: Frame) -> Json:
        for argument in arguments:
            found = argument(value, frame)
            if found is not None:
                return found
        return None

    return code


@FAMILY.function(
    "default(value: any, instead: any) -> any",
    "Give the value, or another where it is blank.",
    "default('  ', 'none')",
    "none",
    mode=Mode.LAZY,
    passes=(0, 1),
)
def _default(arguments: Sequence[Code]) -> Code:
    first, instead = arguments

    def code(value: Json, frame: Frame) -> Json:
        found = first(value, frame)
        return instead(value, frame) if is_blank(found) else found

    return code


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
def _root(_arguments: Sequence[Code]) -> Code:
    return lambda _value, frame: frame[0]


def _truth(function: str, value: Json) -> bool:
    if value is True or value is False:
        return value
    msg = f"{function}() needs a condition that is true or false, not {show(value)}"
    raise EvaluationError(msg)
