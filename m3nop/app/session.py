"""A project opened in one environment: its pipelines, its systems and its state, put together."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from m3nop.app.opening import SANDBOX, Opener
from m3nop.app.registry import CONNECTORS
from m3nop.app.secrets import Secrets
from m3nop.core.clock import SystemClock
from m3nop.core.errors import AccessError, ConfigurationError, StateError, UsageError
from m3nop.core.problems import Severity
from m3nop.mapping.pipeline import walk
from m3nop.spec.files import ProjectFiles

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from types import TracebackType

    from m3nop.core.clock import Clock, Instant
    from m3nop.core.connector import Connection
    from m3nop.core.secrets import Secret, SecretRef
    from m3nop.engine.circuits import Circuits
    from m3nop.engine.ports import Job, Observer, StopSignal, ThreadExecutor, Tools
    from m3nop.engine.run import Engine
    from m3nop.mapping.pipeline import Pipeline, Step
    from m3nop.sandbox.server import Running
    from m3nop.spec.project import LoadedProject
    from m3nop.state.store import SqlState


class Place(Struct, frozen=True):
    """Which project, and in which environment."""

    folder: Path
    environment: str


class Kept(Struct, frozen=True):
    """What outlives a session: its open state, and the sandbox behind its connections if there is one."""

    state: SqlState | None
    sandbox: Running | None


class Session:
    """Everything a command needs, opened when it is first asked for and closed together."""

    def __init__(
        self, place: Place, project: LoadedProject, *, command: str, opener: Opener | None = None
    ) -> None:
        self.place = place
        self.project = project
        self._command = command
        self._open = ExitStack()
        self._secrets = Secrets()
        self._opener = opener or Opener(place.folder, self._secrets)
        self._open.callback(self._opener.close)
        self._clock: Clock | None = None
        self._connections: dict[str, Connection] = {}
        self._state: SqlState | None = None
        self._pool: ThreadExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close everything that was opened, the state last."""
        try:
            self._open.close()
        finally:
            if self._state is not None:
                self._state.close()

    def release(self) -> Kept:
        """Give away what stays this process's own while its project is read again; who gets it closes it."""
        state, self._state = self._state, None
        return Kept(state, self._opener.release_sandbox())

    def adopt(self, kept: Kept) -> None:
        """Use what another session of this environment had opened."""
        self._state = kept.state
        self._opener.adopt_sandbox(kept.sandbox)

    def confirm_state(self) -> None:
        """Check that the state belongs to what the project says now, as far as nobody has to be asked.

        Raises:
            StateError: it belongs to something else.
        """
        self.state().belong_to(self.scope(), not_asked=self.project.connections.keys())

    @property
    def clock(self) -> Clock:
        """The clock that everything follows."""
        if self._clock is None:
            self._clock = self._opener.clock(self.project.connections)
        return self._clock

    def connection(self, name: str) -> Connection:
        """Open a connection.

        Raises:
            UsageError: the project has none of that name.
            ConfigurationError: a credential is missing.
        """
        if name not in self._connections:
            if name not in self.project.connections:
                known = ", ".join(sorted(self.project.connections))
                msg = f"there is no connection {name!r}; the project has {known}"
                raise UsageError(msg)
            kind, catalog = self.project.connection_types[name], self.project.catalogs[name]
            config = self.project.connections[name]
            if catalog is None:
                msg = f"the options of connection {name!r} are wrong; see `m3nop validate`"
                raise ConfigurationError(msg)
            opened = self._opener.open(name, kind, config, clock=self.clock, catalog=catalog)
            self._open.callback(opened.close)
            self._connections[name] = opened
        return self._connections[name]

    def secret(self, reference: SecretRef) -> Secret:
        """Look a secret up.

        Raises:
            ConfigurationError: no place has it.
        """
        return self._secrets.find(reference)

    @property
    def state_url(self) -> str:
        """The address of the state database; its folder is made.

        Raises:
            StateError: the folder cannot be made.
        """
        url = self.project.state_url
        if url is not None:
            return url if isinstance(url, str) else self._secrets.find(url).reveal()
        folder = self.place.folder / ".m3nop" / self.place.environment
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            why = f"{error.strerror or error}; it has to be a folder that this user may write to"
            msg = f"the state cannot be kept in {folder}: {why}"
            raise StateError(msg) from error
        return f"sqlite:///{(folder / 'state.db').as_posix()}"

    def has_state(self) -> bool:
        """Whether this environment was ever run."""
        kind, _, path = self.state_url.partition(":///")
        return kind != "sqlite" or Path(path).exists()

    def state(self, *, read_only: bool = False, wait: float = 0.0) -> SqlState:
        """Open the state database; for writing it belongs to this process alone.

        No system is asked who it is: what is decided by hand is decided while one is away, too.

        Raises:
            BusyError, StateError: as opening it does.
        """
        if self._state is None:
            from m3nop.state.store import open_state

            # Reading needs no time, so that no sandbox is started to look at what is kept.
            clock = SystemClock() if read_only else self.clock
            self._state = open_state(
                self.state_url, scope=self.scope(), clock=clock, command=self._command, wait=wait,
                read_only=read_only, whole=False, lease=self.project.state_lease,
            )  # fmt: skip
        return self._state

    def own_state(self) -> SqlState:
        """Open the state database for writing where it has only been read so far.

        Raises:
            BusyError, StateError: as opening it does.
        """
        if self._state is not None:
            self._state.close()
            self._state = None
        return self.state()

    @property
    def secrets(self) -> Secrets:
        """Where secrets are looked up."""
        return self._secrets

    @property
    def opened_state(self) -> SqlState | None:
        """The state database, where it was opened."""
        return self._state

    @property
    def opened_connections(self) -> Mapping[str, Connection]:
        """The connections that were opened so far."""
        return dict(self._connections)

    def scope(self, asked: Collection[str] = ()) -> Mapping[str, str]:
        """Name what the rows of the state belong to: what ``asked`` connections say, and what is known.

        Raises:
            AccessError: a system cannot be asked who it is.
        """
        scope = {"environment": self.place.environment}
        for name, config in sorted(self.project.connections.items()):
            if config.url == SANDBOX:
                scope[f"{name}.url"] = SANDBOX
                continue
            connection = self.connection(name)
            identity = connection.facts().identity if name in asked else connection.identity()
            scope.update({f"{name}.{part}": text for part, text in sorted(identity.items())})
        return scope

    def jobs(self, names: Sequence[str]) -> dict[str, Job]:
        """Compile pipelines, and those that they require, for every store that they serve.

        Raises:
            UsageError: there is no such pipeline, or the settings switch it off.
        """
        from m3nop.engine.ports import Job

        jobs: dict[str, Job] = {}
        todo = list(names)
        while todo:
            name = todo.pop()
            if name in jobs:
                continue
            if name not in self.project.pipelines:
                raise UsageError(unknown("pipeline", name, self.project.pipelines))
            by_store = self._by_store(name)
            if not by_store:
                msg = f"{name} is switched off in {self.place.environment}: see its `enabled_when`"
                raise UsageError(msg)
            jobs[name] = Job(name, by_store, {one.store.store_id: code for code, one in by_store.items()})
            todo.extend(jobs[name].any.requires)
        return jobs

    def enabled(self) -> tuple[str, ...]:
        """Name the pipelines that the settings do not switch off in every store."""
        return tuple(name for name in self.project.pipelines if self.is_enabled(name))

    def is_enabled(self, name: str) -> bool:
        """Tell whether the settings leave a pipeline on in any store."""
        return bool(self._by_store(name))

    def _by_store(self, name: str) -> dict[str, Pipeline]:
        every = {code: self.project.pipeline(name, code) for code in self.project.stores_of(name)}
        return {code: one for code, one in every.items() if one.enabled}

    def tools(
        self, jobs: Mapping[str, Job], *, observer: Observer, stop: StopSignal | None = None,
        circuits: Circuits | None = None,
    ) -> Tools:  # fmt: skip
        """Open what a run of these pipelines needs; a system that is not to be used is not asked anything."""
        from m3nop.app.configured import configuration_digest
        from m3nop.engine.ports import StopSignal as Stop
        from m3nop.engine.ports import Tools

        connections = self._used_by(jobs)
        # One that nobody has asked yet is false.
        stop = Stop() if stop is None else stop
        executor = self._executor(threads=sum(one.in_flight for one in connections.values()))
        usable = [name for name in connections if circuits is None or circuits.refusal(name) is None]
        zones = [connections[name].facts().time_zone for name in usable if self._is_m3(name)]
        zone = zones[0] if zones else "UTC"
        return Tools(
            connections, executor, observer, self.project.compile_definition, stop, zone,
            partial(self._closed, tuple(usable), zone), self._orders(jobs), circuits,
            configuration=configuration_digest(self.project, jobs),
        )  # fmt: skip

    def _executor(self, *, threads: int) -> ThreadExecutor:
        """Return the threads that all runs of this session share; nothing runs when more are needed."""
        from m3nop.engine.ports import ThreadExecutor

        if self._pool is None or self._pool.threads < threads:
            self._pool = ThreadExecutor(threads=threads)
            self._open.callback(self._pool.close)
        return self._pool

    def _used_by(self, jobs: Mapping[str, Job]) -> dict[str, Connection]:
        names = {name for job in jobs.values() for one in job.by_store.values() for name in one.connections}
        return {name: self.connection(name) for name in sorted(names)}

    def _orders(self, jobs: Mapping[str, Job]) -> tuple[str, ...]:
        """Name the pipelines that enter orders, where a job asks which are on their way."""
        if not any(one.asks_in_flight for job in jobs.values() for one in job.by_store.values()):
            return ()
        every = ((name, self._by_store(name)) for name in self.project.pipelines)
        return tuple(name for name, by_store in every if any(map(enters_orders, by_store.values())))

    def _closed(self, names: tuple[str, ...], zone: str, now: Instant) -> str:
        from m3nop.app.windows import closed

        configs = ((name, self.project.connections[name]) for name in names)
        reasons = (closed(name, getattr(one, "not_during", ()), now, zone=zone) for name, one in configs)
        return next((reason for reason in reasons if reason), "")

    def _is_m3(self, name: str) -> bool:
        return self.project.connection_types[name].name == "m3"

    def engine(
        self, names: Sequence[str], *, observer: Observer, stop: StopSignal | None = None, wait: float = 0.0
    ) -> Engine:
        """Put a run together.

        Raises:
            BusyError: another process runs on this state.
        """
        from m3nop.engine.circuits import Circuits
        from m3nop.engine.run import Engine

        jobs = self.jobs(names)
        # What is sold and not in M3 yet is known only when the orders have been read.
        jobs = self.jobs([*names, *self._orders(jobs)])
        state = self.state(wait=wait)
        used = self._used_by(jobs)
        for connection in used.values():
            connection.share_rate(state)
        circuits = Circuits(state, used, clock=self.clock)
        asked = [name for name in used if self._tells_who_it_is(name, circuits)]
        state.belong_to(self.scope(asked), not_asked=self.project.connections.keys() - set(asked))
        tools = self.tools(jobs, observer=observer, stop=stop, circuits=circuits)
        return Engine(state, tools, jobs, clock=self.clock)

    def _tells_who_it_is(self, name: str, circuits: Circuits) -> bool:
        """Ask a system who it is, unless it is left alone; the run does without one that does not say."""
        if circuits.refusal(name) is not None:
            return False
        try:
            self.connection(name).facts()
        except AccessError as error:
            circuits.hold(name, error)
            circuits.suspect(name, error)
            return False
        return True


def enters_orders(pipeline: Pipeline) -> bool:
    """Tell whether a pipeline enters shop orders in M3, with their lines."""
    return (
        pipeline.source.resource == "orders"
        and pipeline.source.connection != ""
        and pipeline.commit_step is not None
        and not pipeline.moves
        and any({"ITNO", "ORQT"} <= _fields(step) for step in walk(pipeline.steps))
    )


def _fields(step: Step) -> set[str]:
    return {rule.name for rule in step.call.fields} if step.call is not None else set()


def open_session(place: Place, *, command: str, files: ProjectFiles | None = None) -> Session:
    """Load a project for one environment; from its files, where some of them were read already.

    Raises:
        ConfigurationError: the project has problems; all of them are in the error.
    """
    project = _load(files or ProjectFiles(place.folder), place.environment)
    if project.failed:
        errors = [problem for problem in project.problems if problem.severity is Severity.ERROR]
        msg = f"the project has {len(errors)} problem{'s' if len(errors) > 1 else ''}; see `m3nop validate`"
        raise ConfigurationError(msg, problems=errors)
    return Session(place, project, command=command)


def environments_of(folder: Path) -> tuple[str, ...]:
    """Name the environments of the project in a folder; raises as ``environments_in`` does."""
    return environments_in(ProjectFiles(folder))


def environments_in(files: ProjectFiles) -> tuple[str, ...]:
    """Name the environments of a project.

    Raises:
        ConfigurationError: ``m3nop.yaml`` cannot be read; carries the problems.
    """
    found = files.environments
    if not found and (files.project is None or _load(files, None).failed):
        msg = f"{files.folder / 'm3nop.yaml'} cannot be read; see `m3nop validate`"
        raise ConfigurationError(msg, problems=files.problems)
    return found


def _load(files: ProjectFiles, environment: str | None) -> LoadedProject:
    import os

    from m3nop.spec.project import LoadedProject

    return LoadedProject(files, environment=environment, registry=CONNECTORS, environ=os.environ)


def unknown(what: str, name: str, known: Sequence[str] | Mapping[str, object]) -> str:
    """Say that a name is not known, and which one may have been meant."""
    import difflib

    close = difflib.get_close_matches(name, list(known), n=1)
    every = ", ".join(sorted(known)) or "none"
    hint = f"did you mean {close[0]!r}?" if close else f"there {'are' if len(known) > 1 else 'is'} {every}"
    return f"there is no {what} {name!r}; {hint}"
