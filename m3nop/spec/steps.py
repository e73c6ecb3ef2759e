"""Compiles steps in order, each seeing only those before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from m3nop.core.connector import Effect, Operation
from m3nop.mapping.pipeline import (
    Check,
    ForEach,
    InDoubt,
    OnFail,
    Outputs,
    Reasons,
    Request,
    Requires,
    Step,
    Switch,
    Target,
    Upsert,
    Verify,
)  # fmt: skip
from m3nop.spec.field_model import CheckSpec, FieldsSpec, OutputsSpec
from m3nop.spec.fields import compile_fields
from m3nop.spec.scope import Scope, StepShape
from m3nop.spec.step_form import check_form
from m3nop.spec.suggest import suggest
from m3nop.spec.tree import ListNode, Loc, find, plain
from m3nop.spec.values import split_target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.mapping.expressions import Expression
    from m3nop.mapping.fields import FieldRule
    from m3nop.spec.desk import Desk
    from m3nop.spec.models import ProbeSpec, StepSpec

UNKNOWN = Effect.UNSAFE
"""The effect of an operation that no catalog knows."""


class Placed(Struct):
    """A compiled step, what it was compiled from, and what it saw."""

    step: Step
    spec: StepSpec
    loc: Loc
    scope: Scope
    """The names known to the step itself."""
    top: bool
    """Not nested in another step."""


class StepCompiler(Struct):
    """Compiles the steps of one pipeline."""

    desk: Desk
    blocks: Mapping[str, FieldsSpec]
    probes: Mapping[str, ProbeSpec] = field(default_factory=dict)
    placed: list[Placed] = field(default_factory=list)
    """Every step, in order, parents before nested ones."""
    idle_probes: set[str] = field(default_factory=set)
    """Probes of optional steps that the connection cannot do."""
    _ids: dict[str, Loc] = field(default_factory=dict)

    def compile(self, specs: Sequence[StepSpec], loc: Loc, scope: Scope) -> tuple[tuple[Step, ...], Scope]:
        """Compile steps; the scope that comes back knows them."""
        return self._sequence(specs, loc, scope, top=True)

    def _sequence(
        self, specs: Sequence[StepSpec], loc: Loc, scope: Scope, *, top: bool
    ) -> tuple[tuple[Step, ...], Scope]:
        steps: list[Step] = []
        for index, spec in enumerate(specs):
            at = (*loc, index)
            self._unique(spec.id, at)
            step, scope = self._step(spec, at, scope, top=top)
            if step is not None:
                steps.append(step)
        return tuple(steps), scope

    def _unique(self, name: str, loc: Loc) -> None:
        first = self._ids.setdefault(name, loc)
        if first != loc:
            line = self.desk.at((*first, "id")).line
            message = f"step '{name}' is already there at line {line}"
            self.desk.add(self.desk.at((*loc, "id")), "duplicate-id", message)

    def _step(self, spec: StepSpec, loc: Loc, scope: Scope, *, top: bool) -> tuple[Step | None, Scope]:
        """Compile a step; None where it is optional and the connection cannot do it."""
        desk = self.desk
        check_form(desk, spec, loc)
        when = desk.optional((*loc, "when"), spec.when, scope)
        inner = scope.under(spec.when) if spec.when else scope
        for_each, inner = self._for_each(spec, loc, inner)
        call = self._request(spec, loc, inner, "call", spec.call)
        read = self._request(spec, loc, inner, "read", spec.read)
        upsert = self._upsert(spec, loc, inner)
        action = call or read or (upsert and Request(upsert.target))
        shape = _shape(spec)
        values = self._values(spec, loc, inner)
        own = inner.with_step(_own_shape(shape))
        answered = own.with_step(_plain_shape(shape))
        outer = scope.with_step(shape)
        at = len(self.placed)
        nested: tuple[Step, ...] = ()
        if spec.steps is not None:
            nested, _ = self._sequence(spec.steps, (*loc, "steps"), inner, top=False)
        switch, outer = self._switch(spec, loc, inner, outer)
        step = Step(
            id=spec.id,
            when=when,
            call=call,
            read=read,
            upsert=upsert,
            requires=self._requires(spec, loc, inner),
            switch=switch,
            values=values,
            steps=nested,
            for_each=for_each,
            expect=self.checks(spec.expect, (*loc, "expect"), answered.adding("result")),
            reasons=self._reasons(spec, loc, own),
            probe=spec.probe,
            in_doubt=None if spec.in_doubt is None else InDoubt(spec.in_doubt),
            undo=self._undo(spec, loc, answered),
            verify=self._verify(spec, loc, own),
            commit=spec.commit,
            pending_when=desk.optional((*loc, "pending_when"), spec.pending_when, answered.adding("result")),
            compare=self._compare(spec, loc, own),
        )
        if self._left_out(spec, action):
            self.idle_probes.add(spec.probe or "")
            return None, outer
        self.placed.insert(at, Placed(step, spec, loc, inner, top))
        return step, outer

    def _left_out(self, spec: StepSpec, action: Request | Upsert | None) -> bool:
        """Tell whether an optional step's operation is known to be absent."""
        return spec.optional and action is None and (spec.call or spec.read or spec.upsert) is not None

    def _for_each(self, spec: StepSpec, loc: Loc, scope: Scope) -> tuple[ForEach | None, Scope]:
        if spec.for_each is None:
            return None, scope
        at, rule = (*loc, "for_each"), spec.for_each
        if rule.as_ in scope.names:
            self.desk.add(self.desk.at((*at, "as")), "reserved-name", f"the name '{rule.as_}' is taken")
        items = self.desk.expression((*at, "in"), rule.in_, scope)
        inner = scope.with_item(rule.as_, _plain_path(rule.in_, scope))
        key = self.desk.expression((*at, "key"), rule.key, inner)
        return ForEach(items=items, name=rule.as_, key=key), inner

    def _request(
        self, spec: StepSpec, loc: Loc, scope: Scope, kind: str, target: str | None
    ) -> Request | None:
        if target is None:
            return None
        reads = kind == "read"
        operation = self.operation((*loc, kind), target, reads=reads, optional=spec.optional)
        fields = compile_fields(
            self.desk, (*loc, "fields"), spec.fields, scope, blocks=self.blocks, operation=operation
        )
        outputs = self.outputs((*loc, "outputs"), spec.outputs, operation, told=self._told_later(spec))
        if operation is None and spec.optional and self.desk.site.catalogs is not None:
            return None
        return Request(_target(target, operation, Effect.READ if reads else UNKNOWN), fields, outputs)

    def operation(self, loc: Loc, target: str, *, reads: bool, optional: bool = False) -> Operation | None:
        """Return the operation of a target, with the right effect for where it stands."""
        operation = self.desk.operation(loc, target, optional=optional)
        if operation is None:
            return None
        if reads and operation.effect is not Effect.READ:
            message = f"{operation.name} acts ({operation.effect}); it is no read"
            self.desk.add(self.desk.at(loc, key=True), "read-acts", message, "use `call`")
        if not reads and operation.effect is Effect.READ:
            message = f"{operation.name} only reads"
            self.desk.add(self.desk.at(loc, key=True), "call-reads", message, "use `read`")
        return operation

    def _told_later(self, spec: StepSpec) -> frozenset[str]:
        """Name the outputs of a commit that its probe tells, where the answer itself need not."""
        probe = self.probes.get(spec.probe or "")
        return frozenset(probe.outputs.names) if probe and spec.pending_when else frozenset()

    def outputs(
        self, loc: Loc, spec: OutputsSpec, operation: Operation | None, *, told: frozenset[str] = frozenset()
    ) -> Outputs:
        """Compile outputs, which must be fields of the answer."""
        known = operation.outputs if operation else None
        later = {
            name
            for name, source in spec.names.items()
            if known is not None and name in told and source not in set(known)
        }
        for name, source in spec.names.items():
            if known is not None and source not in known and name not in later:
                at = self.desk.at(_output_loc(self.desk, loc, name, source))
                message = f"{operation.name if operation else ''} answers no '{source}'"
                self.desk.add(at, "unknown-answer", message, suggest(source, known))
        return Outputs(names=dict(spec.names), rows=spec.rows, later=frozenset(later))

    def _upsert(self, spec: StepSpec, loc: Loc, scope: Scope) -> Upsert | None:
        if spec.upsert is None:
            return None
        operation = self.operation((*loc, "upsert"), spec.upsert, reads=False, optional=spec.optional)
        if operation is not None and not operation.upserts:
            self._refuse_upsert(spec, loc, operation)
            operation = None

        def fields(name: str, given: FieldsSpec) -> tuple[FieldRule, ...]:
            return compile_fields(
                self.desk, (*loc, name), given, scope, blocks=self.blocks, operation=operation, complete=False
            )

        match, rules = fields("match", spec.match or FieldsSpec()), fields("fields", spec.fields)
        on_create = fields("on_create", spec.on_create)
        if operation is None and spec.optional and self.desk.site.catalogs is not None:
            return None
        return Upsert(
            target=_target(spec.upsert, operation, Effect.IDEMPOTENT),
            match=match,
            fields=rules,
            on_create=on_create,
            ambiguous=OnFail(spec.ambiguous),
            missing=spec.missing,
        )

    def _refuse_upsert(self, spec: StepSpec, loc: Loc, operation: Operation) -> None:
        if spec.optional:
            return
        message = f"{operation.name} cannot find, merge and write a row"
        hint = "use `call` with the fields that it takes"
        self.desk.add(self.desk.at((*loc, "upsert"), key=True), "no-upsert", message, hint)

    def _values(self, spec: StepSpec, loc: Loc, scope: Scope) -> tuple[tuple[str, Expression], ...]:
        return tuple(
            (name, self.desk.expression((*loc, "values", name), text, scope))
            for name, text in (spec.values or {}).items()
        )

    def _requires(self, spec: StepSpec, loc: Loc, scope: Scope) -> Requires | None:
        rule = spec.requires
        if rule is None:
            return None
        known = self.desk.site.pipelines
        at = (*loc, "requires", "pipeline")
        if known is not None and rule.pipeline not in known:
            message = f"there is no pipeline '{rule.pipeline}'"
            self.desk.add(self.desk.at(at), "unknown-pipeline", message, suggest(rule.pipeline, known))
        key = self.desk.expression((*loc, "requires", "key"), rule.key, scope)
        record = self.desk.optional((*loc, "requires", "record"), rule.record, scope)
        return Requires(pipeline=rule.pipeline, key=key, record=record)

    def _compare(self, spec: StepSpec, loc: Loc, scope: Scope) -> Request | None:
        if spec.compare is None:
            return None
        return self.read((*loc, "compare"), spec.compare.read, spec.compare.fields, OutputsSpec(), scope)

    def _switch(self, spec: StepSpec, loc: Loc, scope: Scope, outer: Scope) -> tuple[Switch | None, Scope]:
        rule = spec.switch
        if rule is None:
            return None, outer
        if rule.lookup is not None:
            self.desk.lookup((*loc, "switch", "lookup"), rule.lookup)
        value = self.desk.expression((*loc, "switch", "from"), rule.from_, scope)
        why = f"it is in a case of '{spec.id}'"
        branches: dict[str, tuple[Step, ...]] = {}
        for name, specs in {**spec.cases, "": spec.default or []}.items():
            at = (*loc, "cases", name) if name or name in spec.cases else (*loc, "default")
            branches[name], inner = self._sequence(specs, at, scope, top=False)
            for step_id in inner.steps.keys() - scope.steps.keys():
                shape = inner.steps[step_id]
                outer = outer.with_step(StepShape(shape.id, shape.members, skipped=why))
        default = branches.pop("")
        return Switch(value=value, lookup=rule.lookup, cases=branches, default=default), outer

    def _reasons(self, spec: StepSpec, loc: Loc, scope: Scope) -> Reasons | None:
        if spec.reasons is None:
            return None
        at = (*loc, "reasons")
        read = self.read(at, spec.reasons.read, spec.reasons.fields, OutputsSpec(), scope)
        message = self.desk.expression((*at, "message"), spec.reasons.message, scope.adding("row"))
        return Reasons(read=read, message=message)

    def _verify(self, spec: StepSpec, loc: Loc, scope: Scope) -> Verify | None:
        if spec.verify is None:
            return None
        at = (*loc, "verify")
        read = self.read(at, spec.verify.read, spec.verify.fields, OutputsSpec(), scope)
        for index, name in enumerate(spec.verify.compare):
            if name not in spec.fields.fields and not spec.fields.include:
                message = f"step '{spec.id}' sends no '{name}'"
                hint = suggest(name, spec.fields.fields)
                self.desk.add(self.desk.at((*at, "compare", index)), "unknown-compare", message, hint)
        return Verify(read=read, compare=tuple(spec.verify.compare))

    def read(self, loc: Loc, target: str, fields: FieldsSpec, outputs: OutputsSpec, scope: Scope) -> Request:
        """Compile the reading request of a probe, a verification or a look-up of reasons."""
        operation = self.operation((*loc, "read"), target, reads=True)
        rules = compile_fields(
            self.desk, (*loc, "fields"), fields, scope, blocks=self.blocks, operation=operation
        )
        kept = self.outputs((*loc, "outputs"), outputs, operation)
        return Request(_target(target, operation, Effect.READ), rules, kept)

    def _undo(self, spec: StepSpec, loc: Loc, scope: Scope) -> Request | None:
        if spec.undo is None:
            return None
        at, target = (*loc, "undo"), spec.undo.call
        operation = self.operation((*at, "call"), target, reads=False)
        rules = compile_fields(
            self.desk, (*at, "fields"), spec.undo.fields, scope, blocks=self.blocks, operation=operation
        )
        return Request(_target(target, operation, UNKNOWN), rules)

    def checks(self, specs: Sequence[CheckSpec], loc: Loc, scope: Scope) -> tuple[Check, ...]:
        """Compile conditions."""
        return tuple(
            Check(
                condition=self.desk.expression((*loc, index, "condition"), spec.condition, scope),
                message=spec.message,
                on_fail=OnFail(spec.on_fail),
            )
            for index, spec in enumerate(specs)
        )


def _target(text: str, operation: Operation | None, effect: Effect) -> Target:
    """Return the target; an operation that no catalog knows has the effect that is safe to assume."""
    connection, name = split_target(text)
    return Target(connection, operation or Operation(name, effect))


def _output_loc(desk: Desk, loc: Loc, name: str, source: str) -> Loc:
    """Find an output in a list, in a mapping, or in either of them under ``rows``."""
    for at in (loc, (*loc, "rows")):
        node = find(desk.node, at)
        if isinstance(node, ListNode):
            values = [str(value) for value in plain(node)]
            return (*at, values.index(source)) if source in values else at
        if find(desk.node, (*at, name)) is not None:
            return (*at, name)
    return loc


def _plain_path(text: str, scope: Scope) -> tuple[str, ...] | None:
    """Return the path in the record that an expression is, if it is only that."""
    parts = tuple(text.strip().split("."))
    return parts[1:] if parts[0] == scope.record and all(part.isidentifier() for part in parts) else None


def _shape(spec: StepSpec) -> StepShape:
    if spec.when is not None:
        skipped = "it has `when`"
    elif spec.optional:
        skipped = "it is optional"
    else:
        skipped = ""
    return StepShape(spec.id, _members(spec), skipped=skipped, when=spec.when or "")


def _members(spec: StepSpec) -> frozenset[str] | None:
    if spec.requires is not None:
        return frozenset({"m3", "shop"})
    if spec.steps is not None or spec.upsert is not None or spec.switch is not None:
        return None
    if spec.values is not None:
        return frozenset(spec.values)
    if spec.outputs.rows:
        return frozenset({"fields", "rows"})
    return frozenset({"fields", *spec.outputs.names})


def _own_shape(shape: StepShape) -> StepShape:
    """Return what is known of a step while its own answer is not."""
    return StepShape(shape.id, frozenset({"fields"}))


def _plain_shape(shape: StepShape) -> StepShape:
    """Return what is known of a step once it was done."""
    return StepShape(shape.id, shape.members)
