"""A compiled pipeline: what ``spec`` makes of the YAML, and what the engine runs.

Everything here is frozen. A pipeline is compiled for one store, with its settings and overrides applied.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from m3nop.mapping.fields import FieldPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from m3nop.core.connector import Operation, StoreRef
    from m3nop.core.json import Json
    from m3nop.mapping.expressions import Expression
    from m3nop.mapping.fields import FieldRule
    from m3nop.mapping.lookups import Lookup


class OnFail(StrEnum):
    """What a failed check does to the record."""

    REJECT = "reject"
    REVIEW = "review"
    WAIT = "wait"
    WARN = "warn"
    IGNORE = "ignore"


class OnChange(StrEnum):
    """What a change of a delivered record does."""

    IGNORE = "ignore"
    REVIEW = "review"
    STEPS = "steps"


class SourceKind(StrEnum):
    """What a pipeline's records are read from."""

    RESOURCE = "resource"
    """A resource of a system, such as the shop's orders; a record is read again by its key."""
    READ = "read"
    """The rows of a reading operation; a changed row makes its record ready again."""
    LINKS = "links"
    """What another pipeline has entered; looked at again until it is finished."""
    GIVEN = "given"
    """Nothing: the records that require one hand it over."""


class InDoubt(StrEnum):
    """How a call without an answer is settled."""

    PROBE = "probe"
    RESTART = "restart"
    """Undo the attempt and begin another."""
    REVIEW = "review"
    REPEAT = "repeat"
    """Harmless to make again: absolute writes and reads."""


class Check(Struct, frozen=True):
    """A condition that must be true, and what happens if it is not."""

    condition: Expression
    message: str
    on_fail: OnFail = OnFail.REJECT


class Target(Struct, frozen=True):
    """What a step calls: a connection's name and one of its operations."""

    connection: str
    operation: Operation

    def __str__(self) -> str:
        return f"{self.connection}/{self.operation.name}"


class Outputs(Struct, frozen=True, dict=True):
    """Which values of an answer a step keeps.

    ``names`` maps the name to keep to the field of the answer; with ``rows`` every row is kept, as
    ``steps.ID.rows``, each with these fields (all of them where ``names`` is empty).
    """

    names: Mapping[str, str] = field(default_factory=dict)
    rows: bool = False
    later: frozenset[str] = frozenset()
    """Names that the answer does not tell: the commit's probe does."""

    @cached_property
    def asked(self) -> tuple[str, ...]:
        """The fields that the answer is to tell; none: all that it has."""
        return tuple(source for name, source in self.names.items() if name not in self.later)


class Request(Struct, frozen=True, dict=True):
    """A call to make: used for steps, probes, undos and look-ups of reasons."""

    target: Target
    fields: tuple[FieldRule, ...] = ()
    outputs: Outputs = Outputs()

    @cached_property
    def plan(self) -> FieldPlan:
        """How its fields are mapped to what its operation takes; made for the first record."""
        operation = self.target.operation
        return FieldPlan(self.fields, operation.inputs, as_text=not operation.json_values)


class Verify(Struct, frozen=True):
    """Reads back what a ``for_each`` entered, before a commit that follows a doubt.

    The rows must be exactly the items sent: ``compare`` names fields that were sent and must come back equal.
    """

    read: Request
    compare: tuple[str, ...]


class Reasons(Struct, frozen=True):
    """Reads why a step was refused; ``message`` is evaluated on each ``row``."""

    read: Request
    message: Expression


class ForEach(Struct, frozen=True):
    """Repeats a step for each item, in order; ``key`` identifies an item whatever its position."""

    items: Expression
    name: str
    key: Expression


class Requires(Struct, frozen=True):
    """Names a record of another pipeline that must be delivered first.

    ``record`` hands that record over, where its pipeline reads none itself.
    """

    pipeline: str
    key: Expression
    record: Expression | None = None


class Switch(Struct, frozen=True):
    """Takes the one branch whose name equals ``value`` (looked up first where ``lookup`` is set)."""

    value: Expression
    lookup: str | None
    cases: Mapping[str, tuple[Step, ...]]
    default: tuple[Step, ...]


class Upsert(Struct, frozen=True, dict=True):
    """Makes a row of the shop equal to fields: read by ``match``, merge, compare, write."""

    target: Target
    match: tuple[FieldRule, ...]
    fields: tuple[FieldRule, ...]
    on_create: tuple[FieldRule, ...]
    ambiguous: OnFail
    missing: str

    @cached_property
    def parts(self) -> Mapping[str, Request]:
        """Its three sets of fields, each as a request of its own."""
        sets = {"match": self.match, "fields": self.fields, "on_create": self.on_create}
        return {name: Request(self.target, rules) for name, rules in sets.items()}


class Step(Struct, frozen=True):
    """One stage of a pipeline. Exactly one of the actions is set."""

    id: str
    when: Expression | None = None
    call: Request | None = None
    read: Request | None = None
    upsert: Upsert | None = None
    requires: Requires | None = None
    switch: Switch | None = None
    values: tuple[tuple[str, Expression], ...] = ()
    """What is worked out, with nothing asked or sent."""
    steps: tuple[Step, ...] = ()
    """Nested steps of a ``for_each``."""
    for_each: ForEach | None = None
    expect: tuple[Check, ...] = ()
    reasons: Reasons | None = None
    probe: str | None = None
    in_doubt: InDoubt | None = None
    undo: Request | None = None
    verify: Verify | None = None
    commit: bool = False
    pending_when: Expression | None = None
    compare: Request | None = None
    """Read first: a call whose fields have these values already is not made."""

    @property
    def asks(self) -> bool:
        """Whether the step makes a call, a read or an upsert."""
        return bool(self.call or self.read or self.upsert)

    @property
    def request(self) -> Request:
        """The call, read or upsert that the step makes.

        Raises:
            LookupError: it makes none (``requires``, ``switch``, ``values``, nested steps).
        """
        request = self.call or self.read or (Request(self.upsert.target) if self.upsert else None)
        if request is None:
            raise LookupError(self.id)
        return request


class Probe(Struct, frozen=True):
    """A read that finds what a step made, or proves that it made nothing.

    ``match`` keeps rows (root name ``row``). ``agree`` are fields of the row that must equal what the attempt
    meant, else the row is a conflict. ``many_keys`` says that several records' look-ups share one query.
    ``exact`` says that it looks by reference, so that it can serve the double check.
    """

    name: str
    read: Request
    match: Expression | None = None
    agree: Mapping[str, Expression] = field(default_factory=dict)
    proves_absence: bool = False
    exact: bool = False


class DoubleCheck(Struct, frozen=True):
    """Looks for other documents with the record's reference before the commit."""

    temporary: str
    """Probe over documents that are not real yet; its outputs are those of the step that makes them."""
    real: str
    """Probe over real documents; its outputs are those of the commit step."""
    always: bool = True
    """False: only after a doubt, a restore or a change of owner."""


class Watermark(Struct, frozen=True):
    """How far a read has come. ``overlap`` is seconds that are read again."""

    by: str = ""
    """Field of the rows whose highest value is the next beginning (a date: its day is read again)."""
    clock: Request | None = None
    """Reads the server's own time before the rows; its one output is the next beginning, in milliseconds."""
    overlap: float = 0.0


class FullRead(Struct, frozen=True):
    """The read that lists everything, and how often it takes the place of the one that lists changes."""

    read: Request
    every: str | None = None
    """A schedule: ``every 1d`` or five fields of cron."""


class SourceRule(Struct, frozen=True):
    """Where records come from and when they may be worked on. Durations are seconds."""

    connection: str
    resource: str
    name: str
    """The root name of the record in expressions (``as``)."""
    kind: SourceKind = SourceKind.RESOURCE
    read: Request | None = None
    watermark: Watermark = Watermark()
    distinct: Expression | None = None
    """Rows with one value are one record."""
    full: FullRead | None = None
    of: str = ""
    """The pipeline whose links are the records."""
    ready: Expression | None = None
    filter: Expression | None = None
    quiet: float = 60.0
    recheck_every: float | None = None
    recheck_until: Expression | None = None
    recheck_for: float | None = None
    wanted: frozenset[str] | None = None
    """Dotted paths of the record that the mappings use; None for everything."""

    @property
    def can_read_again(self) -> bool:
        """Whether a record can be read again by its key."""
        return self.kind in (SourceKind.RESOURCE, SourceKind.LINKS)

    @property
    def makes_equal(self) -> bool:
        """Whether the steps bring the target to a state, again and again, instead of entering something."""
        return self.kind in (SourceKind.READ, SourceKind.LINKS)


class LinkRule(Struct, frozen=True):
    """Which pair is remembered when a record is delivered."""

    shop: Expression
    m3: Expression


class Retry(Struct, frozen=True):
    """How often a record may fail before it is a dead letter; ``delay`` and ``longest`` are seconds."""

    retries: int = 5
    delay: float = 30.0
    longest: float = 3600.0
    exponential: bool = True


class ToZero(Struct, frozen=True):
    """Stops a run in which too many records would come to nothing, before it writes any of them.

    ``value`` is what a record is about to get, ``before`` what it has (null: unknown, so not nothing).
    """

    value: Expression
    before: Expression | None
    percent: Decimal
    at_least: int


class Pipeline(Struct, frozen=True, dict=True):
    """One pipeline, compiled for one store."""

    name: str
    description: str
    store: StoreRef
    environment: str
    definition: str
    """Canonical JSON of everything this was compiled from: the effective pipeline, settings and lookups."""
    digest: str
    """Of ``definition``."""
    source: SourceRule
    key: Expression
    steps: tuple[Step, ...]
    settings: Mapping[str, Json]
    lookups: Mapping[str, Lookup]
    reference: Expression | None = None
    vars: tuple[tuple[str, Expression], ...] = ()
    checks: tuple[Check, ...] = ()
    probes: Mapping[str, Probe] = field(default_factory=dict)
    double_check: DoubleCheck | None = None
    on_change: OnChange = OnChange.REVIEW
    link: LinkRule | None = None
    remember: tuple[tuple[str, Expression], ...] = ()
    skip_when: Expression | None = None
    """Nothing is to be done while this is true."""
    to_zero: ToZero | None = None
    asks_in_flight: bool = False
    """Whether an expression asks for quantities on orders that M3 does not know yet."""
    retry: Retry = Retry()
    start: int | None = None
    """Instant: records created before it are baselined."""
    enabled: bool = True
    """False where the settings switch it off."""

    @cached_property
    def making_step(self) -> Step | None:
        """The step that makes the temporary document: the first that can be undone."""
        return next((step for step in self.steps if step.undo is not None), None)

    @cached_property
    def commit_step(self) -> Step | None:
        """The step that makes the document real, if the pipeline has one."""
        return next((step for step in self.steps if step.commit), None)

    @cached_property
    def moves(self) -> bool:
        """Whether one record commits several documents, each for what moved since the last (payments)."""
        return self.commit_step is not None and bool(self.remember)

    @cached_property
    def requires(self) -> frozenset[str]:
        """Names of the pipelines that this one's records may wait for."""
        return frozenset(_required(self.steps))

    @property
    def can_undo(self) -> bool:
        """Whether a step says how it is taken back, so that an attempt can begin again and leave nothing."""
        return self.making_step is not None

    @property
    def connections(self) -> frozenset[str]:
        """Names of the connections it reads or calls."""
        source = self.source
        own = {source.connection} if source.connection else set()
        lists = (source.full.read if source.full else None, source.watermark.clock)
        asked = (*lists, *(probe.read for probe in self.probes.values()))
        also = {request.target.connection for request in asked if request is not None}
        return frozenset({*own, *also, *_connections(self.steps)})


def walk(steps: tuple[Step, ...]) -> list[Step]:
    """List steps in order, nested ones after their parent."""
    found: list[Step] = []
    for step in steps:
        found.append(step)
        found.extend(walk(step.steps))
        if step.switch:
            for branch in (*step.switch.cases.values(), step.switch.default):
                found.extend(walk(branch))
    return found


def with_steps(pipeline: Pipeline, change: Callable[[Step], Step]) -> Pipeline:
    """Return the pipeline with every step, nested ones too, replaced by what ``change`` makes of it."""
    return replace(pipeline, steps=_changed(pipeline.steps, change))


def _changed(steps: tuple[Step, ...], change: Callable[[Step], Step]) -> tuple[Step, ...]:
    return tuple(change(_inside(step, change)) for step in steps)


def _inside(step: Step, change: Callable[[Step], Step]) -> Step:
    switch = step.switch
    if switch is not None:
        cases = {name: _changed(branch, change) for name, branch in switch.cases.items()}
        switch = replace(switch, cases=cases, default=_changed(switch.default, change))
    return replace(step, steps=_changed(step.steps, change), switch=switch)


def _required(steps: tuple[Step, ...]) -> set[str]:
    return {step.requires.pipeline for step in walk(steps) if step.requires}


def _connections(steps: tuple[Step, ...]) -> set[str]:
    return {
        action.target.connection
        for step in walk(steps)
        for action in (
            step.call,
            step.read,
            step.upsert,
            step.compare,
            step.undo,
            step.verify.read if step.verify else None,
            step.reasons.read if step.reasons else None,
        )
        if action is not None
    }
