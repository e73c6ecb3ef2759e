"""Before the commit: exactly its lines after a doubt, nothing else with the same reference, only the target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from m3nop.core.connector import Remedy
from m3nop.core.records import CallState, RecordState
from m3nop.engine.actions import Finish, Purpose, Send, Settle, Stop, Undo
from tests.unit.engine.cases import ORDERS, REAL, TEMPORARY, Case, compiled, line

if TYPE_CHECKING:
    from m3nop.mapping.pipeline import Pipeline

OTHER = "0000104999"
MINE = {"ORNO": TEMPORARY, "CUNO": "W1042", "_owner": 7}
SURPLUS = {"ORNO": OTHER, "CUNO": "W1042"}
MADE_REAL = {"order_number": REAL, "CUNO": "W1042"}


def automatic() -> Pipeline:
    return compiled(ORDERS.replace("when: always", "when: auto"))


@pytest.fixture
def case() -> Case:
    return Case(compiled(ORDERS))


def ready_to_commit(pipeline: Pipeline | None = None) -> Case:
    return Case(pipeline or compiled(ORDERS)).entered()


# -- when it is looked


def test_the_double_check_looks_for_temporary_and_real_documents_before_the_commit() -> None:
    case = ready_to_commit()

    first = case.next()
    assert isinstance(first, Send)
    assert (first.path, str(first.target), first.purpose) == (
        "check:commit:temporary",
        "erp/table:OXHEAD",
        Purpose.CHECK,
    )
    assert first.fields == {"OACUOR": "B2C-1042"}

    second = case.found("check:commit:temporary", MINE).next()
    assert (second.path, str(second.target)) == ("check:commit:real", "erp/table:OOHEAD")

    assert case.found("check:commit:real").next().path == "confirm"


def test_an_automatic_double_check_is_left_out_while_nothing_is_suspicious() -> None:
    assert ready_to_commit(automatic()).next().path == "confirm"


@pytest.mark.parametrize("why", ["doubt", "number", "epoch", "predates"])
def test_an_automatic_double_check_is_made_after_a_doubt_an_earlier_attempt_or_a_restore(why: str) -> None:
    case = ready_to_commit(automatic())
    if why == "doubt":
        case.work.attempt.doubt = True
        case.found("verify:lines", *lines_of(case))
    elif why == "number":
        case.numbered(2)
    elif why == "epoch":
        case.older()
    else:
        case.work.predates = True

    assert case.next().path == "check:commit:temporary"


@pytest.mark.parametrize("why", ["doubt", "number", "epoch"])
def test_before_the_first_call_it_is_looked_where_something_may_exist_already(case: Case, why: str) -> None:
    assert case.next().path == "head"
    if why == "doubt":
        case.work.attempt.doubt = True
    elif why == "number":
        case.numbered(2)
    else:
        case.older()

    asked = case.next()
    assert (asked.path, asked.fields) == ("check:first:temporary", {"OACUOR": "B2C-1042"})
    assert case.found("check:first:temporary").next().path == "check:first:real"
    assert case.found("check:first:real").next().path == "head"


def test_what_is_from_before_the_state_was_set_up_is_looked_for_before_the_first_call_or_the_commit(
    case: Case,
) -> None:
    auto = Case(automatic())
    auto.work.predates = case.work.predates = True

    assert auto.next().path == "check:first:temporary"
    assert case.next().path == "head"
    assert case.entered().next().path == "check:commit:temporary"


def test_what_was_seen_before_the_first_call_is_not_believed_at_the_commit() -> None:
    case = ready_to_commit()
    case.numbered(2)

    assert case.alone(when="first").next().path == "check:commit:temporary"


def test_a_pipeline_without_a_double_check_commits_without_one() -> None:
    text = ORDERS.replace("double_check: {temporary: temporary, real: real, when: always}\n", "")
    case = ready_to_commit(compiled(text))
    case.numbered(2)

    assert case.next().path == "confirm"


# -- exactly the lines of this attempt


def lines_of(case: Case) -> list[dict[str, Any]]:
    return [line(number, item) for number, item in enumerate(case.work.attempt.snapshot["items"], start=1)]


def doubtful() -> Case:
    case = ready_to_commit()
    case.work.attempt.doubt = True
    return case.alone()


def test_an_attempt_with_a_doubt_must_show_its_lines() -> None:
    case = doubtful()

    asked = case.next()
    assert isinstance(asked, Send)
    assert (asked.path, asked.fields) == ("verify:lines", {"ORNO": TEMPORARY})
    assert case.found("verify:lines", *lines_of(case)).next().path == "confirm"


def test_numbers_are_compared_as_numbers_and_the_order_of_lines_does_not_matter() -> None:
    case = doubtful()
    first, second = lines_of(case)
    shown = {**first, "ORQT": "1.000000", "SAPR": "149.5000", "CUPO": 1, "ITNO": "TENT-2P   "}

    assert case.found("verify:lines", second, shown).next().path == "confirm"


@pytest.mark.parametrize("wrong", ["missing", "surplus", "quantity", "item", "price", "doubled"])
def test_an_attempt_that_does_not_show_exactly_its_lines_is_discarded(wrong: str) -> None:
    case = doubtful()
    first, second = lines_of(case)
    shown = {
        "missing": [first],
        "surplus": [first, second, {**second, "CUPO": "3"}],
        "doubled": [first, second, second],
        "quantity": [first, {**second, "ORQT": "3"}],
        "item": [first, {**second, "ITNO": "MAT-AIR"}],
        "price": [first, {**second, "SAPR": "1"}],
    }[wrong]

    action = case.found("verify:lines", *shown).next()

    assert action == Undo(
        RecordState.READY, "M3 does not hold exactly the lines that were sent: beginning again"
    )


def test_a_price_that_was_left_to_m3_is_not_compared() -> None:
    case = doubtful()
    for path in ("lines/2001", "lines/2002"):
        case.work.log[path].fields = {**case.work.log[path].fields, "SAPR": ""}
    first, second = lines_of(case)

    assert (
        case.found("verify:lines", {**first, "SAPR": "7"}, {**second, "SAPR": "8"}).next().path == "confirm"
    )


# -- other temporary documents


def test_a_surplus_temporary_document_is_asked_about_deleted_and_then_forgotten() -> None:
    case = ready_to_commit().found("check:commit:temporary", MINE, SURPLUS).found("check:commit:real")

    asked = case.next()
    assert (asked.path, asked.fields) == (f"confirmed:{OTHER}", {"ORNO": OTHER})

    deletion = case.found(f"confirmed:{OTHER}", {"order_number": "", "state": "10"}).next()
    assert isinstance(deletion, Send)
    assert (deletion.path, deletion.purpose, deletion.fields) == (
        f"surplus:{OTHER}",
        Purpose.UNDO,
        {"ORNO": OTHER},
    )
    assert str(deletion.target) == "erp/OIS100MI/DelBatchHead"

    assert case.log(f"surplus:{OTHER}").next().path == "confirm"


def test_a_surplus_document_that_became_real_is_left_alone() -> None:
    case = ready_to_commit().found("check:commit:temporary", MINE, SURPLUS).found("check:commit:real")

    assert case.found(f"confirmed:{OTHER}", {"order_number": REAL, "state": "90"}).next().path == "confirm"


def test_a_surplus_document_without_an_answer_to_its_deletion_is_deleted_again() -> None:
    case = ready_to_commit().found("check:commit:temporary", MINE, SURPLUS).found("check:commit:real")
    case.found(f"confirmed:{OTHER}").log(f"surplus:{OTHER}", CallState.IN_DOUBT)

    assert case.next().path == f"surplus:{OTHER}"


def test_a_surplus_document_that_m3_will_not_delete_is_left_to_a_person() -> None:
    case = ready_to_commit().found("check:commit:temporary", MINE, SURPLUS).found("check:commit:real")
    action = case.found(f"confirmed:{OTHER}").log(f"surplus:{OTHER}", CallState.REFUSED).next()

    assert isinstance(action, Stop)
    assert (action.state, action.failure.remedy) == (RecordState.REVIEW, Remedy.IN_DOUBT)
    assert action.reason == f"M3 will not delete the surplus temporary document {OTHER}"


def test_a_temporary_document_of_another_record_is_never_touched() -> None:
    case = (
        ready_to_commit()
        .found("check:commit:temporary", MINE, {**SURPLUS, "_owner": 8})
        .found("check:commit:real")
    )

    action = case.next()

    assert isinstance(action, Stop)
    assert action.reason == "a temporary document with this reference belongs to another record (number 8)"


def test_a_surplus_document_that_no_step_can_delete_is_left_to_a_person() -> None:
    pipeline = compiled(ORDERS)
    head = replace(pipeline.steps[0], undo=None)
    case = ready_to_commit(replace(pipeline, steps=(head, *pipeline.steps[1:])))
    action = case.found("check:commit:temporary", SURPLUS).found("check:commit:real").next()

    assert isinstance(action, Stop)
    assert "no step says how to delete it" in action.reason


def test_before_the_first_call_a_surplus_document_is_deleted_too(case: Case) -> None:
    case.numbered(2)
    case.found("check:first:temporary", SURPLUS).found("check:first:real").found(f"confirmed:{OTHER}")

    assert case.next().path == f"surplus:{OTHER}"
    assert case.log(f"surplus:{OTHER}").next().path == "head"


# -- real documents


def test_a_real_document_is_adopted_in_place_of_the_commit() -> None:
    case = ready_to_commit().found("check:commit:temporary", MINE).found("check:commit:real", MADE_REAL)
    asked = case.next()
    assert asked.path == f"confirmed:{TEMPORARY}"
    assert case.found(f"confirmed:{TEMPORARY}").next().path == f"surplus:{TEMPORARY}"

    action = case.log(f"surplus:{TEMPORARY}").next()

    assert action == Settle("confirm", found=True, rows=({"ORNO": REAL, "STAT": None},), adopted=True)


def test_a_real_document_that_the_own_temporary_one_became_is_adopted_without_a_deletion() -> None:
    case = ready_to_commit().found("check:commit:temporary", MINE).found("check:commit:real", MADE_REAL)

    assert case.found(f"confirmed:{TEMPORARY}", {"order_number": REAL, "state": "90"}).next().adopted


def test_a_real_document_is_adopted_before_anything_was_entered(case: Case) -> None:
    case.numbered(2)

    action = case.found("check:first:temporary").found("check:first:real", MADE_REAL).next()

    assert action == Settle("confirm", found=True, rows=({"ORNO": REAL, "STAT": None},), adopted=True)


def test_after_an_adoption_the_steps_before_the_commit_are_not_made(case: Case) -> None:
    case.log("confirm", CallState.FOUND, ORNO=REAL)
    case.work.attempt.committed = True

    action = case.next()

    assert (action.path, action.fields["value"]) == ("note", REAL)
    assert case.work.results["head"] == {"fields": {}, "ORNO": None}
    assert case.log("note").next() == Finish()


NESTED = """
  - id: texts
    for_each: {in: order.items, as: text, key: text.id}
    steps:
      - id: text
        call: erp/OIS100MI/AddBatchText
        fields: {ORNO: steps.head.ORNO, TYPE: {value: "1"}, TYTR: {value: 1}, PARM: text.sku}
  - id: way
    switch: order.customer_id
    cases: {}
    default:
      - id: charge
        call: erp/OIS100MI/AddBatchHeadChg
        fields: {ORNO: steps.head.ORNO, CRID: {value: FRT}}
  - id: lines
"""


def test_after_an_adoption_nested_steps_before_the_commit_are_not_made_either() -> None:
    case = Case(compiled(ORDERS.replace("  - id: lines\n", NESTED[1:], 1)))
    case.log("confirm", CallState.FOUND, ORNO=REAL)
    case.work.attempt.committed = True

    assert case.next().path == "note"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            [MADE_REAL, {**MADE_REAL, "order_number": "2"}],
            "M3 holds 2 real documents with the reference B2C-1042",
        ),
        ([{**MADE_REAL, "_owner": 8}], "belongs to another record (number 8)"),
        ([{**MADE_REAL, "CUNO": "W9"}], "M3 holds a real document with this reference, but its CUNO is 'W9'"),
    ],
)
def test_a_real_document_that_cannot_be_ours_is_left_to_a_person(
    rows: list[dict[str, Any]], words: str
) -> None:
    case = ready_to_commit().found("check:commit:temporary", MINE).found("check:commit:real", *rows)

    action = case.next()

    assert isinstance(action, Stop)
    assert (action.state, action.failure.remedy) == (RecordState.REVIEW, Remedy.IN_DOUBT)
    assert words in action.reason


def test_a_real_document_must_agree_even_before_the_head_was_sent(case: Case) -> None:
    case.older()
    case.found("check:first:temporary").found("check:first:real", {**MADE_REAL, "CUNO": "W9"})

    assert "CUNO is 'W9', not 'W1042'" in case.next().reason


# -- the own document


def test_a_commit_whose_document_is_gone_begins_again() -> None:
    action = ready_to_commit().found("check:commit:temporary").found("check:commit:real").next()

    assert action == Undo(RecordState.READY, "the temporary document is gone from M3: beginning again")


def test_a_probe_that_proves_nothing_does_not_say_that_the_document_is_gone() -> None:
    pipeline = compiled(ORDERS)
    unsure = replace(pipeline.probes["temporary"], proves_absence=False)
    case = ready_to_commit(replace(pipeline, probes={**pipeline.probes, "temporary": unsure}))

    assert case.found("check:commit:temporary").found("check:commit:real").next().path == "confirm"


def test_a_commit_that_was_proved_not_to_have_happened_is_sent_for_the_same_document() -> None:
    case = ready_to_commit().log("confirm", CallState.ABSENT).alone()

    action = case.next()

    assert (action.path, action.commit_target) == ("confirm", {"head": {"ORNO": TEMPORARY}})
