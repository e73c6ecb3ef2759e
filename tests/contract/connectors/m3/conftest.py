"""Connections to a sandbox of its own, or to a server that answers what a test tells it to."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from m3nop.connectors.m3 import M3
from m3nop.connectors.m3.connection import open_m3
from m3nop.core import json as exact_json
from m3nop.core.clock import SystemClock
from m3nop.core.connector import Call
from m3nop.sandbox import access
from m3nop.sandbox.m3.seed import seed
from m3nop.sandbox.server import serve
from m3nop.sandbox.world import World

BASIC = {"username": access.M3_USER, "password": access.M3_PASSWORD}


class Erp:
    """An open connection, with calls by name."""

    def __init__(self, **options):
        metadata = options.pop("metadata", {})
        self.config = M3.config(**{"company": 100, "division": "AAA", **options})
        self.catalog = M3.catalog(self.config, metadata=metadata)
        self.connection = open_m3("erp", self.config, clock=SystemClock(), catalog=self.catalog)

    def send(self, *calls, columns=()):
        """Send (name, fields) pairs as one request."""
        return self.connection.send(
            [
                Call(str(number), self.catalog.operation(name), fields, columns)
                for number, (name, fields) in enumerate(calls)
            ]
        )

    def call(self, name, columns=(), **fields):
        return self.send((name, fields), columns=columns)[0]

    def order(self, reference="B2C-1042", customer="W9999"):
        """Enter a head and return its temporary number."""
        head = self.call("OIS100MI/AddBatchHead", CUNO=customer, ORTP="W01", FACI="A01", CUOR=reference)
        return head.rows[0]["ORNO"]


@pytest.fixture
def erp_class():
    return Erp


@pytest.fixture(scope="module")
def sandbox():
    """Serve one sandbox to all tests of a module: stopping one takes longer than a test."""
    made = World()
    seed(made)
    with serve(made) as running:
        yield running


@pytest.fixture
def world(sandbox):
    """Look into the sandbox, with no faults set and no request seen yet."""
    sandbox.world.faults.clear()
    sandbox.world.requests.clear()
    return sandbox.world


@pytest.fixture
def opened():
    """Keep what was opened, and close it in the end."""
    connections = []
    yield connections
    for connection in connections:
        connection.close()


@pytest.fixture
def open_erp(sandbox, world, opened):
    """Open a connection to the sandbox: through the gateway, or on premise with ``on_premise=True``."""

    def open_one(*, on_premise=False, **options):
        if on_premise:
            where = {"url": sandbox.url, "credentials": BASIC}
        else:
            where = {"url": sandbox.m3_url, "credentials": {"ionapi": exact_json.dumps(sandbox.ionapi)}}
        erp = Erp(**{**where, **options})
        opened.append(erp.connection)
        return erp

    return open_one


@pytest.fixture
def erp(open_erp):
    return open_erp()


@dataclass
class Scripted:
    """What a scripted server answers, in order, and what it was asked."""

    url: str = ""
    answers: list = field(default_factory=list)
    requests: list = field(default_factory=list)

    def answer(self, document, *, status=200, content_type="application/json", headers=None):
        """Set the next answer: a JSON document, or a text as it is."""
        body = document if isinstance(document, str) else json.dumps(document)
        self.answers.append((status, {"content-type": content_type, **(headers or {})}, body.encode()))


@pytest.fixture
def scripted():
    script = Scripted()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            length = int(self.headers.get("content-length", 0))
            script.requests.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
            status, headers, body = script.answers.pop(0)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - names that the server calls

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield script
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def open_scripted(scripted, opened):
    """Open an on-premise connection to the scripted server."""

    def open_one(**options):
        erp = Erp(**{"url": scripted.url, "credentials": BASIC, **options})
        opened.append(erp.connection)
        return erp

    return open_one
