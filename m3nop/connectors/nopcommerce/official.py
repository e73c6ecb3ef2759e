"""The dialect of nopCommerce's Web API plugin, ``/api-backend`` (its OpenAPI document, version 1.06)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce import records
from m3nop.connectors.nopcommerce.api import Request
from m3nop.connectors.nopcommerce.convergent import Converger
from m3nop.connectors.nopcommerce.fields import Fields
from m3nop.connectors.nopcommerce.official_extras import ProductExtras
from m3nop.connectors.nopcommerce.official_goods import ManyGoods, find_goods
from m3nop.connectors.nopcommerce.official_people import OfficialPeople
from m3nop.connectors.nopcommerce.official_products import OfficialProducts
from m3nop.connectors.nopcommerce.official_records import BASE, OfficialRecords, get
from m3nop.connectors.nopcommerce.official_shipments import OfficialShipments
from m3nop.connectors.nopcommerce.official_source import ENDPOINTS, OfficialSource
from m3nop.connectors.nopcommerce.official_stock import OfficialStock, inventories
from m3nop.connectors.nopcommerce.official_verbs import OfficialVerbs
from m3nop.connectors.nopcommerce.operations import CUSTOMERS, ORDERS, PRODUCTS, SHIPMENTS
from m3nop.connectors.nopcommerce.positions import utc_text
from m3nop.connectors.nopcommerce.product_source import OfficialShelves, ProductSource
from m3nop.connectors.nopcommerce.refusals import unreadable
from m3nop.connectors.nopcommerce.rows import only_of, rows_of
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
    "the user lacks the permission 'Access Web API Backend'; give it in the shop's access control list"
)
ANYBODY = f"{BASE}/Store/GetAll"
"""A read that developer mode answers to anybody."""

_LISTS: Mapping[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "products": ("Product/GetAll", (("showHidden", "true"), ("pageIndex", "0"))),
    "stores": ("Store/GetAll", ()),
    "countries": ("Country/GetAllCountries", (("showHidden", "true"),)),
}
_CONTROLLERS = {"products": "Product", "stores": "Store", "countries": "Country"}


class Official:
    """What this dialect can do. Safe to use from several threads."""

    def __init__(self, api: ShopApi, *, config: NopCommerceConfig, clock: Clock, workers: Workers) -> None:
        self._api = api
        self._config = config
        self._clock = clock
        self._workers = workers
        self._actions: Mapping[str, Callable[[Fields], Sequence[Record]]] = {
            "orders/get": lambda fields: self.read(ORDERS, fields.number("id")),
            "customers/get": lambda fields: self.read(CUSTOMERS, fields.number("id")),
            "orders/attribute": partial(self._save_attribute, entity="Order", key="order_id"),
            "customers/attribute": partial(self._save_attribute, entity="Customer", key="customer_id"),
            "orders/note": self._add_note,
            "orders/notes": self._notes,
        }
        converger = Converger(api, clock=clock)
        products = OfficialProducts(converger, ProductExtras(clock=clock), clock=clock)
        stock = OfficialStock(converger, clock=clock)
        shipments = OfficialShipments(converger, clock=clock)
        verbs = OfficialVerbs(converger)
        self._calls: Mapping[str, Callable[[Mapping[str, Json]], Sequence[Record]]] = {
            PRODUCTS: products.upsert,
            "products/get": self._product,
            "stock/set": stock.set,
            SHIPMENTS: shipments.upsert,
            "shipments/list": shipments.list,
            CUSTOMERS: OfficialPeople(converger).upsert,
            "orders/cancel": verbs.cancel,
            "orders/mark_paid": verbs.mark_paid,
            "orders/complete_check": verbs.complete_check,
        }
        self._converger = converger
        self.shared: Mapping[str, Shared] = {
            "products/stock": StockReader(ManyGoods(api), partial(inventories, api)).read
        }

    def source(
        self,
        resource: str,
        *,
        stores: Sequence[StoreRef],  # noqa: ARG002 - of the whole installation
        wanted: Wanted,
    ) -> OfficialSource | ProductSource:
        """Open a source of the whole installation; what it cannot read of a record is said in the record."""
        if resource == PRODUCTS:
            return self._products(wanted)
        return self._proven(resource, wanted)

    def _proven(self, resource: str, wanted: Wanted) -> OfficialSource:
        proof = get(ENDPOINTS[resource].search, ("pageIndex", "0"), ("pageSize", "1"))
        return self._open(resource, wanted=wanted, proof=proof)

    def _open(self, resource: str, *, wanted: Wanted, proof: Request | None) -> OfficialSource:
        assembler = OfficialRecords(
            self._api, wanted=wanted, config=self._config, clock=self._clock, workers=self._workers,
            proof=proof,
        )  # fmt: skip
        build = assembler.orders if resource == ORDERS else assembler.customers
        return OfficialSource(self._api, ENDPOINTS[resource], build, config=self._config, clock=self._clock)

    def _products(self, wanted: Wanted) -> ProductSource:
        shelves = OfficialShelves(self._api, config=self._config)
        return ProductSource(shelves, wanted=wanted, config=self._config, workers=self._workers)

    def _product(self, values: Mapping[str, Json]) -> Sequence[Record]:
        fields = Fields(values)

        def read(requests: Requests) -> Sequence[Record]:
            found = find_goods(requests, fields)
            return [] if found is None else self._products(EVERYTHING).fetch([str(found.product["id"])])

        return self._converger.call(read, about=fields.text("id" if fields.given("id") else "sku"))

    def perform(self, call: Call) -> Sequence[Record]:
        """Make a call and return its rows.

        Raises:
            ShopFailure: it failed.
        """
        name = call.operation.name
        if name in self._calls:
            return self._calls[name](call.fields)
        return self._actions[name](Fields(call.fields))

    def read(self, resource: str, number: int) -> Sequence[Record]:
        """Read one record; no row if it is gone."""
        if resource in ENDPOINTS:
            # Who asks for one record wants all of it, or to know why not.
            return self._open(resource, wanted=EVERYTHING, proof=None).fetch([str(number)])
        row = self._api.read(get(f"{_CONTROLLERS[resource]}/GetById/{number}"))
        return [] if row is None else [records.plain(row)]

    def newest(self, resource: str, limit: int) -> Sequence[Record]:
        """Read some records: the newest orders or customers, or the first of the others."""
        if resource in ENDPOINTS:
            return self._proven(resource, EVERYTHING).newest(limit)
        path, query = _LISTS[resource]
        # Only products come in pages; the API's own default is all of them at once.
        paging = (("pageSize", str(limit)),) if resource == "products" else ()
        rows = rows_of(self._api.read(get(path, *query, *paging)), what=resource)
        return [records.plain(row) for row in rows[:limit]]

    def _save_attribute(self, fields: Fields, *, entity: str, key: str) -> Sequence[Record]:
        query = (("entityTypeName", entity), ("key", fields.text("key")), ("value", fields.text("value")))
        where = f"{fields.number('store_id')}/{fields.number(key)}"
        self._api.write(Request("POST", f"{BASE}/GenericAttribute/SaveAttribute/{where}", query))
        return []

    def _add_note(self, fields: Fields) -> Sequence[Record]:
        body = {
            "order_id": fields.number("order_id"),
            "note": fields.text("note"),
            "download_id": 0,
            "display_to_customer": fields.flag("display_to_customer"),
            # Left out it would be the year 1, and the note would sort before all others.
            "created_on_utc": utc_text(self._clock.now()),
        }
        request = Request("POST", f"{BASE}/OrderNote/Create", body=body)
        row = self._api.write(request)
        if not isinstance(row, dict) or not isinstance(row.get("id"), int):
            raise unreadable("POST /OrderNote/Create")
        return [{"id": row["id"]}]

    def _notes(self, fields: Fields) -> Sequence[Record]:
        number = fields.number("order_id")
        rows = rows_of(
            self._api.read(get(f"OrderNote/GetOrderNotesByOrderId/{number}")) or [], what="order notes"
        )
        return [records.plain(row) for row in only_of(rows, "order_id", number, what="order note")]
