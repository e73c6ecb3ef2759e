"""A load double of goods: M3's list of all balances, and a shop whose products have a stock.

Wire formats: M3 API REST v2, whose lists are read on by the key of a position, and nopCommerce's Web API
plugin. Like ``benchmarks.double`` it checks nothing and keeps books. ``/grow?items=N`` makes it N items,
``/change?items=N`` moves the balances of N, ``/books`` says how many products have another stock than M3.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from array import array
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.double import TOKEN, USER, server_time
from benchmarks.wire import serve

if TYPE_CHECKING:
    from collections.abc import Callable

ON_HAND = 100
DAY = "20261005"
"""On which all balances changed, so that every run has to read them all."""
_POSITION = re.compile(rb"positionkey: *(\d+)", re.IGNORECASE)
_PRODUCT = {
    "manage_inventory_method_id": 1, "use_multiple_warehouses": False, "backorder_mode_id": 0,
    "deleted": False, "published": True, "name": "An article of the shop", "price": 10.0,
}  # fmt: skip


def item_number(index: int) -> str:
    """Return the item number, and SKU, of an item."""
    return f"ITEM-{index:07}"


class Goods:
    """So many items, each with one balance and one product."""

    def __init__(self, items: int) -> None:
        self.items = items
        self._balances = array("l", [ON_HAND]) * items
        self._stock = array("l", [ON_HAND]) * items
        self._counts = {"lists": 0, "rows": 0, "lookups": 0, "writes": 0, "requests": 0}
        self._moved = 0
        self._paths: dict[str, Callable[[dict[str, list[str]]], Any]] = {
            "Product/GetProductsBySku": self._by_sku,
            "Product/GetStockQuantityHistory": lambda _: {"items": [], "has_next_page": False},
        }

    def answer(self, _method: str, target: str, _body: bytes, head: bytes) -> tuple[float, bytes]:
        """Return the seconds that the answer takes, none, and its body."""
        url = urlsplit(target)
        query = parse_qs(url.query)
        if url.path in ("/books", "/change", "/grow"):
            return 0.0, self._own(url.path, query)
        self._counts["requests"] += 1
        return 0.0, self._answer(url.path, query, head)

    def _answer(self, path: str, query: dict[str, list[str]], head: bytes) -> bytes:
        if path.endswith("/token.oauth2"):
            return TOKEN
        if path.endswith("/GetToken"):
            return b'{"token": "bench"}'
        if path.endswith("/LstBALANCES"):
            found = _POSITION.search(head)
            return self._list(int(found[1]) if found else 0, int(query["maxrecs"][0]))
        if "/execute/" in path:
            row = server_time() if path.endswith("ServerTimeZone") else USER
            return json.dumps({"results": [{"records": [row]}]}).encode()
        if "/AdjustInventory/" in path:
            self._counts["writes"] += 1
            self._stock[int(path.rpartition("/")[2])] += int(query["quantityToChange"][0])
            return b""
        _, _, wanted = path.partition("/api-backend/")
        name = wanted.rpartition("/")[0] if wanted.rpartition("/")[2].isdecimal() else wanted
        return json.dumps(self._paths[name](query)).encode()

    def _own(self, path: str, query: dict[str, list[str]]) -> bytes:
        if path == "/change":
            self._change(int(query["items"][0]))
        elif path == "/grow":
            more = array("l", [ON_HAND]) * (int(query["items"][0]) - self.items)
            self._balances += more
            self._stock += more
            self.items = len(self._stock)
        differ = sum(held != there for held, there in zip(self._balances, self._stock, strict=True))
        return json.dumps({"items": self.items, "differ": differ, **self._counts}).encode()

    def _change(self, items: int) -> None:
        """Move the balances of as many items, which lie all over the list."""
        step = max(self.items // items, 1)
        self._moved += 1
        for index in range(self._moved % step, self.items, step):
            self._balances[index] += 1

    def _list(self, begin: int, most: int) -> bytes:
        end = min(begin + most, self.items)
        self._counts["lists"] += 1
        self._counts["rows"] += end - begin
        rows = ", ".join(
            f'{{"WHLO": "001", "ITNO": "{item_number(index)}", "STQT": "{self._balances[index]}", '
            f'"LMDT": "{DAY}"}}'
            for index in range(begin, end)
        )
        # A full page may have another one after it, as far as its reader can tell.
        position = f', "positionKey": "{end}"' if end - begin == most else ""
        return (
            f'{{"results": [{{"transaction": "LstBALANCES", "records": [{rows}]{position}}}], '
            '"wasTerminated": false, "nrOfSuccessfullTransactions": 1, "nrOfFailedTransactions": 0, '
            '"nrOfNotProcessedTransactions": 0}'
        ).encode()

    def _by_sku(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        self._counts["lookups"] += 1
        indexes = [int(sku.rpartition("-")[2]) for sku in query["skuArray"][0].split(";")]
        return [
            {"id": index, "sku": item_number(index), "stock_quantity": self._stock[index], **_PRODUCT}
            for index in indexes
        ]


if __name__ == "__main__":
    asyncio.run(serve(Goods(int(sys.argv[1]))))
