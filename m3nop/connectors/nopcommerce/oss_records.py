"""Makes the records of the open-source dialect: its lists hold nearly all, in names of their own.

Its DTO classes lack order guid and number, pickup address, coupons, roles and county. An order whose customer
cannot be read comes as its header and says so.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce import records
from m3nop.connectors.nopcommerce.api import Request
from m3nop.connectors.nopcommerce.cache import Cache
from m3nop.connectors.nopcommerce.places import Places
from m3nop.connectors.nopcommerce.rows import asked_for, rows_of
from m3nop.connectors.nopcommerce.shape import ADDRESSES
from m3nop.connectors.nopcommerce.tolerance import Flaws, RowReader
from m3nop.connectors.nopcommerce.variants import variant_sku

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.connectors.nopcommerce.api import ShopApi
    from m3nop.connectors.nopcommerce.records import Raw, Record
    from m3nop.connectors.nopcommerce.refusals import ShopFailure
    from m3nop.connectors.nopcommerce.wanted import Wanted
    from m3nop.connectors.nopcommerce.workers import Workers
    from m3nop.core.clock import Clock

BASE = "api"
STORE_HEADER = "NopApiClientHost"

_ROW_SECONDS = 60.0
_ROWS = 2000
_NAMES = {
    "pick_up_in_store": "pickup_in_store",
    "isDownload_activated": "is_download_activated",
    "customer_attributes": "custom_attributes",
}
_PARTS = frozenset(
    {
        "order_items", *ADDRESSES, "addresses", "shopping_cart_items", "product", "role_ids", "customer",
        "country", "province",
    }
)  # fmt: skip
"""What is made into parts of a record, or says nothing here."""


def get(path: str, *query: tuple[str, str], host: str = "") -> Request:
    """Make a reading request, to the store at ``host`` where one is named."""
    return Request("GET", f"{BASE}/{path}", query, headers={STORE_HEADER: host} if host else None)


class OssRecords:
    """Makes records out of the rows of a list.

    ``proof`` is a list that answers as long as the shop works; without it every failure is raised.
    """

    def __init__(
        self, api: ShopApi, *, wanted: Wanted, clock: Clock, workers: Workers, proof: Request | None = None
    ) -> None:
        self._api = api
        self._wanted = wanted
        self._workers = workers
        self._rows = RowReader(api, workers, proof=proof)
        self._places = Places(api, countries=get("countries"), states=get("stateprovinces"), clock=clock)
        self._customers: Cache[int, Record | None] = Cache(_ROWS, seconds=_ROW_SECONDS, clock=clock)

    def orders(self, rows: Sequence[Raw]) -> list[Record]:
        """Make the records of orders."""
        wanted, flaws = self._wanted, Flaws("order")
        customers: Mapping[int, Record | None] = {}
        failed: dict[int, ShopFailure] = {}
        if wanted.has("customer"):
            numbers = (row["customer_id"] for row in rows if row.get("customer_id"))
            customers = self._customers.many(numbers, partial(self._read_customers, failed=failed))
        found = []
        for row in rows:
            parts = self._addresses(row, wanted)
            if wanted.has("pickup_address"):
                parts["pickup_address"] = None
            if wanted.has("items"):
                parts["items"] = _items(row.get("order_items") or ())
            if wanted.has("customer"):
                number = row.get("customer_id") or 0
                if number in failed:
                    flaws.note(row["id"], "its customer", failed[number])
                parts["customer"] = customers.get(number)
            make = partial(records.order, _renamed(row), wanted=wanted)
            found.append(flaws.record(row["id"], make, parts))
        return found

    def customers(self, rows: Sequence[Raw], *, wanted: Wanted | None = None) -> list[Record]:
        """Make the records of customers."""
        wanted = self._wanted if wanted is None else wanted
        found = []
        for row in rows:
            # The dialect tells no roles; a visitor who never registered has neither of these.
            guest = not row.get("email") and not row.get("username")
            parts = {**self._addresses(row, wanted), "is_guest": guest}
            found.append(records.customer(_renamed(row), parts, wanted=wanted))
        return found

    def customer_rows(self, numbers: Sequence[int]) -> list[Raw]:
        """Read customers one by one (their list cannot be filtered by id), without those that are gone."""
        return [row for row in self._workers.each(self._customer_row, numbers) if row is not None]

    def _customer_row(self, number: int) -> Raw | None:
        document = self._api.read(get(f"customers/{number}"))
        if document is None:
            return None
        rows = asked_for(rows_of(document, what="customers"), [number], what="customer")
        return rows[0] if rows else None

    def _read_customers(
        self, numbers: Sequence[int], *, failed: dict[int, ShopFailure]
    ) -> Mapping[int, Record | None]:
        rows = self._rows.found(self._customer_row, numbers, failed=failed)
        there = [row for row in rows.values() if row is not None]
        found: dict[int, Record | None] = dict.fromkeys(rows)
        found.update({row["id"]: row for row in self.customers(there, wanted=self._wanted.under("customer"))})
        return found

    def _addresses(self, row: Raw, wanted: Wanted) -> Record:
        return {
            name: self._places.address(_renamed(row[name]) if row.get(name) else None)
            for name in ADDRESSES[:2]
            if wanted.has(name)
        }


def _items(rows: Sequence[Raw]) -> list[Record]:
    products = {
        row["product_id"]: row["product"] for row in rows if row.get("product_id") and row.get("product")
    }
    skus = {row.get("id", 0): variant_sku(row, row["product"]) for row in rows if row.get("product")}
    return records.items([_renamed(row) for row in rows], products, skus)


def _renamed(row: Raw) -> Record:
    return {_NAMES.get(name, name): value for name, value in row.items() if name not in _PARTS}
