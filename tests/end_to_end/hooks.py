"""A service that listens on loopback, and senders of webhooks that sign, forge, dawdle and repeat."""

from __future__ import annotations

import base64
import hmac
import http.client
import re
import socket
import time
from dataclasses import dataclass, field
from itertools import count

from m3nop.core import json

KEY = "whsec_" + base64.b64encode(b"a key of this test, 32 bytes lon").decode()
RAW = base64.b64decode(KEY.removeprefix("whsec_"))
PLUGIN = "a secret of the plugin, 32 signs"
SETTINGS = """
listen: {port: 0, body_timeout: 1s}
webhooks:
  events:
    scheme: standard
    secrets: ["${secret:OLD_HOOK}", "${secret:HOOK}"]
    quiet: {order.placed: 0s, order.paid: 0s}
    body_limit: 20000
    per_second: 100000
  plugin: {scheme: nopcommerce, secrets: ["${secret:PLUGIN_HOOK}"]}
  guarded:
    scheme: hmac
    secrets: ["${secret:PLUGIN_HOOK}"]
    allow: [203.0.113.0/24]
  slow: {scheme: hmac, secrets: ["${secret:PLUGIN_HOOK}"], per_second: 0.5}
"""
SECRETS = {"HOOK": KEY, "OLD_HOOK": "the key before", "PLUGIN_HOOK": PLUGIN}
_numbers = count(1)


def listening(text: str) -> str:
    """Let a project listen."""
    return text.replace("\nenvironments:", f"{SETTINGS}\nenvironments:", 1)


def port_of(log: str) -> int:
    """Return the port that a service says it listens on."""
    found = re.search(r"listening on https?://127\.0\.0\.1:(\d+)", log)
    assert found is not None, log
    return int(found[1])


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Sender:
    """Sends to one service, over one connection as long as that stays open."""

    port: int
    _open: http.client.HTTPConnection | None = field(default=None, repr=False)

    def send(
        self, path: str, body: bytes = b"", headers: dict[str, str] | None = None, *, method: str = "POST"
    ) -> Answer:  # fmt: skip
        """Send a request."""
        given = {"content-type": "application/json", **(headers or {})}
        for last in (False, True):
            fresh = self._open is None
            self._open = self._open or http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            try:
                self._open.request(method, path, body, given)
                answer = self._open.getresponse()
                told = Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
            except (http.client.HTTPException, ConnectionError):
                self.close()
                if fresh or last:
                    raise
            else:
                if told.headers.get("connection") == "close":
                    self.close()
                return told
        raise AssertionError("the loop returns or raises")

    def hook(self, key: object, topic: str = "order.placed", *, number: str = "", **more: object) -> Answer:
        """Send a signed hook that names a record."""
        body = json.dumps({"type": topic, "data": {"id": key}, **more}).encode()
        return self.send("/hooks/events", body, signed(body, number=number or f"msg_{next(_numbers)}"))

    def raw(self, *parts: bytes, pause: float = 0.0) -> bytes:
        """Write bytes as they are, and return everything that comes back until the other side hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            try:
                for part in parts:
                    connection.sendall(part)
                    time.sleep(pause)
            except ConnectionError:
                # It hung up already; what it said can still be read.
                pass
            received = b""
            try:
                while part := connection.recv(65_536):
                    received += part
            except ConnectionError:
                pass
            return received

    def close(self) -> None:
        """Hang up."""
        if self._open is not None:
            self._open.close()
            self._open = None


def signed(body: bytes, *, number: str, key: bytes = RAW, at: float | None = None) -> dict[str, str]:
    """Return the headers of Standard Webhooks."""
    stamp = str(int(time.time() if at is None else at))
    mac = hmac.digest(key, f"{number}.{stamp}.".encode() + body, "sha256")
    signature = base64.b64encode(mac).decode()
    return {"webhook-id": number, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature}"}


def of_plugin(body: bytes, *, header: str = "ms-signature", prefix: str = "sha256=") -> dict[str, str]:
    """Return the header of the nopCommerce plugin, or of a source of one's own."""
    return {header: prefix + hmac.digest(PLUGIN.encode(), body, "sha256").hex().upper()}
