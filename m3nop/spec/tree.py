"""YAML as a tree that knows where everything was written.

Nodes are immutable. Each keeps its file, line and column, and the layer that put it there: ``base``,
``environment NAME`` or ``store CODE``.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from m3nop.core.problems import Position

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from m3nop.core.json import Json

BASE = "base"


class Source(Struct, frozen=True, eq=False):
    """The text that nodes were read from, and where in its file it begins (a fence in Markdown)."""

    file: str
    text: str
    first_line: int = 1
    indent: int = 0

    def position(self, line: int, column: int) -> Position:
        """Turn a zero-based place in the text into one in the file."""
        return Position(self.file, line + self.first_line, column + self.indent + 1)


class ScalarNode(Struct, frozen=True):
    """A value. ``text`` is what was written, ``value`` what it means."""

    value: Any
    """None, bool, int, Decimal, str or SecretRef."""
    text: str
    position: Position
    layer: str = BASE
    style: str = ""
    """``""`` for a plain scalar, else the quotation mark or block indicator."""
    source: Source | None = None
    start: int = 0
    end: int = 0
    """Where the scalar stands in the text of ``source``."""
    unresolved: bool = False
    """True where a variable was missing: the value is not known, so nothing more is said about it."""


class ListNode(Struct, frozen=True):
    """A sequence."""

    items: tuple[Node, ...]
    position: Position
    layer: str = BASE

    def having(self, items: tuple[Node, ...]) -> ListNode:
        """Return it with other items; itself where they are the same ones."""
        return self if _same(items, self.items) else ListNode(items, self.position, self.layer)


class Entry(Struct, frozen=True):
    """One entry of a mapping, with the place of its key."""

    key: Position
    node: Node

    def having(self, node: Node) -> Entry:
        """Return it with another value; itself where that is the same one."""
        return self if node is self.node else Entry(self.key, node)


class MapNode(Struct, frozen=True):
    """A mapping, in the order written."""

    entries: Mapping[str, Entry]
    position: Position
    layer: str = BASE
    flow: bool = False

    def having(self, entries: Mapping[str, Entry]) -> MapNode:
        """Return it with other entries; itself where they are the same ones in the same order."""
        if _same(entries, self.entries) and _same(entries.values(), self.entries.values()):
            return self
        return MapNode(entries, self.position, self.layer, self.flow)

    def get(self, name: str) -> Node | None:
        """Return the value of ``name``, or None."""
        entry = self.entries.get(name)
        return entry.node if entry else None


def _same(some: Collection[object], others: Collection[object]) -> bool:
    return len(some) == len(others) and all(map(operator.is_, some, others))


Node = ScalarNode | ListNode | MapNode
Loc = tuple[str | int, ...]


def plain(node: Node | None) -> Json:
    """Return the values without their places; secrets stay ``SecretRef``."""
    match node:
        case MapNode():
            return {name: plain(entry.node) for name, entry in node.entries.items()}
        case ListNode():
            return [plain(item) for item in node.items]
        case ScalarNode():
            return node.value
        case None:
            return None


def child(node: Node | None, name: str) -> Node | None:
    """Return the value of ``name`` if ``node`` is a mapping that has it, else None."""
    return node.get(name) if isinstance(node, MapNode) else None


def child_map(node: Node | None, name: str) -> MapNode | None:
    """Return the mapping under ``name``, or None where there is none."""
    found = child(node, name)
    return found if isinstance(found, MapNode) else None


def find(node: Node | None, loc: Loc) -> Node | None:
    """Return the node that ``loc`` leads to exactly, or None."""
    for part in loc:
        match node:
            case MapNode():
                node = node.get(str(part))
            case ListNode() if isinstance(part, int) and -len(node.items) <= part < len(node.items):
                node = node.items[part]
            case _:
                return None
    return node


def nearest(node: Node, loc: Loc) -> tuple[Node, Position]:
    """Return what ``loc`` leads to, or the nearest thing around it, and the place of its key.

    Parts of ``loc`` that lead nowhere (a key that is missing, the ``from`` of a short form) are passed over.
    """
    key = node.position
    for part in loc:
        match node:
            case MapNode() if str(part) in node.entries:
                entry = node.entries[str(part)]
                node, key = entry.node, entry.key
            case ListNode() if isinstance(part, int) and -len(node.items) <= part < len(node.items):
                node = node.items[part]
                key = node.position
            case _:
                continue
    return node, key


def locate(node: Node, loc: Loc, *, key: bool = False) -> Position:
    """Return the place of what ``loc`` names, or of the nearest thing around it; with ``key`` of its key."""
    found, at_key = nearest(node, loc)
    return at_key if key else found.position


def walk(node: Node) -> Iterator[tuple[Loc, Node]]:
    """Yield every node with its way from the root, parents first."""
    waiting: list[tuple[Loc, Node]] = [((), node)]
    while waiting:
        loc, at = waiting.pop()
        yield loc, at
        match at:
            case MapNode():
                waiting.extend(
                    ((*loc, name), entry.node) for name, entry in reversed(list(at.entries.items()))
                )
            case ListNode():
                waiting.extend(((*loc, index), at.items[index]) for index in reversed(range(len(at.items))))
            case ScalarNode():
                pass


def convert(node: Node, change: Callable[[ScalarNode], ScalarNode]) -> Node:
    """Return the tree with every scalar replaced by what ``change`` makes of it."""
    match node:
        case MapNode():
            return node.having({n: e.having(convert(e.node, change)) for n, e in node.entries.items()})
        case ListNode():
            return node.having(tuple(convert(item, change) for item in node.items))
        case ScalarNode():
            return change(node)


def without(node: Node, loc: Loc) -> Node:
    """Return the tree without the entry that ``loc`` leads to; an item of a list leaves its place empty."""
    match node:
        case MapNode() if str(loc[0]) in node.entries:
            entries = dict(node.entries)
            entry = entries.pop(str(loc[0]))
            if loc[1:]:
                entries[str(loc[0])] = entry.having(without(entry.node, loc[1:]))
            return node.having(entries)
        case ListNode() if isinstance(loc[0], int) and loc[1:] and loc[0] < len(node.items):
            items = list(node.items)
            items[loc[0]] = without(items[loc[0]], loc[1:])
            return node.having(tuple(items))
        case _:
            return node


def stamp(node: Node, layer: str) -> Node:
    """Return the tree with every node of the base layer marked as coming from ``layer``."""
    marked = layer if node.layer == BASE else node.layer
    match node:
        case MapNode():
            entries = {n: Entry(e.key, stamp(e.node, layer)) for n, e in node.entries.items()}
            return MapNode(entries, node.position, marked, node.flow)
        case ListNode():
            return ListNode(tuple(stamp(item, layer) for item in node.items), node.position, marked)
        case ScalarNode():
            return replace(node, layer=marked)


def from_json(value: Json, *, file: str) -> Node:
    """Build a tree from plain data; every node is said to stand at the head of ``file``."""
    position = Position(file)
    match value:
        case dict():
            entries = {str(n): Entry(position, from_json(v, file=file)) for n, v in value.items()}
            return MapNode(entries, position)
        case list() | tuple():
            return ListNode(tuple(from_json(item, file=file) for item in value), position)
        case str():
            return ScalarNode(value, value, position, style='"')
        case None:
            return ScalarNode(None, "", position)
        case _:
            return ScalarNode(value, str(value), position)
