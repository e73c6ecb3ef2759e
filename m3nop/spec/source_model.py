"""The keys of a pipeline's source: a resource, a reading operation, links, or what others hand over."""

from __future__ import annotations

from pydantic import Field

from m3nop.spec.field_model import Fields, FieldsSpec, SpecModel
from m3nop.spec.values import Id, Jmes, PipelineName, Schedule, Seconds, TargetText


class WatermarkSpec(SpecModel):
    """By what the source is read on."""

    by: str | None = None
    """A field that grows: of a resource an immutable one, such as ``id``; of a reading operation its date."""
    server_clock: str | None = None
    """The field in which the server tells its own time (``LMTS``), asked before each reading."""
    overlap: Seconds = 0.0
    """Time that is read again, because changes can be written late."""


class FullSpec(SpecModel):
    """The operation that lists everything."""

    read: TargetText
    """The reading operation."""
    fields: Fields = FieldsSpec()
    """Its fields."""
    every: Schedule | None = None
    """How often it takes the place of the one that lists changes."""


class RecheckSpec(SpecModel):
    """Looks at records again that can still change."""

    until: Jmes | None = None
    """No longer once this is true."""
    every: Seconds = 900.0
    """Time between two looks."""
    for_: Seconds | None = Field(default=None, alias="for")
    """Afterwards a record that still waits goes to review."""


class SourceSpec(SpecModel):
    """Where the records come from, and when they may be worked on. One of read, links and given."""

    read: TargetText | None = None
    """``CONNECTION/RESOURCE``, such as ``shop/orders``, or a reading operation whose rows are the records."""
    links: PipelineName | None = None
    """The pipeline whose links are the records: what it entered, until that is finished."""
    given: PipelineName | None = None
    """The pipeline whose records hand over those of this one, by ``requires``."""
    as_: Id = Field(alias="as")
    """Name of the record in expressions."""
    fields: Fields = FieldsSpec()
    """Fields of the reading operation."""
    watermark: WatermarkSpec | None = None
    """By what the source is read on."""
    distinct: Jmes | None = None
    """Rows of a reading operation that have one value are one record; give it where there are several."""
    full: FullSpec | None = None
    """The operation that lists everything, where ``read`` lists changes."""
    ready: Jmes | None = None
    """A record is worked on once this is true; until then it waits."""
    filter: Jmes | None = None
    """A record for which this is false is never ours; of a resource immutable fields only."""
    quiet: Seconds | None = None
    """Time to leave a new record alone; a shop order is written in pieces."""
    recheck: RecheckSpec | None = None
    """Looks at records again that can still change."""
