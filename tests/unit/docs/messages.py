"""What the program can say, read from its source: every text, and the messages that its errors are raised with."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
MODULES = [path for path in sorted((ROOT / "m3nop").rglob("*.py")) if "migrations" not in path.parts]
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_REFUSALS = frozenset({"Refused", "Malformed", "Unreadable", "TooLarge"})
SOMETHING = "…"
"""Stands for what is filled in."""


@cache
def trees() -> list[ast.Module]:
    """Parse every module."""
    return [ast.parse(path.read_text(encoding="utf-8")) for path in MODULES]


def plain(text: str) -> str:
    """Leave out what is there for the eye only."""
    return " ".join(re.sub(r"[`'\"]", "", text).replace("\\|", "|").split())


@cache
def parts_of(message: str) -> tuple[str, ...]:
    """Return what a message says between the places that are filled in."""
    return tuple(part for part in plain(message).split(SOMETHING) if part.strip())


def is_said(message: str, text: str) -> bool:
    """Tell whether the parts of a message stand in a text, in their order."""
    at = 0
    for part in parts_of(message):
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


@cache
def texts() -> frozenset[str]:
    """Return every text of the program."""
    nodes = (node for tree in trees() for node in ast.walk(tree))
    return frozenset(text for node in nodes for text in _texts(node, {}))


@cache
def error_classes() -> frozenset[str]:
    """Name ``M3nopError`` and everything that is one."""
    classes = [node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    known = {"M3nopError"}
    for _ in classes:
        known |= {node.name for node in classes if known & {ast.unparse(base) for base in node.bases}}
    return frozenset(known)


def raised(*, besides: frozenset[str]) -> Iterator[str]:
    """Yield the messages that errors are made with, but for some classes, as far as they say something."""
    kinds = error_classes() - besides
    for tree in trees():
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            named = _named(function)
            for node in ast.walk(function):
                if _makes(node, kinds):
                    yield from (text for text in _texts(node.args[0], named) if re.search(r"[a-z]{2}", text))


def refused() -> Iterator[str]:
    """Yield why the service refuses a message that comes in."""
    serve = [tree for path, tree in zip(MODULES, trees(), strict=True) if "serve" in path.parts]
    for function in (node for tree in serve for node in ast.walk(tree) if isinstance(node, _FUNCTIONS)):
        named = _named(function)
        for node in ast.walk(function):
            if _makes(node, _REFUSALS):
                yield from (text for argument in node.args for text in _texts(argument, named))


def _makes(node: ast.AST, kinds: frozenset[str]) -> TypeGuard[ast.Call]:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and bool(node.args)
        and node.func.id in kinds
    )


def _named(function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
    return found


def _texts(node: ast.AST, named: dict[str, list[ast.expr]]) -> Iterator[str]:
    """Yield what an expression can say."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield plain(node.value)
    elif isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else SOMETHING for part in node.values)
        yield plain("".join(map(str, parts)))
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body, named)
        yield from _texts(node.orelse, named)
    elif isinstance(node, ast.Name):
        for value in named.get(node.id, ()):
            yield from _texts(value, {})
