"""Commands about the project's own files: init, validate, schema, show."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from m3nop.cli.options import AsJson, Env, Project, find_place, find_project
from m3nop.cli.output import print_json, print_line, say
from m3nop.core.errors import UsageError

if TYPE_CHECKING:
    from m3nop.app.session import Place
    from m3nop.spec.validate import Report

Folder = Annotated[Path, typer.Argument(help="Folder of the new project.")]
With = Annotated[
    list[str] | None,
    typer.Option("--with", help="Environments to add, such as dev,qa,prod.", show_default=False),
]
Dialect = Annotated[
    str | None, typer.Option("--dialect", help="The shop's Web API: official or oss.", show_default=False)
]
Paths = Annotated[
    list[Path] | None,
    typer.Argument(help="Projects, files or folders; the project unless given.", show_default=False),
]
CheckedEnv = Annotated[
    str | None, typer.Option("--env", help="Check this environment only; else every one.", show_default=False)
]
Format = Annotated[str, typer.Option("--format", help="text, json, github, gitlab, sarif or junit.")]
Kind = Annotated[
    str | None,
    typer.Argument(help="project, pipeline, lookup or test; pipeline unless given.", show_default=False),
]
Write = Annotated[
    Path | None,
    typer.Option("--write", help="Write the schemas into this folder (.m3nop).", show_default=False),
]
ShowFormat = Annotated[str, typer.Option("--format", help="text, table, md, csv or xlsx.")]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", help="Write into this file.", show_default=False)
]
Store = Annotated[
    str | None, typer.Option("--store", help="For this store; else the first.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(validate)
    app.command()(show)
    app.command()(schema)


def init(
    folder: Folder = Path(), *, environments: With = None, dialect: Dialect = None, as_json: AsJson = False
) -> None:
    """Make a project, or add environments to one."""
    from m3nop.app import scaffold

    names = [name.strip() for text in environments or () for name in text.split(",") if name.strip()]
    existing = (folder / scaffold.PROJECT_FILE).is_file()
    if existing and names and dialect is None:
        added = scaffold.add_environments(folder, names)
    else:
        scaffold.create(folder, environments=names, dialect=dialect)
        added = names
    if as_json:
        print_json({"project": str(folder.resolve()), "created": not existing, "environments": added})
        return
    for line in _next_steps(folder, added, created=not existing):
        print_line(line)


def _next_steps(folder: Path, added: list[str], *, created: bool) -> list[str]:
    lines = [f"A project is in {folder.resolve()}."] if created else []
    if added:
        lines.append(
            f"{folder / 'm3nop.yaml'} has {', '.join(added)} now: set company, address and start of each,"
        )
        lines.append(
            "then store its secrets (`m3nop secrets check --env ENV` names them) and run `m3nop doctor`."
        )
    elif not created:
        lines.append(f"{folder / 'm3nop.yaml'} has these environments already; nothing was added.")
    if created:
        lines += [
            "Next, on the sandbox, where nothing real is touched:",
            *([] if folder == Path() else [f"  cd {folder}"]),
            "  m3nop validate",
            "  m3nop plan orders --env sandbox",
            "  m3nop sync orders --env sandbox",
        ]
        if not added:
            lines.append(
                "Real environments come with `m3nop init --with dev,qa,prod`; README.md says what to set."
            )
    return lines


def validate(
    paths: Paths = None, *, project: Project = None, env: CheckedEnv = None, form: Format = "text",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Check a project and print every problem at its place.

    Also checks single files and folders of them, and the YAML in Markdown files.
    """
    from m3nop.app.registry import CONNECTORS
    from m3nop.cli.problems import FORMATS
    from m3nop.spec.validate import validate as check

    form = "json" if as_json else form
    if form not in FORMATS:
        msg = f"--format is one of {', '.join(FORMATS)}, not {form!r}"
        raise UsageError(msg)
    checked = paths or [from_here(find_project(project))]
    report = check(checked, registry=CONNECTORS, environ=os.environ, environment=env)
    written = FORMATS[form](report)
    if written:
        print_line(written)
    if form == "text":
        _sum_up(report)
    if report.failed:
        sys.exit(3)


def from_here(path: Path) -> Path:
    """Write a path as short as it can be, so that problems are named by it."""
    try:
        return Path(os.path.relpath(path))
    except ValueError:
        # Another drive of Windows.
        return path


def _sum_up(report: Report) -> None:
    errors = sum(problem.severity == "error" for problem in report.problems)
    warnings = len(report.problems) - errors
    if report.unchecked:
        programs = ", ".join(sorted({name.split("/")[1] for name in report.unchecked}))
        say(
            f"not checked against your M3, for want of a snapshot: {programs}; names, types and lengths "
            "are those that m3nop ships, and `m3nop m3 snapshot` takes your own"
        )
    found = f"{_count(errors, 'error')}, {_count(warnings, 'warning')}" if report.problems else "no problems"
    say(f"{_count(report.files, 'file')} checked: {found}")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def schema(
    kind: Kind = None, *, write: Write = None, project: Project = None, as_json: AsJson = False
) -> None:
    """Print or write the JSON Schemas that editors use."""
    from m3nop.app.schemas import KINDS, schema_of, write_schemas

    try:
        folder = find_project(project)
    except UsageError:
        if project is not None:
            raise
        folder = None
    if write is None:
        print_json(schema_of(kind or "pipeline", project=folder))
        return
    try:
        written = write_schemas(write, project=folder, kinds=KINDS if kind is None else (kind,))
    except OSError as error:
        msg = f"{write} cannot be written: {error.strerror or error}"
        raise UsageError(msg) from error
    if as_json:
        print_json([str(path) for path in written])
    else:
        say(f"written: {', '.join(map(str, written))}")


def show(
    pipeline: Annotated[str, typer.Argument(help="The pipeline.")], *, store: Store = None,
    form: ShowFormat = "text", output: Output = None, project: Project = None, env: Env = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Print a pipeline as it is for a store.

    Each line tells the file and line that it comes from, and the environment or store that set it. The other
    formats say what maps to what, for people who sign that off: each target field with its source in words.
    """
    from m3nop.app.showing import show_pipeline

    if form != "text":
        _show_tables(pipeline, store, form, output, find_place(project, env), as_json=as_json)
        return
    if output is not None:
        raise UsageError("-o goes with --format table, md, csv or xlsx")
    shown = show_pipeline(find_place(project, env), pipeline, store=store)
    if as_json:
        lines = [
            {"text": line.text, "file": line.file, "line": line.line, "layer": line.layer}
            for line in shown.lines
        ]
        print_json(
            {"pipeline": pipeline, "store": shown.store, "environment": shown.environment, "lines": lines,
             "skipped": dict(shown.skipped)}
        )  # fmt: skip
        return
    width = min(max(len(line.text) for line in shown.lines), 80)
    for line in shown.lines:
        layer = "" if line.layer == "base" else f" ({line.layer})"
        print_line(f"{line.text:<{width}}  # {line.file}:{line.line}{layer}")
    say(f"{pipeline} for store {shown.store} in {shown.environment}")
    for step, reason in shown.skipped.items():
        say(f"step {step} is skipped: {reason}")


def _show_tables(
    pipeline: str, store: str | None, form: str, output: Path | None, place: Place, *, as_json: bool
) -> None:
    """Write sign-off tables in one of their forms."""
    from m3nop.app.sign_off import sign_off
    from m3nop.cli import sheets
    from m3nop.cli.output import print_csv_text, print_text

    if form not in (*sheets.TEXTS, sheets.WORKBOOK):
        msg = f"--format is one of text, {', '.join(sheets.TEXTS)}, {sheets.WORKBOOK}, not {form!r}"
        raise UsageError(msg)
    shown = sign_off(place, pipeline, store=store)
    if as_json:
        print_json(sheets.document(shown))
    elif form == sheets.WORKBOOK:
        if output is None:
            raise UsageError("a workbook goes into a file: -o FILE.xlsx")
        sheets.write_workbook(shown, output)
    elif output is None:
        put = print_csv_text if form == "csv" else print_text
        put(sheets.TEXTS[form](shown))
    else:
        try:
            output.write_text(sheets.TEXTS[form](shown), encoding="utf-8", newline="\n")
        except OSError as error:
            msg = f"{output} cannot be written: {error.strerror or error}"
            raise UsageError(msg) from error
    if output is not None:
        say(f"written: {output}")
