"""The command that examines a project in its environment."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from m3nop.cli.options import AsJson, Env, Project, open_here
from m3nop.cli.output import print_json, print_line, say

if TYPE_CHECKING:
    from m3nop.app.doctor import Finding

WriteTest = Annotated[
    bool, typer.Option("--write-test", help="Make one temporary order in M3 and delete it (never in prod).")
]
Verbose = Annotated[bool, typer.Option("--problems", help="Show only what is not well.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(
    *, write_test: WriteTest = False, problems: Verbose = False, project: Project = None, env: Env = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Check credentials, rights, codes, probes and files.

    Every check is a line with its remedy. Exit 0: all is well, 1: something is not, 4: a system cannot be
    reached or refuses who we are.
    """
    from m3nop.app.doctor import Result, examine, exit_code

    found: list[Finding] = []
    with open_here(project, env, command="doctor") as session:
        place = session.place
        if not as_json:
            say(f"examining {place.folder} in {place.environment}")
        for finding in examine(session, write_test=write_test):
            found.append(finding)
            if not as_json and not (problems and finding.result is Result.OK):
                print_line(_line(finding))
    if as_json:
        print_json({"environment": place.environment, "checks": [_document(finding) for finding in found]})
    else:
        counts = [f"{sum(one.result is result for one in found)} {result}" for result in Result]
        say(f"{place.environment}: {', '.join(counts)}")
    sys.exit(exit_code(found))


def _line(finding: Finding) -> str:
    detail = f": {finding.detail}" if finding.detail else ""
    remedy = f"; {finding.remedy}" if finding.remedy else ""
    return f"{finding.result:<7} {finding.check} {finding.subject}{detail}{remedy}"


def _document(finding: Finding) -> dict[str, str]:
    return {
        "check": finding.check, "subject": finding.subject, "result": str(finding.result),
        "detail": finding.detail, "remedy": finding.remedy,
    }  # fmt: skip
