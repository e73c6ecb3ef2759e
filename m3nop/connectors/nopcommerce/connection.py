"""A shop, open for calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from m3nop.connectors.nopcommerce.api import ShopApi
from m3nop.connectors.nopcommerce.auth import access
from m3nop.connectors.nopcommerce.refusals import ShopFailure
from m3nop.connectors.nopcommerce.understanding import UnderstoodSource, understood
from m3nop.connectors.nopcommerce.wanted import Wanted
from m3nop.connectors.nopcommerce.workers import Workers
from m3nop.core.connector import Answer, Effect, Facts, Failure, Outcome, Remedy
from m3nop.core.errors import SourceError, UsageError
from m3nop.http.client import HttpClient, Timeouts
from m3nop.http.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from m3nop.connectors.nopcommerce.config import NopCommerceConfig
    from m3nop.connectors.nopcommerce.records import Record
    from m3nop.connectors.nopcommerce.stock_reading import Shared
    from m3nop.core.clock import Clock
    from m3nop.core.connector import Call, Catalog, Operation, Rates, Source, StoreRef

READABLE = ("orders", "customers", "products", "stores", "countries")
"""What ``get`` reads."""

_CONNECT_SECONDS = 10.0
_REQUEST_BYTES = 100_000


class Dialect(Protocol):
    """One of the two APIs."""

    @property
    def shared(self) -> Mapping[str, Shared]:
        """What answers several calls at once, by the operation's name."""
        ...

    def source(self, resource: str, *, stores: Sequence[StoreRef], wanted: Wanted) -> Source:
        """Open a source."""
        ...

    def perform(self, call: Call) -> Sequence[Record]:
        """Make a call and return its rows."""
        ...

    def read(self, resource: str, number: int) -> Sequence[Record]:
        """Read one record; no row if it is gone."""
        ...

    def newest(self, resource: str, limit: int) -> Sequence[Record]:
        """Read some records."""
        ...


class Spoken(NamedTuple):
    """How one dialect is spoken: what makes it, what a refusal may mean, and what anybody may read there."""

    open: Callable[..., Dialect]
    forbidden: str
    anybody: str


def spoken(dialect: str) -> Spoken:
    """Return how a dialect is spoken. Each is a dozen modules, so only the one that is needed is loaded."""
    if dialect == "oss":
        from m3nop.connectors.nopcommerce import oss

        return Spoken(oss.Oss, oss.FORBIDDEN, oss.ANYBODY)
    from m3nop.connectors.nopcommerce import official

    return Spoken(official.Official, official.FORBIDDEN, official.ANYBODY)


class NopConnection:
    """A nopCommerce installation in either dialect. Safe to use from several threads."""

    def __init__(
        self,
        name: str,
        config: NopCommerceConfig,
        dialect: Dialect,
        *,
        api: ShopApi,
        workers: Workers,
        catalog: Catalog,
        pace: Pace | None = None,
    ) -> None:
        self.name = name
        self.in_flight = config.in_flight
        self.settle_after = config.settle_after
        self.group_bytes = _REQUEST_BYTES
        self.circuit = config.circuit.rules
        self._config = config
        self._dialect = dialect
        self._api = api
        self._workers = workers
        self._catalog = catalog
        self._pace = pace

    def send(self, calls: Sequence[Call]) -> list[Answer]:
        """Answer each call, several reads of one kind with shared requests; a failure is an answer."""
        shared = self._dialect.shared.get(calls[0].operation.name)
        if shared is None:
            return [self._answer(call) for call in calls]
        try:
            with understood(calls[0].operation.name):
                found = shared([call.fields for call in calls])
        except SourceError as error:
            return [_nonsense(call, error) for call in calls]
        return [_answered(call, one) for call, one in zip(calls, found, strict=True)]

    def scan(self, call: Call) -> Iterator[Answer]:
        """Answer a read in one page: what a call of a shop reads is short, its long lists are sources."""
        yield from self.send([call])

    def group_size(self, operation: Operation) -> int:
        """Say how many reads go together; neither API takes several writes at once."""
        return operation.group_size or 1

    def source(self, resource: str, *, stores: Sequence[StoreRef], wanted: frozenset[str] | None) -> Source:
        """Open ``orders``, ``customers`` or ``products``.

        Raises:
            UsageError: there is no such source.
        """
        if self._catalog.resource(resource) is None:
            known = ", ".join(self._catalog.resources())
            msg = f"connection {self.name} has no source `{resource}`; it has {known}"
            raise UsageError(msg)
        return UnderstoodSource(
            self._dialect.source(resource, stores=stores, wanted=Wanted(wanted)), what=resource
        )

    def identity(self) -> Mapping[str, str]:
        """Tell address and dialect."""
        return {"url": self._config.url.rstrip("/"), "dialect": self._config.dialect}

    def facts(self) -> Facts:
        """Describe where this is; times of a shop are UTC."""
        return Facts(self.identity())

    def get(self, resource: str, number: int | None = None, *, limit: int = 20) -> Sequence[Record]:
        """Read one record by id, or some: the newest orders or customers, the first of the others.

        Raises:
            UsageError: the resource cannot be read.
            AccessError: the shop cannot be reached, or refuses.
        """
        if resource not in READABLE:
            msg = f"`{resource}` cannot be read; choose one of {', '.join(READABLE)}"
            raise UsageError(msg)
        with understood(resource):
            if number is None:
                return self._dialect.newest(resource, limit)
            return self._dialect.read(resource, number)

    def stores(self) -> Sequence[Record]:
        """List the stores of the installation.

        Raises:
            AccessError: the shop cannot be reached, or refuses.
        """
        with understood("stores"):
            return self._dialect.newest("stores", 250)

    def answers_anybody(self) -> bool:
        """Tell whether the API answers requests that do not sign in (the plugin's developer mode).

        Raises:
            AccessError: the shop cannot be reached.
        """
        return self._api.open_to_anybody(self._harmless)

    @property
    def waited(self) -> float:
        """Seconds that requests have waited for the rate limit so far."""
        return self._pace.waited if self._pace else 0.0

    def share_rate(self, rates: Rates) -> None:
        """Keep to the rate limit together with whoever uses the same installation."""
        if self._pace:
            self._pace.share(self._config.url.rstrip("/"), rates)

    def trial(self) -> Failure | None:
        """Read something small, once."""
        return self._api.trial(self._harmless)

    @property
    def _harmless(self) -> str:
        return spoken(self._config.dialect).anybody

    def close(self) -> None:
        """Give back threads and sockets."""
        self._workers.close()
        self._api.close()

    def _answer(self, call: Call) -> Answer:
        try:
            with understood(call.operation.name):
                return _answered(call, self._dialect.perform(call))
        except ShopFailure as error:
            return _answered(call, error)
        except SourceError as error:
            return _nonsense(call, error)


def _nonsense(call: Call, error: SourceError) -> Answer:
    """Answer a call whose answer says nothing: if it was a write, whether it was made is not known."""
    failure = Failure(Remedy.SYSTEMIC, str(error))
    return _answered(call, ShopFailure(failure, outcome=Outcome.IN_DOUBT))


def _answered(call: Call, found: Sequence[Record] | ShopFailure) -> Answer:
    if not isinstance(found, ShopFailure):
        return Answer(Outcome.DONE, tuple(found))
    # A read has no effect, so it is never in doubt.
    doubtless = call.operation.effect is Effect.READ and found.outcome is Outcome.IN_DOUBT
    return Answer(Outcome.NOT_SENT if doubtless else found.outcome, failure=found.failure)


def open_connection(name: str, config: NopCommerceConfig, *, clock: Clock, catalog: Catalog) -> NopConnection:
    """Open a configured shop; nothing is sent yet.

    Raises:
        ConfigurationError: its address cannot be used, or a credential is not filled in.
    """
    rate = config.rate_limit
    pace = Pace(rate.requests, per=rate.per, clock=clock) if rate else None
    http = HttpClient(
        config.url,
        timeouts=Timeouts(connect=min(_CONNECT_SECONDS, config.timeout), answer=config.timeout),
        pace=pace,
        ca_file=config.ca_file,
    )
    signed = access(http, config.credentials, name=name, dialect=config.dialect, clock=clock)
    speech = spoken(config.dialect)
    api = ShopApi(http, signed, clock=clock, forbidden=speech.forbidden)
    workers = Workers(config.in_flight)
    dialect = speech.open(api, config=config, clock=clock, workers=workers)
    return NopConnection(name, config, dialect, api=api, workers=workers, catalog=catalog, pace=pace)
