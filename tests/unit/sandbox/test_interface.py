from __future__ import annotations

import pytest

from m3nop.sandbox.m3.interface import Field, parse


def test_a_program_is_read_from_compact_text():
    program = parse(
        "OIS100MI", "Orders", "Confirm one Make it real\n  in ORNO:A10*\n  .. CONO:N3\n  out STAT:A2"
    )

    confirm = program.transactions["Confirm"]
    assert (confirm.description, confirm.multiple) == ("Make it real", False)
    assert list(confirm.inputs.values()) == [Field("ORNO", "A", 10, True), Field("CONO", "N", 3)]
    assert list(confirm.outputs) == ["STAT"]


def test_a_slip_in_the_text_is_found():
    with pytest.raises(ValueError, match="'orno' does not describe a field"):
        parse("OIS100MI", "Orders", "Confirm one Make it real\n  in orno")
