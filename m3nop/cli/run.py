"""Commands that run pipelines: sync, plan, status, runs."""

from __future__ import annotations

import gc
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from m3nop.cli.options import (
    AsJson,
    Env,
    Keys,
    LogFormat,
    Project,
    Quiet,
    Stores,
    open_here,
    parse_duration,
    parse_since,
)
from m3nop.cli.streams import keeping
from m3nop.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.app.letters import Group
    from m3nop.app.session import Session
    from m3nop.core.clock import Instant
    from m3nop.engine.ports import StopSignal
    from m3nop.engine.run import Engine, Summary
    from m3nop.engine.wish import Wish

Pipelines = Annotated[list[str] | None, typer.Argument(help="Pipelines to run.", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="Every pipeline, in the order they depend on each other.")]
Since = Annotated[
    str | None, typer.Option("--since", help="Read again from this date on.", show_default=False)
]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, help="Work on so many records at most.", show_default=False)
]
Full = Annotated[
    bool, typer.Option("--full", help="Read everything again; what was delivered stays delivered.")
]
AllowToZero = Annotated[
    bool, typer.Option("--allow-to-zero", help="Lift the limit on records that come to nothing (stock).")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only plan: the same as `m3nop plan`.")]
MetricsFile = Annotated[
    Path | None,
    typer.Option(
        "--metrics-file", help="Write metrics there when the run has ended, well or not (*.prom).",
        show_default=False,
    ),
]  # fmt: skip
Wait = Annotated[str, typer.Option("--wait", help="Wait so long for another run to end (10m).")]
Linger = Annotated[str, typer.Option("--linger", help="Wait so long for calls in doubt to settle.")]
Detailed = Annotated[bool, typer.Option("--detailed-exitcode", help="Exit 6 if anything would be sent.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(sync)
    app.command()(plan)
    app.command()(status)
    app.command()(runs)


def sync(
    pipelines: Pipelines = None, *, every: All = False, project: Project = None, env: Env = None,
    stores: Stores = None, keys: Keys = None, since: Since = None, limit: Limit = None, full: Full = False,
    allow_to_zero: AllowToZero = False, dry_run: DryRun = False, wait: Wait = "0s", linger: Linger = "60s",
    as_json: AsJson = False, quiet: Quiet = False, log_format: LogFormat = None,
    metrics_file: MetricsFile = None,
) -> None:  # fmt: skip
    """Run pipelines once: read what is new and deliver what is ready."""
    asked = _Asked(pipelines, every, stores, keys, since, limit, full, allow_to_zero)
    if dry_run:
        _plan(asked, project, env, as_json=as_json, detailed=False)
        return
    from m3nop.app.auditing import note_lifted
    from m3nop.app.watching import Watch
    from m3nop.cli.output import complain
    from m3nop.cli.progress import Progress

    stop = listen()
    with open_here(project, env, command=f"sync {' '.join(pipelines or ['--all'])}") as session:
        wish = asked.wish(session, linger=parse_duration(linger))
        began = session.clock.now()
        watch = Watch(session, warn=complain, metrics_file=metrics_file)
        with (
            Progress(session, wish.pipelines, quiet=quiet, log_format=log_format) as progress,
            watch.run(wish.pipelines, progress) as run,
        ):
            engine = session.engine(
                wish.pipelines, observer=run.observer, stop=stop, wait=parse_duration(wait)
            )  # fmt: skip
            note_lifted(session, wish)
            summary = run.summary = _run(engine, wish)
        code = exit_code(summary.counts, stop)
        with keeping(code):
            new = _new_groups(session, since=began) if summary.counts.get("dead") else ()
            progress.end(summary, as_json=as_json, new=new)
        if summary.error is not None:
            raise summary.error
        if not stop:
            _tidy(session, wish)
    sys.exit(code)


# What is needed when a run is over is loaded then: the first order need not wait for it.


def _new_groups(session: Session, *, since: Instant) -> Sequence[Group]:
    from m3nop.app.letters import new_groups

    return new_groups(session.state(), since=since)


def _tidy(session: Session, wish: Wish) -> None:
    from m3nop.app.naming import check_keys
    from m3nop.app.retention import forget_what_is_old

    check_keys(session, wish)
    forget_what_is_old(session)


def _run(engine: Engine, wish: Wish) -> Summary:
    # What is loaded stays to the end: it need not be looked through for circles again and again.
    gc.freeze()
    return engine.run(wish)


def plan(
    pipelines: Pipelines = None, *, every: All = False, project: Project = None, env: Env = None,
    stores: Stores = None, keys: Keys = None, since: Since = None, limit: Limit = None, full: Full = False,
    detailed: Detailed = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Show the calls that a run would make, by reading only."""
    asked = _Asked(pipelines, every, stores, keys, since, limit, full)
    _plan(asked, project, env, as_json=as_json, detailed=detailed)


def _plan(asked: _Asked, project: Path | None, env: str | None, *, as_json: bool, detailed: bool) -> None:
    from m3nop.cli.plans import show_plan

    with open_here(project, env, command="plan") as session:
        acts = show_plan(session, asked.wish(session, linger=0), as_json=as_json)
    if acts and detailed:
        sys.exit(6)


def status(*, project: Project = None, env: Env = None, as_json: AsJson = False) -> None:
    """Show how many records of each pipeline stand where, and what waits for a person."""
    from m3nop.cli.reports import show_status

    with open_here(project, env, command="status") as session:
        show_status(session, as_json=as_json)


def runs(
    *, project: Project = None, env: Env = None, as_json: AsJson = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Show so many.")] = 20,
) -> None:  # fmt: skip
    """List the latest runs, newest first."""
    from m3nop.cli.reports import show_runs

    with open_here(project, env, command="runs") as session:
        show_runs(session, limit=limit, as_json=as_json)


class _Asked(Struct, frozen=True):
    """What was asked for, as it was typed."""

    pipelines: list[str] | None
    every: bool
    stores: list[str] | None
    keys: list[str] | None
    since: str | None
    limit: int | None
    full: bool
    allow_to_zero: bool = False

    def wish(self, session: Session, *, linger: float) -> Wish:
        """Look everything up.

        Raises:
            UsageError: something does not exist.
        """
        from m3nop.app.session import unknown
        from m3nop.engine.wish import Wish

        for store in self.stores or ():
            if store not in session.project.stores:
                raise UsageError(unknown("store", store, session.project.stores))
        names = chosen(session, self.pipelines, every=self.every, stores=self.stores or ())
        return Wish(
            names, tuple(self.stores or ()), tuple(self.keys or ()), self.limit, parse_since(self.since),
            full=self.full, linger=linger, command=" ".join(sys.argv[1:]), allow_to_zero=self.allow_to_zero,
        )  # fmt: skip


def chosen(
    session: Session, pipelines: Sequence[str] | None, *, every: bool, stores: Sequence[str] = ()
) -> tuple[str, ...]:
    """Name the pipelines that were asked for, their instances too, and leave out what is switched off.

    Raises:
        UsageError: there is no such pipeline, or none was named.
    """
    from m3nop.app.session import unknown

    project = session.project
    known = project.pipelines
    if every == bool(pipelines):
        msg = f"name the pipelines to run, or --all; there are {', '.join(sorted(known))}"
        raise UsageError(msg)
    for name in pipelines or ():
        if name not in known:
            raise UsageError(unknown("pipeline", name, known))
    named = pipelines or session.enabled()
    wanted = [one for name in named for one in project.instances(name, stores)]
    on = [one for one in wanted if session.is_enabled(one)]
    # One that is switched off is named only where nothing else is meant: then the session says so.
    return tuple(dict.fromkeys(on or wanted))


def listen() -> StopSignal:
    """Let SIGINT and SIGTERM ask a run to end gracefully."""
    from m3nop.engine.ports import StopSignal

    stop = StopSignal()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda caught, _frame: stop.ask(signal.Signals(caught).name))
    return stop


def exit_code(counts: dict[str, int], stop: StopSignal) -> int:
    """Return the exit code of a run: of a signal, or 1 where a person has to look."""
    if stop:
        return 128 + int(signal.Signals[stop.reason])
    return 1 if counts.get("dead") or counts.get("review") else 0
