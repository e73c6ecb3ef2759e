"""Reads orders and customers of the official dialect by id.

There is no "changed since" and no list by id, so the newest id is looked up and every id up to it is asked
for; only where most of them cannot have a row (a shop whose ids begin high, or jumped) the ids are taken from
the whole list. Lists are by creation, newest first; both bounds of a window are inclusive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.connectors.nopcommerce.listing import whole_list
from m3nop.connectors.nopcommerce.official_records import get, joined
from m3nop.connectors.nopcommerce.operations import CUSTOMERS, ORDERS
from m3nop.connectors.nopcommerce.positions import (
    Gaps,
    keys_of,
    position_of,
    tick_before,
    utc_text,
    watermark_of,
)
from m3nop.connectors.nopcommerce.records import creation, identity
from m3nop.connectors.nopcommerce.rows import asked_for, chunks, number_of, refuse, rows_of
from m3nop.core.clock import parse_instant
from m3nop.core.connector import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from m3nop.connectors.nopcommerce.api import ShopApi
    from m3nop.connectors.nopcommerce.config import NopCommerceConfig
    from m3nop.connectors.nopcommerce.records import Raw, Record
    from m3nop.core.clock import Clock, Instant
    from m3nop.core.json import Json

_NEWEST = 20
"""How many of the newest rows are looked at: a row may be created before another and have the higher id."""
_EMPTY = 20
"""So many groups of ids without a row are a gap that no order lies behind."""
_FEW = 20
"""So many groups of ids are asked for without another thought."""


class Endpoint(Struct, frozen=True):
    """Where a resource is searched, and where its rows are read by id."""

    what: str
    search: str
    by_ids: str


ENDPOINTS = {
    ORDERS: Endpoint("order", "Order/Search", "Order/GetByIds"),
    CUSTOMERS: Endpoint("customer", "Customer/GetAll", "Customer/GetCustomersByIds"),
}


class OfficialSource:
    """The records of one resource of the whole installation, whatever their store."""

    def __init__(
        self,
        api: ShopApi,
        endpoint: Endpoint,
        build: Callable[[Sequence[Raw]], list[Record]],
        *,
        config: NopCommerceConfig,
        clock: Clock,
    ) -> None:
        self._api = api
        self._endpoint = endpoint
        self._build = build
        self._page_size = config.records_per_page
        self._ids_per_request = min(config.ids_per_request, config.records_per_page)
        self._clock = clock

    def partitions(self) -> Sequence[str]:
        """Return the one part there is: rows tell their store."""
        return [""]

    def pages(self, partition: str, watermark: str | None) -> Iterator[Page]:  # noqa: ARG002 - one partition
        """Yield what has a higher id than the watermark, by ascending id.

        The watermark never goes past a record that came: the newest one may be listed and not be there yet.
        """
        position = position_of(watermark)
        newest = self._newest()
        gaps = Gaps(position, now=self._clock.now())
        for ids in chunks(self._worth_asking(position, newest), self._ids_per_request):
            found = self._build(self._by_ids(ids))
            if found:
                missing = [
                    number
                    for record in found
                    for number in gaps.below(record["id"], created=parse_instant(record["created_on_utc"]))
                ]
                position = found[-1]["id"]
                yield Page(tuple(found), watermark_of(position), tuple(missing))

    def fetch(self, keys: Sequence[str], *, partition: str = "") -> list[Record]:  # noqa: ARG002 - one partition
        """Read records again; those that are gone are left out."""
        return [
            record
            for ids in chunks(keys_of(keys), self._ids_per_request)
            for record in self._build(self._by_ids(ids))
        ]

    def count(self, partition: str, start: Instant, end: Instant) -> int:  # noqa: ARG002 - one partition
        """Count what was created from ``start`` to just before ``end``."""
        return self._total(("createdFromUtc", utc_text(start)), ("createdToUtc", tick_before(end)))

    def watermark_at(self, partition: str, instant: Instant) -> str:  # noqa: ARG002 - one partition
        """Return the watermark after which lies everything created at ``instant`` or later, and little else.

        Raises:
            SourceError: a row came that was not asked for.
            AccessError: the shop cannot be reached.
        """
        bound = ("createdFromUtc", utc_text(instant))
        total = self._total(bound)
        if not total:
            return watermark_of(self._newest())
        # Oldest come last. An id may be lower than that of a row created just before, so two pages are seen.
        size = self._page_size
        oldest: list[Raw] = []
        index = max(0, (total - 1) // size - 1)
        more = True
        while more:
            document = self._search(bound, ("pageIndex", str(index)), ("pageSize", str(size)))
            rows = rows_of(document, what=f"{self._endpoint.what}s")
            oldest.extend(rows)
            more = bool(rows) and bool(document.get("has_next_page"))
            index += 1
        first = min((self._since(row, instant) for row in oldest), default=1)
        return watermark_of(self._lowered(first - 1, instant))

    def newest(self, limit: int) -> list[Record]:
        """Read the newest records, newest first."""
        document = self._search(("pageIndex", "0"), ("pageSize", str(limit)))
        return self._build(rows_of(document, what=f"{self._endpoint.what}s"))

    def _since(self, row: Raw, instant: Instant) -> int:
        what = self._endpoint.what
        number = identity(row, what=what)
        if parse_instant(creation(row, what=what)) < instant:
            refuse(what, f"{number}, created before {utc_text(instant)}")
        return number

    def _lowered(self, position: int, instant: Instant) -> int:
        """Go back past rows that were created later: old orders may have been imported with higher ids."""
        what, lowest, empty = self._endpoint.what, position, 0
        while position > 0 and empty < _EMPTY:
            ids = range(max(1, position - self._ids_per_request + 1), position + 1)
            rows = self._by_ids(ids)
            later = [row["id"] for row in rows if parse_instant(creation(row, what=what)) >= instant]
            if rows and not later:
                break
            empty = 0 if rows else empty + 1
            lowest = min(later, default=lowest + 1) - 1
            position = ids[0] - 1
        return lowest

    def _worth_asking(self, position: int, newest: int) -> Sequence[int]:
        """Return the ids after a position: every one, or those that are listed where that is less to ask."""
        every = range(position + 1, newest + 1)
        groups = len(every) // self._ids_per_request
        if groups <= _FEW or groups <= self._total() // self._page_size:
            return every
        return sorted(number for number in self._listed() if number in every)

    def _listed(self) -> Iterable[int]:
        """Return the ids of all rows."""

        def read(index: int) -> Json:
            return self._search(("pageIndex", str(index)), ("pageSize", str(self._page_size)))

        return whole_list(read, lambda _: None, what=self._endpoint.what)

    def _newest(self) -> int:
        document = self._search(("pageIndex", "0"), ("pageSize", str(_NEWEST)))
        rows = rows_of(document, what=f"{self._endpoint.what}s")
        return max((identity(row, what=self._endpoint.what) for row in rows), default=0)

    def _by_ids(self, ids: Sequence[int]) -> list[Raw]:
        what = self._endpoint.what
        document = self._api.read(get(f"{self._endpoint.by_ids}/{joined(ids)}"))
        return asked_for(rows_of(document, what=f"{what}s"), ids, what=what)

    def _total(self, *query: tuple[str, str]) -> int:
        document = self._search(*query, ("pageIndex", "0"), ("pageSize", "1"), ("getOnlyTotalCount", "true"))
        return number_of(document, "total_count", what=f"{self._endpoint.what}s")

    def _search(self, *query: tuple[str, str]) -> Json:
        return self._api.read(get(self._endpoint.search, *query))
