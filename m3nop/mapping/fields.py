"""Fields: how each field of a call gets its value, and what that value becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.mapping.conversion import CLEARED, field_writer, fitted
from m3nop.mapping.errors import EvaluationError, FieldRefusal
from m3nop.mapping.functions.codes import find_table, in_unit, missed
from m3nop.mapping.values import is_blank, json_text, kind, show, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from m3nop.core.connector import FieldInfo
    from m3nop.core.json import Json
    from m3nop.mapping.context import Context
    from m3nop.mapping.expressions import Expression
    from m3nop.mapping.functions.registry import Frame
    from m3nop.mapping.lookups import Miss

__all__ = ["ByHand", "FieldPlan", "FieldRefusal", "FieldRule", "Mapped", "map_fields"]


class FieldRule(Struct, frozen=True):
    """How one field gets its value.

    The value is that of ``expression``, or the constant ``value``; a number is then converted into
    ``unit``, the result looked up, and ``default`` taken where nothing came of it.
    """

    name: str
    expression: Expression | None = None
    value: Json = None
    lookup: str | None = None
    column: str | None = None
    missing: Miss | None = None
    """What a code without a row does; None leaves it to the lookup."""
    default: Json = None
    required: bool = False
    """Whether the record is refused when there is no value."""
    truncate: bool = False
    clear: bool = False
    """Whether a blank value empties the field, instead of leaving it as it is."""
    when: Expression | None = None
    """Where it is false, the field is left out."""
    unit: Expression | None = None
    """The unit of measure that the target counts in, by the lookup ``units``."""
    source: str = ""
    """The rule as it is written in the pipeline."""


class Mapped(Struct, frozen=True):
    """The fields of one call, and for each where its value came from."""

    fields: dict[str, Json]
    origins: Mapping[str, str]


class ByHand(Struct, frozen=True):
    """Values that a person gave in place of what the rules make."""

    values: Mapping[str, Json]
    origin: str
    """Who, and why."""

    def of(self, name: str) -> tuple[Json, str] | None:
        """Return what was given for a field, and its origin."""
        return (self.values[name], self.origin) if name in self.values else None


def map_fields(
    rules: Iterable[FieldRule],
    root: Mapping[str, Json],
    context: Context,
    inputs: Mapping[str, FieldInfo] | None = None,
    *,
    as_text: bool = True,
    by_hand: ByHand | None = None,
) -> Mapped:
    """Map the fields of one call, as ``FieldPlan`` does.

    Raises:
        FieldRefusal: a field cannot be filled.
    """
    return FieldPlan(rules, inputs, as_text=as_text).map(root, context, by_hand)


class FieldPlan:
    """The fields of a call, with all that is the same for every record worked out.

    ``inputs`` are the fields of the operation, where they are known: their types and lengths hold, and a
    mandatory field must have a value. With ``as_text`` (M3) every value becomes text; without it (the shop)
    values stay JSON.
    """

    def __init__(
        self,
        rules: Iterable[FieldRule],
        inputs: Mapping[str, FieldInfo] | None = None,
        *,
        as_text: bool = True,
    ) -> None:
        self._fields = tuple(
            _Planned(rule, inputs.get(rule.name) if inputs else None, as_text=as_text) for rule in rules
        )
        self._origins = {field.name: field.origin for field in self._fields}

    def map(self, root: Mapping[str, Json], context: Context, by_hand: ByHand | None = None) -> Mapped:
        """Map the fields for one record; what has no value is left out.

        What was given ``by_hand`` stands in place of what its rule makes, and has to fit alike.

        Raises:
            FieldRefusal: a field cannot be filled.
        """
        fields: dict[str, Json] = {}
        others: dict[str, str] = {}
        """Origins that are not those of the rule as it is written."""
        frame = (root, context)
        for field in self._fields:
            value = field.usual(root, frame) if by_hand is None else None
            if value is not None:
                fields[field.name] = value
                continue
            found = field.map(root, context, by_hand)
            if found is not None:
                fields[field.name], origin = found
                if origin != field.origin:
                    others[field.name] = origin
        return Mapped(fields, self._origins_of(fields, others))

    def _origins_of(self, fields: Mapping[str, Json], others: Mapping[str, str]) -> Mapping[str, str]:
        if not others and len(fields) == len(self._origins):
            return self._origins
        return {name: others.get(name) or self._origins[name] for name in fields}


class _Planned:
    """One field."""

    def __init__(self, rule: FieldRule, info: FieldInfo | None, *, as_text: bool) -> None:
        self.name = rule.name
        self._rule = rule
        self._mandatory = info is not None and info.mandatory
        self._empty = CLEARED if as_text else ""
        self._write = _writer(info, as_text=as_text, truncate=rule.truncate)
        # Whoever writes a value by hand sees what fits: it is never cut.
        self._write_whole = _writer(info, as_text=as_text, truncate=False)
        self._expression = rule.expression if rule.unit is None and rule.lookup is None else None
        self._is_usual = self._expression is not None and rule.when is None
        self.origin = "" if rule.expression is None else rule.expression.text
        self.constant = self._constant()
        """What is sent for every record, where that is known."""

    def _constant(self) -> Json:
        rule = self._rule
        if (
            rule.expression is not None
            or rule.when is not None
            or rule.unit is not None
            or rule.lookup is not None
        ):
            return None
        try:
            self.origin = f"value {json_text(rule.value)}"
            # What is refused, or comes to nothing, does so for each record.
            return self._write(rule.value) or None
        except EvaluationError:
            return None

    def usual(self, root: Mapping[str, Json], frame: Frame) -> Json:
        """Return what is sent where nothing is special; None leaves it to ``map``, as does a refusal."""
        if not self._is_usual or self._expression is None:
            return self.constant
        try:
            return self._write(self._expression.code(root, frame)) or None
        except (EvaluationError, RecursionError):
            return None

    def map(
        self, root: Mapping[str, Json], context: Context, by_hand: ByHand | None
    ) -> tuple[Json, str] | None:
        """Return what is sent and where it came from; None leaves the field out."""
        rule = self._rule
        if rule.when is not None and not _applies(rule, rule.when, root, context):
            if self._mandatory:
                message = f"the operation demands a value, and `when: {rule.when.text}` is false"
                raise FieldRefusal(message, field=rule.name)
            return None
        given = by_hand.of(rule.name) if by_hand is not None else None
        value, origin = given or self._value(root, context)
        write = self._write if given is None else self._write_whole
        try:
            written = write(value)
        except EvaluationError as error:
            message = f"{error.message} (from {origin})"
            raise FieldRefusal(message, field=rule.name, value=value) from error
        if written is not None and written != "":
            return written, origin
        return self._nothing(value, origin)

    def _value(self, root: Mapping[str, Json], context: Context) -> tuple[Json, str]:
        if self._expression is None:
            return _value(self._rule, root, context)
        try:
            value = self._expression.evaluate(root, context)
        except EvaluationError as error:
            raise FieldRefusal(str(error), field=self.name, on_fail=error.on_fail, value=None) from error
        if self._rule.default is not None and is_blank(value):
            return self._rule.default, f"{self.origin}, else default"
        return value, self.origin

    def _nothing(self, value: Json, origin: str) -> tuple[Json, str] | None:
        rule = self._rule
        if rule.clear and not self._mandatory:
            return self._empty, f"{origin}, which is blank"
        if rule.required or self._mandatory:
            message = f"a value is required, and {origin} gives none"
            raise FieldRefusal(message, field=rule.name, value=value)
        return None


def _applies(rule: FieldRule, when: Expression, root: Mapping[str, Json], context: Context) -> bool:
    try:
        return when.condition(root, context)
    except EvaluationError as error:
        raise FieldRefusal(str(error), field=rule.name, on_fail=error.on_fail) from error


def _value(rule: FieldRule, root: Mapping[str, Json], context: Context) -> tuple[Json, str]:
    """Return the value of a rule and where it came from."""
    value: Json = rule.value
    try:
        if rule.expression is None:
            origin = f"value {json_text(value)}"
        else:
            value, origin = rule.expression.evaluate(root, context), rule.expression.text
        if rule.unit is not None and value is not None:
            value = _in_unit(value, rule.unit.evaluate(root, context), context)
            origin = f"{origin} in {rule.unit.text}"
        if rule.lookup is not None:
            value, origin = _looked_up(rule, value, context), _step(origin, rule.lookup, rule.column)
    except EvaluationError as error:
        raise FieldRefusal(str(error), field=rule.name, on_fail=error.on_fail, value=value) from error
    if rule.default is not None and is_blank(value):
        return rule.default, f"{origin}, else default"
    return value, origin


def _in_unit(quantity: Json, unit: Json, context: Context) -> Json:
    if kind(quantity) != "number":
        msg = f"only a number has a unit of measure, not {show(quantity)}"
        raise EvaluationError(msg)
    return in_unit(context, quantity, text_of(unit))


def _looked_up(rule: FieldRule, code: Json, context: Context) -> str | None:
    table = find_table(context, rule.lookup or "")
    found = table.find(code, rule.column)
    if found is not None:
        return found
    if rule.missing is None:
        return missed(table, code, table.missing, table.default)
    return missed(table, code, rule.missing, table.default if rule.default is None else None)


def _step(origin: str, lookup: str, column: str | None) -> str:
    return f"{origin} -> lookup {lookup}{f'.{column}' if column else ''}"


def _writer(info: FieldInfo | None, *, as_text: bool, truncate: bool) -> Callable[[Json], Json]:
    """Return what makes of a value what is sent; it raises EvaluationError where it does not fit."""
    if as_text:
        return field_writer(info, truncate=truncate)
    length = info.length if info else None

    def write(value: Json) -> Json:
        return fitted(value.rstrip(), length, truncate=truncate) if isinstance(value, str) else value

    return write
