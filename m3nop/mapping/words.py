"""Says in plain words what an expression takes, for people who sign a mapping off and read no JMESPath."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core import json
from m3nop.mapping.errors import ExpressionError
from m3nop.mapping.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.mapping.syntax import Node

PHRASES: Mapping[str, str] = {
    "abs": "the amount of {0}",
    "add_days": "{0} plus {1} days",
    "codes_of": "every code that the lookup {0} turns into {1}",
    "contains": "{0} has {1}",
    "divide": "{0} divided by {1}",
    "if": "{1} if {0}, else {2}",
    "is_blank": "{0} is blank",
    "iso_date": "the date of {0}",
    "join": "{1}, joined by {0}",
    "left": "the first {1} characters of {0}",
    "length": "how many {0} there are",
    "lookup": "what the lookup {0} has for {1}",
    "lower": "{0} in small letters",
    "m3_date": "the day of {0}",
    "m3_time": "the time of day of {0}",
    "multiply": "{0} times {1}",
    "not": "not: {0}",
    "now": "the present time",
    "null_if_blank": "{0} unless blank",
    "pad_left": "{0} filled up on the left with {2} to {1} characters",
    "regex_replace": "{0} with what matches {1} replaced by {2}",
    "replace": "{0} with {1} replaced by {2}",
    "right": "the last {1} characters of {0}",
    "round_to": "{0} rounded to {1} decimals",
    "subtract": "{0} less {1}",
    "sum_by": "the sum of {1} over {0}",
    "take_off": "{0} less {1}, taken off from the first on",
    "trim": "{0} without blanks around it",
    "truncate": "{0} cut to {1} characters",
    "upper": "{0} in capitals",
    "wrap": "{0} in lines of {1} characters",
}
"""Functions with a phrase for their arguments; too few arguments leave the expression as it is."""

CHAINS: Mapping[str, str] = {
    "add": " plus ",
    "coalesce": ", or else ",
    "concat": " followed by ",
    "default": ", or else ",
}
"""Functions whose arguments are said one after the other."""

_COMPARISONS: Mapping[str, str] = {
    "eq": "is", "ne": "is not", "gt": "is more than", "gte": "is at least", "lt": "is less than",
    "lte": "is at most",
}  # fmt: skip
_ROOTS: Mapping[str, str] = {"settings": "the setting", "vars": "the value", "remembered": "the remembered"}


class _NoWordsError(Exception):
    """An expression is better read as it is."""


def in_words(text: str) -> str:
    """Say what an expression takes; where words would be longer than helpful, return the expression."""
    try:
        return _say(parse(text))
    except (_NoWordsError, ExpressionError, IndexError):
        return text


def _say(node: Node) -> str:
    match node["type"]:
        case "field" | "subexpression" | "index_expression":
            return _path(_names(node))
        case "literal":
            return _literal(node["value"])
        case "function_expression":
            return _function(node)
        case "expref":
            return _say(node["children"][0])
        case _:
            return _condition(node)


def _condition(node: Node) -> str:
    match node["type"]:
        case "comparator":
            left, right = node["children"]
            return f"{_say(left)} {_COMPARISONS[str(node['value'])]} {_say(right)}"
        case "and_expression" | "or_expression":
            return f" {str(node['type'])[:3].strip('_')} ".join(map(_apart, node["children"]))
        case _:
            raise _NoWordsError


def _function(node: Node) -> str:
    name, children = str(node["value"]), node["children"]
    if name in CHAINS:
        return CHAINS[name].join(map(_apart, children))
    if name in PHRASES:
        return PHRASES[name].format(*map(_apart, children))
    raise _NoWordsError


def _apart(node: Node) -> str:
    """Put what is made of several parts in parentheses, so that it is read as one."""
    if node["type"] == "expref":
        return _apart(node["children"][0])
    several = node["type"] in ("and_expression", "or_expression") or (
        node["type"] == "function_expression"
        and str(node["value"]) in (*CHAINS, "if", "subtract", "multiply")
    )
    return f"({_say(node)})" if several else _say(node)


def _literal(value: object) -> str:
    if value is None:
        return "nothing"
    return f'"{value}"' if isinstance(value, str) else json.dumps(value)


def _names(node: Node) -> list[str]:
    match node["type"]:
        case "field":
            return [str(node["value"])]
        case "index":
            place = int(node["value"]) + 1
            return [f"number {place}"] if place > 0 else ["last"]
        case "subexpression" | "index_expression":
            return [name for child in node["children"] for name in _names(child)]
        case _:
            raise _NoWordsError


def _path(names: list[str]) -> str:
    root, *rest = names
    if not rest:
        return f"the {_plain(root)}"
    if root in _ROOTS:
        return f"{_ROOTS[root]} {', '.join(rest)}"
    if root == "steps" and len(rest) > 1:
        step, *what = rest
        if what == ["m3"]:
            return f"M3's key from the step {step}"
        if what[0] == "fields" and len(what) > 1:
            return f"{', '.join(what[1:])} as sent by the step {step}"
        return f"{', '.join(what)} as answered to the step {step}"
    return f"the {_plain(root)}'s {', '.join(map(_plain, rest))}"


def _plain(name: str) -> str:
    return name.replace("_", " ")
