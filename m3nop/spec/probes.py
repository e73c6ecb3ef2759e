"""Compiles probes, each in the scope of the first step that relies on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.core.connector import Effect, Operation
from m3nop.mapping.pipeline import DoubleCheck, Probe, Request, Target
from m3nop.spec.fields import compile_fields
from m3nop.spec.scope import Scope, StepShape
from m3nop.spec.suggest import suggest
from m3nop.spec.values import split_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.mapping.expressions import Expression
    from m3nop.mapping.fields import FieldRule
    from m3nop.spec.field_model import OutputsSpec
    from m3nop.spec.models import OtherwiseSpec, PipelineSpec, ProbeSpec
    from m3nop.spec.steps import StepCompiler
    from m3nop.spec.tree import Loc

_OWN = frozenset({"fields"})


class _Found(Struct, frozen=True):
    """The read that a probe makes on this connection."""

    read: Request
    match: tuple[Loc, str] | None


class ProbeCompiler:
    """Compiles the probes of one pipeline after its steps."""

    def __init__(
        self, steps: StepCompiler, spec: PipelineSpec, *, before: Scope, variables: Mapping[str, Expression]
    ) -> None:
        self._steps = steps
        self._desk = steps.desk
        self._spec = spec
        self._before = before
        """What is known before the first step."""
        self._referring: set[str] = set()
        """Vars that have the reference in them."""
        for name, expression in variables.items():
            if self._has_reference(expression):
                self._referring.add(name)

    def compile(self) -> Mapping[str, Probe]:
        """Compile the probes but those of steps that are left out; one that nothing uses is a warning."""
        used = self._check_names()
        idle = self._steps.idle_probes - used
        return {name: self._probe(name, spec) for name, spec in self._spec.probes.items() if name not in idle}

    def double_check(self, probes: Mapping[str, Probe]) -> DoubleCheck | None:
        """Compile the double check; it is made always only where both probes look by reference."""
        rule = self._spec.double_check
        if rule is None or rule.temporary not in probes or rule.real not in probes:
            return None
        exact = probes[rule.temporary].exact and probes[rule.real].exact
        if rule.when == "always" and not exact and any(p.step.commit for p in self._steps.placed):
            self._desk.warn(
                self._desk.at(("double_check",), key=True),
                "inexact-double-check",
                "a probe of the double check does not look by `reference`, so it is made after a doubt only",
                "allow table reads on the connection, or write `when: auto`",
            )
        return DoubleCheck(rule.temporary, rule.real, always=exact and rule.when == "always")

    def _check_names(self) -> set[str]:
        """Report names that are wrong; return the probes that something here uses."""
        names = [(placed.spec.probe, (*placed.loc, "probe")) for placed in self._steps.placed]
        rule = self._spec.double_check
        if rule is not None:
            names += [(rule.temporary, ("double_check", "temporary")), (rule.real, ("double_check", "real"))]
        for name, loc in names:
            if name is not None:
                self._desk.used.probes.add(name)
                if name not in self._spec.probes:
                    hint = suggest(name, self._spec.probes)
                    self._desk.add(self._desk.at(loc), "unknown-probe", f"there is no probe '{name}'", hint)
        for name in self._spec.probes:
            if name not in self._desk.used.probes | self._steps.idle_probes:
                at = self._desk.at(("probes", name), key=True)
                self._desk.warn(at, "unused-probe", f"nothing uses the probe '{name}'")
        return {name for name, _ in names if name is not None}

    def _scope(self, name: str) -> Scope:
        """Return what the first user knows: the steps before it, and the fields that it sent itself."""
        for placed in self._steps.placed:
            if placed.spec.probe == name:
                return placed.scope.with_step(StepShape(placed.step.id, _OWN))
        commit = next((placed for placed in self._steps.placed if placed.step.commit), None)
        return commit.scope if commit else self._before

    def _probe(self, name: str, spec: ProbeSpec) -> Probe:
        loc: Loc = ("probes", name)
        scope = self._scope(name)
        found = self._read(loc, spec, scope)
        match = None
        if found.match is not None:
            match = self._desk.expression(found.match[0], found.match[1], scope.adding("row"))
        given = found.read.outputs.names
        agree = {}
        for output, text in spec.agree.items():
            expression = self._desk.expression((*loc, "agree", output), text, scope)
            if output in given:
                agree[output] = expression
            elif output not in spec.outputs.names:
                at = self._desk.at((*loc, "agree", output), key=True)
                hint = suggest(output, spec.outputs.names)
                self._desk.add(at, "unknown-output", f"the probe has no output '{output}'", hint)
        return Probe(
            name=name,
            read=found.read,
            match=match,
            agree=agree,
            proves_absence=spec.proves_absence,
            exact=self._by_reference(found.read.fields),
        )

    def _read(self, loc: Loc, spec: ProbeSpec, scope: Scope) -> _Found:
        if (spec.read is None) == (spec.table is None):
            what = "both `read` and `table`" if spec.read else "neither `read` nor `table`"
            self._desk.add(self._desk.at(loc, key=True), "probe-form", f"probe '{loc[-1]}' has {what}")
        if spec.table is not None:
            return self._table(loc, spec, spec.table, scope)
        match = None if spec.match is None else ((*loc, "match"), spec.match)
        target = spec.read or "unknown/unknown"
        if spec.read is None:
            return _Found(Request(Target("unknown", Operation("unknown", Effect.READ))), match)
        return _Found(self._steps.read(loc, target, spec.fields, spec.outputs, scope), match)

    def _table(self, loc: Loc, spec: ProbeSpec, table: str, scope: Scope) -> _Found:
        desk = self._desk
        connection, name = split_target(table)
        catalog = desk.catalog((*loc, "table"), table)
        operation = catalog.operation(f"table:{name}") if catalog else None
        rules = compile_fields(
            desk,
            (*loc, "where"),
            spec.where,
            scope,
            blocks=self._steps.blocks,
            operation=operation,
            complete=False,
        )
        outputs = self._steps.outputs((*loc, "outputs"), spec.outputs, operation)
        match = None if spec.match is None else ((*loc, "match"), spec.match)
        stand_in = self._otherwise(loc, spec.otherwise, spec.outputs, scope)
        if catalog is None or operation is not None:
            operation = operation or Operation(f"table:{name}", Effect.READ, many=True, bulk=f"table:{name}")
            return _Found(Request(Target(connection, operation), rules, outputs), match)
        if stand_in is None:
            hint = catalog.remedy(f"table:{name}") or "give the probe an `otherwise`"
            message = f"'{connection}' does not allow table reads, or has no table {name}"
            desk.add(desk.at((*loc, "table")), "no-table-reads", message, hint)
            return _Found(
                Request(Target(connection, Operation(f"table:{name}", Effect.READ)), rules, outputs), match
            )
        return stand_in

    def _otherwise(
        self, loc: Loc, spec: OtherwiseSpec | None, outputs: OutputsSpec, scope: Scope
    ) -> _Found | None:
        if spec is None:
            return None
        at = (*loc, "otherwise")
        read = self._steps.read(at, spec.read, spec.fields, spec.outputs, scope)
        sent = {rule.name for rule in read.fields}
        for name in outputs.names:
            if spec.outputs.names and name not in spec.outputs.names and name not in sent:
                message = f"`otherwise` does not give the output '{name}'"
                self._desk.warn(self._desk.at((*at, "outputs")), "missing-output", message)
        return _Found(read, None if spec.match is None else ((*at, "match"), spec.match))

    def _by_reference(self, fields: tuple[FieldRule, ...]) -> bool:
        return any(self._has_reference(rule.expression) for rule in fields)

    def _has_reference(self, expression: Expression | None) -> bool:
        """Tell whether an expression has the reference in it, itself or by a var."""
        return expression is not None and any(
            path[0] == "reference" or (path[0] == "vars" and path[1:2] and path[1] in self._referring)
            for path in expression.paths
        )
