"""The published exchange of the ION Messaging Service, byte for byte: what ION sends, and what it is answered.

The parameters are those of the documentation's example, with its spelling and order; so are the answers to ping
and protocol. Version 2 swaps the names of the two parts. What is not published (the names of the headers of the
newer form) is sent in the spellings that are read.
"""

from __future__ import annotations

import socket
import zlib
from typing import TYPE_CHECKING

import pytest

from m3nop.core.clock import SystemClock
from m3nop.core.documents import place_of
from m3nop.serve.bucket import Bucket
from m3nop.serve.door import Door
from m3nop.serve.inbox import Inbox
from m3nop.serve.ion.callers import Token
from m3nop.serve.ion.receiving import IonSource
from m3nop.serve.ion.routes import routes
from m3nop.serve.listener import Address, Listener
from m3nop.serve.web import application
from m3nop.state.store import SqlState, open_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLACE = "ItemMasterHeader/ItemID/ID"
PARAMETERS = (
    b'{"documentName":"Sync.ItemMaster","messageId":"8b1d6e0c-aaaa-4bbb-8ccc-000000000001",'
    b'"fromLogicalId":"lid://infor.m3.m3be","toLogicalId":"lid://infor.ims.m3nop",'
    b'"encoding":"DEFLATE","characterSet":"UTF-8"}'
)
DOCUMENT = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<SyncItemMaster xmlns="http://schema.infor.com/InforOAGIS/2"><DataArea><Sync/><ItemMaster><ItemMasterHeader>'
    b'<ItemID><ID variationID="7">TENT-2P</ID></ItemID></ItemMasterHeader></ItemMaster></DataArea></SyncItemMaster>'
)
PACKED = zlib.compress(DOCUMENT)
BOUNDARY = b"f6c1a2"


class Quiet:
    """A log that keeps nothing."""

    def say(self, event: str, text: str, **facts: object) -> None:
        """Say nothing."""


class Ion:
    """ION as far as it calls a connection point: writes bytes and reads bytes."""

    def __init__(self, port: int) -> None:
        self._port = port

    def call(self, head: bytes, body: bytes = b"") -> tuple[bytes, bytes]:
        """Return the status line and the body that come back."""
        lines = [
            head, b"Host: m3nop.example.com", b"Authorization: Bearer of-the-gateway", b"X-TenantId: ACME_TST",
            b"Content-Length: %d" % len(body), b"Connection: close", b"", body,
        ]  # fmt: skip
        with socket.create_connection(("127.0.0.1", self._port), timeout=10) as connection:
            connection.sendall(b"\r\n".join(lines))
            answer = b""
            while part := connection.recv(65_536):
                answer += part
        top, _, told = answer.partition(b"\r\n\r\n")
        return top.split(b"\r\n")[0], told


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SqlState]:
    url = f"sqlite:///{(tmp_path / 'state.db').as_posix()}"
    opened = open_state(url, scope={"environment": "prod"}, clock=SystemClock(), command="run")
    yield opened
    opened.close()


@pytest.fixture(params=["multipartMessage", "message"])
def method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ion(state: SqlState, method: str) -> Iterator[Ion]:
    inbox = Inbox(state, clock=SystemClock(), came=lambda: None)
    source = IonSource(
        "m3", Token(["of-the-gateway"]), Bucket(100), 1_000_000, 1_000_000,
        {"Sync.ItemMaster": [place_of(PLACE)]}, tenant="ACME_TST", method=method,
    )  # fmt: skip
    door = Door(inbox, Quiet(), SystemClock())
    listener = Listener(
        application(routes(door, lambda: {"m3": source}), log=Quiet()), Address("127.0.0.1", 0)
    )
    yield Ion(listener.port)
    listener.close()
    inbox.close()


def form(name: bytes, kind: bytes, content: bytes) -> bytes:
    return b"\r\n".join(
        [b"--" + BOUNDARY, b'Content-Disposition: form-data; name="%s"' % name, b"Content-Type: " + kind, b"", content, b""]
    )  # fmt: skip


def two_parts(parameters: bytes, payload: bytes) -> bytes:
    """Return the two parts under these names."""
    first = form(parameters, b"application/json", PARAMETERS)
    return first + form(payload, b"application/octet-stream", PACKED) + b"--" + BOUNDARY + b"--\r\n"


FORM_DATA = b"\r\nContent-Type: multipart/form-data; boundary=" + BOUNDARY
OK, ACCEPTED = (b"HTTP/1.1 200 OK", b"HTTP/1.1 202 Accepted")


def kept(state: SqlState) -> list[tuple[str, str, str, int | None]]:
    """Return what is in the inbox: message id, topic, key and variation."""
    every = [received.message for received in state.next_messages(limit=10)]
    return [(one.message, one.topic, one.key, one.variation) for one in every]


ITEM = ("8b1d6e0c-aaaa-4bbb-8ccc-000000000001", f"Sync.ItemMaster {PLACE}", "TENT-2P", 7)


def test_a_connection_point_is_found_as_it_is_documented(ion: Ion, method: str) -> None:
    assert ion.call(b"GET /ion/m3/service/ping HTTP/1.1") == (OK, b'{"status":"OK","code":200}')
    said = b'{"version":"v3","messageMethod":"%s","hasDiscovery":false}' % method.encode()
    assert ion.call(b"GET /ion/m3/service/protocol HTTP/1.1") == (OK, said)
    # What it would ask for had that failed, and what it leaves out because there is no discovery.
    assert ion.call(b"GET /ion/m3/service/versions HTTP/1.1")[0] == b"HTTP/1.1 404 Not Found"
    assert ion.call(b"POST /ion/m3/service/v3/discovery HTTP/1.1")[0] == b"HTTP/1.1 501 Not Implemented"


@pytest.mark.parametrize(
    ("version", "names"),
    [(b"v3", (b"ParameterRequest", b"MessagePayload")), (b"v2", (b"MessagePayload", b"ParameterRequest"))],
)
def test_a_message_of_two_parts_is_kept_once_whichever_of_them_has_which_name(
    ion: Ion, state: SqlState, version: bytes, names: tuple[bytes, bytes]
) -> None:
    head = b"POST /ion/m3/service/" + version + b"/multipartMessage HTTP/1.1" + FORM_DATA
    body = two_parts(*names)
    assert ion.call(head, body) == (ACCEPTED, b'{"status":"OK","code":202}')
    assert ion.call(head, body) == (OK, b'{"status":"OK","code":200}')
    assert kept(state) == [ITEM]


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        (b"", (b"\r\ndocumentName: Sync.ItemMaster\r\nmessageId: 8b1d6e0c-aaaa-4bbb-8ccc-000000000001"
              b"\r\nencoding: DEFLATE\r\ncharacterSet: UTF-8")),
        ((b"?documentName=Sync.ItemMaster&messageId=8b1d6e0c-aaaa-4bbb-8ccc-000000000001&encoding=DEFLATE"
         b"&characterSet=UTF-8"), b""),
        (b"?messageId=8b1d6e0c-aaaa-4bbb-8ccc-000000000001",
         b"\r\nX-Document-Name: Sync.ItemMaster\r\nX-Encoding: DEFLATE\r\nX-Character-Set: UTF-8"),
    ],
)  # fmt: skip
def test_a_message_of_one_part_has_its_parameters_outside(
    ion: Ion, state: SqlState, query: bytes, headers: bytes
) -> None:
    head = b"POST /ion/m3/service/v3/message/multipart" + query + b" HTTP/1.1" + FORM_DATA + headers
    body = form(b"MessagePayload", b"application/octet-stream", PACKED) + b"--" + BOUNDARY + b"--\r\n"
    assert ion.call(head, body) == (ACCEPTED, b'{"status":"OK","code":202}')
    assert kept(state) == [ITEM]
