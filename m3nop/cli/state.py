"""Commands about the state database: state show, verify, backup, baseline, and those of ``state_care``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from m3nop.cli import state_care
from m3nop.cli.options import AsJson, Env, Project, open_here, parse_duration, parse_since
from m3nop.cli.record_options import Wait

if TYPE_CHECKING:
    from m3nop.app.state_facts import StateFacts

PipelineName = Annotated[str, typer.Argument(help="Name of the pipeline.")]
Before = Annotated[
    str, typer.Option("--before", help="Records created before it are left alone.", show_default=False)
]
Target = Annotated[Path, typer.Argument(help="New file of the backup.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Look after the state database.")
    group.command()(show)
    group.command()(verify)
    group.command()(backup)
    group.command()(baseline)
    state_care.register(group)
    app.add_typer(group, name="state")


def show(*, project: Project = None, env: Env = None, as_json: AsJson = False) -> None:
    """Show what the state database belongs to and holds."""
    from m3nop.app.state_facts import state_facts
    from m3nop.cli.output import print_json, print_line

    with open_here(project, env, command="state show") as session:
        facts = state_facts(session)
    if as_json:
        print_json(_document(facts))
        return
    for line in _lines(facts):
        print_line(line)


def verify(*, project: Project = None, env: Env = None, as_json: AsJson = False) -> None:
    """Read the whole state database and say what is damaged or does not fit; exit 3 if anything is."""
    from m3nop.app.state_facts import place
    from m3nop.cli.output import print_json, print_line
    from m3nop.core.errors import StateError

    with open_here(project, env, command="state verify") as session:
        where = place(session)
        found = session.state(read_only=True).verify()
    if as_json:
        print_json({"state": where, "problems": found})
    else:
        for text in found or ("everything fits",):
            print_line(text)
    if found:
        faults = f"{len(found)} fault{'s' if len(found) > 1 else ''}"
        remedy = "put back a backup (m3nop state restore): what was sent since then is looked up in M3 first"
        msg = f"the state database {where} has {faults}; {remedy}"
        raise StateError(msg)


def backup(target: Target, *, project: Project = None, env: Env = None, as_json: AsJson = False) -> None:
    """Write a copy of the state database to a new file; runs may go on meanwhile."""
    from m3nop.cli.output import print_json, print_line

    with open_here(project, env, command="state backup") as session:
        session.state(read_only=True).backup(target)
    if as_json:
        print_json({"backup": str(target.resolve()), "bytes": target.stat().st_size})
    else:
        print_line(f"{target}: {target.stat().st_size} bytes")


def baseline(
    pipeline: PipelineName, *, before: Before, wait: Wait = "0s", project: Project = None, env: Env = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Leave the records of a pipeline alone that were created before an instant."""
    from m3nop.app.state_facts import set_baseline
    from m3nop.cli.output import print_json, print_line, say
    from m3nop.core.clock import to_text

    instant = parse_since(before)
    assert instant is not None  # noqa: S101  it was given
    with open_here(project, env, command="state baseline") as session:
        done = set_baseline(session, pipeline, instant, wait=parse_duration(wait))
        ahead = instant > session.clock.now()
    if as_json:
        earlier = to_text(done.earlier) if done.earlier is not None else None
        print_json(
            {
                "pipeline": pipeline,
                "before": to_text(instant),
                "earlier": earlier,
                "baselined": done.baselined,
            }
        )
    else:
        print_line(f"{pipeline}: records created before {to_text(instant)} are left alone")
        if done.baselined:
            print_line(f"{done.baselined} that were read and not touched yet are baselined")
    if ahead:
        say("that instant is still to come: whatever is created until then is left alone, too")


def _lines(facts: StateFacts) -> list[str]:
    from m3nop.core.clock import to_text

    size = f", {facts.size} bytes" if facts.size is not None else ""
    lines = [f"{facts.place}{size}, made {to_text(facts.created_at)}, epoch {facts.epoch}", "scope"]
    lines += [f"  {name}: {value}" for name, value in facts.scope.items()]
    for name, pipeline in facts.pipelines.items():
        counts = ", ".join(f"{number} {state}" for state, number in pipeline.counts.items()) or "no records"
        lines.append(f"{name}: {counts}")
        for part, watermark in pipeline.watermarks.items():
            lines.append(f"  read{f' in {part}' if part else ''} up to {watermark}")
        if pipeline.baseline is not None:
            lines.append(f"  baseline {to_text(pipeline.baseline)}")
    lines.append(f"{facts.links} links, {facts.dead_letters} open dead letters")
    if facts.last_run is not None:
        run = facts.last_run
        lines.append(f"last run {run.id}: {to_text(run.started_at)} {run.result}: m3nop {run.command}")
    return lines


def _document(facts: StateFacts) -> dict[str, object]:
    from m3nop.core.clock import to_text

    return {
        "state": facts.place, "bytes": facts.size, "made": to_text(facts.created_at), "epoch": facts.epoch,
        "scope": dict(facts.scope),
        "pipelines": {
            name: {
                "records": {str(state): number for state, number in one.counts.items()},
                "watermarks": dict(one.watermarks),
                "baseline": to_text(one.baseline) if one.baseline is not None else None,
            }
            for name, one in facts.pipelines.items()
        },
        "links": facts.links, "dead_letters": facts.dead_letters,
        "last_run": facts.last_run.id if facts.last_run is not None else None,
    }  # fmt: skip
