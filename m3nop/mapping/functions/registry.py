"""What a function is: its signature, its documentation, and what its arguments have to be.

A signature reads ``name(text: text?, width: whole, fill: text = ' ') -> text?``. ``text?`` means that null
gives null, ``text|null`` that the function takes null itself, ``values...`` that the parameter repeats, and
``=`` what an argument left out means. ``expr`` is an expression reference (``&price``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.core.json import Json
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.values import kind, show, text_of

if TYPE_CHECKING:
    from m3nop.mapping.context import Context

Frame = tuple[Json, "Context"]
"""The root and the context of one evaluation."""
Code = Callable[[Json, Frame], Json]
"""A compiled node: takes the current value and the frame."""


class Constant(Struct, frozen=True):
    """The code of what is the same for every record."""

    value: Json

    def __call__(self, _value: Json, _frame: Frame) -> Json:
        """Give it."""
        return self.value


LARGEST_WHOLE = 1_000_000

_KINDS: Mapping[str, frozenset[str]] = {
    "any": frozenset({"null", "true/false", "number", "text", "list", "object"}),
    "scalar": frozenset({"true/false", "number", "text"}),
    "text": frozenset({"text"}),
    "number": frozenset({"number"}),
    "whole": frozenset({"number"}),
    "bool": frozenset({"true/false"}),
    "list": frozenset({"list"}),
    "object": frozenset({"object"}),
    "null": frozenset({"null"}),
    "expr": frozenset(),
}
_TYPES: Mapping[str, tuple[type, ...]] = {
    "null": (type(None),),
    "true/false": (bool,),
    "number": (int, Decimal),
    "text": (str,),
    "list": (list, tuple),
    "object": (dict,),
}
"""The types of nearly all values of a kind; what else there is, ``kind`` knows."""
_WORDS = {"whole": "a whole number", "bool": "true or false", "scalar": "text, number or true/false"}
_SIGNATURE = re.compile(r"(?P<name>\w+)\((?P<parameters>.*)\) -> (?P<result>\S+)")
_PARAMETER = re.compile(
    r"(?P<name>\w+)(?P<repeats>\.\.\.)?: (?P<kinds>[\w|]+)(?P<nullable>\?)?( = (?P<default>.+))?"
)


def _text(value: Json) -> str | None:
    if type(value) is str:
        return value
    return text_of(value) if kind(value) in ("number", "text") else None


def _whole(value: Json) -> int | None:
    if kind(value) != "number" or abs(value) > LARGEST_WHOLE or value != int(value):
        return None
    return int(value)


def as_it_is(value: Json) -> Json:
    """Take any value."""
    return value


_CONVERSIONS: Mapping[str, Callable[[Json], Json]] = {"text": _text, "whole": _whole}
"""Kinds whose arguments are brought into one form; None refuses them."""


class Mode(Enum):
    """How a function is handed its arguments."""

    VALUES = "values"
    CONTEXT = "context"
    """Values, after the context."""
    LAZY = "lazy"
    """As code, once: it gives the code of the call."""


class Parameter(Struct, frozen=True):
    """One parameter of a function."""

    name: str
    kinds: tuple[str, ...]
    null_gives_null: bool = False
    repeats: bool = False
    optional: bool = False

    @property
    def is_expression(self) -> bool:
        """Whether it takes an expression reference."""
        return self.kinds == ("expr",)

    @property
    def passing(self) -> frozenset[type]:
        """The types of values that it takes as they are, without being asked."""
        kinds = frozenset().union(*(_KINDS[name] for name in self.kinds))
        given = [name for name in self.kinds if name != "null"]
        if len(given) == 1 and given[0] in _CONVERSIONS:
            kinds = (kinds & _KINDS["null"]) | (_KINDS["text"] if given == ["text"] else frozenset())
        if self.null_gives_null:
            kinds -= _KINDS["null"]
        return frozenset(of for name in kinds for of in _TYPES[name])

    def taker(self, function: str) -> Callable[[Json], Json]:
        """Return what checks an argument and brings it into the form that the function takes."""
        wanted = frozenset().union(*(_KINDS[name] for name in self.kinds))
        label = " or ".join(_WORDS.get(name, name) for name in self.kinds)

        given = tuple(name for name in self.kinds if name != "null")
        convert = _CONVERSIONS.get(given[0]) if len(given) == 1 else None
        unchanged = wanted if convert is None else wanted & _KINDS["null"]

        def take(value: Json) -> Json:
            if kind(value) in unchanged:
                return value
            converted = convert(value) if convert is not None else None
            if converted is not None:
                return converted
            hint = "; default() gives null a value" if value is None else ""
            msg = f"{function}() needs {label} as `{self.name}`, not {show(value)}{hint}"
            raise EvaluationError(msg)

        return as_it_is if self.kinds == ("any",) else take


class Example(Struct, frozen=True):
    """A documented use: an expression, what it gives, and the root it is evaluated on."""

    expression: str
    result: Json
    root: Mapping[str, Json]


class FunctionInfo(Struct, frozen=True):
    """A function of the mapping language.

    ``passes`` are the positions of arguments that the result is made of, so that reading a member of the
    result reads it there. ``through_reference`` says that items of its list are seen by the reference
    alone. ``tables`` are the lookups it needs.
    """

    name: str
    family: str
    signature: str
    doc: str
    example: Example
    parameters: tuple[Parameter, ...]
    result: str
    run: Callable[..., Json]
    mode: Mode = Mode.VALUES
    passes: tuple[int, ...] = ()
    through_reference: bool = False
    tables: frozenset[str] = frozenset()
    standard: bool = False
    """Whether JMESPath itself has it."""

    @property
    def least(self) -> int:
        """The smallest number of arguments."""
        return sum(not parameter.optional for parameter in self.parameters)

    @property
    def most(self) -> int | None:
        """The largest number of arguments, None if there is none."""
        if self.parameters and self.parameters[-1].repeats:
            return None
        return len(self.parameters)

    @property
    def takes_reference(self) -> bool:
        """Whether one of its parameters is an expression reference."""
        return any(parameter.is_expression for parameter in self.parameters)

    def parameter(self, index: int) -> Parameter:
        """Return the parameter that the argument at ``index`` belongs to."""
        return self.parameters[min(index, len(self.parameters) - 1)]


class Family:
    """Collects the functions of one module."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.functions: list[FunctionInfo] = []

    def function(
        self,
        signature: str,
        doc: str,
        example: str,
        result: Json,
        *,
        root: Mapping[str, Json] | None = None,
        mode: Mode = Mode.VALUES,
        passes: Sequence[int] = (),
        through_reference: bool = False,
        tables: Sequence[str] = (),
        standard: bool = False,
    ) -> Callable[[Callable[..., Json]], Callable[..., Json]]:
        """Register what follows as a function of the mapping language."""

        def register(run: Callable[..., Json]) -> Callable[..., Json]:
            name, parameters, gives = parse_signature(signature)
            info = FunctionInfo(
                name=name,
                family=self.name,
                signature=signature,
                doc=doc,
                parameters=parameters,
                result=gives,
                example=Example(example, result, root or {}),
                run=run,
                mode=mode,
                passes=tuple(passes),
                through_reference=through_reference,
                tables=frozenset(tables),
                standard=standard,
            )
            self.functions.append(info)
            return run

        return register


def parse_signature(text: str) -> tuple[str, tuple[Parameter, ...], str]:
    """Split a signature into name, parameters and what the function gives.

    Raises:
        ValueError: it is not one.
    """
    match = _SIGNATURE.fullmatch(text)
    if match is None:
        msg = f"{text!r} is not a signature"
        raise ValueError(msg)
    parts = re.split(r", (?=\w+(?:\.\.\.)?: )", match["parameters"]) if match["parameters"] else []
    return match["name"], tuple(_parameter(part) for part in parts), match["result"]


def _parameter(text: str) -> Parameter:
    match = _PARAMETER.fullmatch(text)
    kinds = tuple(match["kinds"].split("|")) if match else ()
    if match is None or not set(kinds) <= _KINDS.keys():
        msg = f"{text!r} is not a parameter"
        raise ValueError(msg)
    return Parameter(
        name=match["name"],
        kinds=kinds,
        null_gives_null=bool(match["nullable"]),
        repeats=bool(match["repeats"]),
        optional=match["default"] is not None,
    )
