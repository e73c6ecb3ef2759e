"""dlt as its documentation shows it: a resource that reads the shop, a custom destination that calls M3.

``python pipeline.py PORT [THREADS]``; it runs in an environment of its own, see ``benchmarks.orders``.
"""

from __future__ import annotations

import os
import sys
import tempfile

os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "DATA_WRITER__DISABLE_COMPRESSION": "true"}

import dlt  # noqa: E402

from benchmarks.peers.plain import client, enter, orders  # noqa: E402


def main() -> None:
    """Enter every order of the shop."""
    port, threads = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    if threads:
        os.environ |= {"LOAD__WORKERS": str(threads), "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "50"}

    @dlt.resource(name="orders", max_table_nesting=0)
    def source():  # noqa: ANN202  a generator as dlt wants it
        with client(port) as http:
            yield from orders(http)

    @dlt.destination(batch_size=10, naming_convention="direct", max_table_nesting=0)
    def m3(items, table):  # noqa: ANN001, ANN202, ARG001  a signature of dlt's
        with client(port) as http:
            for order in items:
                enter(http, order)

    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline("orders", destination=m3, pipelines_dir=folder)
        pipeline.run(source())


if __name__ == "__main__":
    main()
