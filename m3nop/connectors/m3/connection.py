"""An open connection to M3."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, NoReturn

from msgspec.structs import replace

from m3nop.connectors.m3.catalog import COMPANY, TABLE
from m3nop.connectors.m3.config import FROM_SERVER, M3Config
from m3nop.connectors.m3.exchange import TIMED_OUT, Session
from m3nop.connectors.m3.gateway import Gateway
from m3nop.connectors.m3.identity import server_time_zone
from m3nop.connectors.m3.lists import read_to_end, scan, with_key
from m3nop.connectors.m3.results import answer
from m3nop.connectors.m3.sizes import GroupSizes
from m3nop.connectors.m3.table_ranges import has_ranges, scan_ranges
from m3nop.connectors.m3.table_reader import QUERIES_AT_ONCE, TableReader
from m3nop.connectors.m3.v1 import V1
from m3nop.connectors.m3.v2 import V2
from m3nop.core.connector import Answer, Call, Effect, Facts, Failure, Operation, Outcome, Remedy
from m3nop.core.errors import AccessError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from m3nop.connectors.m3.exchange import Exchange
    from m3nop.connectors.m3.results import Reply
    from m3nop.core.clock import Clock
    from m3nop.core.connector import Catalog, Connection, Rates, Row, Source, StoreRef

_LOOK_UPS_IN_A_QUERY = 30
_WHO = "GENERAL/GetUserInfo"

_PAUSES = (0.5, 1.0, 2.0)
"""Seconds between the tries of a read that a run begins with."""
_LONGEST_PAUSE = 60.0
"""Seconds; a run that has not begun does not wait any longer for M3."""
_PASSING = frozenset({Remedy.TRANSIENT, Remedy.SYSTEMIC})


def open_m3(name: str, config: M3Config, *, clock: Clock, catalog: Catalog) -> Connection:
    """Open a connection; nothing is sent yet.

    Raises:
        ConfigurationError: address or credentials cannot be used.
    """
    return M3Connection(name, config, clock=clock, catalog=catalog)


class M3Connection:
    """Makes MI transactions of one company. Safe to use from several threads."""

    def __init__(self, name: str, config: M3Config, *, clock: Clock, catalog: Catalog) -> None:
        self.name = name
        self.in_flight = config.in_flight
        self.settle_after = config.settle_after
        self.group_bytes = config.group_bytes
        self.circuit = config.circuit.rules
        self._config = config
        self._clock = clock
        self._catalog = catalog
        self._gateway = Gateway(config, clock=clock)
        session = Session(config.company, config.division)
        self._exchange: Exchange = (
            V1(self._gateway, session=session)
            if config.api == "v1"
            else V2(self._gateway, session=session, extended=config.extended_result)
        )
        self._sizes = GroupSizes(timeout=config.timeout, most=config.group_size)
        self._facts: Facts | None = None
        self._facts_lock = threading.Lock()

    def send(self, calls: Sequence[Call]) -> list[Answer]:
        """Make one request of these calls and answer each, in order.

        Lists are read on, by further requests, until they are whole; table reads are merged into queries.
        A read of a record that does not exist is done, without rows.
        """
        if not calls:
            return []
        if calls[0].operation.name.startswith(TABLE):
            return self._read_tables(calls)
        reads = all(call.operation.effect is Effect.READ for call in calls)
        most = self._config.page_size if reads else 0
        calls = [self._in_company(with_key(call) if reads else call) for call in calls]
        replies = self._ask(calls, most=most)
        if not reads:
            return [answer(call, reply) for call, reply in zip(calls, replies, strict=True)]
        return [
            read_to_end(call, reply, exchange=self._exchange, most=most)
            for call, reply in zip(calls, replies, strict=True)
        ]

    def scan(self, call: Call) -> Iterator[Answer]:
        """Answer one reading call page by page.

        A table read is one page, or with ranges (a list of lowest and highest number in place of a value) as
        many as it takes.
        """
        if call.operation.effect is not Effect.READ:
            failure = Failure(Remedy.CONFIGURATION, f"{call.operation.name} is no read")
            yield Answer(Outcome.NOT_SENT, failure=failure)
            return
        if call.operation.name.startswith(TABLE):
            yield from self._scan_table(call)
            return
        call, most = self._in_company(with_key(call)), self._config.page_size
        (reply,) = self._ask([call], most=most)
        yield from scan(call, reply, exchange=self._exchange, most=most)

    def _in_company(self, call: Call) -> Call:
        """Fill in the company where a transaction must be told, so that it is the one the call is made in."""
        info = (call.operation.inputs or {}).get(COMPANY)
        if info is None or not info.filled or call.fields.get(COMPANY) is not None:
            return call
        company = self._config.company or self.facts().identity["company"]
        return replace(call, fields={**call.fields, COMPANY: str(company)})

    def group_size(self, operation: Operation) -> int:
        """Say how many calls like this one request may carry at present."""
        if operation.name.startswith(TABLE):
            return _LOOK_UPS_IN_A_QUERY * (1 if self._config.api == "v1" else QUERIES_AT_ONCE // 4)
        return self._sizes.size(operation)

    def source(self, resource: str, *, stores: Sequence[StoreRef], wanted: frozenset[str] | None) -> Source:
        """Refuse: M3 has no sources of its own.

        Raises:
            ConfigurationError: always.
        """
        _refuse_source(self.name, resource, stores, wanted)

    def identity(self) -> Mapping[str, str]:
        """Tell base address and tenant, and company and division where they are configured; reads nothing."""
        known = {"base_url": self._gateway.base_url, "tenant": self._gateway.tenant}
        if self._config.company is not None:
            known["company"] = str(self._config.company)
        if self._config.division is not None:
            known["division"] = self._config.division
        return known

    def facts(self) -> Facts:
        """Tell base address, tenant, company, division and time zone; reads at most once.

        Raises:
            AccessError: M3 cannot be reached, also not after a few tries, or refuses who we are.
            ConfigurationError: the time zone cannot be told.
        """
        with self._facts_lock:
            if self._facts is None:
                self._facts = self._find_facts()
            return self._facts

    @property
    def waited(self) -> float:
        """Seconds that requests have waited for the rate limit so far."""
        return self._gateway.waited

    def share_rate(self, rates: Rates) -> None:
        """Keep to the rate limit together with whoever uses the same tenant at the same address."""
        self._gateway.share_rate(rates)

    def trial(self) -> Failure | None:
        """Ask who signs in; a refusal is an answer, too: M3 is there."""
        who = self._catalog.operation(_WHO) or Operation(_WHO, Effect.READ)
        (reply,) = self._ask([Call("trial", who, {})], most=1)
        if reply.result is not None and reply.result.processed:
            return None
        return reply.failure or Failure(Remedy.TRANSIENT, "M3 says that it did not process this call")

    def close(self) -> None:
        """Give back sockets."""
        self._gateway.close()

    def _ask(self, calls: Sequence[Call], *, most: int) -> list[Reply]:
        begun = time.monotonic()
        replies = self._exchange.send(calls, most=most)
        self._take_note(calls, [reply.failure for reply in replies], seconds=time.monotonic() - begun)
        return replies

    def _scan_table(self, call: Call) -> Iterator[Answer]:
        select = self._catalog.operation("EXPORTMI/Select")
        if select is None or not has_ranges(call):
            yield from self._read_tables([call])
            return
        yield from scan_ranges(self._exchange, call, select=select, most=self._config.page_size)

    def _read_tables(self, calls: Sequence[Call]) -> list[Answer]:
        select = self._catalog.operation("EXPORTMI/Select")
        if select is None:
            failure = Failure(Remedy.CONFIGURATION, f"{self.name} may not read tables: `table_reads` is off")
            return [Answer(Outcome.NOT_SENT, failure=failure)] * len(calls)
        return TableReader(self._exchange, select=select, page_size=self._config.page_size).read(calls)

    def _take_note(
        self, calls: Sequence[Call], failures: Sequence[Failure | None], *, seconds: float
    ) -> None:
        operations = {call.operation.name: call.operation for call in calls}.values()
        late = seconds >= self._config.timeout or any(f and f.status in TIMED_OUT for f in failures)
        if late:
            self._sizes.timed_out(operations, calls=len(calls))
        else:
            self._sizes.answered(operations, calls=len(calls), seconds=seconds)

    def _find_facts(self) -> Facts:
        config, identity = self._config, {"company": "", "division": "", **self.identity()}
        time_zone = config.time_zone
        if time_zone == FROM_SERVER or config.company is None:
            server, user = self._read_one("GENERAL/ServerTimeZone"), self._read_one(_WHO)
            own = {"company": str(user.get("ZDCONO") or ""), "division": str(user.get("ZDDIVI") or "")}
            identity = {**own, **self.identity()}
            if time_zone == FROM_SERVER:
                time_zone = server_time_zone(server, user)
        return Facts(identity, time_zone)

    def _read_one(self, name: str) -> Row:
        operation = self._catalog.operation(name)
        if operation is None:
            msg = f"{self.name}: the snapshot lacks {name}"
            raise ConfigurationError(msg)
        call, begun, tries = Call(name, operation, {}), time.monotonic(), 0
        while True:
            got, tries = self.send([call])[0], tries + 1
            # Nobody can end a run that has not begun: it does not wait again and again for who is silent.
            is_late = time.monotonic() - begun > _LONGEST_PAUSE
            if got.failure is None or not _may_pass(got.failure) or tries > len(_PAUSES) or is_late:
                break
            self._clock.wait(max(_PAUSES[tries - 1], got.failure.retry_after or 0.0))
        if got.outcome is not Outcome.DONE:
            msg = f"{self.name}: {name} failed: {got.failure}{_what_to_do(got.failure, tries)}"
            raise AccessError(msg, failure=got.failure)
        return got.rows[0] if got.rows else {}


def _may_pass(failure: Failure) -> bool:
    return failure.remedy in _PASSING and (failure.retry_after or 0.0) <= _LONGEST_PAUSE


def _what_to_do(failure: Failure | None, tries: int) -> str:
    if failure is None or failure.remedy not in _PASSING:
        return ""
    if not _may_pass(failure):
        return f"; it asks for a pause of {failure.retry_after:g} s: run again later"
    often = f"it was tried {tries} times: " if tries > 1 else ""
    return f"; {often}run `m3nop doctor`, or again later"


def _refuse_source(name: str, *asked: object) -> NoReturn:
    msg = f"{name} has no source `{asked[0]}`"
    raise ConfigurationError(msg)
