"""Reads lookup files; keys and codes are text, whatever they look like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from m3nop.core.problems import Position, Problem
from m3nop.mapping.errors import LookupTableError
from m3nop.mapping.lookups import VALUE, Lookup, Miss, lookup_from_csv
from m3nop.spec.checking import check
from m3nop.spec.loader import decode, load_file, read_bytes
from m3nop.spec.models import LookupSpec
from m3nop.spec.tree import MapNode, Node, ScalarNode, convert, locate

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES = (".yaml", ".yml", ".csv")


def load_lookup(path: Path, *, file: str, name: str, problems: list[Problem]) -> Lookup | None:
    """Read a lookup file that stands for the lookup ``name``."""
    if path.suffix == ".csv":
        return _from_csv(path, file=file, name=name, problems=problems)
    document = load_file(path, file=file)
    problems.extend(document.problems)
    return None if document.root is None else lookup_from_tree(document.root, problems, name=name)


def _from_csv(path: Path, *, file: str, name: str, problems: list[Problem]) -> Lookup | None:
    try:
        data = read_bytes(path)
    except OSError as error:
        problems.append(
            Problem(Position(file), "unreadable-file", f"cannot be read: {error.strerror or error}")
        )
        return None
    text, problem = decode(data, file=file)
    if problem is not None:
        problems.append(problem)
        return None
    try:
        return lookup_from_csv(text, name)
    except LookupTableError as error:
        problems.append(Problem(Position(file, error.line), "lookup-table", error.message))
        return None


def lookup_from_tree(node: Node, problems: list[Problem], *, name: str | None = None) -> Lookup | None:
    """Make a lookup of a tree; with ``name`` it must say that it is the lookup of that name."""
    spec = check(LookupSpec, _as_text(node), problems)
    if spec is None:
        return None
    if name is not None and spec.lookup != name:
        hint = f"the file stands for the lookup '{name}'"
        problems.append(
            Problem(locate(node, ("lookup",)), "lookup-name", f"it calls itself '{spec.lookup}'", hint)
        )
    rows = spec.values
    columns = tuple(dict.fromkeys(column for row in rows.values() for column in row)) or (VALUE,)
    for code, row in rows.items():
        absent = [column for column in columns if column not in row]
        if absent:
            at = locate(node, ("values", code), key=True)
            problems.append(Problem(at, "lookup-table", f"'{code}' has no {', '.join(absent)}"))
    if spec.missing == "default" and spec.default is None:
        at = locate(node, ("missing",))
        problems.append(Problem(at, "lookup-table", "`missing: default` needs a `default`"))
    lines = {code: locate(node, ("values", code), key=True).line for code in rows}
    return Lookup(spec.lookup, columns, rows, Miss(spec.missing), spec.default, lines)


def _as_text(node: Node) -> Node:
    """Take every scalar as the text that was written: ``001``, ``NO`` and ``1.0`` are codes."""
    if not isinstance(node, MapNode):
        return node
    return convert(node, _written)


def _written(scalar: ScalarNode) -> ScalarNode:
    return replace(scalar, value=scalar.text)
