"""Whatever gets lost on the way, a repeated call ends where it should, and moves nothing twice."""

from __future__ import annotations

from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from m3nop.connectors.nopcommerce import NOPCOMMERCE
from m3nop.connectors.nopcommerce.columns import PRODUCT, Kind, same
from m3nop.connectors.nopcommerce.connection import open_connection
from m3nop.core import json
from m3nop.core.clock import parse_instant
from m3nop.core.connector import Call, Outcome
from m3nop.sandbox import access
from m3nop.sandbox.books import Books
from m3nop.sandbox.clock import SandboxClock
from m3nop.sandbox.faults import Fault
from m3nop.sandbox.seed import seed
from m3nop.sandbox.server import serve
from m3nop.sandbox.world import World

NOON = parse_instant("2026-11-23T12:00:00Z")
EFFECTIVE = {"reset_after": True, "reset_before": False, "500": False, "503 done": True, "429": False}
FAULTS = {
    "reset_after": {"kind": "reset_after"},
    "reset_before": {"kind": "reset_before"},
    "500": {"kind": "status", "status": 500},
    "503 done": {"kind": "status", "status": 503, "effect": True},
    "429": {"kind": "status", "status": 429},
}
SKUS = {"LAMP-HEAD": "shop.products", "BOOT-43": "shop.combinations"}
WRITES = ("POST *AdjustInventory*", "PUT *products*")
ATTEMPTS = st.lists(st.tuples(st.sampled_from(sorted(FAULTS)), st.integers(0, 4)), max_size=4)
"""How each attempt but the last fails, and how many pieces are sold after it."""


class Standing:
    def now(self):
        return NOON

    def wait(self, seconds):
        pass


@pytest.fixture(scope="module")
def world():
    books = Books()
    made = World(books, clock=SandboxClock(books, source=lambda: NOON))
    seed(made)
    return made


@pytest.fixture(scope="module")
def shops(world):
    login = {"username": access.SHOP_USER, "password": access.SHOP_PASSWORD}
    with serve(world) as running:
        opened = {}
        for dialect in ("official", "oss"):
            config = NOPCOMMERCE.config.model_validate(
                {"url": running.shop_url, "dialect": dialect, "credentials": login}
            )
            catalog = NOPCOMMERCE.catalog(config, metadata={})
            opened[dialect] = open_connection("shop", config, clock=Standing(), catalog=catalog)
        yield opened
        for shop in opened.values():
            shop.close()


class Shelf:
    """The stock of one SKU in the shop's books."""

    def __init__(self, world, sku):
        self._rows = world.books.table(SKUS[sku])
        (self._key,) = [key for key, row in self._rows.items() if row["sku"] == sku]

    @property
    def quantity(self):
        return self._rows[self._key]["stock_quantity"]

    def sell(self, pieces):
        row = self._rows[self._key]
        self._rows[self._key] = row | {"stock_quantity": row["stock_quantity"] - pieces}


tokens = (f"run-{number}" for number in count())


def attempt(shop, world, fault, *, dialect, **fields):
    world.faults.clear()
    if fault is not None:
        operation = WRITES[dialect == "oss"]
        world.faults.add(Fault(system="shop", operation=operation, **FAULTS[fault]))
    operation = NOPCOMMERCE.catalog(
        NOPCOMMERCE.config(url="sandbox:", dialect=dialect), metadata={}
    ).operation("stock/set")
    (answer,) = shop.send([Call("1", operation, fields)])
    return answer


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sku=st.sampled_from(sorted(SKUS)), target=st.integers(5, 90), attempts=ATTEMPTS)
def test_a_difference_is_applied_once_however_often_it_is_sent(shops, world, sku, target, attempts):
    shelf, token, sold, applied = Shelf(world, sku), next(tokens), 0, False
    for fault, pieces in [*attempts, (None, 0)]:
        answer = attempt(
            shops["official"], world, fault, dialect="official", sku=sku, quantity=target, token=token
        )
        if answer.outcome is Outcome.DONE:
            break
        applied = applied or EFFECTIVE[fault]
        shelf.sell(pieces)
        sold += pieces if applied else 0
    assert answer.outcome is Outcome.DONE
    # What was sold after the difference was applied stays sold.
    assert shelf.quantity == target - sold
    history = world.books.table("shop.stock_history").values()
    assert len([row for row in history if token in row["message"].split()]) <= 1


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sku=st.sampled_from(sorted(SKUS)), target=st.integers(5, 90), attempts=ATTEMPTS)
def test_an_absolute_write_ends_at_its_quantity_however_often_it_is_sent(shops, world, sku, target, attempts):
    shelf = Shelf(world, sku)
    for fault, pieces in attempts:
        attempt(shops["oss"], world, fault, dialect="oss", sku=sku, quantity=target)
        shelf.sell(pieces)
    assert attempt(shops["oss"], world, None, dialect="oss", sku=sku, quantity=target).outcome is Outcome.DONE
    assert shelf.quantity == target


VALUES = {
    Kind.TEXT: st.text("aÅ<ß> 1", max_size=30) | st.decimals(-999, 999, places=2) | st.integers(0, 9**9),
    Kind.WHOLE: st.integers(-(2**31) + 1, 2**31 - 1).flatmap(
        lambda n: st.sampled_from([n, str(n), Decimal(n)])
    ),
    Kind.MONEY: st.decimals(-(10**9), 10**9, places=6).flatmap(lambda n: st.sampled_from([n, str(n)])),
    Kind.FLAG: st.sampled_from([True, False, "true", "false", 1, 0]),
    Kind.TIME: st.datetimes().map(lambda moment: f"{moment.isoformat()}Z") | st.none(),
}


@given(data=st.data(), name=st.sampled_from(sorted(PRODUCT)))
def test_what_was_written_is_found_the_same_when_it_is_read_again(data, name):
    column = PRODUCT[name]
    value = data.draw(st.sampled_from(sorted(column.words)) if column.words else VALUES[column.kind])
    written = column.written(value)
    read = json.loads(json.dumps(written))
    assert same(column.key, read, written)
    if not column.words:
        assert same(column.key, column.written(read), written)
