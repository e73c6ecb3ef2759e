"""What an answer means: success that is none, refusals with their reasons, and a commit that is not done yet."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from m3nop.core.clock import DAY, MINUTE, SECOND
from m3nop.core.connector import Failure, Remedy
from m3nop.core.records import CallState, RecordState
from m3nop.engine.actions import Finish, Park, Purpose, Refuse, Send, Stop, Undo
from m3nop.engine.advance import POLL_FIRST, POLL_LONGEST
from m3nop.engine.verdicts import is_committed
from tests.unit.engine.cases import NOW, ORDERS, REAL, TEMPORARY, Case, compiled, steps

REFUSAL = {
    "remedy": "business",
    "message": "Item does not exist",
    "code": "WIT0103",
    "field": "ITNO",
    "status": None,
}
REASONS = "    probe: confirmed\n  - id: note"
WITH_REASONS = ORDERS.replace(
    REASONS,
    "    reasons: {read: erp/OIS100MI/LstErrMsgOrder, fields: {ORNO: steps.head.ORNO}, message: row.TX60}\n"
    + REASONS,
)


@pytest.fixture
def case() -> Case:
    return Case(compiled(ORDERS))


# -- refusals


def test_a_refused_head_ends_the_work_as_a_dead_letter_after_an_undo_of_nothing(case: Case) -> None:
    action = case.log("head", CallState.REFUSED, failure=REFUSAL).next()

    assert isinstance(action, Undo)
    assert (action.then, action.step) == (RecordState.DEAD, "head")
    assert action.reason == "Item does not exist (WIT0103 ITNO)"
    assert action.failure == Failure(Remedy.BUSINESS, "Item does not exist", code="WIT0103", field="ITNO")


def test_a_refused_line_takes_the_temporary_document_back_first(case: Case) -> None:
    action = case.entered(until="head").log("lines/2001", CallState.REFUSED, failure=REFUSAL).next()

    assert isinstance(action, Undo)
    assert (action.then, action.step) == (RecordState.DEAD, "lines/2001")


def test_a_refusal_after_the_commit_is_never_undone(case: Case) -> None:
    action = case.entered().confirmed().log("note", CallState.REFUSED, failure=REFUSAL).next()

    assert isinstance(action, Stop)
    assert (action.state, action.step, action.failure.code) == (RecordState.DEAD, "note", "WIT0103")


def test_a_line_without_a_failure_says_so_in_words(case: Case) -> None:
    assert case.log("head", CallState.REFUSED).next().reason == "no answer"


# -- success that is none

READ = """
  - id: price
    read: shop/orders/get
    fields: {id: order.id}
    outputs: [status]
    expect: [{condition: "result.status == 'ok'", message: the shop says no, on_fail: %s}]
"""


@pytest.mark.parametrize(("on_fail", "state"), [("reject", RecordState.DEAD), ("review", RecordState.REVIEW)])
def test_a_read_that_is_not_as_expected_ends_the_work(on_fail: str, state: RecordState) -> None:
    action = Case(steps(READ % on_fail)).log("price", status="bad").next()

    assert isinstance(action, Stop)
    assert (action.state, action.reason, action.step) == (state, "the shop says no", "price")


def test_a_read_that_is_not_as_expected_yet_is_made_afresh_after_a_pause() -> None:
    action = Case(steps(READ % "wait")).log("price", status="bad").next()

    assert action == Park(RecordState.WAITING, NOW + 10 * MINUTE, "the shop says no", forget="price")


def test_a_wait_without_a_recheck_lasts_a_quarter_of_an_hour() -> None:
    pipeline = steps(READ % "wait")
    never = replace(pipeline, source=replace(pipeline.source, recheck_every=None))

    assert Case(never).log("price", status="bad").next().until == NOW + 15 * MINUTE


def test_a_warning_is_kept_and_the_work_goes_on() -> None:
    case = Case(steps(READ % "warn")).log("price", status="bad")

    assert case.next() == Finish()
    assert case.work.notes == ["the shop says no"]


def test_a_released_record_passes_an_expectation_that_asks_for_review() -> None:
    case = Case(steps(READ % "review")).log("price", status="bad")
    case.work.record.released = True

    assert case.next() == Finish()


ACTING = ORDERS.replace(
    "    outputs: [ORNO]\n    probe: temporary\n",
    "    outputs: [ORNO]\n    probe: temporary\n"
    "    expect: [{condition: \"result.ORNO != '0'\", message: no number, on_fail: %s}]\n",
)


def test_a_call_that_is_rejected_by_its_answer_counts_as_refused() -> None:
    action = Case(compiled(ACTING % "reject")).log("head", ORNO="0").next()

    assert action == Refuse("head", Failure(Remedy.BUSINESS, "no number"))


def test_a_call_whose_answer_asks_for_review_is_taken_back_before_the_commit() -> None:
    action = Case(compiled(ACTING % "review")).log("head", ORNO="0").next()

    assert isinstance(action, Undo)
    assert (action.then, action.reason) == (RecordState.REVIEW, "no number")


def test_a_commit_that_found_errors_counts_as_refused_and_is_taken_back(case: Case) -> None:
    case.entered().confirmed(number="", state="15")
    action = case.next()
    assert action == Refuse("confirm", Failure(Remedy.BUSINESS, "M3 found errors"))

    case.log("confirm", CallState.REFUSED, failure={"remedy": "business", "message": action.failure.message})
    undo = case.next()

    assert isinstance(undo, Undo)
    assert (undo.then, undo.reason) == (RecordState.DEAD, "M3 found errors")


def test_the_reasons_of_a_refused_commit_are_read_once_and_told_once() -> None:
    case = Case(compiled(WITH_REASONS)).entered().confirmed(number="", state="15")
    refused = case.next()
    assert refused == Refuse("confirm", Failure(Remedy.BUSINESS, "M3 found errors"))

    asked = case.log(
        "confirm", CallState.REFUSED, failure={"remedy": "business", "message": "M3 found errors"}
    ).next()
    assert isinstance(asked, Send)
    assert (asked.path, asked.purpose, asked.fields) == (
        "reasons:confirm",
        Purpose.CHECK,
        {"ORNO": TEMPORARY},
    )

    texts = [{"TX60": "Line 1: no such item"}, {"TX60": "Line 1: no such item"}, {"TX60": ""}]
    undo = case.found("reasons:confirm", *texts).next()
    assert isinstance(undo, Undo)
    assert undo.reason == "M3 found errors: Line 1: no such item"


def test_reasons_are_read_for_a_plain_refusal_too() -> None:
    case = Case(compiled(WITH_REASONS)).entered().log("confirm", CallState.REFUSED, failure=REFUSAL)
    assert case.next().path == "reasons:confirm"

    assert case.found("reasons:confirm").next().reason == "Item does not exist (WIT0103 ITNO)"


def test_a_credit_stop_leaves_everything_as_it_is_for_a_person(case: Case) -> None:
    action = case.entered().confirmed(number="", state="30").next()

    assert action == Stop(RecordState.REVIEW, "the customer's credit is stopped", step="confirm")
    assert not is_committed(case.work)


# -- a commit that is not done yet


def test_a_commit_without_an_order_number_is_asked_about_and_never_sent_again(case: Case) -> None:
    asked = case.entered().confirmed(number="", state="20").next()

    assert (asked.path, asked.purpose, str(asked.target)) == (
        "probe:confirm",
        Purpose.CHECK,
        "erp/OIS275MI/GetTmpOrderStat",
    )
    assert not is_committed(case.work)


@pytest.mark.parametrize(
    ("ago", "pause"),
    [(0, POLL_FIRST), (10 * SECOND, POLL_FIRST), (2 * MINUTE, MINUTE), (DAY - SECOND, POLL_LONGEST)],
)
def test_a_commit_under_way_is_polled_less_and_less_often(case: Case, ago: int, pause: int) -> None:
    case.entered().log("confirm", sent=ago, ORNO="", STAT="20").found(
        "probe:confirm", {"order_number": "", "state": "20"}
    )

    assert case.next() == Park(RecordState.PENDING, NOW + pause, "M3 is working on it")


def test_after_a_day_a_person_is_asked_about_a_commit_that_is_still_under_way(case: Case) -> None:
    case.entered().log("confirm", sent=DAY + 1, ORNO="", STAT="20").found("probe:confirm")

    assert case.next() == Stop(
        RecordState.REVIEW, "M3 has been working on it for more than a day", step="confirm"
    )


def test_m3_is_asked_before_a_person_is_however_old_the_commit_is(case: Case) -> None:
    case.entered().log("confirm", sent=3 * DAY, ORNO="", STAT="30")
    case.work.record.released = True

    assert case.next().path == "probe:confirm"


def test_a_commit_with_its_number_is_committed(case: Case) -> None:
    assert is_committed(case.entered().confirmed().work)
    assert not is_committed(Case(compiled(ORDERS)).entered().work)
    assert not is_committed(Case(steps(READ % "warn")).work)


def test_the_answer_of_the_commit_is_what_later_steps_see(case: Case) -> None:
    case.entered().confirmed()
    case.next()

    assert case.work.results["confirm"] == {
        "order_number": REAL,
        "state": "90",
        "fields": {"ORNO": TEMPORARY},
    }
