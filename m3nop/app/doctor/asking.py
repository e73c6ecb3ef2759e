"""Asks M3 harmless questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.clock import to_datetime
from m3nop.core.connector import Answer, Call, Effect, Failure, Outcome, Remedy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.app.session import Session
    from m3nop.core.connector import FieldInfo, Operation
    from m3nop.core.json import Json

STRANGER = "M3NOP-DOCTOR"
"""A text that is no key of anything."""

_SHORT = 10
_CALLABLE = frozenset({Remedy.BUSINESS, Remedy.WAITING})


class Asker:
    """Makes reading transactions of one connection."""

    def __init__(self, session: Session, connection: str) -> None:
        self.connection = connection
        self._session = session
        self._catalog = session.project.catalogs[connection]

    def operation(self, name: str) -> Operation | None:
        """Return a transaction that reads, or None."""
        found = self._catalog.operation(name) if self._catalog else None
        return found if found is not None and found.effect is Effect.READ else None

    def ask(self, name: str, fields: Mapping[str, Json] | None = None) -> Answer:
        """Ask one question."""
        return self.ask_all(name, [fields or {}])[0]

    def ask_all(self, name: str, asked: Sequence[Mapping[str, Json]]) -> list[Answer]:
        """Ask the same transaction several questions, in as few requests as it takes."""
        operation = self.operation(name)
        if operation is None:
            message = f"the project's snapshot does not know {name}"
            return [Answer(Outcome.NOT_SENT, failure=Failure(Remedy.CONFIGURATION, message))] * len(asked)
        opened = self._session.connection(self.connection)
        answers: list[Answer] = []
        while len(answers) < len(asked):
            group = asked[len(answers) : len(answers) + opened.group_size(operation)]
            answers += opened.send([Call(str(n), operation, fields) for n, fields in enumerate(group)])
        return answers

    def stranger(self, info: FieldInfo) -> str:
        """Return a value that fits a field and is no key of anything."""
        match info.type:
            case "N":
                return "9" * min(info.length or 1, 9)
            case "D":
                return to_datetime(self._session.clock.now()).strftime("%Y%m%d")
            case _:
                return STRANGER[: info.length or _SHORT]


def was_let_in(answer: Answer) -> bool:
    """Tell whether M3 took the question at all; that it knows no such record is an answer, too."""
    if answer.outcome is Outcome.DONE:
        return True
    return answer.failure is not None and answer.failure.remedy in _CALLABLE


def said(answer: Answer) -> str:
    """Return why a question was not answered."""
    return str(answer.failure or "no reason was given")
