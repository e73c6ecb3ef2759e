"""Shows a run while it goes: a bar on a terminal, a log elsewhere, silence under cron when all is well."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from m3nop.cli.lives import group_document
from m3nop.cli.options import check_log_format
from m3nop.cli.output import console, print_json, print_table, say
from m3nop.core.clock import to_text
from m3nop.core.state import RecordState
from m3nop.core.terminal import json_text, printable
from m3nop.engine.ports import Silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.app.letters import Group
    from m3nop.app.session import Session
    from m3nop.core.state import Record
    from m3nop.engine.run import Summary

_TROUBLE = frozenset({RecordState.DEAD, RecordState.REVIEW})


class Progress(Silent):
    """Tells a person, or a log, what a run does."""

    def __init__(self, session: Session, names: tuple[str, ...], *, quiet: bool, log_format: str) -> None:
        check_log_format(log_format)
        self._session = session
        self._names = names
        self._json = log_format == "json"
        self._quiet = quiet
        self._console = console(stderr=True)
        self._live = self._console.is_terminal and not quiet and not self._json
        self._read = 0
        self._rested: dict[str, int] = {}

    def __enter__(self) -> Self:
        if self._live:
            from rich.status import Status
            from rich.text import Text

            self._bar = Status(Text(printable(self._headline())), console=self._console)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._bar.stop()

    # -- what the engine tells

    def read(self, pipeline: str, count: int) -> None:
        """Count records that were read."""
        self._read += count
        self._log("read", pipeline=pipeline, count=count)
        self._refresh()

    def moved(self, record: Record, state: RecordState, reason: str) -> None:
        """Count a record that came to rest; say why where somebody has to act."""
        if state is not RecordState.READY:
            self._rested[str(state)] = self._rested.get(str(state), 0) + 1
        self._log(
            "moved",
            pipeline=record.pipeline,
            key=record.key,
            store=record.store,
            state=str(state),
            reason=reason,
        )
        if state in _TROUBLE and not self._json:
            self._print(f"{record.pipeline} {record.key}: {state}: {reason}")
        self._refresh()

    def note(self, text: str) -> None:
        """Print something worth knowing."""
        self._log("note", text=text)
        if not self._json:
            self._print(text)

    # -- the end

    def end(self, summary: Summary, *, as_json: bool, new: Sequence[Group] = ()) -> None:
        """Print what was done: JSON, or a table; and the groups of dead letters that are ``new``."""
        for group in new:
            self._announce(group)
        counts = {"read": summary.read, **summary.counts}
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
        self._log("new_group", **group_document(group))
        if not self._json:
            many = f"{len(group.letters)} dead letter{'s' if len(group.letters) > 1 else ''}"
            self._print(f"new: {many} of {group.signature} ({group.remedy}): {group.advice}")

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

    def _log(self, event: str, **facts: object) -> None:
        if self._json:
            now = to_text(self._session.clock.now())
            sys.stderr.write(json_text({"time": now, "event": event, **facts}) + "\n")
