from __future__ import annotations

import re
from pathlib import Path

import pytest

import m3nop
from m3nop.spec.rules import EXPRESSIONS, FILES, FORM, NAMES, RULES, SAFETY

PACKAGE = Path(m3nop.__file__).parent
SOURCES = "\n".join(
    path.read_text(encoding="utf-8")
    for folder in ("spec", "mapping")
    for path in (PACKAGE / folder).rglob("*.py")
    if path.name != "rules.py"
)
MADE_OF_PARTS = {"key-form", "unknown-channel", "unknown-connection", "unknown-pipeline", "unknown-store"}
NO_CODES = {"webhook-id", "x-signature", "utf-8", "utf-8-sig", "date-time"}


def test_no_code_has_two_meanings():
    assert len(RULES) == sum(map(len, (FILES, FORM, EXPRESSIONS, NAMES, SAFETY)))


@pytest.mark.parametrize("code", RULES)
def test_a_rule_is_a_sentence_about_a_code_that_exists(code):
    assert RULES[code].endswith(".")
    assert f'"{code}"' in SOURCES or code in MADE_OF_PARTS


def test_every_code_has_a_rule():
    hyphenated = set(re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)+)"', "\n".join(
        path.read_text(encoding="utf-8") for path in (PACKAGE / "spec").glob("*.py")
    )))  # fmt: skip
    named = set(re.findall(r'\bcode="([a-z-]+)"', SOURCES))

    assert (hyphenated | named) - NO_CODES <= RULES.keys()


def test_every_expected_problem_of_the_broken_specs_has_a_rule():
    for path in (Path(__file__).parent / "broken").glob("*.yaml"):
        for code in re.findall(
            r"^# expect: \S+ (\S+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE
        ):
            assert code in RULES
