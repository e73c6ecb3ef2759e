"""Makes table reads: plans the queries, asks them in bulk, splits those whose answer was cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from m3nop.connectors.m3.results import answer
from m3nop.connectors.m3.tables import (
    CutError,
    Query,
    SeparatorError,
    TableError,
    check,
    distribute,
    parse,
    plan,
)
from m3nop.core.connector import Answer, Call, Failure, Outcome, Remedy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.connectors.m3.exchange import Exchange
    from m3nop.core.connector import Operation

QUERIES_AT_ONCE = 20
"""In one bulk request; each has up to a thousand characters."""


class TableReader:
    """Answers calls on ``table:NAME`` operations by ``EXPORTMI/Select``."""

    def __init__(self, exchange: Exchange, *, select: Operation, page_size: int) -> None:
        self._exchange = exchange
        self._select = select
        self._most = page_size

    def read(self, calls: Sequence[Call]) -> list[Answer]:
        """Answer each call with all its rows, or say why not."""
        answers: dict[str, Answer] = {}
        sound: list[Call] = []
        for call in calls:
            try:
                check(call)
                sound.append(call)
            except TableError as error:
                answers[call.id] = Answer(Outcome.REFUSED, failure=Failure(Remedy.BUSINESS, str(error)))
        waiting = plan(sound)
        while waiting:
            batch, waiting = waiting[:QUERIES_AT_ONCE], waiting[QUERIES_AT_ONCE:]
            waiting += self._ask(batch, answers)
        return [answers[call.id] for call in calls]

    def _ask(self, queries: Sequence[Query], answers: dict[str, Answer]) -> list[Query]:
        """Ask the queries and return those to ask instead of what could not be used."""
        selects = [self._call(n, query) for n, query in enumerate(queries)]
        replies = self._exchange.send(selects, most=self._most)
        again: list[Query] = []
        for query, select, reply in zip(queries, selects, replies, strict=True):
            got = answer(select, reply)
            if got.outcome is not Outcome.DONE:
                answers |= {call.id: _unanswered(got) for call in query.calls}
                continue
            try:
                rows = parse(query, got.rows, most=self._most)
                found = distribute(query, rows)
            except TableError as error:
                again += _instead(query, error, answers)
            else:
                answers |= {number: Answer(Outcome.DONE, rows=found[number]) for number in found}
        return again

    def _call(self, number: int, query: Query) -> Call:
        fields = {"SEPC": query.separator, "HDRS": "1", "QERY": query.text}
        return Call(str(number), self._select, fields, ("REPL",))


def _instead(query: Query, error: TableError, answers: dict[str, Answer]) -> Sequence[Query]:
    instead: Sequence[Query] = ()
    if isinstance(error, CutError):
        instead = query.halves()
    elif isinstance(error, SeparatorError):
        other = query.with_next_separator()
        instead = [other] if other else ()
    if not instead:
        failed = Answer(Outcome.NOT_SENT, failure=Failure(Remedy.CONFIGURATION, str(error)))
        answers |= {call.id: failed for call in query.calls}
    return instead


def _unanswered(got: Answer) -> Answer:
    failure = got.failure
    if failure is not None and failure.remedy in {Remedy.AUTHENTICATION, Remedy.CONFIGURATION}:
        hint = "where EXPORTMI is forbidden, set `table_reads: false`"
        failure = replace(failure, message=f"{failure.message}; {hint}")
    return replace(got, failure=failure)
