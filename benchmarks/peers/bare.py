"""The quickest client that Python has room for: sockets and prepared text, no HTTP library and no JSON.

``python -m benchmarks.peers.bare PORT ORDERS SIZE WORKERS``: what it gets out of the double is the double's
ceiling. Nobody would use it: it knows the orders beforehand, and reads only what it must of an answer.
"""

from __future__ import annotations

import re
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

from benchmarks.double import FIRST, TENANT, expected_lines

PATH = f"/{TENANT}/M3/m3api-rest/v2/execute"
_LENGTH = re.compile(rb"content-length: (\d+)")
_NUMBER = re.compile(rb'"ORNO": "(\d+)"')


class Wire:
    """One connection that is kept."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> bytes:
        """Send a request and return the answer's body."""
        self._socket.sendall(request)
        held = self._socket.recv(65_536)
        while (end := held.find(b"\r\n\r\n")) < 0:
            held += self._socket.recv(65_536)
        found = _LENGTH.search(held)
        assert found is not None
        parts, left = [held], end + 4 + int(found[1]) - len(held)
        while left > 0:
            parts.append(self._socket.recv(min(left, 1 << 20)))
            left -= len(parts[-1])
        return b"".join(parts)[end + 4 :]


def enter(wire: Wire, numbers: range) -> None:
    """Enter some orders, by three bulk requests or, if it is one, by single transactions."""
    heads = [f'{{"CUNO": "W9999", "CUOR": "BENCH-{number}"}}' for number in numbers]
    documents = [found.decode() for found in _NUMBER.findall(_many(wire, "AddBatchHead", heads))]
    wanted = [
        f'{{"ORNO": "{document}", "ITNO": "{item}", "ORQT": "{quantity}"}}'
        for number, document in zip(numbers, documents, strict=True)
        for item, quantity in expected_lines(f"BENCH-{number}")
    ]
    if len(numbers) > 1:
        _many(wire, "AddBatchLine", wanted)
    else:
        for line in wanted:
            _many(wire, "AddBatchLine", [line])
    _many(wire, "Confirm", [f'{{"ORNO": "{document}"}}' for document in documents])


def _many(wire: Wire, transaction: str, records: list[str]) -> bytes:
    calls = ", ".join(f'{{"transaction": "{transaction}", "record": {record}}}' for record in records)
    body = f'{{"program": "OIS100MI", "transactions": [{calls}]}}'.encode()
    return wire.ask(
        f"POST {PATH} HTTP/1.1\r\nhost: m3\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
    )


def main() -> None:
    """Enter every order of the shop."""
    port, orders, size, workers = (int(text) for text in sys.argv[1:5])
    batches = [
        range(begin, min(begin + size, FIRST + orders)) for begin in range(FIRST, FIRST + orders, size)
    ]

    def work(worker: int) -> None:
        wire = Wire(port)
        for batch in batches[worker::workers]:
            enter(wire, batch)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, range(workers)))


if __name__ == "__main__":
    main()
