"""The reads at the start of a run: trouble that passes is waited for, all other trouble is told at once."""

from __future__ import annotations

import pytest

from m3nop.connectors.m3.connection import open_m3
from m3nop.core.clock import SystemClock
from m3nop.core.errors import AccessError
from m3nop.sandbox.faults import Fault

ZONE, USER = "GENERAL/ServerTimeZone", "GENERAL/GetUserInfo"
WAYS = {"v2": {}, "v1": {"api": "v1", "on_premise": True}}
PASSING = {
    "429": {"kind": "status", "status": 429},
    "500": {"kind": "status", "status": 500},
    "503": {"kind": "status", "status": 503},
    "a reset before": {"kind": "reset_before"},
    "a reset after": {"kind": "reset_after"},
    "a gateway's page": {"kind": "html"},
    "a page with status 200": {"kind": "html", "status": 200},
    "no body": {"kind": "empty"},
    "half an answer": {"kind": "invalid_json"},
    "a terminated request": {"kind": "terminated"},
}


class WaitingClock:
    """The time of the machine; what is to be waited for is only noted."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def now(self) -> int:
        return SystemClock().now()

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)


@pytest.fixture
def clock() -> WaitingClock:
    return WaitingClock()


@pytest.fixture
def connect(open_erp, opened, clock):
    """Open a connection that does not wait in earnest."""

    def connect(**options):
        erp = open_erp(**options)
        opened.append(open_m3("erp", erp.config, clock=clock, catalog=erp.catalog))
        return opened[-1]

    return connect


@pytest.fixture
def fault(world):
    """Let a fault strike the requests of an operation."""

    def strike(operation=ZONE, **options):
        world.faults.add(Fault(system="m3", operation=operation, **options))

    return strike


@pytest.mark.parametrize(
    ("way", "name"),
    # Version 1 has no bulk that could be terminated.
    [(way, name) for way in WAYS for name in PASSING if (way, name) != ("v1", "a terminated request")],
)
def test_trouble_that_passes_does_not_end_a_run_that_begins(connect, fault, clock, way, name):
    fault(ZONE, times=2, **PASSING[name])
    fault(USER, times=1, **PASSING[name])

    assert connect(**WAYS[way]).facts().time_zone == "CET"
    assert clock.waits == [0.5, 1.0, 0.5]


def test_a_token_that_is_not_to_be_had_at_first_is_asked_for_again(connect, fault, clock):
    fault("token", kind="status", status=503)

    assert connect().facts().identity["company"] == "100"
    assert clock.waits == [0.5]


def test_as_much_time_passes_as_m3_asks_for(connect, fault, clock):
    fault(kind="status", status=429, retry_after=7)

    connect().facts()

    assert clock.waits == [7.0]


def test_a_wait_that_is_too_long_for_a_run_ends_it(connect, fault, clock):
    fault(kind="status", status=503, retry_after=3600)

    with pytest.raises(AccessError, match=f"erp: {ZONE} failed: HTTP 503 .*; it asks for a pause of 3600 s"):
        connect().facts()
    assert clock.waits == []


@pytest.mark.parametrize("name", PASSING)
def test_trouble_that_does_not_pass_is_told_after_a_few_tries(connect, fault, clock, name):
    fault(times=None, **PASSING[name])

    with pytest.raises(
        AccessError, match=f"erp: {ZONE} failed: .*; it was tried 4 times: run `m3nop doctor`"
    ):
        connect().facts()
    assert clock.waits == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_no_waiting_helps_against_is_told_at_once(connect, fault, clock, status):
    fault(kind="status", status=status, times=None)

    with pytest.raises(AccessError, match=f"erp: {ZONE} failed: HTTP {status}"):
        connect().facts()
    assert clock.waits == []
