"""Reads products by id in both dialects, for comparisons with M3; they belong to no store.

Neither list tells by creation, and the official one is sorted by display position: there the ids are listed
first and the rows read by them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from m3nop.connectors.nopcommerce import records
from m3nop.connectors.nopcommerce.config import LARGEST_OSS_PAGE
from m3nop.connectors.nopcommerce.listing import whole_list
from m3nop.connectors.nopcommerce.official_records import get, joined
from m3nop.connectors.nopcommerce.oss_records import get as oss_get
from m3nop.connectors.nopcommerce.positions import keys_of, position_of, watermark_of
from m3nop.connectors.nopcommerce.records import creation, identity
from m3nop.connectors.nopcommerce.rows import asked_for, chunks, only_of, refuse, rows_of
from m3nop.connectors.nopcommerce.shape import STOCK_ROW_FIELDS, VARIANT_FIELDS
from m3nop.connectors.nopcommerce.stock import BY_PRODUCT, BY_VARIANT
from m3nop.core.clock import parse_instant
from m3nop.core.connector import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from m3nop.connectors.nopcommerce.api import ShopApi
    from m3nop.connectors.nopcommerce.config import NopCommerceConfig
    from m3nop.connectors.nopcommerce.records import Raw, Record
    from m3nop.connectors.nopcommerce.wanted import Wanted
    from m3nop.connectors.nopcommerce.workers import Workers
    from m3nop.core.clock import Instant
    from m3nop.core.json import Json

R = TypeVar("R")

_PAGE = LARGEST_OSS_PAGE


class Shelves(Protocol):
    """Where a dialect keeps products."""

    def ids(self, after: int) -> Iterator[Sequence[int]]:
        """Yield the ids after one, ascending, in groups."""
        ...

    def rows(self, ids: Sequence[int]) -> list[Raw]:
        """Read some products; those that are gone are left out."""
        ...

    def since(self, instant: Instant) -> int:
        """Return the id after which lies everything created since an instant."""
        ...

    def variants(self, row: Raw) -> Sequence[Raw]:
        """Read the attribute combinations of a product."""
        ...

    def warehouses(self, row: Raw) -> Sequence[Raw]:
        """Read the stock rows of a product."""
        ...


class ProductSource:
    """The products of the whole installation."""

    def __init__(
        self, shelves: Shelves, *, wanted: Wanted, config: NopCommerceConfig, workers: Workers
    ) -> None:
        self._shelves = shelves
        self._wanted = wanted
        self._ids_per_request = config.ids_per_request
        self._workers = workers

    def partitions(self) -> Sequence[str]:
        """Return the one part there is."""
        return [""]

    def pages(self, partition: str, watermark: str | None) -> Iterator[Page]:  # noqa: ARG002 - one partition
        """Yield what has a higher id than the watermark, by ascending id."""
        for group in self._shelves.ids(position_of(watermark)):
            for ids in chunks(group, self._ids_per_request):
                found = self._made(self._shelves.rows(ids))
                if found:
                    yield Page(tuple(found), watermark_of(found[-1]["id"]))

    def fetch(self, keys: Sequence[str], *, partition: str = "") -> list[Record]:  # noqa: ARG002 - one partition
        """Read records again; those that are gone are left out."""
        return [
            record
            for ids in chunks(keys_of(keys), self._ids_per_request)
            for record in self._made(self._shelves.rows(ids))
        ]

    def count(self, partition: str, start: Instant, end: Instant) -> int | None:  # noqa: ARG002 - cannot
        """Return None: neither API counts products by their creation."""
        return None

    def watermark_at(self, partition: str, instant: Instant) -> str:  # noqa: ARG002 - one partition
        """Return the watermark after which lies everything created at ``instant`` or later."""
        return watermark_of(self._shelves.since(instant))

    def _made(self, rows: Sequence[Raw]) -> list[Record]:
        return self._workers.each(self._record, rows)

    def _record(self, row: Raw) -> Record:
        parts: Record = {}
        method = row.get("manage_inventory_method_id")
        if self._wanted.has("variants"):
            found = self._shelves.variants(row) if method == BY_VARIANT else ()
            parts["variants"] = [_cut(part, VARIANT_FIELDS) for part in found]
        if self._wanted.has("warehouses"):
            several = method == BY_PRODUCT and row.get("use_multiple_warehouses")
            parts["warehouses"] = [
                _cut(part, STOCK_ROW_FIELDS) for part in (self._shelves.warehouses(row) if several else ())
            ]
        return records.product(row, parts)


def _cut(row: Raw, names: Sequence[str]) -> Record:
    kept = records.plain(row)
    return {name: kept.get(name) for name in names}


class OfficialShelves:
    """Products of the official dialect."""

    def __init__(self, api: ShopApi, *, config: NopCommerceConfig) -> None:
        self._api = api
        self._page_size = config.records_per_page

    def ids(self, after: int) -> Iterator[Sequence[int]]:
        """Yield the ids after one in one group."""
        yield sorted(number for number in self._listed(lambda _: None) if number > after)

    def rows(self, ids: Sequence[int]) -> list[Raw]:
        """Read some products."""
        document = self._api.read(get(f"Product/GetProductsByIds/{joined(ids)}"))
        return asked_for(rows_of(document or [], what="products"), ids, what="product")

    def since(self, instant: Instant) -> int:
        """Return the id before the first that was created since an instant."""
        listed = self._listed(_created)
        later = [number for number, created in listed.items() if created >= instant]
        return min(later) - 1 if later else max(listed, default=0)

    def variants(self, row: Raw) -> Sequence[Raw]:
        """Read the attribute combinations of a product."""
        return self._of(row, "ProductAttributeCombination/GetAll", what="variant")

    def warehouses(self, row: Raw) -> Sequence[Raw]:
        """Read the stock rows of a product."""
        return self._of(row, "ProductWarehouse/GetAllProductWarehouseInventoryRecords", what="stock row")

    def _of(self, row: Raw, path: str, *, what: str) -> Sequence[Raw]:
        rows = rows_of(self._api.read(get(f"{path}/{row['id']}")) or [], what=f"{what}s")
        return only_of(rows, "product_id", row["id"], what=what)

    def _listed(self, keep: Callable[[Raw], R]) -> dict[int, R]:
        def read(index: int) -> Json:
            paging = (("pageIndex", str(index)), ("pageSize", str(self._page_size)))
            return self._api.read(get("Product/GetAll", ("showHidden", "true"), *paging))

        return whole_list(read, keep, what="product")


class OssShelves:
    """Products of the open-source dialect that the store at the shop's own address may show."""

    def __init__(self, api: ShopApi) -> None:
        self._api = api

    def ids(self, after: int) -> Iterator[Sequence[int]]:
        """Yield the ids after one, page by page."""
        for rows in self._pages(after):
            yield [row["id"] for row in rows]

    def rows(self, ids: Sequence[int]) -> list[Raw]:
        """Read some products."""
        query = (("Ids", ",".join(map(str, ids))), ("Limit", str(len(ids))), ("Page", "1"))
        found = rows_of(self._api.read(oss_get("products", *query)), what="products")
        return [_renamed(row) for row in asked_for(found, ids, what="product")]

    def since(self, instant: Instant) -> int:
        """Return the id before the first that was created since an instant."""
        highest = 0
        for rows in self._pages(0):
            for row in rows:
                if _created(row) >= instant:
                    return int(row["id"]) - 1
            highest = rows[-1]["id"]
        return highest

    def variants(self, row: Raw) -> Sequence[Raw]:
        """Return the attribute combinations of a product, which it holds."""
        return row.get("product_attribute_combinations") or ()

    def warehouses(self, row: Raw) -> Sequence[Raw]:
        """Read the stock rows of a product."""
        query = (("ProductId", str(row["id"])), ("Limit", str(_PAGE)), ("Page", "1"))
        rows = rows_of(self._api.read(oss_get("product_warehouse_inventories", *query)), what="stock rows")
        return only_of(rows, "product_id", row["id"], what="stock row")

    def _pages(self, after: int) -> Iterator[list[Raw]]:
        fields = ("Fields", "id,created_on_utc,deleted")
        position, page = after, 1
        # A page is cut before what the store may not show is left out: an empty one may have more behind it.
        while page <= 2:  # noqa: PLR2004 - two empty pages are the end
            query = (("SinceId", str(position)), ("Limit", str(_PAGE)), ("Page", str(page)), fields)
            rows = rows_of(self._api.read(oss_get("products", *query)), what="products")
            for row in rows:
                if identity_of_product(row) <= position:
                    refuse("product", f"{row['id']}, which is not after {position}")
            if rows:
                yield asked_for(rows, {row["id"] for row in rows}, what="product")
                position, page = max(row["id"] for row in rows), 1
            else:
                page += 1


def _renamed(row: Raw) -> Raw:
    kept = dict(row)
    kept["show_on_homepage"] = kept.pop("show_on_home_page", None)
    for name in ("product_type", "images", "attributes", "associated_product_ids"):
        kept.pop(name, None)
    return kept


identity_of_product = partial(identity, what="product")


def _created(row: Raw) -> Instant:
    return parse_instant(creation(row, what="product"))
