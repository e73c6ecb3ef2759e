"""A seeded shop over real HTTP, at a moment that never changes by itself."""

from __future__ import annotations

import json
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx

from m3nop.core.clock import parse_instant
from m3nop.sandbox import access, shop
from m3nop.sandbox.books import Books
from m3nop.sandbox.clock import SandboxClock
from m3nop.sandbox.server import serve
from m3nop.sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = parse_instant("2026-11-23T09:00:00Z")


_TRUST = httpx.create_ssl_context()
"""Made once, because it takes longer than most tests; nothing here speaks TLS."""


def new_world() -> World:
    """Return a seeded world of its own: a copy of the one that this process has seeded."""
    books = Books()
    _seeded()._db.backup(books._db)
    return World(books, clock=SandboxClock(books, source=lambda: NOW))


@cache
def _seeded() -> Books:
    books = Books()
    shop.seed(World(books, clock=SandboxClock(books, source=lambda: NOW)))
    return books


@contextmanager
def served(sign_in: Callable[[World, str], Any]) -> Iterator[Any]:
    """Serve a new world, and yield a client of its shop; its connections are closed at the end."""
    world = new_world()
    with serve(world) as running:
        client = sign_in(world, running.shop_url)
        yield client
        client.http.close()


class Backend:
    """A client of the official dialect, signed in."""

    def __init__(self, world: World, url: str, *, user=access.SHOP_USER, password=access.SHOP_PASSWORD):
        self.world = world
        self.http = httpx.Client(base_url=f"{url}/api-backend/", verify=_TRUST)
        login = {"username": user, "email": user, "password": password}
        token = self.http.post("Authenticate/GetToken", json=login).json()["token"]
        self.http.headers["Authorization"] = token

    def get(self, path: str, **query: object):
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.content, parse_float=Decimal)

    def status(self, path: str) -> tuple[int, object]:
        answer = self.http.get(path)
        return answer.status_code, answer.json() if answer.content else None

    def act(self, path: str, **query: object) -> None:
        """Ask for a verb that answers nothing."""
        answer = self.http.get(path, params=query)
        assert (answer.status_code, answer.content) == (200, b""), answer.text

    def create(self, controller: str, **row: object) -> dict:
        answer = self.http.post(f"{controller}/Create", json=row)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def product(self, sku: str) -> dict:
        return self.get("Product/GetProductBySku", sku=sku)


class Api:
    """A client of the oss dialect, signed in."""

    def __init__(self, world: World, url: str, *, user=access.SHOP_USER, password=access.SHOP_PASSWORD):
        self.world = world
        self.http = httpx.Client(base_url=url, verify=_TRUST)
        token = self.http.post("/token", json={"username": user, "password": password}).json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, *, headers=None):
        answer = self.http.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.content, parse_float=Decimal)

    def ids(self, path: str, *, headers=None) -> list[int]:
        (rows,) = self.get(path, headers=headers).values()
        return [row["id"] for row in rows]

    def put(self, path: str, body: object) -> httpx.Response:
        return self.http.put(path, json=body)
