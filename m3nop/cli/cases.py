"""Renders a record that needs a person: its life, and what the mapping makes of it now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.cli.lives import letter_document, life_document, life_lines
from m3nop.cli.mapping import mapped_document, mapped_lines
from m3nop.cli.output import print_json, print_line

if TYPE_CHECKING:
    from m3nop.app.cases import Case
    from m3nop.core.records import DeadLetter


def print_case(case: Case, *, letter: DeadLetter | None = None, as_json: bool) -> None:
    """Print everything that a person needs to decide about a record."""
    if as_json:
        print_json(
            {
                **({"dead_letter": letter_document(letter)} if letter is not None else {}),
                **life_document(case.life),
                "now": mapped_document(*case.mapping) if case.mapping is not None else None,
                "note": case.note,
            }
        )
        return
    for line in life_lines(case.life):
        print_line(line)
    print_line("")
    print_line(f"what would be sent now{f' ({case.note})' if case.note else ''}")
    if case.mapping is not None:
        for line in mapped_lines(*case.mapping, with_vars=False):
            print_line(line)
