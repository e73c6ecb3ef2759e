"""The first part of a run: every source is read, those of several systems beside each other.

What one system is asked stays in the order of the run: once it does not answer, nothing more is asked of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.errors import AccessError, PausedError, SourceError
from m3nop.core.records import RecordState
from m3nop.engine.beside import Beside, request
from m3nop.engine.named import Named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from m3nop.core.clock import Clock
    from m3nop.core.errors import M3nopError
    from m3nop.core.state import State
    from m3nop.engine.beside import Asking
    from m3nop.engine.circuits import Circuits
    from m3nop.engine.intake import Intake
    from m3nop.engine.ports import Job, Tools
    from m3nop.engine.recheck import Recheck
    from m3nop.engine.wish import Wish

APART = (AccessError, SourceError, PausedError)
"""What stops one pipeline, while the others go on."""


class Reading:
    """Takes in what is new, and looks again at what may have changed."""

    def __init__(
        self, state: State, tools: Tools, jobs: Mapping[str, Job], circuits: Circuits, *, intake: Intake,
        recheck: Recheck, clock: Clock, meanwhile: bool = False,
    ) -> None:  # fmt: skip
        """Take in pages while records are delivered, where these may be delivered ``meanwhile``."""
        self._state = state
        self._tools = tools
        self._jobs = jobs
        self._circuits = circuits
        self._intake = intake
        self._recheck = recheck
        self._clock = clock
        self._meanwhile = meanwhile
        self.count = 0
        """How many rows came."""
        self.failed: dict[str, M3nopError] = {}
        """Why pipelines could not be read."""
        self._parts: Iterator[Beside] = iter(())
        self._part: Beside | None = None

    def begin(self, wish: Wish, failed: Mapping[str, M3nopError]) -> None:
        """Begin to read for the pipelines of a run, but for those that have ``failed`` already."""
        self.failed = dict(failed)
        self._parts = self._every_part(wish)

    def go_on(self, wait: float | None = None) -> bool:
        """Wait for an answer, at most so many seconds, and go on; False once everything is read.

        Raises:
            M3nopError: something concerns all pipelines.
        """
        if self._part is None or not self._part.go_on(wait):
            self._part = next(self._parts, None)
        return self._part is not None

    def beside_delivery(self) -> bool:
        """Tell whether there is so much to read that what is known is better delivered meanwhile.

        From then on no request is made in the thread that decides.
        """
        return self._part is not None and self._is_long()

    def _is_long(self) -> bool:
        return self._meanwhile and self._intake.is_long

    def close(self) -> None:
        """Read nothing more."""
        if self._part is not None:
            self._part.close()

    def _every_part(self, wish: Wish) -> Iterator[Beside]:
        yield from self._read_orders_first(wish)

        named = Named(self._state, intake=self._intake, recheck=self._recheck)

        def read(name: str) -> Asking[None]:
            if wish.named.get(name):
                # First, so that what was announced is known when the rest is read.
                self._add((yield from named.look(self._jobs[name], wish.named[name])))
            if wish.polled is None or name in wish.polled:
                every = self._intake.read(self._jobs[name], since=wish.since, full=wish.full)
                self._add((yield from every))
            if not wish.only_look:
                yield from self._recheck.look(self._jobs[name])
                for needed in self._needed(name, wish):
                    # What waits there keeps records of this run waiting, who may run alone for ever.
                    yield from self._recheck.look(self._jobs[needed], (RecordState.WAITING,))

        yield from self._read(wish.pipelines, read)
        self._stop_beside_unread_orders(wish)
        # By the order of the run, not by who failed first.
        self.failed = {name: self.failed[name] for name in wish.pipelines if name in self.failed}

    def _add(self, count: int) -> None:
        # Not `+=` with `yield from`, which adds to what the number was before the others went on.
        self.count += count

    def _needed(self, name: str, wish: Wish) -> list[str]:
        """Name the pipelines that a pipeline's records may wait for, and that this run does not read."""
        needed: list[str] = []
        todo = [name]
        while todo:
            more = self._jobs[todo.pop()].any.requires - {*needed, *wish.pipelines}
            needed += sorted(more)
            todo += more
        return needed

    def _read_orders_first(self, wish: Wish) -> Iterator[Beside]:
        """Take in the orders that pipelines have to reckon with (``in_flight``); they are not delivered here.

        Only of pipelines that have run before: which orders are to be entered at all is not decided here.
        """
        reckon = self._reckoning(wish)
        if not reckon:
            return
        orders = [
            name
            for name in self._tools.orders
            if name in self._jobs and name not in wish.pipelines and self._state.identity(name) is not None
        ]

        def read(name: str) -> Asking[None]:
            yield from self._intake.read(self._jobs[name])

        yield from self._read(orders, read)
        for name in orders:
            error = self.failed.pop(name, None)
            if error is not None:
                self.failed.update({one: error for one in reckon if one not in self.failed})

    def _stop_beside_unread_orders(self, wish: Wish) -> None:
        """Stop what reckons with orders of a shop that it writes to, where this run cannot read them."""
        for orders in self._tools.orders:
            if orders in wish.pipelines and orders in self.failed:
                shop, error = self._jobs[orders].any.source.connection, self.failed[orders]
                stopped = [name for name in self._reckoning(wish) if shop in self._jobs[name].any.connections]
                self.failed.update({name: error for name in stopped if name not in self.failed})

    def _reckoning(self, wish: Wish) -> list[str]:
        jobs = {name: self._jobs[name] for name in wish.pipelines}
        return [
            name for name, job in jobs.items() if any(one.asks_in_flight for one in job.by_store.values())
        ]

    def _read(self, names: Iterable[str], read: Callable[[str], Asking[None]]) -> Iterator[Beside]:
        systems: dict[str, list[str]] = {}
        for name in names:
            systems.setdefault(self._jobs[name].any.source.connection, []).append(name)
        # What lies in the state (links, what is known of an order) is what the systems told just before.
        own = systems.pop("", [])
        yield self._beside([self._in_turn(some, read) for some in systems.values()])
        yield self._beside([self._in_turn(own, read)])

    def _beside(self, works: Sequence[Asking[None]]) -> Beside:
        return Beside(works, self._tools.executor, is_long=self._is_long)

    def _in_turn(self, names: Iterable[str], read: Callable[[str], Asking[None]]) -> Asking[None]:
        for name in names:
            self.failed.update(held(self._jobs, [name], self._circuits))
            if name in self.failed:
                continue
            try:
                yield from read(name)
            except APART as error:
                self.failed[name] = error
                yield from self._find_out(self._jobs[name].any.source.connection, error)

    def _find_out(self, connection: str, error: M3nopError) -> Asking[None]:
        """Find out by a trial whether what failed concerns the whole system."""
        if self._circuits.is_doubtful(connection, error):
            asked_at = self._clock.now()
            found = yield from request(self._tools.connections[connection].trial)
            self._circuits.tried(connection, found, asked_at=asked_at)


def held(jobs: Mapping[str, Job], names: Iterable[str], circuits: Circuits) -> dict[str, M3nopError]:
    """Say which pipelines cannot be run, because a system that they need is left alone."""
    needed = {name: sorted(jobs[name].any.connections) for name in names}
    refusals = {name: next(filter(None, map(circuits.refusal, needed[name])), None) for name in needed}
    return {name: error for name, error in refusals.items() if error is not None}
