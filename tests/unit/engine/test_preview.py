"""What the steps of a record would send, without sending anything; and how two of these differ."""

from __future__ import annotations

from typing import Any

from m3nop.core.json import digest
from m3nop.engine.preview import content, content_digest, differences, preview
from tests.unit.engine.cases import ORDERS, REAL, TEMPORARY, Case, compiled, steps
from tests.unit.engine.test_walk import NESTED, REQUIRES, note, switched


def seen(case: Case, **options: Any) -> dict[str, Any]:
    return {planned.path: planned for planned in preview(case.work, **options)}


def test_every_call_is_shown_with_its_fields_their_origin_and_effect() -> None:
    plan = seen(Case(compiled(ORDERS)))

    assert list(plan) == ["head", "lines/2001", "lines/2002", "confirm", "note"]
    assert (plan["head"].target, plan["head"].effect) == ("erp/OIS100MI/AddBatchHead", "unsafe")
    assert plan["head"].fields == {"CUNO": "W1042", "ORTP": "W01", "CUOR": "B2C-1042"}
    assert plan["head"].origins["CUOR"] == "reference"


def test_answers_that_are_not_known_yet_stand_as_their_names() -> None:
    plan = seen(Case(compiled(ORDERS)))

    assert plan["lines/2001"].fields["ORNO"] == "<ORNO>"
    assert plan["note"].fields["value"] == "<ORNO>"


def test_answers_that_are_known_are_used() -> None:
    plan = seen(Case(compiled(ORDERS)).entered().confirmed())

    assert plan["lines/2001"].fields["ORNO"] == TEMPORARY
    assert plan["note"].fields["value"] == REAL


def test_a_skipped_step_says_why() -> None:
    plan = seen(Case(steps(note("first", "order.id", when="order.id > `9999`") + REQUIRES)))

    assert plan["first"].skipped == "order.id > `9999` is false"
    assert (plan["first"].target, plan["first"].effect) == ("shop/orders/attribute", "idempotent")
    assert plan["first"].fields == {}


def test_a_skipped_step_without_a_call_says_why_too() -> None:
    text = (
        "  - {id: customer, when: order.id == `1`, requires: {pipeline: customers, key: order.customer_id}}\n"
    )

    assert (
        seen(Case(steps(text + note("only", "order.id"))))["customer"].skipped == "order.id == `1` is false"
    )


def test_a_record_that_has_to_come_first_is_named() -> None:
    plan = seen(Case(steps(REQUIRES)))
    assert (plan["customer"].target, plan["customer"].skipped) == ("after customers 17", "")
    assert plan["write"].fields["value"] == "<new>"

    plan = seen(Case(steps(REQUIRES)).link("customers", "17", "W0000017"))
    assert plan["customer"].skipped == "after customers 17 is there already"
    assert plan["write"].fields["value"] == "W0000017"


def test_branches_have_the_paths_that_the_walk_gives_them() -> None:
    for source, method in (
        ("order.shipping_method", "post"),
        ("order.shipping_method", "drone"),
        ("order.shipping_method", None),
        ("{from: order.shipping_method, lookup: ways}", "Ground"),
    ):
        case = Case(steps(switched(source)), shipping_method=method)
        assert list(seen(case)) == [case.next().path]


def test_nested_steps_are_shown_for_each_item() -> None:
    plan = seen(Case(steps(NESTED)))

    assert list(plan) == ["each/2001/read", "each/2001/write", "each/2002/read", "each/2002/write"]
    assert plan["each/2001/write"].skipped == "item.quantity > `1` is false"
    assert plan["each/2002/write"].fields["order_id"] == "<id>"


def test_reads_are_made_where_a_plan_can_make_them() -> None:
    asked: list[Any] = []

    def read(request: Any, fields: Any) -> list[dict[str, Any]]:
        asked.append((str(request.target), dict(fields)))
        return [{"id": 5}] if fields["id"] == 2001 else []

    plan = seen(Case(steps(NESTED)), read=read)

    assert asked == [("shop/orders/get", {"id": 2001}), ("shop/orders/get", {"id": 2002})]
    assert plan["each/2002/write"].problem != ""


def test_a_read_that_needs_an_answer_which_is_not_there_is_not_made() -> None:
    text = "  - {id: one, read: shop/orders/get, fields: {id: order.id}, outputs: {number: id}}\n"
    text += "  - {id: two, read: shop/orders/notes, fields: {order_id: steps.one.number}, outputs: {rows: [note]}}\n"
    text += note("only", "join('+', steps.two.rows[].note)")
    plan = seen(Case(steps(text)))
    assert (plan["two"].fields["order_id"], plan["only"].fields) == ("<id>", {})

    rows = {"shop/orders/get": [{"id": 5}], "shop/orders/notes": [{"note": "a"}, {"note": "b"}]}
    plan = seen(Case(steps(text)), read=lambda request, _: rows[str(request.target)])
    assert plan["only"].fields["value"] == "a+b"


def test_a_field_that_cannot_be_filled_is_a_problem_of_its_call_and_the_rest_is_shown() -> None:
    plan = seen(Case(compiled(ORDERS), items=[{"id": 1, "sku": "X" * 16, "quantity": 1}]))

    assert "ITNO" in plan["lines/1"].problem
    assert plan["confirm"].fields == {"ORNO": "<ORNO>"}


def test_a_condition_that_cannot_be_worked_out_ends_the_plan_with_a_problem() -> None:
    plan = seen(
        Case(steps(note("first", "order.id") + note("only", "order.id", when="order.id > order.items")))
    )

    assert list(plan) == ["first", ""]
    assert "cannot compare" in plan[""].problem


# -- comparing


def planned(**members: Any) -> list[Any]:
    return preview(Case(compiled(ORDERS), **members).work)


def test_content_is_what_acts() -> None:
    text = "  - {id: one, read: shop/orders/get, fields: {id: order.id}}\n" + note("only", "order.id")

    assert list(content(preview(Case(steps(text)).work))) == ["only"]
    assert content_digest(planned()) == digest(content(planned()))
    assert content_digest(planned()) == content_digest(planned(payment_status="x"))


def test_differences_are_told_field_by_field() -> None:
    items = [
        {"id": 2001, "sku": "TENT-2P", "quantity": 3, "unit_price_excl_tax": None},
        {"id": 2003, "sku": "MUG-TI", "quantity": 1, "unit_price_excl_tax": "22.00"},
    ]

    assert differences(planned(), planned(items=items)) == [
        "lines/2001 ORQT: 1 -> 3",
        "lines/2001 SAPR: 149.50 -> ",
        "lines/2002: no longer there",
        "lines/2003: new",
    ]
    assert differences(planned(), planned()) == []
