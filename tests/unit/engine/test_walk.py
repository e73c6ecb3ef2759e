"""Which call comes next while everything goes well: steps in order, branches, loops and waiting for others."""

from __future__ import annotations

import gc
import weakref

import pytest

from m3nop.core.clock import MINUTE
from m3nop.core.connector import Remedy
from m3nop.core.records import CallState, RecordState
from m3nop.engine.actions import Finish, NeedLink, Park, Purpose, Send, Stop
from tests.unit.engine.cases import NOW, ORDERS, REAL, TEMPORARY, Case, compiled, steps


def note(step_id: str, value: str, **more: str) -> str:
    """Write a step that sends one value to the shop."""
    extra = "".join(f"    {name}: {text}\n" for name, text in more.items())
    fields = f"      order_id: order.id\n      store_id: order.store_id\n      key: {{value: K}}\n      value: {value}\n"
    return f"  - id: {step_id}\n{extra}    call: shop/orders/attribute\n    fields:\n{fields}"


def each(items: object, key: str = "item.id") -> Case:
    loop = f"{{in: order.items, as: item, key: {key}}}"
    return Case(steps(note("each", "item.sku", for_each=loop)), items=items)


@pytest.fixture
def case() -> Case:
    return Case(compiled(ORDERS))


def test_a_new_record_begins_with_its_first_step(case: Case) -> None:
    action = case.next()

    assert isinstance(action, Send)
    assert (action.path, action.purpose) == ("head", Purpose.STEP)
    assert str(action.target) == "erp/OIS100MI/AddBatchHead"
    assert action.fields == {"CUNO": "W1042", "ORTP": "W01", "CUOR": "B2C-1042"}
    assert action.origins["CUOR"] == "reference"
    assert action.columns == ("ORNO",)


def test_items_are_entered_one_after_the_other_with_their_keys_in_the_path(case: Case) -> None:
    first = case.entered(until="head").next()
    assert (first.path, first.fields["CUPO"], first.fields["ORNO"]) == ("lines/2001", "1", TEMPORARY)

    second = case.log("lines/2001", PONR=1).next()
    assert (second.path, second.fields["ITNO"], second.fields["CUPO"]) == ("lines/2002", "MAT-FOAM", "2")


def test_the_commit_names_the_one_document_that_it_makes_real(case: Case) -> None:
    action = case.entered().alone().next()

    assert (action.path, action.fields) == ("confirm", {"ORNO": TEMPORARY})
    assert action.commit_target == {"head": {"ORNO": TEMPORARY}}


def test_after_the_last_step_the_record_is_finished(case: Case) -> None:
    noted = case.entered().confirmed().next()
    assert (noted.path, noted.fields["value"]) == ("note", REAL)

    assert case.log("note").next() == Finish()


def test_a_call_that_was_not_sent_or_had_no_effect_is_made(case: Case) -> None:
    for state in (CallState.NOT_SENT, CallState.ABSENT):
        assert case.log("head", state).next().path == "head"


def test_a_key_of_an_item_is_quoted_in_the_path() -> None:
    case = each([{"sku": "A/B 1"}], key="item.sku")

    assert case.next().path == "each/A%2FB%201"
    assert case.log("each/A%2FB%201").next() == Finish()


def test_a_list_that_is_null_has_no_items() -> None:
    assert each(None).next() == Finish()


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ({"id": 1}, "order.items is not a list"),
        ([{"id": 1, "sku": "A"}, {"sku": "B"}], "item 2 has no key (item.id)"),
        ([{"id": 1, "sku": "A"}, {"id": 1, "sku": "B"}], "two items have the key 1"),
    ],
)
def test_items_that_cannot_be_told_apart_are_refused(items: object, words: str) -> None:
    case = each(items)
    if isinstance(items, list):
        case.log("each/1")

    action = case.next()

    assert isinstance(action, Stop)
    assert (action.state, action.failure.remedy) == (RecordState.DEAD, Remedy.BUSINESS)
    assert words in action.reason


def test_a_skipped_step_is_null_for_later_ones() -> None:
    case = Case(
        steps(
            note("first", "order.id", when="order.id > `9999`")
            + note("second", "coalesce(steps.first, 'none')")
        )
    )

    action = case.next()

    assert (action.path, action.fields["value"]) == ("second", "none")


def test_vars_are_worked_out_in_order_and_see_the_ones_before() -> None:
    case = Case(
        steps(note("only", "vars.both"), vars_="vars: {one: order.id, both: \"concat(vars.one, '!')\"}\n")
    )

    assert case.next().fields["value"] == "1042!"


SWITCH = """
  - id: way
    switch: %s
    cases:
      post: [%s]
      a/b: [%s]
    default: [%s]
"""


def switched(source: str) -> str:
    branches = [
        f"{{id: {name}, call: shop/orders/attribute, fields: {{order_id: order.id, store_id: order.store_id, "
        f"key: {{value: K}}, value: {{value: {name}}}}}}}"
        for name in ("by_post", "odd", "other")
    ]
    return SWITCH % (source, *branches)


@pytest.mark.parametrize(
    ("source", "method", "path"),
    [
        ("order.shipping_method", "post", "way/post/by_post"),
        ("order.shipping_method", "a/b", "way/a%2Fb/odd"),
        ("order.shipping_method", "drone", "way/default/other"),
        ("order.shipping_method", None, "way/default/other"),
        ("{from: order.shipping_method, lookup: ways}", "Ground", "way/post/by_post"),
        ("{from: order.shipping_method, lookup: ways}", "Air", "way/default/other"),
    ],
)
def test_a_switch_takes_one_branch(source: str, method: str | None, path: str) -> None:
    case = Case(steps(switched(source)), shipping_method=method)

    assert case.next().path == path
    assert case.log(path).next() == Finish()


NESTED = """
  - id: each
    for_each: {in: order.items, as: item, key: item.id}
    steps:
      - {id: read, read: shop/orders/get, fields: {id: item.id}, outputs: [id]}
      - id: write
        when: item.quantity > `1`
        call: shop/orders/attribute
        fields: {order_id: steps.read.id, store_id: order.store_id, key: {value: K}, value: item.sku}
"""


def test_nested_steps_see_the_ones_before_them_of_their_own_item() -> None:
    case = Case(steps(NESTED))
    assert case.next().path == "each/2001/read"
    assert case.log("each/2001/read", id=1).next().path == "each/2002/read"

    action = case.log("each/2002/read", id=2).next()

    assert (action.path, action.fields["order_id"], action.fields["value"]) == (
        "each/2002/write",
        2,
        "MAT-FOAM",
    )
    assert case.log("each/2002/write").next() == Finish()
    assert case.work.results["each"][0] == {"read": {"id": 1, "fields": {}}, "write": None}


ROWS = """
  - {id: all, read: shop/orders/notes, fields: {order_id: order.id}, outputs: {rows: {text: note}}}
  - {id: whole, read: shop/orders/get, fields: {id: order.id}}
  - {id: none, read: shop/orders/get, fields: {id: order.id}, outputs: [id]}
  - id: write
    call: shop/orders/attribute
    fields: {order_id: order.id, store_id: order.store_id, key: {value: K}, value: "join('+', steps.all.rows[].text)"}
"""


def test_rows_are_kept_with_the_names_that_the_pipeline_gives_them() -> None:
    case = Case(steps(ROWS))
    case.log("all", rows=[{"note": "a", "id": 1}, {"note": "b", "id": 2}]).log("whole", id=5, more=6).log(
        "none"
    )

    assert case.next().fields["value"] == "a+b"
    assert case.work.results["all"] == {"fields": {}, "rows": [{"text": "a"}, {"text": "b"}]}
    assert case.work.results["whole"] == {"fields": {}, "id": 5, "more": 6}
    assert case.work.results["none"] == {"fields": {}, "id": None}


REQUIRES = """
  - {id: customer, requires: {pipeline: customers, key: order.customer_id}}
""" + note("write", "steps.customer.m3")


def test_another_pipelines_record_is_asked_for_and_its_link_used() -> None:
    case = Case(steps(REQUIRES))
    assert case.next() == NeedLink("customers", "17")

    assert case.link("customers", "17", "W0000017").next().fields["value"] == "W0000017"
    assert case.work.results["customer"] == {"m3": "W0000017", "shop": "17"}


def test_a_record_without_the_key_of_what_it_requires_is_refused() -> None:
    action = Case(steps(REQUIRES), customer_id=None).next()

    assert action.state is RecordState.DEAD
    assert action.reason == "the record to wait for has no key (order.customer_id)"


def test_links_of_records_can_be_asked_by_expressions() -> None:
    case = Case(steps(note("write", "coalesce(link('customers', order.customer_id).m3, 'none')")))
    assert case.next().fields["value"] == "none"

    case = case.copy().link("customers", "17", "W17")
    assert case.next().fields["value"] == "W17"


CHECKS = "checks:\n  - {condition: order.id > `5000`, message: too old, on_fail: %s}\n"


@pytest.mark.parametrize(("on_fail", "state"), [("reject", RecordState.DEAD), ("review", RecordState.REVIEW)])
def test_a_failed_check_ends_the_work_before_any_call(on_fail: str, state: RecordState) -> None:
    action = Case(steps(note("only", "order.id"), checks=CHECKS % on_fail)).next()

    assert isinstance(action, Stop)
    assert (action.state, action.reason, action.step) == (state, "too old", "checks")


def test_a_check_that_waits_parks_the_record_until_the_next_look() -> None:
    action = Case(steps(note("only", "order.id"), checks=CHECKS % "wait")).next()

    assert action == Park(RecordState.WAITING, NOW + 10 * MINUTE, "too old", forget="checks")


def test_a_check_that_warns_is_noted_once_and_the_work_goes_on() -> None:
    case = Case(steps(note("only", "order.id"), checks=CHECKS % "warn"))

    assert case.next().path == "only"
    assert case.next().path == "only"
    assert case.work.notes == ["too old"]


def test_a_released_record_passes_checks_that_ask_for_review_and_no_others() -> None:
    for on_fail, kind in (("review", Send), ("reject", Stop)):
        case = Case(steps(note("only", "order.id"), checks=CHECKS % on_fail))
        case.work.record.released = True
        assert isinstance(case.next(), kind)


def test_checks_are_not_made_again_once_something_was_called() -> None:
    case = Case(steps(note("one", "order.id") + note("two", "order.id"), checks=CHECKS % "reject"))

    assert case.log("one").next().path == "two"


@pytest.mark.parametrize(
    ("value", "state"),
    [
        ("lookup('ways', order.shipping_method)", RecordState.DEAD),
        ("add(order.items, `1`)", RecordState.DEAD),
    ],
)
def test_a_value_that_cannot_be_worked_out_ends_the_work(value: str, state: RecordState) -> None:
    action = Case(steps(note("only", value)), shipping_method="Drone").next()

    assert isinstance(action, Stop)
    assert action.state is state
    assert action.reason.startswith("value: ")


def test_a_lookup_that_says_review_puts_the_record_to_review() -> None:
    field = "{from: order.shipping_method, lookup: ways, missing: review}"
    action = Case(steps(note("only", field)), shipping_method="Drone").next()

    assert action.state is RecordState.REVIEW
    assert "Drone" in action.reason


def test_a_condition_that_cannot_be_worked_out_is_the_configurations_fault() -> None:
    action = Case(steps(note("only", "order.id", when="order.id > order.items"))).next()

    assert isinstance(action, Stop)
    assert (action.state, action.failure.remedy) == (RecordState.DEAD, Remedy.CONFIGURATION)


def test_what_a_pipeline_remembers_is_worked_out_at_its_end() -> None:
    text = 'remember: {count: "add(default(remembered.count, `0`), order.id)"}\n'
    case = Case(steps(note("only", "order.id") + text))
    case.work.record.remembered = {"count": 1}

    assert case.log("only").next() == Finish({"count": 1043})


def test_something_to_remember_that_cannot_be_worked_out_ends_the_work() -> None:
    action = (
        Case(steps(note("only", "order.id") + 'remember: {count: "add(order.items, `1`)"}\n'))
        .log("only")
        .next()
    )

    assert isinstance(action, Stop)
    assert (action.state, action.failure.remedy) == (RecordState.DEAD, Remedy.CONFIGURATION)


def test_a_record_that_was_put_down_leaves_memory_at_once() -> None:
    case = Case(steps(note("write", "coalesce(link('customers', order.customer_id).m3, 'none')")))
    gc.disable()
    try:
        assert case.next().fields["value"] == "none"
        work = weakref.ref(case.work)
        del case

        assert work() is None
    finally:
        gc.enable()
