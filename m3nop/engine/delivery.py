"""Delivers records: claims a set, and drives each through its steps until nothing is due.

One thread owns the state and all the decisions; others only carry requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.clock import SECOND
from m3nop.core.connector import Failure, Remedy
from m3nop.core.errors import M3nopError, PausedError
from m3nop.core.records import CallState, RecordState
from m3nop.engine import actions
from m3nop.engine.advance import advance
from m3nop.engine.answers import Answers
from m3nop.engine.claims import CLAIM, Claims, FetchFailed
from m3nop.engine.endings import Endings
from m3nop.engine.lanes import fatal
from m3nop.engine.lookout import Lookout
from m3nop.engine.work import failure_json
from m3nop.mapping.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.core.clock import Instant
    from m3nop.engine.limits import Gate
    from m3nop.engine.parts import Parts
    from m3nop.engine.reading import Reading
    from m3nop.engine.wish import Wish
    from m3nop.engine.work import Work

_STEPS_PER_ANSWER = 10_000


class Delivery:
    """Drives claimed records until nothing is due."""

    def __init__(
        self, parts: Parts, wish: Wish, *, gates: Mapping[str, Gate] | None = None,
        failed: Mapping[str, M3nopError] | None = None, reading: Reading | None = None,
    ) -> None:  # fmt: skip
        """Go on with ``reading`` until everything is read."""
        self._parts = parts
        self._reading = reading
        self._wanted = wish.pipelines
        self._answers = Answers(parts)
        lookout = Lookout(parts, self._answers, wish) if wish.only_look else None
        self._claims = lookout or Claims(parts, self._answers, wish)
        self._gates: Mapping[str, Gate | Lookout] = (
            dict.fromkeys(parts.jobs, lookout) if lookout is not None else gates or {}
        )
        self._active: dict[int, Work] = {}
        self._endings = Endings(parts, self._answers, self._active)
        self._error: M3nopError | None = None
        self.failed = dict(failed or {})
        """Why pipelines are left alone for the rest of the run, while others go on."""
        self._claims.leave_out(self.failed)

    def drain(self) -> tuple[int, int]:
        """Work until nothing is due any more; return how many records and how many sweeps were taken.

        Raises:
            M3nopError: a system, or the state, does not work; every record is where the next run finds it.
        """
        taken, swept = 0, self._sweep()
        try:
            while True:
                if not self._halted():
                    taken += self._refill()
                    self._answers.send_waiting()
                self._parts.outbox.commit()
                self._read_on()
                if self._is_over():
                    break
                self._collect()
        finally:
            self._put_back()
        if self._error is not None:
            raise self._error
        return taken, swept

    def _read_on(self) -> None:
        """Take in what has come from the sources meanwhile; with nothing else to do, wait for it."""
        if self._reading is None or self._halted():
            return
        idle = not self._parts.lanes.under_way and not self._parts.lanes.waiting
        reading = self._reading
        if not reading.go_on(0.2 if idle else 0):
            self._reading = None
        for name in reading.failed.keys() - self.failed.keys():
            self._fail({name}, reading.failed[name])
        if all(name in reading.failed for name in self._wanted):
            self._error = reading.failed[self._wanted[0]]

    def _sweep(self) -> int:
        works = list(self._claims.sweeps())
        for work in works:
            self._active[work.record.id] = work
            self._drive(work, self._parts.clock.now())
        # Those that cannot be swept yet can be claimed from then on.
        self._parts.outbox.commit()
        return len(works)

    def _refill(self) -> int:
        """Claim records when half of the slots are free."""
        # Not beside a sweep, which could take a new document of its record for an orphan.
        if any(work.sweeping for work in self._active.values()):
            return 0
        if len(self._active) >= CLAIM // 2 or self._is_closed():
            return 0
        try:
            taken, works = self._claims.take(CLAIM - len(self._active))
        except FetchFailed as failed:
            # Which pipelines it concerns is the same as for a call that fails.
            self._parts.circuits.suspect(failed.connection, failed.error)
            self._blame(failed.connection, failed.error)
            return 0
        self._look_up_links(works)
        now = self._parts.clock.now()
        for work in works:
            self._active[work.record.id] = work
            self._drive(work, now)
        return taken

    def _look_up_links(self, works: Sequence[Work]) -> None:
        """Find what records need of others before anything else, for all of them at once."""
        needed: dict[str, dict[str, list[Work]]] = {}
        for work in works:
            need = advance(work, self._parts.clock.now()) if work.pipeline.requires else None
            if isinstance(need, actions.NeedLink):
                needed.setdefault(need.pipeline, {}).setdefault(need.key, []).append(work)
        for pipeline, by_key in needed.items():
            for link in self._parts.state.links(pipeline, keys=list(by_key)):
                for work in by_key[link.key]:
                    work.links[pipeline, link.key] = link

    def _is_closed(self) -> bool:
        """Tell whether a maintenance window has begun; what is under way is finished, nothing is begun."""
        reason = self._parts.tools.closed(self._parts.clock.now())
        if reason and not self._active:
            self._error = PausedError(f"{reason}; the rest is kept, run again later")
        return bool(reason)

    def _is_over(self) -> bool:
        """Tell whether there is no answer and nothing else to wait for."""
        if self._parts.lanes.under_way:
            return False
        if self._halted():
            return True
        if self._reading is not None:
            self._pause_if_waiting()
            return False
        return not self._pause_if_waiting() and not self._active

    def _halted(self) -> bool:
        return self._error is not None or bool(self._parts.tools.stop)

    def _pause_if_waiting(self) -> bool:
        """Wait for a connection that asked for a pause; False if nothing waits for one."""
        until = self._parts.lanes.resume_at()
        if until is None:
            return False
        left = until - self._parts.clock.now()
        if left > 0:
            self._parts.clock.wait(min(left / SECOND, 0.5))
        return True

    def _collect(self) -> None:
        longest = 0.2 if self._reading is None else 0.01
        arrived = self._parts.lanes.collect(wait=longest if self._parts.lanes.under_way else 0)
        self._answers.absorb(arrived)
        now = self._parts.clock.now()
        for waiting, answer in arrived:
            error = None if answer.failure is None else fatal(waiting, answer)
            if error is not None:
                self._blame(waiting.send.target.connection, error)
                self._parts.circuits.suspect(waiting.send.target.connection, error)
            work = waiting.work
            # An answer that ends the run decides nothing about the record that happened to get it.
            if self._error is not None or work.record.id not in self._active:
                continue
            if work.record.pipeline in self.failed:
                self._endings.let_go(work)
            else:
                self._drive(work, now)
        for connection, error in self._parts.circuits.trouble().items():
            self._blame(connection, error)

    def _blame(self, connection: str, error: M3nopError) -> None:
        """Leave the pipelines of a system alone that does not work; if none is left, the run is over."""
        jobs = self._parts.jobs
        hit = {name for name in jobs if connection in jobs[name].any.connections} - self.failed.keys()
        self._fail(hit, error)

    def _fail(self, hit: set[str], error: M3nopError) -> None:
        self.failed.update(dict.fromkeys(hit, error))
        if all(name in self.failed for name in self._parts.jobs):
            self._error = self._error or error
        elif hit:
            self._claims.leave_out(hit)
            for waiting in self._parts.lanes.drop_waiting(hit):
                self._endings.let_go(waiting.work)

    def _put_back(self) -> None:
        """Leave every record that is still claimed where the next run takes it up."""
        self._parts.lanes.drop_waiting()
        for work in list(self._active.values()):
            self._endings.let_go(work)
        self._active.clear()
        self._parts.outbox.commit()

    def _drive(self, work: Work, now: Instant) -> None:
        """Follow one record until it needs an answer, or comes to rest."""
        gate = self._gates.get(work.record.pipeline)
        for _ in range(_STEPS_PER_ANSWER):
            ending = self._follow(work, advance(work, now))
            if ending is not None:
                if gate is None or not self._is_held(work, ending, gate):
                    self._endings.leave(work, ending)
                return
        key = work.record.key
        msg = f"record {key} makes no progress; please report this with `m3nop trace {key}`"
        raise M3nopError(msg)

    def _is_held(self, work: Work, action: actions.Ending, gate: Gate | Lookout) -> bool:
        """Tell whether a record goes no further: to the end of its rehearsal, or where nothing is entered."""
        try:
            if not gate.holds(work, action):
                return False
        except EvaluationError as error:
            failure = Failure(Remedy.CONFIGURATION, str(error))
            self._endings.leave(work, actions.Stop(RecordState.DEAD, str(error), failure, "limits"))
            return True
        except PausedError as error:
            self._fail({work.record.pipeline}, error)
            self._endings.let_go(work)
            return True
        del self._active[work.record.id]
        return True

    def _follow(self, work: Work, action: actions.Action) -> actions.Ending | None:
        """Carry out a decision that leads on to the next one; hand back one that ends the record's turn."""
        match action:
            case actions.Send():
                return action
            case actions.NeedLink():
                return None if self._resolve(work, action) else action
            case actions.Settle():
                self._answers.settle(work, action)
            case actions.Refuse():
                line = work.log[action.path]
                line.state, line.failure = CallState.REFUSED, failure_json(action.failure)
                self._parts.outbox.answer(line)
                work.walk_again()
            case actions.Undo():
                self._endings.undo(work, action)
            case _:
                return action
        return None

    def _resolve(self, work: Work, need: actions.NeedLink) -> bool:
        link = self._parts.state.link(need.pipeline, need.key)
        if link is None:
            return False
        work.links[need.pipeline, need.key] = link
        return True
