"""A load double: what orders ask of a shop and of M3, answered as fast as one process can.

It is not the sandbox: it checks nothing that a correct client does not get wrong. But it keeps books, which
say whether each order was entered once and whole. Wire formats: M3 API REST v2, bulk and single, and the
orders of nopCommerce's API plugin. ``python -m benchmarks.double`` prints its port and ends with its input.

Besides what the real systems offer it answers ``/books``, and ``/grow?orders=N``, which puts more orders into
the shop.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from benchmarks.wire import serve

if TYPE_CHECKING:
    from collections.abc import Callable

LINES = 3
"""Lines of every order."""
FIRST = 1001
"""Id of the first order."""
TENANT = "BENCH_TST"
TOKEN = json.dumps({"access_token": "bench", "token_type": "Bearer", "expires_in": "7200"}).encode()
_SHOP_TOKEN = json.dumps({"access_token": "bench", "token_type": "Bearer", "username": "bench"}).encode()
_WANTED = re.compile(r"(\w+),(\w+) from (OXHEAD|OOHEAD) where (.*)", re.IGNORECASE)
_VALUE = re.compile(r"'([^']*)'")


@dataclass
class Books:
    """What was entered: temporary orders and their lines by number, real orders by reference."""

    temporary: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_reference: dict[str, list[str]] = field(default_factory=dict)
    real: dict[str, list[str]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    received: int = 0
    """Bytes of requests."""
    number: int = 0
    began: float = 0.0
    """When the first request came, by the clock that a machine's processes share (``time.monotonic``)."""
    entered_first: float = 0.0
    """When M3 was first asked to enter something."""
    ended: float = 0.0
    """When the last request came."""

    def verdict(self, orders: int) -> dict[str, float]:
        """Say how many orders were entered, are missing, doubled, or have other lines than they should."""
        wanted = {f"BENCH-{FIRST + index}" for index in range(orders)}
        entered = {reference: numbers for reference, numbers in self.real.items() if numbers}
        lines = {reference: self.temporary[numbers[0]]["lines"] for reference, numbers in entered.items()}
        return {
            "entered": len(entered),
            "missing": len(wanted - entered.keys()),
            "doubled": sum(len(numbers) > 1 for numbers in entered.values()),
            "wrong_lines": sum(sorted(found) != expected_lines(name) for name, found in lines.items()),
            "requests": self.requests,
            "received": self.received,
            "began": self.began,
            "entered_first": self.entered_first,
            "ended": self.ended,
            **self.counts,
        }


def expected_lines(reference: str) -> list[tuple[str, str]]:
    """Item numbers and quantities of the order with this reference."""
    number = int(reference.rpartition("-")[2])
    return sorted((f"ITEM-{(number * 7 + line) % 500:03}", str(1 + line)) for line in range(LINES))


def order_document(number: int) -> dict[str, Any]:
    """One order as the API plugin lists it, with the fields that matter here and some weight."""
    address = {
        "id": number,
        "country_id": 2,
        "state_province_id": None,
        "first_name": "Erika",
        "last_name": "Mustermann",
        "email": f"buyer{number}@example.com",
        "company": None,
        "city": "Köln",
        "address1": "Heidestraße 17",
        "address2": None,
        "zip_postal_code": "51147",
        "phone_number": "+49 221 0000001",
        "country": None,
    }
    items = [
        {
            "id": number * 10 + line,
            "product_id": line + 1,
            "quantity": 1 + line,
            "unit_price_incl_tax": 12.5,
            "unit_price_excl_tax": 10.0,
            "price_incl_tax": 12.5 * (1 + line),
            "price_excl_tax": 10.0 * (1 + line),
            "discount_amount_incl_tax": 0.0,
            "discount_amount_excl_tax": 0.0,
            "item_weight": 1.5,
            "attribute_description": "",
            "product_attributes": [],
            "product": {
                "id": line + 1,
                "sku": f"ITEM-{(number * 7 + line) % 500:03}",
                "name": "An article of the shop",
                "weight": 1.5,
                "price": 10.0,
                "published": True,
                "deleted": False,
                "is_ship_enabled": True,
            },
        }
        for line in range(LINES)
    ]
    net = sum(10.0 * (1 + line) for line in range(LINES))
    return {
        "id": number,
        "store_id": 1,
        "customer_id": 5,
        "currency_rate": 1.0,
        "customer_currency_code": "EUR",
        "order_subtotal_incl_tax": net * 1.25,
        "order_subtotal_excl_tax": net,
        "order_sub_total_discount_incl_tax": 0.0,
        "order_sub_total_discount_excl_tax": 0.0,
        "order_shipping_incl_tax": 0.0,
        "order_shipping_excl_tax": 0.0,
        "payment_method_additional_fee_incl_tax": 0.0,
        "payment_method_additional_fee_excl_tax": 0.0,
        "order_tax": net * 0.25,
        "order_discount": 0.0,
        "order_total": net * 1.25,
        "refunded_amount": 0.0,
        "deleted": False,
        "created_on_utc": "2026-10-05T08:15:22.1234567",
        "paid_date_utc": "2026-10-05T08:15:22",
        "payment_method_system_name": "Payments.PayPalCommerce",
        "vat_number": None,
        "tax_rates": "25:1;   ",
        "checkout_attribute_description": "",
        "shipping_method": "Ground",
        "pick_up_in_store": False,
        "billing_address": address,
        "shipping_address": address,
        "order_items": items,
        "order_status": "Processing",
        "payment_status": "Paid",
        "shipping_status": "NotYetShipped",
        "customer_tax_display_type": "ExcludingTax",
        "order_guid": f"00000000-0000-4000-8000-{number:012}",
        "custom_order_number": str(number),
        "customer": {"id": 5, "email": "erika@example.com", "first_name": "Erika", "last_name": "Mustermann"},
    }


def _pattern() -> tuple[str, tuple[str, ...]]:
    """Return the text of an order with places for what differs: quicker than to make each anew."""
    text = json.dumps(order_document(_MODEL)).replace("%", "%%")
    for line in range(LINES):
        text = text.replace(f"ITEM-{(_MODEL * 7 + line) % 500:03}", f"ITEM-%(item{line})s")
        text = text.replace(f'"id": {_MODEL * 10 + line},', f'"id": %(number)s{line},')
    text = text.replace(f"{_MODEL:012}", "%(padded)s").replace(str(_MODEL), "%(number)s")
    return text, tuple(f"item{line}" for line in range(LINES))


class Double:
    """The shop with so many paid orders, and the M3 that they go to."""

    def __init__(self, orders: int, *, latency: float = 0.0, cost: float = 0.0) -> None:
        """``latency`` seconds go by before an answer, and ``cost`` seconds for each transaction."""
        self.orders = orders
        self.latency = latency
        self.cost = cost
        self.books = Books()
        self._transactions: dict[str, Callable[[dict[str, str]], list[dict[str, str]]]] = {
            "OIS100MI/AddBatchHead": self._head,
            "OIS100MI/AddBatchLine": self._line,
            "OIS100MI/Confirm": self._confirm,
            "OIS100MI/LstBatchLine": self._lines,
            "OIS275MI/GetTmpOrderStat": self._state,
            "EXPORTMI/Select": self._select,
            "GENERAL/ServerTimeZone": lambda _: [server_time()],
            "GENERAL/GetUserInfo": lambda _: [USER],
        }

    def answer(self, method: str, target: str, body: bytes, _head: bytes) -> tuple[float, bytes]:
        """Return the seconds that the answer takes, and its body."""
        url = urlsplit(target)
        if url.path in _OWN:
            return 0.0, self._own(url.path, parse_qs(url.query))
        self._note(len(target) + len(body))
        if url.path.endswith("/token.oauth2"):
            return self.latency, TOKEN
        if url.path.endswith("/token"):
            return self.latency, _SHOP_TOKEN
        if url.path.endswith("/api/orders"):
            return self.latency, self._list(parse_qs(url.query))
        _, _, path = url.path.partition("/execute")
        if method == "POST" and not path:
            return self._bulk(json.loads(body), repeats="extendedresult" in url.query)
        program, transaction = path.strip("/").split("/")
        record = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        result = self._run(program, transaction, record)
        return self.latency + self.cost, _envelope([result])

    def _own(self, path: str, query: dict[str, list[str]]) -> bytes:
        if path == "/grow":
            self.orders += int(query["orders"][0])
        return json.dumps(self.books.verdict(self.orders)).encode()

    def _note(self, size: int) -> None:
        books = self.books
        books.ended = time.monotonic()
        books.began = books.began or books.ended
        books.requests += 1
        books.received += size

    # -- the shop

    def _list(self, query: dict[str, list[str]]) -> bytes:
        last = FIRST + self.orders - 1
        limit, page = int(query.get("Limit", ["50"])[0]), int(query.get("Page", ["1"])[0])
        if "Ids" in query:
            numbers = [int(one) for one in unquote(query["Ids"][0]).split(",")]
            chosen = [one for one in numbers if FIRST <= one <= last]
        else:
            begin = max(FIRST, int(query.get("SinceId", ["0"])[0]) + 1) + (page - 1) * limit
            chosen = list(range(begin, min(begin + limit, last + 1)))
        return b'{"orders": [' + b", ".join(map(_document, chosen)) + b"]}"

    # -- M3

    def _bulk(self, request: dict[str, Any], *, repeats: bool) -> tuple[float, bytes]:
        asked = request["transactions"]
        results = [self._run(request["program"], one["transaction"], one["record"]) for one in asked]
        if repeats:
            for one, result in zip(asked, results, strict=True):
                result["parameters"] = one["record"]
        return self.latency + self.cost * len(results), _envelope(results)

    def _run(self, program: str, transaction: str, record: dict[str, str]) -> dict[str, Any]:
        name = f"{program}/{transaction}"
        self.books.counts[name] = self.books.counts.get(name, 0) + 1
        return {"transaction": transaction, "records": self._transactions[name](record)}

    def _head(self, record: dict[str, str]) -> list[dict[str, str]]:
        self.books.entered_first = self.books.entered_first or time.monotonic()
        self.books.number += 1
        number = f"{self.books.number:010}"
        self.books.temporary[number] = {"reference": record["CUOR"], "lines": [], "state": "10"}
        self.books.by_reference.setdefault(record["CUOR"], []).append(number)
        return [{"ORNO": number}]

    def _line(self, record: dict[str, str]) -> list[dict[str, str]]:
        lines = self.books.temporary[record["ORNO"]]["lines"]
        lines.append((record["ITNO"], record["ORQT"]))
        return [{"PONR": str(len(lines)), "POSX": "0"}]

    def _lines(self, record: dict[str, str]) -> list[dict[str, str]]:
        lines = self.books.temporary[record["ORNO"]]["lines"]
        return [
            {"PONR": str(index + 1), "CUPO": str(index + 1), "ITNO": item, "ORQT": quantity, "SAPR": "10"}
            for index, (item, quantity) in enumerate(lines)
        ]

    def _confirm(self, record: dict[str, str]) -> list[dict[str, str]]:
        order = self.books.temporary[record["ORNO"]]
        if order["state"] != "60":
            order["state"] = "60"
            self.books.real.setdefault(order["reference"], []).append(record["ORNO"])
        return [{"ORNO": record["ORNO"], "STAT": "60"}]

    def _state(self, record: dict[str, str]) -> list[dict[str, str]]:
        order = self.books.temporary[record["ORNO"]]
        number = record["ORNO"] if order["state"] == "60" else ""
        return [{"ORNR": number, "STAT": order["state"]}]

    def _select(self, record: dict[str, str]) -> list[dict[str, str]]:
        found = _WANTED.fullmatch(record["QERY"])
        if found is None:
            msg = f"the double cannot answer {record['QERY']!r}"
            raise ValueError(msg)
        rows = [f"{found[1]}|{found[2]}"]
        for reference in _VALUE.findall(found[4]):
            real = self.books.real.get(reference, [])
            numbers = real if found[3].upper() == "OOHEAD" else self.books.by_reference.get(reference, [])
            rows += [
                f"{reference}|{number}"
                for number in numbers
                if found[3].upper() == "OOHEAD" or number not in real
            ]
        return [{"REPL": row} for row in rows]


_MODEL = 987_654_321
"""A number that is nothing else in an order."""
_OWN = frozenset(("/books", "/grow"))
_PATTERN, _ITEMS = _pattern()


def _document(number: int) -> bytes:
    items = {name: f"{(number * 7 + line) % 500:03}" for line, name in enumerate(_ITEMS)}
    return (_PATTERN % {"number": number, "padded": f"{number:012}", **items}).encode()


USER = {
    "ZZUSID": "BENCH", "ZDCONO": "100", "ZDDIVI": "AAA", "ZDFACI": "A01", "ZZWHLO": "001", "ZDLANC": "GB",
    "ZDDTFM": "YMD", "TIZO": "UTC", "USFN": "Benchmark",
}  # fmt: skip


def server_time() -> dict[str, str]:
    """Return the row of ``ServerTimeZone``."""
    from datetime import UTC, datetime

    now = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return {"TMTZ": f"{now}+00:00", "UTCT": now}


def _envelope(results: list[dict[str, Any]]) -> bytes:
    envelope = {
        "results": results, "wasTerminated": False, "nrOfSuccessfullTransactions": len(results),
        "nrOfFailedTransactions": 0, "nrOfNotProcessedTransactions": 0,
    }  # fmt: skip
    return json.dumps(envelope).encode()


if __name__ == "__main__":
    count, latency, cost = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    asyncio.run(serve(Double(count, latency=latency, cost=cost)))
