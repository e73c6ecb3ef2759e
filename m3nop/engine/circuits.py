"""The circuits of a run's connections, kept in the state: a system that does not work is left alone."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from msgspec.structs import replace

from m3nop.core.clock import SECOND, to_text
from m3nop.core.connector import Remedy
from m3nop.core.errors import AccessError, M3nopError, PausedError
from m3nop.core.records import Circuit, Phase
from m3nop.engine.circuit import Breaker, Trouble
from m3nop.engine.concurrency import Concurrency

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from m3nop.core.clock import Clock, Instant
    from m3nop.core.connector import Connection, Failure
    from m3nop.core.state import State

LEASE = 180 * SECOND
"""A process that took a trial and ended in the middle of it keeps others from trying for so long."""


class Circuits:
    """Says which systems may be used, and takes note of how they fare. For the thread that owns the state."""

    def __init__(
        self,
        state: State | None,
        connections: Mapping[str, Connection],
        *,
        clock: Clock,
        luck: Callable[[], float] = random.random,
    ) -> None:
        self._state = state
        self._connections = connections
        self._clock = clock
        self._luck = luck
        self._kept = {one.connection: one for one in state.circuits()} if state is not None else {}
        self._breakers: dict[str, Breaker] = {}
        self._limits: dict[str, Concurrency] = {}
        self._held: dict[str, M3nopError] = {}
        self._tried: set[str] = set()
        self._alive: set[str] = set()
        self._answered: set[str] = set()

    # -- who may be used

    def refusal(self, name: str) -> M3nopError | None:
        """Say why a system is not to be used; one that is due is tried first."""
        if name in self._held:
            return self._held[name]
        breaker = self._breaker(name)
        if breaker.is_open and name not in self._tried and (breaker.circuit.due_at or 0) <= self._clock.now():
            self._try(name, breaker)
        return paused(breaker.circuit) if breaker.is_open else None

    def hold(self, name: str, error: M3nopError) -> None:
        """Do without a system for the rest of this run."""
        self._held[name] = error

    def is_open(self, name: str) -> bool:
        """Tell whether nothing is to be sent to a system at present."""
        return self._breaker(name).is_open

    def suspect(self, name: str, error: M3nopError | None) -> None:
        """Find out by a trial whether what failed, if anything did, concerns the whole system."""
        if self.is_doubtful(name, error):
            asked_at = self._clock.now()
            self.tried(name, self._connections[name].trial(), asked_at=asked_at)

    def is_doubtful(self, name: str, error: M3nopError | None) -> bool:
        """Tell whether a trial has to show what an error means."""
        if not isinstance(error, AccessError) or error.failure is None or name not in self._connections:
            return False
        return not self._breaker(name).is_open and name not in self._alive

    def tried(self, name: str, found: Failure | None, *, asked_at: Instant) -> None:
        """Take note of what a trial found: None where the system answered."""
        if found is None:
            self._alive.add(name)
        else:
            self._open(self._breaker(name), found, asked_at)

    def _try(self, name: str, breaker: Breaker) -> None:
        self._tried.add(name)
        now, due = self._clock.now(), breaker.circuit.due_at or 0
        if self._state is not None:
            with self._state.transaction() as tx:
                taken = tx.take_trial(name, due_at=due, until=now + LEASE)
            if not taken:
                return
        found = self._connections[name].trial()
        if found is None:
            breaker.passed(self._clock.now())
            self._limits[name] = Concurrency(self._connections[name].in_flight, start=1)
            self._keep(breaker)
        else:
            self._open(breaker, found, now)

    # -- how they fare

    def limit(self, name: str) -> Concurrency:
        """How many requests a system bears at present."""
        if name not in self._limits:
            circuit = self._breaker(name).circuit
            start = 1 if circuit.phase is Phase.RECOVERING else circuit.in_flight
            self._limits[name] = Concurrency(self._connections[name].in_flight, start=start)
        return self._limits[name]

    def answered(self, name: str) -> None:
        """Take note of a request that was answered."""
        self._answered.add(name)
        breaker = self._breaker(name)
        if breaker.answered(self._clock.now()):
            self._keep(breaker)

    def failed(self, name: str, failure: Failure, *, sent_at: Instant) -> None:
        """Take note of a request that was not."""
        breaker = self._breaker(name)
        if breaker.failed(Trouble(failure, sent_at), self._clock.now(), luck=self._luck()):
            self._keep(breaker)

    def trouble(self) -> dict[str, M3nopError]:
        """Say, by connection, why nothing should be sent any more."""
        return {name: self._broken(breaker) for name, breaker in self._breakers.items() if breaker.is_open}

    def spoiled(self, names: Iterable[str], since: Instant) -> bool:
        """Tell whether an attempt that began at ``since`` met an outage: its end says nothing of it."""
        now = self._clock.now()
        # An attempt that was begun under another name of a connection knows nothing of this one.
        breakers = [self._breaker(name) for name in names if name in self._connections]
        return any(one.is_sick or one.had_outage(since, now) for one in breakers)

    def keep_limits(self) -> None:
        """Remember, for the next run, how many requests the systems bore."""
        for name, limit in self._limits.items():
            breaker, most = self._breaker(name), self._connections[name].in_flight
            now = None if limit.allowed >= most else limit.allowed
            if breaker.circuit.phase is Phase.CLOSED and now != breaker.circuit.in_flight:
                breaker.circuit = replace(breaker.circuit, in_flight=now)
                self._keep(breaker)

    # -- parts

    def _breaker(self, name: str) -> Breaker:
        if name not in self._breakers:
            circuit = self._kept.get(name) or Circuit(name)
            self._breakers[name] = Breaker(circuit, self._connections[name].circuit)
        return self._breakers[name]

    def _open(self, breaker: Breaker, failure: Failure, asked_at: Instant) -> None:
        breaker.open(Trouble(failure, asked_at), self._clock.now(), luck=self._luck())
        self._keep(breaker)

    def _keep(self, breaker: Breaker) -> None:
        if self._state is not None:
            with self._state.transaction() as tx:
                tx.put_circuit(breaker.circuit)

    def _broken(self, breaker: Breaker) -> M3nopError:
        circuit = breaker.circuit
        name, when = circuit.connection, to_text(circuit.due_at or 0)
        if name in self._answered or circuit.tries:
            return PausedError(
                f"{name} stopped answering ({circuit.cause}): paused, everything is kept; "
                f"it is tried again at {when}"
            )
        return AccessError(
            f"{name} does not answer: {circuit.cause}; run `m3nop doctor`; it is tried again at {when}"
        )


def paused(circuit: Circuit) -> PausedError:
    """Say what does not work, why, since when, and when it is tried again."""
    name = circuit.connection
    since, due = to_text(circuit.since or 0), to_text(circuit.due_at or 0)
    wrong = "the credentials are" if circuit.remedy == Remedy.AUTHENTICATION else "that is"
    return PausedError(
        f"{name} has not worked since {since}: {circuit.cause}; it is left alone until {due}, "
        f"everything is kept; once {wrong} put right (`m3nop doctor`), "
        f"`m3nop circuits close {name}` ends the wait"
    )
