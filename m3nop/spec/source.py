"""Compiles where records come from, and checks that what identifies them cannot change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from m3nop.mapping.pipeline import SourceRule
from m3nop.spec.suggest import suggest
from m3nop.spec.values import split_target

if TYPE_CHECKING:
    from m3nop.mapping.expressions import Expression
    from m3nop.spec.desk import Desk, Used
    from m3nop.spec.models import PipelineSpec, SourceSpec
    from m3nop.spec.scope import Scope
    from m3nop.spec.tree import Loc

DEFAULT_QUIET = 60.0


@dataclass(frozen=True, slots=True)
class CompiledSource:
    """A source whose wanted paths are known only when everything is compiled."""

    draft: SourceRule

    def rule(self, used: Used) -> SourceRule:
        """Return the finished rule."""
        return replace(self.draft, wanted=None if used.whole_record else frozenset(used.paths))


def compile_source(desk: Desk, spec: SourceSpec, scope: Scope) -> CompiledSource:
    """Compile the source; the desk then knows the resource and its fields."""
    connection, name = split_target(spec.read)
    catalog = desk.catalog(("source", "read"), spec.read)
    if catalog is not None:
        desk.source_catalog = catalog
        desk.resource = catalog.resource(name)
        if desk.resource is None:
            hint = catalog.remedy(name) or suggest(name, catalog.resources())
            at = desk.at(("source", "read"))
            desk.add(at, "unknown-resource", f"'{connection}' has no resource '{name}'", hint)
    _check_watermark(desk, spec)
    recheck = spec.recheck
    filtered = desk.optional(("source", "filter"), spec.filter, scope)
    if filtered is not None and spec.watermark is not None:
        hint = "; other conditions belong in `ready`"
        _check_identity(desk, ("source", "filter"), filtered, scope, hint)
    draft = SourceRule(
        connection=connection,
        resource=name,
        name=spec.as_,
        ready=desk.optional(("source", "ready"), spec.ready, scope),
        filter=filtered,
        quiet=DEFAULT_QUIET if spec.quiet is None else spec.quiet,
        recheck_every=recheck.every if recheck else None,
        recheck_until=desk.optional(
            ("source", "recheck", "until"), recheck.until if recheck else None, scope
        ),
        recheck_for=recheck.for_ if recheck else None,
    )
    return CompiledSource(draft)


def _check_watermark(desk: Desk, spec: SourceSpec) -> None:
    resource = desk.resource
    if spec.watermark is None or resource is None:
        return
    known = resource.identity | {resource.key}
    if spec.watermark.by not in known:
        hint = suggest(spec.watermark.by, known) or f"{resource.name} are read by {resource.key}"
        message = f"'{spec.watermark.by}' can change, or is not known"
        desk.add(desk.at(("source", "watermark", "by")), "mutable-field", message, hint)


def identity_expression(desk: Desk, loc: Loc, text: str, scope: Scope) -> Expression:
    """Compile an expression that must never change its value for a record."""
    found = desk.expression(loc, text, scope)
    what = str(loc[0])
    _check_identity(desk, loc, found, scope)
    if not any(path[:1] == (scope.record,) for path in found.paths) and not desk.failed:
        desk.add(desk.at(loc), f"{what}-form", f"the {what} does not depend on the record")
    return found


def reference_expression(desk: Desk, spec: PipelineSpec, scope: Scope) -> Expression | None:
    """Compile the reference, which is capitals, digits and ``-``."""
    if spec.reference is None:
        return None
    found = identity_expression(desk, ("reference",), spec.reference, scope)
    if ("store", "code") in found.paths and "upper" not in found.functions:
        hint = "write upper(...) around it"
        desk.add(desk.at(("reference",)), "reference-form", "a store's code has small letters", hint)
    return found


def _check_identity(desk: Desk, loc: Loc, expression: Expression, scope: Scope, hint: str = "") -> None:
    resource = desk.resource
    if resource is None:
        return
    for path in expression.paths:
        dotted = ".".join(path[1:])
        if path[:1] == (scope.record,) and not _is_identity(resource.identity, dotted):
            never = ", ".join(sorted(resource.identity))
            message = f"`{'.'.join(path)}` can change"
            desk.add(
                desk.inside(loc, expression.offset_of(path)),
                "mutable-field",
                message,
                f"use what never changes: {never}{hint}",
            )


def _is_identity(identity: frozenset[str], dotted: str) -> bool:
    return any(dotted == name or dotted.startswith(f"{name}.") for name in identity)
