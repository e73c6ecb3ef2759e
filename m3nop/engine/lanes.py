"""Requests waiting and under way: groups of calls, sized and paced per connection."""

from __future__ import annotations

import queue
from collections import Counter, deque
from typing import TYPE_CHECKING

from msgspec import Struct, field

from m3nop.core.clock import SECOND, Clock, Instant
from m3nop.core.connector import Answer, Call, Connection, Effect, Outcome, Remedy
from m3nop.core.departure import only_while
from m3nop.core.errors import AccessError, ConfigurationError, M3nopError
from m3nop.engine.ports import Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from m3nop.core.json import Json
    from m3nop.core.records import LoggedCall
    from m3nop.engine.actions import Send
    from m3nop.engine.circuits import Circuits
    from m3nop.engine.ports import Executor, Observer
    from m3nop.engine.work import Work

LONGEST_PAUSE = 60 * SECOND
_ENVELOPE = 80
"""Bytes that a call takes in a bulk besides its fields."""


class Waiting(Struct):
    """One call that a record needs."""

    work: Work
    send: Send
    line: LoggedCall | None = None

    @property
    def sent_line(self) -> LoggedCall:
        """Its line of the call log, which it has as soon as it was sent.

        Raises:
            LookupError: it was not sent yet.
        """
        if self.line is None:
            raise LookupError(self.send.path)
        return self.line


class _Lane(Struct):
    """One connection: what is under way, and how it fares."""

    connection: Connection
    under_way: int = 0
    failures: int = 0
    """Requests that failed in a row."""
    paused_until: Instant = 0
    queues: dict[tuple[str, bool, int | None], deque[Waiting]] = field(default_factory=dict)


class _Came(Struct, frozen=True):
    """What came back for a request, or what was raised, and when it was made."""

    connection: str
    group: list[Waiting]
    answers: list[Answer] | BaseException
    sent_at: Instant
    answered_at: Instant


class Lanes:
    """Forms groups of waiting calls and sends them; answers come back through ``collect``."""

    def __init__(
        self, connections: Sequence[Connection], *, executor: Executor, clock: Clock, circuits: Circuits,
        assure: Callable[[], None] = lambda: None, observer: Observer | None = None,
    ) -> None:  # fmt: skip
        self._lanes = {connection.name: _Lane(connection) for connection in connections}
        self._executor = executor
        self._clock = clock
        self._assure = assure
        self._observer = observer or Silent()
        self.circuits = circuits
        self._answers: queue.SimpleQueue[_Came] = queue.SimpleQueue()

    @property
    def under_way(self) -> int:
        """How many requests wait for an answer."""
        return sum(lane.under_way for lane in self._lanes.values())

    @property
    def waiting(self) -> int:
        """How many calls wait to be sent."""
        return sum(len(calls) for lane in self._lanes.values() for calls in lane.queues.values())

    def add(self, waiting: Waiting) -> None:
        """Queue a call."""
        operation = waiting.send.target.operation
        lane = self._lanes[waiting.send.target.connection]
        group = operation.bulk or f"{operation.name}#{id(waiting.work)}"
        key = (group, operation.effect is Effect.READ, operation.group_size)
        lane.queues.setdefault(key, deque()).append(waiting)

    def next_group(self, taken: Sequence[list[Waiting]] = ()) -> list[Waiting]:
        """Take the next calls that may leave now, of one connection and group; the longest queue first.

        Groups that were ``taken`` before and will be sent together with it count as under way.
        """
        now, begun = self._clock.now(), Counter(group[0].send.target.connection for group in taken)
        for name, lane in self._lanes.items():
            if not lane.queues or lane.paused_until > now or self.circuits.is_open(name):
                continue
            if lane.under_way + begun[name] >= self.circuits.limit(name).allowed:
                continue
            key = max(lane.queues, key=lambda name: len(lane.queues[name]))
            calls = lane.queues[key]
            group = _take(calls, lane.connection)
            if not calls:
                del lane.queues[key]
            return group
        return []

    def send(self, group: list[Waiting]) -> None:
        """Make one request of a group whose ``sent`` lines are committed."""
        lane = self._lanes[group[0].send.target.connection]
        lane.under_way += 1
        calls = [_call(waiting, number) for number, waiting in enumerate(group)]
        self._executor.submit(self._request(lane.connection, group, calls))

    def _request(self, connection: Connection, group: list[Waiting], calls: list[Call]) -> Callable[[], None]:
        def make() -> None:
            sent_at = self._clock.now()
            try:
                with only_while(self._assure):
                    answers: list[Answer] | BaseException = connection.send(calls)
            except BaseException as error:  # noqa: BLE001  raised again by the thread that collects
                answers = error
            self._answers.put(_Came(connection.name, group, answers, sent_at, self._clock.now()))

        return make

    def collect(self, *, wait: float) -> list[tuple[Waiting, Answer]]:
        """Return the answers that have come, after at most ``wait`` seconds for the first.

        Raises:
            AccessError, ConfigurationError, PausedError: the system as a whole refuses; nothing more is sent.
        """
        arrived: list[tuple[Waiting, Answer]] = []
        try:
            batch = self._answers.get(timeout=wait) if wait > 0 else self._answers.get_nowait()
            while True:
                arrived.extend(self._open(batch))
                batch = self._answers.get_nowait()
        except queue.Empty:
            return arrived

    def _open(self, came: _Came) -> list[tuple[Waiting, Answer]]:
        self._lanes[came.connection].under_way -= 1
        if isinstance(came.answers, BaseException):
            raise came.answers
        self._judge(came, came.answers)
        self._observer.answered(came.group, came.answers, sent_at=came.sent_at, answered_at=came.answered_at)
        return list(zip(came.group, came.answers, strict=True))

    def _judge(self, came: _Came, answers: list[Answer]) -> None:
        """Take note of how the system fares; a refusal is an answer like any other."""
        name, lane = came.connection, self._lanes[came.connection]
        limit, sent_at, now = self.circuits.limit(name), came.sent_at, came.answered_at
        failures = [
            answer.failure for answer in answers if answer.failure and answer.outcome is not Outcome.REFUSED
        ]
        if len(failures) < len(answers):
            lane.failures = 0
            limit.answered(_kind(came.group), sent_at=sent_at, now=now)
            self.circuits.answered(name)
            return
        lane.failures += 1
        pause = max((failure.retry_after or 0.0 for failure in failures), default=0.0)
        backoff = min(SECOND // 4 * 2 ** min(lane.failures, 16), LONGEST_PAUSE)
        # Another request may have been told to wait for longer.
        lane.paused_until = max(lane.paused_until, self._clock.now() + max(int(pause * SECOND), backoff))
        limit.failed(sent_at=sent_at, now=now)
        self.circuits.failed(name, failures[-1], sent_at=sent_at)

    def resume_at(self) -> Instant | None:
        """Say when the first paused connection with waiting calls may go on."""
        times = [lane.paused_until for lane in self._lanes.values() if lane.queues]
        return min(times, default=None)

    def drop_waiting(self, pipelines: Collection[str] | None = None) -> list[Waiting]:
        """Take back what was not sent: everything, or what belongs to these pipelines."""
        dropped = []
        for lane in self._lanes.values():
            for key, calls in list(lane.queues.items()):
                taken = [one for one in calls if pipelines is None or one.work.record.pipeline in pipelines]
                dropped += taken
                kept = deque(one for one in calls if one not in taken)
                if kept:
                    lane.queues[key] = kept
                else:
                    del lane.queues[key]
        return dropped


def _kind(group: Sequence[Waiting]) -> tuple[str, bool, int]:
    """Tell which requests should take equally long: of one program, reads or writes, of about one size."""
    operation = group[0].send.target.operation
    return operation.bulk or operation.name, operation.effect is Effect.READ, len(group).bit_length()


def _take(calls: deque[Waiting], connection: Connection) -> list[Waiting]:
    """Take calls off a queue, as many as one request may carry; at least one."""
    size, room = max(1, connection.group_size(calls[0].send.target.operation)), connection.group_bytes
    group: list[Waiting] = []
    while calls and len(group) < size:
        room -= _weight(calls[0].send.fields)
        if group and room < 0:
            break
        group.append(calls.popleft())
    return group


def _weight(fields: Mapping[str, Json]) -> int:
    """Return about how many bytes a call takes in a request."""
    # How Python writes it is as long as JSON, near enough, and takes a fraction of the time.
    return _ENVELOPE + len(str(fields))


def fatal(waiting: Waiting, answer: Answer) -> M3nopError | None:
    """Turn an answer that concerns every call into the error that ends the run."""
    failure, target = answer.failure, waiting.send.target
    if failure is None or answer.outcome not in (Outcome.NOT_SENT, Outcome.REFUSED):
        return None
    msg = f"{target.connection}: {target.operation.name} failed: {failure}"
    if failure.remedy is Remedy.AUTHENTICATION:
        return AccessError(msg, failure=failure)
    if failure.remedy is Remedy.CONFIGURATION:
        return ConfigurationError(msg)
    return None


def _call(waiting: Waiting, number: int) -> Call:
    send = waiting.send
    return Call(id=str(number), operation=send.target.operation, fields=send.fields, columns=send.columns)
