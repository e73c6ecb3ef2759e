from __future__ import annotations

import copy

import pytest

from m3nop.connectors.m3.drift import changes

BEFORE = {
    "program": "OIS100MI",
    "transactions": {
        "AddBatchHead": {
            "many": False,
            "inputs": [
                {"name": "CUNO", "type": "A", "length": 10, "mandatory": True},
                {"name": "CUOR", "type": "A", "length": 20},
            ],
            "outputs": [{"name": "ORNO", "type": "A", "length": 10}],
        },
        "LstHead": {"many": True, "inputs": [], "outputs": []},
    },
}


def told(after):
    return [
        (change.transaction, change.way, change.field, change.text, change.breaks)
        for change in changes(BEFORE, after)
    ]


@pytest.fixture
def after():
    return copy.deepcopy(BEFORE)


def test_nothing_changed(after):
    assert told(after) == []


def test_what_it_is_called_and_when_it_was_taken_are_no_changes(after):
    after["taken_at"] = "later"
    after["transactions"]["LstHead"]["description"] = "Lists orders"

    assert told(after) == []


def test_a_program_that_is_gone():
    assert told(None) == [("", "", "", "is gone", True)]


def test_transactions_come_and_go(after):
    after["transactions"]["AddHead"] = after["transactions"].pop("LstHead")

    assert told(after) == [("AddHead", "", "", "is new", False), ("LstHead", "", "", "is gone", True)]


def test_a_list_becomes_one_row(after):
    after["transactions"]["LstHead"]["many"] = False

    assert told(after) == [("LstHead", "", "", "answers one row now", True)]


def test_fields_come_and_go_and_become_mandatory(after):
    head = after["transactions"]["AddBatchHead"]
    head["inputs"] = [
        {"name": "CUNO", "type": "A", "length": 10},
        {"name": "CUOR", "type": "A", "length": 20, "mandatory": True},
        {"name": "ZZ01", "type": "N", "length": 5, "mandatory": True},
        {"name": "ZZ02", "type": "N", "length": 5},
    ]
    head["outputs"] = []

    assert told(after) == [
        ("AddBatchHead", "inputs", "CUNO", "is not mandatory any more", True),
        ("AddBatchHead", "inputs", "CUOR", "is mandatory now", True),
        ("AddBatchHead", "inputs", "ZZ01", "is new, and mandatory", True),
        ("AddBatchHead", "inputs", "ZZ02", "is new", False),
        ("AddBatchHead", "outputs", "ORNO", "is gone", True),
    ]


def test_types_and_lengths(after):
    after["transactions"]["AddBatchHead"]["inputs"][1] = {"name": "CUOR", "type": "N", "length": None}

    assert [text for *_, text, _ in told(after)] == [
        "has length unknown now, not 20",
        "has type N now, not A",
    ]
