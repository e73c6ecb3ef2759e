"""Commands about records that wait for a person's decision: reviews list, show, release, reject."""

from __future__ import annotations

from typing import Annotated

import typer

from m3nop.cli.options import AsJson, Env, Project, open_here, parse_duration
from m3nop.cli.record_options import Pipeline, Reason, Wait

Key = Annotated[str, typer.Argument(help="Key of the record, or PIPELINE/KEY.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Decide about records that were put aside for a person.")
    group.command("list")(list_reviews)
    group.command()(show)
    group.command()(release)
    group.command()(reject)
    app.add_typer(group, name="reviews")


def list_reviews(
    *, pipeline: Pipeline = None, project: Project = None, env: Env = None, as_json: AsJson = False
) -> None:
    """List the records that wait for a decision, and why."""
    from m3nop.app.naming import check_pipeline
    from m3nop.app.reviews import waiting_reviews
    from m3nop.cli.lives import record_document
    from m3nop.cli.output import print_json, print_table, say
    from m3nop.core.clock import to_text

    with open_here(project, env, command="reviews list") as session:
        names = session.project.pipelines
        check_pipeline(pipeline, names)
        found = waiting_reviews(session.state(read_only=True), (pipeline,) if pipeline else names)
    if as_json:
        print_json([record_document(record) for record in found])
    elif not found:
        say("no record waits for a decision")
    else:
        rows = [(one.pipeline, one.key, one.store, to_text(one.seen_at), one.reason) for one in found]
        print_table(("pipeline", "key", "store", "read", "reason"), rows)


def show(key: Key, *, project: Project = None, env: Env = None, as_json: AsJson = False) -> None:
    """Show a record that waits for a decision: what happened, and what the mapping makes of it now."""
    from m3nop.app.cases import open_case
    from m3nop.app.reviews import find_review
    from m3nop.cli.cases import print_case
    from m3nop.cli.output import say

    with open_here(project, env, command="reviews show") as session:
        record = find_review(session.state(read_only=True), key, session.project.pipelines)
        case = open_case(session, record)
    print_case(case, as_json=as_json)
    name = f"{record.pipeline}/{record.key}"
    if not as_json:
        say(f"decide with `m3nop reviews release {name} --reason WHY`, or reject")


def release(
    key: Key,
    *,
    reason: Reason,
    wait: Wait = "0s",
    project: Project = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Let a record go on; its checks that ask for a review pass."""
    from m3nop.app import reviews
    from m3nop.cli.lives import record_document
    from m3nop.cli.output import print_json, print_line
    from m3nop.core.records import RecordState

    with open_here(project, env, command="reviews release") as session:
        record = reviews.release(session, key, reason=reason, wait=parse_duration(wait)).record
    if as_json:
        print_json(record_document(record))
    elif record.state is RecordState.DONE:
        print_line(f"{record.pipeline} {record.key} is done: what was delivered stays as it is")
    elif record.state is RecordState.WAITING:
        print_line(f"{record.pipeline} {record.key} waits again: {record.reason}")
    else:
        print_line(f"{record.pipeline} {record.key} is ready: `m3nop sync {record.pipeline}` goes on with it")


def reject(
    key: Key,
    *,
    reason: Reason,
    wait: Wait = "0s",
    project: Project = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Refuse a record for good."""
    from m3nop.app import reviews
    from m3nop.cli.lives import record_document
    from m3nop.cli.output import print_json, print_line
    from m3nop.core.clock import to_text

    with open_here(project, env, command="reviews reject") as session:
        decision = reviews.reject(session, key, reason=reason, wait=parse_duration(wait))
    record = decision.record
    if as_json:
        print_json(record_document(record))
        return
    print_line(f"{record.pipeline} {record.key} is dead")
    if decision.cleared_at is not None:
        when = to_text(decision.cleared_at)
        print_line(f"what it began in M3 and is not real is removed by the next run after {when}")
    elif decision.left_behind:
        print_line(f"what it began in M3 stays there: `m3nop trace {record.pipeline}/{record.key}` shows it")
