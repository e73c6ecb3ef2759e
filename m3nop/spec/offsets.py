"""Finds a place inside a scalar in the file, through quotation marks, escapes and folded lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from m3nop.core.problems import Position
    from m3nop.spec.tree import ScalarNode

_SINGLE = re.compile(r"''|.", re.DOTALL)
_DOUBLE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|\r?\n|.)|.", re.DOTALL)
_PLAIN = re.compile(r".", re.DOTALL)
_BLOCK_HEADER = re.compile(r"[|>][^\n]*\n")
_ESCAPED_BLANKS = frozenset({"\\n", "\\t", "\\r", "\\ ", "\\N", "\\_", "\\L", "\\P", "\\\n", "\\\r\n"})


def position_in(node: ScalarNode, offset: int) -> Position:
    """Return the place of the character ``offset`` (from 0) of the scalar's value.

    Characters that are not blanks keep their order between a file and the value, so they are counted; folding
    and indentation only change blanks. Where the value is not what was written, the scalar's place is given.
    """
    if node.source is None or node.value != node.text:
        return node.position
    before = sum(1 for character in node.text[:offset] if not character.isspace())
    index = _index(node, node.source.text, before)
    line = node.source.text.count("\n", 0, index)
    column = index - (node.source.text.rfind("\n", 0, index) + 1)
    return node.source.position(line, column)


def _index(node: ScalarNode, text: str, before: int) -> int:
    start, end = node.start, node.end
    unit = _PLAIN
    if node.style in ("'", '"'):
        start, end = start + 1, end - 1
        unit = _SINGLE if node.style == "'" else _DOUBLE
    elif node.style in ("|", ">"):
        header = _BLOCK_HEADER.match(text, start)
        start = header.end() if header else start
    last = start
    for found in unit.finditer(text, start, end):
        if _is_blank(found[0]):
            continue
        if before == 0:
            return found.start()
        before -= 1
        last = found.end()
    return last


def _is_blank(unit: str) -> bool:
    return unit.isspace() or unit in _ESCAPED_BLANKS
