"""Renders status and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.cli.circuits import circuit_document
from m3nop.cli.output import print_json, print_line, print_table, say
from m3nop.core.clock import to_text
from m3nop.core.records import Phase, RecordState
from m3nop.engine.circuits import paused

if TYPE_CHECKING:
    from m3nop.app.session import Session
    from m3nop.core.records import Run

_SHOWN = tuple(RecordState)
_DIGITS = 8
"""So many of a digest tell two configurations apart."""


def show_status(session: Session, *, as_json: bool) -> None:
    """Print how many records of each pipeline are in each state."""
    state = session.state(read_only=True)
    counts = {name: state.counts(name) for name in session.project.pipelines}
    letters = state.dead_letters()
    # A connection that the project has no longer is nobody's concern.
    circuits = [one for one in state.circuits() if one.connection in session.project.connections]
    if as_json:
        print_json(
            {
                "environment": session.place.environment,
                "pipelines": {
                    name: {str(each): number for each, number in found.items()}
                    for name, found in counts.items()
                },
                "dead_letters": len(letters),
                "circuits": [circuit_document(one) for one in circuits],
            }
        )
        return
    used = [each for each in _SHOWN if any(found.get(each) for found in counts.values())]
    rows = [(name, *(found.get(each, 0) for each in used)) for name, found in counts.items()]
    print_table(("pipeline", *map(str, used)), rows, title=f"environment {session.place.environment}")
    if letters:
        print_line(f"{len(letters)} dead letters wait for you: `m3nop dead-letters list`")
    if any(found.get(RecordState.REVIEW) for found in counts.values()):
        print_line("records wait for a decision: `m3nop reviews list`")
    for one in circuits:
        if one.phase is Phase.OPEN:
            print_line(str(paused(one)))
        elif one.phase is Phase.RECOVERING:
            print_line(f"{one.connection} works again; few requests are made at once for now")


def show_runs(session: Session, *, limit: int, as_json: bool) -> None:
    """Print the latest runs."""
    found = session.state(read_only=True).runs(limit=limit)
    if as_json:
        print_json([_document(run) for run in found])
        return
    if not found:
        say("no run yet")
        return
    rows = [
        (
            run.id,
            run.pipeline,
            to_text(run.started_at),
            _seconds(run),
            run.result,
            _counts(run),
            run.version or "-",
            (run.configuration or "-")[:_DIGITS],
            run.message,
        )
        for run in found
    ]
    headings = (
        "run", "pipelines", "started", "took", "result", "records", "version", "configuration", "message"
    )  # fmt: skip
    print_table(headings, rows)


def _document(run: Run) -> dict[str, object]:
    return {
        "run": run.id, "pipelines": run.pipeline.split(","), "started": to_text(run.started_at),
        "ended": to_text(run.ended_at) if run.ended_at else None, "command": run.command,
        "result": run.result,
        "counts": dict(run.counts), "message": run.message, "version": run.version,
        "configuration": run.configuration,
    }  # fmt: skip


def _seconds(run: Run) -> str:
    return f"{(run.ended_at - run.started_at) / 1_000_000:.1f} s" if run.ended_at else "-"


def _counts(run: Run) -> str:
    return ", ".join(f"{number} {name}" for name, number in run.counts.items() if number)
