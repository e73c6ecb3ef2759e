"""The call pattern of inforion: bulk requests of 100 transactions, one after the other.

``python -m benchmarks.peers.sequential PORT``
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks.peers.plain import bulk, client, head, lines, orders

if TYPE_CHECKING:
    import httpx

SIZE = 100


def main() -> None:
    """Enter every order of the shop."""
    with client(int(sys.argv[1])) as http:
        everything = [order for page in orders(http) for order in page]
        numbers = _all(http, "AddBatchHead", [head(order) for order in everything], "ORNO")
        wanted = [
            line for order, number in zip(everything, numbers, strict=True) for line in lines(order, number)
        ]
        _all(http, "AddBatchLine", wanted, "PONR")
        _all(http, "Confirm", [{"ORNO": number} for number in numbers], "ORNO")


def _all(http: httpx.Client, transaction: str, records: list[dict[str, str]], column: str) -> list[str]:
    return [
        found
        for begin in range(0, len(records), SIZE)
        for found in bulk(http, transaction, records[begin : begin + SIZE], column)
    ]


if __name__ == "__main__":
    main()
