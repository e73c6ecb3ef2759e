"""Reads sources into the records table: the records and the watermark are committed together."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from m3nop.core.clock import DAY, Clock, Instant
from m3nop.core.records import Arrival, RecordState
from m3nop.engine.arrival import classify
from m3nop.engine.beside import request
from m3nop.engine.linked import gathered
from m3nop.engine.renewal import one_each, renewed
from m3nop.engine.schedule import is_due
from m3nop.mapping.pipeline import SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from m3nop.core.connector import Page
    from m3nop.core.json import Json
    from m3nop.core.records import Record
    from m3nop.core.state import State
    from m3nop.engine.beside import Asking
    from m3nop.engine.ports import Job, Tools
    from m3nop.engine.sources import Sources
    from m3nop.engine.tally import Tally

T = TypeVar("T")

FULL = "full:"
"""Under this partition a pipeline keeps when everything was last read."""


UNANNOUNCED = "unannounced"
"""Counts records that a poll found first, of pipelines whose records events should announce."""
_NOT_OURS = (RecordState.BASELINED, RecordState.IGNORED)
_LARGE = 50
"""Rows of a page that is hardly the last one."""
_OVERTAKEN = "another process works on some of what was read; the next run reads the rest"


class _Overtaken(Exception):  # noqa: N818 - the name says what it is to its callers
    """Another process has changed a record between reading and writing it, or works on it."""


class Intake:
    """Takes in what the sources have that the state does not."""

    def __init__(
        self, state: State, tools: Tools, sources: Sources, *, clock: Clock, tally: Tally,
        announced: Collection[str] = (),
    ) -> None:  # fmt: skip
        self._announced = announced
        self._tally = tally
        self._state = state
        self._tools = tools
        self._sources = sources
        self._clock = clock
        self._pages: Counter[str] = Counter()
        self._is_large = False

    @property
    def is_long(self) -> bool:
        """Whether so much came for a pipeline that more is to be expected: a second page, or a large one."""
        return self._is_large or any(pages > 1 for pages in self._pages.values())

    def read(self, job: Job, *, since: Instant | None = None, full: bool = False) -> Asking[int]:
        """Read everything after the watermark; return how many rows came.

        ``since`` reads again from that creation time on, ``full`` from the very beginning; what is known
        already stays as it is.

        Raises:
            SourceError, AccessError: as the source does; what was committed stays.
        """
        counts: list[int] = []
        for partition in self._sources.of(job).partitions():
            try:
                yield from self._read(job, partition, counts, since=since, full=full)
            except _Overtaken:
                # The watermark stays before it, so that the next run reads it again.
                self._tools.observer.note(f"{job.name}: {_OVERTAKEN}")
            if self._tools.stop:
                break
        return sum(counts)

    def _read(
        self, job: Job, partition: str, counts: list[int], *, since: Instant | None, full: bool
    ) -> Asking[None]:
        """Read one partition, and note how many rows came at each go."""
        for watermark in (yield from self._beginnings(job, partition, since=since, full=full)):
            pages = iter(self._sources.of(job).pages(partition, watermark))
            while page := (yield from _ask(job, partial(next, pages, None))):
                counts.append(self._commit(job, partition, page, every=watermark is None))
                self._pages[job.name] += 1
                self._is_large = self._is_large or counts[-1] >= _LARGE
                if self._tools.stop:
                    return
        if watermark is None and job.any.source.full is not None:
            self._note_full(job)
        self._note_stores(job, partition)
        counts.append((yield from self._ask_for_missing(job, partition)))
        counts.append((yield from self._cross_check(job, partition)))

    def _beginnings(
        self, job: Job, partition: str, *, since: Instant | None, full: bool
    ) -> Asking[Sequence[str | None]]:
        """List where to read from; what is new comes first, so that a later date leaves no gap."""
        begin = yield from self._watermark(job, partition, since=since, full=full)
        known = self._state.watermark(job.name, partition)
        return (begin,) if since is None or known is None else (known, begin)

    def _watermark(
        self, job: Job, partition: str, *, since: Instant | None, full: bool
    ) -> Asking[str | None]:
        """Return where the reading begins: at the start again where a store is served that was not before."""
        if since is None and (full or self._is_full_due(job)):
            return None
        watermark = self._state.watermark(job.name, partition)
        if since is None and watermark is not None and not self._serves_more(job, partition):
            return watermark
        oldest = since if since is not None else self._start(job)
        if oldest is None:
            return None
        return (yield from _ask(job, partial(self._sources.of(job).watermark_at, partition, oldest)))

    def _is_full_due(self, job: Job) -> bool:
        """Tell whether it is time to read everything again."""
        rule, now = job.any.source.full, self._clock.now()
        if rule is None or rule.every is None:
            return False
        last = self._state.watermark(job.name, FULL)
        return last is None or is_due(rule.every, int(last), now, zone=self._tools.zone)

    def _note_full(self, job: Job) -> None:
        now = self._clock.now()
        with self._state.transaction() as tx:
            tx.set_watermark(job.name, FULL, str(now), now=now)

    def _serves_more(self, job: Job, partition: str) -> bool:
        served = self._state.watermark(job.name, f"stores:{partition}")
        return served is not None and not set(_stores(job).split()) <= set(served.split())

    def _note_stores(self, job: Job, partition: str) -> None:
        mark, stores = f"stores:{partition}", _stores(job)
        if self._state.watermark(job.name, mark) != stores:
            with self._state.transaction() as tx:
                tx.set_watermark(job.name, mark, stores, now=self._clock.now())

    def _start(self, job: Job) -> Instant | None:
        """Return the oldest start of all stores; a store without one needs everything."""
        limits = [pipeline.start for pipeline in job.by_store.values()]
        baseline = self._state.baseline(job.name)
        known = [limit for limit in limits if limit is not None]
        if len(known) < len(limits):
            return baseline
        return min(known, default=baseline)

    def _commit(self, job: Job, partition: str, page: Page, *, every: bool = False) -> int:
        now = self._clock.now()
        arrivals = one_each(job, self._classify(job, partition, page.records, now))
        if job.any.source.kind is SourceKind.READ:
            known, taken_up = renewed(self._state, job, arrivals, now, every=every)
        else:
            known = self._state.known_keys(job.name, [arrival.key for arrival in arrivals])
            taken_up = self._taken_up(job, [one for one in arrivals if one.key in known], now)
        new = [arrival for arrival in arrivals if arrival.key not in known]
        known -= {record.key for record in taken_up}
        self._count_resting([arrival for arrival in arrivals if arrival.key not in known])
        if job.name in self._announced:
            self._tally.add(UNANNOUNCED, sum(arrival.state not in _NOT_OURS for arrival in new))
        newest = max((arrival.created_at or 0 for arrival in arrivals), default=0)
        with self._state.transaction() as tx:
            tx.arrive(new, now=now)
            if not all(tx.save_if_unchanged(record) for record in taken_up):
                raise _Overtaken
            # An id below a record that is older than a day will not appear any more.
            if page.missing and newest > now - DAY:
                tx.add_missing(job.name, partition, page.missing, now=now)
            tx.set_watermark(job.name, partition, page.watermark, now=now)
        self._tools.observer.read(job.name, len(page.records))
        return len(page.records)

    def _taken_up(self, job: Job, arrivals: Sequence[Arrival], now: Instant) -> list[Record]:
        """Return the records that were left alone because nobody served their store, as they stand now."""
        served = {arrival.key: arrival for arrival in arrivals if arrival.store in job.by_store}
        if not served:
            return []
        left_alone = self._state.records(
            job.name, states=(RecordState.IGNORED,), keys=list(served), stores=("",)
        )
        return [_taken_up(record, served[record.key], now) for record in left_alone]

    def _classify(
        self, job: Job, partition: str, records: Sequence[Mapping[str, Json]], now: Instant,
        quiet: float | None = None,
    ) -> list[Arrival]:  # fmt: skip
        links = gathered(self._state, seen_from=job.name)
        judge = partial(
            classify, job, partition=partition, now=now, zone=self._tools.zone,
            baseline=self._state.baseline(job.name), by_m3=links, quiet=quiet,
        )  # fmt: skip
        arrivals = list(map(judge, records))
        # What asks for links is judged by them when those of the whole page were looked up.
        while links.ask():
            arrivals = list(map(judge, records))
        return arrivals

    def take_in(self, job: Job, wanted: Mapping[str, float | None]) -> Asking[int]:
        """Take in new records by their keys; return how many came.

        ``wanted`` says how many seconds each is left alone after it was made; None for as the pipeline says.
        One that the shop does not show yet is asked for again by the polls of the next day.
        """
        now, missing, count = self._clock.now(), set(wanted), 0
        partitions = self._sources.of(job).partitions() if wanted else ()
        for partition in partitions:
            found = yield from _ask(job, partial(self._sources.fetch, job, partition, list(wanted)))
            arrivals = [
                arrival
                for key, record in found.items()
                for arrival in self._classify(job, partition, [record], now, quiet=wanted.get(key))
            ]
            self._count_resting(arrivals)
            with self._state.transaction() as tx:
                tx.arrive(arrivals, now=now)
            missing -= found.keys()
            count += len(arrivals)
        with self._state.transaction() as tx:
            for partition in partitions:
                tx.add_missing(job.name, partition, map(int, missing), now=now)
        if count:
            self._tools.observer.read(job.name, count)
        return count

    def _count_resting(self, arrivals: Sequence[Arrival]) -> None:
        for arrival in arrivals:
            if arrival.state is not RecordState.READY:
                self._tally.add(arrival.state)

    def _ask_for_missing(self, job: Job, partition: str) -> Asking[int]:
        """Ask again for ids that did not appear in the last day: a shop order is committed late at times."""
        now = self._clock.now()
        ids = self._state.missing(job.name, partition, since=now - DAY)
        if not ids:
            return 0
        keys = [str(number) for number in ids]
        found = yield from _ask(job, partial(self._sources.fetch, job, partition, keys))
        arrivals = self._classify(job, partition, list(found.values()), now)
        if arrivals:
            with self._state.transaction() as tx:
                tx.arrive(arrivals, now=now)
                tx.drop_missing(job.name, partition, [number for number in ids if str(number) in found])
            self._tools.observer.read(job.name, len(arrivals))
        return len(arrivals)

    def _cross_check(self, job: Job, partition: str) -> Asking[int]:
        """Compare the shop's count of a day with ours, once a day, and read that day again if they differ."""
        now, mark = self._clock.now(), f"checked:{partition}"
        last = self._state.watermark(job.name, mark)
        if last is None:
            with self._state.transaction() as tx:
                tx.set_watermark(job.name, mark, str(now), now=now)
            return 0
        start, source = int(last), self._sources.of(job)
        if now - start < DAY:
            return 0
        there, read = (yield from _ask(job, partial(source.count, partition, start, now))), 0
        here = self._state.count_created(job.name, partition, start, now)
        if there is not None and there > here:
            self._tools.observer.note(
                f"{job.name}: the shop counts {there} since the last check, {here} are known"
            )
            begin = yield from _ask(job, partial(source.watermark_at, partition, start))
            pages = iter(source.pages(partition, begin))
            while page := (yield from _ask(job, partial(next, pages, None))):
                read += self._commit(job, partition, page)
        with self._state.transaction() as tx:
            tx.set_watermark(job.name, mark, str(now), now=now)
        return read


def _ask(job: Job, make: Callable[[], T]) -> Asking[T]:
    """Have a request of a source made; what is only read in the state is read at once."""
    if not job.any.source.connection:
        return make()
    return (yield from request(make))


def _stores(job: Job) -> str:
    return " ".join(str(number) for number in sorted(job.stores))


def _taken_up(record: Record, arrival: Arrival, now: Instant) -> Record:
    """Return a record of a store that is served by now, as if it came only today."""
    return replace(
        record, state=arrival.state, store=arrival.store, snapshot=arrival.snapshot,
        fingerprint=arrival.fingerprint, not_before=arrival.not_before, deadline=arrival.deadline,
        reason=arrival.reason, seen_at=now,
    )  # fmt: skip
