"""Sets stock in the official dialect.

A product in one place, and a variant, is moved by ``AdjustInventory``, which is relative: a web order between
reading and writing is not undone, and the shop writes history and applies its low-stock rules. The message
carries the call's token, so a call that is repeated finds in the history whether it took effect. In several
warehouses the same request would reserve goods, so the row of the warehouse is written, absolutely.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce import stock
from m3nop.connectors.nopcommerce.api import Request
from m3nop.connectors.nopcommerce.cache import Cache
from m3nop.connectors.nopcommerce.official_goods import find_goods
from m3nop.connectors.nopcommerce.official_records import BASE, get
from m3nop.connectors.nopcommerce.places import REFERENCE_SECONDS
from m3nop.connectors.nopcommerce.refusals import refused
from m3nop.connectors.nopcommerce.rewriting import insert, row_by_id
from m3nop.connectors.nopcommerce.rows import only_of, rows_of
from m3nop.core.clock import DAY, parse_instant

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from m3nop.connectors.nopcommerce.convergent import Converger, Requests
    from m3nop.connectors.nopcommerce.goods import Reader
    from m3nop.connectors.nopcommerce.records import Raw, Record
    from m3nop.connectors.nopcommerce.stock import StockWish
    from m3nop.core.clock import Clock
    from m3nop.core.json import Json

_PAGE = 100
_LONGEST_DOUBT = 30 * DAY
"""A doubt is settled, or given up, long before."""


class OfficialStock:
    """``stock/set``. Safe to use from several threads."""

    def __init__(self, converger: Converger, *, clock: Clock) -> None:
        self._converger = converger
        self._clock = clock
        self._warehouses: Cache[str, Collection[int]] = Cache(1, seconds=REFERENCE_SECONDS, clock=clock)

    def set(self, values: Mapping[str, Json]) -> Sequence[Record]:
        """Bring the stock to a quantity.

        Raises:
            ShopFailure: it failed.
        """
        wish = stock.read_stock_wish(values)
        return self._converger.call(lambda requests: self._set(requests, wish), about=wish.about)

    def _set(self, requests: Requests, wish: StockWish) -> Sequence[Record]:
        found = find_goods(requests, wish.fields, id_field="product_id")
        if found is None:
            return stock.absent(wish)
        stock.check_counted(found.product, variant=found.combination)
        backorders = bool(found.product.get("backorder_mode_id"))
        if found.combination is not None:
            backorders = backorders or bool(found.combination.get("allow_out_of_stock_orders"))
        stock.check_sign(wish, backorders=backorders, what=f"product {found.product['id']}")
        with self._converger.alone(found.product["id"]):
            if stock.in_several(found.product):
                return self._write_row(requests, wish, found.product)
            return self._adjust(requests, wish, found.product, found.combination)

    def _adjust(
        self, requests: Requests, wish: StockWish, product: Raw, combination: Raw | None
    ) -> Sequence[Record]:
        variant = combination["id"] if combination else None
        before: int = (combination or product)["stock_quantity"]
        if before == wish.quantity:
            return stock.unchanged(product, before, variant=variant)
        earlier = self._earlier(requests, wish, product["id"], variant)
        if earlier is not None:
            # It took effect. What moved the stock since is the shop's own business.
            after = earlier["stock_quantity"]
            return stock.moved(product, after - earlier["quantity_adjustment"], after, variant=variant)
        query = (("quantityToChange", str(wish.quantity - before)), ("message", wish.message))
        attributes = combination["attributes_xml"] if combination else ""
        where = f"{BASE}/Product/AdjustInventory/{product['id']}"
        requests.act(Request("POST", where, query, body=attributes))
        if combination is not None:
            _check_moved(requests, combination)
        return stock.moved(product, before, wish.quantity, variant=variant)

    def _earlier(
        self, requests: Requests, wish: StockWish, product_id: int, variant: int | None
    ) -> Raw | None:
        """Return the movement that carries the call's token, if there is one."""
        index, more = 0, bool(wish.token)
        oldest = self._clock.now() - _LONGEST_DOUBT
        while more:
            query = (
                *((("combinationId", str(variant)),) if variant else ()),
                ("pageIndex", str(index)),
                ("pageSize", str(_PAGE)),
            )
            document = requests.read(get(f"Product/GetStockQuantityHistory/{product_id}", *query))
            rows = only_of(
                rows_of(document, what="stock movements"), "product_id", product_id, what="stock movement"
            )
            for row in rows:
                if wish.token in str(row.get("message") or "").split():
                    return row
            # Newest first.
            more = bool(rows) and bool(document.get("has_next_page")) and _moved_at(rows[-1]) > oldest
            index += 1
        return None

    def _write_row(self, requests: Requests, wish: StockWish, product: Raw) -> Sequence[Record]:
        row = stock.warehouse_row(inventories(requests, product["id"]), wish, product)
        before, wanted = row["stock_quantity"] if row else 0, wish.on_hand(row)
        if before == wanted:
            return stock.unchanged(product, before, warehouse=wish.warehouse)
        if row is not None:
            # Whole, with what is reserved as it was just read: left out it would be lost.
            body = {**row, "stock_quantity": wanted}
            requests.act(Request("PUT", f"{BASE}/ProductWarehouse/Update", body=body))
            return stock.moved(product, before, wanted, warehouse=wish.warehouse)
        if wish.warehouse not in self._warehouses.one("warehouses", lambda: _warehouses(requests)):
            msg = f"the shop has no warehouse {wish.warehouse}"
            raise refused(msg, code="warehouse", field="warehouse")
        fresh = {
            "product_id": product["id"], "warehouse_id": wish.warehouse, "stock_quantity": wanted,
            "reserved_quantity": 0,
        }  # fmt: skip
        insert(requests, "ProductWarehouse", fresh)
        return stock.moved(product, before, wanted, warehouse=wish.warehouse)


def inventories(reader: Reader, product_id: int) -> Sequence[Raw]:
    """Read the stock rows of a product, one a warehouse."""
    document = reader.read(get(f"ProductWarehouse/GetAllProductWarehouseInventoryRecords/{product_id}"))
    return only_of(rows_of(document or [], what="stock rows"), "product_id", product_id, what="stock row")


def _warehouses(requests: Requests) -> Collection[int]:
    return {row["id"] for row in rows_of(requests.read(get("Warehouse/GetAll")), what="warehouses")}


def _moved_at(row: Raw) -> int:
    return parse_instant(str(row["created_on_utc"]))


def _check_moved(requests: Requests, combination: Raw) -> None:
    # The shop looks for the combination by its attributes, and says nothing where it finds none.
    now = row_by_id(requests, "ProductAttributeCombination", combination["id"])
    if now is None or now["stock_quantity"] == combination["stock_quantity"]:
        message = (
            f"the shop did not change the stock of SKU {combination['sku']}; are its attributes in order?"
        )
        raise refused(message, code="unmoved", field="sku")
