"""Compiles fields, and checks them against what the operation takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.core import json
from m3nop.mapping.context import Context
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.fields import FieldRule
from m3nop.mapping.lookups import VALUE, Miss
from m3nop.mapping.values import text_of
from m3nop.spec.fit import Target, check_fit
from m3nop.spec.suggest import suggest
from m3nop.spec.tree import Loc, find

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.connector import FieldInfo, Operation
    from m3nop.core.json import Json
    from m3nop.mapping.expressions import Expression
    from m3nop.spec.desk import Desk
    from m3nop.spec.field_model import FieldSpec, FieldsSpec
    from m3nop.spec.scope import Scope


UNITS = "units"
"""The lookup whose rows are units of measure."""


class _Placed(Struct, frozen=True):
    name: str
    spec: FieldSpec
    loc: Loc


def compile_fields(
    desk: Desk, loc: Loc, spec: FieldsSpec, scope: Scope, *, blocks: Mapping[str, FieldsSpec],
    operation: Operation | None = None, complete: bool = True,
) -> tuple[FieldRule, ...]:  # fmt: skip
    """Compile fields in order, blocks first; a field given beside a block replaces the block's.

    With ``complete`` the mandatory fields of the operation must be there.
    """
    inputs = operation.inputs if operation else None
    placed = _placed(desk, loc, spec, blocks)
    key = operation.key if operation else ""
    compiled = {name: _rule(desk, field, scope, inputs, keyed=name == key) for name, field in placed.items()}
    if inputs is not None:
        # Compiled all the same: what the field would use is in use, and has to be right.
        placed = {name: field for name, field in placed.items() if name in inputs or not field.spec.optional}
    rules = tuple(compiled[name] for name in placed)
    if operation is not None and inputs is not None:
        known = set(inputs)
        for rule in rules:
            if rule.name in known:
                found = placed[rule.name]
                target = Target(inputs[rule.name], as_text=not operation.json_values)
                check_fit(desk, found.loc, found.spec, target, scope)
        _check_names(desk, placed, operation, inputs)
        if complete:
            _check_mandatory(desk, loc, placed, operation, inputs)
    return rules


def _placed(desk: Desk, loc: Loc, spec: FieldsSpec, blocks: Mapping[str, FieldsSpec]) -> dict[str, _Placed]:
    found: dict[str, _Placed] = {}
    waiting = list(spec.include)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        block = blocks.get(name)
        if block is None:
            desk.add(
                desk.at((*loc, "include")),
                "unknown-block",
                f"there is no block '{name}'",
                suggest(name, blocks),
            )
            continue
        desk.used.blocks.add(name)
        waiting[:0] = block.include
        found.update(_own(("blocks", name), block))
    found.update(_own(loc, spec))
    return found


def _own(loc: Loc, spec: FieldsSpec) -> dict[str, _Placed]:
    return {name: _Placed(name, field, (*loc, name)) for name, field in spec.fields.items()}


def _rule(
    desk: Desk, field: _Placed, scope: Scope, inputs: Mapping[str, FieldInfo] | None, *, keyed: bool
) -> FieldRule:
    spec, loc = field.spec, field.loc
    info = inputs.get(field.name) if inputs else None
    constant = "value" in spec.model_fields_set
    _check_form(desk, field, constant=constant)
    if spec.lookup is not None:
        desk.lookup((*loc, "lookup"), spec.lookup, spec.column)
        _check_lookup(desk, field, info)
    if spec.unit is not None:
        desk.lookup((*loc, "unit"), UNITS)
    if constant and spec.lookup is None:
        _check_length(desk, (*loc, "value"), spec.value, info, cut=spec.truncate)
    when = desk.optional((*loc, "when"), spec.when, scope)
    inner = scope.under(spec.when) if spec.when else scope
    handled = spec.default is not None
    expression = None
    if spec.from_ is not None:
        expression = desk.expression((*loc, "from"), spec.from_, inner, default=handled)
        if spec.lookup is None and not expression.paths and not expression.functions:
            _check_constant(desk, (*loc, "from"), expression, info, cut=spec.truncate)
    return FieldRule(
        name=field.name,
        expression=expression,
        value=spec.value,
        lookup=spec.lookup,
        column=spec.column,
        missing=None if spec.missing is None else Miss(spec.missing),
        default=spec.default,
        required=spec.required or keyed or (info.mandatory if info else False),
        truncate=spec.truncate,
        clear=spec.clear,
        when=when,
        unit=desk.optional((*loc, "unit"), spec.unit, scope),
        source=_written(spec),
    )


def _written(spec: FieldSpec) -> str:
    """Write the rule as it is read aloud."""
    given = spec.model_dump(by_alias=True, exclude_unset=True)
    return spec.from_ if list(given) == ["from"] and spec.from_ else json.dumps(given)


def _check_form(desk: Desk, field: _Placed, *, constant: bool) -> None:
    spec = field.spec
    if constant == (spec.from_ is not None):
        what = "both `from` and `value`" if constant else "neither `from` nor `value`"
        desk.add(
            desk.at(field.loc, key=True), "field-form", f"{field.name} has {what}", "give one of the two"
        )
    if spec.lookup is None and (spec.column is not None or spec.missing is not None):
        key = "column" if spec.column is not None else "missing"
        at = desk.at((*field.loc, key), key=True)
        desk.add(at, "field-form", f"`{key}` belongs to a lookup", "name the lookup")
    lookup = (desk.site.lookups or {}).get(spec.lookup or "")
    if spec.missing == "default" and spec.default is None and (lookup is None or lookup.default is None):
        at = desk.at((*field.loc, "missing"))
        desk.add(at, "field-form", "`missing: default` needs a `default`")


def _check_lookup(desk: Desk, field: _Placed, info: FieldInfo | None) -> None:
    spec = field.spec
    lookup = (desk.site.lookups or {}).get(spec.lookup or "")
    if lookup is None:
        return
    if spec.column is None and len(lookup.columns) > 1:
        known = ", ".join(lookup.columns)
        at = desk.at((*field.loc, "lookup"))
        desk.add(at, "unknown-column", f"lookup '{lookup.name}' has several columns", f"name one: {known}")
        return
    column = spec.column or (lookup.columns[0] if lookup.columns else VALUE)
    for row in lookup.rows.values():
        if info is not None and _too_long(row.get(column, ""), info) and not spec.truncate:
            message = f"'{row[column]}' of lookup '{lookup.name}' is longer than {info.name} ({info.length})"
            desk.add(desk.at((*field.loc, "lookup")), "value-too-long", message)


def _check_constant(
    desk: Desk, loc: Loc, expression: Expression, info: FieldInfo | None, *, cut: bool
) -> None:
    """Check an expression that gives every record the same."""
    try:
        value = expression.evaluate({}, Context())
    except EvaluationError as error:
        desk.add(desk.at(loc), "wrong-value", error.message)
    else:
        _check_length(desk, loc, value, info, cut=cut)


def _check_length(desk: Desk, loc: Loc, value: Json, info: FieldInfo | None, *, cut: bool) -> None:
    if info is None or cut or isinstance(value, (list, dict)):
        return
    text = text_of(value)
    if _too_long(text, info):
        message = f"'{text}' has {len(text)} characters, {info.name} holds {info.length}"
        desk.add(desk.at(loc), "value-too-long", message)


def _too_long(text: str, info: FieldInfo) -> bool:
    return info.type in ("A", None) and info.length is not None and len(text) > info.length


def _check_names(
    desk: Desk, placed: Mapping[str, _Placed], operation: Operation, inputs: Mapping[str, FieldInfo]
) -> None:
    for name, field in placed.items():
        if name not in inputs:
            hint = suggest(name, inputs)
            at = desk.at(field.loc, key=True)
            desk.add(at, "unknown-input", f"{operation.name} has no field '{name}'", hint)


def _check_mandatory(
    desk: Desk, loc: Loc, placed: Mapping[str, _Placed], operation: Operation, inputs: Mapping[str, FieldInfo]
) -> None:
    absent = [name for name, info in inputs.items() if info.mandatory and name not in placed]
    if absent:
        given = find(desk.node, loc) is not None
        at = desk.at(loc if given else loc[:-1], key=given)
        fields = ", ".join(absent)
        desk.add(at, "missing-input", f"{operation.name} needs {fields}")
