"""Compiles where records come from, and checks that what identifies them cannot change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from m3nop.core.connector import Effect, Operation
from m3nop.mapping.pipeline import FullRead, Outputs, Request, SourceKind, SourceRule, Target, Watermark
from m3nop.spec.fields import compile_fields
from m3nop.spec.suggest import suggest
from m3nop.spec.values import split_target

if TYPE_CHECKING:
    from m3nop.mapping.expressions import Expression
    from m3nop.spec.desk import Desk, Used
    from m3nop.spec.field_model import FieldsSpec
    from m3nop.spec.models import PipelineSpec
    from m3nop.spec.scope import Scope
    from m3nop.spec.source_model import SourceSpec
    from m3nop.spec.tree import Loc

DEFAULT_QUIET = 60.0
SERVER_CLOCK = "GENERAL/GetServerTime"
"""The operation that ``server_clock`` asks: M3 answers LMTS, in which its change lists count."""

LINK_FIELDS = frozenset(
    {"key", "shop", "m3", "store", "store_id", "linked_at", "created_on_utc", "origin", "record", "entered"}
)
"""What the record of a links source consists of; ``record`` is the other pipeline's record as last read."""

_BELONGS = {
    SourceKind.RESOURCE: frozenset({"read", "watermark", "ready", "filter", "quiet", "recheck"}),
    SourceKind.READ: frozenset({"read", "fields", "watermark", "distinct", "full", "ready", "filter"}),
    SourceKind.LINKS: frozenset({"links", "ready", "filter", "recheck"}),
    SourceKind.GIVEN: frozenset({"given", "ready", "filter"}),
}
_NAMES = {
    SourceKind.RESOURCE: "a resource",
    SourceKind.READ: "a reading operation",
    SourceKind.LINKS: "`links`",
    SourceKind.GIVEN: "`given`",
}


class CompiledSource(Struct):
    """A source whose wanted paths, and end, are known only when everything is compiled."""

    draft: SourceRule

    def rule(self, used: Used) -> SourceRule:
        """Return the finished rule."""
        return replace(self.draft, wanted=None if used.whole_record else frozenset(used.paths))


def compile_source(desk: Desk, spec: SourceSpec, scope: Scope) -> CompiledSource:
    """Compile the source; the desk then knows the resource and its fields, or the rows of the operation."""
    operation = _reading(desk, spec)
    kind = _kind(spec, operation)
    _check_form(desk, spec, kind)
    connection, name = split_target(spec.read) if spec.read else ("", spec.links or spec.given or "")
    if kind is SourceKind.RESOURCE and spec.read:
        _find_resource(desk, spec.read)
        _check_watermark(desk, spec)
    filtered = desk.optional(("source", "filter"), spec.filter, scope)
    if filtered is not None and spec.watermark is not None:
        hint = "; other conditions belong in `ready`"
        _check_identity(desk, ("source", "filter"), filtered, scope, hint)
    recheck = spec.recheck
    draft = SourceRule(
        connection=connection,
        resource=name,
        name=spec.as_,
        kind=kind,
        ready=desk.optional(("source", "ready"), spec.ready, scope),
        filter=filtered,
        quiet=_quiet(spec, kind),
        recheck_every=recheck.every if recheck else None,
        recheck_for=recheck.for_ if recheck else None,
        of=spec.links or spec.given or "",
    )
    if kind is SourceKind.READ and spec.read:
        draft = _with_reads(desk, spec, draft, operation, scope)
    if kind is SourceKind.RESOURCE and recheck is not None:
        until = desk.optional(("source", "recheck", "until"), recheck.until, scope)
        draft = replace(draft, recheck_until=until)
    return CompiledSource(draft)


def _quiet(spec: SourceSpec, kind: SourceKind) -> float:
    """Return how long to leave a new record alone: only what the shop writes in pieces has to be."""
    if kind is not SourceKind.RESOURCE:
        return 0.0
    return DEFAULT_QUIET if spec.quiet is None else spec.quiet


def finish_source(desk: Desk, spec: SourceSpec, source: CompiledSource, scope: Scope) -> None:
    """Compile the end of a links source, which may depend on what the steps found."""
    if source.draft.kind is SourceKind.LINKS and spec.recheck is not None:
        until = desk.optional(("source", "recheck", "until"), spec.recheck.until, scope)
        source.draft = replace(source.draft, recheck_until=until)


def _reading(desk: Desk, spec: SourceSpec) -> Operation | None:
    """Return the reading operation that a source names, or None where it names a resource, or nothing."""
    if spec.read is None or desk.site.catalogs is None:
        return None
    catalog = desk.catalog(("source", "read"), spec.read)
    name = split_target(spec.read)[1]
    if catalog is None or catalog.resource(name) is not None:
        return None
    found = catalog.operation(name)
    if found is not None:
        desk.take_note(("source", "read"), spec.read, found)
    return found


def _kind(spec: SourceSpec, operation: Operation | None) -> SourceKind:
    if spec.links is not None:
        return SourceKind.LINKS
    if spec.given is not None:
        return SourceKind.GIVEN
    # A pipeline that is checked alone has no catalog: what only a reading operation has tells them apart.
    alone = spec.read is not None and "/" in split_target(spec.read)[1]
    return SourceKind.READ if operation is not None or alone else SourceKind.RESOURCE


def _check_form(desk: Desk, spec: SourceSpec, kind: SourceKind) -> None:
    given = [name for name in ("read", "links", "given") if getattr(spec, name) is not None]
    if len(given) != 1:
        what = " and ".join(f"`{name}`" for name in given) if given else "none of `read`, `links` and `given`"
        desk.add(desk.at(("source",)), "source-form", f"the source has {what}", "give it one of them")
        return
    for name in sorted(_written(spec) - _BELONGS[kind] - {"as"}):
        owners = " or ".join(_NAMES[other] for other, keys in _BELONGS.items() if name in keys)
        message = f"`{name}` does not go with {_NAMES[kind]} as source"
        desk.add(desk.at(("source", name), key=True), "misplaced-key", message, f"it belongs to {owners}")
    watermark = spec.watermark
    if watermark is not None and (watermark.by is None) == (watermark.server_clock is None):
        hint = "give it one of `by` and `server_clock`"
        desk.add(
            desk.at(("source", "watermark")), "source-form", "what the watermark is kept by is unclear", hint
        )
    pipelines = desk.site.pipelines
    for name in ("links", "given"):
        other = getattr(spec, name)
        if other is not None and pipelines is not None and other not in pipelines:
            message, hint = f"there is no pipeline '{other}'", suggest(other, pipelines)
            desk.add(desk.at(("source", name)), "unknown-pipeline", message, hint)


def _written(spec: SourceSpec) -> set[str]:
    return {name.rstrip("_") for name in spec.model_fields_set}


def _find_resource(desk: Desk, target: str) -> None:
    connection, name = split_target(target)
    catalog = desk.catalog(("source", "read"), target)
    if catalog is None:
        return
    desk.source_catalog = catalog
    desk.resource = catalog.resource(name)
    if desk.resource is None:
        hint = catalog.remedy(name) or suggest(name, catalog.resources())
        at = desk.at(("source", "read"))
        desk.add(at, "unknown-resource", f"'{connection}' has no resource '{name}'", hint)


def _with_reads(
    desk: Desk, spec: SourceSpec, draft: SourceRule, operation: Operation | None, scope: Scope
) -> SourceRule:
    """Add what a reading operation is asked, by what it is read on, and what lists everything."""
    if operation is not None:
        desk.row = operation.outputs
        _check_reads(desk, ("source", "read"), operation)
    inner = scope.adding("watermark")
    read = _request(desk, ("source", "fields"), spec.read or "", spec.fields, operation, scope=inner)
    full = None
    if spec.full is not None:
        at = ("source", "full")
        lists = desk.operation((*at, "read"), spec.full.read)
        if lists is not None:
            _check_reads(desk, (*at, "read"), lists)
        if split_target(spec.full.read)[0] != draft.connection:
            message = f"everything must be listed by '{draft.connection}', too"
            desk.add(desk.at((*at, "read")), "source-form", message)
        asked = _request(desk, (*at, "fields"), spec.full.read, spec.full.fields, lists, scope=scope)
        full = FullRead(asked, spec.full.every)
    return replace(
        draft,
        read=read,
        watermark=_watermark(desk, spec),
        distinct=desk.optional(("source", "distinct"), spec.distinct, scope),
        full=full,
    )


def _check_reads(desk: Desk, loc: Loc, operation: Operation) -> None:
    if operation.effect is not Effect.READ:
        message = f"{operation.name} acts ({operation.effect}); a source only reads"
        desk.add(desk.at(loc), "read-acts", message)


def _request(
    desk: Desk, loc: Loc, target: str, fields: FieldsSpec, operation: Operation | None, *, scope: Scope
) -> Request:
    connection, name = split_target(target)
    rules = compile_fields(desk, loc, fields, scope, blocks={}, operation=operation)
    return Request(Target(connection, operation or Operation(name, Effect.READ)), rules)


def _watermark(desk: Desk, spec: SourceSpec) -> Watermark:
    rule = spec.watermark
    if rule is None:
        return Watermark()
    at = ("source", "watermark")
    if rule.server_clock is None:
        known = desk.row
        if rule.by and known is not None and rule.by not in known:
            message = f"{spec.read} answers no '{rule.by}'"
            desk.add(desk.at((*at, "by")), "unknown-answer", message, suggest(rule.by, known))
        return Watermark(by=rule.by or "", overlap=rule.overlap)
    connection, _ = split_target(spec.read or "")
    target = f"{connection}/{SERVER_CLOCK}"
    clock = desk.operation((*at, "server_clock"), target)
    asks = Target(connection, clock or Operation(SERVER_CLOCK, Effect.READ))
    names = {rule.server_clock: rule.server_clock}
    return Watermark(clock=Request(asks, outputs=Outputs(names)), overlap=rule.overlap)


def _check_watermark(desk: Desk, spec: SourceSpec) -> None:
    resource, watermark = desk.resource, spec.watermark
    if watermark is None or resource is None:
        return
    known = resource.identity | {resource.key}
    if watermark.server_clock is not None:
        at = desk.at(("source", "watermark", "server_clock"), key=True)
        hint = f"{resource.name} are read by {resource.key}: `by: {resource.key}`"
        desk.add(at, "source-form", "`server_clock` belongs to a reading operation", hint)
    elif watermark.by is not None and watermark.by not in known:
        hint = suggest(watermark.by, known) or f"{resource.name} are read by {resource.key}"
        message = f"'{watermark.by}' can change, or is not known"
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
