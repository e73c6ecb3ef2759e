"""What the pipelines of a project ask of each system: the operations, and the codes that they send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from m3nop.mapping.context import Context
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.pipeline import walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from m3nop.app.session import Session
    from m3nop.core.clock import Instant
    from m3nop.core.connector import Operation
    from m3nop.mapping.expressions import Expression
    from m3nop.mapping.fields import FieldRule
    from m3nop.mapping.lookups import Lookup
    from m3nop.mapping.pipeline import Pipeline, Probe, Request

_OF_THE_SITE = frozenset({"settings", "store", "environment"})
"""Root names that have a value before any record is read."""
_PASSES_ON = frozenset({"coalesce", "default", "lookup", "null_if_blank"})
"""Functions whose value is one of their arguments."""


class UsedOperation(Struct, frozen=True):
    """An operation that pipelines use, with the fields that they send."""

    connection: str
    operation: Operation
    fields: frozenset[str]
    pipelines: frozenset[str]


class UsedCode(Struct, frozen=True, order=True):
    """A code that a field of a call can get, and where it comes from."""

    connection: str
    field: str
    code: str
    origin: str
    """``settings.facility``, ``lookup order_types``, ``pipeline orders``."""


class UsedProbe(Struct, frozen=True):
    """A probe of a pipeline."""

    pipeline: str
    probe: Probe


def pipelines_of(session: Session) -> list[Pipeline]:
    """Compile every pipeline that is switched on, for every store that it serves.

    Raises:
        ConfigurationError: one cannot be.
    """
    project = session.project
    every = (project.pipeline(name, store) for name in project.pipelines for store in project.stores_of(name))
    return [one for one in every if one.enabled]


def requests_of(pipeline: Pipeline) -> Iterator[Request]:
    """Yield every request that a pipeline can make of a connection."""
    source = pipeline.source
    reads = (source.read, source.full.read if source.full else None, source.watermark.clock)
    yield from (request for request in reads if request is not None)
    for step in walk(pipeline.steps):
        more = (step.verify.read if step.verify else None, step.reasons.read if step.reasons else None)
        made = (step.call, step.read, step.compare, step.undo, *more)
        yield from (request for request in made if request is not None)
    yield from (probe.read for probe in pipeline.probes.values())


def operations_of(pipelines: list[Pipeline]) -> list[UsedOperation]:
    """List the operations that pipelines use, by connection and name."""
    found: dict[tuple[str, str], tuple[Operation, set[str], set[str]]] = {}
    for pipeline in pipelines:
        for request in requests_of(pipeline):
            target = request.target
            key = (target.connection, target.operation.name)
            _, fields, users = found.setdefault(key, (target.operation, set(), set()))
            fields.update(rule.name for rule in request.fields)
            users.add(pipeline.name)
    return [
        UsedOperation(connection, operation, frozenset(fields), frozenset(users))
        for (connection, _), (operation, fields, users) in sorted(found.items())
    ]


def probes_of(pipelines: list[Pipeline]) -> list[UsedProbe]:
    """List the probes of pipelines, each once though it be compiled for several stores."""
    found = {
        (pipeline.name, name): probe for pipeline in pipelines for name, probe in pipeline.probes.items()
    }
    return [
        UsedProbe(pipeline, probe) for (pipeline, _), probe in sorted(found.items(), key=lambda pair: pair[0])
    ]


def codes_of(pipelines: list[Pipeline], fields: frozenset[str], *, now: Instant) -> list[UsedCode]:
    """List the codes that these fields can get, as far as they are known without a record."""
    found = {
        UsedCode(request.target.connection, rule.name, code, origin)
        for pipeline in pipelines
        for request in requests_of(pipeline)
        for rule in request.fields
        if rule.name in fields
        for code, origin in _codes(rule, pipeline, now)
        if code.strip()
    }
    return sorted(found)


def _codes(rule: FieldRule, pipeline: Pipeline, now: Instant) -> Iterator[tuple[str, str]]:
    if rule.lookup is not None:
        yield from _column(pipeline.lookups.get(rule.lookup), rule.column)
    elif rule.expression is None:
        yield _text(rule.value), f"pipeline {pipeline.name}"
    else:
        yield from _of_expression(rule.expression, pipeline, now)
    if rule.default is not None:
        yield _text(rule.default), f"pipeline {pipeline.name}"


def _of_expression(expression: Expression, pipeline: Pipeline, now: Instant) -> Iterator[tuple[str, str]]:
    for name in expression.literal_lookups:
        yield from _column(pipeline.lookups.get(name), None)
    settings = [".".join(path[1:]) for path in expression.paths if path[0] == "settings"]
    if not expression.literal_lookups and all(path[0] in _OF_THE_SITE for path in expression.paths):
        origin = ", ".join(f"settings.{name}" for name in settings) or f"pipeline {pipeline.name}"
        yield _evaluated(expression, pipeline, now), origin
        return
    # Of other functions a setting would be a part of the code, or decide which it is.
    for name in settings if expression.functions <= _PASSES_ON else ():
        yield _text(pipeline.settings.get(name)), f"settings.{name}"


def _evaluated(expression: Expression, pipeline: Pipeline, now: Instant) -> str:
    store = {"code": pipeline.store.code, "store_id": pipeline.store.store_id}
    root: Mapping[str, Any] = {
        "settings": pipeline.settings, "store": store, "environment": pipeline.environment,
    }  # fmt: skip
    try:
        return _text(expression.evaluate(root, Context(now=now, lookups=pipeline.lookups)))
    except EvaluationError:
        return ""


def _column(lookup: Lookup | None, column: str | None) -> Iterator[tuple[str, str]]:
    if lookup is None:
        return
    name = lookup.column(column)
    for row in lookup.rows.values():
        yield row.get(name, ""), f"lookup {lookup.name}"


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, (bool, list, dict)) else str(value)
