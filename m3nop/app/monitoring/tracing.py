"""Tells OpenTelemetry what becomes of each record: one trace for each attempt, one span for each call."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

from m3nop import __version__
from m3nop.core.connector import Outcome
from m3nop.core.records import RecordState
from m3nop.engine.ports import Silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

    from m3nop.core.clock import Instant
    from m3nop.core.connector import Answer
    from m3nop.core.records import Record
    from m3nop.engine.lanes import Waiting
    from m3nop.engine.work import Work

_NANOSECONDS = 1000
"""Of a microsecond, in which instants are counted."""
_TRACE_BYTES = 16
_BAD = (RecordState.DEAD, RecordState.REVIEW)


class RecordIds(RandomIdGenerator):
    """Gives a trace the id that it is asked for: an attempt that several runs work on is one trace."""

    def __init__(self) -> None:
        self._next = threading.local()

    def expect(self, trace: int) -> None:
        """Give the next trace of this thread this id."""
        self._next.trace = trace

    def generate_trace_id(self) -> int:
        """Return the id that is expected, or any."""
        expected: int | None = getattr(self._next, "trace", None)
        self._next.trace = None
        return super().generate_trace_id() if expected is None else expected


class Tracing(Silent):
    """An observer of one run that makes spans; they hold the key of a record and nothing that is in it."""

    def __init__(self, provider: TracerProvider, ids: RecordIds, *, environment: str) -> None:
        self._tracer = provider.get_tracer("m3nop", __version__)
        self._ids = ids
        self._environment = environment
        self._run_id = 0
        self._open: dict[int, Span] = {}

    def began(self, run_id: int, pipelines: Sequence[str]) -> None:  # noqa: ARG002 - of the port
        """Note the number of the run."""
        self._run_id = run_id

    def answered(
        self, group: Sequence[Waiting], answers: Sequence[Answer], *, sent_at: Instant, answered_at: Instant
    ) -> None:
        """Make a span of each call of a request."""
        for waiting, answer in zip(group, answers, strict=True):
            target = waiting.send.target
            program, _, transaction = target.operation.name.partition("/")
            span = self._tracer.start_span(
                target.operation.name,
                set_span_in_context(self._root(waiting.work, sent_at)),
                kind=SpanKind.CLIENT,
                start_time=sent_at * _NANOSECONDS,
                attributes={
                    "m3nop.connection": target.connection, "m3nop.program": program,
                    "m3nop.transaction": transaction, "m3nop.step": waiting.send.path,
                    "m3nop.effect": str(target.operation.effect), "m3nop.outcome": str(answer.outcome),
                    "m3nop.calls_in_request": len(group),
                },
            )  # fmt: skip
            if answer.outcome is not Outcome.DONE:
                # What a system says may quote what it was sent; what kind of trouble it is does not.
                remedy = "" if answer.failure is None else str(answer.failure.remedy)
                span.set_status(Status(StatusCode.ERROR, remedy))
            span.end(answered_at * _NANOSECONDS)
            self._ended_at = answered_at

    def moved(self, record: Record, state: RecordState, reason: str) -> None:  # noqa: ARG002 - of the port
        """End the trace of a record that came to rest."""
        span = self._open.pop(record.id, None)
        if span is not None:
            span.set_attribute("m3nop.state", str(state))
            if state in _BAD:
                span.set_status(Status(StatusCode.ERROR, str(state)))
            span.end(self._ended_at * _NANOSECONDS)

    def close(self) -> None:
        """End what is left: records that a run put down without a word."""
        for span in self._open.values():
            span.end(self._ended_at * _NANOSECONDS)
        self._open.clear()

    def _root(self, work: Work, now: Instant) -> Span:
        record = work.record
        if record.id not in self._open:
            self._ids.expect(self._trace_of(work))
            self._open[record.id] = self._tracer.start_span(
                record.pipeline,
                start_time=now * _NANOSECONDS,
                attributes={
                    "m3nop.environment": self._environment, "m3nop.run_id": self._run_id,
                    "m3nop.pipeline": record.pipeline, "m3nop.key": record.key, "m3nop.store": record.store,
                    "m3nop.attempt": work.attempt.number,
                },
            )  # fmt: skip
        return self._open[record.id]

    def _trace_of(self, work: Work) -> int:
        record, attempt = work.record, work.attempt
        parts = (self._environment, record.pipeline, record.key, str(attempt.number), str(attempt.opened_at))
        seal = hashlib.sha256("\0".join(parts).encode(errors="replace")).digest()
        return int.from_bytes(seal[:_TRACE_BYTES], "big") or 1
