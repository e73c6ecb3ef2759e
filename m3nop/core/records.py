"""The rows of the state database, as the rest of m3nop sees them.

Every row belongs to the one scope that its database serves. Instants are microseconds since the epoch.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.clock import Instant
    from m3nop.core.json import Json


class RecordState(StrEnum):
    """Where a record stands. Every record that was ever read is in exactly one of these."""

    WAITING = "waiting"
    """Seen, not ready yet; looked at again at ``not_before``."""
    READY = "ready"
    """Can be worked on from ``not_before`` on."""
    IN_FLIGHT = "in_flight"
    """Claimed by a run."""
    BLOCKED = "blocked"
    """Waits for a record of another pipeline (``blocked_by``)."""
    PENDING = "pending"
    """M3 works on it; asked again at ``not_before``."""
    REVIEW = "review"
    """Put aside for a person."""
    DEAD = "dead"
    """Refused for good; a dead letter."""
    DONE = "done"
    """Delivered."""
    BASELINED = "baselined"
    """Older than the start of this pipeline; never touched."""
    IGNORED = "ignored"
    """Filtered out, or of a store that this project does not serve."""


class AttemptState(StrEnum):
    """Where an attempt stands."""

    OPEN = "open"
    UNDOING = "undoing"
    """Its temporary order is being removed; ``then`` says what becomes of the record."""
    UNDONE = "undone"
    DONE = "done"


class CallState(StrEnum):
    """What the call log knows of a call."""

    SENT = "sent"
    """Committed just before the request left; without a later state its answer is unknown."""
    DONE = "done"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    IN_DOUBT = "in_doubt"
    FOUND = "found"
    """Was in doubt; a probe found its effect."""
    ABSENT = "absent"
    """Was in doubt; proved to have had no effect."""


class Phase(StrEnum):
    """Whether a system is left alone."""

    CLOSED = "closed"
    """Requests go to it."""
    OPEN = "open"
    """Nothing is sent, but one harmless request now and then."""
    RECOVERING = "recovering"
    """It answers again; little is sent at once."""


class Kept(NamedTuple):
    """Where the state keeps a snapshot: what was read from there or written there, and is not changed."""

    id: int
    snapshot: Json


class Record(Struct):
    """One source entity of one pipeline."""

    id: int
    pipeline: str
    key: str
    store: str
    state: RecordState
    snapshot: Json
    """The record as last read; None while it is only known by key (``requires``)."""
    fingerprint: str
    """Digest of what can never change (created, customer, guid)."""
    created_at: Instant | None
    seen_at: Instant
    epoch: int
    partition: str = ""
    not_before: Instant | None = None
    deadline: Instant | None = None
    """When waiting, or looking again at a delivered record, ends."""
    reason: str = ""
    attempts: int = 0
    """Attempts that count against the retry limit."""
    attempt_id: int | None = None
    commit_target: Json = None
    """The outputs of the step whose document the commit may make real; once set it changes only on proof."""
    blocked_by: tuple[str, str] | None = None
    """Pipeline and key."""
    digest: str = ""
    """Of the mapped content that was delivered."""
    remembered: Json = None
    edits: Json = None
    """What a person changed in it by hand, until it is delivered; see ``m3nop.engine.edits``."""
    released: bool = False
    """A person released it from review: checks that ask for review pass."""
    doubts: int = 0
    """Probes of the present doubt that could not tell."""
    version: int = 0
    """Rises with every change of its row."""
    kept: Kept | None = None
    """Where its snapshot is, as long as that is the very object that is kept."""


class Attempt(Struct):
    """One try at delivering a record, with everything frozen that its mapping saw."""

    id: int
    record_id: int
    number: int
    state: AttemptState
    opened_at: Instant
    snapshot: Json
    definition: str
    """Digest of the effective pipeline, settings and lookups; its text is in ``definitions``."""
    reference: str
    epoch: int
    edits: Json = None
    """What had been changed in the record by hand."""
    doubt: bool = False
    """Something in its past was in doubt, or came back in an unclean bulk."""
    committed: bool = False
    then: str = ""
    """While undoing: the record state that follows (``ready``, ``dead``, ``review``, ``done``)."""
    reason: str = ""
    failure: Json = None
    sweep_at: Instant | None = None
    """When to look for late temporary documents of this reference again."""
    sweeps: int = 0
    kept: Kept | None = None
    """Where its snapshot is: the record's, until the record is read again."""


class LoggedCall(Struct):
    """One line of the call log. Several lines of one ``step`` are its repeats, the last one counts."""

    id: str
    record_id: int
    attempt_id: int | None
    run_id: int
    step: str
    """Path of the step (``head``, ``lines/2001``, ``undo:head``, ``probe:confirm``, ``sweep:0000104711``)."""
    connection: str
    operation: str
    effect: str
    fields: Mapping[str, Json]
    state: CallState
    sent_at: Instant
    answered_at: Instant | None = None
    left_by: Instant | None = None
    """Until when it may have left, where its owner was lost between committing and sending it."""
    rows: Json = None
    failure: Json = None
    origins: Mapping[str, str] | None = None
    """Field name to the expression that made it."""
    clean: bool = True


class Link(Struct, frozen=True):
    """A remembered pair: the shop's id and M3's key of one thing."""

    pipeline: str
    key: str
    shop: str
    m3: str
    linked_at: Instant
    origin: str = "run"
    """``run``, ``adopted`` or ``import``."""


class Run(Struct, frozen=True):
    """One execution of a pipeline."""

    id: int
    pipeline: str
    started_at: Instant
    ended_at: Instant | None
    command: str
    result: str
    """``running``, ``ok``, ``problems``, ``stopped``, ``failed`` or ``killed``."""
    counts: Mapping[str, int]
    definition: str
    message: str = ""
    failures: Mapping[str, str] | None = None
    """Why some of several pipelines stopped, by name; None where all fared alike."""
    configuration: str | None = None
    """Digest of connections, pipelines, settings and lookups; None where it is not known."""
    version: str | None = None
    """The version of m3nop that ran."""


class DeadLetter(Struct, frozen=True):
    """A refusal that waits for a person; also kept after it was settled."""

    id: int
    record_id: int
    pipeline: str
    key: str
    store: str
    created_at: Instant
    remedy: str
    signature: str
    """Program, transaction, code and field: equal ones form a group."""
    message: str
    step: str
    settled_at: Instant | None = None
    settlement: str = ""
    """``retried``, ``edited``, ``discarded: REASON`` or ``resolved``."""


class Circuit(Struct, frozen=True):
    """Whether the system behind a connection works, and its latest outage."""

    connection: str
    phase: Phase = Phase.CLOSED
    cause: str = ""
    remedy: str = ""
    since: Instant | None = None
    """When the first request of the outage was sent that failed."""
    ended_at: Instant | None = None
    tries: int = 0
    """Times that it was found not to work since it first did not."""
    due_at: Instant | None = None
    """When it is tried again."""
    in_flight: int | None = None
    """How many requests it bore beside each other at last; None for as many as are allowed."""


class Arrival(Struct, frozen=True):
    """A record as intake hands it over."""

    pipeline: str
    key: str
    store: str
    partition: str
    snapshot: Json
    fingerprint: str
    created_at: Instant | None
    state: RecordState
    not_before: Instant | None = None
    deadline: Instant | None = None
    reason: str = ""
