"""Checks the names in an expression: roots, steps and their outputs, vars, settings, fields, lookups."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from m3nop.spec.scope import MEMBERS, PLACES, Scope, StepShape
from m3nop.spec.suggest import suggest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from m3nop.core.problems import Position
    from m3nop.mapping.expressions import Expression
    from m3nop.spec.desk import Desk
    from m3nop.spec.tree import Loc

NULL_SAFE = frozenset({"coalesce", "default", "is_blank", "null_if_blank", "not_null"})
"""Functions that make something of null."""

_BARE = re.compile(r"\s*[A-Za-z_][A-Za-z0-9_]*\s*")


def check_paths(desk: Desk, loc: Loc, expression: Expression, scope: Scope, *, default: bool) -> None:
    """Check every path that an expression reads from the root, and every lookup that it names."""
    for path in expression.paths:
        desk.used.store = desk.used.store or path[:1] == ("store",)
        if path:
            _check_path(_Use(desk, loc, expression, scope), path, default=default)
    for name in expression.literal_lookups:
        place = desk.inside(loc, max(expression.text.find(f"'{name}'"), 0))
        desk.lookup(loc, name, place=place)


class _Use:
    """One expression at one place."""

    def __init__(self, desk: Desk, loc: Loc, expression: Expression, scope: Scope) -> None:
        self.desk = desk
        self.loc = loc
        self.expression = expression
        self.scope = scope

    def place(self, path: tuple[str, ...]) -> Position:
        """Return where the path begins in the file."""
        return self.desk.inside(self.loc, self.expression.offset_of(path))

    def problem(self, path: tuple[str, ...], code: str, message: str, hint: str = "") -> None:
        self.desk.add(self.place(path), code, message, hint)


def _check_path(use: _Use, path: tuple[str, ...], *, default: bool) -> None:
    root, scope = path[0], use.scope
    alias = scope.items.get(root)
    if alias is not None:
        _record(use, path, (*alias, *path[1:]))
    elif root == scope.record:
        _record(use, path, path[1:])
    elif root not in scope.names:
        _unknown_root(use, path)
    elif root == "steps":
        _step(use, path, default=default)
    elif root == "settings":
        _setting(use, path)
    elif len(path) > 1:
        _member(use, path)


def _unknown_root(use: _Use, path: tuple[str, ...]) -> None:
    root = path[0]
    if root in PLACES:
        use.problem(path, "root-not-here", f"`{root}` is not known here", f"it is known {PLACES[root]}")
        return
    hint = suggest(root, use.scope.names)
    if not hint and _BARE.fullmatch(use.expression.text):
        in_field = any(part in ("fields", "where", "match", "on_create", "blocks") for part in use.loc)
        constant = f"{{value: {root}}}" if in_field else f"'{root}' in quotes of its own"
        hint = f"for a constant write `{constant}`" if in_field else f"for a constant write {constant}"
    use.problem(path, "unknown-root", f"unknown name `{root}`", hint or _known(use.scope.names))


def _known(names: frozenset[str]) -> str:
    return f"known here: {', '.join(sorted(names))}"


def _member(use: _Use, path: tuple[str, ...]) -> None:
    root, name = path[:2]
    if root == "vars":
        known: Iterable[str] = use.scope.vars
        message = f"there is no earlier var '{name}'"
    elif root == "remembered":
        known, message = use.desk.remembered, f"`remember` keeps no '{name}'"
    elif root in MEMBERS:
        known, message = MEMBERS[root], f"`{root}` has no '{name}'"
    else:
        return
    if name not in known:
        code = "unknown-var" if root == "vars" else "unknown-member"
        use.problem(path, code, message, suggest(name, known) or _has(known))


def _has(known: Iterable[str]) -> str:
    names = ", ".join(sorted(known))
    return f"it has {names}" if names else ""


def _setting(use: _Use, path: tuple[str, ...]) -> None:
    desk = use.desk
    if len(path) == 1:
        desk.used.all_settings = True
        return
    desk.used.settings.add(path[1])
    known = desk.site.settings
    if known is not None and path[1] not in known:
        hint = suggest(path[1], known) or "add it to settings"
        use.problem(path, "unknown-setting", f"there is no setting '{path[1]}'", hint)


def _record(use: _Use, path: tuple[str, ...], fields: tuple[str, ...]) -> None:
    desk = use.desk
    if not fields:
        desk.used.whole_record = True
        return
    dotted = ".".join(fields)
    desk.used.paths.add(dotted)
    resource = desk.resource
    if desk.row is not None and fields[0] not in desk.row:
        use.problem(
            path, "unknown-answer", f"the source answers no '{fields[0]}'", suggest(fields[0], desk.row)
        )
    if resource is None or _is_known(resource.fields, fields):
        return
    remedy = _remedy(use, resource.name, fields)
    if remedy and _is_untold(use.expression, path):
        return
    if remedy:
        use.problem(path, "not-in-dialect", f"the shop does not tell `{dotted}`", remedy)
        return
    hint = suggest(dotted, resource.fields) or "it is null unless the shop sends it"
    desk.warn(use.place(path), "unknown-field", f"{resource.name} have no known field `{dotted}`", hint)


def _is_untold(expression: Expression, path: tuple[str, ...]) -> bool:
    return any(path[: len(untold)] == untold for untold in expression.untold)


def _is_known(known: frozenset[str], fields: tuple[str, ...]) -> bool:
    """Tell whether the path, or a part of it that holds nothing known itself, is a field."""
    for end in range(len(fields), 0, -1):
        dotted = ".".join(fields[:end])
        if dotted in known:
            return end == len(fields) or dotted not in _holders(known)
    return False


@lru_cache(maxsize=100)
def _holders(known: frozenset[str]) -> frozenset[str]:
    """Return the paths that hold others."""
    return frozenset(name[:end] for name in known for end, mark in enumerate(name) if mark == ".")


def _remedy(use: _Use, resource: str, fields: tuple[str, ...]) -> str:
    catalog = use.desk.source_catalog
    return catalog.remedy(f"{resource}.{'.'.join(fields)}") if catalog is not None else ""


def _step(use: _Use, path: tuple[str, ...], *, default: bool) -> None:
    if len(path) == 1:
        return
    shape = use.scope.steps.get(path[1])
    if shape is None:
        _unknown_step(use, path)
        return
    output = path[2] if path[2:] else None
    if output is not None and shape.members is not None and output not in shape.members:
        hint = suggest(output, shape.members) or _has(shape.members)
        use.problem(path, "unknown-output", f"step '{shape.id}' has no output '{output}'", hint)
    if not default and _may_be_null(use, shape):
        hint = "use coalesce(...) or default(...)"
        use.problem(path, "maybe-skipped", f"step '{shape.id}' may be skipped: {shape.skipped}", hint)


def _may_be_null(use: _Use, shape: StepShape) -> bool:
    if not shape.skipped or NULL_SAFE & set(use.expression.functions):
        return False
    return not (shape.when and shape.when == use.scope.when)


def _unknown_step(use: _Use, path: tuple[str, ...]) -> None:
    name = path[1]
    if name in use.desk.later_steps:
        hint = "a step can use only the steps before it"
        use.problem(path, "later-step", f"step '{name}' is not done yet here", hint)
        return
    hint = suggest(name, use.scope.steps)
    use.problem(path, "unknown-step", f"there is no step '{name}' before this", hint)
