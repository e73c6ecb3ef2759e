"""Finds values that YAML cut short: at a comma in a flow map, or at a blank and ``#``.

An expression such as ``{CUNO: coalesce(a, b)}`` reads as two entries. The pieces are put together again, so
that one clear problem stands where several odd ones would.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from m3nop.core.problems import Problem
from m3nop.spec.tree import Entry, ScalarNode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.spec.tree import Node

Pairs = list[tuple[str, Entry]]

_COMMENT = re.compile(r"[ \t]+#[^\n]*")
_OPENING = re.compile(r"['\"`(\[{]")
_PAIRS = {")": "(", "]": "[", "}": "{"}
_HINT = "put the whole value in quotes"


def mend_flow(pairs: Sequence[tuple[str, Entry]], problems: list[Problem]) -> Pairs:
    """Put values of a flow map together again that were cut at a comma."""
    mended: Pairs = []
    waiting = list(pairs)
    while waiting:
        name, entry = waiting.pop(0)
        value, pieces = entry.node, 0
        if isinstance(value, ScalarNode) and _is_open(value):
            pieces, text = _rest(value.text, waiting)
            if pieces:
                problems.append(_problem(value, f"`{value.text}` was cut at the comma"))
                entry = Entry(entry.key, replace(value, value=text, text=text, source=None))
        del waiting[:pieces]
        mended.append((name, entry))
    return mended


def mend_comment(node: ScalarNode, problems: list[Problem]) -> ScalarNode:
    """Put a value together again that was cut at what looks like a comment."""
    if node.source is None or not _is_open(node):
        return node
    found = _COMMENT.match(node.source.text, node.end)
    if not found:
        return node
    problems.append(_problem(node, f"`{node.text}` was cut at ` #`"))
    text = node.source.text[node.start : found.end()].rstrip()
    return replace(node, value=text, text=text, end=found.end())


def _problem(node: ScalarNode, message: str) -> Problem:
    return Problem(node.position, "cut-value", message, _HINT)


def _rest(text: str, following: Sequence[tuple[str, Entry]]) -> tuple[int, str]:
    """Count the entries that are pieces of ``text``; none where they do not close it."""
    for count, (name, entry) in enumerate(following, start=1):
        if not _is_piece(entry.node):
            return 0, text
        text = f"{text}, {name}"
        if not is_open(text):
            return count, text
    return 0, text


def _is_piece(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.value is None and node.text == "" and node.style == ""


def _is_open(node: ScalarNode) -> bool:
    return isinstance(node.value, str) and node.style == "" and is_open(node.value)


def is_open(text: str) -> bool:
    """Tell whether a bracket or a quotation mark of an expression is open at the end of ``text``."""
    if _OPENING.search(text) is None:
        return False
    stack: list[str] = []
    quote = ""
    before = " "
    escaped = False
    for character in text:
        if quote:
            if character == quote and not escaped:
                quote = ""
            escaped = character == "\\" and not escaped
        elif character in "'\"`" and not before.isalnum():
            quote = character
        elif character in "([{":
            stack.append(character)
        elif stack and _PAIRS.get(character) == stack[-1]:
            stack.pop()
        before = character
    return bool(stack or quote)
