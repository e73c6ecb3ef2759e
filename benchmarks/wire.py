"""The little of HTTP that a load double needs, as fast as one process of Python can."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import Protocol


class Answers(Protocol):
    """A double."""

    def answer(self, method: str, target: str, body: bytes, head: bytes) -> tuple[float, bytes]:
        """Return the seconds that the answer takes, and its body; ``head`` is the request's with headers."""
        ...


class Wire(asyncio.Protocol):
    """HTTP/1.1 with keep-alive and bodies of a told length, which is all that the clients here use."""

    def __init__(self, double: Answers) -> None:
        self._double = double
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._buffer[:end])
            told = re.search(rb"content-length:\s*(\d+)", head, re.IGNORECASE)
            length = int(told[1]) if told else 0
            if len(self._buffer) < end + 4 + length:
                return
            body = bytes(self._buffer[end + 4 : end + 4 + length])
            del self._buffer[: end + 4 + length]
            method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
            wait, answer = self._double.answer(method, target, body, head)
            if wait:
                asyncio.get_running_loop().call_later(wait, self._write, answer)
            else:
                self._write(answer)

    def _write(self, body: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(head.encode() + body)


async def serve(double: Answers) -> None:
    """Print the address, and answer until the input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Wire(double), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
