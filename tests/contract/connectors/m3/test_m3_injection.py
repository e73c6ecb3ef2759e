"""What a customer typed goes into a table query as a value and as nothing else."""

from __future__ import annotations

import pytest

from m3nop.core.connector import Outcome

OTHERS = ("B2C-1", "B2C-2")
HOSTILE = [
    "x' or OACUOR = 'B2C-1",
    "x' or '1' = '1",
    "' or OACUNO = 'W9999",
    "x'' or OACUOR = ''B2C-1",
    "'",
    "''",
    "\\' or OACUOR = 'B2C-1' --",
    "B2C-1|B2C-2",
    "a|b^c~d;e",
    "B2C-1;B2C-2",
    "x and OACUNO = W9999",
    "%",
    "*",
    "B2C-%",
]


def look_up(erp, reference):
    return erp.call("table:OXHEAD", columns=("OAORNO", "OACUOR"), OACUOR=reference)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_finds_an_order_of_somebody_else(erp, text):
    for reference in OTHERS:
        erp.order(reference)

    answer = look_up(erp, text)

    assert (answer.outcome, answer.rows) == (Outcome.DONE, ())


@pytest.mark.parametrize("text", [text for text in HOSTILE if len(text) <= 20])
def test_an_order_is_found_by_exactly_the_text_that_it_has(erp, text):
    number = erp.order(text)

    answer = look_up(erp, text)

    assert [row["OAORNO"] for row in answer.rows] == [number]


@pytest.mark.parametrize("text", ["", " ", "a\nb", "a\x00b", "a\x1b[2J", "a\u202eb"])
def test_what_cannot_stand_in_a_query_is_refused_before_it_is_sent(erp, world, text):
    world.requests.clear()

    answer = look_up(erp, text)

    assert answer.outcome is Outcome.REFUSED
    assert not any("EXPORTMI" in " ".join(request.operations) for request in world.requests)


@pytest.mark.parametrize("column", ["OACUOR = 'x' or OACUNO", "oacuor", "OACUOR;", "OA CUOR"])
def test_no_name_of_a_column_is_anything_else(erp, column):
    answer = erp.send(("table:OXHEAD", {column: "B2C-1"}), columns=("OAORNO",))[0]

    assert answer.outcome is Outcome.REFUSED
