"""Taking an attempt back: in reverse, never what became real, with proof; and attempts that fit no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from m3nop.core.connector import Effect, Remedy
from m3nop.core.records import CallState, RecordState
from m3nop.engine.actions import Purpose, Send, Settle, Stop, Undo, Undone
from tests.unit.engine.cases import ORDERS, REAL, TEMPORARY, Case, compiled, steps

if TYPE_CHECKING:
    from m3nop.mapping.pipeline import Pipeline

HERE = {"ORNO": TEMPORARY, "CUNO": "W1042"}


@pytest.fixture
def case() -> Case:
    return Case(compiled(ORDERS))


# -- the order of things


def test_an_attempt_that_made_nothing_has_nothing_to_take_back(case: Case) -> None:
    assert case.undoing().next() == Undone()
    assert case.log("head", CallState.REFUSED).undoing().next() == Undone()


def test_the_temporary_document_is_deleted_and_then_looked_for(case: Case) -> None:
    deletion = case.entered().undoing().next()
    assert isinstance(deletion, Send)
    assert (deletion.path, deletion.purpose, deletion.fields) == (
        "undo:head",
        Purpose.UNDO,
        {"ORNO": TEMPORARY},
    )
    assert str(deletion.target) == "erp/OIS100MI/DelBatchHead"

    proof = case.log("undo:head").next()
    assert (proof.path, proof.purpose, proof.fields) == ("gone:head", Purpose.CHECK, {"OACUOR": "B2C-1042"})

    assert case.found("gone:head").next() == Undone()


def test_other_documents_with_the_reference_do_not_count_as_the_one_that_was_deleted(case: Case) -> None:
    case.entered().undoing().log("undo:head").found("gone:head", {**HERE, "ORNO": "0000104999"})

    assert case.next() == Undone()


def test_a_document_that_is_still_there_is_left_to_a_person(case: Case) -> None:
    action = case.entered().undoing().log("undo:head").found("gone:head", HERE).next()

    assert isinstance(action, Stop)
    assert (action.state, action.failure.remedy, action.step) == (
        RecordState.REVIEW,
        Remedy.IN_DOUBT,
        "undo:head",
    )
    assert "it is still there" in action.reason


@pytest.mark.parametrize("proves", [True, False])
def test_without_a_probe_that_proves_absence_the_answer_of_the_deletion_is_believed(proves: bool) -> None:
    pipeline = compiled(ORDERS)
    if proves:
        pipeline = without_probe(pipeline)
    else:
        unsure = replace(pipeline.probes["temporary"], proves_absence=False)
        pipeline = replace(pipeline, probes={**pipeline.probes, "temporary": unsure})

    assert Case(pipeline).entered().undoing().log("undo:head").next() == Undone()


def without_probe(pipeline: Pipeline) -> Pipeline:
    return replace(pipeline, steps=(replace(pipeline.steps[0], probe=None), *pipeline.steps[1:]))


TWO = ORDERS.replace(
    "  - id: lines\n",
    """  - id: charge
    call: erp/OIS100MI/AddBatchHeadChg
    fields: {ORNO: steps.head.ORNO, CRID: {value: FRT}}
    outputs: {id: CRID}
    undo: {call: erp/ZZZ100MI/DelCharge, fields: {ORNO: steps.head.ORNO, CRID: steps.charge.id}}
  - id: lines
""",
)


def test_several_steps_are_taken_back_in_reverse_each_with_its_own_answer() -> None:
    case = Case(compiled(TWO.replace("outputs: {id: CRID}", "outputs: {id: ORNO}")))
    case.entered(until="head").log("charge", ORNO="7").undoing()

    first = case.next()
    assert (first.path, first.fields) == ("undo:charge", {"ORNO": TEMPORARY, "CRID": "7"})

    assert case.log("undo:charge").next().path == "undo:head"


# -- what goes wrong on the way


@pytest.mark.parametrize("state", [CallState.SENT, CallState.IN_DOUBT])
def test_a_deletion_without_an_answer_is_made_again(case: Case, state: CallState) -> None:
    assert case.entered().undoing().log("undo:head", state).next() == Settle("undo:head", found=False)

    assert case.log("undo:head", CallState.ABSENT).next().path == "undo:head"


def test_a_deletion_that_must_not_be_repeated_is_left_to_a_person(case: Case) -> None:
    case.entered().undoing().log("undo:head", CallState.IN_DOUBT)
    case.work.log["undo:head"].effect = str(Effect.UNSAFE)

    action = case.next()

    assert isinstance(action, Stop)
    assert (action.state, action.failure.remedy) == (RecordState.REVIEW, Remedy.IN_DOUBT)
    assert action.reason == "in doubt: no answer to OIS100MI/DelBatchHead, which took back head"


def test_a_deletion_that_m3_refuses_is_left_to_a_person(case: Case) -> None:
    failure = {"remedy": "business", "message": "Order is in use", "code": "WOR0105", "field": "ORNO"}
    action = case.entered().undoing().log("undo:head", CallState.REFUSED, failure=failure).next()

    assert isinstance(action, Stop)
    assert (action.state, action.failure.code, action.step) == (RecordState.REVIEW, "WOR0105", "undo:head")
    assert action.reason == "M3 will not take back OIS100MI/DelBatchHead: Order is in use (WOR0105 ORNO)"


# -- a commit that was sent


@pytest.mark.parametrize("state", [CallState.REFUSED, CallState.ABSENT, CallState.DONE])
def test_a_commit_that_was_sent_is_asked_about_before_anything_is_deleted(
    case: Case, state: CallState
) -> None:
    case.entered().log("confirm", state, fields={"ORNO": TEMPORARY}).undoing("dead")

    asked = case.next()
    assert (asked.path, asked.fields) == ("probe:confirm", {"ORNO": TEMPORARY})

    assert case.found("probe:confirm", {"order_number": "", "state": "15"}).next().path == "undo:head"


def test_a_document_that_became_real_while_it_was_taken_back_is_adopted(case: Case) -> None:
    case.entered().log("confirm", CallState.ABSENT, fields={"ORNO": TEMPORARY}).undoing()

    action = case.found("probe:confirm", {"order_number": REAL, "state": "90"}).next()

    assert action == Settle("confirm", found=True, rows=({"ORNO": REAL, "STAT": "90"},), adopted=True)


def test_a_commit_without_a_probe_is_not_asked_about(case: Case) -> None:
    pipeline = compiled(ORDERS)
    silent = tuple(replace(step, probe=None) if step.commit else step for step in pipeline.steps)

    assert (
        Case(replace(pipeline, steps=silent))
        .entered()
        .log("confirm", CallState.REFUSED)
        .undoing()
        .next()
        .path
        == "undo:head"
    )


# -- a mapping that fails ends in an undo, and does not fail it


BAD_LINE = [{"id": 2001, "sku": "TENT-2P", "quantity": 1}, {"id": 2002, "sku": "X" * 16, "quantity": 1}]


def test_a_line_that_cannot_be_mapped_takes_the_temporary_document_back() -> None:
    case = Case(compiled(ORDERS), items=BAD_LINE)
    action = case.entered(until="head").log("lines/2001", PONR=1).next()
    assert isinstance(action, Undo)
    assert (action.then, action.failure.remedy) == (RecordState.DEAD, Remedy.BUSINESS)
    assert "ITNO" in action.reason

    assert case.undoing("dead").next().path == "undo:head"
    assert case.log("undo:head").next().path == "gone:head"
    assert case.found("gone:head").next() == Undone()


def test_a_condition_that_fails_does_not_stand_in_the_way_of_an_undo() -> None:
    case = Case(
        compiled(ORDERS.replace("  - id: lines\n", "  - id: lines\n    when: order.id > order.items\n"))
    )
    assert isinstance(case.entered(until="head").next(), Undo)

    assert case.undoing("dead").next().path == "undo:head"


def test_an_undo_that_cannot_be_mapped_is_left_to_a_person() -> None:
    undo = "fields: {ORNO: steps.head.ORNO}}\n"
    case = (
        Case(compiled(ORDERS.replace(undo, "fields: {ORNO: \"decimal(concat('x', order.id))\"}}\n", 1)))
        .entered()
        .undoing("ready")
    )

    action = case.next()

    assert isinstance(action, Stop)
    assert action.state is RecordState.REVIEW


# -- attempts that do not fit any more


def test_an_outdated_attempt_is_taken_back_before_its_next_call(case: Case) -> None:
    case.entered(until="head").work.outdated = "the mapping, its settings or lookups have changed"

    assert case.next() == Undo(RecordState.READY, "the mapping, its settings or lookups have changed")


def test_an_outdated_attempt_settles_its_doubts_first(case: Case) -> None:
    case.log(
        "head", CallState.SENT, fields={"CUNO": "W1042"}
    ).work.outdated = "the record has changed in the shop"

    assert case.next().path == "probe:head"


def test_an_outdated_attempt_that_is_committed_is_completed(case: Case) -> None:
    case.entered().confirmed().work.outdated = "the record has changed in the shop"

    assert case.next().path == "note"


def test_what_is_refused_after_the_commit_takes_nothing_back(case: Case) -> None:
    action = case.entered().confirmed().log("note", CallState.REFUSED).next()

    assert isinstance(action, Stop)
    assert action.state is RecordState.DEAD


def test_an_outdated_attempt_with_a_pending_commit_is_asked_about(case: Case) -> None:
    case.entered().confirmed(number="", state="20").work.outdated = "the record has changed in the shop"

    assert case.next().path == "probe:confirm"


def test_a_pipeline_without_a_commit_begins_again_too_when_it_is_outdated() -> None:
    case = Case(steps("  - {id: again, read: shop/orders/get, fields: {id: order.id}}\n"))
    case.work.outdated = "the record has changed in the shop"

    assert isinstance(case.next(), Undo)
    assert case.undoing().next() == Undone()
