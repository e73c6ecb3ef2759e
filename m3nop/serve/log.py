"""What goes to standard error: one line for each thing that happens, as text or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from m3nop.core.clock import to_text
from m3nop.core.records import RecordState
from m3nop.core.secrets import redact
from m3nop.core.terminal import json_text, printable
from m3nop.engine.ports import Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from m3nop.core.clock import Clock
    from m3nop.core.records import Record

_TROUBLE = (RecordState.DEAD, RecordState.REVIEW)
INFO, WARNING, ERROR = "info", "warning", "error"
_LEVELS = {
    "failed": ERROR, "reload_refused": ERROR, "web_error": ERROR, "certificate_refused": ERROR,
    "watch": WARNING, "webhook_refused": WARNING, "new_group": WARNING, "paused": WARNING,
}  # fmt: skip
"""How bad events are that do not say it themselves."""


class Log(Protocol):
    """Is told of everything that a person may want to read later."""

    def say(self, event: str, text: str, **facts: object) -> None:
        """Write one line: what kind of thing happened, in words, and its facts."""
        ...


class LineLog:
    """Writes lines: time, level, run and words, or a JSON object with the facts.

    Credentials are blotted out and commands for terminals made visible, whoever said them.
    """

    def __init__(self, write: Callable[[str], object], *, clock: Clock, as_json: bool) -> None:
        self._write = write
        self._clock = clock
        self._as_json = as_json

    def say(self, event: str, text: str, **facts: object) -> None:
        """Write one line; of what did not go well ``facts`` tell the ``level``."""
        now, message = to_text(self._clock.now()), redact(text)
        level = facts.pop("level", None) or _LEVELS.get(event, INFO)
        if self._as_json:
            known = {name: _redacted(value) for name, value in facts.items()}
            line = {"time": now, "level": level, "event": event, "message": message, **known}
            self._write(json_text(line))
        else:
            run = f" run {facts['run']}:" if facts.get("run") else ""
            self._write(f"{now} {str(level).upper()}{run} {printable(message)}")


def _redacted(value: object) -> object:
    return redact(value) if isinstance(value, str) else value


class RunLog(Silent):
    """The observer of a run: says what a person has to look at, or with ``every`` whatever happens."""

    def __init__(self, log: Log, *, beat: Callable[[], object] = lambda: None, every: bool = False) -> None:
        self._log = log
        self._beat = beat
        self._every = every
        self._run = 0

    def began(self, run_id: int, pipelines: Sequence[str]) -> None:
        """Note the number of the run."""
        self._run = run_id
        if self._every:
            self._log.say("began", f"{', '.join(pipelines)} began", run=run_id, pipelines=list(pipelines))

    def read(self, pipeline: str, count: int) -> None:
        """Note that the run goes on; the sum is in its last line."""
        self._beat()
        if self._every:
            self._log.say("read", f"{pipeline}: {count} read", run=self._run, pipeline=pipeline, count=count)

    def moved(self, record: Record, state: RecordState, reason: str) -> None:
        """Say which record went to a person, and why."""
        self._beat()
        if self._every or state in _TROUBLE:
            why = f": {reason}" if reason else ""
            self._log.say(
                "record", f"{record.pipeline} {record.key}: {state}{why}",
                level=WARNING if state in _TROUBLE else INFO, run=self._run, pipeline=record.pipeline,
                key=record.key, store=record.store, state=str(state), reason=reason,
            )  # fmt: skip

    def note(self, text: str) -> None:
        """Pass a note on."""
        self._log.say("note", text, run=self._run)
