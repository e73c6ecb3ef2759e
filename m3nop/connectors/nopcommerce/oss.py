"""The dialect of the open-source Nop.Plugin.Api, ``/api`` (facts: its controllers, plugin 4.80)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce import records
from m3nop.connectors.nopcommerce.catalog import CUSTOMERS, ORDERS
from m3nop.connectors.nopcommerce.config import LARGEST_OSS_PAGE
from m3nop.connectors.nopcommerce.fields import Fields
from m3nop.connectors.nopcommerce.oss_records import BASE, OssRecords, get
from m3nop.connectors.nopcommerce.oss_source import ENDPOINTS, OssSource
from m3nop.connectors.nopcommerce.rows import rows_of
from m3nop.connectors.nopcommerce.wanted import EVERYTHING, Wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.connectors.nopcommerce.api import ShopApi
    from m3nop.connectors.nopcommerce.config import NopCommerceConfig
    from m3nop.connectors.nopcommerce.records import Record
    from m3nop.connectors.nopcommerce.workers import Workers
    from m3nop.core.clock import Clock
    from m3nop.core.connector import Call, StoreRef

FORBIDDEN = (
    "the user lacks the customer role 'Api Users', or the permission for this resource in the shop's access "
    "control list"
)
ANYBODY = f"{BASE}/orders/count"
"""A read that needs a token."""

_RESOURCES = {"orders/get": ORDERS, "customers/get": CUSTOMERS}


class Oss:
    """What this dialect can do. Safe to use from several threads."""

    def __init__(self, api: ShopApi, *, config: NopCommerceConfig, clock: Clock, workers: Workers) -> None:
        self._api = api
        self._config = config
        self._clock = clock
        self._workers = workers

    def source(self, resource: str, *, stores: Sequence[StoreRef], wanted: Wanted) -> OssSource:
        """Open a source with a part for each store; what it cannot read of a record is said in the record."""
        proof = get(ENDPOINTS[resource].path, ("Limit", "1"), ("Page", "1"))
        assembler = OssRecords(
            self._api, wanted=wanted, clock=self._clock, workers=self._workers, proof=proof
        )
        return OssSource(
            self._api, resource, assembler, stores=stores, config=self._config, clock=self._clock
        )

    def perform(self, call: Call) -> Sequence[Record]:
        """Make a call and return its rows.

        Raises:
            ShopFailure: it failed.
        """
        return self.read(_RESOURCES[call.operation.name], Fields(call.fields).number("id"))

    def read(self, resource: str, number: int) -> Sequence[Record]:
        """Read one record; no row if it is gone."""
        if resource == "stores":
            return [row for row in self.newest(resource, LARGEST_OSS_PAGE) if row["id"] == number]
        document = self._api.read(get(f"{resource}/{number}"))
        rows = [] if document is None else rows_of(document, what=resource)
        assembler = OssRecords(self._api, wanted=EVERYTHING, clock=self._clock, workers=self._workers)
        if resource == ORDERS:
            return assembler.orders(rows)
        if resource == CUSTOMERS:
            return assembler.customers(rows)
        return [records.plain(row) for row in rows]

    def newest(self, resource: str, limit: int) -> Sequence[Record]:
        """Read some records: the newest orders or customers, or the first of the others."""
        limit = min(limit, LARGEST_OSS_PAGE)
        if resource in ENDPOINTS:
            return self.source(resource, stores=(), wanted=EVERYTHING).newest(limit)
        paging = (("Limit", str(limit)), ("Page", "1")) if resource == "products" else ()
        rows = rows_of(self._api.read(get(resource, *paging)), what=resource)
        return [records.plain(row) for row in rows[:limit]]
