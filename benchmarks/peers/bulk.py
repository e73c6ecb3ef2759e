"""A hand-written client: bulk requests of 50, four in flight.

``python -m benchmarks.peers.bulk PORT [SIZE WORKERS]``
"""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from benchmarks.peers.plain import client, enter_together, orders


def main() -> None:
    """Enter every order of the shop."""
    port = int(sys.argv[1])
    size, workers = (int(text) for text in sys.argv[2:4]) if len(sys.argv) > 3 else (50, 4)
    own = threading.local()

    def enter_all(batch: list[dict[str, object]]) -> None:
        if not hasattr(own, "http"):
            own.http = client(port)
        enter_together(own.http, batch)

    with client(port) as http, ThreadPoolExecutor(workers) as pool:
        batches = [page[begin : begin + size] for page in orders(http) for begin in range(0, len(page), size)]
        for _ in pool.map(enter_all, batches):
            pass


if __name__ == "__main__":
    main()
