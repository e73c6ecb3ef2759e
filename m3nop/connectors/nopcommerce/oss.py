"""The dialect of the open-source Nop.Plugin.Api, ``/api`` (facts: its controllers, plugin 4.80)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce import records
from m3nop.connectors.nopcommerce.config import LARGEST_OSS_PAGE
from m3nop.connectors.nopcommerce.convergent import Converger
from m3nop.connectors.nopcommerce.fields import Fields
from m3nop.connectors.nopcommerce.operations import CUSTOMERS, ORDERS, PRODUCTS
from m3nop.connectors.nopcommerce.oss_goods import ManyGoods, SkuIndex, find_oss_goods
from m3nop.connectors.nopcommerce.oss_people import OssPeople
from m3nop.connectors.nopcommerce.oss_products import OssProducts
from m3nop.connectors.nopcommerce.oss_records import BASE, OssRecords, get
from m3nop.connectors.nopcommerce.oss_source import ENDPOINTS, OssSource
from m3nop.connectors.nopcommerce.oss_stock import OssStock, inventories
from m3nop.connectors.nopcommerce.product_source import OssShelves, ProductSource
from m3nop.connectors.nopcommerce.rows import rows_of
from m3nop.connectors.nopcommerce.stock_reading import StockReader
from m3nop.connectors.nopcommerce.wanted import EVERYTHING, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from m3nop.connectors.nopcommerce.api import ShopApi
    from m3nop.connectors.nopcommerce.config import NopCommerceConfig
    from m3nop.connectors.nopcommerce.convergent import Requests
    from m3nop.connectors.nopcommerce.records import Record
    from m3nop.connectors.nopcommerce.stock_reading import Shared
    from m3nop.connectors.nopcommerce.workers import Workers
    from m3nop.core.clock import Clock
    from m3nop.core.connector import Call, StoreRef
    from m3nop.core.json import Json

FORBIDDEN = (
    "the user lacks the customer role 'Api Users', or the permission for this resource in the shop's access "
    "control list"
)
ANYBODY = f"{BASE}/orders/count"
"""A read that needs a token."""


class Oss:
    """What this dialect can do. Safe to use from several threads."""

    def __init__(self, api: ShopApi, *, config: NopCommerceConfig, clock: Clock, workers: Workers) -> None:
        self._api = api
        self._config = config
        self._clock = clock
        self._workers = workers
        converger, index = Converger(api, clock=clock), SkuIndex(clock=clock)
        stock = OssStock(converger, index)
        self._calls: Mapping[str, Callable[[Mapping[str, Json]], Sequence[Record]]] = {
            "orders/get": lambda values: self.read(ORDERS, Fields(values).number("id")),
            "customers/get": lambda values: self.read(CUSTOMERS, Fields(values).number("id")),
            PRODUCTS: OssProducts(converger, index).upsert,
            "products/get": self._product,
            "stock/set": stock.set,
            CUSTOMERS: OssPeople(converger).upsert,
        }
        self._converger = converger
        self._index = index
        self.shared: Mapping[str, Shared] = {
            "products/stock": StockReader(ManyGoods(api, index), partial(inventories, api)).read
        }

    def source(
        self, resource: str, *, stores: Sequence[StoreRef], wanted: Wanted
    ) -> OssSource | ProductSource:
        """Open a source with a part for each store (products: with one), as far as it can be read."""
        if resource == PRODUCTS:
            return self._products(wanted)
        return self._open(resource, stores=stores, wanted=wanted)

    def _open(self, resource: str, *, stores: Sequence[StoreRef], wanted: Wanted) -> OssSource:
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
        return self._calls[call.operation.name](call.fields)

    def _products(self, wanted: Wanted) -> ProductSource:
        shelves = OssShelves(self._api)
        return ProductSource(shelves, wanted=wanted, config=self._config, workers=self._workers)

    def _product(self, values: Mapping[str, Json]) -> Sequence[Record]:
        fields = Fields(values)

        def read(requests: Requests) -> Sequence[Record]:
            found = find_oss_goods(requests, self._index, fields)
            return [] if found is None else self._products(EVERYTHING).fetch([str(found.product["id"])])

        return self._converger.call(read, about=fields.text("id" if fields.given("id") else "sku"))

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
            return self._open(resource, stores=(), wanted=EVERYTHING).newest(limit)
        paging = (("Limit", str(limit)), ("Page", "1")) if resource == "products" else ()
        rows = rows_of(self._api.read(get(resource, *paging)), what=resource)
        return [records.plain(row) for row in rows[:limit]]
