"""What is fuzzed: each target takes any bytes and ends without an error that is not one of ours."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from m3nop.connectors.m3 import M3
from m3nop.connectors.m3.connection import M3Connection, open_m3
from m3nop.connectors.nopcommerce import NOPCOMMERCE
from m3nop.connectors.nopcommerce.auth import FixedToken
from m3nop.connectors.nopcommerce.connection import NopConnection, open_connection
from m3nop.core import json
from m3nop.core.clock import DAY, parse_instant
from m3nop.core.connector import Answer, Call, StoreRef
from m3nop.core.errors import M3nopError
from m3nop.core.secrets import Secret
from m3nop.http.response import Response
from m3nop.mapping.context import Context
from m3nop.mapping.expressions import compile_expression
from m3nop.mapping.lookups import lookup_from_csv
from m3nop.sandbox import access, catalogue
from m3nop.sandbox.books import Books
from m3nop.sandbox.clock import SandboxClock
from m3nop.sandbox.seed import seed
from m3nop.sandbox.server import serve
from m3nop.sandbox.shop import place_order
from m3nop.sandbox.world import World
from m3nop.spec.loader import load_bytes
from m3nop.spec.lookups import lookup_from_tree
from m3nop.spec.show import show
from m3nop.spec.tree import locate, walk
from tests.fuzz.recorded import Key, Player, Tape, harmed

NOON = parse_instant("2026-11-23T12:00:00Z")
STORES = [StoreRef(store.code, store.id, store.host) for store in catalogue.STORES[:1]]
CONTEXT = Context(
    now=NOON, time_zone="Europe/Stockholm", lookups={"a": lookup_from_csv("from,x\n1,2\n", "a")}
)
ROOT = {
    "order": {"id": 1042, "items": [{"id": 1, "sku": "BOOT-44", "quantity": 2, "price": json.loads("9.90")}], "name": "Å <b>"},
    "settings": {"a": "x", "numbers": [3, 1, 2]},
}  # fmt: skip

Recorded = list[tuple[Callable[[Any], None], dict[Key, Response]]]
"""What a connection was asked for, piece by piece, and all that it was answered meanwhile."""


class Standing:
    """A clock that stands, and on which nobody waits."""

    def now(self) -> int:
        """Return noon."""
        return NOON

    def wait(self, seconds: float) -> None:
        """Go on."""


def loader(data: bytes) -> None:
    """Read a YAML file, find every place in it, show it again, and take it for a lookup."""
    document = load_bytes(data, file="x.yaml")
    assert (document.root is None) <= bool(document.problems)
    if document.root is None:
        return
    for loc, node in walk(document.root):
        assert locate(document.root, loc) == node.position
    show(document.root)
    lookup_from_tree(document.root, [])


def expression(data: bytes) -> None:
    """Compile an expression and evaluate it."""
    try:
        value = compile_expression(data.decode("utf-8", "replace")).evaluate(ROOT, CONTEXT)
    except M3nopError:
        return
    json.digest(value)


def m3_v2(data: bytes) -> None:
    """Read damaged answers of version 2 of M3's REST interface."""
    _m3(data, "v2")


def m3_v1(data: bytes) -> None:
    """Read damaged answers of version 1."""
    _m3(data, "v1")


def shop_official(data: bytes) -> None:
    """Read damaged answers of the official dialect."""
    _shop(data, "official")


def shop_oss(data: bytes) -> None:
    """Read damaged answers of the open-source dialect."""
    _shop(data, "oss")


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (loader, expression, m3_v2, m3_v1, shop_official, shop_oss)
}


def _m3(data: bytes, api: str) -> None:
    connection, recorded = _m3_recorded(api)
    work, answers = recorded[data[0] % len(recorded)] if data else recorded[0]
    connection._exchange._gateway = Player(harmed(answers, data[1:]))
    connection._facts = None
    work(connection)


def _shop(data: bytes, dialect: str) -> None:
    connection, recorded = _shop_recorded(dialect)
    work, answers = recorded[data[0] % len(recorded)] if data else recorded[0]
    connection._api._http = Player(harmed(answers, data[1:]))
    work(connection)


def _send(
    connection: M3Connection | NopConnection,
    *calls: tuple[str, dict[str, object]],
    columns: tuple[str, ...] = (),
) -> list[Answer]:
    catalog = connection._catalog
    known = [
        Call(str(n), operation, fields, columns)
        for n, (name, fields) in enumerate(calls)
        if (operation := catalog.operation(name))
    ]
    answers = connection.send(known) if known else []
    assert len(answers) == len(known)
    json.digest([dict(row) for answer in answers for row in answer.rows])
    return answers


def _order(connection: M3Connection) -> None:
    head = _send(
        connection,
        ("OIS100MI/AddBatchHead", {"CUNO": "W9999", "ORTP": "W01", "FACI": "A01", "CUOR": "B2C-1"}),
    )[0]
    number = str(head.rows[0].get("ORNO")) if head.rows else "1"
    lines = [
        ("OIS100MI/AddBatchLine", {"ORNO": number, "ITNO": sku, "ORQT": 1}) for sku in ("BOOT-44", "NONE")
    ]
    _send(connection, *lines)


def _lists(connection: M3Connection) -> None:
    _send(
        connection,
        ("OIS100MI/AddBatchHead", {"CUNO": "W9999", "ORTP": "W01", "FACI": "A01", "CUOR": "B2C-2"}),
    )
    _send(connection, ("OIS100MI/LstBatchHead", {"CUNO": "W9999"}))
    _send(
        connection, ("MMS200MI/GetItmBasic", {"ITNO": "BOOT-44"}), ("MMS200MI/GetItmBasic", {"ITNO": "NONE"})
    )
    catalog = connection._catalog
    for page in connection.scan(Call("1", catalog.operation("CRS610MI/LstByNumber"), {"CUNO": "W9"})):
        json.digest([dict(row) for row in page.rows])


def _table(connection: M3Connection) -> None:
    _send(
        connection,
        ("OIS100MI/AddBatchHead", {"CUNO": "W9999", "ORTP": "W01", "FACI": "A01", "CUOR": "B2C-3"}),
    )
    _send(connection, ("table:OXHEAD", {"OACUOR": "B2C-3", "OACUNO": "W9999"}), columns=("OAORNO", "OALMDT"))


def _facts(connection: M3Connection) -> None:
    with suppress(M3nopError):
        connection.facts()


def _read(connection: NopConnection, resource: str, keys: list[str]) -> None:
    with suppress(M3nopError):
        source = connection.source(resource, stores=STORES, wanted=None)
        (part, *_) = source.partitions()
        json.digest(source.fetch(keys, partition=part))


def _orders(connection: NopConnection) -> None:
    _read(connection, "orders", ["1013", "1014"])


def _positions(connection: NopConnection) -> None:
    with suppress(M3nopError):
        source = connection.source("orders", stores=STORES, wanted=frozenset({"id"}))
        (part, *_) = source.partitions()
        for page in source.pages(part, '{"id": 1012}'):
            json.digest(list(page.records))
        source.count(part, NOON - DAY, NOON)
        source.watermark_at(part, NOON - DAY)


def _customers(connection: NopConnection) -> None:
    _read(connection, "customers", ["5", "11"])


def _products(connection: NopConnection) -> None:
    _read(connection, "products", ["9", "27"])


def _goods(connection: NopConnection) -> None:
    _send(connection, ("products/get", {"sku": "BOOT-44"}))
    _send(
        connection, ("products", {"match": {"sku": "TENT-2P"}, "fields": {"name": "Tent"}, "on_create": {}})
    )


def _stock(connection: NopConnection) -> None:
    _send(connection, ("stock/set", {"sku": "BOOT-44", "quantity": 3, "token": "T-1"}))
    _send(connection, ("orders/note", {"order_id": 1013, "note": "x"}))


M3_WORK = (_order, _lists, _table, _facts)
SHOP_WORK = (_orders, _positions, _customers, _products, _goods, _stock)


def _sandbox() -> World:
    books = Books()
    world = World(books, clock=SandboxClock(books, source=lambda: NOON))
    seed(world)
    place_order(
        world,
        {
            "customer_id": 5,
            "lines": [{"sku": "BOOT-44", "quantity": 1}],
            "coupon": "WELCOME10",
            "pickup": True,
        },
    )
    return world


@functools.cache
def _m3_recorded(api: str) -> tuple[M3Connection, Recorded]:
    with serve(_sandbox()) as running:
        login = {"username": access.M3_USER, "password": access.M3_PASSWORD}
        options = {"company": None, "api": api, "url": running.url, "credentials": login}
        config = M3.config(**options)
        connection = open_m3("erp", config, clock=Standing(), catalog=M3.catalog(config, metadata={}))
        recorded = []
        for work in M3_WORK:
            tape = connection._exchange._gateway = Tape(connection._gateway)
            connection._facts = None
            work(connection)
            recorded.append((work, tape.answers))
        connection.close()
    return connection, recorded


@functools.cache
def _shop_recorded(dialect: str) -> tuple[NopConnection, Recorded]:
    with serve(_sandbox()) as running:
        login = {"username": access.SHOP_USER, "password": access.SHOP_PASSWORD}
        config = NOPCOMMERCE.config.model_validate(
            {
                "url": running.shop_url,
                "dialect": dialect,
                "credentials": login,
                "in_flight": 1,
                "rate_limit": None,
            }
        )
        catalog = NOPCOMMERCE.catalog(config, metadata={})
        connection = open_connection("shop", config, clock=Standing(), catalog=catalog)
        http, recorded = connection._api._http, []
        for work in SHOP_WORK:
            tape = connection._api._http = Tape(http)
            work(connection)
            recorded.append((work, tape.answers))
        http.close()
    connection._api._access = FixedToken(Secret("token"), header="Authorization")
    return connection, recorded
