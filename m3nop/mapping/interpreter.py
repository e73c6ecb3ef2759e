"""From tree to code: every node becomes a closure over its children, made once.

The rules are JMESPath's, except that comparing unlike types is refused and numbers are exact.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from m3nop.mapping.calls import compile_call, fold
from m3nop.mapping.functions import FUNCTIONS
from m3nop.mapping.functions.registry import Code, Constant, Frame
from m3nop.mapping.values import check_ordered, equal, is_false

if TYPE_CHECKING:
    from m3nop.core.json import Json
    from m3nop.mapping.syntax import Node

_ORDERS: Mapping[str, Callable[[Json, Json], bool]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}


def compile_tree(node: Node) -> Code:
    """Return the code of a tree that was analysed."""
    return _COMPILERS[node["type"]](node)


def _children(node: Node) -> tuple[Code, ...]:
    return tuple(compile_tree(child) for child in node["children"])


def _is_list(value: Json) -> bool:
    return type(value) is list or type(value) is tuple


def _field(node: Node) -> Code:
    return _path([str(node["value"])])


def _path(names: Sequence[str]) -> Code:
    if len(names) == 1:
        return _member(names[0])
    if len(names) == 2:  # noqa: PLR2004  a.b, such as order.id: the commonest path
        return _member_of_member(*names)

    def code(value: Json, _frame: Frame) -> Json:
        for name in names:
            if type(value) is dict or isinstance(value, Mapping):
                value = value.get(name)
            else:
                return None
        return value

    return code


def _member(name: str) -> Code:
    def code(value: Json, _frame: Frame) -> Json:
        if type(value) is dict or isinstance(value, Mapping):
            return value.get(name)
        return None

    return code


def _member_of_member(first: str, second: str) -> Code:
    def code(value: Json, _frame: Frame) -> Json:
        if type(value) is dict or isinstance(value, Mapping):
            value = value.get(first)
            if type(value) is dict or isinstance(value, Mapping):
                return value.get(second)
        return None

    return code


def _chain(node: Node) -> Code:
    if all(child["type"] == "field" for child in node["children"]):
        return _path([str(child["value"]) for child in node["children"]])
    steps = _children(node)

    def code(value: Json, frame: Frame) -> Json:
        for step in steps:
            value = step(value, frame)
        return value

    return code


def _current(_node: Node) -> Code:
    return lambda value, _frame: value


def _literal(node: Node) -> Code:
    return Constant(node["value"])


def _index(node: Node) -> Code:
    index = node["value"]

    def code(value: Json, _frame: Frame) -> Json:
        return value[index] if _is_list(value) and -len(value) <= index < len(value) else None

    return code


def _slice(node: Node) -> Code:
    cut = slice(*node["children"])
    return lambda value, _frame: list(value[cut]) if _is_list(value) else None


def _projection(node: Node) -> Code:
    source, right = _children(node)

    def code(value: Json, frame: Frame) -> Json:
        items = source(value, frame)
        if not _is_list(items):
            return None
        found = (right(item, frame) for item in items)
        return [one for one in found if one is not None]

    return code


def _value_projection(node: Node) -> Code:
    source, right = _children(node)

    def code(value: Json, frame: Frame) -> Json:
        members = source(value, frame)
        if not isinstance(members, Mapping):
            return None
        found = (right(item, frame) for item in members.values())
        return [one for one in found if one is not None]

    return code


def _filter_projection(node: Node) -> Code:
    source, right, condition = _children(node)

    def code(value: Json, frame: Frame) -> Json:
        items = source(value, frame)
        if not _is_list(items):
            return None
        found = (right(item, frame) for item in items if not is_false(condition(item, frame)))
        return [one for one in found if one is not None]

    return code


def _flatten(node: Node) -> Code:
    (source,) = _children(node)

    def code(value: Json, frame: Frame) -> Json:
        items = source(value, frame)
        if not _is_list(items):
            return None
        flat: list[Json] = []
        for item in items:
            if _is_list(item):
                flat.extend(item)
            else:
                flat.append(item)
        return flat

    return code


def _multi_select_list(node: Node) -> Code:
    parts = _children(node)
    return lambda value, frame: None if value is None else [part(value, frame) for part in parts]


def _multi_select_dict(node: Node) -> Code:
    parts = [(str(child["value"]), compile_tree(child["children"][0])) for child in node["children"]]
    return lambda value, frame: None if value is None else {name: part(value, frame) for name, part in parts}


def _or(node: Node) -> Code:
    left, right = _children(node)

    def code(value: Json, frame: Frame) -> Json:
        first = left(value, frame)
        return right(value, frame) if is_false(first) else first

    return fold(code, left, right)


def _and(node: Node) -> Code:
    left, right = _children(node)

    def code(value: Json, frame: Frame) -> Json:
        first = left(value, frame)
        return first if is_false(first) else right(value, frame)

    return fold(code, left, right)


def _not(node: Node) -> Code:
    (operand,) = _children(node)
    return fold(lambda value, frame: is_false(operand(value, frame)), operand)


def _comparator(node: Node) -> Code:
    left, right = _children(node)
    match node["value"]:
        case "eq":
            return lambda value, frame: equal(left(value, frame), right(value, frame))
        case "ne":
            return lambda value, frame: not equal(left(value, frame), right(value, frame))
        case name:
            return _ordering(left, right, _ORDERS[name])


def _ordering(left: Code, right: Code, holds: Callable[[Json, Json], bool]) -> Code:
    def code(value: Json, frame: Frame) -> Json:
        first, second = left(value, frame), right(value, frame)
        check_ordered(first, second)
        return holds(first, second)

    return code


def _call(node: Node) -> Code:
    # An expression reference is compiled as what it refers to; the call hands it over as a function.
    arguments = (child["children"][0] if child["type"] == "expref" else child for child in node["children"])
    return compile_call(FUNCTIONS[node["value"]], [compile_tree(argument) for argument in arguments])


_COMPILERS: Mapping[str, Callable[[Node], Code]] = {
    "field": _field,
    "subexpression": _chain,
    "index_expression": _chain,
    "pipe": _chain,
    "current": _current,
    "identity": _current,
    "literal": _literal,
    "index": _index,
    "slice": _slice,
    "projection": _projection,
    "value_projection": _value_projection,
    "filter_projection": _filter_projection,
    "flatten": _flatten,
    "multi_select_list": _multi_select_list,
    "multi_select_dict": _multi_select_dict,
    "or_expression": _or,
    "and_expression": _and,
    "not_expression": _not,
    "comparator": _comparator,
    "function_expression": _call,
}
