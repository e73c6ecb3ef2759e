"""What the hand-written peers share: reading the shop, mapping by Python code, M3's envelopes.

None of them keeps any state: run twice, or killed in the middle, they enter orders twice or lose them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = 250
M3 = "/BENCH_TST/M3/m3api-rest/v2/execute"
BASE = {
    "cono": 100, "divi": "AAA", "excludeEmptyValues": False, "rightTrim": True, "maxReturnedRecords": 0,
}  # fmt: skip


def client(port: int) -> httpx.Client:
    """Return an HTTP client for the double."""
    return httpx.Client(
        base_url=f"http://127.0.0.1:{port}",
        timeout=60,
        headers={"authorization": "Bearer bench"},
        trust_env=False,
    )


def orders(http: httpx.Client) -> Iterator[list[dict[str, Any]]]:
    """Yield the shop's paid orders, page by page."""
    since = 0
    while page := http.get("/shop/api/orders", params={"SinceId": since, "Limit": PAGE, "Page": 1}).json()[
        "orders"
    ]:
        since = page[-1]["id"]
        yield [order for order in page if order["payment_status"] == "Paid"]


def head(order: dict[str, Any]) -> dict[str, str]:
    """Map an order to the head of a temporary order."""
    return {
        "CUNO": "W9999", "ORTP": "W01", "FACI": "A01", "WHLO": "001", "CUOR": f"BENCH-{order['id']}",
    }  # fmt: skip


def lines(order: dict[str, Any], number: str) -> list[dict[str, str]]:
    """Map an order to its lines."""
    return [
        {
            "ORNO": number, "ITNO": item["product"]["sku"].upper(), "ORQT": str(item["quantity"]),
            "SAPR": str(item["unit_price_excl_tax"]), "CUPO": str(position),
        }
        for position, item in enumerate(order["order_items"], 1)
    ]  # fmt: skip


def bulk(http: httpx.Client, transaction: str, records: list[dict[str, str]], column: str) -> list[str]:
    """Send one bulk request and return a column of its answers."""
    body = {
        "program": "OIS100MI", **BASE,
        "transactions": [
            {"transaction": transaction, "record": record, "selectedColumns": [column]} for record in records
        ],
    }  # fmt: skip
    answer = http.post(M3, json=body).raise_for_status().json()
    return [result["records"][0][column] for result in answer["results"]]


def single(http: httpx.Client, transaction: str, record: dict[str, str], column: str) -> str:
    """Send one transaction by itself and return a column of its answer."""
    answer = http.get(f"{M3}/OIS100MI/{transaction}", params=record).raise_for_status().json()
    return str(answer["results"][0]["records"][0][column])


def enter_together(http: httpx.Client, batch: list[dict[str, Any]]) -> None:
    """Enter some orders by three bulk requests."""
    numbers = bulk(http, "AddBatchHead", [head(order) for order in batch], "ORNO")
    wanted = [line for order, number in zip(batch, numbers, strict=True) for line in lines(order, number)]
    bulk(http, "AddBatchLine", wanted, "PONR")
    bulk(http, "Confirm", [{"ORNO": number} for number in numbers], "ORNO")


def enter(http: httpx.Client, order: dict[str, Any]) -> None:
    """Enter one order by single transactions."""
    number = single(http, "AddBatchHead", head(order), "ORNO")
    for line in lines(order, number):
        single(http, "AddBatchLine", line, "PONR")
    single(http, "Confirm", {"ORNO": number}, "ORNO")
