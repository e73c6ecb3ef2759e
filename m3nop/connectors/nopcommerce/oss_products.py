"""Upserts products in the open-source dialect.

Its PUT takes the keys that changed; without ``tags`` it deletes a product's tags, so they go along as they
were read. Texts are read as the store shows them, so a translated one may seem to differ from what was set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce.api import Request
from m3nop.connectors.nopcommerce.columns import OSS_PRODUCT
from m3nop.connectors.nopcommerce.oss_goods import find_oss_goods, read_product
from m3nop.connectors.nopcommerce.oss_records import BASE
from m3nop.connectors.nopcommerce.refusals import refused, unfit, unreadable
from m3nop.connectors.nopcommerce.rewriting import differing
from m3nop.connectors.nopcommerce.rows import rows_of
from m3nop.connectors.nopcommerce.wishes import created, missing, names_of, read_wish, upserted, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.connectors.nopcommerce.convergent import Converger, Requests
    from m3nop.connectors.nopcommerce.oss_goods import SkuIndex
    from m3nop.connectors.nopcommerce.records import Raw, Record
    from m3nop.connectors.nopcommerce.wishes import Wish
    from m3nop.core.json import Json

_NEW = {
    "published": False, "visible_individually": True, "is_ship_enabled": True, "allow_customer_reviews": True,
    "order_minimum_quantity": 1, "order_maximum_quantity": 10000, "stock_quantity": 0, "tags": [],
}  # fmt: skip
"""What a new product begins with; the plugin adds the rest, and the address of its page."""


class OssProducts:
    """The upsert ``products``. Safe to use from several threads."""

    def __init__(self, converger: Converger, index: SkuIndex) -> None:
        self._converger = converger
        self._index = index

    def upsert(self, values: Mapping[str, Json]) -> Sequence[Record]:
        """Find a product and write what differs, or make it.

        Raises:
            ShopFailure: it failed.
        """
        wish = read_wish(values)
        wanted = wish.columns(OSS_PRODUCT)
        about = wish.match.text("id" if wish.match.given("id") else "sku").strip()
        if not about:
            raise unfit("sku", "`sku` is blank")
        return self._converger.call(lambda requests: self._upsert(requests, wish, wanted), about=about)

    def _upsert(self, requests: Requests, wish: Wish, wanted: Mapping[str, Json]) -> Sequence[Record]:
        found = find_oss_goods(requests, self._index, wish.match, surely=wish.creates)
        if found is None:
            return self._create(requests, wish) if wish.creates else missing()
        product = found.product
        if found.combination is not None and wish.own:
            # A variant has no field that this API writes.
            return upserted(product["id"], changed=(), lost=(), combination_id=found.combination["id"])
        if found.combination is not None:
            message = (
                f"SKU {found.combination['sku']} is a variant of product {product['id']}, which the "
                "open-source API does not write; use `dialect: official`"
            )
            raise refused(message, code="variant", field="sku")
        changed = differing(product, wanted)
        lost: set[str] = set()
        if changed:
            lost = write_product(requests, product, {name: wanted[name] for name in changed})
            if "sku" in changed:
                self._index.forget()
        return upserted(
            product["id"], changed=names_of(changed, OSS_PRODUCT), lost=names_of(lost, OSS_PRODUCT),
            combination_id=None,
        )  # fmt: skip

    def _create(self, requests: Requests, wish: Wish) -> Sequence[Record]:
        if wish.match.given("id"):
            raise refused("a product that is looked for by `id` cannot be created", code="missing")
        columns = written(
            {"sku": wish.match.text("sku").strip(), **wish.fields, **wish.on_create}, OSS_PRODUCT
        )
        if not columns.get("name"):
            raise refused("a new product needs a `name`", field="name")
        request = Request("POST", f"{BASE}/products", body={"product": {**_NEW, **columns}})
        answer = requests.act(request)
        # Nothing at all, after a success, is an answer that was lost.
        rows = [] if answer is None else rows_of(answer, what="products")
        if len(rows) != 1 or not isinstance(rows[0].get("id"), int):
            raise unreadable("POST /products")
        lost = differing(rows[0], columns)
        return created(
            rows[0]["id"], changed=names_of(columns, OSS_PRODUCT), lost=names_of(lost, OSS_PRODUCT),
            combination_id=None,
        )  # fmt: skip


def write_product(requests: Requests, product: Raw, columns: Mapping[str, Json]) -> set[str]:
    """Write columns of a product that was just read; return those that come back with another value.

    Raises:
        ShopFailure: a request failed, or the product is gone.
    """
    number, tags = product["id"], product.get("tags") or []
    body = {"product": {"id": number, **columns, "tags": tags}}
    requests.act(Request("PUT", f"{BASE}/products/{number}", body=body))
    after = read_product(requests, number)
    if after is None:
        msg = f"product {number} was deleted in the shop meanwhile"
        raise refused(msg, code="gone")
    lost = differing(after, columns)
    return lost if sorted(after.get("tags") or []) == sorted(tags) else lost | {"tags"}
