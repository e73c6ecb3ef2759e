"""dlt as its documentation shows it: a resource that reads the shop, a custom destination that calls M3.

``python -m benchmarks.peers.dlt_pipeline PORT [THREADS]``, in an environment that has dlt. With a number of
threads its load runs in so many, and its files are cut so small that each of them has some.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import threading
from typing import TYPE_CHECKING, Any

from benchmarks.peers.plain import client, enter, orders

if TYPE_CHECKING:
    from collections.abc import Iterator

ITEMS = 50
"""Orders in a file, when it runs in several threads."""
BATCH = 10
"""Orders that the destination is given at once."""


def main() -> None:
    """Enter every order of the shop."""
    port, threads = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    # dlt reads its settings from the environment when it is imported.
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false"}
    if threads:
        os.environ |= {
            "LOAD__WORKERS": str(threads),
            "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": str(ITEMS),
            "DATA_WRITER__DISABLE_COMPRESSION": "true",
        }
    run(port)


def run(port: int) -> None:
    """Read, and enter what was read."""
    # Not installed where the types are checked.
    dlt: Any = importlib.import_module("dlt")
    own = threading.local()

    def source() -> Iterator[list[dict[str, Any]]]:
        with client(port) as http:
            yield from orders(http)

    def enter_some(items: list[dict[str, Any]], table: object) -> None:  # noqa: ARG001  dlt's signature
        if not hasattr(own, "http"):
            own.http = client(port)
        for order in items:
            enter(own.http, order)

    resource = dlt.resource(source, name="orders", max_table_nesting=0)
    m3 = dlt.destination(
        enter_some, name="m3", batch_size=BATCH, naming_convention="direct", max_table_nesting=0
    )
    with tempfile.TemporaryDirectory() as folder:
        dlt.pipeline("orders", destination=m3, pipelines_dir=folder).run(resource)


if __name__ == "__main__":
    main()
