"""Every operation of the M3 connector under every fault, over live HTTP: what is said, and what M3 did."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from m3nop.connectors.m3 import M3
from m3nop.connectors.m3.connection import open_m3
from m3nop.core.connector import Answer, Call, Effect, Operation
from m3nop.sandbox import access
from m3nop.sandbox.faults import Fault as Strike
from tests.contract.faults.catalogue import (
    BULK,
    DONE,
    FAULTS,
    FINE,
    FOR_EVER,
    BulkFault,
    Fault,
    Happened,
    Said,
)
from tests.contract.faults.m3_calls import Prepared, companion_of
from tests.contract.faults.served import NOWHERE, Served

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TIMEOUT = 0.06
"""Seconds; where it is used every answer comes too late anyway, so a slow machine changes nothing."""
SLOW = ("timeout_before", "timeout_after", "slow_body")
APIS = ("v2", "v1")


class Lab:
    """M3 with documents to call about, put back after each call, and connections to it."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.catalogs: dict[str, Any] = {}
        self._open: dict[tuple[str, str], Any] = {}
        connection = self.connection("v2")
        catalog = self.catalogs["v2"]
        today = connection.send([Call("0", catalog.operation("GENERAL/GetServerTime"), {})])[0].rows[0][
            "DATE"
        ]
        self.prepared = Prepared(connection, catalog, served.happen, today=today)
        # The search index lags.
        served.advance(120)
        served.keep()
        self.undisturbed: dict[tuple[str, ...], Any] = {}

    def connection(self, api: str, *, way: str = "basic", timeout: float = 5.0, extended: bool = True) -> Any:
        key = (api, f"{way} {timeout} {extended}")
        if key not in self._open:
            self._open[key] = self.new(api, way=way, timeout=timeout, extended=extended)
        return self._open[key]

    def new(self, api: str, *, way: str, timeout: float, extended: bool = True) -> Any:
        where: dict[str, Any] = {"url": self.served.url, "credentials": BASIC}
        if way == "gateway":
            where = {"url": self.served.m3_url, "credentials": {"ionapi": self.served.ionapi}}
        if way == "nowhere":
            where["url"] = NOWHERE
        config = M3.config(
            company=100, division="AAA", api=api, timeout=timeout, extended_result=extended, **where
        )
        self.catalogs[api] = M3.catalog(config, metadata={})
        return open_m3("erp", config, clock=self.served.clock, catalog=self.catalogs[api])

    def operations(self, api: str = "v2") -> list[Operation]:
        self.connection(api)
        catalog = self.catalogs[api]
        return [catalog.operation(name) for name in catalog.operations()]

    def acting(self, api: str = "v2") -> list[Operation]:
        return [operation for operation in self.operations(api) if operation.effect is not Effect.READ]

    def reading(self, api: str = "v2") -> list[Operation]:
        return [operation for operation in self.operations(api) if operation.effect is Effect.READ]

    def call(self, operation: Operation, number: int = 0) -> Call:
        return Call(str(number), operation, self.prepared.fields(operation.name))

    def companion(self, operation: Operation) -> Call:
        """Return another call of the same program, that can share a request."""
        name, fields = companion_of(operation.name, self.prepared)
        return Call("1", self.catalogs["v2"].operation(name), fields)

    def effect_of(self, calls: Sequence[Call]) -> Any:
        """Return M3's books as they are after these calls, each in a request of its own."""
        key = tuple(str((call.operation.name, sorted(call.fields.items()))) for call in calls)
        if key not in self.undisturbed:
            self.served.put_back()
            for call in calls:
                (answer,) = self.connection("v2").send([call])
                assert answer.outcome is DONE, (call.operation.name, answer.failure)
            self.undisturbed[key] = self.served.dump("m3.")
            self.served.put_back()
        return self.undisturbed[key]

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()


BASIC = {"username": access.M3_USER, "password": access.M3_PASSWORD}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with closing(Served()) as served, closing(Lab(served)) as made:
        yield made


def said(answer: Answer) -> Said:
    return Said(answer.outcome, answer.failure.remedy if answer.failure else None)


def open_for(lab: Lab, api: str, fault: Fault) -> Any:
    if fault.id == "refused":
        return lab.connection(api, way="nowhere")
    if fault.id == "token_expired":
        return lab.connection(api, way="gateway")
    return lab.connection(api, timeout=TIMEOUT if fault.id in SLOW else 5.0)


def struck(lab: Lab, fault: Fault | BulkFault, connection: Any, calls: Sequence[Call]) -> list[Answer]:
    """Make calls of which the first request is hit."""
    world = lab.served.world
    world.faults.clear()
    options = {"count": 1} if isinstance(fault, BulkFault) else fault.options
    if fault.kind:
        world.faults.add(Strike(kind=fault.kind, system="m3", operation="*/*", **options))
    answers: list[Answer] = connection.send(calls)
    lab.served.idle()
    if fault.kind:
        assert world.faults.describe()[0]["fired"] >= 1, (fault.id, calls[0].operation.name)
    world.faults.clear()
    return answers


def happened(lab: Lab, fault: Fault | BulkFault, calls: Sequence[Call]) -> str:
    """Say what M3's books show that the fault does not say, or nothing."""
    served = lab.served
    nothing, now = served.kept("m3."), served.dump("m3.")
    if fault.happened is Happened.LATER:
        served.advance(21)
        late = served.dump("m3.")
        served.put_back()
        return "" if now == nothing != late else "it did not happen later"
    expected = {
        Happened.NOTHING: lambda: nothing,
        Happened.ALL: lambda: lab.effect_of(calls),
        Happened.SOME: lambda: lab.effect_of(calls[:1]),
    }[fault.happened]()
    if now != nothing:
        served.put_back()
    return "" if now == expected else f"{fault.happened} should have happened"


def test_there_is_a_valid_call_of_every_operation(lab: Lab) -> None:
    for api in APIS:
        assert {operation.name for operation in lab.operations(api)} == lab.prepared.names()


@pytest.mark.parametrize("api", APIS)
def test_what_acts_changes_something_and_what_reads_does_not(lab: Lab, api: str) -> None:
    wrong = {}
    for operation in lab.operations(api):
        (answer,) = lab.connection(api).send([lab.call(operation)])
        changed = lab.served.dump("m3.") != lab.served.kept("m3.")
        if changed:
            lab.served.put_back()
        if answer.outcome is not DONE or changed != (operation.effect is not Effect.READ):
            wrong[operation.name] = (answer, changed)
    assert wrong == {}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
@pytest.mark.parametrize("api", APIS)
def test_what_is_known_of_a_call_that_acts_is_what_is_declared(lab: Lab, api: str, fault: Fault) -> None:
    connection, wrong = open_for(lab, api, fault), {}
    for operation in lab.acting(api):
        call = lab.call(operation)
        (answer,) = struck(lab, fault, connection, [call])
        problem = happened(lab, fault, [call])
        if said(answer) != fault.acting("m3") or problem:
            wrong[operation.name] = (answer, problem)
        assert answer.failure is None or answer.failure.retry_after == fault.options.get("retry_after")
    assert wrong == {}


def reads_for(lab: Lab, api: str, fault: Fault) -> list[Call]:
    """Return a call of every read; of version 1, which asks for each in the same way, of a third.

    Which third goes round with the faults.
    """
    reads = [lab.call(operation) for operation in lab.reading(api)]
    return reads if api == "v2" else reads[FAULTS.index(fault) % 3 :: 3]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
@pytest.mark.parametrize("api", APIS)
def test_what_is_known_of_a_read_is_what_is_declared(lab: Lab, api: str, fault: Fault) -> None:
    connection, faults = open_for(lab, api, fault), lab.served.world.faults
    faults.clear()
    if fault.kind and fault.id != "token_expired":
        faults.add(Strike(kind=fault.kind, system="m3", operation="*/*", **{**fault.options, **FOR_EVER}))

    def ask(call: Call) -> Answer:
        if fault.id == "token_expired":
            faults.clear()
            faults.add(Strike(kind=fault.kind, system="m3", operation="*/*"))
        return connection.send([call])[0]

    reads = reads_for(lab, api, fault)
    # Only those that wait for nothing but time gain by threads.
    with ThreadPoolExecutor(16 if fault.id in SLOW else 1) as threads:
        answers = list(threads.map(ask, reads))
    faults.clear()
    lab.served.idle()
    found = zip(reads, answers, strict=True)
    assert {call.operation.name: answer for call, answer in found if said(answer) != fault.reads} == {}
    assert lab.served.dump("m3.") == lab.served.kept("m3.")


@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if fault.kind and fault.token], ids=lambda fault: fault.id
)
@pytest.mark.parametrize("name", ["OIS100MI/AddBatchHead", "CRS610MI/GetBasicData"])
def test_what_is_known_without_a_token_is_what_is_declared(lab: Lab, name: str, fault: Fault) -> None:
    timeout = TIMEOUT if fault.id in SLOW else 5.0
    with closing(lab.new("v2", way="gateway", timeout=timeout)) as connection:
        lab.served.world.faults.clear()
        lab.served.world.faults.add(Strike(kind=fault.kind, system="m3", operation="token", **fault.options))
        call = lab.call(lab.catalogs["v2"].operation(name))
        (answer,) = connection.send([call])
        lab.served.world.faults.clear()
    done = fault.token == FINE and name == "OIS100MI/AddBatchHead"
    assert said(answer) == fault.token
    assert lab.served.dump("m3.") == (lab.effect_of([call]) if done else lab.served.kept("m3."))
    lab.served.put_back()


@pytest.mark.parametrize("extended", [True, False], ids=["inputs repeated", "inputs not repeated"])
@pytest.mark.parametrize("fault", BULK, ids=lambda fault: fault.id)
def test_what_is_known_of_calls_that_share_a_request_is_what_is_declared(
    lab: Lab, fault: BulkFault, extended: bool
) -> None:
    connection, wrong = lab.connection("v2", extended=extended), {}
    for operation in lab.acting():
        calls = [lab.call(operation), lab.companion(operation)]
        answers = struck(lab, fault, connection, calls)
        problem = happened(lab, fault, calls)
        if tuple(map(said, answers)) != (fault.named if extended else fault.bare) or problem:
            wrong[operation.name] = (answers, problem)
    assert wrong == {}


@pytest.mark.parametrize("fault", BULK, ids=lambda fault: fault.id)
def test_what_is_known_of_reads_that_share_a_request_is_what_is_declared(lab: Lab, fault: BulkFault) -> None:
    connection, wrong = lab.connection("v2"), {}
    for operation in lab.reading():
        if operation.name.startswith(("EXPORTMI/", "table:")):
            continue
        answers = struck(lab, fault, connection, [lab.call(operation, number) for number in range(2)])
        if tuple(map(said, answers)) != fault.reads:
            wrong[operation.name] = answers
    assert wrong == {}
    assert lab.served.dump("m3.") == lab.served.kept("m3.")


@pytest.mark.parametrize("fault", BULK, ids=lambda fault: fault.id)
def test_what_is_known_of_a_call_that_was_not_answered_alone_is_what_is_declared(
    lab: Lab, fault: BulkFault
) -> None:
    connection, faults, wrong = lab.connection("v2"), lab.served.world.faults, {}
    for operation in lab.acting():
        faults.clear()
        faults.add(Strike(kind=fault.kind, system="m3", operation="*/*", count=0))
        (answer,) = connection.send([lab.call(operation)])
        faults.clear()
        lab.served.put_back()
        if said(answer) != fault.alone:
            wrong[operation.name] = answer
    assert wrong == {}
