"""Commands about systems that are left alone because they did not work: circuits list, close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from m3nop.cli.options import AsJson, Env, Project, open_here, parse_duration
from m3nop.cli.record_options import Wait

if TYPE_CHECKING:
    from m3nop.core.records import Circuit

Name = Annotated[str, typer.Argument(metavar="CONNECTION", help="Name of the connection.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="See which systems are left alone, and use one again.")
    group.command("list")(list_circuits)
    group.command()(close)
    app.add_typer(group, name="circuits")


def list_circuits(*, project: Project = None, env: Env = None, as_json: AsJson = False) -> None:
    """List the systems that did not work at some time, and how they stand."""
    from m3nop.cli.output import print_json, print_table, say

    with open_here(project, env, command="circuits list") as session:
        # One that was never run knows of no outage.
        found = session.state(read_only=True).circuits() if session.has_state() else []
    if as_json:
        print_json([circuit_document(one) for one in found])
    elif not found:
        say("every system has worked so far")
    else:
        rows = [(one.connection, str(one.phase), *_times(one), one.cause) for one in found]
        print_table(("connection", "circuit", "since", "until", "tried again", "cause"), rows)


def close(
    name: Name, *, project: Project = None, env: Env = None, wait: Wait = "0s", as_json: AsJson = False
) -> None:
    """Let the next run use a system again at once, after somebody has put it right."""
    from m3nop.app.closing import close_circuit
    from m3nop.cli.output import print_json, print_line

    with open_here(project, env, command=f"circuits close {name}") as session:
        closed = close_circuit(session, name, wait=parse_duration(wait))
    if as_json:
        print_json(circuit_document(closed))
    else:
        print_line(f"the next run uses {name} again, with few requests at first")


def circuit_document(circuit: Circuit) -> dict[str, object]:
    """Return what is known of a system as JSON."""
    since, ended, due = _times(circuit)
    return {
        "connection": circuit.connection, "phase": str(circuit.phase), "since": since or None,
        "ended": ended or None, "tried_again": due or None, "tries": circuit.tries,
        "remedy": circuit.remedy or None, "cause": circuit.cause or None, "in_flight": circuit.in_flight,
    }  # fmt: skip


def _times(circuit: Circuit) -> tuple[str, str, str]:
    from m3nop.core.clock import to_text
    from m3nop.core.records import Phase

    due = circuit.due_at if circuit.phase is Phase.OPEN else None
    since, ended, again = ("" if at is None else to_text(at) for at in (circuit.since, circuit.ended_at, due))
    return since, ended, again
