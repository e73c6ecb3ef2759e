"""Keeps the schedules in one process: its thread owns the state and makes every run, one at a time."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Protocol

from m3nop.app.retention import forget_what_is_old, prune_what_is_old
from m3nop.core.clock import DAY, MINUTE, SECOND
from m3nop.core.errors import (
    BusyError,
    ConfigurationError,
    M3nopError,
    PausedError,
    StateError,
    UsageError,
    let_go,
)
from m3nop.engine.ports import StopSignal
from m3nop.engine.wish import Wish
from m3nop.serve.events import events_of, forget
from m3nop.serve.front import Front
from m3nop.serve.log import RunLog
from m3nop.serve.timetable import Plan, Timetable
from m3nop.serve.vitals import Vitals
from m3nop.serve.wakes import Wake
from m3nop.serve.watch import ServiceWatch
from m3nop.spec.service import schedule_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from m3nop.app.session import Session
    from m3nop.core.clock import Instant
    from m3nop.engine.run import Summary
    from m3nop.serve.events import Batch, Events
    from m3nop.serve.log import Log
    from m3nop.serve.notify import Notifier
    from m3nop.serve.wakes import Wakes

LAST = "schedule:"
"""Under this partition of its watermarks a pipeline keeps when its schedule was last kept."""
TICK = 1.0
"""Seconds after which the service looks at the clock again in any case: it may have been set."""


class Opening(Protocol):
    """Opens the project as it is on disk now, and names the pipelines to run."""

    def __call__(self) -> tuple[Session, tuple[str, ...]]:
        """Open it.

        Raises:
            M3nopError: it has problems, or there is nothing to run.
        """
        ...


class Heart(StopSignal):
    """A stop signal that shows by being looked at that its run goes on: a run looks between two requests."""

    def __init__(self, beat: Callable[[], object]) -> None:
        super().__init__()
        self._beat = beat

    def __bool__(self) -> bool:
        self._beat()
        return super().__bool__()


class Service:
    """Runs pipelines when they are due, until it is told to stop."""

    def __init__(
        self, opening: Opening, *, log: Callable[[Session], Log], wakes: Wakes, notifier: Notifier,
        spread: Callable[[], float], listens: bool = True,
    ) -> None:  # fmt: skip
        self._opening = opening
        self._listens = listens
        self._wakes = wakes
        self._notifier = notifier
        self._spread = spread
        self._session, self._names = opening()
        self._clock = self._session.clock
        self._log = log(self._session)
        self.stop = Heart(self._beat)
        """Asks the service to end, once what is under way has ended in order; safe in a signal handler."""
        now = self._clock.now()
        self.vitals = Vitals(started_at=now, loaded_at=now, pipelines=self._names)
        self._parked: Instant | None = None
        """When a record that was put down falls due; 0 where that has to be found out."""
        self._forgot_at = self._collected_at = 0
        self._stuck = 0
        """How many runs in a row have left something due as it was."""
        self._timetable: Timetable
        self._events: Events
        self._front: Front | None = None
        self._watch = ServiceWatch(
            lambda: self._session, vitals=self.vitals, answers=self._answers,
            warn=lambda text: self._log.say("watch", text),
        )  # fmt: skip

    # -- the life of the service

    def run(self) -> None:
        """Open the state, keep the schedules, end in order.

        Raises:
            BusyError: another process owns the state.
            StateError: the state cannot be used any more.
        """
        try:
            self._open()
            self._log.say("started", f"{', '.join(self._names)} in {self._session.place.environment}")
            self._notifier.ready()
            self._notifier.keep_fed(lambda: self._watch.is_well)
            while not self.stop:
                self._turn()
            self._log.say("stopping", f"asked to end by {self.stop.reason}")
        finally:
            self.vitals.stopping = True
            self._notifier.stopping()
            if self._front is not None:
                self._front.close()
            self._watch.close()
            self._session.close()
            self._notifier.close()

    def _open(self) -> None:
        """Take the state, make the timetable, and let events in.

        Raises:
            M3nopError: one of them cannot be.
        """
        state = self._session.state()
        self._timetable, self._events = self._plan()
        self._parked = 0
        if self._listens:
            self._front = Front(
                self._session, state, log=self._log, clock=self._clock,
                came=lambda: self._wakes.ring(Wake.EVENT), more=self._watch.routes(),
            )  # fmt: skip
        self._watch.start()

    def _turn(self) -> None:
        """Do what is due, or wait for it."""
        now = self._clock.now()
        self._tend(now)
        # Also where one run follows the other, so that a reload need not wait for a pause.
        self._heed(self._wakes.wait(0))
        due = self._timetable.due(now)
        batch = self._events.take(self._session.state())
        if due or batch.ids or batch.ignored or self._is_parked_due(now):
            self._run(due, batch, now)
            return
        later = [one for one in (self._timetable.next_due(), self._parked) if one is not None]
        seconds = min([TICK, *((one - now) / SECOND for one in later)])
        self._heed(self._wakes.wait(max(seconds, 0.0)))

    def _heed(self, wakes: set[Wake]) -> None:
        if Wake.RELOAD in wakes:
            self._reload()

    def _tend(self, now: Instant) -> None:
        """Do what has to be done now and then, between runs."""
        self._beat()
        if self._front is not None:
            self._front.tick()
        if now - self._collected_at >= MINUTE:
            # Left to itself the collector looks at old objects once they have become a quarter more.
            self._collected_at = now
            gc.collect()
        if now - self._forgot_at >= DAY:
            self._forgot_at = now
            forget(self._session.state(), now=now)
            forget_what_is_old(self._session)
            prune_what_is_old(self._session, actor="m3nop run")

    def _beat(self) -> None:
        self.vitals.beat_at = self._clock.now()
        self._watch.beat()

    def _answers(self) -> Mapping[tuple[str, int], int]:
        return {} if self._front is None else self._front.answers

    # -- runs

    def _is_parked_due(self, now: Instant) -> bool:
        return self._parked is not None and self._parked <= now

    def _fallen_due(self, now: Instant) -> tuple[str, ...]:
        """Name the pipelines with records that were put down and are due by now."""
        if not self._is_parked_due(now):
            return ()
        state = self._session.state()
        times = {
            name: _earliest(state.next_due([name], sweeps=False), state.next_look([name]))
            for name in self._names
        }
        sweep = state.next_due([])
        self._parked = _earliest(sweep, *times.values())
        due = tuple(name for name, time in times.items() if time is not None and time <= now)
        return due or (self._names if sweep is not None and sweep <= now else ())

    def _run(self, due: tuple[str, ...], batch: Batch, now: Instant) -> None:
        """Make one run of all that is due, was named by an event, or was put down until now."""
        names = tuple(
            name for name in self._names if name in {*due, *batch.pipelines, *self._fallen_due(now)}
        )
        failed = self._try(names, due, batch, now) if names else {}
        if not self.stop:
            # What was due or named and not looked at, because the service is to end, is for the next one.
            self._keep([name for name in due if name not in failed], now)
            # Of a pipeline that another service runs it is enough that its records are due there.
            elsewhere = batch.pipelines - set(self._names)
            self._events.settle(
                self._session.state(), batch, failed={*failed, *elsewhere}, now=self._clock.now()
            )
        self._ended(names, failed)

    def _try(
        self, names: tuple[str, ...], due: tuple[str, ...], batch: Batch, now: Instant
    ) -> Mapping[str, str]:
        """Make a run; return why pipelines could not be run.

        Raises:
            StateError, BusyError: the state cannot be used any more.
        """
        self.vitals.running = names
        self._timetable.begun(due, now)
        try:
            wish = Wish(
                names, polled=frozenset({*due, *batch.polled}), named=batch.named, linger=0.0, command="run",
                announced=self._events.announced,
            )  # fmt: skip
            return {name: str(error) for name, error in self._make(wish).failed.items()}
        except (StateError, BusyError):
            # Nothing more is written to it: whoever started this process starts it again.
            raise
        except M3nopError as error:
            self._complain(names, error)
            let_go(error)
            return dict.fromkeys(names, str(error))
        finally:
            self.vitals.running = ()

    def _make(self, wish: Wish) -> Summary:
        shown, names = RunLog(self._log, beat=self._beat), wish.pipelines
        with self._watch.run(names, shown, scheduled=sorted(wish.polled or ())) as run:
            engine = self._session.engine(names, observer=run.observer, stop=self.stop)
            summary = run.summary = engine.run(wish)
        counts = {name: count for name, count in {"read": summary.read, **summary.counts}.items() if count}
        if counts or summary.error is not None:
            done = ", ".join(f"{count} {name}" for name, count in counts.items()) or "nothing done"
            why = f"; {summary.error}" if summary.error is not None else ""
            self._log.say(
                "run", f"{', '.join(names)}: {done}{why}", pipelines=list(names), counts=counts,
                result=summary.result,
            )  # fmt: skip
        for error in summary.failed.values():
            let_go(error)
        return summary

    def _keep(self, due: Sequence[str], now: Instant) -> None:
        """Write down that schedules were kept, so that a restart neither repeats one nor forgets one."""
        if not due:
            return
        with self._session.state().transaction() as tx:
            for name in due:
                tx.set_watermark(name, LAST, str(now), now=now)

    def _ended(self, names: tuple[str, ...], failed: Mapping[str, str]) -> None:
        now = self._clock.now()
        well = [name for name in names if name not in failed]
        self._timetable.ended(well)
        self._timetable.failed(failed, now)
        self.vitals.succeeded_at = {**self.vitals.succeeded_at, **dict.fromkeys(well, now)}
        self.vitals.errors = {
            name: text for name, text in {**self.vitals.errors, **failed}.items() if name not in well
        }
        # What failed would fall due at once again: it waits for its pause.
        others = [name for name in self._names if name not in self.vitals.errors]
        state = self._session.state()
        self._parked = self._not_at_once(_earliest(state.next_due(others), state.next_look(others)), now)

    def _not_at_once(self, due: Instant | None, now: Instant) -> Instant | None:
        """Put off what the run has left as it was, longer each time, so that no run is made for nothing."""
        self._stuck = self._stuck + 1 if due is not None and due <= now else 0
        return now + min(2**self._stuck, 60) * SECOND if due is not None and self._stuck else due

    def _complain(self, names: tuple[str, ...], error: M3nopError) -> None:
        """Say why a run could not be made, once for each reason."""
        known = {self.vitals.errors.get(name) for name in names}
        if known != {str(error)}:
            kind = "paused" if isinstance(error, PausedError) else "failed"
            self._log.say(kind, f"{', '.join(names)}: {error}", pipelines=list(names), error=str(error))

    # -- configuration

    def _plan(self) -> tuple[Timetable, Events]:
        """Make the timetable, and find out what events wake.

        Raises:
            UsageError: nothing would ever run.
        """
        project, state = self._session.project, self._session.state()
        found = {name: schedule_of(project, name) for name in self._names}
        plans = {name: Plan(*one) for name, one in found.items() if one is not None}
        events = events_of(self._session, {*self._session.enabled(), *self._names})
        if not plans and not events.wakes & set(self._names):
            msg = f"nothing would ever run: none of {', '.join(self._names)} has a `schedule` or a `trigger`"
            raise UsageError(msg)
        marks = {name: state.watermark(name, LAST) for name in plans}
        last = {name: None if mark is None else int(mark) for name, mark in marks.items()}
        return Timetable(plans, last, now=self._clock.now(), spread=self._spread), events

    def _reload(self) -> None:
        """Read the project again; one with problems is refused as a whole, and the old one goes on."""
        self._notifier.reloading()
        before = (self._session, self._names)
        try:
            self._swap()
        except M3nopError as error:
            self.vitals.reload_error = str(error)
            problems = error.problems if isinstance(error, ConfigurationError) else ()
            lines = "".join(f"\n  {problem}" for problem in problems)
            self._log.say(
                "reload_refused", f"the old configuration goes on: {error}{lines}", error=str(error)
            )
            self._session, self._names = before
        else:
            before[0].close()
            self.vitals.loaded_at, self.vitals.reload_error = self._clock.now(), ""
            self.vitals.pipelines = self._names
            self._log.say("reloaded", f"the configuration was read again: {', '.join(self._names)}")
        self._notifier.ready()

    def _swap(self) -> None:
        """Put a new session in place of the present one; the state goes over to it.

        Raises:
            M3nopError: it is not fit to be used; nothing is changed.
        """
        session, names = self._opening()
        try:
            if session.state_url != self._session.state_url:
                msg = "the state database is another one now: stop the service and start it again"
                raise ConfigurationError(msg)
        except M3nopError:
            session.close()
            raise
        old = self._session
        session.adopt(old.release())
        self._session, self._names = session, names
        try:
            session.confirm_state()
            planned = self._plan()
            if self._front is not None:
                self._front.change(session)
        except M3nopError:
            old.adopt(session.release())
            session.close()
            raise
        self._timetable, self._events = planned
        self._parked = 0


def _earliest(*times: Instant | None) -> Instant | None:
    return min((time for time in times if time is not None), default=None)
