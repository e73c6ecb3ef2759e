"""The command that compares environments: diff."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from m3nop.cli.options import AsJson, Project, Stores, find_project

if TYPE_CHECKING:
    from m3nop.app.differences import Difference, Value

First = Annotated[str, typer.Argument(help="An environment, such as dev.")]
Second = Annotated[str, typer.Argument(help="The one to compare it with, such as prod.")]
Pipelines = Annotated[list[str] | None, typer.Argument(help="Only these pipelines.", show_default=False)]
Detailed = Annotated[bool, typer.Option("--detailed-exitcode", help="Exit 6 if they differ.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(diff)


def diff(
    first: First, second: Second, pipelines: Pipelines = None, *, stores: Stores = None,
    detailed: Detailed = False, project: Project = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Print what two environments do not share, with everything laid over it.

    Connections (of secrets only the names), settings, lookups, starts, schedules, limits and steps;
    each value with the file and line that it comes from.
    """
    from m3nop.app.differences import Comparison
    from m3nop.cli.output import print_json, print_line, say

    found = Comparison(find_project(project), first, second).differences(pipelines or (), stores=stores or ())
    if as_json:
        print_json({"first": first, "second": second, "differences": [_document(one) for one in found]})
    else:
        for one in found:
            print_line(_heading(one))
            for name, value in ((first, one.first), (second, one.second)):
                print_line(f"  {name:<{max(len(first), len(second))}}  {_told(value)}")
        number = f"{len(found)} difference{'' if len(found) == 1 else 's'}" if found else "no difference"
        say(f"{number} between {first} and {second}")
    if found and detailed:
        sys.exit(6)


def _heading(one: Difference) -> str:
    stores = f"store{'s' if len(one.stores) > 1 else ''} {', '.join(one.stores)}" if one.stores else ""
    where = ", ".join(part for part in (one.pipeline, stores) if part)
    return f"{where}: {one.path}" if where else one.path


def _told(value: Value | None) -> str:
    if value is None:
        return "-"
    layer = "" if value.layer == "base" else f" ({value.layer})"
    return f"{value.text}  # {value.file}:{value.line}{layer}"


def _document(one: Difference) -> dict[str, object]:
    return {
        "pipeline": one.pipeline or None, "stores": list(one.stores), "path": one.path,
        "first": _value(one.first), "second": _value(one.second),
    }  # fmt: skip


def _value(value: Value | None) -> dict[str, object] | None:
    if value is None:
        return None
    return {"value": value.text, "file": value.file, "line": value.line, "layer": value.layer}
