"""The command that shows what a pipeline makes of one record: map."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from m3nop.cli.options import AsJson, Env, Project, open_here
from m3nop.cli.record_options import Read, Store
from m3nop.core.errors import UsageError

if TYPE_CHECKING:
    from m3nop.app.previewing import MappedRecord, Subject
    from m3nop.core.json import Json

PipelineName = Annotated[str, typer.Argument(help="Name of the pipeline.")]
Key = Annotated[str | None, typer.Option("--key", help="Key of the record.", show_default=False)]
File = Annotated[
    Path | None, typer.Option("--file", help="A record in a JSON file; needs no system.", show_default=False)
]
Expr = Annotated[
    str | None, typer.Option("--expr", help="Only evaluate this expression.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("map")(map_one)


def map_one(
    pipeline: PipelineName, *, key: Key = None, file: File = None, expr: Expr = None, store: Store = None,
    read: Read = False, project: Project = None, env: Env = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Show what a pipeline makes of a record, each value with its expression; nothing is sent."""
    from m3nop.app import previewing
    from m3nop.cli.output import say

    if (key is None) == (file is None):
        raise UsageError("say which record: --key KEY, or --file record.json")
    with open_here(project, env, command=f"map {pipeline}") as session:
        if file is not None:
            subject = previewing.subject_from_file(session, pipeline, file, store=store)
        else:
            subject = previewing.subject_by_key(session, pipeline, key or "", store=store, read=read)
        zone, unsure = previewing.time_zone(session, subject.pipeline)
        if unsure:
            say(unsure)
        now = session.clock.now()
        if expr is None:
            _print_mapped(subject, previewing.map_record(subject, now=now, zone=zone), as_json=as_json)
        else:
            _print_value(previewing.evaluate(subject, expr, now=now, zone=zone), as_json=as_json)


def _print_value(value: Json, *, as_json: bool) -> None:
    from m3nop.cli.lives import plain
    from m3nop.cli.output import print_json, print_line

    if as_json:
        print_json(value)
    else:
        print_line(plain(value))


def _print_mapped(subject: Subject, mapped: MappedRecord, *, as_json: bool) -> None:
    from m3nop.cli.output import print_json, print_line

    if as_json:
        print_json(mapped_document(subject, mapped))
        return
    record = subject.record
    print_line(f"{record.pipeline} {record.key} ({subject.pipeline.store.code}), {subject.origin}")
    for line in mapped_lines(subject, mapped):
        print_line(line)


def mapped_lines(subject: Subject, mapped: MappedRecord, *, with_vars: bool = True) -> Iterator[str]:
    """Tell what a pipeline makes of a record."""
    from m3nop.cli.lives import field_lines, planned_lines

    if mapped.reference:
        yield f"  reference {mapped.reference}"
    if mapped.vars and with_vars:
        yield "  vars"
        yield from field_lines(
            mapped.vars, {name: expression.text for name, expression in subject.pipeline.vars}
        )
    for check in mapped.failed:
        yield f"  ! {check.on_fail}: {check.message}    <- {check.condition.text}"
    if mapped.problem:
        yield f"  ! {mapped.problem}"
    for call in mapped.calls:
        yield from planned_lines(call)


def mapped_document(subject: Subject, mapped: MappedRecord) -> dict[str, Any]:
    """Describe what a pipeline makes of a record."""
    from m3nop.cli.lives import planned_document

    return {
        "pipeline": subject.pipeline.name, "key": subject.record.key, "store": subject.pipeline.store.code,
        "reference": mapped.reference, "vars": dict(mapped.vars),
        "checks": [
            {"on_fail": str(check.on_fail), "message": check.message, "condition": check.condition.text}
            for check in mapped.failed
        ],
        "problem": mapped.problem,
        "calls": [planned_document(call) for call in mapped.calls],
    }  # fmt: skip
