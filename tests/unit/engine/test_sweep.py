"""Sweeping what a lost request made late: found by reference, what is ours is kept, the rest is deleted."""

from __future__ import annotations

from typing import Any

import pytest

from m3nop.core.connector import Remedy
from m3nop.core.records import AttemptState, CallState, RecordState
from m3nop.engine.actions import Finish, Purpose, Send, Stop
from tests.unit.engine.cases import ORDERS, REAL, TEMPORARY, Case, compiled, steps

LATE = {"ORNO": "0000104999", "CUNO": "W1042"}
KEPT = {"ORNO": TEMPORARY, "CUNO": "W1042", "_owner": 7}
ONE = {"order_number": REAL, "CUNO": "W1042"}
BAD_LINE = [{"id": 2001, "sku": "X" * 16, "quantity": 1}]


def sweeping(case: Case | None = None) -> Case:
    case = case or Case(compiled(ORDERS)).entered().confirmed()
    case.work.sweeping = True
    case.work.attempt.state = AttemptState.DONE
    case.work.record.commit_target = {"head": {"ORNO": TEMPORARY}}
    return case


def test_a_sweep_looks_for_both_kinds_of_documents_by_reference() -> None:
    case = sweeping()

    first = case.next()
    assert isinstance(first, Send)
    assert (first.path, first.purpose, first.fields) == (
        "check:temporary",
        Purpose.CHECK,
        {"OACUOR": "B2C-1042"},
    )
    assert case.found("check:temporary").next().path == "check:real"


def test_nothing_but_what_is_ours_ends_a_sweep() -> None:
    assert sweeping().found("check:temporary", KEPT).found("check:real", ONE).next() == Finish()


def test_a_late_document_is_asked_about_and_deleted() -> None:
    case = sweeping().found("check:temporary", KEPT, LATE).found("check:real", ONE)
    assert case.next().path == "confirmed:0000104999"

    deletion = case.found("confirmed:0000104999", {"order_number": "", "state": "10"}).next()
    assert (deletion.path, deletion.fields) == ("surplus:0000104999", {"ORNO": "0000104999"})
    assert case.log("surplus:0000104999").next() == Finish()


def test_a_late_document_that_m3_will_not_delete_is_left_to_a_person() -> None:
    case = sweeping().found("check:temporary", LATE).found("check:real", ONE).found("confirmed:0000104999")

    action = case.log("surplus:0000104999", CallState.REFUSED).next()

    assert isinstance(action, Stop)
    assert action.state is RecordState.REVIEW


def test_a_document_of_another_record_is_left_alone() -> None:
    assert (
        sweeping().found("check:temporary", {**LATE, "_owner": 8}).found("check:real", ONE).next() == Finish()
    )


def test_two_real_documents_are_told_to_a_person() -> None:
    action = sweeping().found("check:temporary").found("check:real", ONE, {**ONE, "order_number": "9"}).next()

    assert isinstance(action, Stop)
    assert (action.state, action.failure.remedy, action.step) == (
        RecordState.REVIEW,
        Remedy.IN_DOUBT,
        "sweep",
    )
    assert action.reason == "M3 holds 2 real documents with the reference B2C-1042"


def test_a_sweep_of_a_head_that_never_came_looks_with_what_was_sent() -> None:
    case = Case(compiled(ORDERS)).log("head", CallState.ABSENT, fields={"CUNO": "W1042"})

    assert sweeping(case).next().fields == {"OACUOR": "B2C-1042"}


TWO_NUMBERS = (
    ORDERS.replace(
        "    outputs: [ORNO]\n    probe: temporary",
        "    outputs: {number: ORNO, a: ORNO}\n    probe: temporary",
    )
    .replace("steps.head.ORNO", "steps.head.number")
    .replace("outputs: {ORNO: OAORNO, CUNO: OACUNO}", "outputs: {number: OAORNO, a: OAORNO, CUNO: OACUNO}")
)


@pytest.mark.parametrize(
    "target", [{"a": TEMPORARY, "number": TEMPORARY}, {"number": TEMPORARY, "a": TEMPORARY}]
)
def test_the_kept_document_is_known_whatever_the_order_of_its_members(target: dict[str, Any]) -> None:
    case = sweeping(Case(compiled(TWO_NUMBERS)).entered(until="head"))
    case.work.record.commit_target = {"head": target}
    kept = {"number": TEMPORARY, "a": TEMPORARY, "CUNO": "W1042"}

    assert case.found("check:temporary", kept).found("check:real").next() == Finish()


def test_a_mapping_that_fails_does_not_stand_in_the_way_of_a_sweep() -> None:
    case = Case(compiled(ORDERS), items=BAD_LINE).entered(until="head")

    assert sweeping(case).next().path == "check:temporary"


def test_a_pipeline_without_a_double_check_has_nothing_to_sweep() -> None:
    text = ORDERS.replace("double_check: {temporary: temporary, real: real, when: always}\n", "")
    read = steps("  - {id: again, read: shop/orders/get, fields: {id: order.id}}\n")

    assert sweeping(Case(compiled(text)).entered()).next() == Finish()
    assert sweeping(Case(read)).next() == Finish()
