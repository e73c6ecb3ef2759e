"""Finds the values of the shop that no lookup covers, by mapping records without ever refusing one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from m3nop.app.naming import check_pipeline
from m3nop.app.previewing import Subject, record_of, work_for
from m3nop.app.session import unknown
from m3nop.core.errors import UsageError
from m3nop.core.records import RecordState
from m3nop.engine.preview import preview
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.functions.codes import FACTOR, UNITS
from m3nop.mapping.lookups import Lookup, Miss
from m3nop.mapping.values import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from m3nop.app.session import Session
    from m3nop.core.clock import Instant
    from m3nop.core.json import Json
    from m3nop.core.records import Record
    from m3nop.mapping.fields import FieldRule
    from m3nop.mapping.pipeline import Pipeline, Request, Step

_LEFT_ALONE = (RecordState.BASELINED, RecordState.IGNORED)
_EXAMPLES = 3


class Gap(Struct):
    """A code that a lookup has no row for."""

    lookup: str
    code: str
    refuses: bool = False
    """Whether a record with it is refused or put aside; else the field stays blank or takes a default."""
    fields: set[str] = field(default_factory=set)
    """Where it is looked up (``head.TEPY``); nowhere in particular for an expression."""
    records: int = 0
    undelivered: int = 0
    examples: list[str] = field(default_factory=list)


class Told(Protocol):
    """Is told of a code without a row."""

    def __call__(self, lookup: str, code: str, place: str, *, refuses: bool) -> None:
        """Take note; ``place`` is the field, or empty in an expression."""
        ...


class _Watched(Lookup, frozen=True):
    """A lookup that tells of every code that it has no row for, and never refuses."""

    told: Told | None = None
    place: str = ""
    refuses: bool = True

    def row(self, code: Json) -> Mapping[str, str] | None:
        """Return the row; a unit of measure without one counts as one."""
        found = Lookup.row(self, code)
        if found is not None or self.told is None:
            return found
        text = text_of(code).strip()
        if self.name == UNITS and ":" in text:
            # The unit of one item: that of all items is looked for next.
            return None
        self.told(self.name, text, self.place, refuses=self.refuses or self.name == UNITS)
        return {FACTOR: "1"} if self.name == UNITS else None


def find_gaps(session: Session, name: str, *, store: str | None = None, read: bool = False) -> list[Gap]:
    """Look for gaps in the records of a pipeline that were read; with ``read`` in all that its source has.

    Raises:
        UsageError: there is no such pipeline, or it serves no such store.
        StateError: nothing was read yet, and ``read`` is not asked for.
        AccessError, SourceError: the source cannot be read.
    """
    check_pipeline(name, session.project.pipelines)
    stores = session.project.stores_of(name)
    if store is not None and store not in stores:
        raise UsageError(unknown("store", store, stores))
    search = _Search(session, name, stores if store is None else (store,))
    if session.has_state() or not read:
        search.look(_known(session, name))
    if read:
        search.look(_there(session, name))
    return search.gaps()


def _known(session: Session, name: str) -> Iterator[Record]:
    for record in session.state(read_only=True).each_record(name):
        if record.snapshot is not None and record.state not in _LEFT_ALONE:
            yield record


def _there(session: Session, name: str) -> Iterator[Record]:
    from m3nop.app.reading import Reader

    now = session.clock.now()
    baseline = session.state(read_only=True).baseline(name) if session.has_state() else None
    for arrival in Reader(session, name).every(None, baseline=baseline):
        if arrival.state not in _LEFT_ALONE:
            yield record_of(arrival, now=now)


class _Search:
    def __init__(self, session: Session, name: str, stores: Iterable[str]) -> None:
        self._pipelines = {code: watched(session.project.pipeline(name, code), self._miss) for code in stores}
        self._now: Instant = session.clock.now()
        self._gaps: dict[tuple[str, str], Gap] = {}
        self._missed: set[tuple[str, str]] = set()
        self._seen: set[str] = set()

    def look(self, records: Iterable[Record]) -> None:
        for record in records:
            pipeline = self._pipelines.get(record.store)
            if pipeline is None or record.key in self._seen:
                continue
            self._seen.add(record.key)
            self._missed.clear()
            _map(pipeline, record, self._now)
            for name in self._missed:
                gap = self._gaps[name]
                gap.records += 1
                gap.undelivered += record.state is not RecordState.DONE
                if len(gap.examples) < _EXAMPLES:
                    gap.examples.append(record.key)

    def gaps(self) -> list[Gap]:
        return sorted(
            self._gaps.values(), key=lambda gap: (not gap.refuses, gap.lookup, -gap.records, gap.code)
        )

    def _miss(self, lookup: str, code: str, place: str, *, refuses: bool) -> None:
        if code.startswith("<") and code.endswith(">"):
            # What a step will answer is not known before it is sent.
            return
        gap = self._gaps.setdefault((lookup, code), Gap(lookup, code))
        gap.refuses = gap.refuses or refuses
        if place:
            gap.fields.add(place)
        self._missed.add((lookup, code))


def _map(pipeline: Pipeline, record: Record, now: Instant) -> None:
    try:
        work = work_for(Subject(pipeline, record, ""), now=now, zone="UTC")
        for check in pipeline.checks:
            check.condition.evaluate(work.root(), work.context)
        preview(work)
    except EvaluationError:
        # What was missed until then is told already; `m3nop map` shows what is wrong with the record.
        return


def watched(pipeline: Pipeline, told: Told) -> Pipeline:
    """Return a pipeline that maps as this one does, tells of every miss, and refuses nothing.

    Every field gets a lookup of its own, which knows the field and what a miss means there.
    """
    lookups: dict[str, Lookup] = {
        name: _watch(table, told, "", table.missing) for name, table in pipeline.lookups.items()
    }

    def relaxed_rule(rule: FieldRule, step: str) -> FieldRule:
        relaxed = replace(rule, missing=Miss.BLANK, required=False, truncate=True)
        if rule.lookup is None or rule.lookup not in pipeline.lookups:
            return relaxed
        place, table = f"{step}.{rule.name}", pipeline.lookups[rule.lookup]
        name = f"{rule.lookup} of {place}"
        lookups[name] = _watch(table, told, place, rule.missing or table.missing)
        return replace(relaxed, lookup=name)

    def relaxed_request(request: Request, step: str) -> Request:
        target = replace(request.target, operation=replace(request.target.operation, inputs=None))
        return replace(
            request, target=target, fields=tuple(relaxed_rule(rule, step) for rule in request.fields)
        )

    def relaxed_step(step: Step) -> Step:
        call, switch = step.call, step.switch
        if switch is not None:
            cases = {name: tuple(map(relaxed_step, steps)) for name, steps in switch.cases.items()}
            switch = replace(switch, cases=cases, default=tuple(map(relaxed_step, switch.default)))
        return replace(
            step,
            call=relaxed_request(call, step.id) if call is not None else None,
            read=relaxed_request(step.read, step.id) if step.read is not None else None,
            switch=switch,
            steps=tuple(map(relaxed_step, step.steps)),
        )

    steps = tuple(map(relaxed_step, pipeline.steps))
    return replace(pipeline, steps=steps, lookups=lookups)


def _watch(table: Lookup, told: Told, place: str, missing: Miss) -> _Watched:
    refuses = missing in (Miss.REJECT, Miss.REVIEW)
    return _Watched(
        table.name, table.columns, table.rows, Miss.BLANK, None, table.lines, told, place, refuses
    )  # fmt: skip
