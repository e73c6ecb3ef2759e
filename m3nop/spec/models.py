"""The keys of ``m3nop.yaml``, of pipelines and of lookups: closed, frozen, described by their docstrings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from m3nop.mapping.lookups import VALUE
from m3nop.spec.schema_forms import Codes, OpenFields, OpenOutputs, ShortForm
from m3nop.spec.values import Id, Jmes, Schedule, Seconds, TargetText

OnFailText = Literal["reject", "review", "wait", "warn"]
RefusalText = Literal["reject", "review"]


class SpecModel(BaseModel):
    """A mapping of the language."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, coerce_numbers_to_str=True
    )


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
    when: Jmes | None = None
    """The field is sent only where this is true."""
    unit: Jmes | None = None
    """Unit of measure that the target counts in: gives the name of a row of the lookup ``units``."""


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
    """reject: dead letter; review: put aside for a person; wait: looked at again; warn: only said."""


class RequestSpec(SpecModel):
    """A call that undoes a step."""

    call: TargetText
    """The operation."""
    fields: Fields = FieldsSpec()
    """Its fields."""


class VerifySpec(SpecModel):
    """Reads back what a ``for_each`` entered, before a commit that follows a doubt."""

    read: TargetText
    """The reading operation."""
    fields: Fields = FieldsSpec()
    """Its fields."""
    compare: list[str] = Field(min_length=1)
    """Fields that were sent and must come back equal."""


class ReasonsSpec(SpecModel):
    """Reads why a step was refused."""

    read: TargetText
    """The reading operation."""
    fields: Fields = FieldsSpec()
    """Its fields."""
    message: Jmes
    """Evaluated on each ``row``."""


class ForEachSpec(SpecModel):
    """Repeats a step for each item of a list, in order."""

    in_: Jmes = Field(alias="in")
    """The list."""
    as_: Id = Field(alias="as")
    """Name of the item in expressions."""
    key: Jmes
    """Identifies an item whatever its position."""


class RequiresSpec(SpecModel):
    """A record of another pipeline that must be delivered first."""

    pipeline: Id
    """The other pipeline."""
    key: Jmes
    """Key of its record."""


class SwitchSpec(SpecModel):
    """Takes the one case whose name equals the value."""

    from_: Jmes = Field(alias="from")
    """The value."""
    lookup: str | None = None
    """Lookup that turns the value into the name of a case."""


def _switch_form(value: object) -> object:
    return {"from": value} if isinstance(value, str) else value


class StepSpec(SpecModel):
    """One stage of a pipeline. It has exactly one of call, read, upsert, requires, switch and steps."""

    id: Id
    """Names the step in expressions: ``steps.ID``."""
    description: str = ""
    """What it is for."""
    when: Jmes | None = None
    """The step is skipped, and null, unless this is true."""
    for_each: ForEachSpec | None = None
    """Repeats the step for each item of a list."""
    call: TargetText | None = None
    """An operation that acts."""
    read: TargetText | None = None
    """An operation that only reads."""
    upsert: TargetText | None = None
    """A resource to make equal to ``fields``."""
    requires: RequiresSpec | None = None
    """A record of another pipeline that must be delivered first."""
    switch: Annotated[SwitchSpec, BeforeValidator(_switch_form), ShortForm("The value alone.")] | None = None
    """Takes one of ``cases``."""
    steps: list[StepSpec] | None = Field(default=None, min_length=1)
    """Nested steps, under ``for_each``."""
    fields: Fields = FieldsSpec()
    """Fields of the call, read or upsert."""
    outputs: OutputsForm = OutputsSpec()
    """Values of the answer to keep: ``steps.ID.NAME``."""
    expect: list[CheckSpec] = []
    """Conditions on an answer that says success, on ``result``."""
    reasons: ReasonsSpec | None = None
    """Reads why the step was refused."""
    probe: str | None = None
    """Probe that settles whether a call without an answer took effect."""
    in_doubt: Literal["probe", "restart", "review"] | None = None
    """How a call without an answer is settled."""
    undo: RequestSpec | None = None
    """Takes the step back, as long as nothing is committed."""
    verify: VerifySpec | None = None
    """Reads back what a ``for_each`` entered."""
    commit: bool = False
    """Makes the document real: from here on nothing is undone."""
    pending_when: Jmes | None = None
    """True while the system still works on the commit."""
    optional: bool = False
    """Left out where the connection cannot do it."""
    match: Fields | None = None
    """Finds the row of an upsert."""
    ambiguous: RefusalText = "review"
    """What several matching rows do."""
    missing: Literal["create", "skip", "reject", "review"] = "create"
    """What no matching row does."""
    on_create: Fields = FieldsSpec()
    """Fields that are set only when the row is made."""
    cases: dict[str, list[StepSpec]] = {}
    """Steps of a switch, by the value that takes them."""
    default: list[StepSpec] | None = None
    """Steps of a switch for any other value."""


class OtherwiseSpec(SpecModel):
    """The read that stands in for a table read where the site forbids those."""

    read: TargetText
    """The reading operation."""
    fields: Fields = FieldsSpec()
    """Its fields."""
    match: Jmes | None = None
    """Keeps the rows where this is true; the row is ``row``."""
    outputs: OutputsForm = OutputsSpec()
    """Values of the row to keep."""


class ProbeSpec(SpecModel):
    """A read that finds what a step made, or proves that it made nothing."""

    read: TargetText | None = None
    """A reading operation."""
    table: TargetText | None = None
    """A table of the ERP, read by its columns; look-ups of many records share one query."""
    fields: Fields = FieldsSpec()
    """Fields of the reading operation."""
    where: Fields = FieldsSpec()
    """Columns of the table and the values they must have."""
    match: Jmes | None = None
    """Keeps the rows where this is true; the row is ``row``."""
    outputs: OutputsForm = OutputsSpec()
    """Values of the row to keep."""
    agree: dict[str, Jmes] = {}
    """Outputs that must equal these, else what was found is a conflict."""
    proves_absence: bool = False
    """A complete answer without a match proves that nothing was made."""
    otherwise: OtherwiseSpec | None = None
    """Used where the connection does not allow table reads."""


class DoubleCheckSpec(SpecModel):
    """Looks for other documents with the record's reference before the commit."""

    temporary: str
    """Probe over documents that are not real yet."""
    real: str
    """Probe over real documents."""
    when: Literal["always", "auto"] = "always"
    """auto: only after a doubt, a restore or a change of owner."""


class LinkSpec(SpecModel):
    """The pair that is remembered when a record is delivered."""

    shop: Jmes
    """Id in the shop."""
    m3: Jmes
    """Key in M3."""


class RetrySpec(SpecModel):
    """How often a record may fail before it is a dead letter."""

    retries: int = Field(default=5, ge=0)
    """Attempts after the first."""
    backoff: Literal["exponential", "constant"] = "exponential"
    """How the delay grows."""
    delay: Seconds = 30.0
    """The first delay."""
    longest: Seconds = 3600.0
    """No delay is longer."""


class WatermarkSpec(SpecModel):
    """By what the source is read on."""

    by: str
    """An immutable field that grows, such as ``id``."""


class RecheckSpec(SpecModel):
    """Looks at records again that can still change."""

    until: Jmes | None = None
    """No longer once this is true."""
    every: Seconds = 900.0
    """Time between two looks."""
    for_: Seconds | None = Field(default=None, alias="for")
    """Afterwards a record that still waits goes to review."""


class SourceSpec(SpecModel):
    """Where the records come from, and when they may be worked on."""

    read: TargetText
    """``CONNECTION/RESOURCE``, such as ``shop/orders``."""
    as_: Id = Field(alias="as")
    """Name of the record in expressions."""
    watermark: WatermarkSpec | None = None
    """By what the source is read on."""
    ready: Jmes | None = None
    """A record is worked on once this is true; until then it waits."""
    filter: Jmes | None = None
    """A record for which this is false is never ours; immutable fields only."""
    quiet: Seconds | None = None
    """Time to leave a new record alone; a shop order is written in pieces."""
    recheck: RecheckSpec | None = None
    """Looks at records again that can still change."""


class PipelineSpec(SpecModel):
    """A pipeline: one named flow in one direction."""

    pipeline: Id
    """Its name, which is the name of the file."""
    description: str = ""
    """What it does, in one sentence."""
    schedule: Schedule | None = None
    """When the service runs it."""
    source: SourceSpec
    """Where the records come from."""
    key: Jmes
    """Identifies a record for ever; immutable fields only."""
    reference: Jmes | None = None
    """What the ERP remembers the record by: capitals, digits and ``-``, of immutable fields."""
    on_change: Literal["ignore", "review", "steps"] | None = None
    """What a change of a delivered record does."""
    vars: dict[Id, Jmes] = {}
    """Values by name, in order; earlier ones are usable as ``vars.NAME``."""
    checks: list[CheckSpec] = []
    """Conditions on the record before any call."""
    blocks: dict[Id, Fields] = {}
    """Shared fields, pulled in by ``include``."""
    steps: list[StepSpec] = Field(min_length=1)
    """What is done, in order."""
    probes: dict[Id, ProbeSpec] = {}
    """Reads that settle doubts, by name."""
    double_check: DoubleCheckSpec | None = None
    """Looks for other documents with the same reference."""
    link: LinkSpec | None = None
    """The pair that is remembered when a record is delivered."""
    remember: dict[Id, Jmes] = {}
    """Values kept with the record, as ``remembered.NAME``."""
    on_error: RetrySpec | None = None
    """How often a record may fail."""


def _row_form(value: object) -> object:
    match value:
        case str():
            return {VALUE: value}
        case dict():
            return value
        case _:
            raise PydanticCustomError("wrong-value", "a code is expected here, or codes by column")


class LookupSpec(SpecModel):
    """A table of codes."""

    lookup: Id
    """Its name."""
    description: str = ""
    """What it is for."""
    missing: Literal["reject", "review", "blank", "default"] = "reject"
    """What a value that is not there does."""
    default: str | None = None
    """The code used with ``missing: default``."""
    values: Annotated[dict[str, Annotated[dict[str, str], BeforeValidator(_row_form)]], Codes()]
    """Shop value to code, or to several codes by column."""
