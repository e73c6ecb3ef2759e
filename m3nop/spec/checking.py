"""Checks a tree against a model, and turns what Pydantic finds into problems at their places."""

from __future__ import annotations

import re
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from m3nop.core.problems import Problem
from m3nop.spec.suggest import suggest
from m3nop.spec.tree import Loc, Node, ScalarNode, find, locate, plain, without

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)

_EXPECTED = re.compile(r"'([^']*)'")
_MESSAGES = {
    "string_type": "text is expected here",
    "dict_type": "a mapping is expected here",
    "model_type": "a mapping is expected here",
    "model_attributes_type": "a mapping is expected here",
    "list_type": "a list is expected here",
    "bool_type": "true or false is expected here",
    "bool_parsing": "true or false is expected here",
    "int_type": "a whole number is expected here",
    "int_parsing": "a whole number is expected here",
    "too_short": "at least one is needed here",
}
_OWN = frozenset(
    {
        "address",
        "clear-secret",
        "expression",
        "duration",
        "instant",
        "schedule",
        "id-form",
        "target-form",
        "wrong-value",
    }
)


def check(model: type[Model], node: Node, problems: list[Problem], *, data: object = None) -> Model | None:
    """Validate a tree; on failure add a problem for each finding and return None.

    ``data`` is given where the model takes something else than the plain values of the tree.
    """
    try:
        return model.model_validate(plain(node) if data is None else data)
    except ValidationError as error:
        problems.extend(
            _problem(model, node, detail) for detail in error.errors() if not _unresolved(node, detail)
        )
        return None


def salvage(model: type[Model], node: Node) -> tuple[Model, Node] | None:
    """Leave out what is wrong, so that the rest can be checked too; None where something is missing."""
    try:
        model.model_validate(plain(node))
    except ValidationError as error:
        for detail in error.errors():
            loc = _steps(node, detail["loc"])
            if detail["type"] == "missing" or not loc:
                return None
            node = without(node, loc)
    try:
        return model.model_validate(plain(node)), node
    except ValidationError:
        return None


def _unresolved(node: Node, detail: ErrorDetails) -> bool:
    found = find(node, _steps(node, detail["loc"]))
    return isinstance(found, ScalarNode) and found.unresolved


def _steps(node: Node, loc: Loc) -> Loc:
    """Leave out the parts of a Pydantic location that are no keys of the file."""
    kept: list[str | int] = []
    for part in loc:
        if find(node, (*kept, part)) is not None:
            kept.append(part)
    return tuple(kept)


def _problem(model: type[BaseModel], node: Node, detail: ErrorDetails) -> Problem:
    loc, kind = detail["loc"], detail["type"]
    if kind == "extra_forbidden":
        name = str(loc[-1])
        hint = suggest(name, _keys(model, loc[:-1]))
        return Problem(locate(node, loc, key=True), "unknown-key", f"unknown key '{name}'", hint)
    if kind == "missing":
        return Problem(locate(node, loc[:-1]), "missing-key", f"the key '{loc[-1]}' is missing")
    if loc and loc[-1] == "[key]":
        return Problem(locate(node, loc[:-1], key=True), kind, detail["msg"])
    if kind == "literal_error":
        return _unknown_value(node, detail)
    if kind in _OWN:
        message, _, hint = detail["msg"].partition("; ")
        return Problem(locate(node, loc), kind, message, hint)
    return Problem(locate(node, loc), "wrong-value", _message(detail))


def _unknown_value(node: Node, detail: ErrorDetails) -> Problem:
    expected = str(detail["ctx"]["expected"])
    given = str(detail["input"])
    hint = suggest(given, _EXPECTED.findall(expected)) or f"it is one of {expected}"
    return Problem(locate(node, detail["loc"]), "unknown-value", f"'{given}' is not known here", hint)


def _message(detail: ErrorDetails) -> str:
    said = detail["msg"].removeprefix("Value error, ")
    return _MESSAGES.get(detail["type"], said[:1].lower() + said[1:])


def _keys(model: type[BaseModel], loc: Loc) -> list[str]:
    """Name the keys of the model that ``loc`` leads to."""
    at: list[Any] = [model]
    for part in loc:
        at = [found for annotation in at for found in _step(annotation, part)] or at
    return [
        field.alias or name
        for annotation in at
        for found in _models(annotation)
        for name, field in found.model_fields.items()
    ]


def _step(annotation: object, part: str | int) -> Iterator[Any]:
    for found in _models(annotation):
        for name, field in found.model_fields.items():
            if part in (name, field.alias):
                yield field.annotation
    for inner in _flat(annotation):
        if get_origin(inner) in (list, dict, tuple):
            yield get_args(inner)[-1]


def _models(annotation: object) -> list[type[BaseModel]]:
    return [a for a in _flat(annotation) if isinstance(a, type) and issubclass(a, BaseModel)]


def _flat(annotation: object) -> Iterator[Any]:
    """Take unions and ``Annotated`` apart."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _flat(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for inner in get_args(annotation):
            yield from _flat(inner)
    else:
        yield annotation
