"""A seeded shop over real HTTP, at a moment that never changes by itself."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from m3nop.core.clock import parse_instant
from m3nop.sandbox import shop
from m3nop.sandbox.books import Books
from m3nop.sandbox.clock import SandboxClock
from m3nop.sandbox.server import serve
from m3nop.sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = parse_instant("2026-11-23T09:00:00Z")


@contextmanager
def served(sign_in: Callable[[World, str], Any]) -> Iterator[Any]:
    """Serve a new world, and yield a client of its shop; its connections are closed at the end."""
    books = Books()
    world = World(books, clock=SandboxClock(books, source=lambda: NOW))
    shop.seed(world)
    with serve(world) as running:
        client = sign_in(world, running.shop_url)
        yield client
        client.http.close()
