from __future__ import annotations

import shutil
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import pytest

from m3nop.connectors.nopcommerce import NOPCOMMERCE
from m3nop.connectors.nopcommerce.connection import open_connection
from m3nop.core import json
from m3nop.core.clock import parse_instant
from m3nop.core.connector import StoreRef
from m3nop.sandbox import access, catalogue
from m3nop.sandbox.books import Books
from m3nop.sandbox.clock import SandboxClock
from m3nop.sandbox.seed import seed
from m3nop.sandbox.server import serve
from m3nop.sandbox.world import World

NOON = parse_instant("2026-11-23T12:00:00Z")


class StandingClock:
    """A clock that stands until somebody waits; ``meanwhile`` is what happens then."""

    def __init__(self, instant=NOON):
        self.instant = instant
        self.waits = []
        self.meanwhile = None

    def now(self):
        return self.instant

    def wait(self, seconds):
        self.waits.append(seconds)
        if self.meanwhile is not None:
            self.meanwhile()
        self.instant += round(seconds * 1_000_000)


class ScriptedShop:
    """A shop on loopback that answers what a test says, and 404 to everything else."""

    def __init__(self):
        self.answers = {}
        self.requests = []
        shop = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self):
                length = int(self.headers.get("content-length") or 0)
                path = urlsplit(self.path)
                shop.requests.append(
                    (
                        self.command,
                        path.path,
                        dict(parse_qsl(path.query)),
                        dict(self.headers),
                        self.rfile.read(length),
                    )
                )
                answer = shop.answers.get((self.command, path.path), (404, b"", {}))
                query = shop.requests[-1][2]
                status, body, headers = answer(query) if callable(answer) else answer
                self.send_response(status)
                for name, value in {"content-type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = _answer  # noqa: N815 - names that the server calls

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def on(self, method, path, body=None, *, status=200, **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers[method, path] = (status, content, headers)

    def asking(self, method, path, answer):
        """Answer by what is asked: ``answer`` makes status and body of the query."""

        def made(query):
            status, body = answer(query)
            return status, json.dumps(body).encode(), {}

        self.answers[method, path] = made

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def opened(path):
    books = Books(path)
    world = World(books, clock=SandboxClock(books, source=lambda: NOON))
    seed(world)
    return books, world


@pytest.fixture(scope="session")
def first_books(tmp_path_factory):
    """Books as they are at the first start, made once: a test begins with a copy."""
    path = tmp_path_factory.mktemp("shop") / "books.db"
    books, _ = opened(path)
    books.close()
    return path


@pytest.fixture
def world(first_books, tmp_path):
    books, world = opened(shutil.copy(first_books, tmp_path / "books.db"))
    yield world
    books.close()


@pytest.fixture
def sandbox(world):
    with serve(world) as running:
        yield running


@pytest.fixture
def scripted():
    shop = ScriptedShop()
    yield shop
    shop.close()


@pytest.fixture
def clock():
    return StandingClock()


@pytest.fixture
def stores():
    return [StoreRef(store.code, store.id, store.host) for store in catalogue.STORES]


@pytest.fixture
def connect(clock):
    """Open a connection to a shop's address, closed when the test ends."""
    with ExitStack() as stack:

        def opened(url, dialect="official", **options):
            login = {"username": access.SHOP_USER, "password": access.SHOP_PASSWORD}
            config = NOPCOMMERCE.config.model_validate(
                {"url": url, "dialect": dialect, "credentials": login, **options}
            )
            catalog = NOPCOMMERCE.catalog(config, metadata={})
            connection = open_connection("shop", config, clock=clock, catalog=catalog)
            stack.callback(connection.close)
            return connection

        yield opened


@pytest.fixture
def read(connect, stores):
    """Read a whole source: the records of all its parts, in the order of their ids."""

    def read(url, dialect="official", *, resource="orders", wanted=None, **options):
        source = connect(url, dialect, **options).source(resource, stores=stores, wanted=wanted)
        records = {
            record["id"]: record
            for partition in source.partitions()
            for page in source.pages(partition, None)
            for record in page.records
        }
        return [records[number] for number in sorted(records)]

    return read


@pytest.fixture
def sent(world):
    """The paths that the shop was asked for, without the token's."""

    def sent():
        paths = [request.path.removeprefix("/shop/") for request in world.requests]
        return [path for path in paths if not path.endswith(("GetToken", "token"))]

    return sent
