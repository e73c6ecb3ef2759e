"""Counts where the records of a run came to rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.records import RecordState

if TYPE_CHECKING:
    from m3nop.core.records import Record
    from m3nop.engine.ports import Observer


class Tally:
    """Counts records by the state they came to rest in, and tells the observer."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._blocked: set[int] = set()
        self.counts: dict[str, int] = {}

    def rested(self, record: Record, state: RecordState, reason: str) -> None:
        """Count a record; one that was blocked is no longer counted as that."""
        if state is RecordState.BLOCKED:
            self._blocked.add(record.id)
        else:
            self._blocked.discard(record.id)
            if state is not RecordState.READY:
                self.add(state)
        self.counts[str(RecordState.BLOCKED)] = len(self._blocked)
        self._observer.moved(record, state, reason)

    def add(self, word: str, count: int = 1) -> None:
        """Count records that were put into a state when they were read, or another thing by a word."""
        self.counts[str(word)] = self.counts.get(str(word), 0) + count
