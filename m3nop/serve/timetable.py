"""Which pipelines are due: what was missed is made up for once, what failed is tried again sooner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.serve.schedule import following, pause, starts_at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from m3nop.core.clock import Instant


class Plan(Struct, frozen=True):
    """When a pipeline runs: ``every 5m`` or five fields of cron, in a time zone."""

    schedule: str
    zone: str


class Timetable:
    """The plans of some pipelines, and when each falls due. ``spread`` gives numbers from 0 to 1."""

    def __init__(
        self, plans: Mapping[str, Plan], last: Mapping[str, Instant | None], *, now: Instant,
        spread: Callable[[], float],
    ) -> None:  # fmt: skip
        self._plans = plans
        self._spread = spread
        self._seen = now
        self._due = {name: self._first(name, last.get(name), now) for name in plans}
        self._failures: dict[str, int] = {}

    def _first(self, name: str, last: Instant | None, now: Instant) -> Instant | None:
        """Return when a plan falls due first; one that was due while nobody looked is due now, once."""
        plan = self._plans[name]
        if last is None:
            return now if starts_at_once(plan.schedule) else self._after(name, now)
        # A time to come was written down by a clock that was wrong.
        return self._after(name, min(last, now))

    def _after(self, name: str, last: Instant) -> Instant | None:
        plan = self._plans[name]
        return following(plan.schedule, last, zone=plan.zone, spread=self._spread())

    def due(self, now: Instant) -> tuple[str, ...]:
        """Name the pipelines that are due."""
        self._mind_the_clock(now)
        return tuple(name for name, due in self._due.items() if due is not None and due <= now)

    def next_due(self) -> Instant | None:
        """Say when the next one falls due; None for never."""
        return min((due for due in self._due.values() if due is not None), default=None)

    def begun(self, names: Iterable[str], now: Instant) -> None:
        """Note that pipelines run now: however often each fell due before, it is due next after this."""
        for name in names:
            self._due[name] = self._after(name, now) if name in self._plans else None

    def ended(self, names: Iterable[str]) -> None:
        """Note that pipelines ran well."""
        for name in names:
            self._failures.pop(name, None)

    def failed(self, names: Iterable[str], now: Instant) -> None:
        """Note that pipelines could not run: each is tried again after a pause, or when it is due anyway."""
        for name in names:
            self._failures[name] = self._failures.get(name, 0) + 1
            again = now + pause(self._failures[name], spread=self._spread())
            due = self._due.get(name)
            self._due[name] = again if due is None else min(due, again)

    def _mind_the_clock(self, now: Instant) -> None:
        """Let nothing wait for a time that a clock which was set back showed once."""
        if now < self._seen:
            for name, due in self._due.items():
                # One without a plan is due because it failed.
                latest = self._after(name, now) if name in self._plans else now + pause(1)
                if due is not None and latest is not None:
                    self._due[name] = min(due, latest)
        self._seen = now
