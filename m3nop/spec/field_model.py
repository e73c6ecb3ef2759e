"""Keys that many parts of the language share: fields, outputs, conditions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from m3nop.spec.schema_forms import OpenFields, OpenOutputs, ShortForm
from m3nop.spec.values import Jmes, TargetText

OnFailText = Literal["reject", "review", "wait", "warn", "ignore"]


class SpecModel(BaseModel):
    """A mapping of the language."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


def _long_form(value: object) -> object:
    if isinstance(value, dict):
        return value
    return {"from": value}


class FieldSpec(SpecModel):
    """How one field gets its value. The short form is the expression alone."""

    from_: Jmes | None = Field(default=None, alias="from")
    """The expression."""
    value: Any = None
    """A constant, instead of ``from``."""
    lookup: str | None = None
    """Lookup that turns the value into a code."""
    column: str | None = None
    """Column of the lookup, where it has several."""
    missing: Literal["reject", "review", "blank", "default"] | None = None
    """What a value that the lookup does not have does."""
    default: Any = None
    """Used where the value is blank, or not in the lookup with ``missing: default``."""
    required: bool = False
    """A blank value refuses the record."""
    truncate: bool = False
    """Cut a value that is longer than the field."""
    clear: bool = False
    """A blank value empties the field, instead of leaving it as it is."""
    when: Jmes | None = None
    """The field is sent only where this is true."""
    unit: Jmes | None = None
    """Unit of measure that the target counts in: gives the name of a row of the lookup ``units``."""
    optional: bool = False
    """The field is left out where the connection's operation has no such field."""


FieldForm = Annotated[FieldSpec, BeforeValidator(_long_form), ShortForm("The expression alone.")]


def _open_fields(value: object) -> object:
    """Take ``include`` apart from the fields themselves."""
    if not isinstance(value, dict):
        return value
    fields = dict(value)
    include = fields.pop("include", [])
    return {"include": [include] if isinstance(include, str) else include, "fields": fields}


class FieldsSpec(SpecModel):
    """Fields by name, and the blocks of shared fields that they are added to."""

    include: list[str] = []
    """Blocks whose fields are taken first."""
    fields: dict[str, FieldForm] = {}
    """Fields by name."""


Fields = Annotated[FieldsSpec, BeforeValidator(_open_fields), OpenFields()]


def _open_outputs(value: object) -> object:
    match value:
        case {"rows": rows, **rest} if not rest:
            return {"names": _names(rows), "rows": True}
        case _:
            return {"names": _names(value)}


def _names(value: object) -> object:
    return {str(name): name for name in value} if isinstance(value, list) else value


class OutputsSpec(SpecModel):
    """Which values of an answer are kept: a list, ``{new: OLD}``, or ``{rows: ...}`` to keep every row."""

    names: dict[str, str] = {}
    """Name to keep, and the field of the answer."""
    rows: bool = False
    """Keep every row."""


OutputsForm = Annotated[OutputsSpec, BeforeValidator(_open_outputs), OpenOutputs()]


class CheckSpec(SpecModel):
    """A condition, and what happens to the record if it is not true."""

    condition: Jmes
    """Must be true."""
    message: str
    """Said to people if it is not."""
    on_fail: OnFailText = "reject"
    """reject: dead letter; review: put aside for a person; wait: looked at again; warn: only said;
    ignore: the record is left alone, as one that is not ours."""


class RequestSpec(SpecModel):
    """A call that undoes a step."""

    call: TargetText
    """The operation."""
    fields: Fields = FieldsSpec()
    """Its fields."""
