"""What is fuzzed: each target takes any bytes and ends without an error that is not one of ours."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from m3nop.connectors.m3 import M3
from m3nop.connectors.m3.connection import M3Connection, open_m3
from m3nop.connectors.nopcommerce import NOPCOMMERCE
from m3nop.connectors.nopcommerce.auth import FixedToken
from m3nop.connectors.nopcommerce.connection import NopConnection, open_connection
from m3nop.core import json
from m3nop.core.clock import DAY, parse_instant
from m3nop.core.connector import Call, StoreRef
from m3nop.core.errors import M3nopError
from m3nop.core.secrets import Secret
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

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NOON = parse_instant("2026-11-23T12:00:00Z")
STORES = [StoreRef(store.code, store.id, store.host) for store in catalogue.STORES[:1]]
CONTEXT = Context(
    now=NOON, time_zone="Europe/Stockholm", lookups={"a": lookup_from_csv("from,x\n1,2\n", "a")}
)
ROOT = {
    "order": {"id": 1042, "items": [{"id": 1, "sku": "BOOT-44", "quantity": 2, "price": json.loads("9.90")}], "name": "Å <b>"},
    "settings": {"a": "x", "numbers": [3, 1, 2]},
}  # fmt: skip

Answers = dict[Key, object]


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
    connection, answers = _m3_recorded(api)
    connection._exchange._gateway = Player(harmed(answers, data))
    connection._facts = None
    _work_in_m3(connection)


def _work_in_m3(connection: M3Connection) -> None:
    catalog = connection._catalog

    def call(name: str, number: int = 1, **fields: object) -> Call:
        return Call(str(number), catalog.operation(name), fields)

    def table(name: str, *columns: str, **fields: object) -> Call:
        return Call(name, catalog.operation(f"table:{name}"), fields, columns)

    (head,) = connection.send(
        [call("OIS100MI/AddBatchHead", CUNO="W9999", ORTP="W01", FACI="A01", CUOR="B2C-1")]
    )
    number = str(head.rows[0].get("ORNO")) if head.rows else "1"
    groups: Sequence[Sequence[Call]] = (
        [call("OIS100MI/LstBatchHead", CUNO="W9999")],
        [
            call("OIS100MI/AddBatchLine", n, ORNO=number, ITNO=sku, ORQT=1)
            for n, sku in enumerate(("BOOT-44", "NONE"))
        ],
        [call("MMS200MI/GetItmBasic", ITNO="BOOT-44"), call("MMS200MI/GetItmBasic", 2, ITNO="NONE")],
        [table("OXHEAD", "OAORNO", "OALMDT", OACUOR="B2C-1", OACUNO="W9999")],
    )
    for group in groups:
        answers = connection.send(group)
        assert len(answers) == len(group)
        json.digest([dict(row) for answer in answers for row in answer.rows])
    for page in connection.scan(call("MMS200MI/LstItmByChgDate", FLMD="20261123")):
        json.digest([dict(row) for row in page.rows])
    try:
        connection.facts()
    except M3nopError:
        return


def _shop(data: bytes, dialect: str) -> None:
    connection, answers = _shop_recorded(dialect)
    connection._api._http = Player(harmed(answers, data))
    _work_in_shop(connection)


def _work_in_shop(connection: NopConnection) -> None:
    for resource, keys in (
        ("orders", ["1013", "1014"]),
        ("customers", ["5", "11"]),
        ("products", ["9", "27"]),
    ):
        try:
            source = connection.source(resource, stores=STORES, wanted=None)
            (part, *_) = source.partitions()
            json.digest(source.fetch(keys, partition=part))
            if resource == "orders":
                for page in source.pages(part, '{"id": 1012}'):
                    json.digest(list(page.records))
                source.count(part, NOON - DAY, NOON)
                source.watermark_at(part, NOON - DAY)
        except M3nopError:
            continue
    catalog = connection._catalog
    for name, fields in (
        ("orders/get", {"id": 1014}), ("products/get", {"sku": "BOOT-44"}),
        ("products", {"match": {"sku": "BOOT-44"}, "fields": {"name": "Boot"}, "on_create": {}}),
        ("stock/set", {"sku": "BOOT-44", "quantity": 3, "token": "T-1"}),
    ):  # fmt: skip
        operation = catalog.operation(name)
        if operation is not None:
            (answer,) = connection.send([Call(name, operation, fields)])
            json.digest([dict(row) for row in answer.rows])


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
def _m3_recorded(api: str) -> tuple[M3Connection, Answers]:
    with serve(_sandbox()) as running:
        login = {"username": access.M3_USER, "password": access.M3_PASSWORD}
        options = {"company": None, "api": api, "url": running.url, "credentials": login}
        config = M3.config(**options)
        connection = open_m3("erp", config, clock=Standing(), catalog=M3.catalog(config, metadata={}))
        tape = Tape(connection._gateway)
        connection._exchange._gateway = tape
        _work_in_m3(connection)
        connection.close()
    return connection, tape.answers


@functools.cache
def _shop_recorded(dialect: str) -> tuple[NopConnection, Answers]:
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
        tape = Tape(connection._api._http)
        connection._api._http = tape
        _work_in_shop(connection)
        connection.close()
    connection._api._access = FixedToken(Secret("token"), header="Authorization")
    return connection, tape.answers
