"""A record is delivered by the engine's own walk, with a script in the place of both systems."""

from __future__ import annotations

from typing import Any

from m3nop.core.connector import Answer, Failure, Outcome, Remedy
from m3nop.core.records import RecordState
from m3nop.engine.rehearsal import Asked, Rehearsal, Script, Setting, rehearse
from m3nop.mapping.pipeline import Pipeline, walk, with_steps
from tests.unit.engine.cases import NOW, ORDERS, SNAPSHOT, compiled, steps
from tests.unit.engine.test_walk import NESTED, REQUIRES, note, switched


def play(pipeline: Pipeline, answers: dict[str, Any] | None = None, **snapshot: Any) -> Rehearsal:
    """Rehearse a record; ``answers`` are rows by path or target, or a text that refuses."""
    known = answers or {}

    def answer(asked: Asked) -> Answer | None:
        said = known.get(asked.path, known.get(str(asked.target)))
        if isinstance(said, str):
            return Answer(Outcome.REFUSED, failure=Failure(Remedy.BUSINESS, said))
        return None if said is None else Answer(Outcome.DONE, tuple(said))

    def answers_step(step: Any) -> bool:
        target = str(step.call.target) if step.call else ""
        return any(name.split("/")[0] == step.id or name == target for name in known)

    setting = Setting(links={("customers", "17"): "W17"}, now=NOW + 3_600_000_000)
    return rehearse(pipeline, {**SNAPSHOT, **snapshot}, Script(answer, answers_step), setting)


def paths(found: Rehearsal) -> list[str]:
    return [call.path for call in found.calls]


def test_a_record_is_delivered_with_every_call_and_names_in_the_place_of_answers():
    found = play(compiled(ORDERS))

    assert (found.state, found.reason) == (RecordState.DONE, "")
    assert paths(found) == ["head", "lines/2001", "lines/2002", "confirm", "note"]
    assert found.calls[1].fields["ORNO"] == "<ORNO>"
    assert (found.reference, found.link) == ("B2C-1042", {"shop": 1042, "m3": "<ORNO>"})
    assert found.visited == ("head", "lines", "confirm", "note")


def test_answers_of_the_script_are_used_and_judged():
    good = {"head": [{"ORNO": "47"}], "confirm": [{"ORNO": "0010", "STAT": "90"}]}
    assert play(compiled(ORDERS), good).link == {"shop": 1042, "m3": "0010"}

    stopped = {**good, "confirm": [{"ORNO": "0010", "STAT": "30"}]}
    found = play(compiled(ORDERS), stopped)
    assert (found.state, found.reason) == (RecordState.REVIEW, "the customer's credit is stopped")
    assert paths(found)[-1] == "confirm"

    wrong = play(compiled(ORDERS), {**good, "confirm": [{"ORNO": None, "STAT": "15"}]})
    assert (wrong.state, wrong.reason) == (RecordState.DEAD, "M3 found errors")


def test_a_commit_that_the_system_still_works_on_is_pending():
    found = play(compiled(ORDERS), {"confirm": [{"ORNO": None, "STAT": "10"}]})

    assert (found.state, found.reason) == (RecordState.PENDING, "M3 is working on it")


def test_a_refusal_ends_the_record_with_what_was_made_before():
    found = play(compiled(ORDERS), {"lines/2002": "no such item"})

    assert (found.state, found.reason) == (RecordState.DEAD, "no such item")
    assert paths(found) == ["head", "lines/2001", "lines/2002"]


def test_a_field_that_cannot_be_filled_ends_the_record_before_its_call():
    found = play(compiled(ORDERS), items=[{"id": 1, "sku": "X" * 16, "quantity": 1}])

    assert found.state is RecordState.DEAD
    assert found.reason.startswith("ITNO: ")
    assert paths(found) == ["head"]


def test_a_record_that_is_not_ready_is_not_worked_on():
    text = ORDERS.replace("as: order,", "as: order, ready: order.id > `5000`,")
    found = play(compiled(text))

    assert (found.state, found.reason) == (RecordState.WAITING, "not ready: order.id > `5000`")
    assert found.calls == ()
    assert play(compiled(ORDERS), store_id=9).state is RecordState.IGNORED


def test_checks_come_before_every_call():
    checks = "checks: [{condition: order.id > `5000`, message: too small, on_fail: review}]\n"
    found = play(steps(note("only", "order.id"), checks=checks))

    assert (found.state, found.reason, found.calls) == (RecordState.REVIEW, "too small", ())

    warned = play(steps(note("only", "order.id"), checks=checks.replace("review", "warn")))
    assert (warned.state, warned.warnings) == (RecordState.DONE, ("too small",))


def test_records_that_come_first_are_named_unless_they_are_linked():
    linked = play(steps(REQUIRES))
    assert (linked.required, linked.calls[0].fields["value"]) == ((), "W17")

    new = play(steps(REQUIRES), customer_id=18)
    assert (new.required, new.calls[0].fields["value"]) == ((("customers", "18"),), "<new>")


def test_skipped_steps_are_named_nested_ones_only_where_every_item_skips_them():
    found = play(steps(note("first", "order.id", when="order.id > `9999`") + note("only", "order.id")))
    assert (found.skipped, found.visited) == (("first",), ("only",))

    assert play(steps(NESTED)).skipped == ()
    few = [{"id": 1, "sku": "A", "quantity": 1}]
    assert play(steps(NESTED), items=few).skipped == ("write",)


def test_a_switch_takes_its_branch():
    found = play(steps(switched("order.shipping_method")), shipping_method="post")

    assert len(found.calls) == 1
    assert found.calls[0].path.split("/")[1] == "post"


def test_a_var_without_a_value_refuses_the_record():
    found = play(steps(note("only", "order.id"), vars_="vars: {odd: order.id > order.items}\n"))

    assert found.state is RecordState.DEAD
    assert "cannot compare" in found.reason


def test_every_step_can_be_changed_nested_ones_too():
    pipeline = steps(switched("order.shipping_method") + NESTED)
    seen: list[str] = []

    same = with_steps(pipeline, lambda step: seen.append(step.id) or step)

    assert sorted(seen) == sorted(step.id for step in walk(pipeline.steps))
    assert same == pipeline


COMPARE = (
    "  - id: change\n    call: erp/CRS610MI/ChgOrderInfo\n    fields: {CUNO: {value: W1}, WHLO: {value: '001'}}\n"
    "    compare: {read: erp/CRS610MI/GetOrderInfo, fields: {CUNO: {value: W1}}}\n"
)


def test_what_is_equal_already_is_not_sent():
    equal = {"erp/CRS610MI/GetOrderInfo": [{"CUNO": "W1", "WHLO": "001"}]}
    assert play(steps(COMPARE), equal).calls == ()
    assert paths(play(steps(COMPARE), {"erp/CRS610MI/GetOrderInfo": [{"CUNO": "W1", "WHLO": "002"}]})) == [
        "change"
    ]
    assert paths(play(steps(COMPARE))) == ["change"]


def test_nothing_is_done_for_a_record_that_is_skipped():
    pipeline = compiled(ORDERS.replace("key: order.id\n", "key: order.id\nskip_when: order.id == `1042`\n"))
    found = play(pipeline)

    assert (found.state, found.calls, found.link) == (RecordState.DONE, (), None)
