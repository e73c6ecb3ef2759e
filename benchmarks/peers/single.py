"""A hand-written client: single transactions, 32 in flight, an HTTP client for each thread.

``python -m benchmarks.peers.single PORT``
"""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.peers.plain import client, enter, orders

WORKERS = 32


def main() -> None:
    """Enter every order of the shop."""
    port = int(sys.argv[1])
    own = threading.local()

    def enter_one(order: dict[str, Any]) -> None:
        if not hasattr(own, "http"):
            own.http = client(port)
        enter(own.http, order)

    with client(port) as http, ThreadPoolExecutor(WORKERS) as pool:
        for page in orders(http):
            for _ in pool.map(enter_one, page):
                pass


if __name__ == "__main__":
    main()
