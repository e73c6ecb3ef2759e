"""Where the rules of an effective pipeline were written: steps, fields, checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.spec.tree import Entry, ListNode, MapNode, ScalarNode, child, child_map, find, locate, plain, walk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.problems import Position
    from m3nop.spec.tree import Node


class Places:
    """Finds the places of a pipeline's rules, blocks and overrides included."""

    def __init__(self, tree: MapNode) -> None:
        self._tree = tree
        self._steps: Mapping[str, MapNode] = {
            str(plain(node.entries["id"].node)): node
            for loc, node in walk(tree)
            if loc[:1] == ("steps",) and isinstance(node, MapNode) and _named(node)
        }

    def at(self, *loc: str | int) -> Position:
        """Return the place of something outside of steps."""
        return locate(self._tree, loc)

    def has(self, *loc: str | int) -> bool:
        """Tell whether there is such a thing."""
        return find(self._tree, loc) is not None

    def step(self, name: str, *loc: str | int) -> Position:
        """Return the place of a step, or of something in it."""
        node = self._steps.get(name)
        if node is None:
            return self._tree.position
        return locate(node, loc or ("id",))

    def field(self, step: str, section: str, name: str) -> Position:
        """Return the place where a field of a step gets its value."""
        node = self._steps.get(step)
        fields = self._fields(child(node, section), frozenset()) if node is not None else {}
        entry = fields.get(name)
        return self.step(step) if entry is None else entry.key

    def field_entry(self, step: str, section: str, name: str) -> Node | None:
        """Return what is written for a field of a step."""
        node = self._steps.get(step)
        fields = self._fields(child(node, section), frozenset()) if node is not None else {}
        return fields[name].node if name in fields else None

    def _fields(self, node: Node | None, seen: frozenset[str]) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        if not isinstance(node, MapNode):
            return found
        for name in _included(node.get("include")):
            if name not in seen:
                found.update(self._fields(child(child_map(self._tree, "blocks"), name), seen | {name}))
        found.update({name: entry for name, entry in node.entries.items() if name != "include"})
        return found


def _named(node: MapNode) -> bool:
    return isinstance(node.get("id"), ScalarNode)


def _included(node: Node | None) -> list[str]:
    match node:
        case ScalarNode():
            return [node.text]
        case ListNode():
            return [item.text for item in node.items if isinstance(item, ScalarNode)]
        case _:
            return []
