"""Sources that are no resource of a system: rows of a reading operation, links, what others hand over.

They keep to the port ``Source``, so that intake reads them like any other.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from m3nop.core.clock import DAY, SECOND, to_text
from m3nop.core.connector import Call, Outcome, Page
from m3nop.core.errors import AccessError, SourceError
from m3nop.mapping.context import Context
from m3nop.mapping.errors import EvaluationError, FieldRefusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from m3nop.core.clock import Clock, Instant
    from m3nop.core.connector import Connection, Operation, Row
    from m3nop.core.json import Json
    from m3nop.core.records import Record
    from m3nop.core.state import State
    from m3nop.mapping.pipeline import Pipeline, Request

PAGE = 200
"""Links that are read at once."""
_DAY_DIGITS = len("20261231")
ROWS = 500
"""Rows that are taken in at once: M3 may answer a whole list as one page."""
LATE = 3600 * SECOND
"""Links are read again for so long: one may be committed after others that were made later."""


class ReadFeed:
    """The rows of a reading operation, such as the items that M3 has changed since a day."""

    def __init__(self, pipeline: Pipeline, connection: Connection, *, clock: Clock, zone: str) -> None:
        self._pipeline = pipeline
        self._rule = pipeline.source
        self._connection = connection
        self._clock = clock
        self._zone = zone

    def partitions(self) -> Sequence[str]:
        """Name the one part."""
        return ("",)

    def pages(self, partition: str, watermark: str | None) -> Iterator[Page]:  # noqa: ARG002 - there is one
        """Yield what changed since ``watermark``, or with None everything; the last page moves it on.

        Raises:
            SourceError: the operation refuses, or what it should be asked cannot be worked out.
            AccessError: the system cannot be reached.
        """
        rule, full = self._rule, self._rule.full
        # Asked before the rows are read: what changes meanwhile is read the next time.
        begun = self._server_time()
        watermark = self._usable(watermark, begun)
        whole = full is not None and watermark is None
        request = full.read if full is not None and whole else rule.read
        if request is None:
            return
        # A list of everything need not tell dates: what changes from the day before on is read the next time.
        reached = watermark or (self.watermark_at("", self._clock.now() - DAY) if whole else None) or ""
        for rows in self._scan(request, watermark):
            if rule.watermark.by:
                reached = max([reached, *(str(row.get(rule.watermark.by) or "") for row in rows)])
            for start in range(0, len(rows), ROWS):
                yield Page(tuple(dict(row) for row in rows[start : start + ROWS]), watermark)
        yield Page((), begun if begun is not None else reached or None)

    def fetch(self, keys: Sequence[str], *, partition: str = "") -> Sequence[Mapping[str, Json]]:  # noqa: ARG002
        """Return nothing: a row is not read again by its key."""
        return ()

    def watermark_at(self, partition: str, instant: Instant) -> str | None:  # noqa: ARG002 - there is one
        """Return the day of an instant in M3's time zone; None where the server counts in its own way."""
        if not self._rule.watermark.by:
            return None
        local = datetime.fromtimestamp(instant / SECOND, ZoneInfo(self._zone))
        return local.strftime("%Y%m%d")

    def count(self, partition: str, start: Instant, end: Instant) -> int | None:  # noqa: ARG002
        """Return None: rows have no date of creation."""
        return None

    def _scan(self, request: Request, watermark: str | None) -> Iterator[Sequence[Row]]:
        operation = request.target.operation
        call = Call("source", operation, self._fields(request, watermark), self._columns(operation))
        for answer in self._connection.scan(call):
            if answer.outcome is not Outcome.DONE:
                msg = f"{request.target} cannot be read: {answer.failure}"
                if answer.outcome is Outcome.REFUSED:
                    raise SourceError(msg)
                raise AccessError(msg, failure=answer.failure)
            yield answer.rows

    def _columns(self, operation: Operation) -> tuple[str, ...]:
        """Name the columns to ask for where a row only says which record to work on; else all of them.

        Elsewhere any column may say that the row has changed.
        """
        rule = self._rule
        if rule.distinct is None or rule.wanted is None:
            return ()
        wanted = {path.partition(".")[0] for path in rule.wanted} | {rule.watermark.by or ""}
        return tuple(name for name in operation.outputs or () if name in wanted)

    def _fields(self, request: Request, watermark: str | None) -> Mapping[str, Json]:
        pipeline = self._pipeline
        root = {
            "watermark": self._less_overlap(watermark),
            "settings": pipeline.settings,
            "store": {"code": pipeline.store.code, "store_id": pipeline.store.store_id},
            "environment": pipeline.environment,
        }
        context = Context(now=self._clock.now(), time_zone=self._zone, lookups=pipeline.lookups)
        try:
            mapped = request.plan.map(root, context)
        except (EvaluationError, FieldRefusal) as error:
            msg = f"{pipeline.name}: the source cannot be asked: {error}"
            raise SourceError(msg) from error
        return mapped.fields

    def _usable(self, watermark: str | None, begun: str | None) -> str | None:
        """Return None, for everything, where it was kept by something else, or the clock went back."""
        if watermark is None or not watermark.isdecimal():
            return None
        if begun is None:
            return watermark if len(watermark) == _DAY_DIGITS else None
        # What changed before the clock reaches the watermark again has earlier stamps than that.
        early = int(watermark) - int(self._rule.watermark.overlap * 1000) > int(begun)
        return None if early else watermark

    def _less_overlap(self, watermark: str | None) -> str | None:
        overlap = self._rule.watermark.overlap
        if watermark is None or not overlap:
            return watermark
        if self._rule.watermark.clock is not None:
            return str(max(int(watermark) - int(overlap * 1000), 0))
        day = datetime.strptime(watermark, "%Y%m%d").replace(tzinfo=UTC) - timedelta(seconds=overlap)
        return day.strftime("%Y%m%d")

    def _server_time(self) -> str | None:
        request = self._rule.watermark.clock
        if request is None:
            return None
        name = next(iter(request.outputs.names.values()))
        rows = [row for page in self._scan(request, None) for row in page]
        value = rows[0].get(name) if rows else None
        if value is None or not str(value).strip().isdecimal():
            msg = f"{request.target} does not tell {name}, by which {self._pipeline.name} is read on"
            raise SourceError(msg)
        return str(int(Decimal(str(value))))


class LinksFeed:
    """What another pipeline has entered, with its record as last read."""

    def __init__(self, pipeline: Pipeline, state: State, *, stores: Mapping[str, int]) -> None:
        self._of = pipeline.source.of
        self._state = state
        self._stores = stores

    def partitions(self) -> Sequence[str]:
        """Name the one part."""
        return ("",)

    def pages(self, partition: str, watermark: str | None) -> Iterator[Page]:  # noqa: ARG002 - there is one
        """Yield the links made since ``watermark`` (microseconds), oldest first."""
        since = max(int(watermark) - LATE, 0) if watermark else 0
        after = (since, "")
        while links := self._state.links_since(self._of, after=after, limit=PAGE):
            last = links[-1]
            after = (last.linked_at, last.key)
            yield Page(tuple(self._records([link.key for link in links])), str(last.linked_at))

    def fetch(self, keys: Sequence[str], *, partition: str = "") -> Sequence[Mapping[str, Json]]:  # noqa: ARG002
        """Read links again."""
        return self._records(keys)

    def watermark_at(self, partition: str, instant: Instant) -> str | None:  # noqa: ARG002 - there is one
        """Return the instant itself."""
        return str(instant)

    def count(self, partition: str, start: Instant, end: Instant) -> int | None:  # noqa: ARG002
        """Return None: what is counted is counted where it was entered."""
        return None

    def _records(self, keys: Sequence[str]) -> list[dict[str, Json]]:
        known = {record.key: record for record in self._state.records(self._of, keys=keys)}
        found = []
        for link in self._state.links(self._of, keys=keys):
            record = known.get(link.key)
            store = record.store if record else ""
            created = record.created_at if record and record.created_at else None
            found.append(
                {
                    "key": link.key,
                    "shop": link.shop,
                    "m3": link.m3,
                    "store": store,
                    "store_id": self._stores.get(store),
                    "linked_at": to_text(link.linked_at),
                    "created_on_utc": to_text(created) if created else None,
                    "origin": link.origin,
                    "record": record.snapshot if record else None,
                    "entered": self._entered(record) if record else None,
                }
            )
        return found

    def _entered(self, record: Record) -> Json:
        """Return what a record was when it was entered; None where somebody else did that."""
        attempt = self._state.attempt(record.attempt_id) if record.attempt_id else None
        return attempt.snapshot if attempt is not None and attempt.committed else None


class GivenFeed:
    """Nothing to read: the records that require one hand it over."""

    def partitions(self) -> Sequence[str]:
        """Name none."""
        return ()

    def pages(self, partition: str, watermark: str | None) -> Iterator[Page]:  # noqa: ARG002
        """Yield nothing."""
        return iter(())

    def fetch(self, keys: Sequence[str], *, partition: str = "") -> Sequence[Mapping[str, Json]]:  # noqa: ARG002
        """Return nothing."""
        return ()

    def watermark_at(self, partition: str, instant: Instant) -> str | None:  # noqa: ARG002
        """Return None."""
        return None

    def count(self, partition: str, start: Instant, end: Instant) -> int | None:  # noqa: ARG002
        """Return None."""
        return None
