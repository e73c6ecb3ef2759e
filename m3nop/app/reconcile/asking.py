"""Asks the systems many questions at once; an answer that did not come ends the comparison."""

from __future__ import annotations

import queue
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.core.connector import Call, Outcome
from m3nop.core.errors import AccessError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from m3nop.core.connector import Answer, Connection, Operation, Row
    from m3nop.core.json import Json
    from m3nop.engine.ports import Executor
    from m3nop.mapping.pipeline import Target

TABLE = "table:"
"""Begins the name of an operation that reads a table of M3."""


class Question(Struct, frozen=True):
    """One read, and the columns that are wanted of it (none: whatever comes)."""

    target: Target
    fields: Mapping[str, Json]
    columns: tuple[str, ...] = ()


def ask(
    connections: Mapping[str, Connection], questions: Sequence[Question], *, executor: Executor
) -> list[tuple[Row, ...]]:
    """Answer each question with its rows, in order; what a system does not have has none.

    Requests go beside each other, as many as the executor makes.

    Raises:
        AccessError: a system cannot be reached.
        SourceError: it refuses a read of a table.
    """
    answers: list[tuple[Row, ...]] = [()] * len(questions)
    done: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()
    batches = _batches(connections, questions)

    def answer(name: str, members: Sequence[int]) -> None:
        try:
            rows = _send(connections[name], [questions[one] for one in members])
            for number, found in zip(members, rows, strict=True):
                answers[number] = found
            done.put(None)
        except Exception as error:  # noqa: BLE001 - it is raised where the answers are waited for
            done.put(error)

    for name, members in batches:
        executor.submit(partial(answer, name, members))
    failures = [failure for failure in (done.get() for _ in batches) if failure is not None]
    if failures:
        raise failures[0]
    return answers


def _batches(
    connections: Mapping[str, Connection], questions: Sequence[Question]
) -> list[tuple[str, list[int]]]:
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, question in enumerate(questions):
        operation = question.target.operation
        # What has no group goes alone: its own number makes its group.
        groups[question.target.connection, operation.bulk or f"#{number}"].append(number)
    batches: list[tuple[str, list[int]]] = []
    for (name, _), members in groups.items():
        connection = connections[name]
        size = max(1, min(connection.group_size(questions[one].target.operation) for one in members))
        batches.extend((name, members[start : start + size]) for start in range(0, len(members), size))
    return batches


def _send(connection: Connection, questions: Sequence[Question]) -> Iterable[tuple[Row, ...]]:
    calls = [
        Call(str(number), question.target.operation, question.fields, question.columns)
        for number, question in enumerate(questions)
    ]
    return [
        rows_of(question.target.operation, answer, f"{connection.name}/")
        for question, answer in zip(questions, connection.send(calls), strict=True)
    ]


def rows_of(operation: Operation, answer: Answer, where: str) -> tuple[Row, ...]:
    """Return the rows of an answer; a refusal of a record that does not exist has none.

    Raises:
        AccessError: there is no answer.
        SourceError: a table cannot be read so.
    """
    if answer.outcome is Outcome.DONE:
        return answer.rows
    if answer.outcome is Outcome.REFUSED and not operation.name.startswith(TABLE):
        return ()
    msg = f"{where}{operation.name} cannot be read: {answer.failure}"
    raise SourceError(msg) if answer.outcome is Outcome.REFUSED else AccessError(msg)
