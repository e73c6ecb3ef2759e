"""One chaos run: a sandbox, its shoppers and its weather, a project, and a process that is killed again and again."""

from __future__ import annotations

import math
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from m3nop.sandbox.seed import seed as seed_books
from m3nop.sandbox.server import Serving
from m3nop.sandbox.world import World
from tests.chaos.figures import Figures
from tests.chaos.shoppers import Shoppers
from tests.chaos.verdict import Verdict, judge, reading, unrecorded
from tests.chaos.weather import Weather
from tests.end_to_end.children import CLOCK
from tests.end_to_end.conftest import lay_out

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.end_to_end.children import Child

MINUTE = 60
HOUR = 3600
BACKLOG = 40
"""Shoppers wait while so many orders are not in M3 yet."""
_TICK = 0.02
_EARLY = 0.1
"""How many processes may die before their first request."""
_LIFE = {"official": 150, "oss": 60}
"""Requests that a process lives to make, on the average: time would be less on a slow machine.

An order that is looked at again costs one request in the one dialect, and eight in the other.
"""
_PATIENCE = 40.0
_ENDINGS = {"kill": 60, "crash point": 25, "terminate": 6, "stop and kill": 5, "none": 4}
_CODES = frozenset({0, 1, 4, 7})
"""How a run may end that nobody killed: done, with records for a person, a system away, paused."""
_PAUSED = 7
_OPEN_RECORDS = """
    select count(*) from records where state in ('ready', 'in_flight', 'blocked', 'pending')
"""
_OPEN_SWEEPS = "select count(*) from attempts where sweep_at is not null"


class Arena:
    """Everything of one run, in one dialect of the shop."""

    def __init__(self, root: Path, *, dialect: str, seed: int) -> None:
        name = f"{seed} {dialect}"
        self._dialect = dialect
        self.figures = Figures()
        self.strange: list[str] = []
        """What no process may do, whatever happens to it."""
        self._chance = random.Random(f"{name} endings")  # noqa: S311
        self.world = World(seed=seed)
        seed_books(self.world)
        self._entered_before = len(self.world.books.table("m3.orders"))
        self.shoppers = Shoppers(self.world, seed=name)
        self.weather = Weather(self.world, seed=name)
        self._serving = Serving(self.world)
        self.project = lay_out(root, 1, self._serving, dialect=dialect, change=_settings)
        self._clock = root / "clock.txt"
        self._clock.write_text("0", encoding="ascii")
        self.project.environ[CLOCK] = str(self._clock)

    def close(self) -> None:
        """Stop the sandbox and look whether it failed itself."""
        self._serving.close()
        self.strange += [f"the sandbox failed: {error!r}" for error in self.world.failures]

    def storm(self, seconds: float, *, rate: float = 4.0) -> None:
        """Let it all happen: orders at a rate in a second, faults, and one process after the other that dies."""
        end, self._next_order, self._pause = time.monotonic() + seconds, 0.0, 1 / rate
        told = time.monotonic()
        while time.monotonic() < end:
            self._live(self._choose_ending(), until=end)
            if time.monotonic() - told > MINUTE:
                told = time.monotonic()
                self._tell(end - told)

    def calm(self, *, rounds: int = 12) -> None:
        """Let nothing go wrong any more, until nothing is left to do; hours pass meanwhile."""
        self.weather.calm = True
        self.shoppers.go_on(to_the_end=True)
        # A system that was left alone is tried again.
        self._let_pass(HOUR)
        for turn in range(rounds):
            self._run_quietly()
            if turn >= 1 and not self._left(_OPEN_RECORDS):
                break
            self._let_pass(HOUR)
        self._let_pass(25 * HOUR)
        self._run_quietly()
        if self._left(_OPEN_RECORDS) or self._left(_OPEN_SWEEPS):
            self._run_quietly()

    def verdict(self) -> Verdict:
        """Judge, and complete the figures."""
        verdict = judge(
            self.world, self.shoppers.placed.values(), self.project.state_file, prefixes=("B2C-", "B2B-")
        )
        placed = self.shoppers.placed.values()
        self.figures.count("orders placed", len(placed))
        self.figures.count("orders to be entered", sum(one.eligible for one in placed))
        self.figures.count("orders entered once", len({one.reference for one in placed if one.eligible}
                                                      - {*verdict.missing, *verdict.doubled}))  # fmt: skip
        self.figures.take("orders of kind", Counter(one.kind for one in placed))
        self.figures.take("faults injected", self.weather.struck)
        self.figures.take_from_state(self.project.state_file)
        return verdict

    def _wonder(self, what: str) -> None:
        self.strange.append(what)
        sys.stderr.write(f"{self._dialect}: {what}\n")

    def _tell(self, left: float) -> None:
        kills, placed = self.figures.counts["kills survived"], len(self.shoppers.placed)
        wrong = f", {len(self.strange)} strange" if self.strange else ""
        sys.stderr.write(f"{self._dialect}: {kills} kills, {placed} orders{wrong}; {left:.0f} s left\n")

    def _choose_ending(self) -> str:
        return self._chance.choices(list(_ENDINGS), weights=list(_ENDINGS.values()))[0]

    def _live(self, ending: str, *, until: float) -> None:
        """Run once, and let the run end in this way."""
        point = {"M3NOP_CRASHPOINT": f"*#{self._chance.randint(3, 120)}"} if ending == "crash point" else {}
        child = self.project.start("sync", "orders", **point)
        self.figures.count("runs")
        patient, early = ending in {"none", "crash point"}, self._chance.random() < _EARLY
        last = (
            math.inf
            if patient
            else self.weather.requests + self._chance.expovariate(1 / _LIFE[self._dialect])
        )
        self._pass_time(
            lambda: not child.process.is_alive() or self.weather.requests > last,
            until=until,
            most=self._chance.uniform(0, 1) if early else _PATIENCE,
        )
        if child.process.is_alive():
            _WAYS[ending](self, child)
        self._look_at(child)

    def _pass_time(
        self, over: Callable[[], bool] = lambda: False, *, most: float, until: float = math.inf
    ) -> None:
        """Let the shoppers be busy until something is over, or for so many seconds."""
        end = min(time.monotonic() + most, until)
        while not over() and time.monotonic() < end:
            self.shoppers.go_on()
            if time.monotonic() >= self._next_order and self._backlog() < BACKLOG:
                self.shoppers.place()
                self._next_order = time.monotonic() + self._pause
            threading.Event().wait(_TICK)

    def _backlog(self) -> int:
        entered = len(self.world.books.table("m3.orders")) - self._entered_before
        return sum(one.eligible for one in self.shoppers.placed.values()) - entered

    def _kill(self, child: Child) -> None:
        child.process.kill()

    def _terminate(self, child: Child) -> None:
        child.process.terminate()

    def _stop_and_kill(self, child: Child) -> None:
        """Stop it for a while, in which nobody else may take its place; then let it go on, and kill it."""
        pid = child.process.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        second = self.project.run("sync", "orders")
        # The first may just have given the state back when it was stopped.
        self.figures.count(f"runs beside a stopped one that ended with {second.code}")
        if second.code not in {5, *_CODES}:
            self._wonder(f"a run beside a stopped one ended with {second.code}: {second.err}")
        self._pass_time(most=self._chance.uniform(0.2, 4))
        os.kill(pid, signal.SIGCONT)
        self._pass_time(lambda: not child.process.is_alive(), most=self._chance.uniform(0.05, 1.5))
        child.process.kill()

    def _look_at(self, child: Child) -> None:
        try:
            ended = child.wait(60)
        except TimeoutError as error:
            self._wonder(f"a run did not end: {error}")
            return
        if ended.code == -signal.SIGKILL:
            self.figures.count("kills survived")
            self._look_behind()
        elif ended.code in {128 + signal.SIGTERM, -signal.SIGTERM}:
            # The latter before it had begun anything.
            self.figures.count("runs that were asked to end")
        else:
            self.figures.count(f"runs that ended with {ended.code}")
            if ended.code == _PAUSED:
                # A system is left alone for minutes, for which nobody wants to wait here.
                self._let_pass(MINUTE)
            if ended.code not in _CODES or "Traceback" in ended.err:
                self._wonder(f"a run ended with {ended.code}: {ended.err[-2000:]}")

    def _look_behind(self) -> None:
        """Look at what a killed process has left."""
        if not self.project.state_file.exists():
            return
        with reading(self.project.state_file) as db:
            if not db.execute("select 1 from sqlite_master where name = 'calls'").fetchall():
                return
            under_way = db.execute("select count(*) from calls where state = 'sent'").fetchone()[0]
        self.figures.count("kills with calls under way", bool(under_way))
        self.figures.count("calls under way at a kill", under_way)
        lost = unrecorded(self.project.state_file, self.shoppers.placed.values())
        for reference in lost:
            self._wonder(f"{reference} is below the watermark without a record")

    def _run_quietly(self) -> None:
        ended = self.project.start("sync", "orders").wait(240)
        self.figures.count(f"runs afterwards that ended with {ended.code}")
        if ended.code not in {0, 1}:
            self._wonder(f"a run without faults ended with {ended.code}: {ended.err[-2000:]}")

    def _let_pass(self, seconds: int) -> None:
        self.world.clock.advance(seconds)
        ahead = float(self._clock.read_text(encoding="ascii")) + seconds
        self._clock.write_text(str(ahead), encoding="ascii")

    def _left(self, query: str) -> int:
        with reading(self.project.state_file) as db:
            left: int = db.execute(query).fetchone()[0]
        return left


_WAYS = {
    "kill": Arena._kill,
    "none": Arena._kill,
    "crash point": Arena._kill,
    "terminate": Arena._terminate,
    "stop and kill": Arena._stop_and_kill,
}


def _settings(text: str) -> str:
    """Serve both stores at once, guests by e-mail in one of them, and what is sent settles quickly."""
    stores = """    stores:
      b2c: {settings: {guest_policy: per_email}, pipelines: {orders: {source: {quiet: 1s}}}}
      b2b: {pipelines: {orders: {source: {quiet: 1s}}}}
"""
    changed = text.replace("timeout: 0.5s, settle_after: 0.7s", "timeout: 1s, settle_after: 3s")
    assert changed != text
    return changed + stores
