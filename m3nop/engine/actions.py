"""What ``advance`` can answer: the one thing that a record needs next."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.clock import Instant
    from m3nop.core.connector import Failure, Row
    from m3nop.core.json import Json
    from m3nop.core.records import RecordState
    from m3nop.mapping.pipeline import Probe, Target


class Purpose(StrEnum):
    """Why a call is made; it decides how its answer is kept."""

    STEP = "step"
    """A stage of the pipeline: its answer is the step's result."""
    CHECK = "check"
    """A read whose rows settle something now and are never used again after a restart."""
    UNDO = "undo"
    """Takes back a step, or deletes a surplus document."""


class Send(Struct, frozen=True):
    """Make this call."""

    path: str
    purpose: Purpose
    target: Target
    fields: Mapping[str, Json]
    origins: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    probe: Probe | None = None
    """Set on a look-up whose rows must be matched, and annotated with the record that owns them."""
    root: Mapping[str, Json] | None = None
    """What the expressions of ``probe`` see."""
    commit_target: Json = None
    """Set on the commit: the outputs of the document that it makes real."""


class NeedLink(Struct, frozen=True):
    """Look up the link of a required record."""

    pipeline: str
    key: str
    record: Json = None
    """The record itself, where the requiring one hands it over."""


class Park(Struct, frozen=True):
    """Give up the slot until ``until`` and look again."""

    state: RecordState
    until: Instant
    reason: str
    forget: str = ""
    """Path of a read that must be made afresh."""


class Settle(Struct, frozen=True):
    """A doubt is settled: write the new state of that line of the call log and go on."""

    path: str
    found: bool
    rows: tuple[Row, ...] = ()
    adopted: bool = False
    """The document found was not made by this attempt's own call."""


class Refuse(Struct, frozen=True):
    """A call that was answered well says no after all (a status in its result): treat it as refused."""

    path: str
    failure: Failure


class Undo(Struct, frozen=True):
    """Take the attempt back, then do with the record what ``then`` says."""

    then: RecordState
    reason: str
    failure: Failure | None = None
    step: str = ""


class Undone(Struct, frozen=True):
    """Everything is taken back."""


class Stop(Struct, frozen=True):
    """End this record's work: a dead letter or a review."""

    state: RecordState
    reason: str
    failure: Failure | None = None
    step: str = ""


class Finish(Struct, frozen=True):
    """Everything is delivered."""

    remembered: Mapping[str, Json] | None = None
    """What the pipeline keeps with the record, if it keeps anything."""


Ending = Send | NeedLink | Park | Undone | Stop | Finish
"""What ends a record's turn; the others lead on to the next decision."""

Action = Ending | Settle | Refuse | Undo
