"""Writes docs/reference/functions.md from the table of functions: ``python tests/end_to_end/function_reference.py``."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from m3nop.mapping.functions import FUNCTIONS
from m3nop.mapping.values import json_text

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "functions.md"
TITLES = {
    "choice": "Choice",
    "codes": "Codes and identities",
    "measures": "Units of measure and shares",
    "dates": "Dates and times",
    "lists": "Lists and objects",
    "numbers": "Numbers",
    "text": "Text",
}
HEAD = """# Functions

What expressions of the [pipeline language](language.md) can call. `text?` means that null gives null, `text|null` that
the function takes null itself, `values...` that the parameter repeats, `=` what a parameter left out means, and `expr`
an expression reference such as `&price`. Functions marked with * are standard JMESPath, with exact numbers.
"""


def render() -> str:
    """Return the page."""
    ordered = sorted(FUNCTIONS.values(), key=lambda info: (list(TITLES).index(info.family), info.name))
    parts = [HEAD]
    for family, found in groupby(ordered, key=lambda info: info.family):
        parts.append(f"\n## {TITLES[family]}\n\n")
        for info in found:
            mark = "\\*" if info.standard else ""
            parts.append(f"### {info.name}{mark}\n\n```text\n{info.signature}\n```\n\n{info.doc}\n\n")
            given = "".join(f"\n{name} = {json_text(value)}" for name, value in info.example.root.items())
            parts.append(
                f"```text\n{info.example.expression}\n= {json_text(info.example.result)}{given}\n```\n\n"
            )
    return "".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
