"""The commands reconcile and report: what differs between the two systems, and whether each day balances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from m3nop.cli.options import (
    AsJson,
    Env,
    Project,
    Stores,
    find_place,
    open_here,
    parse_duration,
    parse_since,
)
from m3nop.cli.record_options import Wait
from m3nop.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from m3nop.app.reconcile.findings import Difference, Window
    from m3nop.app.reconcile.running import Comparison, Step
    from m3nop.app.session import Session
    from m3nop.core.json import Json

From = Annotated[
    str | None,
    typer.Option(
        "--from", help="Records created from this date on; else since the start.", show_default=False
    ),
]
To = Annotated[
    str | None, typer.Option("--to", help="Records created up to and with this date.", show_default=False)
]
Subjects = Annotated[
    list[str], typer.Argument(help="What to compare: orders, customers, products, inventory, payments.")
]
StuckAfter = Annotated[
    str, typer.Option("--stuck-after", help="A temporary order that is older than this is stuck.")
]
Form = Annotated[str, typer.Option("--format", help="Form: table, md or csv.")]
WithFix = Annotated[
    bool, typer.Option("--fix", help="Show what would be turned back to work; nothing is done.")
]
Apply = Annotated[
    bool,
    typer.Option(
        "--apply", help="With --fix: retry dead letters and make records ready; the next run works on them."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(reconcile)
    group = typer.Typer(
        no_args_is_help=True, help="Balance each day: what was sold, what M3 has, and why not."
    )
    group.command("orders")(report_orders)
    app.add_typer(group, name="report")


def reconcile(
    subjects: Subjects,
    *,
    since: From = None,
    until: To = None,
    store: Stores = None,
    stuck_after: StuckAfter = "30m",
    fix: WithFix = False,
    apply: Apply = False,
    wait: Wait = "0s",
    project: Project = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Compare shop and M3 by key; exit 1 if they differ. Both are only read."""
    from m3nop.app.reconcile.registry import Options
    from m3nop.app.reconcile.running import apply_plan, plan_of, reconcile
    from m3nop.cli.output import print_json, say

    if apply and not fix:
        raise UsageError("--apply goes with --fix")
    options = Options(stuck_after=parse_duration(stuck_after))
    with open_here(project, env, command="reconcile") as session:
        window = window_of(session, since, until)
        found = [
            reconcile(session, name, window=window, stores=tuple(store or ()), options=options)
            for name in dict.fromkeys(subjects)
        ]
        has_state = session.has_state()
    if has_state and not store:
        _note(found, project, env)
    differences = [one for each in found for one in each.differences]
    plan = plan_of(differences) if fix else []
    if as_json:
        print_json(_document(found, plan, fix=fix))
    else:
        _print(found, plan, fix=fix)
    if apply and plan:
        from m3nop.app.session import open_session

        # What was compared was opened for reading only.
        with open_session(find_place(project, env), command="reconcile --fix") as session:
            count = apply_plan(session, plan, wait=parse_duration(wait))
        say(f"{count} records are ready: the next run works on them")
    if differences:
        raise typer.Exit(1)


def _note(found: Sequence[Comparison], project: Path | None, env: str | None) -> None:
    """Keep how much differed, for metrics and alerts; a service that runs beside this keeps its own."""
    from m3nop.app.reconcile.running import note_comparisons
    from m3nop.cli.output import say
    from m3nop.core.errors import BusyError, StateError

    try:
        # What was compared was opened for reading only.
        with open_here(project, env, command="reconcile") as session:
            note_comparisons(session, found)
    except (BusyError, StateError) as error:
        say(f"how much differs is not kept for metrics and alerts: {error}")


def report_orders(
    *,
    since: From = None,
    until: To = None,
    store: Stores = None,
    form: Form = "table",
    project: Project = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Balance the orders of each day between shop and M3; exit 1 if one does not balance, with the reason."""
    from m3nop.app.reconcile.balance import balance_orders
    from m3nop.cli.balance import FORMS, document
    from m3nop.cli.output import print_csv_text, print_json, print_text, say

    if form not in FORMS:
        msg = f"--format is one of {', '.join(FORMS)}, not {form!r}"
        raise UsageError(msg)
    with open_here(project, env, command="report orders") as session:
        window = window_of(session, since, until)
        found = balance_orders(session, window=window, stores=tuple(store or ()))
    if as_json:
        print_json(document(found))
    else:
        put = print_csv_text if form == "csv" else print_text
        put(FORMS[form](found))
        for note in found.tally.notes:
            say(note)
    if not found.balances:
        raise typer.Exit(1)


def window_of(session: Session, since: str | None, until: str | None) -> Window:
    """Read the window; an end without a time of day is the end of that day.

    Raises:
        UsageError: one of them is no date.
    """
    from m3nop.app.reconcile.findings import Window
    from m3nop.core.clock import DAY, HOUR

    start, end = parse_since(since), parse_since(until)
    if end is not None and until is not None and "T" not in until and ":" not in until:
        end += DAY
    # A shop's clock may be ahead of ours.
    return Window(start, end if end is not None else session.clock.now() + HOUR)


def _print(found: Sequence[Comparison], plan: Sequence[Step], *, fix: bool) -> None:
    from m3nop.cli.output import print_line, print_table, say

    for each in found:
        compared = ", ".join(f"{number} {what}" for what, number in sorted(each.tally.compared.items()))
        say(f"{each.subject}: compared {compared or 'nothing'}")
        for note in each.tally.notes:
            say(f"{each.subject}: {note}")
        if not each.differences:
            say(f"{each.subject}: no difference")
            continue
        rows = [
            (one.kind, _name(one), one.store, " ".join(one.m3), one.state, _message(one), one.remedy)
            for one in each.differences
        ]
        print_table(
            ("difference", "record", "store", "M3", "state", "what", "remedy"), rows, title=each.subject
        )
    if not fix:
        return
    if not plan:
        say("there is nothing to turn back to work")
    for step in plan:
        print_line(f"{step.fix}: {step.pipeline} {' '.join(step.keys)}")
        for command in step.commands:
            print_line(f"  {command}")


def _name(one: Difference) -> str:
    return f"{one.pipeline}/{one.key}"


def _message(one: Difference) -> str:
    parts = [one.message, *one.details]
    return "; ".join([*parts, f"({one.reason})"] if one.reason else parts)


def _document(found: Sequence[Comparison], plan: Sequence[Step], *, fix: bool) -> dict[str, Json]:
    document: dict[str, Json] = {
        each.subject: {
            "compared": dict(sorted(each.tally.compared.items())),
            "not_compared": each.tally.notes,
            "differences": [_difference(one) for one in each.differences],
        }
        for each in found
    }
    if fix:
        document["plan"] = [
            {
                "fix": str(step.fix), "pipeline": step.pipeline, "keys": list(step.keys),
                "commands": list(step.commands),
            }
            for step in plan
        ]  # fmt: skip
    return document


def _difference(one: Difference) -> dict[str, Json]:
    return {
        "kind": str(one.kind), "pipeline": one.pipeline, "key": one.key, "store": one.store,
        "reference": one.reference, "m3": list(one.m3), "message": one.message, "details": list(one.details),
        "state": one.state, "reason": one.reason, "remedy": one.remedy, "fix": str(one.fix),
    }  # fmt: skip
