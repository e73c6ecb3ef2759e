"""The keys of ``m3nop.yaml``, of pipelines and of lookups: closed, frozen, described by their docstrings."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from m3nop.mapping.lookups import VALUE
from m3nop.spec.field_model import (
    CheckSpec,
    Fields,
    FieldsSpec,
    OutputsForm,
    OutputsSpec,
    RequestSpec,
    SpecModel,
)
from m3nop.spec.schema_forms import Codes, ShortForm
from m3nop.spec.service_model import ScheduleForm, TriggerSpec
from m3nop.spec.source_model import SourceSpec
from m3nop.spec.values import Id, Jmes, PipelineName, Seconds, TargetText

RefusalText = Literal["reject", "review"]


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

    pipeline: PipelineName
    """The other pipeline."""
    key: Jmes
    """Key of its record."""
    record: Jmes | None = None
    """The record itself, where that pipeline is ``given`` its records."""


class CompareSpec(SpecModel):
    """Reads what is there; a call whose fields have these values already is not made."""

    read: TargetText
    """The reading operation."""
    fields: Fields = FieldsSpec()
    """Its fields."""


class SwitchSpec(SpecModel):
    """Takes the one case whose name equals the value."""

    from_: Jmes = Field(alias="from")
    """The value."""
    lookup: str | None = None
    """Lookup that turns the value into the name of a case."""


def _switch_form(value: object) -> object:
    return {"from": value} if isinstance(value, str) else value


class StepSpec(SpecModel):
    """One stage of a pipeline: exactly one of call, read, upsert, requires, switch, values and steps."""

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
    values: dict[Id, Jmes] | None = Field(default=None, min_length=1)
    """Values by name, worked out here from what the steps before have found."""
    steps: list[StepSpec] | None = Field(default=None, min_length=1)
    """Nested steps, under ``for_each``."""
    fields: Fields = FieldsSpec()
    """Fields of the call, read or upsert."""
    outputs: OutputsForm = OutputsSpec()
    """Values of the answer to keep: ``steps.ID.NAME``."""
    expect: list[CheckSpec] = Field(default=[])
    """Conditions on an answer that says success, or on values that were worked out, on ``result``."""
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
    compare: CompareSpec | None = None
    """Reads what is there; the call is left out where its fields have these values already."""
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
    cases: dict[str, list[StepSpec]] = Field(default={})
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
    agree: dict[str, Jmes] = Field(default={})
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


class ToZeroSpec(SpecModel):
    """Stops a run in which too many records would come to nothing, before it writes any of them."""

    value: Jmes
    """What a record is about to get, as the steps that read have found it."""
    before: Jmes | None = None
    """What it has; where that is nothing already, the record does not count."""
    percent: Decimal = Field(default=Decimal(10), ge=0, le=100)
    """So many of all records of the pipeline may come to nothing in one run."""
    at_least: int = Field(default=20, ge=0)
    """So few never stop a run, whatever part of all they are."""


class LimitsSpec(SpecModel):
    """What a run may not exceed."""

    to_zero: ToZeroSpec | None = None
    """How many records may come to nothing."""


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


class PipelineSpec(SpecModel):
    """A pipeline: one named flow in one direction."""

    pipeline: Id
    """Its name, which is the name of the file."""
    description: str = ""
    """What it does, in one sentence."""
    schedule: ScheduleForm | None = None
    """When the service runs it."""
    trigger: TriggerSpec | None = None
    """Events that wake it before its schedule does."""
    enabled_when: Jmes | None = None
    """Unless this is true the pipeline is switched off; of settings only."""
    source: SourceSpec
    """Where the records come from."""
    key: Jmes
    """Identifies a record for ever; immutable fields only."""
    reference: Jmes | None = None
    """What the ERP remembers the record by: capitals, digits and ``-``, of immutable fields."""
    on_change: Literal["ignore", "review", "steps"] | None = None
    """What a change of a delivered record does."""
    vars: dict[Id, Jmes] = Field(default={})
    """Values by name, in order; earlier ones are usable as ``vars.NAME``."""
    checks: list[CheckSpec] = Field(default=[])
    """Conditions on the record before any call."""
    blocks: dict[Id, Fields] = Field(default={})
    """Shared fields, pulled in by ``include``."""
    steps: list[StepSpec] = Field(min_length=1)
    """What is done, in order."""
    probes: dict[Id, ProbeSpec] = Field(default={})
    """Reads that settle doubts, by name."""
    double_check: DoubleCheckSpec | None = None
    """Looks for other documents with the same reference."""
    link: LinkSpec | None = None
    """The pair that is remembered when a record is delivered."""
    remember: dict[Id, Jmes] = Field(default={})
    """Values kept with the record, as ``remembered.NAME``."""
    skip_when: Jmes | None = None
    """Nothing is to be done for a record while this is true."""
    limits: LimitsSpec | None = None
    """What a run may not exceed; it stops before it writes anything."""
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
