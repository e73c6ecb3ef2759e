"""What the service says on standard error: one line for each thing, as text or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from m3nop.core import json
from m3nop.core.clock import to_text
from m3nop.core.state import RecordState
from m3nop.engine.ports import Silent

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.core.clock import Clock
    from m3nop.core.state import Record

_TROUBLE = (RecordState.DEAD, RecordState.REVIEW)


class Log(Protocol):
    """Is told of everything that a person may want to read later."""

    def say(self, event: str, text: str, **facts: object) -> None:
        """Write one line: what kind of thing happened, in words, and its facts."""
        ...


class LineLog:
    """Writes lines: the words with the time before them, or a JSON object with the facts."""

    def __init__(self, write: Callable[[str], object], *, clock: Clock, as_json: bool) -> None:
        self._write = write
        self._clock = clock
        self._as_json = as_json

    def say(self, event: str, text: str, **facts: object) -> None:
        """Write one line."""
        now = to_text(self._clock.now())
        if self._as_json:
            self._write(json.dumps({"time": now, "event": event, "text": text, **facts}))
        else:
            self._write(f"{now} {text}")


class RunLog(Silent):
    """The observer of a run: says what a person has to look at."""

    def __init__(self, log: Log, *, beat: Callable[[], object]) -> None:
        self._log = log
        self._beat = beat

    def read(self, pipeline: str, count: int) -> None:  # noqa: ARG002
        """Note that the run goes on; the sum is in its last line."""
        self._beat()

    def moved(self, record: Record, state: RecordState, reason: str) -> None:
        """Say which record went to a person, and why."""
        self._beat()
        if state in _TROUBLE:
            self._log.say(
                "record", f"{record.pipeline} {record.key}: {state}: {reason}", pipeline=record.pipeline,
                key=record.key, store=record.store, state=str(state), reason=reason,
            )  # fmt: skip

    def note(self, text: str) -> None:
        """Pass a note on."""
        self._log.say("note", text)
