"""The command that runs as a service: run."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Annotated

import typer

from m3nop.cli.options import Env, Project, check_log_format, find_place
from m3nop.cli.run import All, Pipelines, chosen

if TYPE_CHECKING:
    from m3nop.app.session import Session
    from m3nop.serve.log import Log
    from m3nop.serve.service import Service
    from m3nop.serve.wakes import Wakes


LogForm = Annotated[
    str, typer.Option("--log-format", "--log", envvar="M3NOP_LOG", help="Form of the log: text or json.")
]


NoListen = Annotated[
    bool, typer.Option("--no-listen", help="Answer no HTTP: another service of the project does.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(run)


def run(
    pipelines: Pipelines = None, *, every: All = False, project: Project = None, env: Env = None,
    no_listen: NoListen = False, log_format: LogForm = "text",
) -> None:  # fmt: skip
    """Run pipelines as a service, by their schedules, until SIGTERM or Ctrl-C."""
    import os
    import random

    from m3nop.app.session import open_session
    from m3nop.cli.output import say
    from m3nop.serve.log import LineLog
    from m3nop.serve.notify import Notifier
    from m3nop.serve.service import Service
    from m3nop.serve.wakes import Wakes

    check_log_format(log_format)
    place = find_place(project, env)

    def opening() -> tuple[Session, tuple[str, ...]]:
        session = open_session(place, command=f"run {' '.join(pipelines or ['--all'])}")
        return session, chosen(session, pipelines, every=every)

    def log_of(session: Session) -> Log:
        return LineLog(say, clock=session.clock, as_json=log_format == "json")

    wakes = Wakes()
    service = Service(
        opening, log=log_of, wakes=wakes, notifier=Notifier(os.environ), spread=random.random,
        listens=not no_listen,
    )  # fmt: skip
    _listen(service, wakes)
    service.run()


def _listen(service: Service, wakes: Wakes) -> None:
    """Let SIGINT and SIGTERM end the service in order, and SIGHUP read the project again."""
    from m3nop.serve.wakes import Wake

    def end(caught: int, _frame: object) -> None:
        service.stop.ask(signal.Signals(caught).name)
        wakes.ring(Wake.STOP)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda _caught, _frame: wakes.ring(Wake.RELOAD))
