"""The keys of ``tests/*.yaml``: this record in, these calls out."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from m3nop.spec.field_model import SpecModel
from m3nop.spec.values import Id, InstantText, TargetText

Values = dict[str, Any]
Quantities = dict[str, Decimal]
Name = Id | None
Named = dict[Id, Any]
Keys = dict[Id, dict[str, str | None]]
Operation = TargetText | None
Time = InstantText | None
Allowed = Literal["allowed"] | None


def _rows(value: object) -> object:
    """Take one row for a list of one."""
    match value:
        case dict():
            return [value]
        case list() if all(isinstance(row, dict) for row in value):
            return value
        case _:
            raise PydanticCustomError("wrong-value", "a row is expected here, or a list of rows")


_ROW = {"type": "object", "description": "A row: the fields of the answer, or `$refused: MESSAGE`."}
Rows = Annotated[
    list[Values],
    BeforeValidator(_rows),
    WithJsonSchema({"anyOf": [_ROW, {"type": "array", "items": _ROW}]}),
]
"""The rows that a call answers."""


class GivenSpec(SpecModel):
    """What a test begins with. The record stands under the name that the source gives it (``as``)."""

    model_config = ConfigDict(extra="allow")

    links: Keys = Field(default={})
    """M3's keys of records that are delivered: by pipeline, then by key; null for one that is not."""
    settings: Named = Field(default={})
    """Site values that differ from those of the project."""
    lookups: dict[Id, dict[str, Any]] = Field(default={})
    """Rows that a lookup has besides its own, or instead; null takes a row away."""
    remembered: Named | None = None
    """What an earlier delivery kept with the record."""
    in_flight: Quantities = Field(default={})
    """Quantities by SKU on shop orders that M3 does not know yet, as `in_flight` tells them."""
    answers: dict[str, Rows] = Field(default={})
    """What calls answer, by path of the step (``lines/2001``), id of the step, or call."""


class ExpectedCallSpec(SpecModel):
    """A call that must be made, with exactly these fields."""

    call: Operation = None
    """The operation that is called."""
    read: Operation = None
    """The operation that is read, in ``reads``."""
    upsert: Operation = None
    """The resource that is made equal."""
    step: str | None = None
    """Path of the step that makes it, such as ``lines/2001``."""
    fields: Values = Field(default={})
    """Every field with its value; ``{$any: true}`` for any value, ``{$matches: REGEX}`` for one of a form."""
    match: Values | None = None
    """What an upsert finds its row by."""
    on_create: Values | None = None
    """What an upsert sets only when it makes the row."""
    missing: str | None = None
    """What an upsert does without a row."""
    other_fields: Allowed = None
    """``allowed``: further fields may be sent."""
    optional: bool = False
    """The call is not expected where the connection cannot do it."""


class RequiredSpec(SpecModel):
    """A record that must be delivered first."""

    pipeline: Id
    """Its pipeline."""
    key: str
    """Its key."""


class LinkExpectationSpec(SpecModel):
    """The pair that is remembered."""

    shop: str
    """Id in the shop."""
    m3: str
    """Key in M3."""


class ExpectSpec(SpecModel):
    """What must come of it. What is not named is not looked at, but an end other than delivery must be."""

    calls: list[ExpectedCallSpec] | None = None
    """Every call that acts, in order."""
    other_calls: Allowed = None
    """``allowed``: further calls may be made before, between and after."""
    reads: list[ExpectedCallSpec] | None = None
    """Every read, in order."""
    requires: list[RequiredSpec] | None = None
    """Records that have to be delivered first."""
    review: str | None = None
    """Put aside for a person, with this reason; ``...`` at an end is any text, ``any`` any reason."""
    rejected: str | None = None
    """Refused for good, with this reason."""
    waits: str | None = None
    """Looked at again later, with this reason."""
    ignored: str | None = None
    """Never ours, with this reason."""
    skipped: list[str] | None = None
    """Ids of every step that is left out because its ``when`` is false."""
    warnings: list[str] | None = None
    """Every warning."""
    link: LinkExpectationSpec | None = None
    """The pair that is remembered."""
    remember: Named | None = None
    """Every value that is kept with the record."""
    reference: str | None = None
    """What M3 remembers the record by."""
    vars: Named | None = None
    """Some of the pipeline's ``vars``."""


class MappingTestSpec(SpecModel):
    """One test."""

    name: str
    """What it shows, as a sentence."""
    with_: dict[str, Any] = Field(default={}, alias="with")
    """Changes of what is given: mappings are merged, anything else is replaced; items of a list by number."""
    store: Name = None
    """The storefront, instead of that of the file."""
    clock: Time = None
    """The time, instead of that of the file."""
    expect: ExpectSpec
    """What must come of it."""


class WireSpec(SpecModel):
    """A recorded exchange with both systems, which answers instead of them."""

    cassette: str
    """The file, named from the folder of the tests."""
    key: str
    """Key of the record that is read from it."""


class MappingTestsSpec(SpecModel):
    """Tests of one pipeline: this record in, these calls out."""

    pipeline: Id
    """The pipeline that is tested."""
    description: str = ""
    """What the file is about."""
    environment: Name = None
    """The environment whose settings hold; ``sandbox`` unless given, or the first."""
    store: Name = None
    """The storefront; that of the record unless given."""
    clock: Time = None
    """The time; a day after the record was created unless given."""
    time_zone: str | None = None
    """M3's time zone; that of the connection unless given, else UTC."""
    wire: WireSpec | None = None
    """A recorded exchange from which the record and every read are answered."""
    given: GivenSpec
    """What every test of the file begins with."""
    tests: list[MappingTestSpec] = Field(min_length=1)
    """The tests."""
