"""The command that shows what a pipeline makes of one record: map."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec.structs import replace

from m3nop.cli.options import AsJson, Env, Project, open_here
from m3nop.cli.record_options import Read, Store
from m3nop.core.errors import UsageError

if TYPE_CHECKING:
    from m3nop.app.previewing import MappedRecord, Subject
    from m3nop.core.json import Json
    from m3nop.engine.preview import Planned

PipelineName = Annotated[str, typer.Argument(help="Name of the pipeline.")]
Key = Annotated[str | None, typer.Option("--key", help="Key of the record.", show_default=False)]
File = Annotated[
    Path | None,
    typer.Option("--file", "--fixture", help="A record in a JSON file; needs no system.", show_default=False),
]
Expr = Annotated[
    str | None, typer.Option("--expr", help="Only evaluate this expression.", show_default=False)
]
Prompt = Annotated[
    bool | None,
    typer.Option(
        "--prompt/--no-prompt",
        help="Then ask for expressions; unless given, on a terminal only.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("map")(map_one)


def map_one(
    pipeline: PipelineName, *, key: Key = None, file: File = None, expr: Expr = None, store: Store = None,
    read: Read = False, prompt: Prompt = None, project: Project = None, env: Env = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Show what a pipeline makes of a record, each value with its expression; nothing is sent.

    Each value stands with the expression, lookup or constant that made it, and the line where that is
    written. On a terminal a prompt follows, which gives the value of any expression on this record.
    """
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
        if expr is not None:
            _print_value(previewing.evaluate(subject, expr, now=now, zone=zone), as_json=as_json)
            return
        mapped = previewing.map_record(subject, now=now, zone=zone)
        places = previewing.places_of(session, subject, mapped.calls)
        if as_json:
            _print_document(subject, mapped, places)
            return
        placed = _placed(mapped, places)
        _print_mapped(subject, placed)
        if _on_terminal() if prompt is None else prompt:
            from m3nop.cli.prompt import converse

            converse(
                subject, placed, lambda text: previewing.evaluate(subject, text, now=now, zone=zone),
                lambda found: _print_mapped(subject, found),
            )  # fmt: skip


def _on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and "CI" not in os.environ


def _print_value(value: Json, *, as_json: bool) -> None:
    from m3nop.cli.lives import plain
    from m3nop.cli.output import print_json, print_line

    if as_json:
        print_json(value)
    else:
        print_line(plain(value))


def _placed(mapped: MappedRecord, places: Sequence[Mapping[str, str]]) -> MappedRecord:
    """Add to each origin where it is written."""
    calls = [
        replace(call, origins={name: _origin(call, name, at) for name, at in where.items()})
        for call, where in zip(mapped.calls, places, strict=True)
    ]
    return replace(mapped, calls=tuple(calls))


def _origin(call: Planned, name: str, at: str) -> str:
    # An upsert shows its fields by their own names; origins are kept by part.
    origin = call.origins.get(name) or call.origins.get(f"fields.{name}", "")
    return f"{' '.join(origin.split())}  ({at})"


def _print_mapped(subject: Subject, mapped: MappedRecord) -> None:
    from m3nop.cli.output import print_line

    record = subject.record
    print_line(f"{record.pipeline} {record.key} ({subject.pipeline.store.code}), {subject.origin}")
    for line in mapped_lines(subject, mapped):
        print_line(line)


def _print_document(subject: Subject, mapped: MappedRecord, places: Sequence[Mapping[str, str]]) -> None:
    from m3nop.cli.output import print_json

    document = mapped_document(subject, mapped)
    for call, where in zip(document["calls"], places, strict=True):
        call["at"] = dict(where)
    print_json(document)


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
