"""Sets stock in the open-source dialect, absolutely: a web order in between is written over.

In several warehouses the row of one is written, and what is reserved there stays. Variants are only taken as
whole lists: the plugin looks at combinations beside ``attributes`` alone (older versions not at all), and
deletes what either list leaves out. So both go as they were just read, and what came of it is read back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce import stock
from m3nop.connectors.nopcommerce.api import Request
from m3nop.connectors.nopcommerce.config import LARGEST_OSS_PAGE
from m3nop.connectors.nopcommerce.oss_goods import combination_of, find_oss_goods, read_product
from m3nop.connectors.nopcommerce.oss_products import write_product
from m3nop.connectors.nopcommerce.oss_records import BASE, get
from m3nop.connectors.nopcommerce.refusals import refused
from m3nop.connectors.nopcommerce.rows import only_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.connectors.nopcommerce.convergent import Converger, Requests
    from m3nop.connectors.nopcommerce.goods import Reader
    from m3nop.connectors.nopcommerce.oss_goods import SkuIndex
    from m3nop.connectors.nopcommerce.records import Raw, Record
    from m3nop.connectors.nopcommerce.stock import StockWish
    from m3nop.core.json import Json

_ROW = "product_warehouse_inventory"
_ROWS = f"{BASE}/product_warehouse_inventories"


class OssStock:
    """``stock/set``. Safe to use from several threads."""

    def __init__(self, converger: Converger, index: SkuIndex) -> None:
        self._converger = converger
        self._index = index

    def set(self, values: Mapping[str, Json]) -> Sequence[Record]:
        """Bring the stock to a quantity.

        Raises:
            ShopFailure: it failed.
        """
        wish = stock.read_stock_wish(values)
        return self._converger.call(lambda requests: self._set(requests, wish), about=wish.about)

    def _set(self, requests: Requests, wish: StockWish) -> Sequence[Record]:
        found = find_oss_goods(requests, self._index, wish.fields, id_field="product_id")
        if found is None:
            return stock.absent(wish)
        product = found.product
        stock.check_counted(product, variant=found.combination)
        # The dialect does not tell whether a product takes backorders.
        stock.check_sign(wish, backorders=False, what=f"product {product['id']}, as far as this API tells,")
        if stock.in_several(product):
            return _write_row(requests, wish, product)
        if found.combination is not None:
            with self._converger.alone(product["id"]):
                return _write_variant(requests, wish, product["id"], found.combination["id"])
        before = product["stock_quantity"]
        if before == wish.quantity:
            return stock.unchanged(product, before)
        write_product(requests, product, {"stock_quantity": wish.quantity})
        return stock.moved(product, before, wish.quantity)


def inventories(reader: Reader, product_id: int) -> Sequence[Raw]:
    """Read the stock rows of a product, one a warehouse."""
    # These names have no underscore: with one they are ignored, and every row comes.
    query = (("ProductId", str(product_id)), ("Limit", str(LARGEST_OSS_PAGE)), ("Page", "1"))
    rows = rows_of(reader.read(get("product_warehouse_inventories", *query)), what="stock rows")
    return only_of(rows, "product_id", product_id, what="stock row")


def _write_row(requests: Requests, wish: StockWish, product: Raw) -> Sequence[Record]:
    row = stock.warehouse_row(inventories(requests, product["id"]), wish, product)
    before, wanted = row["stock_quantity"] if row else 0, wish.on_hand(row)
    if before == wanted:
        return stock.unchanged(product, before, warehouse=wish.warehouse)
    body: dict[str, Json]
    if row is not None:
        body = {_ROW: {"stock_quantity": wanted}}
        requests.act(Request("PUT", f"{_ROWS}/{row['id']}", body=body))
    else:
        body = {
            _ROW: {
                "product_id": product["id"], "warehouse_id": wish.warehouse, "stock_quantity": wanted,
                "reserved_quantity": 0,
            }
        }  # fmt: skip
        requests.act(Request("POST", _ROWS, body=body))
    return stock.moved(product, before, wanted, warehouse=wish.warehouse)


def _write_variant(requests: Requests, wish: StockWish, product_id: int, number: int) -> Sequence[Record]:
    # Read again: another call of ours may have written the same list meanwhile.
    product = read_product(requests, product_id)
    variant = combination_of(product or {}, number)
    if product is None or variant is None:
        message = f"a variant of product {product_id} was deleted in the shop meanwhile"
        raise refused(message, code="gone", field="sku")
    before = variant["stock_quantity"]
    if before == wish.quantity:
        return stock.unchanged(product, before, variant=number)
    every = [
        {**row, "stock_quantity": wish.quantity} if row["id"] == number else row
        for row in product["product_attribute_combinations"]
    ]
    inner = {
        "id": product["id"], "attributes": product.get("attributes") or [],
        "product_attribute_combinations": every, "tags": product.get("tags") or [],
    }  # fmt: skip
    requests.act(Request("PUT", f"{BASE}/products/{product['id']}", body={"product": inner}))
    now = combination_of(read_product(requests, product["id"]) or {}, number)
    if now is None or now["stock_quantity"] == before:
        message = (
            f"the shop's API did not store the stock of SKU {variant['sku']}, a variant of product "
            f"{product['id']}; use `dialect: official`"
        )
        raise refused(message, code="unmoved", field="sku")
    return stock.moved(product, before, wish.quantity, variant=number)
