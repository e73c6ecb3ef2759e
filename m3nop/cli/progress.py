"""Shows a run while it goes: a bar on a terminal, a log elsewhere, silence under cron when all is well."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from m3nop.cli.lives import group_document
from m3nop.cli.options import check_log_format
from m3nop.cli.output import console, on_terminal, print_json, print_table, say
from m3nop.core.records import RecordState
from m3nop.core.terminal import printable
from m3nop.engine.ports import Silent
from m3nop.serve.log import LineLog, RunLog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.app.letters import Group
    from m3nop.app.session import Session
    from m3nop.core.records import Record
    from m3nop.engine.run import Summary

_TROUBLE = frozenset({RecordState.DEAD, RecordState.REVIEW})


class Progress(Silent):
    """Tells a person, or a log, what a run does."""

    def __init__(
        self, session: Session, names: tuple[str, ...], *, quiet: bool, log_format: str | None = None
    ) -> None:
        check_log_format(log_format or "text")
        self._session = session
        self._names = names
        self._log: RunLog | None = None
        if log_format:
            log = LineLog(say, clock=session.clock, as_json=log_format == "json")
            self._log = RunLog(log, every=True)
            self._lines = log
        self._quiet = quiet
        self._live = not quiet and not log_format and on_terminal(stderr=True)
        self._read = 0
        self._rested: dict[str, int] = {}

    def __enter__(self) -> Self:
        if self._live:
            from rich.status import Status
            from rich.text import Text

            self._console = console(stderr=True)
            self._bar = Status(Text(printable(self._headline())), console=self._console)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._bar.stop()

    # -- what the engine tells

    def began(self, run_id: int, pipelines: Sequence[str]) -> None:
        """Say so in the log."""
        if self._log is not None:
            self._log.began(run_id, pipelines)

    def read(self, pipeline: str, count: int) -> None:
        """Count records that were read."""
        self._read += count
        if self._log is not None:
            self._log.read(pipeline, count)
        self._refresh()

    def moved(self, record: Record, state: RecordState, reason: str) -> None:
        """Count a record that came to rest; say why where somebody has to act."""
        if state is not RecordState.READY:
            self._rested[str(state)] = self._rested.get(str(state), 0) + 1
        if self._log is not None:
            self._log.moved(record, state, reason)
        elif state in _TROUBLE:
            self._print(f"{record.pipeline} {record.key}: {state}: {reason}")
        self._refresh()

    def note(self, text: str) -> None:
        """Print something worth knowing."""
        if self._log is not None:
            self._log.note(text)
        else:
            self._print(text)

    # -- the end

    def end(self, summary: Summary, *, as_json: bool, new: Sequence[Group] = ()) -> None:
        """Print what was done: JSON, or a table; and the groups of dead letters that are ``new``."""
        for group in new:
            self._announce(group)
        counts = {"read": summary.read, **summary.counts}
        if self._log is not None:
            text = f"{', '.join(self._names)}: {summary.result}"
            self._lines.say("ended", text, result=summary.result, counts=counts)
        if as_json:
            place = self._session.place
            print_json(
                {
                    "environment": place.environment,
                    "pipelines": list(self._names),
                    "result": summary.result,
                    "message": summary.message,
                    "counts": counts,
                    "new_groups": [group_document(group) for group in new],
                }
            )
            return
        if not self._quiet and (self._live or any(counts.values())):
            shown = [(name, count) for name, count in counts.items() if count or name == "read"]
            print_table(("records", "count"), shown, title=f"{self._headline()}: {summary.result}")

    def _announce(self, group: Group) -> None:
        many = f"{len(group.letters)} dead letter{'s' if len(group.letters) > 1 else ''}"
        text = f"new: {many} of {group.signature} ({group.remedy}): {group.advice}"
        if self._log is not None:
            self._lines.say("new_group", text, **group_document(group))
        else:
            self._print(text)

    def _headline(self) -> str:
        systems = " and ".join(
            f"{name} {config.url or 'by .ionapi'}"
            for name, config in sorted(self._session.project.connections.items())
        )
        return f"{', '.join(self._names)} in {self._session.place.environment} ({systems})"

    def _refresh(self) -> None:
        if self._live:
            from rich.text import Text

            parts = [f"{self._read} read", *(f"{count} {state}" for state, count in self._rested.items())]
            self._bar.update(Text(printable(f"{self._headline()}: {', '.join(parts)}")))

    def _print(self, text: str) -> None:
        if not self._live:
            say(text)
            return
        from rich.text import Text

        self._console.print(Text(printable(text)))
