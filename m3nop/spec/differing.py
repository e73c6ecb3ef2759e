"""Compares two effective trees value by value; each value keeps the place where it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.core.problems import Position
from m3nop.spec.show import scalar_text
from m3nop.spec.tree import Entry, ListNode, MapNode, ScalarNode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from m3nop.mapping.lookups import Lookup
    from m3nop.spec.tree import Node

_ORDER = " (order)"


class Written(Struct, frozen=True):
    """A value as YAML would have it, where it was written, and the layer that put it there."""

    text: str
    position: Position
    layer: str


class Pair(Struct, frozen=True):
    """A value that two trees do not share; None is a value that one of them does not have."""

    path: str
    """Names with dots between them; an item of a list that has ids goes by its id."""
    first: Written | None
    second: Written | None


def compare(first: Node | None, second: Node | None, *, path: str = "") -> Iterator[Pair]:
    """Yield what differs, in the order of the first tree."""
    both_maps = isinstance(first, MapNode) and isinstance(second, MapNode)
    before, after = (_entries(first), _entries(second)) if both_maps else (_parts(first), _parts(second))
    if before is not None and after is not None:
        if (order := _order(first, second)) is not None:
            yield Pair(path + _ORDER, *order)
        for name in (*before, *(name for name in after if name not in before)):
            yield from compare(before.get(name), after.get(name), path=_below(path, name))
        return
    ours, theirs = dict(_leaves(first, path)), dict(_leaves(second, path))
    for at in (*ours, *(at for at in theirs if at not in ours)):
        pair = Pair(at, ours.get(at), theirs.get(at))
        if _text(pair.first) != _text(pair.second):
            yield pair


def lookup_tree(lookup: Lookup, file: str) -> MapNode:
    """Write a lookup as a tree of its rows, whatever kind of file it stands in."""
    head = Position(file)
    entries = {
        code: Entry(head, _row(row, lookup.columns, Position(file, lookup.lines.get(code, 1))))
        for code, row in lookup.rows.items()
    }
    for name, value in (("(missing)", str(lookup.missing)), ("(default)", lookup.default)):
        if value is not None:
            entries[name] = Entry(head, ScalarNode(value, value, head))
    return MapNode(entries, head)


def _row(row: Mapping[str, str], columns: tuple[str, ...], at: Position) -> Node:
    cells: dict[str, Node] = {name: ScalarNode(row[name], row[name], at) for name in columns if name in row}
    if len(columns) == 1:
        return next(iter(cells.values()))
    return MapNode({name: Entry(at, cell) for name, cell in cells.items()}, at)


def _text(written: Written | None) -> str | None:
    return written.text if written is not None else None


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _entries(node: Node | None) -> dict[str, Node]:
    return {name: entry.node for name, entry in node.entries.items()} if isinstance(node, MapNode) else {}


def _parts(node: Node | None) -> dict[str, Node] | None:
    """Return what a branch consists of, by name; None for a value, an empty branch, and a list of values."""
    match node:
        case MapNode() if node.entries:
            return _entries(node)
        case ListNode() if node.items and not all(isinstance(item, ScalarNode) for item in node.items):
            names = _ids(node) or [str(number) for number in range(1, len(node.items) + 1)]
            return dict(zip(names, node.items, strict=True))
        case _:
            return None


def _ids(node: ListNode) -> list[str] | None:
    found = [item.get("id") if isinstance(item, MapNode) else None for item in node.items]
    names = [one.text for one in found if isinstance(one, ScalarNode)]
    return names if len(names) == len(set(names)) == len(node.items) else None


def _order(first: Node | None, second: Node | None) -> tuple[Written, Written] | None:
    """Return the ids of two lists where those that they share stand in another order."""
    if not isinstance(first, ListNode) or not isinstance(second, ListNode):
        return None
    before, after = _ids(first) or [], _ids(second) or []
    shared = set(before) & set(after)
    if [name for name in before if name in shared] == [name for name in after if name in shared]:
        return None
    return _list(first, before), _list(second, after)


def _list(node: ListNode, texts: list[str]) -> Written:
    return Written(f"[{', '.join(texts)}]", node.position, node.layer)


def _leaves(node: Node | None, path: str) -> Iterator[tuple[str, Written]]:
    parts = _parts(node)
    if parts is not None:
        for name, inner in parts.items():
            yield from _leaves(inner, _below(path, name))
        return
    match node:
        case ScalarNode():
            # What is not known here, for want of a variable, is what was written.
            text = node.text if node.unresolved else scalar_text(node)
            yield path, Written(text, node.position, node.layer)
        case ListNode():
            yield (
                path,
                _list(node, [scalar_text(item) for item in node.items if isinstance(item, ScalarNode)]),
            )
        case MapNode():
            yield path, Written("{}", node.position, node.layer)
        case None:
            pass
