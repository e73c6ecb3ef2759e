"""The command that runs mapping tests: test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from m3nop.cli.options import AsJson, Project, find_project
from m3nop.core.errors import UsageError

if TYPE_CHECKING:
    from m3nop.app.testing.bench import Verdict
    from m3nop.app.testing.coverage import Coverage
    from m3nop.app.testing.matching import Difference
    from m3nop.app.testing.running import Outcome

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Test files, or folders that hold some; the project unless given.", show_default=False
    ),
]
Pipelines = Annotated[
    list[str] | None,
    typer.Option("--pipeline", help="Only tests of this pipeline (repeatable).", show_default=False),
]
Stores = Annotated[
    list[str] | None,
    typer.Option("--store", help="Only tests of this store (repeatable).", show_default=False),
]
TestEnv = Annotated[
    str | None,
    typer.Option(
        "--env", help="With the settings of this environment; else as the file says.", show_default=False
    ),
]
Filter = Annotated[
    str | None,
    typer.Option("--filter", help="Only tests whose name or file has this text.", show_default=False),
]
WithCoverage = Annotated[bool, typer.Option("--coverage", help="Also say which rules no test reaches.")]
JUnit = Annotated[
    Path | None, typer.Option("--junit", help="Write JUnit XML into this file, too.", show_default=False)
]
Update = Annotated[
    bool, typer.Option("--update", help="Write what came of failed tests as what they expect.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("test")(run)


def run(
    paths: Paths = None, *, pipeline: Pipelines = None, store: Stores = None, env: TestEnv = None,
    text: Filter = None, coverage: WithCoverage = False, junit: JUnit = None, update: Update = False,
    project: Project = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Run mapping tests: this record in, these calls out; exit 1 if one fails.

    Needs no network, no secret and no state: nothing is read but the project's files.
    """
    from m3nop.app.testing.running import Choice, run_tests

    choice = Choice(frozenset(pipeline or ()), frozenset(store or ()), env, text or "")
    outcome = run_tests(paths or [_from_here(find_project(project))], choice, coverage=coverage)
    if junit is not None:
        _write(junit, junit_text(outcome))
    if as_json:
        from m3nop.cli.output import print_json

        print_json(document(outcome))
    else:
        _print(outcome)
    failed = bool(outcome.failed)
    if update and failed:
        failed = not _update(outcome)
    if failed:
        sys.exit(1)


def _from_here(path: Path) -> Path:
    from m3nop.cli.project import from_here

    return from_here(path)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror or error}"
        raise UsageError(msg) from error


def _update(outcome: Outcome) -> bool:
    """Bring the files up to date; tell whether every failed test was."""
    from m3nop.app.testing.writing import by_file, update
    from m3nop.cli.output import say

    changed = 0
    for file, verdicts in by_file(outcome.verdicts).items():
        changed += update(file, verdicts)
    say(f"{changed} test{'' if changed == 1 else 's'} updated: look at the difference before you commit it")
    return changed == len(outcome.failed)


# -- text


def _print(outcome: Outcome) -> None:
    from m3nop.app.testing.writing import by_file
    from m3nop.cli.output import print_line, say

    for file, verdicts in by_file(outcome.verdicts).items():
        failed = [one for one in verdicts if not one.passed]
        told = f"{len(verdicts) - len(failed)} passed" + (f", {len(failed)} failed" if failed else "")
        print_line(f"{file.path.as_posix()}: {told}")
        for verdict in failed:
            for line in failure_lines(verdict):
                print_line(line)
    if outcome.coverage is not None:
        for line in coverage_lines(outcome.coverage):
            print_line(line)
    count, bad = len(outcome.verdicts), len(outcome.failed)
    say(f"{count} test{'' if count == 1 else 's'}: {count - bad} passed, {bad} failed")


def failure_lines(verdict: Verdict) -> Iterator[str]:
    """Tell what is not as a test expects."""
    store = f" ({verdict.store})" if verdict.store else ""
    yield f"  FAIL {verdict.test.spec.name}{store}"
    for difference in verdict.differences:
        yield f"    {verdict.file.at(difference.loc)}: {difference.message}"
        yield from _difference_lines(difference)


def _difference_lines(difference: Difference) -> Iterator[str]:
    from m3nop.app.testing.matching import NOTHING, shown

    origin = f"    <- {difference.origin}" if difference.origin else ""
    if difference.expected is not NOTHING:
        yield f"      expected  {_quoted(shown(difference.expected), difference.expected)}"
        yield f"      is        {_quoted(shown(difference.actual), difference.actual)}{origin}"
    elif isinstance(difference.actual, dict):
        for name, value in difference.actual.items():
            yield f"      {name} = {shown(value)}"
    elif difference.actual is not NOTHING:
        yield f"      is        {_quoted(shown(difference.actual), difference.actual)}{origin}"


def _quoted(text: str, value: object) -> str:
    """Show the blanks at the ends of a text, and that an empty one is there."""
    return f"'{text}'" if isinstance(value, str) and (not text or text != text.strip()) else text


def coverage_lines(coverage: Coverage) -> Iterator[str]:
    """Tell how much of each pipeline is reached, and what is not."""
    for name in coverage.pipelines():
        reached = coverage.reached(name)
        missed = [rule for rule, tests in reached.items() if not tests]
        done = len(reached) - len(missed)
        yield f"{name}: {done} of {len(reached)} rules are reached ({_percent(done, len(reached))} %)"
        yield from (f"  {rule.position}: {rule.what}" for rule in missed)


def _percent(done: int, of: int) -> int:
    return 100 if not of else done * 100 // of


# -- JSON and JUnit


def document(outcome: Outcome) -> dict[str, Any]:
    """Describe what came of the tests."""
    told: dict[str, Any] = {
        "passed": len(outcome.verdicts) - len(outcome.failed),
        "failed": len(outcome.failed),
        "tests": [_verdict_document(one) for one in outcome.verdicts],
    }
    if outcome.coverage is not None:
        told["coverage"] = [
            _coverage_document(outcome.coverage, name) for name in outcome.coverage.pipelines()
        ]
    return told


def _verdict_document(verdict: Verdict) -> dict[str, Any]:
    from m3nop.app.testing.matching import NOTHING

    position = verdict.test.position
    return {
        "file": position.file, "line": position.line, "column": position.column,
        "pipeline": verdict.file.spec.pipeline if verdict.file.spec else "", "name": verdict.test.spec.name,
        "store": verdict.store, "passed": verdict.passed,
        "differences": [
            {
                "line": (at := verdict.file.at(one.loc)).line, "column": at.column, "message": one.message,
                **({} if one.expected is NOTHING else {"expected": one.expected}),
                **({} if one.actual is NOTHING else {"actual": one.actual}),
                "from": one.origin,
            }
            for one in verdict.differences
        ],
    }  # fmt: skip


def _coverage_document(coverage: Coverage, name: str) -> dict[str, Any]:
    reached = coverage.reached(name)
    done = sum(bool(tests) for tests in reached.values())
    return {
        "pipeline": name, "rules": len(reached), "reached": done, "percent": _percent(done, len(reached)),
        "each": [
            {
                "file": rule.position.file, "line": rule.position.line, "column": rule.position.column,
                "rule": rule.what, "tests": sorted(tests),
            }
            for rule, tests in reached.items()
        ],
    }  # fmt: skip


def junit_text(outcome: Outcome) -> str:
    """Write the outcome as JUnit XML: one suite a file, one case a test."""
    from xml.sax.saxutils import escape, quoteattr

    from m3nop.app.testing.writing import by_file
    from m3nop.core.terminal import printable

    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    for file, verdicts in by_file(outcome.verdicts).items():
        name, failed = quoteattr(file.path.as_posix()), sum(not one.passed for one in verdicts)
        lines.append(f'  <testsuite name={name} tests="{len(verdicts)}" failures="{failed}">')
        for verdict in verdicts:
            case = f"    <testcase classname={name} name={quoteattr(printable(verdict.test.spec.name))}"
            place = f' file={name} line="{verdict.test.position.line}"'
            if verdict.passed:
                lines.append(f"{case}{place}/>")
                continue
            said = quoteattr(printable(verdict.differences[0].message))
            body = escape(printable("\n".join(failure_lines(verdict))))
            lines.append(f"{case}{place}><failure message={said}>{body}</failure></testcase>")
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])
