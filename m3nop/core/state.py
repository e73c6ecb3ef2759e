"""The port to the state database: what can be written in one transaction, and what can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from m3nop.core.alerts import Alert
    from m3nop.core.clock import Instant
    from m3nop.core.json import Json
    from m3nop.core.records import (
        Arrival,
        Attempt,
        Circuit,
        DeadLetter,
        Link,
        LoggedCall,
        Record,
        RecordState,
        Run,
    )
    from m3nop.core.vitals import ComparisonNews, Vitals


class Transaction(Protocol):
    """One database transaction: everything in it is committed together, or nothing is."""

    # -- intake
    def arrive(self, arrivals: Sequence[Arrival], *, now: Instant) -> None:
        """Insert records that are new (in the present epoch); leave existing ones alone."""
        ...

    def set_watermark(self, pipeline: str, partition: str, watermark: str | None, *, now: Instant) -> None:
        """Remember how far a source has been read; None forgets it."""
        ...

    def add_missing(self, pipeline: str, partition: str, ids: Iterable[int], *, now: Instant) -> None:
        """Remember ids that did not appear, each with the time it was first missed."""
        ...

    def drop_missing(self, pipeline: str, partition: str, ids: Iterable[int]) -> None:
        """Forget ids that appeared after all, or are waited for no longer."""
        ...

    # -- records
    def claim(
        self,
        pipelines: Sequence[str],
        *,
        now: Instant,
        limit: int,
        run_id: int,
        stores: Sequence[str] = (),
        keys: Sequence[str] = (),
    ) -> list[Record]:
        """Take ready and pending records that are due, oldest first, stores in turn; mark them in flight."""
        ...

    def release_all(self, *, now: Instant) -> int:
        """Turn what this process left in flight, and whoever is gone, back to ready, due now."""
        ...

    def claim_sweeps(self, record_ids: Sequence[int], *, now: Instant, run_id: int) -> set[int]:
        """Take records whose orphans are to be swept, as they stand; return those that nobody works on."""
        ...

    def unclaim(self, record_id: int) -> None:
        """Let others work on a record again, as it stands."""
        ...

    def keep(self, record: Record) -> None:
        """Write the snapshot of a record that is not kept yet, in place of the one before."""
        ...

    def save_record(self, record: Record) -> None:
        """Write every column of a record that this process has claimed, its state and snapshot included."""
        ...

    def save_if_unchanged(self, record: Record) -> bool:
        """Write every column of a record that is not claimed; False if it was changed since it was read."""
        ...

    def move_records(self, records: Sequence[Record]) -> None:
        """Write where records stand: every column but the snapshot and what follows from it.

        Of what is in flight only what has come of the work on it: its store, and when it is due, stay.
        """
        ...

    def wake(self, pipeline: str, keys: Iterable[str]) -> None:
        """Turn records that are blocked by these to ready."""
        ...

    def wake_if_linked(self, pipeline: str, key: str) -> None:
        """Turn records that are blocked by one that was delivered meanwhile to ready."""
        ...

    # -- attempts and calls
    def open_attempts(self, opened: Sequence[Attempt]) -> Sequence[int]:
        """Insert attempts and return their ids."""
        ...

    def save_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Write every column of attempts that can change."""
        ...

    def save_definition(self, digest: str, text: str) -> None:
        """Keep a definition's text once."""
        ...

    def log_calls(self, calls: Sequence[LoggedCall]) -> None:
        """Insert lines of the call log."""
        ...

    def answer_calls(self, calls: Sequence[LoggedCall]) -> None:
        """Write state, answer and failure of lines that exist."""
        ...

    # -- what is remembered
    def put_link(self, *pairs: Link) -> None:
        """Remember pairs, each in place of what was remembered for its key."""
        ...

    def add_dead_letter(
        self, record: Record, *, now: Instant, remedy: str, signature: str, message: str, step: str
    ) -> None:
        """Keep a refusal for a person."""
        ...

    def settle_dead_letters(self, *record_ids: int, now: Instant, settlement: str) -> None:
        """Close the open dead letters of records."""
        ...

    # -- runs
    def start_run(
        self, pipeline: str, *, now: Instant, command: str, definition: str, configuration: str | None = None
    ) -> int:
        """Insert a run and return its id."""
        ...

    def end_run(
        self, run_id: int, *, now: Instant, result: str, counts: Mapping[str, int], message: str = "",
        failures: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """Write how a run ended and what it did."""
        ...

    def set_baseline(self, pipeline: str, before: Instant) -> None:
        """Leave every record of a pipeline that was created before this alone for ever."""
        ...

    def set_identity(self, pipeline: str, *, key: str, reference: str) -> None:
        """Remember the key and reference expressions of a pipeline."""
        ...

    def put_circuit(self, circuit: Circuit) -> None:
        """Write whether a system works."""
        ...

    def put_alerts(self, alerts: Sequence[Alert]) -> None:
        """Write what people are told of, in place of what was known of it."""
        ...

    def put_comparison(self, news: ComparisonNews) -> None:
        """Write what the last comparison of the systems found."""
        ...

    def take_trial(self, connection: str, *, due_at: Instant, until: Instant) -> bool:
        """Put a trial that is due at ``due_at`` off; False if another process did so before."""
        ...

    def audit(self, *, now: Instant, actor: str, action: str, subject: str, detail: Json) -> None:
        """Note what a person did by hand."""
        ...


class State(Protocol):
    """The state database of one environment: this process's own, or shared by claims."""

    epoch: int

    def assure(self) -> None:
        """Raise unless what this process has claimed is its own for a while still."""
        ...

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Begin, and commit at the end; passes the crash points ``commit:before`` and ``commit:after``."""
        ...

    # -- reads, outside any transaction
    def record(self, pipeline: str, key: str) -> Record | None:
        """Return a record by its key."""
        ...

    def record_by_id(self, record_id: int) -> Record | None:
        """Return a record by its id in this database."""
        ...

    def each_record(self, pipeline: str) -> Iterator[Record]:
        """Read all records of a pipeline, one after the other, by id."""
        ...

    def records(
        self,
        pipeline: str,
        *,
        states: Sequence[RecordState] = (),
        keys: Sequence[str] = (),
        due: Instant | None = None,
        stores: Sequence[str] = (),
        limit: int | None = None,
    ) -> list[Record]:
        """List records by id; ``due`` keeps those whose ``not_before`` is not later."""
        ...

    def standing(self, pipeline: str, states: Sequence[RecordState]) -> list[tuple[int, str]]:
        """List number and key of the records in these states, by number."""
        ...

    def known_keys(self, pipeline: str, keys: Sequence[str]) -> set[str]:
        """Return those of the keys that have a record."""
        ...

    def compared(
        self, pipeline: str, snapshots: Mapping[str, Json]
    ) -> Mapping[str, tuple[RecordState, bool]]:
        """Tell of each key that has a record its state, and whether the record holds another snapshot."""
        ...

    def watermark(self, pipeline: str, partition: str) -> str | None:
        """Say how far a source has been read, None for never."""
        ...

    def missing(self, pipeline: str, partition: str, *, since: Instant) -> list[int]:
        """List ids first missed at ``since`` or later and not seen yet."""
        ...

    def attempt(self, attempt_id: int) -> Attempt | None:
        """Return an attempt by its id."""
        ...

    def attempts(self, record_id: int) -> list[Attempt]:
        """List the attempts of a record, first to last."""
        ...

    def calls(self, attempt_id: int) -> list[LoggedCall]:
        """Return the call log of an attempt, in the order it was written."""
        ...

    def definition(self, digest: str) -> str | None:
        """Return the text that an attempt's definition digest stands for."""
        ...

    def link(self, pipeline: str, key: str) -> Link | None:
        """Return the link of a key."""
        ...

    def links(
        self, pipeline: str, *, keys: Sequence[str] = (), shop: str | None = None, m3: str | None = None
    ) -> list[Link]:
        """List the links of a pipeline with one of these keys, this shop id and this M3 key, as given."""
        ...

    def links_by_m3(self, pipeline: str, m3: Sequence[str]) -> list[Link]:
        """List the links of a pipeline with one of these M3 keys."""
        ...

    def links_since(self, pipeline: str, *, after: tuple[Instant, str], limit: int) -> list[Link]:
        """List links made after an instant and key, in the order of both."""
        ...

    def owners_of(self, connection: str, field: str, values: Sequence[str]) -> Mapping[str, int]:
        """Find the records whose steps answered these values in ``field`` (order numbers)."""
        ...

    def due_sweeps(self, now: Instant, *, limit: int) -> list[Attempt]:
        """List attempts whose late temporary documents are to be looked for by now, earliest first."""
        ...

    def next_due(self, pipelines: Sequence[str], *, sweeps: bool = True) -> Instant | None:
        """Say when the next ready or pending record, or sweep, falls due."""
        ...

    def next_look(self, pipelines: Sequence[str]) -> Instant | None:
        """Say when the next waiting record is to be looked at again."""
        ...

    def count_created(self, pipeline: str, partition: str, start: Instant, end: Instant) -> int:
        """Count the records that were created in a window (``start`` inclusive, ``end`` exclusive)."""
        ...

    def counts(self, pipeline: str, *, store: str | None = None) -> Mapping[RecordState, int]:
        """Count the records of a pipeline by where they stand."""
        ...

    def dead_letters(self, *, pipeline: str | None = None, open_only: bool = True) -> list[DeadLetter]:
        """List dead letters, oldest first."""
        ...

    def runs(self, *, pipeline: str | None = None, limit: int = 50) -> list[Run]:
        """List runs, latest first."""
        ...

    def run_calls(self, record_id: int) -> list[LoggedCall]:
        """List every line of the call log that belongs to a record, all attempts and sweeps."""
        ...

    def circuits(self) -> list[Circuit]:
        """List the systems that did not work at some time, by connection."""
        ...

    def vitals(self, pipelines: Sequence[str], *, now: Instant) -> Vitals:
        """Tell how pipelines fare at ``now``."""
        ...

    def telling(self) -> AbstractContextManager[bool]:
        """Be the one process that tells people of alerts; False where another one does so just now."""
        ...

    def alerts(self, *, open_only: bool = False) -> list[Alert]:
        """List what people are told of, by rule, subject and channel; what is over, too."""
        ...

    def baseline(self, pipeline: str) -> Instant | None:
        """Say before which instant records of a pipeline are never touched."""
        ...

    def identity(self, pipeline: str) -> tuple[str, str] | None:
        """Return the key and reference expressions that the rows of a pipeline were made with."""
        ...

    def find(self, text: str) -> list[Record]:
        """Find records by key, reference, link, or a value any call sent or answered (order numbers)."""
        ...

    def audit_entries(self, *, limit: int = 100) -> list[Mapping[str, Any]]:
        """List what people did by hand, latest first."""
        ...

    def stream(self, table: str) -> Iterator[Mapping[str, Any]]:
        """Read a table row by row."""
        ...

    def close(self) -> None:
        """Let go of the database, so that another process may own it."""
        ...
