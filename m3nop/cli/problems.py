"""Writes problems for people and for the tools that show them beside the code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from m3nop import __version__
from m3nop.core import json
from m3nop.core.problems import Problem, Severity
from m3nop.core.terminal import json_text

if TYPE_CHECKING:
    from m3nop.spec.validate import Report


def _text(report: Report) -> str:
    return "\n".join(map(line_of, report.problems))


def line_of(problem: Problem) -> str:
    """Write a problem as a compiler would; a warning says that it is one."""
    if problem.severity is Severity.ERROR:
        return str(problem)
    return str(problem).replace(f"{problem.position}: ", f"{problem.position}: warning: ", 1)


def _json(report: Report) -> str:
    return json_text(
        {
            "failed": report.failed, "files": report.files,
            "problems": [
                {
                    "file": problem.position.file, "line": problem.position.line,
                    "column": problem.position.column, "severity": str(problem.severity),
                    "code": problem.code, "message": problem.message, "hint": problem.hint,
                }
                for problem in report.problems
            ],
            "unchecked": list(report.unchecked),
        },
        indent=2,
    )  # fmt: skip


def _github(report: Report) -> str:
    """Write workflow commands (GitHub's "Workflow commands for GitHub Actions")."""
    lines = []
    for problem in report.problems:
        at = problem.position
        places = {"file": at.file, "line": at.line, "col": at.column, "title": problem.code}
        properties = ",".join(f"{name}={_property(str(value))}" for name, value in places.items())
        lines.append(f"::{problem.severity} {properties}::{_data(_said(problem))}")
    return "\n".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _gitlab(report: Report) -> str:
    """Write a Code Quality report (GitLab's "Code quality report format")."""
    severities = {Severity.ERROR: "major", Severity.WARNING: "minor"}
    return json_text(
        [
            {
                "description": _said(problem), "check_name": problem.code,
                "fingerprint": json.digest(str(problem)), "severity": severities[problem.severity],
                "location": {"path": problem.position.file, "lines": {"begin": problem.position.line}},
            }
            for problem in report.problems
        ],
        indent=2,
    )  # fmt: skip


def _sarif(report: Report) -> str:
    """Write a log of the Static Analysis Results Interchange Format 2.1.0."""
    rules = [{"id": code} for code in sorted({problem.code for problem in report.problems})]
    driver = {"name": "m3nop", "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "results": [_result(problem) for problem in report.problems]}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json_text({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2)


def _result(problem: Problem) -> dict[str, Any]:
    region = {"startLine": problem.position.line, "startColumn": problem.position.column}
    place = {"artifactLocation": {"uri": problem.position.file}, "region": region}
    return {
        "ruleId": problem.code, "level": str(problem.severity), "message": {"text": _said(problem)},
        "locations": [{"physicalLocation": place}],
    }  # fmt: skip


def _junit(report: Report) -> str:
    """Write test cases: one a problem, or one that passes; warnings pass, too, and are said."""
    failures = sum(problem.severity is Severity.ERROR for problem in report.problems)
    cases = [_case(problem) for problem in report.problems] or [
        '  <testcase classname="m3nop" name="validate"/>'
    ]
    head = f'<testsuite name="m3nop validate" tests="{len(cases)}" failures="{failures}">'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *cases, "</testsuite>"])


def _case(problem: Problem) -> str:
    from xml.sax.saxutils import escape, quoteattr

    at = problem.position
    name = quoteattr(f"{at.line}:{at.column} {problem.code}")
    tag = "failure" if problem.severity is Severity.ERROR else "system-out"
    kind = f" message={quoteattr(_said(problem))}" if tag == "failure" else ""
    body = f"<{tag}{kind}>{escape(str(problem))}</{tag}>"
    return f"  <testcase classname={quoteattr(at.file)} name={name}>{body}</testcase>"


def _said(problem: Problem) -> str:
    return f"{problem.message}; {problem.hint}" if problem.hint else problem.message


FORMATS: Mapping[str, Callable[[Report], str]] = {
    "text": _text,
    "json": _json,
    "github": _github,
    "gitlab": _gitlab,
    "sarif": _sarif,
    "junit": _junit,
}
"""How a report can be written, by the name that ``--format`` takes."""
