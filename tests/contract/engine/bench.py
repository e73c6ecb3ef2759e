"""The whole engine in one process: the shipped pack, real state, real connectors, a sandbox over loopback.

Engine and sandbox share a clock that only tests move. A run can be made to die between any two effects.
"""

from __future__ import annotations

import itertools
import shutil
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from msgspec.structs import replace

from m3nop.app.opening import Opener
from m3nop.app.pack import pack_folder
from m3nop.app.registry import CONNECTORS
from m3nop.app.secrets import Secrets
from m3nop.core import json
from m3nop.core.clock import HOUR, MINUTE, Instant, parse_instant, to_text
from m3nop.core.connector import Call
from m3nop.core.records import LoggedCall, Record, RecordState
from m3nop.engine.plan import PlannedRecord, Planner
from m3nop.engine.ports import InlineExecutor, Job, Silent, StopSignal, Tools
from m3nop.engine.run import Engine, Summary
from m3nop.engine.wish import Wish
from m3nop.sandbox import access, shop
from m3nop.sandbox.books import Books
from m3nop.sandbox.clock import SandboxClock
from m3nop.sandbox.faults import Fault
from m3nop.sandbox.server import Serving
from m3nop.sandbox.world import Request, World
from m3nop.spec.project import LoadedProject, load_project
from m3nop.state.store import SqlState, open_state
from tests.first_data import FirstData

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from m3nop.core.connector import Connection

START = parse_instant("2026-11-23T09:00:00Z")
SETTLE = 60
"""Seconds until a request of this bench can no longer be under way."""
LINES = ({"sku": "LAMP-HEAD", "quantity": 1}, {"sku": "BATT-AAA-4", "quantity": 2})
KEPT_PROJECTS = 8
"""Each takes megabytes once its pipelines are compiled."""
KNOWN_CUSTOMER = "erika@example.com"

ENVIRONMENTS = """
environments:
  {name}:
    connections:
      erp: {{url: "{m3}", timeout: {timeout}s, settle_after: {settle}s, rate_limit: null, time_zone: UTC}}
      shop: {{url: "{shop}", dialect: {dialect}, timeout: {timeout}s, settle_after: {settle}s, credentials: {{username: "{user}", password: "${{secret:SHOP_PASSWORD}}"}}}}
    {start}
"""


class SharedClock:
    """Stands still until it is waited for or moved."""

    def __init__(self) -> None:
        self.instant: Instant = START

    def now(self) -> Instant:
        return self.instant

    def wait(self, seconds: float) -> None:
        self.instant += int(seconds * 1_000_000)


class Sandbox:
    """Both systems, served once for many tests; each test begins with first data."""

    def __init__(self) -> None:
        self.clock = SharedClock()
        books = Books()
        self.world = World(books, clock=SandboxClock(books, source=self.clock.now))
        self.serving = Serving(self.world)
        self._first = FirstData(lambda: START)
        self._projects: dict[str, LoadedProject] = {}
        self._folder = TemporaryDirectory()

    def begin(self) -> None:
        """Forget what earlier tests did."""
        self.clock.instant = START
        self.world.on_request.clear()
        self.world.failures.clear()
        self.world.faults.clear()
        self.world.clock.reset()
        self.world.requests.clear()
        self._first.put(self.world.books)

    def project(self, settings: str, environment: str) -> LoadedProject:
        """Return the shipped pack with these settings, loaded and compiled for an earlier test if there was one.

        Its files are read when they are needed, so they are in a folder that no test writes to.
        """
        if settings not in self._projects:
            if len(self._projects) == KEPT_PROJECTS:
                del self._projects[next(iter(self._projects))]
            folder = Path(self._folder.name) / uuid4().hex
            copy_pack(folder, settings)
            self._projects[settings] = loaded(folder, environment)
        return self._projects[settings]

    def close(self) -> None:
        self.serving.close()
        self._first.close()
        self.world.close()
        self._folder.cleanup()


def copy_pack(folder: Path, settings: str) -> None:
    """Make a project of the shipped pack."""
    shutil.copytree(pack_folder(), folder, ignore=shutil.ignore_patterns(".m3nop"))
    (folder / "m3nop.yaml").write_text(settings, encoding="utf-8")


def loaded(folder: Path, environment: str) -> LoadedProject:
    """Read a project's files."""
    project = load_project(folder, environment=environment, registry=CONNECTORS, environ={})
    assert not project.failed, project.problems
    return project


class Died(BaseException):
    """The process ends here; nothing that follows reaches the state or a system."""


@dataclass
class Fate:
    """Counts the places where a process can die, and lets it die at one of them."""

    at: int | None = None
    passed: list[str] = field(default_factory=list)
    dead: bool = False

    def pass_by(self, name: str) -> None:
        self.check()
        self.passed.append(name)
        if len(self.passed) == self.at:
            self.dead = True
            raise Died(name)

    def check(self) -> None:
        if self.dead:
            raise Died("again")


class MortalState:
    """The state as a process sees it that can die before or after each commit."""

    def __init__(self, state: SqlState, fate: Fate) -> None:
        self._state = state
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        self._fate.check()
        return getattr(self._state, name)

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        self._fate.check()
        with self._state.transaction() as tx:
            yield tx
            self._fate.pass_by("commit:before")
        self._fate.pass_by("commit:after")


class MortalExecutor:
    """Makes requests at once, in a process that can die before or after each."""

    def __init__(self, fate: Fate) -> None:
        self._fate = fate

    def submit(self, work: Callable[[], None]) -> None:
        self._fate.pass_by("http:before")
        work()
        self._fate.pass_by("http:after")

    def close(self) -> None:
        """Do nothing: nothing runs."""


@dataclass
class Watcher(Silent):
    """Keeps what a run told."""

    reads: list[tuple[str, int]] = field(default_factory=list)
    moves: list[tuple[str, str, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def read(self, pipeline: str, count: int) -> None:
        self.reads.append((pipeline, count))

    def moved(self, record: Record, state: RecordState, reason: str) -> None:
        self.moves.append((record.pipeline, record.key, str(state), reason))

    def note(self, text: str) -> None:
        self.notes.append(text)


@dataclass(frozen=True)
class Verdict:
    """What the systems' own books say about the orders of the shop."""

    missing: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()


CLEAN = Verdict()


class Bench:
    """A project on a sandbox, and what a user can do with it."""

    def __init__(
        self, folder: Path, sandbox: Sandbox, *, dialect: str = "official", environment: str = "sandbox",
        start: bool = True, change: Callable[[str], str] = lambda text: text,
    ) -> None:  # fmt: skip
        self._folder = folder
        self.folder = folder / "project"
        self.sandbox = sandbox
        self.world = sandbox.world
        self.clock = sandbox.clock
        self.environment = environment
        self.zone = "UTC"
        sandbox.begin()
        text = (pack_folder() / "m3nop.yaml").read_text(encoding="utf-8")
        since = to_text(START - 2 * HOUR)
        ours = ENVIRONMENTS.format(
            name=environment, m3=sandbox.serving.m3_url, shop=sandbox.serving.shop_url, dialect=dialect, timeout=5,
            settle=SETTLE, user=access.SHOP_USER, start=f'start: {{customers: "{since}", orders: "{since}", payments: "{since}", payments_ar: "{since}", payments_cash: "{since}"}}' if start else "",
        )  # fmt: skip
        settings = change(text[: text.index("\nenvironments:")] + ours)
        copy_pack(self.folder, settings)
        environ = {"M3_IONAPI": json.dumps(sandbox.serving.ionapi), "SHOP_PASSWORD": access.SHOP_PASSWORD}
        self._opener = Opener(self.folder, Secrets(environ))
        self._url = f"sqlite:///{(folder / 'state.db').as_posix()}"
        self._connections: dict[str, Connection] = {}
        self.project = sandbox.project(settings, environment)
        self.state = self._open_state()
        self.watcher = Watcher()
        self.closed: Callable[[Instant], str] | None = None
        self.stop = StopSignal()

    def _open_state(self) -> SqlState:
        return open_state(
            self._url, scope={"environment": self.environment}, clock=self.clock, command="sync"
        )

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()
        self.state.close()

    # -- files

    def read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a file of the project as an analyst does."""
        text = self.read(name)
        assert text.count(old) == 1, f"{name} has {text.count(old)} times {old!r}"
        self.write(name, text.replace(old, new))
        self.load()

    def load(self) -> None:
        """Read the project's files."""
        self.project = loaded(self.folder, self.environment)

    # -- running

    def jobs(self, *names: str) -> dict[str, Job]:
        jobs: dict[str, Job] = {}
        todo = list(names)
        while todo:
            name = todo.pop()
            if name not in jobs:
                every = {code: self.project.pipeline(name, code) for code in self.project.stores_of(name)}
                by_store = {code: one for code, one in every.items() if one.enabled}
                stores = {one.store.store_id: code for code, one in by_store.items()}
                jobs[name] = Job(name, by_store, stores)
                todo.extend(jobs[name].any.requires)
        return jobs

    def connection(self, name: str) -> Connection:
        if name not in self._connections:
            kind, catalog = self.project.connection_types[name], self.project.catalogs[name]
            assert catalog is not None
            config = self.project.connections[name]
            self._connections[name] = self._opener.open(name, kind, config, clock=self.clock, catalog=catalog)
        return self._connections[name]

    def forget_connections(self) -> None:
        """Open the systems again, as a new process does."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def tools(self, executor: Any = None) -> Tools:
        connections = {name: self.connection(name) for name in self.project.connections}
        recompile = self.project.compile_definition
        tools = Tools(
            connections, executor or InlineExecutor(), self.watcher, recompile, self.stop, self.zone
        )
        tools.orders = ("orders",)
        if self.closed is not None:
            tools.closed = self.closed
        return tools

    def run(
        self, *names: str, fate: Fate | None = None, executor: Any = None, jobs: Any = None, **wish: Any
    ) -> Summary:  # fmt: skip
        """Run pipelines once; ``fate`` lets the run die on its way."""
        names = names or ("orders",)
        state = MortalState(self.state, fate) if fate else self.state
        tools = self.tools(executor or (MortalExecutor(fate) if fate else None))
        jobs = jobs or self.jobs(*names)
        if any(one.asks_in_flight for job in jobs.values() for one in job.by_store.values()):
            jobs = {**self.jobs(*tools.orders), **jobs}
        engine = Engine(state, tools, jobs, clock=self.clock)
        return engine.run(Wish(names, **{"linger": 0.0, **wish}))

    def die(self, at: int, *names: str, **wish: Any) -> Fate:
        """Run and die at the ``at``-th place, if the run comes that far; then start again from the files."""
        fate = Fate(at)
        try:
            self.run(*names, fate=fate, **wish)
        except BaseException:
            if not fate.dead:
                raise
            self.reopen()
        return fate

    def die_within(self, nth: int, *names: str, landed: bool, **wish: Any) -> bool:
        """Run and die while the ``nth`` request is under way, which takes effect or does not.

        Unlike ``die`` it strikes within a call of several requests. Return whether the run came that far.
        """
        fate, left, silent = Fate(), itertools.count(1 - nth), []

        def strike(_request: Request) -> None:
            if next(left) == 0:
                fate.dead = True
                # Nobody is there any more to send something or to hear an answer.
                kinds = ["reset_after"] * landed + ["reset_before"]
                silent.extend(self.fault(kind, times=None if kind == kinds[-1] else 1) for kind in kinds)

        self.world.on_request.append(strike)
        try:
            self.run(*names, fate=fate, **wish)
        except BaseException:
            if not fate.dead:
                raise
        finally:
            self.world.on_request.remove(strike)
            for number in silent:
                self.world.faults.remove(number)
        if fate.dead:
            self.reopen()
        return fate.dead

    def reopen(self) -> None:
        """Begin a new process on the same state."""
        self.state.close()
        self.state = self._open_state()
        self.stop = StopSignal()

    def lose_state(self, backup: Path | None = None) -> None:
        """Begin on an empty state, as after the loss of a disk, or on a backup."""
        self.state.close()
        for file in self._folder.glob("state.db*"):
            file.unlink()
        if backup is not None:
            shutil.copy(backup, self._folder / "state.db")
        self.state = self._open_state()

    def settle(self, *names: str) -> None:
        """Run until nothing is left to do, long enough for everything late and every sweep."""
        for seconds in (SETTLE + 1, 2 * SETTLE, 3600, 6 * 3600, *[12 * 3600] * 3):
            self.run(*names, linger=600.0)
            self.clock.wait(seconds)
        self.run(*names, linger=600.0)

    def plan(self, *names: str, **wish: Any) -> list[PlannedRecord]:
        names = names or ("orders",)
        planner = Planner(self.state, self.tools(), self.jobs(*names), clock=self.clock)
        return list(planner.plan(Wish(names, **wish)))

    # -- what people do

    def place(self, *, ago: int = 30 * MINUTE, **members: Any) -> int:
        """Place a paid order that is half an hour old, and return its id."""
        order = {"lines": LINES, "created": to_text(self.clock.now() - ago), **members}
        return int(shop.place_order(self.world, order)["id"])

    def change(self, order: int, **changes: Any) -> None:
        """Change an order in the shop."""
        shop.change_order(self.world, order, changes)

    def fault(self, kind: str, operation: str = "*", **members: Any) -> str:
        """Script a fault."""
        return self.world.faults.add(Fault(kind=kind, operation=operation, **members))

    def retry(self, *keys: object, pipeline: str = "orders") -> None:
        """Turn dead or reviewed records ready, all their tries before them."""
        with self.state.transaction() as tx:
            read_again = self.jobs(pipeline)[pipeline].any.source.can_read_again
            for record in self.state.records(pipeline, keys=[str(key) for key in keys]) if keys else ():
                open_attempt = record.attempt_id and str(self.state.attempt(record.attempt_id).state) in (
                    "open",
                    "undoing",
                )
                again = replace(
                    record, state=RecordState.READY, not_before=None, attempts=0, doubts=0, blocked_by=None,
                    released=record.state is RecordState.REVIEW, snapshot=record.snapshot if open_attempt or not read_again else None,
                )  # fmt: skip
                tx.save_record(again)
                tx.settle_dead_letters(record.id, now=self.clock.now(), settlement="retried")

    def confirm_by_hand(self, temporary: str) -> None:
        """Make a temporary order real in M3's own panels."""
        operation = self.project.catalogs["erp"].operation("OIS100MI/Confirm")
        assert operation is not None
        before = list(self.world.requests)
        self.connection("erp").send([Call("0", operation, {"ORNO": temporary})])
        self.world.requests.clear()
        self.world.requests.extend(before)

    # -- what can be seen

    def record(self, key: object, pipeline: str = "orders") -> Record:
        record = self.state.record(pipeline, str(key))
        assert record is not None, f"{pipeline} {key} was never read"
        return record

    def states(self, pipeline: str = "orders") -> dict[str, str]:
        """Return the state of each record that was not left alone."""
        found = self.state.records(pipeline)
        left_alone = (RecordState.BASELINED, RecordState.IGNORED)
        return {record.key: str(record.state) for record in found if record.state not in left_alone}

    def calls(self, key: object, pipeline: str = "orders") -> list[LoggedCall]:
        return self.state.run_calls(self.record(key, pipeline).id)

    def rows(self, table: str, **fields: Any) -> list[dict[str, Any]]:
        """Return documents of a table of the sandbox's books."""
        found = self.world.books.table(table).values()
        return [row for row in found if all(row.get(name) == value for name, value in fields.items())]

    def sent(self, operation: str) -> int:
        """Count how often the systems saw an operation."""
        return sum(request.operations.count(operation) for request in self.world.requests)

    def real(self, order: int, store: str = "B2C") -> list[dict[str, Any]]:
        """Return M3's real orders of a shop order."""
        return self.rows("m3.orders", CUOR=f"{store}-{order}")

    def entered_lines(self, order: Mapping[str, Any]) -> Counter[tuple[str, str]]:
        """Return items and quantities of a real order of M3."""
        lines = self.rows("m3.order_lines", ORNO=order["ORNO"])
        return Counter((row["ITNO"], f"{float(row['ORQT']):g}") for row in lines)

    def judge(self, *orders: int, store: str = "B2C") -> Verdict:
        """Compare M3's books with what should have been entered, once each."""
        self.world.settle()
        count = Counter(row["CUOR"] for row in self.rows("m3.orders"))
        open_ones = [row for row in self.rows("m3.batch_orders") if not str(row.get("ORNR") or "").strip()]
        return Verdict(
            missing=tuple(f"{store}-{order}" for order in orders if not count[f"{store}-{order}"]),
            doubled=tuple(reference for reference, number in count.items() if number > 1),
            orphans=tuple(row["ORNO"] for row in open_ones),
        )
