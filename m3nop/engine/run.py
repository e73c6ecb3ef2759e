"""One run: read what is new, look again at what may have changed, deliver what is ready."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from m3nop.core.clock import SECOND, Clock, Instant
from m3nop.core.connector import Effect
from m3nop.core.errors import AccessError, ConfigurationError, M3nopError, PausedError
from m3nop.engine.circuits import Circuits
from m3nop.engine.delivery import Delivery
from m3nop.engine.intake import Intake
from m3nop.engine.lanes import Lanes
from m3nop.engine.limits import Gate
from m3nop.engine.outbox import Outbox
from m3nop.engine.parts import Parts
from m3nop.engine.reading import APART, Reading, held
from m3nop.engine.recheck import Recheck
from m3nop.engine.sources import Sources
from m3nop.engine.tally import Tally
from m3nop.mapping.pipeline import SourceKind, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from m3nop.core.state import State
    from m3nop.engine.ports import Job, Tools
    from m3nop.engine.wish import Wish

_NAP = 0.5
_SWEEP_PATIENCE = 10 * SECOND
"""A run waits no longer than this for a sweep alone; the next one makes it."""


class Summary(Struct):
    """What a run did: rows read, and records that came to rest in each state."""

    read: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    result: str = "running"
    message: str = ""
    error: M3nopError | None = None
    """What stopped some of the pipelines, while the others went on."""
    failed: Mapping[str, M3nopError] = field(default_factory=dict)
    """Those pipelines, each with what stopped it."""


class Engine:
    """Runs pipelines of one environment on its state."""

    def __init__(self, state: State, tools: Tools, jobs: Mapping[str, Job], *, clock: Clock) -> None:
        self._state = state
        self._tools = tools
        self._jobs = jobs
        self._clock = clock

    def run(self, wish: Wish) -> Summary:
        """Run once.

        Raises:
            PausedError: a maintenance window is open.
            ConfigurationError: a pipeline that acts has no start, or its key or reference was changed.
            M3nopError: a system or the state does not work; the run can be repeated.
        """
        names = in_order(wish.pipelines, self._jobs)
        circuits = self._tools.circuits or Circuits(self._state, self._tools.connections, clock=self._clock)
        reason = self._tools.closed(self._clock.now())
        if reason:
            msg = f"{reason}; nothing was sent, run again later"
            raise PausedError(msg)
        for name in names:
            self._admit(self._jobs[name], acts=not wish.only_look)
        # Nothing is begun where every system is left alone.
        left_alone = held(self._jobs, names, circuits)
        _without(wish, left_alone)
        summary, now = Summary(), self._clock.now()
        with self._state.transaction() as tx:
            tx.release_all(now=now)
            main = self._jobs[names[-1]].any
            run_id = tx.start_run(
                ",".join(wish.pipelines), now=now, command=wish.command, definition=main.digest,
                configuration=self._tools.configuration,
            )  # fmt: skip
        self._tools.observer.began(run_id, wish.pipelines)
        try:
            self._work(wish, names, run_id, summary, circuits=circuits, failed=left_alone)
            summary.result = "stopped" if self._tools.stop else "ok"
            if summary.error is not None:
                summary.result, summary.message = "failed", str(summary.error)
        except M3nopError as error:
            summary.result, summary.message = "failed", str(error)
            raise
        finally:
            self._end(run_id, summary)
        circuits.keep_limits()
        return summary

    def _end(self, run_id: int, summary: Summary) -> None:
        result = "failed" if summary.result == "running" else summary.result
        counts = {"read": summary.read, **summary.counts}
        with self._state.transaction() as tx:
            tx.end_run(
                run_id, now=self._clock.now(), result=result, counts=counts, message=summary.message,
                failures={name: str(error) for name, error in summary.failed.items()},
            )  # fmt: skip

    def _admit(self, job: Job, *, acts: bool) -> None:
        """Refuse what would double orders of the past, or lose the way to those entered before."""
        pipeline = job.any
        acts = acts and any(
            step.call is not None and step.call.target.operation.effect in (Effect.UNSAFE, Effect.KEYED)
            for step in walk(pipeline.steps)
        )
        # What other records hand over is as old as they are.
        given = pipeline.source.kind is SourceKind.GIVEN
        started = given or all(one.start is not None for one in job.by_store.values())
        if (
            acts
            and pipeline.environment != "sandbox"
            and not started
            and self._state.baseline(job.name) is None
        ):
            msg = (
                f"{job.name} has never run in {pipeline.environment} and would enter every old record: say "
                f"from when on with `start: {{{job.name}: 2026-12-01T00:00:00Z}}` in the environment, or run "
                f"`m3nop state baseline {job.name} --before INSTANT --env {pipeline.environment}`"
            )
            raise ConfigurationError(msg)
        reference = pipeline.reference.text if pipeline.reference else ""
        known = self._state.identity(job.name)
        if known is None:
            with self._state.transaction() as tx:
                tx.set_identity(job.name, key=pipeline.key.text, reference=reference)
        elif known != (pipeline.key.text, reference):
            msg = (
                f"{job.name}: key and reference were {known[0]!r} and {known[1]!r} when its records were "
                f"entered, and cannot be changed to {pipeline.key.text!r} and {reference!r}: they find what "
                "was entered before"
            )
            raise ConfigurationError(msg)

    def _work(
        self, wish: Wish, names: Sequence[str], run_id: int, summary: Summary, *, circuits: Circuits,
        failed: dict[str, M3nopError],
    ) -> None:  # fmt: skip
        started, zone = self._clock.now(), self._tools.zone
        sources = Sources(self._tools.connections, state=self._state, clock=self._clock, zone=zone)
        tally = Tally(self._tools.observer)
        summary.counts = tally.counts
        intake = Intake(
            self._state, self._tools, sources, clock=self._clock, tally=tally, announced=wish.announced
        )
        recheck = Recheck(self._state, self._tools, sources, clock=self._clock, tally=tally)
        used = {name for job in names for name in self._jobs[job].any.connections}
        lanes = Lanes(
            [self._tools.connections[name] for name in sorted(used)],
            executor=self._tools.executor,
            clock=self._clock,
            circuits=circuits,
            assure=self._state.assure,
            observer=self._tools.observer,
        )
        jobs = {name: self._jobs[name] for name in names}
        outbox = Outbox(self._state)
        parts = Parts(
            self._state, self._tools, jobs, sources, self._clock, run_id, lanes, outbox, tally, circuits,
            started,
        )  # fmt: skip
        reading = Reading(
            self._state, self._tools, self._jobs, circuits, intake=intake, recheck=recheck,
            clock=self._clock, meanwhile=self._may_be_read_meanwhile(wish),
        )  # fmt: skip
        reading.begin(wish, failed)
        try:
            while reading.go_on() and not reading.beside_delivery():
                continue
            failed.update(reading.failed)
            failed.update({**held(self._jobs, names, circuits), **failed})
            gates = {} if wish.only_look else self._rehearse(parts, _without(wish, failed), failed)
            delivery = Delivery(parts, _without(wish, failed), gates=gates, failed=failed, reading=reading)
            self._deliver_or_tell(delivery, wish, names, summary)
        finally:
            reading.close()
            summary.read = reading.count

    def _may_be_read_meanwhile(self, wish: Wish) -> bool:
        """Tell whether records may be delivered before everything is read.

        Not where one is to be judged by all of them, or by what others read; nor where a row that comes again
        changes its record.
        """
        jobs = [self._jobs[name] for name in wish.pipelines]
        alike = all(job.any.source.kind is SourceKind.RESOURCE and job.any.to_zero is None for job in jobs)
        reckons = any(one.asks_in_flight for job in jobs for one in job.by_store.values())
        return alike and not reckons and not wish.only_look

    def _deliver_or_tell(
        self, delivery: Delivery, wish: Wish, names: Sequence[str], summary: Summary
    ) -> None:
        """Deliver, and tell what stopped some of the pipelines."""
        try:
            self._deliver(delivery, wish, names)
        finally:
            summary.error = _together(delivery.failed) if delivery.failed else None
            summary.failed = dict(delivery.failed)

    def _deliver(self, delivery: Delivery, wish: Wish, names: Sequence[str]) -> None:
        patience = _Patience(self._clock, wish.linger)
        if wish.only_look:
            while not self._tools.stop and delivery.drain() != (0, 0):
                # What was found may be what others waited for.
                continue
            return
        while not self._tools.stop:
            taken, swept = delivery.drain()
            names = [name for name in names if name not in delivery.failed]
            due = self._state.next_due(names)
            if not taken and not swept and due is not None and due <= self._clock.now():
                # What is due was not asked for (another store, a limit, another pipeline's sweep).
                return
            if not self._wait_for_more(names, patience):
                return

    def _rehearse(self, parts: Parts, wish: Wish, failed: dict[str, M3nopError]) -> dict[str, Gate]:
        """Let the records of pipelines with a limit come as far as their first write, and judge them."""
        gates: dict[str, Gate] = {}
        for name in wish.pipelines:
            rule = parts.jobs[name].any.to_zero
            if rule is None or wish.allow_to_zero:
                continue
            gate = Gate(name, rule, self._state)
            alone = replace(parts, jobs={name: parts.jobs[name]})
            rehearsal = Delivery(alone, replace(wish, pipelines=(name,)), gates={name: gate})
            with _apart(name, failed):
                while not self._tools.stop and rehearsal.drain() != (0, 0):
                    # All of them are seen before any is judged.
                    continue
                gate.judge()
            with self._state.transaction() as tx:
                tx.release_all(now=self._clock.now())
            gate.rehearsing = False
            gates[name] = gate
        return gates

    def _wait_for_more(self, names: Sequence[str], patience: _Patience) -> bool:
        """Wait until something parked falls due; False if nothing will in time."""
        while not self._tools.stop:
            now, due = self._clock.now(), self._state.next_due(names)
            if due is None or due > patience.end():
                return False
            if due > now + _SWEEP_PATIENCE and self._state.next_due(names, sweeps=False) is None:
                return False
            if due <= now:
                return True
            self._clock.wait(min((due - now) / SECOND, _NAP))
        return False


class _Patience:
    """How long a run waits for what falls due; a clock that is set back makes it no longer."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seen = clock.now()
        self._end = self._seen + int(seconds * SECOND)

    def end(self) -> Instant:
        """Return when it is over, by the clock as it is now."""
        now = self._clock.now()
        self._end -= max(self._seen - now, 0)
        self._seen = now
        return self._end


@contextmanager
def _apart(name: str, failed: dict[str, M3nopError]) -> Iterator[None]:
    """Keep what stops one pipeline from stopping the others."""
    try:
        yield
    except APART as error:
        failed[name] = error


def _without(wish: Wish, failed: Mapping[str, M3nopError]) -> Wish:
    """Return what is left to do.

    Raises:
        M3nopError: nothing is.
    """
    left = tuple(name for name in wish.pipelines if name not in failed)
    if not left:
        raise _together({name: failed[name] for name in wish.pipelines})
    return replace(wish, pipelines=left)


def _together(failed: Mapping[str, M3nopError]) -> M3nopError:
    """Return what stopped pipelines as one error, each reason once."""
    errors = list({str(error): error for error in failed.values()}.values())
    if len(errors) == 1:
        return errors[0]
    every = "; ".join(str(error) for error in errors)
    # A connector's own kind of AccessError is made of more than a text.
    return AccessError(every) if isinstance(errors[0], AccessError) else type(errors[0])(every)


def in_order(wanted: Sequence[str], jobs: Mapping[str, Job]) -> list[str]:
    """List pipelines after the ones that their records may wait for."""
    ordered: list[str] = []
    for name in wanted:
        _add_in_order(name, jobs, ordered)
    return ordered


def _add_in_order(name: str, jobs: Mapping[str, Job], ordered: list[str]) -> None:
    if name in ordered or name not in jobs:
        return
    for needed in sorted(jobs[name].any.requires):
        _add_in_order(needed, jobs, ordered)
    ordered.append(name)
