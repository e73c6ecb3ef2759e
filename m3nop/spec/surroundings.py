"""What is known of the values that a pipeline's expressions read: of the record, settings, vars and steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.mapping.errors import ExpressionError
from m3nop.mapping.inference import Surroundings, shape_of
from m3nop.mapping.shapes import (
    NUMBER,
    UNKNOWN,
    Shape,
    constant,
    either,
    list_of,
    object_of,
    of_field,
    of_paths,
)
from m3nop.spec.values import split_target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from m3nop.core.connector import FieldInfo, Operation
    from m3nop.mapping.lookups import Lookup
    from m3nop.spec.desk import Site
    from m3nop.spec.models import PipelineSpec, StepSpec
    from m3nop.spec.scope import Scope


class Known:
    """Works out the shape of an expression of one pipeline in one store."""

    def __init__(self, site: Site, spec: PipelineSpec) -> None:
        self._site = site
        self._spec = spec
        self._steps = {step.id: step for step in _every(spec.steps)}
        self._vars: dict[str, Shape] = {}
        self._items: set[str] = set()
        self._record: Shape | None = None

    def shape(self, expression: str, scope: Scope) -> Shape:
        """Return what the value of an expression can be; everything where it cannot be compiled."""
        surroundings = Surroundings(root=lambda name: self._root(name, scope), lookup=self._lookup)
        try:
            return shape_of(expression, surroundings)
        except ExpressionError:
            return UNKNOWN

    def _root(self, name: str, scope: Scope) -> Shape:
        if name == scope.record:
            return self._record_shape()
        if name in scope.items:
            return self._item(name, scope)
        known = {
            "vars": object_of(lambda one: self._var(one, scope)),
            "steps": object_of(self._step),
            "settings": object_of(self._setting),
            "store": constant({"code": self._site.store.code, "store_id": self._site.store.store_id}),
            "position": NUMBER,
        }
        return known.get(name, UNKNOWN)

    def _item(self, name: str, scope: Scope) -> Shape:
        if name in self._items:
            # A loop over something of an item with its own name is a problem of its own.
            return UNKNOWN
        self._items.add(name)
        loops = (step.for_each for step in self._steps.values() if step.for_each is not None)
        # Two loops may give their items the same name.
        found = [self.shape(loop.in_, scope).each for loop in loops if loop.as_ == name]
        self._items.discard(name)
        return either(found) if found else UNKNOWN

    def _setting(self, name: str) -> Shape:
        value = (self._site.settings or {}).get(name)
        # A variable or secret that could not be filled in is a problem of its own.
        unfilled = isinstance(value, str) and value.startswith("${")
        return UNKNOWN if value is None or unfilled else constant(value)

    def _record_shape(self) -> Shape:
        if self._record is None:
            self._record = self._source()
        return self._record

    def _source(self) -> Shape:
        connection, name = split_target(self._spec.source.read or "")
        catalog = (self._site.catalogs or {}).get(connection)
        if catalog is None:
            return UNKNOWN
        resource = catalog.resource(name)
        if resource is not None:
            return of_paths(resource.types)
        operation = catalog.operation(name)
        return _row(operation.outputs if operation else None)

    def _var(self, name: str, scope: Scope) -> Shape:
        text = self._spec.vars.get(name)
        if text is None:
            return UNKNOWN
        if name not in self._vars:
            # A var that reads itself is a problem of its own.
            self._vars[name] = UNKNOWN
            self._vars[name] = self.shape(text, scope)
        return self._vars[name]

    def _step(self, name: str) -> Shape:
        step = self._steps.get(name)
        operation = self._operation(step) if step is not None else None
        if step is None or operation is None:
            return UNKNOWN
        answered = _row(operation.outputs)
        kept = step.outputs.names

        def member(one: str) -> Shape:
            if one == "fields":
                return _row(operation.inputs)
            if one == "rows":
                return list_of(answered)
            return answered.of(kept[one]) if one in kept else UNKNOWN

        shape = object_of(member)
        return shape if step.for_each is None else list_of(shape)

    def _operation(self, step: StepSpec) -> Operation | None:
        target = step.call or step.read
        if target is None or self._site.catalogs is None:
            return None
        connection, name = split_target(target)
        catalog = self._site.catalogs.get(connection)
        return catalog.operation(name) if catalog is not None else None

    def _lookup(self, name: str, column: str | None) -> Shape:
        lookup = (self._site.lookups or {}).get(name)
        return UNKNOWN if lookup is None else _column(lookup, column)


def _column(lookup: Lookup, column: str | None) -> Shape:
    name = column or (lookup.columns[0] if len(lookup.columns) == 1 else None)
    if name is None:
        return UNKNOWN
    values = [constant(row.get(name, "")) for row in lookup.rows.values()]
    return either([constant(None), *values, *([constant(lookup.default)] if lookup.default else [])])


def _row(fields: Mapping[str, FieldInfo] | None) -> Shape:
    known = fields or {}
    return object_of(lambda name: of_field(known[name]) if name in known else UNKNOWN)


def _every(steps: Sequence[StepSpec]) -> Iterator[StepSpec]:
    for step in steps:
        yield step
        for branch in (step.steps or (), *step.cases.values(), step.default or ()):
            yield from _every(branch)
