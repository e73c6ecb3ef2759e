"""Lays overrides over a tree; every value keeps the place and the layer it came from.

Mappings merge key by key, anything else replaces. A list whose items have an ``id`` merges with a mapping by
that id: null removes an item, ``after: ID`` inserts one.
"""

from __future__ import annotations

from m3nop.core.problems import Problem
from m3nop.spec.suggest import suggest
from m3nop.spec.tree import BASE, Entry, ListNode, MapNode, Node, ScalarNode

_KEPT = frozenset({"settings", "pipelines"})
"""Where null is a value, or is meant for what the mapping will be laid over."""


def merge(base: Node, over: Node, problems: list[Problem] | None = None) -> Node:
    """Return ``base`` with ``over`` laid on it; a null of ``over`` stays, for ``without_removed``."""
    found = problems if problems is not None else []
    match base, over:
        case MapNode(), MapNode():
            return _merge_maps(base, over, found)
        case ListNode(), MapNode() if _has_ids(base):
            return _merge_by_id(base, over, found)
        case _:
            return over


def without_removed(node: Node) -> Node:
    """Return the tree without what an override set to null; settings and changes of pipelines keep theirs."""
    match node:
        case MapNode():
            entries = {
                name: entry if name in _KEPT else entry.having(without_removed(entry.node))
                for name, entry in node.entries.items()
                if not _is_removal(entry.node)
            }
            return node.having(entries)
        case ListNode():
            return node.having(tuple(without_removed(item) for item in node.items))
        case ScalarNode():
            return node


def _is_removal(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.value is None and node.layer != BASE


def _merge_maps(base: MapNode, over: MapNode, problems: list[Problem]) -> MapNode:
    entries = dict(base.entries)
    for name, entry in over.entries.items():
        below = entries.get(name)
        entries[name] = Entry(entry.key, merge(below.node, entry.node, problems)) if below else entry
    return base.having(entries)


def _has_ids(node: ListNode) -> bool:
    return all(_id(item) is not None for item in node.items)


def _id(node: Node) -> str | None:
    found = node.get("id") if isinstance(node, MapNode) else None
    return found.text if isinstance(found, ScalarNode) else None


def _merge_by_id(base: ListNode, over: MapNode, problems: list[Problem]) -> ListNode:
    items = list(base.items)
    for name, entry in over.entries.items():
        at = _index(items, name)
        if at is None:
            _insert(items, name, entry, problems)
        elif _is_null(entry.node):
            del items[at]
        else:
            items[at] = merge(items[at], entry.node, problems)
    return base.having(tuple(items))


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.value is None


def _index(items: list[Node], name: str) -> int | None:
    return next((at for at, item in enumerate(items) if _id(item) == name), None)


def _insert(items: list[Node], name: str, entry: Entry, problems: list[Problem]) -> None:
    known = [found for item in items if (found := _id(item)) is not None]
    node = entry.node
    after = node.get("after") if isinstance(node, MapNode) else None
    if not isinstance(node, MapNode) or not isinstance(after, ScalarNode):
        hint = (
            suggest(name, known)
            or f"to insert a new one, write {{after: ID, ...}} (there are {_list(known)})"
        )
        problems.append(Problem(entry.key, "unknown-override", f"there is no '{name}' to override", hint))
        return
    at = _index(items, after.text)
    if at is None:
        hint = suggest(after.text, known)
        problems.append(Problem(after.position, "unknown-override", f"there is no '{after.text}'", hint))
        return
    entries = {key: value for key, value in node.entries.items() if key != "after"}
    given = ScalarNode(name, name, entry.key, layer=node.layer)
    items.insert(at + 1, node.having({"id": Entry(entry.key, given), **entries}))


def _list(names: list[str]) -> str:
    return ", ".join(names) or "none"
