"""Reads the records of a pipeline from both sides, in groups, and puts them on the bench."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from m3nop.app.previewing import Subject, record_of, work_for
from m3nop.app.reconcile.asking import Question, ask
from m3nop.core.json import canonical
from m3nop.core.records import RecordState
from m3nop.engine.arrival import classify
from m3nop.engine.in_flight import quantities
from m3nop.engine.ports import Silent
from m3nop.engine.preview import Planned, preview, preview_with_results
from m3nop.engine.sources import Sources
from m3nop.mapping.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal

    from m3nop.app.reconcile.findings import Tally, Window
    from m3nop.app.session import Session
    from m3nop.core.clock import Instant
    from m3nop.core.connector import Operation, Row
    from m3nop.core.json import Json
    from m3nop.core.records import Arrival, Link, Record
    from m3nop.core.state import State
    from m3nop.engine.ports import Job
    from m3nop.engine.work import Work
    from m3nop.mapping.pipeline import Request

GROUP = 100
"""Records that are compared at once: what is kept in memory."""
UNTOUCHED = (RecordState.BASELINED, RecordState.IGNORED)


class Case(Struct):
    """One record as its source has it now, and what m3nop knows of it."""

    arrival: Arrival
    record: Record | None = None
    link: Link | None = None
    work: Work | None = None
    planned: tuple[Planned, ...] = ()
    problem: str = ""
    """Why it cannot be worked out what should be there."""
    results: Mapping[str, Json] = field(default_factory=dict)
    """What later expressions see of the steps, where the pipeline's reads were made."""

    @property
    def key(self) -> str:
        """Its key."""
        return self.arrival.key

    @property
    def delivered(self) -> bool:
        """Whether m3nop entered it."""
        return self.link is not None or (self.record is not None and self.record.state is RecordState.DONE)


def work_of(case: Case) -> Work:
    """Return the work of a case that could be put on the bench.

    Raises:
        LookupError: it could not.
    """
    if case.work is None:
        raise LookupError(case.key)
    return case.work


class Bench:
    """The source of one pipeline, both systems and the state, open for reading only."""

    def __init__(self, session: Session, name: str, *, window: Window, stores: Sequence[str]) -> None:
        self.session = session
        self.window = window
        jobs = session.jobs([name])
        self._jobs = jobs
        self.tools = session.tools(jobs, observer=Silent())
        self.job: Job = jobs[name]
        self.stores = tuple(code for code in self.job.by_store if not stores or code in stores)
        self.state: State | None = session.state(read_only=True) if session.has_state() else None
        self.now: Instant = session.clock.now()
        self._sources = Sources(
            self.tools.connections, state=self.state, clock=session.clock, zone=self.tools.zone
        )
        self._under_way: Mapping[str, Decimal] | None = None
        self._baseline = self.state.baseline(name) if self.state is not None else None

    @property
    def name(self) -> str:
        """The name of the pipeline."""
        return self.job.name

    def operation(self, connection: str, name: str) -> Operation | None:
        """Return an operation of a connection, or None if it cannot do it."""
        catalog = self.session.project.catalogs[connection]
        return catalog.operation(name) if catalog is not None else None

    @property
    def start(self) -> Instant | None:
        """From when on records are compared: as asked, else where the pipeline starts."""
        if self.window.start is not None:
            return self.window.start
        starts = [one.start for one in self.job.by_store.values()]
        known = [start for start in (min(filter(None, starts), default=None), self._baseline) if start]
        return max(known, default=None)

    def pages(self, tally: Tally, what: str) -> Iterator[list[Arrival]]:
        """Yield what the source has of the window and the stores, in groups.

        Raises:
            AccessError, SourceError: as the source does.
        """
        source, start = self._sources.of(self.job), self.start
        group: list[Arrival] = []
        for partition in source.partitions():
            watermark = None if start is None else source.watermark_at(partition, start)
            for page in source.pages(partition, watermark):
                for snapshot in page.records:
                    arrival = self._classify(snapshot, partition)
                    if not self._wanted(arrival):
                        continue
                    tally.compared[what] += 1
                    group.append(arrival)
                    if len(group) == GROUP:
                        yield group
                        group = []
        if group:
            yield group

    def _classify(self, snapshot: Mapping[str, Json], partition: str) -> Arrival:
        return classify(
            self.job, snapshot, partition=partition, now=self.now, zone=self.tools.zone,
            baseline=self._baseline,
        )  # fmt: skip

    def _wanted(self, arrival: Arrival) -> bool:
        if arrival.store not in self.stores:
            return False
        born, start = arrival.created_at, self.start
        return born is None or ((start is None or born >= start) and born < self.window.end)

    def fetch(self, keys: Sequence[str]) -> dict[str, Mapping[str, Json]]:
        """Read records of the source again, by key; what does not exist is left out."""
        found: dict[str, Mapping[str, Json]] = {}
        for partition in self._sources.of(self.job).partitions():
            found |= self._sources.fetch(self.job, partition, [key for key in keys if key not in found])
        return found

    def cases(self, arrivals: Sequence[Arrival]) -> list[Case]:
        """Put records beside what m3nop knows of them."""
        cases = [Case(arrival) for arrival in arrivals]
        if self.state is None:
            return cases
        keys = [case.key for case in cases]
        records = {record.key: record for record in self.state.records(self.name, keys=keys)}
        links = {link.key: link for link in self.state.links(self.name, keys=keys)}
        for case in cases:
            case.record, case.link = records.get(case.key), links.get(case.key)
        return cases

    def subject(self, case: Case, *, frozen: bool) -> tuple[Subject, Instant]:
        """Make a subject of a case as the shop has it now.

        ``frozen``: with the mapping, the clock and the answers of the attempt that entered it.
        """
        arrival, record = case.arrival, case.record
        pipeline = self.job.by_store[arrival.store]
        fresh = record_of(arrival, now=self.now)
        if record is not None:
            fresh = replace(record, snapshot=arrival.snapshot)
        attempt = None
        if self.state is not None and record is not None and record.attempt_id:
            attempt = self.state.attempt(record.attempt_id)
        if attempt is None or self.state is None or not frozen:
            return Subject(pipeline, fresh, "", case.link, (), self.state), self.now
        text = None if attempt.definition == pipeline.digest else self.state.definition(attempt.definition)
        if text is not None:
            pipeline = self.tools.recompile(text)
        lines = tuple(self.state.calls(attempt.id))
        return Subject(pipeline, fresh, "", case.link, lines, self.state), attempt.opened_at

    def work_out(self, case: Case, *, frozen: bool) -> None:
        """Work out what should be in the other system, by what is known; why that fails is in the case."""
        try:
            self._put_on(case, frozen=frozen)
            case.planned = tuple(preview(work_of(case)))
        except EvaluationError as error:
            case.problem = str(error)
            return
        case.problem = next((call.problem for call in case.planned if call.problem), "")

    def work_out_by_reading(self, cases: Sequence[Case]) -> None:
        """Work out what should be in the other system, with the reads that the pipeline makes for it.

        Each round asks in groups what the mappings could not go on without.
        """
        known: dict[str, list[Row]] = {}
        waiting = list(cases)
        while waiting:
            wanted: dict[str, Question] = {}
            waiting = [case for case in waiting if self._round(case, known, wanted)]
            for key, rows in zip(wanted, self.ask(list(wanted.values())), strict=True):
                known[key] = list(rows)

    def _round(self, case: Case, known: Mapping[str, list[Row]], wanted: dict[str, Question]) -> bool:
        """Go as far as answers are known; return whether some are not."""
        missed = False

        def read(request: Request, fields: Mapping[str, Json]) -> list[Row]:
            nonlocal missed
            key = canonical([str(request.target), dict(fields)])
            if key not in known:
                missed = True
                wanted[key] = Question(request.target, fields)
            return known.get(key, [])

        case.problem = ""
        try:
            self._put_on(case, frozen=False)
            planned, case.results = preview_with_results(work_of(case), read=read)
            case.planned = tuple(planned)
            case.problem = next((call.problem for call in planned if call.problem), "")
        except EvaluationError as error:
            case.problem = str(error)
        return missed

    def _put_on(self, case: Case, *, frozen: bool) -> None:
        subject, now = self.subject(case, frozen=frozen)
        case.work = work_for(subject, now=now, zone=self.tools.zone, in_flight=self._in_flight())
        case.work.root()

    def _in_flight(self) -> Mapping[str, Decimal]:
        if self._under_way is None:
            orders = self.tools.orders if self.state is not None else ()
            self._under_way = quantities(self.state, orders) if self.state is not None and orders else {}
        return self._under_way

    def ask(self, questions: Sequence[Question]) -> list[tuple[Row, ...]]:
        """Answer reads, in order."""
        return ask(self.tools.connections, questions, executor=self.tools.executor)
