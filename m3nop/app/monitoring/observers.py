"""Tells several observers of a run the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.core.clock import Instant
    from m3nop.core.connector import Answer
    from m3nop.core.records import Record, RecordState
    from m3nop.engine.lanes import Waiting
    from m3nop.engine.ports import Observer


class Several:
    """Passes on what a run tells, to each observer in turn."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    def began(self, run_id: int, pipelines: Sequence[str]) -> None:
        """Pass it on."""
        for one in self._observers:
            one.began(run_id, pipelines)

    def read(self, pipeline: str, count: int) -> None:
        """Pass it on."""
        for one in self._observers:
            one.read(pipeline, count)

    def moved(self, record: Record, state: RecordState, reason: str) -> None:
        """Pass it on."""
        for one in self._observers:
            one.moved(record, state, reason)

    def answered(
        self, group: Sequence[Waiting], answers: Sequence[Answer], *, sent_at: Instant, answered_at: Instant
    ) -> None:
        """Pass it on."""
        for one in self._observers:
            one.answered(group, answers, sent_at=sent_at, answered_at=answered_at)

    def note(self, text: str) -> None:
        """Pass it on."""
        for one in self._observers:
            one.note(text)
