"""Writes an effective tree line by line, each with where it comes from (``m3nop show``)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.core import json
from m3nop.core.secrets import SecretRef
from m3nop.spec.loader import resolve
from m3nop.spec.tree import ListNode, MapNode, ScalarNode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from m3nop.core.problems import Position
    from m3nop.spec.tree import Node

_NEEDS_QUOTES = frozenset("&*!|>'\"%@`{}[],#?:-")


class ShownLine(Struct, frozen=True):
    """A line of YAML, and the place and layer of the value in it."""

    text: str
    position: Position
    layer: str


def show(node: Node) -> list[ShownLine]:
    """Write a tree as YAML lines; reading them gives the same values."""
    return list(_lines(node, "", ""))


def _lines(node: Node, lead: str, indent: str) -> Iterator[ShownLine]:
    match node:
        case MapNode() if node.entries:
            for name, entry in node.entries.items():
                yield from _entry(f"{lead}{_text(name)}:", entry.node, indent)
                lead = indent
        case ListNode() if node.items:
            for item in node.items:
                yield from _item(f"{lead}-", item, indent)
                lead = indent
        case MapNode():
            yield ShownLine(f"{lead}{{}}", node.position, node.layer)
        case ListNode():
            yield ShownLine(f"{lead}[]", node.position, node.layer)
        case ScalarNode():
            yield ShownLine(f"{lead}{scalar_text(node)}", node.position, node.layer)


def _entry(head: str, node: Node, indent: str) -> Iterator[ShownLine]:
    if _is_branch(node):
        yield ShownLine(head, node.position, node.layer)
        inner = f"{indent}  "
        yield from _lines(node, inner, inner)
    else:
        yield from _lines(node, f"{head} ", indent)


def _item(head: str, node: Node, indent: str) -> Iterator[ShownLine]:
    yield from _lines(node, f"{head} ", f"{indent}  ")


def _is_branch(node: Node) -> bool:
    match node:
        case MapNode():
            return bool(node.entries)
        case ListNode():
            return bool(node.items)
        case ScalarNode():
            return False


def scalar_text(node: ScalarNode) -> str:
    """Write a value as YAML would have it."""
    value = node.value
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return str(value)
        case SecretRef():
            return _text(str(value))
        case _:
            return _text(str(value))


def _text(value: str) -> str:
    """Write text plainly where that reads back as the same text, else in quotes."""
    plainly = (
        value == value.strip()
        and resolve(value) == value
        and value[:1] not in _NEEDS_QUOTES
        and ": " not in value
        and " #" not in value
        and not value.endswith(":")
        and value.isprintable()
    )
    return value if plainly else json.dumps(value)
