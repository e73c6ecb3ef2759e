"""A call was sent and nobody knows whether it took effect: how each kind is settled, and how it never is."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from m3nop.core.clock import DAY, MINUTE, SECOND
from m3nop.core.connector import Remedy
from m3nop.core.records import CallState, RecordState
from m3nop.engine.actions import Park, Purpose, Send, Settle, Stop, Undo
from m3nop.engine.settle import ASK_AGAIN, LONGEST_PAUSE, PROBES_BEFORE_REVIEW
from m3nop.mapping.pipeline import InDoubt, Pipeline
from tests.unit.engine.cases import NOW, ORDERS, REAL, SETTLE, TEMPORARY, Case, compiled, steps

DOUBTS = pytest.mark.parametrize("state", [CallState.SENT, CallState.IN_DOUBT])
HEAD = {"CUNO": "W1042", "ORTP": "W01", "CUOR": "B2C-1042"}
FOUND = {"ORNO": TEMPORARY, "CUNO": "W1042"}


@pytest.fixture
def case() -> Case:
    return Case(compiled(ORDERS))


def changed(pipeline: Pipeline, step_id: str, **values: Any) -> Pipeline:
    """Return a pipeline in which one step is different."""
    made = tuple(replace(step, **values) if step.id == step_id else step for step in pipeline.steps)
    return replace(pipeline, steps=made)


def with_probe(pipeline: Pipeline, name: str, **values: Any) -> Pipeline:
    return replace(pipeline, probes={**pipeline.probes, name: replace(pipeline.probes[name], **values)})


# -- the head: looked up by its reference


@DOUBTS
def test_a_head_without_an_answer_is_looked_up_by_its_reference(case: Case, state: CallState) -> None:
    action = case.log("head", state, fields=HEAD).next()

    assert isinstance(action, Send)
    assert (action.path, action.purpose, str(action.target)) == (
        "probe:head",
        Purpose.CHECK,
        "erp/table:OXHEAD",
    )
    assert action.fields == {"OACUOR": "B2C-1042"}
    assert action.columns == ("OAORNO", "OACUNO")
    assert action.probe is case.work.pipeline.probes["temporary"]


@DOUBTS
def test_a_head_that_is_found_is_taken_over(case: Case, state: CallState) -> None:
    action = case.log("head", state, fields=HEAD).found("probe:head", FOUND).next()

    assert action == Settle("head", found=True, rows=({"ORNO": TEMPORARY},))


def test_what_this_record_itself_made_is_taken_over(case: Case) -> None:
    action = case.log("head", CallState.SENT, fields=HEAD).found("probe:head", {**FOUND, "_owner": 7}).next()

    assert action == Settle("head", found=True, rows=({"ORNO": TEMPORARY},))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({**FOUND, "_owner": 8}, "belongs to another record (number 8)"),
        ({**FOUND, "CUNO": "W9"}, "CUNO is 'W9', not 'W1042'"),
    ],
)
def test_what_is_found_and_is_not_ours_is_left_to_a_person(
    case: Case, row: dict[str, Any], words: str
) -> None:
    action = case.log("head", CallState.SENT, sent=DAY, fields=HEAD).found("probe:head", FOUND, row).next()

    assert isinstance(action, Stop)
    assert (action.state, action.failure.remedy, action.step) == (RecordState.REVIEW, Remedy.IN_DOUBT, "head")
    assert words in action.reason


def test_a_field_that_the_attempt_left_blank_disagrees_with_nothing(case: Case) -> None:
    case.log("head", CallState.SENT, fields={"CUOR": "B2C-1042"}).found("probe:head", FOUND)

    assert case.next() == Settle("head", found=True, rows=({"ORNO": TEMPORARY},))


@pytest.mark.parametrize(("ago", "proved"), [(SETTLE - 1, False), (SETTLE, True), (SETTLE + 1, True)])
def test_absence_is_no_proof_while_the_request_may_be_under_way(case: Case, ago: int, proved: bool) -> None:
    action = case.log("head", CallState.SENT, sent=ago, fields=HEAD).found("probe:head").next()

    if proved:
        assert action == Settle("head", found=False)
    else:
        reason = "no answer to OIS100MI/AddBatchHead: waiting until it can no longer be under way"
        assert action == Park(RecordState.READY, NOW - ago + SETTLE, reason)


@pytest.mark.parametrize("step", ["head", "confirm"])
def test_a_probe_that_looked_too_early_is_asked_again_before_absence_is_believed(
    case: Case, step: str
) -> None:
    if step == "confirm":
        case.entered()
    case.log(step, CallState.SENT, sent=SETTLE + SECOND, fields=HEAD).found(f"probe:{step}", ago=2 * SECOND)
    assert case.next().path == f"probe:{step}"

    assert case.found(f"probe:{step}", ago=SECOND).next() == Settle(step, found=False)


def test_each_connection_has_its_own_time_after_which_a_call_is_settled() -> None:
    probed = changed(steps(SHOP_NOTE), "note", in_doubt=None, probe="seen")
    case = Case(replace(probed, probes={"seen": compiled(ORDERS).probes["temporary"]}))

    assert case.log("note", CallState.SENT).found("probe:note").next() == Settle("note", found=False)


def test_a_head_that_was_proved_absent_is_sent_again(case: Case) -> None:
    case.work.attempt.doubt = True
    case.log("head", CallState.ABSENT, fields=HEAD).alone(when="first")

    assert case.next().path == "head"


# -- a probe that cannot prove absence


def unsure() -> Case:
    return Case(with_probe(compiled(ORDERS), "temporary", proves_absence=False))


@pytest.mark.parametrize(("doubts", "pause"), [(0, ASK_AGAIN), (3, 8 * ASK_AGAIN), (9, LONGEST_PAUSE)])
def test_a_probe_that_cannot_tell_is_asked_again_less_and_less_often(doubts: int, pause: int) -> None:
    case = unsure().log("head", CallState.SENT, sent=SETTLE, fields=HEAD).found("probe:head")
    case.work.record.doubts = doubts

    assert case.next() == Park(RecordState.READY, NOW + pause, "temporary cannot tell yet")
    assert case.work.record.doubts == doubts + 1


def test_a_probe_that_could_not_tell_ten_times_leaves_it_to_a_person() -> None:
    case = unsure().log("head", CallState.SENT, sent=SETTLE, fields=HEAD).found("probe:head")
    case.work.record.doubts = PROBES_BEFORE_REVIEW

    action = case.next()

    assert isinstance(action, Stop)
    assert (action.state, action.failure.remedy) == (RecordState.REVIEW, Remedy.IN_DOUBT)
    assert "temporary cannot tell whether it took effect" in action.reason


# -- between head and commit everything is disposable


@DOUBTS
def test_a_line_without_an_answer_discards_the_temporary_document(case: Case, state: CallState) -> None:
    action = case.entered(until="head").log("lines/2001", state).next()

    assert action == Undo(
        RecordState.READY, "no answer to OIS100MI/AddBatchLine: beginning again", step="lines/2001"
    )


def test_a_head_can_be_discarded_too_where_the_pipeline_says_so() -> None:
    case = Case(changed(compiled(ORDERS), "head", in_doubt=InDoubt.RESTART)).log(
        "head", CallState.SENT, fields=HEAD
    )

    assert isinstance(case.next(), Undo)


# -- the commit: only its own target is asked about, and only the target is repeated


@DOUBTS
def test_a_commit_without_an_answer_asks_what_became_of_its_target(case: Case, state: CallState) -> None:
    action = case.entered().log("confirm", state, fields={"ORNO": TEMPORARY}).next()

    assert (action.path, action.fields) == ("probe:confirm", {"ORNO": TEMPORARY})


def test_a_commit_that_took_effect_is_found(case: Case) -> None:
    case.entered().log("confirm", CallState.SENT).found(
        "probe:confirm", {"order_number": REAL, "state": "90"}
    )

    assert case.next() == Settle("confirm", found=True, rows=({"ORNO": REAL, "STAT": "90"},))


@pytest.mark.parametrize("rows", [(), ({"order_number": "", "state": "20"},)])
def test_a_commit_may_be_under_way_until_it_is_settled(case: Case, rows: tuple[dict[str, str], ...]) -> None:
    case.entered().log("confirm", CallState.SENT, sent=SECOND).found("probe:confirm", *rows)
    reason = "no answer to OIS100MI/Confirm: waiting until it can no longer be under way"
    assert case.next() == Park(RecordState.PENDING, NOW - SECOND + SETTLE, reason)

    case.entered().log("confirm", CallState.SENT, sent=SETTLE).found("probe:confirm", *rows)
    assert case.next() == Settle("confirm", found=False)


def test_a_commit_without_a_pending_state_is_done_as_soon_as_the_probe_finds_anything() -> None:
    case = (
        Case(changed(compiled(ORDERS), "confirm", pending_when=None)).entered().log("confirm", CallState.SENT)
    )

    assert case.found("probe:confirm", {"order_number": "", "state": "20"}).next().found


# -- calls that are harmless to repeat, and calls that nothing settles

SHOP_NOTE = """
  - {id: note, call: shop/orders/note, fields: {order_id: order.id, note: {value: hello}}, in_doubt: review}
"""
CREATE = """
  - id: create
    call: erp/CRS610MI/Add
    fields: {CUTM: {value: T}, CUNM: {value: N}, CUA1: {value: A}, CUNO: {value: W17}}
    outputs: [CUNO]
"""


@DOUBTS
def test_an_absolute_write_is_simply_made_again(case: Case, state: CallState) -> None:
    assert case.entered().confirmed().log("note", state).next() == Settle("note", found=False)


def test_a_keyed_call_outside_a_commit_pipeline_is_made_again_and_may_be_refused() -> None:
    assert Case(steps(CREATE)).log("create", CallState.SENT).next() == Settle("create", found=False)


def test_a_call_that_nothing_settles_is_left_to_a_person() -> None:
    for pipeline in (steps(SHOP_NOTE), changed(steps(SHOP_NOTE), "note", in_doubt=None)):
        action = Case(pipeline).log("note", CallState.SENT).next()
        assert isinstance(action, Stop)
        assert (action.state, action.failure.remedy) == (RecordState.REVIEW, Remedy.IN_DOUBT)
        assert (
            "in doubt: orders/note: no answer, and nothing can tell whether it took effect" in action.reason
        )


def test_after_the_commit_a_doubt_never_discards_anything() -> None:
    pipeline = changed(compiled(ORDERS), "note", call=steps(SHOP_NOTE).steps[0].call)
    action = Case(pipeline).entered().confirmed().log("note", CallState.SENT).next()

    assert isinstance(action, Stop)
    assert action.state is RecordState.REVIEW


def test_a_read_that_a_crash_cut_off_is_made_again() -> None:
    read = "  - {id: order_again, read: shop/orders/get, fields: {id: order.id}}\n"

    assert Case(steps(read)).log("order_again", CallState.SENT, sent=MINUTE).next() == Settle(
        "order_again", found=False
    )


# -- a look-up that was refused


def blind() -> Case:
    case = Case(compiled(ORDERS)).log("head", CallState.SENT, sent=DAY, fields=HEAD)
    case.work.blind = "table:OXHEAD refused to look: no such column"
    return case


def test_a_look_up_that_was_refused_proves_nothing_and_is_made_again_later() -> None:
    case = blind()

    assert case.next() == Park(
        RecordState.READY, NOW + ASK_AGAIN, "table:OXHEAD refused to look: no such column"
    )
    case.work.record.doubts = 3
    assert case.next().until == NOW + 8 * ASK_AGAIN


def test_a_commit_that_nobody_can_look_for_stays_pending() -> None:
    case = blind().entered().log("confirm", CallState.SENT)

    assert case.next().state is RecordState.PENDING


def test_after_many_refused_look_ups_a_person_is_asked() -> None:
    case = blind()
    case.work.record.doubts = PROBES_BEFORE_REVIEW

    action = case.next()

    assert isinstance(action, Stop)
    assert (action.state, action.failure.remedy) == (RecordState.REVIEW, Remedy.IN_DOUBT)
    assert action.reason == "in doubt: table:OXHEAD refused to look: no such column"


def test_a_sweep_that_cannot_look_is_made_again_and_never_a_persons_work() -> None:
    case = blind()
    case.work.sweeping, case.work.record.doubts = True, 20 * PROBES_BEFORE_REVIEW

    action = case.next()

    assert isinstance(action, Park)
    assert action.until == NOW + LONGEST_PAUSE


def test_a_probe_is_given_the_columns_that_its_match_looks_at() -> None:
    by_customer = ORDERS.replace(
        "    table: erp/OXHEAD\n    where: {OACUOR: reference}\n    outputs: {ORNO: OAORNO, CUNO: OACUNO}\n    agree: {CUNO: steps.head.fields.CUNO}",
        "    read: erp/OIS100MI/LstBatchHead\n    fields: {CUNO: steps.head.fields.CUNO}\n    match: row.CUOR == reference\n    outputs: [ORNO]",
    )
    action = Case(compiled(by_customer)).log("head", CallState.SENT, fields=HEAD).next()

    assert (action.fields, action.columns) == ({"CUNO": "W1042"}, ("ORNO", "CUOR"))
