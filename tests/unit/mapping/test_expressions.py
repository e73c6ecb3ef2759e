from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType

import pytest

from m3nop.mapping.context import Context
from m3nop.mapping.expressions import EvaluationError, ExpressionError, compile_expression


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("order.customer.email", {("order", "customer", "email")}),
        ("order", {("order",)}),
        ("order.items[*].sku", {("order", "items", "sku")}),
        ("order.items[0].sku", {("order", "items", "sku")}),
        ("order.items[].tags[]", {("order", "items", "tags")}),
        ("order.items[1:3].sku | [0]", {("order", "items", "sku")}),
        ("order.items[?quantity > `1`].sku", {("order", "items", "sku"), ("order", "items", "quantity")}),
        ("order.items[?sku == root().settings.sku]", {("order", "items"), ("order", "items", "sku"), ("settings", "sku")}),
        ("order.{a: id, b: items[*].sku}", {("order", "id"), ("order", "items", "sku")}),
        ("order.[id, total]", {("order", "id"), ("order", "total")}),
        ("order.*", {("order",)}),
        ("order.totals.*.amount", {("order", "totals")}),
        ("a.b || c.d", {("a", "b"), ("c", "d")}),
        ("(order.billing || order.shipping).city", {("order", "billing", "city"), ("order", "shipping", "city")}),
        ("a.b && !c[0]", {("a", "b"), ("c",)}),
        ("!a[*].b", {("a", "b")}),
        ("not(a.b)", {("a", "b")}),
        ("!(a.b)", {("a", "b")}),
        ("a.b == c.d", {("a", "b"), ("c", "d")}),
        ("coalesce(a.x, b.y).city", {("a", "x", "city"), ("b", "y", "city")}),
        ("default(steps.match.rows, `[]`)", {("steps", "match", "rows")}),
        ("if(a.ok, b.x, c.x).name", {("a", "ok"), ("b", "x", "name"), ("c", "x", "name")}),
        ("sum_by(order.items, &price)", {("order", "items", "price")}),
        ("sum_by(order.items, &multiply(price, root().vars.rate))", {("order", "items", "price"), ("vars", "rate")}),
        ("map(&'x', order.items)", {("order", "items")}),
        ("group_by(order.items, &sku)", {("order", "items"), ("order", "items", "sku")}),
        ("sort_by(order.items, &id)[0].sku", {("order", "items", "id"), ("order", "items", "sku")}),
        ("first(steps.rows).ORNO", {("steps", "rows", "ORNO")}),
        ("lookup('pm', order.method).account", {("order", "method")}),
        ("length(order.items)", {("order", "items")}),
        ("order.items | length(@)", {("order", "items")}),
        ("merge(order, `{}`).id", {("order",)}),
        ("'x'", set()),
        ("now()", set()),
        ('"order line".x', {("order line", "x")}),
    ],
)  # fmt: skip
def test_the_paths_it_reads_are_known(text, expected):
    assert set(compile_expression(text).paths) == expected


def test_a_path_knows_where_its_root_name_stands():
    expression = compile_expression("concat(store.code, '-', sum_by(order.items, &id), root().settings.x)")
    assert expression.offset_of(("store", "code")) == 7
    assert expression.offset_of(("order", "items", "id")) == 31
    assert expression.offset_of(("settings", "x")) == 57


def test_functions_and_named_lookups_are_known():
    expression = compile_expression("concat(lookup('a', x), lookup(y, x), country(z), uom(`1`, 'i', 'BOX'))")
    assert expression.functions == {"concat", "lookup", "country", "uom"}
    assert expression.literal_lookups == {"a", "countries", "units"}


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("uper(a)", "unknown-function", "did you mean upper?"),
        ("qqqqqq(a)", "unknown-function", "unknown function qqqqqq"),
        ("upper(a, b)", "arity", "upper() takes 1 argument, and 2 are given; upper(text: text?) -> text?"),
        ("left(a)", "arity", "left() takes 2 arguments, and 1 is given"),
        ("root().x.now(a)", "arity", "now() takes no arguments, and 1 is given"),
        ("substr(a)", "arity", "substr() takes 2 to 3 arguments"),
        ("concat()", "arity", "concat() takes at least 1 argument, and 0 are given"),
        ("add(a)", "arity", "add() takes at least 2 arguments"),
        ("sum_by(a, b)", "missing-reference", "write & before it, as in &price"),
        ("upper(&a)", "misplaced-reference", "leave the & out"),
        ("&a", "misplaced-reference", "only an argument"),
        ("[&a]", "misplaced-reference", "only an argument"),
        ("!a.b", "negation", "write not(a.b)"),
        ("!a[]", "negation", "write not(a.b)"),
        ("!a[?b]", "negation", "write not(a.b)"),
        ("x || !a.*", "negation", "write not(a.b)"),
        ("!@.b", "negation", "write not(a.b)"),
        ("@", "whole-root", "name the parts"),
        ("keys(root())", "whole-root", "name the parts"),
        ("*", "whole-root", "name the parts"),
        ("regex_match(a, b)", "pattern", "not a text in single quotes"),
        ("regex_match(a, `5`)", "pattern", "not a text in single quotes"),
        ("regex_match(a, '(a+)+')", "pattern", "repeats a group"),
    ],
)
def test_mistakes_are_found_without_a_record(text, code, said):
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text)
    assert caught.value.code == code
    assert said in str(caught.value)


def test_the_offset_of_a_mistake_is_that_of_the_name():
    with pytest.raises(ExpressionError) as caught:
        compile_expression("concat(a, uper(b))")
    assert caught.value.offset == 10
    with pytest.raises(ExpressionError) as caught:
        compile_expression("x && !a.b")
    assert caught.value.offset == 5


def test_expressions_with_equal_texts_are_equal_and_frozen():
    one, two = compile_expression("a.b"), compile_expression("a.b")
    assert one == two
    assert len({one, two, compile_expression("a.c")}) == 2
    with pytest.raises(AttributeError):
        one.text = "x"  # type: ignore[misc]


DOCUMENT = {
    "a": {"b": [1, 2, 3], "c": None, "d": [[1], 2, [3, [4]]]},
    "rows": [{"n": 1, "t": "x"}, {"n": 2, "t": "y"}, {"t": "z"}],
    "text": "abc",
    "empty": [],
    "zero": 0,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b[0]", 1),
        ("a.b[-1]", 3),
        ("a.b[3]", None),
        ("a.b[-4]", None),
        ("text[0]", None),
        ("text.x", None),
        ("text | x", None),
        ("nothing.x.y", None),
        ("a.b[1:]", [2, 3]),
        ("a.b[::-1]", [3, 2, 1]),
        ("text[0:1]", None),
        ("a.d[]", [1, 2, 3, [4]]),
        ("text[]", None),
        ("rows[*].n", [1, 2]),
        ("text[*].n", None),
        ("a.*", [[1, 2, 3], [[1], 2, [3, [4]]]]),
        ("text.*", None),
        ("rows[?n == `2`].t", ["y"]),
        ("text[?n]", None),
        ("rows[?n].t", ["x", "y"]),
        ("a.[b[0], c]", [1, None]),
        ("nothing.[b]", None),
        ("a.{x: b[0]}", {"x": 1}),
        ("nothing.{x: b}", None),
        ("empty || text", "abc"),
        ("text || empty", "abc"),
        ("empty && text", []),
        ("zero && text", "abc"),
        ("!zero", False),
        ("!empty", True),
        ("!nothing", True),
        ("text == 'abc'", True),
        ("text != 'abc'", False),
        ("nothing == `null`", True),
        ("text != `null`", True),
        ("a.b[0] < a.b[1]", True),
        ("a.b[1] <= `2`", True),
        ("a.b[1] > `1.5`", True),
        ("a.b[1] >= `2.5`", False),
        ("text >= 'abb'", True),
        ("a.b == `[1, 2, 3]`", True),
        ("a.b == `[1, 2]`", False),
        ("rows[0] == `{\"t\": \"x\", \"n\": 1.0}`", True),
        ("rows[0] == `{\"t\": \"x\"}`", False),
        ("`[1]` == `[true]`", False),
        ("a.b | [0]", 1),
        ("rows[*].t | length(@)", 3),
        ("rows[?t == root().text].n", []),
        ("text.length(@)", 3),
    ],
)  # fmt: skip
def test_standard_expressions_give_what_jmespath_says(evaluate, text, expected):
    assert evaluate(text, **DOCUMENT) == expected


def test_tuples_and_other_mappings_are_lists_and_objects(evaluate):
    rows = (MappingProxyType({"n": 1}), MappingProxyType({"n": 2}))
    assert evaluate("rows[*].n", rows=rows) == [1, 2]
    assert evaluate("rows[0].n", rows=rows) == 1
    assert evaluate("rows[0].*", rows=rows) == [1]
    assert evaluate("o.x.y", o=MappingProxyType({"x": MappingProxyType({"y": 5})})) == 5
    assert evaluate('rows == `[{"n": 1}, {"n": 2}]`', rows=rows) is True


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id == '5'", "cannot compare number 5 with text '5'; decimal() makes a number of a text"),
        ("id != '5'", "cannot compare number 5 with text '5'"),
        ("flag == `1`", "cannot compare true/false true with number 1"),
        ("id < name", "cannot compare number 5 with text 'x'"),
        ("id > nothing", "cannot compare number 5 with null; default() gives null a value"),
        ("flag < flag", "have no order; only numbers and texts have"),
        ("list == id", "cannot compare a list with number 5"),
        ("object == id", "cannot compare an object with number 5"),
        ("half == id", "cannot compare a float with number 5"),
    ],
)
def test_comparing_unlike_types_names_both(evaluate, text, said):
    with pytest.raises(EvaluationError) as caught:
        evaluate(text, id=5, flag=True, name="x", list=[], object={}, half=0.5)
    assert said in caught.value.message
    assert caught.value.expression == text
    assert f"in `{text}`" in str(caught.value)


def test_money_is_exact_from_literal_to_result(evaluate):
    total = evaluate("sum_by(lines, &multiply(price, `1.1`))", lines=[{"price": Decimal("0.10")}] * 3)
    assert total == Decimal("0.330")
    assert evaluate("a == `0.3`", a=Decimal("0.30")) is True
    assert evaluate("a < `1`", a=Decimal("0.30")) is True


def test_only_the_branch_taken_is_evaluated(evaluate):
    assert evaluate("if(ok, 'yes', divide(`1`, `0`))", ok=True) == "yes"
    assert evaluate("if(ok, divide(`1`, `0`), 'no')", ok=False) == "no"
    assert evaluate("case(ok, 'a', divide(`1`, `0`) > `1`, 'b')", ok=True) == "a"
    assert evaluate("coalesce(a, divide(`1`, `0`))", a=0) == 0
    assert evaluate("default(a, divide(`1`, `0`))", a="x") == "x"
    with pytest.raises(EvaluationError, match="cannot divide"):
        evaluate("default(a, divide(`1`, `0`))", a="")


def test_a_condition_must_be_true_or_false():
    context = Context()
    assert compile_expression("a").condition({"a": True}, context) is True
    assert compile_expression("a").condition({"a": False}, context) is False
    for value, said in [(None, "null"), ("", "text ''"), (1, "number 1"), ([], "a list")]:
        with pytest.raises(EvaluationError, match=said):
            compile_expression("a").condition({"a": value}, context)


def test_a_value_that_is_nested_too_deeply_is_an_error(evaluate):
    value = []
    for _ in range(5000):
        value = [value]
    with pytest.raises(EvaluationError, match="nested too deeply"):
        evaluate("json(a)", a=value)


def test_the_default_surroundings_know_nothing():
    context = Context()
    assert compile_expression("link('orders', '1')").evaluate({}, context) is None
    assert compile_expression("in_flight('x')").evaluate({}, context) == 0
    assert compile_expression("now()").evaluate({}, context) == "1970-01-01T00:00:00Z"
    with pytest.raises(EvaluationError, match="no lookup 'x'"):
        compile_expression("lookup('x', '1')").evaluate({}, context)


def test_what_a_dialect_may_not_tell_is_marked_where_it_is_asked_for_so():
    expression = compile_expression("default(if_told(order.customer.roles), order.id)")
    assert expression.untold == {("order", "customer", "roles")}
    assert set(expression.paths) == {("order", "customer", "roles"), ("order", "id")}
