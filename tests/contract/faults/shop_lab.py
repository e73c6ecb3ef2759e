"""A shop of which every call can be tried again and again: its requests, its state after each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from m3nop.connectors.nopcommerce import NOPCOMMERCE
from m3nop.connectors.nopcommerce.catalog import NopCommerceCatalog
from m3nop.connectors.nopcommerce.connection import NopConnection, open_connection
from m3nop.core.connector import Answer, Call
from m3nop.sandbox import access
from m3nop.sandbox.faults import Fault as Strike
from tests.contract.connectors.nopcommerce.shop_calls import acting
from tests.contract.faults.catalogue import DONE, Body, Fault
from tests.contract.faults.served import NOWHERE, Served
from tests.contract.faults.shop_calls import Case, Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from m3nop.core.clock import Instant

TIMEOUT = 0.15
"""Seconds for a request that is to time out; a read that is late by itself is made again."""
SLOW = ("timeout_before", "timeout_after", "slow_body")
LOGIN = {"username": access.SHOP_USER, "password": access.SHOP_PASSWORD}


class UnhurriedClock:
    """The time of the sandbox, which stands still while the connector waits."""

    def __init__(self, now: Callable[[], Instant]) -> None:
        self.now = now

    def wait(self, seconds: float) -> None:
        assert seconds <= 30


@dataclass(frozen=True)
class Hit:
    """The request of a call that a fault hits: the n-th of this name."""

    name: str
    nth: int = 1

    @property
    def body(self) -> Body:
        """What its answer holds."""
        if self.name.endswith("/Create") or self.name.startswith("POST /api/"):
            return Body.NEEDED
        return Body.NEEDLESS if self.name.startswith("PUT /api/") else Body.NONE


def open_shop(served: Served, dialect: str, **options: Any) -> NopConnection:
    """Open a connection to the shop."""
    document = {"url": served.shop_url, "credentials": LOGIN, **options, "dialect": dialect}
    config = NOPCOMMERCE.config.model_validate(document)
    catalog = NOPCOMMERCE.catalog(config, metadata={})
    return open_connection("shop", config, clock=UnhurriedClock(served.clock.now), catalog=catalog)


class Lab:
    """One dialect's rows to call about, put back after each call."""

    def __init__(self, served: Served, dialect: str) -> None:
        self.served, self.dialect = served, dialect
        self.catalog = NopCommerceCatalog(dialect)
        prepared = Prepared(served.world)
        self.acting, self.reading = prepared.acting(dialect), prepared.reading(dialect)
        self._warm: dict[str, Any] = {}
        self._opened: list[Any] = []
        for case in (*self.acting, *self.reading):
            self._warm[case.name] = self.new()
            assert self._warm[case.name].trial() is None
        self._token = next(iter(served.world.books.table("shop.tokens")))
        served.keep()
        self._hits: dict[str, tuple[list[Hit], list[Hit]]] = {}
        self._states: dict[str, list[Any]] = {}
        for case in (*self.acting, *self.reading):
            # What it remembers of rows that stay it has from here on, so it always makes the same requests.
            if not case.makes:
                self.send(self._warm[case.name], case)
                served.put_back()
            self._learn(case)

    def new(self, url: str = "", *, timeout: float = 5.0, **credentials: str) -> Any:
        """Open a connection."""
        options = {
            "timeout": timeout,
            "credentials": credentials or LOGIN,
            "url": url or self.served.shop_url,
        }
        connection = open_shop(self.served, self.dialect, **options)
        self._opened.append(connection)
        return connection

    def connection(self, case: Case, fault: Fault | None = None) -> Any:
        """Return a connection on which the case makes its usual requests, or one that suits a fault."""
        if fault and fault.id == "refused":
            return self.new(NOWHERE)
        if fault and fault.id in SLOW:
            return self.new(timeout=TIMEOUT, token=self._token)
        return self.new() if case.makes else self._warm[case.name]

    def send(self, connection: Any, case: Case) -> Answer:
        """Make the call."""
        (answer,) = connection.send([Call("1", self.catalog.operation(case.operation), case.fields)])
        if answer.outcome is not DONE:
            # The shop may still be at it.
            self.served.idle()
        return answer

    def hits(self, case: Case) -> tuple[list[Hit], list[Hit]]:
        """Return the requests of an undisturbed call that act, and those that read."""
        return self._hits[case.name]

    def state(self, case: Case, done: int) -> Any:
        """Return the shop's books when so many of the requests that act were done."""
        return self._states[case.name][done]

    def _learn(self, case: Case) -> None:
        world, connection = self.served.world, self.connection(case)
        world.requests.clear()
        assert self.send(connection, case).outcome is DONE, case.name
        complete = self.served.dump("shop.")
        self.served.put_back()
        acts = _numbered(acting(world))
        every = _numbered(
            [f"{request.method} {request.path.removeprefix('/shop')}" for request in world.requests]
        )
        reads = [hit for hit in every if hit not in acts and not hit.name.endswith(("GetToken", "/token"))]
        self._hits[case.name] = (acts, reads)
        partly = [self._stopped_at(case, hit) for hit in acts[1:]]
        self._states[case.name] = [self.served.kept("shop."), *partly, *([complete] if acts else [])]

    def _stopped_at(self, case: Case, hit: Hit) -> Any:
        self.strike("reset_before", hit, times=None)
        self.send(self.connection(case), case)
        self.lift()
        state = self.served.dump("shop.")
        self.served.put_back()
        return state

    def strike(self, kind: str, *hits: Hit, **options: Any) -> None:
        """Let a fault hit these requests."""
        for hit in hits:
            self.served.world.faults.add(
                Strike(kind=kind, system="shop", operation=hit.name, **{"nth": hit.nth, **options})
            )

    def lift(self) -> None:
        """Let there be no fault any more; each must have struck."""
        faults = self.served.world.faults
        idle = [fault for fault in faults.describe() if not fault["fired"]]
        faults.clear()
        assert not idle, idle

    def close(self) -> None:
        for connection in self._opened:
            connection.close()


def _numbered(names: Sequence[str]) -> list[Hit]:
    slashed = [name.replace(" ", " /", 1) if " /" not in name else name for name in names]
    return [Hit(name, slashed[: n + 1].count(name)) for n, name in enumerate(slashed)]
