"""The pages of errors and exit codes explain what the program says, all of it and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from m3nop.core import errors
from m3nop.spec.rules import RULES
from tests.unit.docs.messages import ROOT, error_classes, is_said, raised, refused, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = ROOT / "docs" / "reference"
ERRORS = (REFERENCE / "errors.md").read_text(encoding="utf-8")
EXIT_CODES = (REFERENCE / "exit-codes.md").read_text(encoding="utf-8")
CODE = re.compile(r"`` (.+?) ``|(?<!`)`([^`]+)`")
OF_VALUES = frozenset({"EvaluationError", "FieldRefusal", "ExpressionError", "ShopFailure"})
"""Errors that say what is wrong with one value, expression or answer: the page explains these by their class."""


def explained() -> Iterator[str]:
    """Yield the messages that the page quotes in its columns ``message`` and ``reason``."""
    column = None
    for line in ERRORS.splitlines():
        cells = [cell.strip("| ") for cell in line.split(" | ")]
        if not line.startswith("|"):
            column = None
        elif {"message", "reason"} & set(cells):
            column = cells.index("message" if "message" in cells else "reason")
        elif column is not None and not line.startswith("|---"):
            cell = line.split(" | ")[column].removeprefix("| ")
            yield from (double or single for double, single in CODE.findall(cell))


def test_every_message_that_is_explained_is_one_of_the_program():
    messages = list(explained())

    assert len(messages) > 150
    assert [message for message in messages if not any(is_said(message, text) for text in texts())] == []


def test_every_message_that_an_error_is_raised_with_is_explained():
    messages = list(explained())
    said = set(raised(besides=OF_VALUES))

    unexplained = {text for text in said if not any(is_said(message, text) for message in messages)}

    assert len(said) > 100
    assert unexplained == set(), "add a row to docs/reference/errors.md"


def test_every_refusal_of_a_message_is_explained():
    messages, said = list(explained()), set(refused())

    assert len(said) > 50
    assert {text for text in said if not any(is_said(message, text) for message in messages)} == set()


def test_every_class_of_error_is_explained():
    named = {single for _, single in CODE.findall(ERRORS)}

    assert {name for name in error_classes() if name[0] != "_"} - named == set()


def test_every_code_of_a_problem_is_explained_by_its_meaning():
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (.+) \| (.+) \|$", ERRORS, flags=re.MULTILINE)
    meanings = {code: meaning for code, meaning, _ in rows}

    assert {code: meanings.get(code) for code in RULES} == RULES


def test_every_exit_code_is_explained():
    codes = {
        kind.exit_code
        for kind in vars(errors).values()
        if isinstance(kind, type) and hasattr(kind, "exit_code")
    }
    named = {int(code) for code in re.findall(r"^\| (\d+) \|", EXIT_CODES, flags=re.MULTILINE)}

    assert named == codes | {0, 6, 130, 143}
