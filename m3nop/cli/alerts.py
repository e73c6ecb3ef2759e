"""Commands about alerts: list, test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from m3nop.cli.options import AsJson, Env, Project, open_here

if TYPE_CHECKING:
    from m3nop.core.alerts import Alert

Channel = Annotated[
    str | None, typer.Argument(metavar="[CHANNEL]", help="Only this one.", show_default=False)
]
Closed = Annotated[bool, typer.Option("--all", help="Also what is over.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    help_text = "See what people were told of, and try the ways to tell them."
    group = typer.Typer(no_args_is_help=True, help=help_text)
    group.command("list")(list_alerts)
    group.command("test")(try_channels)
    app.add_typer(group, name="alerts")


def list_alerts(
    *, every: Closed = False, project: Project = None, env: Env = None, as_json: AsJson = False
) -> None:
    """List what is the matter, and when each channel was told."""
    from m3nop.cli.output import print_json, print_table, say

    with open_here(project, env, command="alerts list") as session:
        # One that was never run has nothing to tell.
        found = session.state(read_only=True).alerts(open_only=not every) if session.has_state() else []
    if as_json:
        print_json([alert_document(one) for one in found])
    elif not found:
        say("nothing is the matter that anybody is to be told of")
    else:
        rows = [(one.rule, one.severity, one.text, *_times(one), one.channel) for one in found]
        print_table(("rule", "severity", "what", "since", "told", "until", "channel"), rows)


def try_channels(
    channel: Channel = None, *, project: Project = None, env: Env = None, as_json: AsJson = False
) -> None:
    """Send each channel a message that says that it is only a test; exit 4 if one does not take it."""
    from m3nop.app.alerts.telling import Alerts
    from m3nop.cli.output import complain, print_json, print_line

    with open_here(project, env, command="alerts test") as session:
        failed = Alerts(session, warn=complain).test(channel)
    said = {name: "" if error is None else str(error) for name, error in failed.items()}
    if as_json:
        print_json([{"channel": name, "error": text or None} for name, text in said.items()])
    else:
        for name, text in said.items():
            print_line(text or f"channel {name} took it")
    codes = [error.exit_code for error in failed.values() if error is not None]
    if codes:
        raise typer.Exit(max(codes))


def alert_document(alert: Alert) -> dict[str, object]:
    """Return an alert as JSON."""
    since, told, until = _times(alert)
    return {
        "rule": alert.rule, "subject": alert.subject, "channel": alert.channel, "severity": alert.severity,
        "text": alert.text, "since": since, "told": told or None, "until": until or None,
    }  # fmt: skip


def _times(alert: Alert) -> tuple[str, str, str]:
    from m3nop.core.clock import to_text

    since, told, until = (
        "" if at is None else to_text(at) for at in (alert.opened_at, alert.last_sent_at, alert.closed_at)
    )
    return since, told, until
