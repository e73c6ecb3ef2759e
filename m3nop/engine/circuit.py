"""Whether a system is left alone: a state machine a connection, without clock, network or database.

::

    closed ──── it fails again and again ────▶ open ──── a trial succeeds ────▶ recovering ──▶ closed
                                               ▲  │ a trial fails                   │
                                               └──┘ (longer pauses)  ◀── it fails ──┘

A trial is one harmless request. Pauses grow until the system has recovered, so one that only answers trials
is asked less and less.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from m3nop.core.clock import SECOND
from m3nop.core.records import Circuit, Phase

if TYPE_CHECKING:
    from m3nop.core.clock import Instant
    from m3nop.core.connector import CircuitRules, Failure

WINDOW = 20
"""Requests that are looked back on."""
TOO_MANY = 16
"""Failures among them that open a circuit, although none of them came often enough in a row."""
SICK = 0.3
"""Share of failures among the latest requests from which on one more says nothing about its record."""
LONG = 60 * SECOND
"""A run does not wait for a pause that a system asks for and that is longer than this."""
LUCK = 0.2
"""Pauses are up to this share shorter, so that processes do not all come at once."""


class Trouble(Struct, frozen=True):
    """One failed request: what it says, when it was sent, and for how many microseconds it asks."""

    failure: Failure
    sent_at: Instant

    @property
    def wanted_pause(self) -> int:
        """Microseconds of ``Retry-After``."""
        return int((self.failure.retry_after or 0.0) * SECOND)


class Breaker:
    """The circuit of one connection. Methods that change what has to be kept return True."""

    def __init__(self, circuit: Circuit, rules: CircuitRules) -> None:
        self.circuit = circuit
        self._rules = rules
        self._in_a_row = 0
        self._first_failed_at: Instant = 0
        self._latest: deque[bool] = deque(maxlen=WINDOW)
        self._successes = 0

    @property
    def is_open(self) -> bool:
        """Whether nothing may be sent but a trial."""
        return self.circuit.phase is Phase.OPEN

    @property
    def is_sick(self) -> bool:
        """Whether so much fails that one more failure says nothing about the record that met it."""
        failures = self._latest.count(False)
        return self.circuit.phase is not Phase.CLOSED or failures > SICK * max(len(self._latest), 5)

    def had_outage(self, start: Instant, end: Instant) -> bool:
        """Tell whether the latest outage reached into this time."""
        since, ended = self.circuit.since, self.circuit.ended_at
        return since is not None and since <= end and (ended is None or start <= ended)

    def answered(self, now: Instant) -> bool:
        """Take note of a request that the system answered, whatever it said."""
        self._latest.append(True)
        self._in_a_row = 0
        if self.circuit.phase is not Phase.RECOVERING:
            return False
        self._successes += 1
        if self._successes < self._rules.failures:
            return False
        self.circuit = replace(self.circuit, phase=Phase.CLOSED, tries=0, ended_at=now)
        return True

    def failed(self, trouble: Trouble, now: Instant, *, luck: float) -> bool:
        """Take note of a request that got no answer; ``luck``, from 0 to 1, shortens the pause."""
        if self.is_open:
            # Those that were under way when it opened.
            return False
        if not self._in_a_row:
            self._first_failed_at = trouble.sent_at
        self._in_a_row += 1
        self._latest.append(False)
        if self._is_too_much() or trouble.wanted_pause > LONG:
            self.open(trouble, now, luck=luck)
            return True
        return False

    def _is_too_much(self) -> bool:
        most = self._rules.failures
        if self.circuit.phase is Phase.RECOVERING:
            most = max(1, most // 2)
        return self._in_a_row >= most or self._latest.count(False) >= TOO_MANY

    def open(self, trouble: Trouble, now: Instant, *, luck: float) -> None:
        """Leave the system alone from now on."""
        before = self.circuit
        tries = before.tries + 1 if before.phase is not Phase.CLOSED else 0
        since = before.since if before.phase is not Phase.CLOSED else None
        self.circuit = replace(
            before, phase=Phase.OPEN, cause=str(trouble.failure), remedy=str(trouble.failure.remedy),
            since=since if since is not None else min(self._first_failed_at or now, trouble.sent_at),
            ended_at=None, tries=tries, due_at=now + self._pause(tries, trouble, luck),
        )  # fmt: skip
        self._in_a_row = self._successes = 0
        self._latest.clear()

    def passed(self, now: Instant) -> None:
        """Take note of a trial that was answered: work may go on, slowly at first."""
        self.circuit = replace(self.circuit, phase=Phase.RECOVERING, ended_at=now)
        self._in_a_row = self._successes = 0

    def _pause(self, tries: int, trouble: Trouble, luck: float) -> int:
        rules = self._rules
        # Beyond 2**32 the longest pause has long been reached.
        pause = min(rules.pause * 2 ** min(tries, 32), rules.longest_pause)
        return max(int(pause * (1 - LUCK * luck) * SECOND), trouble.wanted_pause)
