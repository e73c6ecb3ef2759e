"""What is decided and not committed yet: written together, in an order that never shows a half-truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.core.clock import Instant
    from m3nop.core.records import Attempt, Link, LoggedCall, Record
    from m3nop.core.state import State, Transaction
    from m3nop.engine.work import Work


class Outbox:
    """Collects changes of the state; each thing is written once, as it is when it is written."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._opening: dict[int, Work] = {}
        self._attempts: dict[int, Attempt] = {}
        self._logged: dict[str, tuple[Work, LoggedCall]] = {}
        self._answered: dict[str, LoggedCall] = {}
        self._moved: dict[int, Record] = {}
        self._renewed: dict[int, Record] = {}
        self._links: list[Link] = []
        self._resolved: dict[int, Instant] = {}
        self._others: list[Callable[[Transaction], None]] = []
        self._woken: dict[str, list[str]] = {}

    def attempt(self, work: Work) -> None:
        """Write the attempt of a record; one that was not written before is opened."""
        if work.attempt.id:
            self._attempts[work.attempt.id] = work.attempt
        else:
            self._opening[id(work)] = work

    def attempt_alone(self, attempt: Attempt) -> None:
        """Write an attempt that exists and that nobody works on."""
        self._attempts[attempt.id] = attempt

    def log(self, work: Work, line: LoggedCall) -> None:
        """Add a line to the call log."""
        if not work.attempt.id:
            self._opening[id(work)] = work
        self._logged[line.id] = (work, line)

    def answer(self, line: LoggedCall) -> None:
        """Write what became of a call that is in the log."""
        if line.id not in self._logged:
            self._answered[line.id] = line

    def record(self, record: Record) -> None:
        """Write where a record stands."""
        self._moved[record.id] = record

    def renewed(self, record: Record) -> None:
        """Write a record that was read again, with its snapshot."""
        self._renewed[record.id] = record

    def unclaim(self, record_id: int) -> None:
        """Let others work on a record again, as it stands."""
        self.also(lambda tx: tx.unclaim(record_id))

    def link(self, link: Link) -> None:
        """Remember a pair."""
        self._links.append(link)

    def resolved(self, record: Record, *, now: Instant) -> None:
        """Close the open dead letters of a record that was delivered after all."""
        self._resolved[record.id] = now

    def also(self, change: Callable[[Transaction], None]) -> None:
        """Do this after everything else but waking."""
        self._others.append(change)

    def wake(self, record: Record) -> None:
        """Let those go on that a record has blocked."""
        self._woken.setdefault(record.pipeline, []).append(record.key)

    def commit(self) -> None:
        """Write everything in one transaction."""
        collected = (
            self._opening, self._attempts, self._logged, self._answered, self._moved, self._renewed,
            self._links, self._resolved, self._others, self._woken,
        )  # fmt: skip
        if not any(collected):
            return
        with self._state.transaction() as tx:
            self._write(tx)
        for one in collected:
            one.clear()

    def _write(self, tx: Transaction) -> None:
        for record in self._renewed.values():
            tx.keep(record)
        self._open_attempts(tx)
        for work, line in self._logged.values():
            line.attempt_id = work.attempt.id
        tx.log_calls([line for _, line in self._logged.values()])
        tx.answer_calls(list(self._answered.values()))
        tx.save_attempts(list(self._attempts.values()))
        for record in self._renewed.values():
            tx.save_record(record)
        tx.move_records([record for record in self._moved.values() if record.id not in self._renewed])
        tx.put_link(*self._links)
        if self._resolved:
            now = max(self._resolved.values())
            tx.settle_dead_letters(*self._resolved, now=now, settlement="resolved")
        for change in self._others:
            change(tx)
        # Last, because waking looks at the records that were put to rest just now.
        for pipeline, keys in self._woken.items():
            tx.wake(pipeline, keys)

    def _open_attempts(self, tx: Transaction) -> None:
        opened = [work for work in self._opening.values() if not work.attempt.id]
        for digest, text in {work.pipeline.digest: work.pipeline.definition for work in opened}.items():
            tx.save_definition(digest, text)
        for work in opened:
            if work.attempt.snapshot is work.record.snapshot:
                work.attempt.kept = work.record.kept
        numbers = tx.open_attempts([work.attempt for work in opened])
        for work, number in zip(opened, numbers, strict=True):
            work.attempt.id = work.record.attempt_id = number
            self._moved.setdefault(work.record.id, work.record)
