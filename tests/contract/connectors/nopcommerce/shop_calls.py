"""What the tests of the connector's writes share: making calls, and looking into the shop's books."""

from __future__ import annotations

from m3nop.connectors.nopcommerce.catalog import OPERATIONS
from m3nop.core.connector import Call, Outcome
from m3nop.sandbox.faults import Fault

NOWHERE = "http://127.0.0.1:9"
"""An address where nobody is: what is refused there was refused before anything was sent."""


def call(shop, name, **fields):
    (answer,) = shop.send([Call("1", OPERATIONS[name], fields)])
    return answer


def done(shop, name, **fields):
    """Make a call that succeeds; return its only row."""
    answer = call(shop, name, **fields)
    assert answer.outcome is Outcome.DONE, answer.failure
    (row,) = answer.rows
    return row


def refusal(shop, name, **fields):
    answer = call(shop, name, **fields)
    assert answer.outcome is Outcome.REFUSED, answer
    return answer.failure


def upsert(shop, name, match, fields, **more):
    return done(shop, name, match=match, fields=fields, **more)


def table(world, name):
    return world.books.table(f"shop.{name}")


def product(world, sku):
    (row,) = table(world, "products").find(sku=sku)
    return row


def edit(world, name, number, **columns):
    """Change a row as somebody in the shop does."""
    rows = table(world, name)
    rows[str(number)] = rows[str(number)] | columns


UNHURRIED = {"requests": 1, "per": "1s"}
"""A rate limit with which something may happen between any two requests."""


def after(world, clock, path, edits):
    """Have somebody edit the shop once, after the connector's first request to a path and before its next."""
    fired = []

    def look():
        if not fired and world.requests and path in world.requests[-1].path:
            fired.append(True)
            edits()

    clock.meanwhile = look


def shop_fault(kind, operation="*", **more):
    return Fault(kind=kind, system="shop", operation=operation, **more)


def acting(world):
    """The requests that acted, as method and path."""
    verbs = ("/Ship/", "/Deliver/", "/CancelOrder/", "/MarkOrderAsPaid/", "/CheckOrderStatus/")
    asked = ("token", "GetToken", "ValidateSeName/entityId")
    found = []
    for request in world.requests:
        path = request.path.removeprefix("/shop/")
        if path.endswith(asked) or "/FormatSku/" in path:
            continue
        if request.method != "GET" or any(verb in request.path for verb in verbs):
            found.append(f"{request.method} {path}")
    return found
