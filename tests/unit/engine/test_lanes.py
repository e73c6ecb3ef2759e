"""Groups of calls and what stops them: sizes, bytes, pauses, and systems that do not work."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from m3nop.core.clock import SECOND
from m3nop.core.connector import (
    Answer,
    Call,
    CircuitRules,
    Connection,
    Effect,
    Failure,
    Operation,
    Outcome,
    Remedy,
)  # fmt: skip
from m3nop.core.errors import AccessError, ConfigurationError, PausedError
from m3nop.engine.actions import Purpose, Send
from m3nop.engine.circuits import Circuits
from m3nop.engine.lanes import LONGEST_PAUSE, Lanes, Waiting, fatal
from m3nop.engine.ports import InlineExecutor, StopSignal, ThreadExecutor
from m3nop.mapping.pipeline import Target
from tests.unit.engine.cases import NOW, ORDERS, Case, compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAD = Operation("OIS100MI/AddBatchHead", Effect.UNSAFE, bulk="OIS100MI", group_size=50)
LINE = Operation("OIS100MI/AddBatchLine", Effect.UNSAFE, bulk="OIS100MI", group_size=50)
SLOW = Operation("OIS100MI/Confirm", Effect.UNSAFE, bulk="OIS100MI", group_size=5)
LIST = Operation("OIS100MI/LstBatchLine", Effect.READ, bulk="OIS100MI", group_size=50)
FAILURES_THAT_OPEN = 6
NEVER = CircuitRules(failures=1000)
ALONE = Operation("orders/attribute", Effect.IDEMPOTENT)
DONE = Answer(Outcome.DONE)
LOST = Answer(Outcome.IN_DOUBT, failure=Failure(Remedy.TRANSIENT, "no answer in time"))


class StillClock:
    instant = NOW

    def now(self) -> int:
        return self.instant

    def wait(self, seconds: float) -> None:
        self.instant += int(seconds * SECOND)


@dataclass
class System:
    """A system that answers what it is told to, and remembers what it was asked in one request."""

    name: str = "erp"
    in_flight: int = 2
    settle_after: float = 60.0
    group_bytes: int = 30_000
    circuit: CircuitRules = field(default_factory=CircuitRules)
    sizes: dict[str, int] = field(default_factory=dict)
    answers: list[Any] = field(default_factory=list)
    requests: list[list[str]] = field(default_factory=list)

    def send(self, calls: Sequence[Call]) -> list[Answer]:
        self.requests.append([call.operation.name for call in calls])
        answer = self.answers.pop(0) if self.answers else DONE
        if isinstance(answer, BaseException):
            raise answer
        return [answer] * len(calls)

    def group_size(self, operation: Operation) -> int:
        return self.sizes.get(operation.name, operation.group_size or 1)

    def source(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    def facts(self) -> Any:
        raise NotImplementedError

    def share_rate(self, rates: Any) -> None:
        raise NotImplementedError

    def trial(self) -> Failure | None:
        return None

    def close(self) -> None:
        """Nothing is open."""


class Held:
    """An executor that starts a request only when it is told to."""

    def __init__(self) -> None:
        self.works: list[Any] = []

    def submit(self, work: Any) -> None:
        self.works.append(work)

    def close(self) -> None:
        """Nothing runs."""


def lanes_of(*systems: System, executor: Any = None, clock: StillClock | None = None) -> Lanes:
    connections: dict[str, Connection] = {system.name: system for system in systems}
    clock = clock or StillClock()
    circuits = Circuits(None, connections, clock=clock, luck=lambda: 0.0)
    return Lanes(
        list(connections.values()), executor=executor or InlineExecutor(), clock=clock, circuits=circuits
    )


def waiting(
    operation: Operation = HEAD, *, connection: str = "erp", case: Case | None = None, **fields: Any
) -> Waiting:
    work = (case or Case(compiled(ORDERS))).work
    return Waiting(work, Send("head", Purpose.STEP, Target(connection, operation), fields))


def names(group: list[Waiting]) -> list[str]:
    return [one.send.target.operation.name for one in group]


# -- groups


def test_calls_of_one_program_share_a_request_whatever_the_transaction() -> None:
    lanes = lanes_of(System())
    for operation in (HEAD, LINE, HEAD):
        lanes.add(waiting(operation))

    assert names(lanes.next_group()) == [HEAD.name, LINE.name, HEAD.name]
    assert (lanes.next_group(), lanes.waiting) == ([], 0)


def test_reads_and_slow_transactions_have_requests_of_their_own() -> None:
    lanes = lanes_of(System())
    for operation in (HEAD, LIST, SLOW, LIST):
        lanes.add(waiting(operation))

    groups = [names(lanes.next_group()) for _ in range(3)]

    assert groups == [[LIST.name, LIST.name], [HEAD.name], [SLOW.name]]


def test_a_group_is_no_larger_than_the_connection_says() -> None:
    lanes = lanes_of(System(sizes={HEAD.name: 2}))
    for _ in range(3):
        lanes.add(waiting())

    assert (len(lanes.next_group()), len(lanes.next_group())) == (2, 1)


def test_a_group_size_of_nothing_still_sends_one() -> None:
    lanes = lanes_of(System(sizes={HEAD.name: 0}))
    lanes.add(waiting())

    assert len(lanes.next_group()) == 1


def test_a_group_carries_no_more_bytes_than_the_connection_says_but_at_least_one_call() -> None:
    lanes = lanes_of(System(group_bytes=300))
    for text in ("x" * 100, "x" * 100, "x" * 1000):
        lanes.add(waiting(TX60=text))

    assert [len(lanes.next_group()) for _ in range(3)] == [1, 1, 1]


def test_what_shares_no_request_goes_alone_and_in_its_records_order() -> None:
    lanes, case = lanes_of(System("shop")), Case(compiled(ORDERS))
    first, second, other = (waiting(ALONE, connection="shop", case=one) for one in (case, case, None))
    for one in (first, second, other):
        lanes.add(one)

    assert [lanes.next_group() for _ in range(3)] == [[first], [second], [other]]


def test_no_more_requests_are_under_way_than_the_connection_takes() -> None:
    lanes = lanes_of(System(sizes={HEAD.name: 1}, in_flight=2), executor=Held())
    for _ in range(3):
        lanes.add(waiting())
    lanes.send(lanes.next_group())
    lanes.send(lanes.next_group())

    assert (lanes.next_group(), lanes.under_way, lanes.waiting) == ([], 2, 1)


def test_one_connection_that_is_full_does_not_hold_up_another() -> None:
    lanes = lanes_of(System(in_flight=0), System("shop"))
    lanes.add(waiting())
    lanes.add(waiting(ALONE, connection="shop"))

    assert names(lanes.next_group()) == [ALONE.name]


def test_each_call_gets_its_own_answer() -> None:
    system = System()
    lanes = lanes_of(system)
    sent = [waiting(), waiting(LINE)]
    for one in sent:
        lanes.add(one)
    lanes.send(lanes.next_group())

    assert lanes.collect(wait=0.5) == [(sent[0], DONE), (sent[1], DONE)]
    assert system.requests == [[HEAD.name, LINE.name]]
    assert (lanes.under_way, lanes.collect(wait=0)) == (0, [])


def test_a_call_that_was_not_sent_has_no_line_yet() -> None:
    with pytest.raises(LookupError, match="head"):
        _ = waiting().sent_line


def test_what_was_not_sent_can_be_taken_back() -> None:
    lanes = lanes_of(System())
    kept = [waiting(), waiting(LIST)]
    for one in kept:
        lanes.add(one)

    assert lanes.drop_waiting() == kept
    assert (lanes.next_group(), lanes.waiting) == ([], 0)


# -- systems that do not work


def ask(lanes: Lanes) -> None:
    lanes.add(waiting())
    lanes.send(lanes.next_group())
    lanes.collect(wait=0.5)


def test_after_a_failure_a_connection_pauses_longer_each_time() -> None:
    clock = StillClock()
    lanes = lanes_of(System(answers=[LOST] * 20, circuit=NEVER), clock=clock)
    pauses = []
    for _ in range(12):
        ask(lanes)
        lanes.add(waiting())
        assert lanes.next_group() == []
        until = lanes.resume_at()
        assert until is not None
        pauses.append(until - clock.now())
        clock.instant = until
        lanes.drop_waiting()

    assert pauses[:3] == [SECOND // 2, SECOND, 2 * SECOND]
    assert pauses[-1] == LONGEST_PAUSE


def test_a_pause_that_the_system_asks_for_is_kept() -> None:
    busy = Answer(Outcome.NOT_SENT, failure=Failure(Remedy.TRANSIENT, "busy", status=429, retry_after=30.0))
    clock = StillClock()
    lanes = lanes_of(System(answers=[busy]), clock=clock)
    ask(lanes)
    lanes.add(waiting())

    assert lanes.resume_at() == clock.now() + 30 * SECOND


def test_a_pause_that_the_system_asked_for_is_not_shortened_by_what_fails_meanwhile() -> None:
    busy = Answer(Outcome.NOT_SENT, failure=Failure(Remedy.TRANSIENT, "busy", status=429, retry_after=30.0))
    clock, held = StillClock(), Held()
    lanes = lanes_of(
        System(sizes={HEAD.name: 1}, answers=[busy, LOST, DONE], in_flight=3), executor=held, clock=clock
    )
    for _ in range(4):
        lanes.add(waiting())
    for _ in range(3):
        lanes.send(lanes.next_group())
    begun = clock.now()
    for work in held.works:
        work()
        lanes.collect(wait=0.5)

    assert lanes.resume_at() == begun + 30 * SECOND
    assert lanes.next_group() == []
    clock.instant = begun + 30 * SECOND
    assert len(lanes.next_group()) == 1


def test_a_system_that_struggles_is_sent_half_as_much_at_once() -> None:
    clock, held = StillClock(), Held()
    system = System(sizes={HEAD.name: 1}, answers=[LOST], in_flight=4)
    lanes = lanes_of(system, executor=held, clock=clock)
    for _ in range(60):
        lanes.add(waiting())
    lanes.send(lanes.next_group())
    held.works.pop()()
    lanes.collect(wait=0.5)
    clock.wait(LONGEST_PAUSE / SECOND)

    assert fill(lanes) == 2
    for _ in range(10):
        for work in held.works:
            work()
        held.works.clear()
        lanes.collect(wait=0.5)
        fill(lanes)
    assert lanes.under_way == 4


def fill(lanes: Lanes) -> int:
    """Send as much as may be under way at once."""
    while group := lanes.next_group():
        lanes.send(group)
    return lanes.under_way


def test_a_system_that_recovers_is_sent_one_request_at_a_time_at_first() -> None:
    system, clock = System(sizes={HEAD.name: 1}, in_flight=4), StillClock()
    connections: dict[str, Connection] = {"erp": system}
    circuits = Circuits(None, connections, clock=clock, luck=lambda: 0.0)
    for _ in range(FAILURES_THAT_OPEN):
        circuits.failed("erp", Failure(Remedy.SYSTEMIC, "away"), sent_at=clock.now())
    lanes = Lanes([system], executor=Held(), clock=clock, circuits=circuits)
    for _ in range(5):
        lanes.add(waiting())
    assert lanes.next_group() == []

    clock.wait(60)
    assert circuits.refusal("erp") is None
    assert fill(lanes) == 1


def test_a_connection_that_nothing_waits_for_is_not_waited_for() -> None:
    lanes = lanes_of(System(answers=[LOST]))
    ask(lanes)

    assert lanes.resume_at() is None


def test_a_refusal_is_an_answer_and_no_failure_of_the_system() -> None:
    refused = Answer(Outcome.REFUSED, failure=Failure(Remedy.BUSINESS, "no such item"))
    lanes = lanes_of(System(answers=[LOST, LOST, refused, *[LOST] * (FAILURES_THAT_OPEN - 1)]), clock=Hasty())
    for _ in range(2 + FAILURES_THAT_OPEN):
        assert lanes.circuits.trouble() == {}
        ask(lanes)

    assert lanes.circuits.trouble() == {}


class Hasty(StillClock):
    """Never inside a pause."""

    def now(self) -> int:
        self.instant += LONGEST_PAUSE + 1
        return self.instant


@pytest.mark.parametrize(("before", "error", "code"), [([], AccessError, 4), ([DONE], PausedError, 7)])
def test_the_circuit_opens_after_repeated_failures(
    before: list[Answer], error: type[Exception], code: int
) -> None:
    lanes = lanes_of(System(answers=[*before, *[LOST] * FAILURES_THAT_OPEN]), clock=Hasty())
    for _ in range(len(before) + FAILURES_THAT_OPEN - 1):
        ask(lanes)
    assert lanes.circuits.trouble() == {}

    ask(lanes)

    trouble = lanes.circuits.trouble()["erp"]
    assert isinstance(trouble, error)
    assert trouble.exit_code == code
    assert str(trouble).startswith("erp ")
    assert "no answer in time" in str(trouble)


@pytest.mark.parametrize(
    ("outcome", "remedy", "error"),
    [
        (Outcome.NOT_SENT, Remedy.AUTHENTICATION, AccessError),
        (Outcome.REFUSED, Remedy.AUTHENTICATION, AccessError),
        (Outcome.NOT_SENT, Remedy.CONFIGURATION, ConfigurationError),
        (Outcome.NOT_SENT, Remedy.TRANSIENT, None),
        (Outcome.REFUSED, Remedy.BUSINESS, None),
        (Outcome.IN_DOUBT, Remedy.CONFIGURATION, None),
    ],
)
def test_an_answer_that_concerns_every_call_ends_the_run(
    outcome: Outcome, remedy: Remedy, error: type[Exception] | None
) -> None:
    found = fatal(waiting(), Answer(outcome, failure=Failure(remedy, "why")))

    assert type(found) is error if error else found is None
    assert found is None or re.fullmatch(r"erp: \w+/\w+ failed: why", str(found))
    assert fatal(waiting(), DONE) is None


def test_what_a_connection_raises_reaches_the_thread_that_owns_the_state() -> None:
    lanes = lanes_of(System(answers=[KeyError("broken")]))
    lanes.add(waiting())
    lanes.send(lanes.next_group())

    with pytest.raises(KeyError, match="broken"):
        lanes.collect(wait=0.5)


# -- executors and the stop signal


def test_threads_run_requests_beside_each_other_and_are_waited_for() -> None:
    system = System(sizes={HEAD.name: 1}, in_flight=3)
    executor = ThreadExecutor(threads=2)
    lanes = lanes_of(system, executor=executor)
    for _ in range(3):
        lanes.add(waiting())
        lanes.send(lanes.next_group())
    executor.close()

    assert len(lanes.collect(wait=1)) == 3
    assert len(system.requests) == 3


def test_an_inline_executor_has_nothing_to_wait_for() -> None:
    done: list[int] = []
    executor = InlineExecutor()
    executor.submit(lambda: done.append(1))
    executor.close()

    assert done == [1]


def test_a_stop_signal_keeps_its_first_reason() -> None:
    stop = StopSignal()
    assert not stop

    stop.ask("SIGTERM")
    stop.ask("SIGINT")

    assert stop
    assert stop.reason == "SIGTERM"
