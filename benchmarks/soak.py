"""A service for hours, with faults all the time: ``python -m benchmarks.soak [PER_SECOND [SECONDS]]``.

Orders are placed at a steady rate in two stores. Nine of ten are told of by a signed hook, some of them by
two, and the rest has to be found by the poll. Hooks of a wrong key come in between, the configuration is read
again now and then, stock changes in M3, and the sandbox spoils answers all the while. Every minute there is a
line that says where everything is. At the end nothing may be missing, doubled or wrong, and memory, files and
threads may not have grown.
"""

from __future__ import annotations

import heapq
import shutil
import signal
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.memory import project_in
from benchmarks.receiving import Service, Shop, change
from benchmarks.sending import Sending, counts
from benchmarks.slope import compare
from benchmarks.storm import serve_storm
from m3nop.core.clock import SystemClock, to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ENVIRONMENT = """
environments:
  sandbox:
    connections:
      erp: {{url: "{m3}", timeout: 1s, settle_after: {settle}s, rate_limit: null, circuit: {circuit}}}
      shop:
        url: "{shop}"
        timeout: 1s
        settle_after: {settle}s
        circuit: {circuit}
        credentials: {{username: "{user}", password: "${{secret:SHOP_PASSWORD}}"}}
    lookups: {{shop_warehouses: lookups/sandbox/shop_warehouses.yaml}}
    start: {{customers: "{start}", orders: "{start}"}}
    stores:
      b2c: {{settings: {{guest_policy: per_email}}, pipelines: {{orders: {orders}}}}}
      b2b: {{pipelines: {{orders: {orders}}}}}
"""
_ORDERS = "{{source: {{quiet: 2s, recheck: {{every: 5m}}}}, on_error: {{delay: {delay}s, longest: 1m}}}}"
_CIRCUIT = "{pause: 2s, longest_pause: 15s}"
PIPELINES = ("orders", "inventory")
_GO_ON, _STOCK, _SAMPLE, _TELL, _RELOAD = 1.0, 5.0, 10.0, 60.0, 300.0
"""Seconds between what customers do, stocktakings, samples, lines and SIGHUPs."""
_BACKLOG = 300
"""Shoppers wait while so many orders are not in M3 yet: what is measured is a service that keeps up."""
_PATIENCE = 900.0
_OPEN = "SELECT COUNT(*) FROM records WHERE state IN ('ready', 'in_flight', 'blocked', 'pending')"
_MEGABYTE = 1_000_000
_WARM = 1_800.0
"""A run that is shorter than so many seconds is not warm, and says nothing of growth."""
MEMORY, COUNTS = 0.05, 4
"""What the late part may have more than the early one: of memory this share, of files and threads so many.

A heap goes up and down by that share. To keep one kilobyte of every order would be twice as much in an hour
of four orders a second. Files come and go with requests under way, of which a connection has up to eight.
"""


@dataclass(frozen=True)
class Pace:
    """How long things take in the project, in seconds."""

    poll: int = 60
    settle: int = 10
    """What is sent has taken effect after it: longer than the sandbox delays anything."""
    delay: int = 5
    """Before something is tried again."""


_USUAL = Pace()


@dataclass
class Found:
    """What a soak came to."""

    lines: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        """Print a line at once, and keep it."""
        self.lines.append(line)
        print(line, flush=True)

    def blame(self, *wrong: str) -> None:
        """Keep what is not as it should be."""
        self.wrong += wrong


class Soak:
    """One run, from the first order to the verdict."""

    def __init__(
        self, storm: Shop, service: Service, *, per_second: float, seconds: float, pace: Pace
    ) -> None:
        self._storm, self._service = storm, service
        self._rate, self._seconds, self._poll = per_second, seconds, pace.poll
        self._sample_pause = min(_SAMPLE, seconds / 60)
        self._sending = Sending(service.port)
        self._samples: list[tuple[float, tuple[float, float, float]]] = []
        self._backlog = self._put_off = 0
        """Orders that are not in M3 yet; orders that were not placed because those were too many."""
        self.found = Found()
        self._began = time.monotonic()

    def run(self) -> Found:
        """Let it storm, let it calm down, judge."""
        self._do(
            self._seconds,
            (1 / self._rate, self._place), (_STOCK, lambda: self._storm.ask("count", 1)),
            (_GO_ON, lambda: self._storm.ask("go_on")), (_RELOAD, self._reload),
        )  # fmt: skip
        self._calm_down()
        stock = self._until_stock_is_right()
        entered = self._storm.ask("entered")
        self._service.end()
        self._judge(stock)
        self._tell_speed(entered)
        self._tell_growth()
        self.found.say("NOT CLEAN: " + "; ".join(self.found.wrong) if self.found.wrong else "clean")
        return self.found

    @property
    def _now(self) -> float:
        return time.monotonic() - self._began

    def _do(
        self, end: float, *tasks: tuple[float, Callable[[], object]],
        over: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        """Do each task once in so many seconds, and send due hooks, until a time or until it is over."""
        every = [*tasks, (self._sample_pause, self._sample), (_TELL, self._tell)]
        due = [(self._now + pause, number) for number, (pause, _) in enumerate(every)]
        heapq.heapify(due)
        while self._now < end and not over():
            while due[0][0] <= self._now:
                at, number = heapq.heappop(due)
                pause, task = every[number]
                task()
                # What could not be done in time is made up for, but no more than some seconds of it.
                heapq.heappush(due, (max(at + pause, self._now - 5), number))
            self._sending.send_due()
            time.sleep(max(min(due[0][0] - self._now, 0.05), 0))

    def _place(self) -> None:
        if self._backlog > _BACKLOG:
            self._put_off += 1
        else:
            self._sending.placed(*self._storm.ask("place"))

    def _reload(self) -> None:
        assert self._service.child is not None
        self._service.child.send_signal(signal.SIGHUP)

    # -- how it is meanwhile

    def _sample(self) -> None:
        told, needs = self._storm.ask("tell"), self._service.needs()
        self._backlog = told["wanted"] - told["entered"]
        if needs is not None:
            self._samples.append((self._now, (needs.memory, needs.files, needs.threads)))

    def _tell(self) -> None:
        assert self._service.child is not None
        if self._service.child.poll() is not None:
            msg = f"the service has ended: {self._service.log()[-2000:]}"
            raise RuntimeError(msg)
        told = self._storm.ask("tell")
        latest = [needs for at, needs in self._samples if at > self._now - _TELL]
        needs = ", ".join(
            f"{statistics.mean(values):.1f} {name}"
            for name, values in zip(("MB", "open files", "threads"), zip(*latest, strict=True), strict=False)
        )
        state = sum(file.stat().st_size for file in self._service.state_file.parent.glob("state.db*"))
        self.found.say(
            f"{self._now:6.0f} s: {told['placed']} placed, {self._put_off} put off,"
            f" {told['entered']} entered;"
            f" {sum(told['struck'].values())} faults in {sum(told['requests'].values())} requests; {needs},"
            f" {state / _MEGABYTE:.1f} MB of state"
        )

    # -- the end

    def _calm_down(self) -> None:
        """Let nothing go wrong any more, and wait until nothing is left to do."""
        self._storm.ask("calm")
        # What no hook told of has to be polled first.
        polled = self._now + self._poll + 10
        self._do(
            self._now + _PATIENCE,
            over=lambda: self._now > polled and not self._sending.waits and not self._has_open_records(),
        )
        self._tell()

    def _has_open_records(self) -> bool:
        time.sleep(0.5)
        rows = self._service.rows(_OPEN)
        return not rows or rows[0][0] > 0

    def _until_stock_is_right(self) -> list[str]:
        """Count everything in M3 once more, and wait until the shop shows it; return where it does not."""
        self._storm.ask("count", None)
        wrong: list[str] = []

        def is_right() -> bool:
            time.sleep(0.5)
            wrong[:] = self._storm.ask("stock")
            return not wrong

        self._do(self._now + 4 * self._poll, over=is_right)
        return wrong

    def _judge(self, stock: list[str]) -> None:
        found, told = self.found, self._storm.ask("tell")
        verdict, torn = self._storm.ask("judge", str(self._service.state_file))
        orphans = verdict.pop("orphans", [])
        found.say(f"faults: {counts(told['struck'])}; never: {', '.join(told['never']) or 'none'}")
        found.say(f"requests: {counts(told['requests'])}")
        # Nobody can tell before a day is over that no late effect will come.
        found.say(f"temporary orders that are left to the sweep after a day: {len(orphans)}")
        found.say(f"edited while they were read, and so put aside for a person: {len(torn)}")
        unhandled = [name for name, state in self._service.messages().items() if state != "handled"]
        wrong = {**verdict, "stock": stock, "not handled": unhandled, "sandbox": told["failures"]}
        found.blame(
            *(f"{name}: {len(of)} ({', '.join(map(str, of[:5]))})" for name, of in wrong.items() if of),
            *self._sending.wrong,
        )
        log = self._service.log()
        if "Traceback" in log:
            found.blame("a traceback in the log")
        reloads = log.count("the configuration was read again")
        found.say(f"hooks: {counts(self._sending.statuses)}; configuration read again {reloads} times")

    def _tell_speed(self, entered: dict[str, tuple[int, float]]) -> None:
        told, silent = self._sending.told, self._sending.silent
        self.found.say(
            f"{len(told.keys() & entered.keys())} orders told of by hooks are in M3,"
            f" and {len(silent & entered.keys())} that the poll found"
        )
        waited = sorted(entered[name][1] - at for name, at in told.items() if name in entered)
        if waited:
            shares = ", ".join(f"p{of} {_percentile(waited, of):.1f} s" for of in (50, 95, 99, 100))
            self.found.say(f"from hook to M3, with all faults: {shares}")

    def _tell_growth(self) -> None:
        """Compare the last half with the quarter after a warm-up: of two hours an hour, and half an hour."""
        warm = self._seconds / 8
        for at, name in enumerate(("MB", "open files", "threads") if self._samples else ()):
            points = [(when, needs[at]) for when, needs in self._samples if when <= self._seconds]
            growth = compare(points, warm=warm, early=warm + self._seconds / 4, late=self._seconds / 2)
            self.found.say(f"{name}: {growth}")
            allowed = growth.early * MEMORY if name == "MB" else COUNTS
            if self._seconds >= _WARM and growth.by > allowed:
                self.found.blame(f"{name} have grown")


def _percentile(ordered: Sequence[float], share: int) -> float:
    return ordered[min(len(ordered) * share // 100, len(ordered) - 1)]


def project_of(folder: Path, places: dict[str, str], pace: Pace) -> Path:
    """Make a project for both stores, with short pauses."""
    project = project_in(folder, places)
    file = project / "m3nop.yaml"
    text = file.read_text(encoding="utf-8")
    ours = _ENVIRONMENT.format(
        start=to_text(SystemClock().now()),
        orders=_ORDERS.format(delay=pace.delay),
        settle=pace.settle,
        circuit=_CIRCUIT,
        **places,
    )
    file.write_text(text[: text.index("\nenvironments:")] + ours, encoding="utf-8")
    for name in PIPELINES:
        change(project / "pipelines" / f"{name}.yaml", "schedule: every 5m", f"schedule: every {pace.poll}s")
    return project


def soak(per_second: float, seconds: float, pace: Pace = _USUAL) -> Found:
    """Run one in a folder of its own, which is kept where it is not clean."""
    storm, folder = Shop(serve_storm), Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        service = Service.of(project_of(folder, storm.places, pace), storm.places, *PIPELINES)
        with service:
            found = Soak(storm, service, per_second=per_second, seconds=seconds, pace=pace).run()
    except BaseException:
        print(f"see {folder}", file=sys.stderr)
        raise
    finally:
        storm.close()
    if found.wrong:
        found.say(f"see {folder}")
    else:
        shutil.rmtree(folder)
    return found


def main() -> None:
    """Run, with what the command line says."""
    rate, seconds = (
        float(sys.argv[at]) if len(sys.argv) > at else usual for at, usual in ((1, 4), (2, 7200))
    )
    sys.exit(1 if soak(rate, seconds).wrong else 0)


if __name__ == "__main__":
    main()
