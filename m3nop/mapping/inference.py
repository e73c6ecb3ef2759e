"""Works out the shape of an expression's value from the shapes of what it reads."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from m3nop.mapping.errors import ExpressionError
from m3nop.mapping.functions import FUNCTIONS
from m3nop.mapping.shapes import (
    DAY,
    EVERY_KIND,
    INSTANT,
    NULL,
    NUMBER,
    TRUTH,
    UNKNOWN,
    Shape,
    constant,
    cut,
    either,
    joined,
    list_of,
    object_of,
    text,
    without_null,
)
from m3nop.mapping.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from m3nop.mapping.syntax import Node


class Surroundings(Struct, frozen=True):
    """What an expression stands in: the shapes of the root's members, and of the values of lookups."""

    root: Callable[[str], Shape]
    lookup: Callable[[str, str | None], Shape]
    """Takes the name of a lookup and a column."""


def shape_of(expression: str, surroundings: Surroundings) -> Shape:
    """Return what the value of a compiled expression can be."""
    root = object_of(surroundings.root)
    return _Inference(surroundings, root).shape(parse(expression), root)


def is_literal(expression: str) -> bool:
    """Tell whether an expression is one constant as it stands."""
    try:
        return bool(parse(expression)["type"] == "literal")
    except ExpressionError:
        return False


class _Inference:
    def __init__(self, surroundings: Surroundings, root: Shape) -> None:
        self._surroundings = surroundings
        self._root = root
        self._nodes: Mapping[str, Callable[[Node, Shape], Shape]] = {
            "field": lambda node, here: here.of(str(node["value"])),
            "literal": lambda node, _: constant(node["value"]),
            "index": lambda _, here: either([here.each, NULL]),
            "slice": lambda _, here: list_of(here.each),
            "subexpression": self._chain,
            "index_expression": self._chain,
            "pipe": self._chain,
            "projection": self._projection,
            "filter_projection": self._projection,
            "flatten": self._flatten,
            "multi_select_list": self._list,
            "multi_select_dict": self._object,
            "or_expression": self._either,
            "and_expression": self._either,
            "function_expression": self._call,
            **dict.fromkeys(("current", "identity"), lambda _, here: here),
            **dict.fromkeys(("comparator", "not_expression"), lambda _, __: TRUTH),
        }

    def shape(self, node: Node, here: Shape) -> Shape:
        """Return the shape of a node's value, where ``here`` is the current one."""
        return self._nodes.get(node["type"], _unknown)(node, here)

    def _chain(self, node: Node, here: Shape) -> Shape:
        for child in node["children"]:
            here = self.shape(child, here)
        return here

    def _projection(self, node: Node, here: Shape) -> Shape:
        source, right, *_ = node["children"]
        return list_of(self.shape(right, self.shape(source, here).each))

    def _flatten(self, node: Node, here: Shape) -> Shape:
        return list_of(_flat(self.shape(node["children"][0], here).each))

    def _list(self, node: Node, here: Shape) -> Shape:
        return list_of(either(self.shape(child, here) for child in node["children"]))

    def _object(self, node: Node, here: Shape) -> Shape:
        pairs = {str(pair["value"]): pair["children"][0] for pair in node["children"]}
        return object_of(lambda name: self.shape(pairs[name], here) if name in pairs else NULL)

    def _either(self, node: Node, here: Shape) -> Shape:
        return either(self.shape(child, here) for child in node["children"])

    def _call(self, node: Node, here: Shape) -> Shape:
        name = str(node["value"])
        given = [
            UNKNOWN if child["type"] == "expref" else self.shape(child, here) for child in node["children"]
        ]
        if name == "root":
            return self._root
        if name in _CODES:
            return self._surroundings.lookup(_CODES[name], None)
        return self._lookup(given) if name == "lookup" else _given_by(name, given)

    def _lookup(self, given: list[Shape]) -> Shape:
        names = [shape.constant[0] if shape.constant else None for shape in given]
        if not isinstance(names[0], str):
            return UNKNOWN
        return self._surroundings.lookup(names[0], names[2] if names[2:] else None)


def _unknown(_node: Node, _here: Shape) -> Shape:
    return UNKNOWN


def _given_by(name: str, given: list[Shape]) -> Shape:
    rule = _RULES.get(name)
    if rule is not None:
        return rule(given)
    return _ALWAYS[name] if name in _ALWAYS else _promised(FUNCTIONS[name].result)


def _promised(written: str) -> Shape:
    """Return the shape that a signature promises."""
    kinds = [_PROMISES.get(word, UNKNOWN) for word in written.removesuffix("?").split("|")]
    return either([*kinds, *([NULL] if written.endswith("?") else [])])


def _as_text(shape: Shape) -> Shape:
    return replace(shape, kinds=shape.kinds - {"number"} | {"text"}, constant=())


def _part(shape: Shape) -> Shape:
    """Return the shape of a piece of a text."""
    return replace(cut(shape, None), surely=0, typed=shape.typed)


def _padded(given: list[Shape]) -> Shape:
    shape, width = _as_text(given[0]), given[1].count
    if width is None:
        return replace(shape, longest=None)
    longest = None if shape.longest is None else max(shape.longest, width)
    return replace(shape, longest=longest, surely=max(shape.surely, width))


def _replaced(shape: Shape, *, old: int, new: Shape) -> Shape:
    """Return the shape of a text in which something of at least ``old`` characters is replaced."""
    shorter = new.longest is not None and new.longest <= old
    return _part(shape) if shorter else replace(_part(shape), longest=None)


def _case(given: list[Shape]) -> Shape:
    """Return what ``case(condition, then, ..., else)`` gives."""
    complete = len(given) % 2 == 1
    return either([*given[1::2], given[-1] if complete else NULL])


def _first_of(given: list[Shape]) -> Shape:
    *others, last = given
    return either([*(without_null(shape) for shape in others), last])


def _flat(items: Shape) -> Shape:
    """Return the items of a list whose lists are taken apart."""
    if items.kinds == EVERY_KIND and items.items is None:
        return UNKNOWN
    whole = replace(items, kinds=items.kinds - {"list"}, items=None)
    return either([items.each, whole]) if "list" in items.kinds else items


_PROMISES: Mapping[str, Shape] = MappingProxyType(
    {"number": NUMBER, "text": text(), "bool": TRUTH, "list": list_of(UNKNOWN), "null": NULL}
)
_CODES: Mapping[str, str] = MappingProxyType(
    {name: next(iter(info.tables)) for name, info in FUNCTIONS.items() if info.tables and name != "uom"}
)
"""Functions that give a value of the one lookup that they read."""
_ALWAYS: Mapping[str, Shape] = MappingProxyType(
    {
        "m3_date": DAY,
        "m3_time": text(6),
        "uuid5": text(36, surely=36),
        "sha256": text(64, surely=64),
        **dict.fromkeys(("now", "to_tz", "iso_date", "from_m3_date"), text(form=INSTANT)),
    }
)
_RULES: Mapping[str, Callable[[list[Shape]], Shape]] = MappingProxyType(
    {
        "concat": joined,
        "to_string": lambda given: text() if given[0].kinds & {"list", "object"} else joined(given),
        "join": lambda given: replace(text(form=given[1].each.form), typed=True),
        **dict.fromkeys(("left", "right", "truncate"), lambda given: cut(given[0], given[1].count)),
        "substr": lambda given: cut(given[0], given[2].count if given[2:] else None),
        "wrap": lambda given: list_of(cut(without_null(given[0]), given[1].count)),
        "split": lambda given: list_of(_part(given[0])),
        "pad_left": _padded,
        "pad_right": _padded,
        "replace": lambda given: _replaced(given[0], old=given[1].surely, new=given[2]),
        "regex_replace": lambda given: _replaced(given[0], old=0, new=given[2]),
        "regex_extract": lambda given: _part(given[0]),
        **dict.fromkeys(
            ("upper", "lower", "title", "trim", "strip_html", "slug"), lambda given: _as_text(given[0])
        ),
        "add_days": lambda given: given[0],
        "later_of": either,
        "earlier_of": either,
        "if": lambda given: either([given[1], given[2] if given[2:] else NULL]),
        "case": _case,
        **dict.fromkeys(("coalesce", "not_null", "default"), _first_of),
        "null_if_blank": lambda given: either([given[0], NULL]),
        **dict.fromkeys(
            ("first", "min_by", "max_by", "find_by", "nth"), lambda given: either([given[0].each, NULL])
        ),
        **dict.fromkeys(("sort", "sort_by", "reverse", "unique"), lambda given: given[0]),
        "flatten": lambda given: list_of(_flat(given[0].each)),
    }
)
