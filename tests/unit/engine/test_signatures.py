"""What makes dead letters a group: the same operation, code and field, or the same kind of message."""

from __future__ import annotations

import pytest

from m3nop.engine.resting import signature_of


def test_a_code_of_the_system_tells_the_cause_whatever_the_message() -> None:
    one = signature_of("OIS100MI/AddBatchLine", "Item number A does not exist", code="WIT0103", field="ITNO")
    other = signature_of(
        "OIS100MI/AddBatchLine", "Item number B does not exist", code="WIT0103", field="ITNO"
    )
    assert one == other == "OIS100MI/AddBatchLine WIT0103 ITNO"
    assert signature_of("OIS100MI/AddBatchLine", "no", code="X") == "OIS100MI/AddBatchLine X"


@pytest.mark.parametrize(
    ("message", "signature"),
    [
        (
            "lookup 'vat' has no row for text 'DE 19', in `x`",
            "head: lookup 'vat' has no row for text …, in `x`",
        ),
        ("lookup 'vat' has no row for text \"it's\"", "head: lookup 'vat' has no row for text …"),
        ("the lines add up to 12.50, not to 13", "head: the lines add up to … not to …"),
        ("order B2C-1042 was entered", "head: order … was entered"),
        ("", "head"),
        (f"refused: {'x' * 500}", f"head: refused: {'x' * 111}"),
    ],
)
def test_without_a_code_it_is_the_message_without_what_differs(message: str, signature: str) -> None:
    assert signature_of("head", message) == signature
