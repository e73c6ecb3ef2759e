"""Reads orders and customers of the open-source dialect: ``SinceId`` is a true cursor, within one store.

The plugin treats a parameter that it cannot read, and a host that it does not know, as if it had not been
sent. So each row is checked against the store and the id that were asked for. Names of parameters are
PascalCase, which every controller understands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.connectors.nopcommerce.config import LARGEST_OSS_PAGE
from m3nop.connectors.nopcommerce.operations import CUSTOMERS, ORDERS
from m3nop.connectors.nopcommerce.oss_records import get
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
from m3nop.core.connector import Page, StoreRef
from m3nop.core.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from m3nop.connectors.nopcommerce.api import ShopApi
    from m3nop.connectors.nopcommerce.config import NopCommerceConfig
    from m3nop.connectors.nopcommerce.oss_records import OssRecords
    from m3nop.connectors.nopcommerce.records import Raw, Record
    from m3nop.core.clock import Clock, Instant

_NO_STORE = StoreRef("", 0)


class Endpoint(Struct, frozen=True):
    """The list of a resource; ``store`` is the field of its rows that names their store."""

    what: str
    path: str
    store: str
    stores_of_none: frozenset[int | None] = frozenset()
    """Values of that field which say that a row belongs to no store."""


ENDPOINTS = {
    ORDERS: Endpoint("order", "orders", "store_id"),
    CUSTOMERS: Endpoint("customer", "customers", "registered_in_store_id", frozenset({0, None})),
}


class OssSource:
    """The records of one resource, store by store."""

    def __init__(
        self,
        api: ShopApi,
        resource: str,
        assembler: OssRecords,
        *,
        stores: Sequence[StoreRef],
        config: NopCommerceConfig,
        clock: Clock,
    ) -> None:
        self._api = api
        self._endpoint = ENDPOINTS[resource]
        self._assembler = assembler
        self._build = assembler.orders if resource == ORDERS else assembler.customers
        self._stores = {store.code: store for store in stores}
        self._page_size = config.records_per_page
        self._ids_per_request = min(config.ids_per_request, LARGEST_OSS_PAGE)
        self._clock = clock

    def partitions(self) -> Sequence[str]:
        """Return the codes of the stores."""
        return list(self._stores)

    def pages(self, partition: str, watermark: str | None) -> Iterator[Page]:
        """Yield what has a higher id than the watermark, by ascending id."""
        position = position_of(watermark)
        gaps = Gaps(position, now=self._clock.now())
        store = self._store(partition)
        while rows := self._after(store, position, limit=self._page_size):
            found = self._build(rows)
            missing = [
                number
                for record in found
                for number in gaps.below(record["id"], created=parse_instant(record["created_on_utc"]))
            ]
            position = rows[-1]["id"]
            yield Page(tuple(found), watermark_of(position), tuple(missing))

    def fetch(self, keys: Sequence[str], *, partition: str = "") -> list[Record]:
        """Read records again; those that are gone are left out. Without a partition every store is asked."""
        numbers = keys_of(keys)
        if self._endpoint is ENDPOINTS[CUSTOMERS]:
            return self._assembler.customers(self._assembler.customer_rows(numbers))
        stores = [self._store(partition)] if partition else list(self._stores.values()) or [_NO_STORE]
        return [
            record
            for store in stores
            for ids in chunks(numbers, self._ids_per_request)
            for record in self._build(self._by_ids(store, ids))
        ]

    def count(self, partition: str, start: Instant, end: Instant) -> int | None:
        """Count what was created from ``start`` to just before ``end``; customers cannot be counted so."""
        if self._endpoint is ENDPOINTS[CUSTOMERS]:
            return None
        # Both bounds of the API are exclusive.
        window = (("CreatedAtMin", tick_before(start)), ("CreatedAtMax", utc_text(end)))
        document = self._api.read(get("orders/count", *window, host=self._store(partition).host))
        return number_of(document, "count", what="orders")

    def watermark_at(self, partition: str, instant: Instant) -> str:
        """Return the watermark after which lies everything created at ``instant`` or later, and little else.

        Raises:
            SourceError: a row came that was not asked for.
            AccessError: the shop cannot be reached.
        """
        what = self._endpoint.what
        store = self._store(partition)
        rows = self._list(store, ("CreatedAtMin", tick_before(instant)), ("Limit", "1"), ("Page", "1"))
        if not rows:
            return watermark_of(self._last(store))
        number = identity(rows[0], what=what)
        if parse_instant(creation(rows[0], what=what)) < instant:
            refuse(what, f"{number}, created before {utc_text(instant)}")
        return watermark_of(number - 1)

    def newest(self, limit: int) -> list[Record]:
        """Read some of the newest records of the store at the shop's own address, newest first."""
        start = self._last(_NO_STORE)
        back = limit
        rows: list[Raw] = []
        while start > 0 and len(rows) < limit:
            # Ids have gaps: other stores' rows and deleted ones.
            start = max(0, start - back)
            rows = self._after(_NO_STORE, start, limit=LARGEST_OSS_PAGE)
            back *= 2
        return list(reversed(self._build(rows[-limit:])))

    def _after(self, store: StoreRef, position: int, *, limit: int) -> list[Raw]:
        what = self._endpoint.what
        rows = self._list(store, ("SinceId", str(position)), ("Limit", str(limit)), ("Page", "1"))
        for row in rows:
            if identity(row, what=what) <= position:
                refuse(what, f"{row['id']}, which is not after {position}")
        return asked_for(rows, {row["id"] for row in rows}, what=what)

    def _by_ids(self, store: StoreRef, ids: Sequence[int]) -> list[Raw]:
        query = (("Ids", ",".join(map(str, ids))), ("Limit", str(len(ids))), ("Page", "1"))
        return asked_for(self._list(store, *query), ids, what=self._endpoint.what)

    def _list(self, store: StoreRef, *query: tuple[str, str]) -> list[Raw]:
        endpoint = self._endpoint
        document = self._api.read(get(endpoint.path, *query, host=store.host))
        rows = rows_of(document, what=f"{endpoint.what}s")
        for row in rows:
            held = row.get(endpoint.store)
            if store.store_id and held != store.store_id and held not in endpoint.stores_of_none:
                asked = f"store {store.store_id} (`stores.{store.code}`)"
                refuse(
                    endpoint.what,
                    f"{row.get('id')} of store {held}, not {asked}; does the shop know its `host`?",
                )
        return rows

    def _last(self, store: StoreRef) -> int:
        """Return the highest id: the list cannot be turned round, so it is found by halving."""
        low, high = 0, 1
        while self._after(store, high, limit=1):
            low, high = high, high * 2
        while low < high:
            middle = (low + high) // 2
            if self._after(store, middle, limit=1):
                low = middle + 1
            else:
                high = middle
        return low

    def _store(self, partition: str) -> StoreRef:
        if partition in self._stores:
            return self._stores[partition]
        if not partition:
            return _NO_STORE
        msg = f"there is no store `{partition}` in this source"
        raise SourceError(msg)
