"""What the engine needs from outside, so that a test can put something else there."""

from __future__ import annotations

import queue
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, field

from m3nop.mapping.pipeline import SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from m3nop.core.clock import Instant
    from m3nop.core.connector import Answer, Connection
    from m3nop.core.records import Record, RecordState
    from m3nop.engine.circuits import Circuits
    from m3nop.engine.lanes import Waiting
    from m3nop.mapping.pipeline import Pipeline


class Executor(Protocol):
    """Runs requests beside each other."""

    def submit(self, work: Callable[[], None]) -> None:
        """Run ``work`` soon; it puts its result where its maker looks."""
        ...

    def close(self) -> None:
        """Wait for what runs."""
        ...


class InlineExecutor:
    """Runs everything at once, in order: for models and plans."""

    def submit(self, work: Callable[[], None]) -> None:
        """Run ``work`` now."""
        work()

    def close(self) -> None:
        """Do nothing: nothing runs."""


class ThreadExecutor:
    """Runs requests on a bounded pool of threads."""

    def __init__(self, *, threads: int) -> None:
        self.threads = threads
        """How many requests it runs beside each other."""
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="m3nop-request")

    def submit(self, work: Callable[[], None]) -> None:
        """Hand ``work`` to the next free thread."""
        self._pool.submit(work)

    def close(self) -> None:
        """Wait for the threads to end."""
        self._pool.shutdown(wait=True)


class StopSignal:
    """Asks a run to end gracefully; set by a signal handler, read between requests."""

    def __init__(self) -> None:
        self._mark: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.reason = ""

    def ask(self, reason: str) -> None:
        """Ask for the end; safe in a signal handler."""
        self._mark.put(reason)

    def __bool__(self) -> bool:
        while not self.reason and not self._mark.empty():
            self.reason = self._mark.get()
        return bool(self.reason)


class Observer(Protocol):
    """Is told what happens, for progress bars, logs and metrics; by the thread that runs the engine."""

    def began(self, run_id: int, pipelines: Sequence[str]) -> None:
        """Say that a run has its number."""
        ...

    def read(self, pipeline: str, count: int) -> None:
        """Say that ``count`` more records were read and committed."""
        ...

    def moved(self, record: Record, state: RecordState, reason: str) -> None:
        """Say that a record came to rest in a state."""
        ...

    def answered(
        self, group: Sequence[Waiting], answers: Sequence[Answer], *, sent_at: Instant, answered_at: Instant
    ) -> None:
        """Say what came back for the calls of one request, in their order."""
        ...

    def note(self, text: str) -> None:
        """Say something that a person may want to know."""
        ...


class Silent:
    """An observer that says nothing; others say what they know besides."""

    def began(self, run_id: int, pipelines: Sequence[str]) -> None:
        """Say nothing."""

    def read(self, pipeline: str, count: int) -> None:
        """Say nothing."""

    def moved(self, record: Record, state: RecordState, reason: str) -> None:
        """Say nothing."""

    def answered(
        self, group: Sequence[Waiting], answers: Sequence[Answer], *, sent_at: Instant, answered_at: Instant
    ) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""


class Job(Struct, frozen=True):
    """A pipeline with everything it runs on: one compiled form a store."""

    name: str
    by_store: Mapping[str, Pipeline]
    stores: Mapping[int, str]
    """The shop's store ids and our codes, of the stores that this connection serves."""

    @property
    def any(self) -> Pipeline:
        """One of the compiled forms, for what is the same in all (source, key)."""
        return next(iter(self.by_store.values()))

    @property
    def lead(self) -> str:
        """The store whose mapping is used for rows of M3 and links that belong to no store, or ``""``."""
        kind = self.any.source.kind
        return next(iter(self.by_store)) if kind in (SourceKind.READ, SourceKind.LINKS) else ""


def _never(_now: Instant) -> str:
    return ""


class Tools(Struct):
    """The parts a run is made with."""

    connections: Mapping[str, Connection]
    executor: Executor
    observer: Observer
    recompile: Callable[[str], Pipeline]
    """Compiles the text of a frozen definition."""
    stop: StopSignal = field(default_factory=StopSignal)
    zone: str = "UTC"
    """Time zone of M3, for dates."""
    closed: Callable[[Instant], str] = _never
    """Says why nothing may be sent at an instant (a maintenance window), or ``""``."""
    orders: Sequence[str] = ()
    """The pipelines whose records are orders that take stock away (``in_flight``)."""
    circuits: Circuits | None = None
    """Which systems work, as far as that was found out already; None to begin with what the state knows."""
    configuration: str | None = None
    """Digest of all that is configured for the run."""
