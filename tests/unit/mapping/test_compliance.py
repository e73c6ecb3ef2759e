"""The public compliance cases of JMESPath, each beneath one name of the root, and where we differ on purpose."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from m3nop.core import json
from m3nop.core.errors import M3nopError
from m3nop.mapping.context import Context
from m3nop.mapping.expressions import compile_expression

FOLDER = Path(__file__).parents[2] / "compliance"
SUMS = dict(line.split()[::-1] for line in (FOLDER / "SHA256SUMS").read_text(encoding="utf-8").splitlines())

# Comparing unlike types is false or null in JMESPath and a mistake in a mapping.
UNLIKE = "cannot compare"
# So is looking for something in a list of another type.
NEVER_THERE = "contains() looks for"
# `false` without backticks is the name of a field, which nobody means.
BARE = "bare-literal"
# A number is taken as its plain text, where JMESPath refuses it.
TAKES_NUMBERS = {
    "ends_with(str, `0`)", "starts_with(str, `0`)", 'join(\',\', `["a", 0]`)', "join(`2`, strings)", "join('|', decimals)",
}  # fmt: skip
DIFFERENT = {
    "boolean.json": {UNLIKE: 4},
    "filters.json": {UNLIKE: 30},
    "functions.json": {NEVER_THERE: 1, BARE: 1, "takes numbers": len(TAKES_NUMBERS)},
}


def same(ours, expected):
    """Compare all the way down; true is not 1."""
    if isinstance(ours, dict) and isinstance(expected, dict):
        return ours.keys() == expected.keys() and all(same(ours[name], expected[name]) for name in ours)
    if isinstance(ours, list) and isinstance(expected, list):
        return len(ours) == len(expected) and all(map(same, ours, expected))
    return isinstance(ours, bool) is isinstance(expected, bool) and ours == expected


def came_of(expression, given):
    try:
        return compile_expression(f"doc | {expression}").evaluate({"doc": given}, Context()), ""
    except M3nopError as error:
        return None, f"{getattr(error, 'code', '')} {error}"


def difference(case, given):
    """Return why a case comes out differently, or None where it does not."""
    ours, refused = came_of(case["expression"], given)
    if "error" in case:
        return None if refused else "takes numbers" if case["expression"] in TAKES_NUMBERS else case
    if not refused:
        return None if same(ours, case["result"]) else case
    return next((reason for reason in (UNLIKE, NEVER_THERE, BARE) if reason in refused), refused)


@pytest.mark.parametrize("name", SUMS)
def test_the_public_cases_come_out_as_they_should_but_for_those_that_we_mean(name):
    found = {}
    for suite in json.loads((FOLDER / name).read_bytes()):
        for case in suite["cases"]:
            reason = difference(case, suite["given"])
            if reason is not None:
                found[str(reason)] = found.get(str(reason), 0) + 1
    assert found == DIFFERENT.get(name, {})


@pytest.mark.parametrize(("name", "checksum"), SUMS.items())
def test_the_cases_are_those_that_were_published(name, checksum):
    # A checkout on Windows may have other line ends.
    content = (FOLDER / name).read_bytes().replace(b"\r\n", b"\n")
    assert hashlib.sha256(content).hexdigest() == checksum
