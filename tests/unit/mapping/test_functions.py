from __future__ import annotations

import re
from decimal import Decimal

import pytest

from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.expressions import compile_expression
from m3nop.mapping.functions import FUNCTIONS, function_table
from m3nop.mapping.functions.registry import parse_signature

STANDARD = {
    "abs", "avg", "ceil", "contains", "ends_with", "floor", "join", "keys", "length", "map", "max", "max_by", "merge",
    "min", "min_by", "not_null", "reverse", "sort", "sort_by", "starts_with", "sum", "to_array", "to_number",
    "to_string", "type", "values",
}  # fmt: skip
OURS = {
    "upper", "lower", "title", "trim", "left", "right", "substr", "pad_left", "pad_right", "replace", "split", "concat",
    "truncate", "wrap", "slug", "strip_html", "regex_match", "regex_replace", "regex_extract", "decimal", "add",
    "subtract", "multiply", "divide", "mod", "round_to", "round_down", "at_least", "at_most", "take_off", "format_number", "sum_by",
    "if", "case", "coalesce", "default", "is_blank", "null_if_blank", "not", "m3_date", "from_m3_date", "m3_time",
    "iso_date", "add_days", "to_tz", "later_of", "earlier_of", "now", "group_by", "first", "find_by", "index_by",
    "unique", "flatten", "zip", "nth", "from_items", "in_unit", "in_basic_unit", "share", "if_told", "lookup", "lookup_code", "codes_of", "link", "uom", "currency", "country", "in_flight", "uuid5", "sha256", "json", "root",
    "linked_by_m3", "short_code",
}  # fmt: skip


@pytest.mark.parametrize("info", function_table(), ids=lambda info: info.name)
def test_every_documented_example_is_true(info, context):
    given = compile_expression(info.example.expression).evaluate(info.example.root, context)
    assert given == info.example.result
    assert type(given) is type(info.example.result)
    assert re.search(rf"\b{info.name}\(", info.example.expression)


@pytest.mark.parametrize("info", function_table(), ids=lambda info: info.name)
def test_every_function_is_documented(info):
    assert info.doc.endswith(".")
    assert "\n" not in info.doc
    assert info.signature.startswith(f"{info.name}(")
    assert FUNCTIONS[info.name] is info


def test_the_table_has_the_standard_functions_and_ours():
    assert {info.name for info in function_table() if info.standard} == STANDARD
    assert {info.name for info in function_table() if not info.standard} == OURS


def test_a_signature_that_is_none_is_refused():
    for text in ("upper", "upper(text) -> text", "upper(text: texts) -> text"):
        with pytest.raises(ValueError, match=r"is not a (signature|parameter)"):
            parse_signature(text)


@pytest.mark.parametrize(
    "text",
    ["upper(a)", "left(a, `2`)", "pad_left(a, `5`)", "replace(a, 'x', 'y')", "split(a, ',')", "truncate(a, `3`)",
     "wrap(a, `3`)", "slug(a)", "strip_html(a)", "regex_match(a, 'x')", "regex_replace(a, 'x', 'y')",
     "regex_extract(a, 'x')", "m3_date(a)", "m3_time(a)", "from_m3_date(a)", "iso_date(a)", "add_days(a, `1`)",
     "to_tz(a, 'UTC')", "later_of(a, a)", "earlier_of(a)", "first(a)", "unique(a)", "flatten(a)", "link('x', a)",
     "country(a)", "currency(a)", "uuid5(a)", "sha256(a)", "short_code(a, `3`)", "linked_by_m3('x', a)", "decimal(a)", "to_number(a)", "null_if_blank(a)"],
)  # fmt: skip
def test_null_gives_null(evaluate, text):
    assert evaluate(text, a=None) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("upper(`5.0`)", "5"),
        ("concat(`1e3`, `0.10`, `true`, `null`, 'x')", "10000.1truex"),
        ("title('maría del mar')", "María Del Mar"),
        ("left('abc', `0`)", ""),
        ("right('abc', `5`)", "abc"),
        ("right('abc', `0`)", ""),
        ("substr('abcdef', `-2`)", "ef"),
        ("substr('abcdef', `-9`, `2`)", "ab"),
        ("substr('abcdef', `2`, `3`)", "cde"),
        ("substr('abc', `9`)", ""),
        ("pad_left('abcdef', `3`)", "abcdef"),
        ("pad_right('a', `3`)", "a  "),
        ("truncate('abc', `3`)", "abc"),
        ("truncate('ab cd', `3`)", "ab"),
        ("truncate('abcdef', `2`, '...')", ".."),
        ("wrap('', `5`)", []),
        ("wrap('abcdefgh ij', `5`)", ["abcde", "fgh", "ij"]),
        ("wrap('a b\n\nc', `9`)", ["a b", "c"]),
        ("slug('  Straße / Łódź!  ')", "strasse-lodz"),
        ("join('-', `[1, true, null]`)", "1-true"),
        ("starts_with(`123`, '12')", True),
        ("to_string('x')", "x"),
        ("to_string(`1.50`)", "1.5"),
        ("to_string(`null`)", "null"),
        ("to_string(`[{\"é\": \"ü\"}, true]`)", '[{"é":"ü"},true]'),
        ("strip_html('a < b <!-- x > y --> c')", "a < b c"),
        ("strip_html('a<script>if (x < 1) {}</script>b<style>p{}')", "ab"),
        ("strip_html('a<br/>b<BR>c')", "a\nb\nc"),
        ("strip_html('a <b>bold')", "a bold"),
        ("strip_html('a <b unclosed')", "a"),
        ("strip_html('a <!doctype html>b<?php x ?>c')", "a bc"),
        ("strip_html('x &lt;b&gt;&nbsp;y')", "x <b> y"),
        ("regex_extract('abc', 'x')", None),
        ("regex_extract('id: 42', '([a-z]+): ([0-9]+)', `2`)", "42"),
        ("regex_match('abc', '^B')", False),
        ("regex_match('abc', '(?i)^AB')", True),
        (r"regex_replace('a.b', '[.]', '\\')", "a\\b"),
        (r"regex_replace('ab', '(a)|(b)', '<\2>')", "<><b>"),
    ],
)  # fmt: skip
def test_text_functions(evaluate, text, expected):
    assert evaluate(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("add(`1`, `2`, `3`)", 6),
        ("add(`0.1`, `0.2`)", Decimal("0.3")),
        ("multiply(`3`, `0.5`)", Decimal("1.5")),
        ("mod(`-7`, `3`)", -1),
        ("mod(`7.5`, `2`)", Decimal("1.5")),
        ("divide(`1`, `3`)", Decimal("0.3333333333333333333333333333333333")),
        ("round_to(`-2.5`)", Decimal(-3)),
        ("round_to(`1250`, `-2`)", Decimal(1300)),
        ("round_to(`2.5`, `3`)", Decimal("2.5")),
        ("round_down(`-7.99`, `1`)", Decimal("-7.9")),
        ("ceil(`-1.5`)", -1),
        ("floor(`1.5`)", 1),
        ("abs(`-3`)", 3),
        ("at_least(`1`, `2.5`, `2`)", Decimal("2.5")),
        ("at_most(`1`, `2.5`)", 1),
        ("format_number(`0.005`, `2`)", "0.01"),
        ("format_number(`-1234567.891`, `1`, ',', '.')", "-1.234.567,9"),
        ("format_number(`5`, `0`)", "5"),
        ("sum(`[]`)", 0),
        ("sum(`[1, 2]`)", 3),
        ("avg(`[]`)", None),
        ("max(`[]`)", None),
        ("min(`[]`)", None),
        ('max(`["a", "b"]`)', "b"),
        ("min(`[2, 1.5]`)", Decimal("1.5")),
        ("to_number('12')", 12),
        ("to_number('-12')", -12),
        ("to_number('1.5')", Decimal("1.5")),
        ("to_number('1e2')", Decimal(100)),
        ("to_number('1_000')", None),
        ("to_number('NaN')", None),
        ("to_number(`5`)", 5),
        ("to_number(`true`)", None),
        ("decimal(' ')", None),
        ("decimal(`5`)", Decimal(5)),
    ],
)
def test_number_functions(evaluate, text, expected):
    given = evaluate(text)
    assert given == expected
    assert type(given) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("if(`false`, 'x')", None),
        ("case(`false`, 'x')", None),
        ("case(`false`, 'x', 'other')", "other"),
        ("case(`false`, 'x', `true`, 'y')", "y"),
        ("coalesce(`null`, `null`)", None),
        ("coalesce(`null`, `false`)", False),
        ("default(`0`, 'x')", 0),
        ("default(`false`, 'x')", False),
        ("default(`[]`, 'x')", "x"),
        ("is_blank(`0`)", False),
        ("is_blank(`false`)", False),
        ("is_blank(`null`)", True),
        ("is_blank(`{}`)", True),
        ("null_if_blank('x')", "x"),
        ("not_null(`null`)", None),
        ("not(`true`)", False),
        ("type('x')", "string"),
        ("type(`null`)", "null"),
        ("type(`true`)", "boolean"),
        ("type(`[]`)", "array"),
        ("type(`{}`)", "object"),
        ("contains('abc', 'b')", True),
        ("contains(`[1, 2.0]`, `2`)", True),
        ("contains(`[1, null]`, `null`)", True),
        ("contains(`[1]`, `null`)", False),
        ("contains(`[]`, 'x')", False),
        ("contains(`[null]`, 'x')", False),
        ("contains(`[\"a\"]`, 'x')", False),
        ("contains(`[[1]]`, `[1]`)", True),
        ("reverse('abc')", "cba"),
        ("to_array(`[1]`)", [1]),
        ("sort(`[]`)", []),
        ("sort_by(`[]`, &x)", []),
        ("max_by(`[]`, &x)", None),
        ("min_by(`[]`, &x)", None),
        ("max_by(`[{\"a\": 1, \"b\": 1}, {\"a\": 1, \"b\": 2}]`, &a).b", 1),
        ("group_by(`[]`, &x)", []),
        ("group_by(`[{\"a\": 1}, {\"a\": 1.0}, {\"a\": true}]`, &a)[*].key", [1, True]),
        ("first(`[]`)", None),
        ("find_by(`[{\"a\": 1, \"b\": \"x\"}, {\"a\": \"1\", \"b\": \"y\"}]`, &a, '1').b", "x"),
        ("find_by(`[{\"a\": \" 7 \"}]`, &a, `7.0`).a", " 7 "),
        ("find_by(`[{\"a\": \"\"}, {}]`, &a, `null`)", None),
        ("find_by(`[{\"a\": 1}]`, &a, `2`)", None),
        ("find_by(`null`, &a, `2`)", None),
        ("nth(`[\"x\", \"y\"]`, `2`)", "y"),
        ("nth(`[\"x\", \"y\"]`, '001')", "x"),
        ("nth(`[\"x\"]`, `0`)", None),
        ("nth(`[\"x\"]`, `-1`)", None),
        ("nth(`[\"x\"]`, `2`)", None),
        ("nth(`[\"x\"]`, `1.5`)", None),
        ("nth(`[\"x\"]`, 'A1')", None),
        ("nth(`[\"x\"]`, ' ')", None),
        ("nth(`[\"x\"]`, `null`)", None),
        ("unique(`[1, 1.0, \"1\", true, [1], [1], {\"a\": 1}, {\"a\": 1}]`)", [1, "1", True, [1], {"a": 1}]),
        ("merge(`{\"a\": 1}`)", {"a": 1}),
        ("zip(`[1]`)", [[1]]),
        ("json('é')", '"é"'),
        ("length('é')", 1),
    ],
)  # fmt: skip
def test_choice_and_list_functions(evaluate, text, expected):
    assert evaluate(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m3_date('2026-11-23')", "20261123"),
        ("m3_date('20261123')", "20261123"),
        ("m3_date(`20261123`)", "20261123"),
        ("m3_date(now())", "20261123"),
        ("m3_date('2026-11-23T23:30:00')", "20261124"),
        ("m3_date('2026-11-23 23:30')", "20261124"),
        ("m3_date('2026-07-01T22:30:00.1234567Z')", "20260702"),
        ("m3_date('2026-11-24T00:30:00+03:00')", "20261123"),
        ("m3_date('0')", None),
        ("m3_date('00000000')", None),
        ("m3_date(' ')", None),
        ("m3_time('2026-11-23')", "000000"),
        ("m3_time('0')", None),
        ("from_m3_date(`20261123`)", "2026-11-23"),
        ("from_m3_date('0')", None),
        ("iso_date('0')", None),
        ("iso_date('20261123')", "2026-11-23"),
        ("add_days('2026-12-31', `1`)", "2027-01-01"),
        ("add_days('2026-11-23T09:00:00Z', `-1`)", "2026-11-22T09:00:00Z"),
        ("add_days('2026-11-23T09:00:00.5+01:00', `1`)", "2026-11-24T09:00:00.500000+01:00"),
        ("add_days('', `1`)", None),
        ("to_tz('2026-07-01T09:00:00Z', 'America/New_York')", "2026-07-01T05:00:00-04:00"),
        ("to_tz('2026-11-23', 'UTC')", "2026-11-22T23:00:00+00:00"),
        ("to_tz('', 'UTC')", None),
        ("later_of('2026-11-22T23:30:00Z', '2026-11-23')", "2026-11-22T23:30:00Z"),
        ("earlier_of('2026-11-22T22:30:00Z', '2026-11-23')", "2026-11-22T22:30:00Z"),
        ("later_of('', '0')", None),
    ],
)
def test_dates_are_those_of_the_time_zone_of_m3(evaluate, text, expected):
    assert evaluate(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lookup('countries', 'SE')", "SE"),
        ("lookup('payment_methods', 'Payments.CheckMoneyOrder').PYCD", "INV"),
        ("lookup('blanked', 'y')", None),
        ("codes_of('payment_methods', '031', 'TEPY')", []),
        ("codes_of('countries', '')", []),
        ("codes_of('countries', `null`)", []),
        ("lookup('defaulted', 'y')", "9"),
        ("lookup('defaulted', `null`)", "9"),
        ("link('customers', '18')", None),
        ("uom(`24`, 'ROPE', 'BOX')", Decimal(4)),
        ("uom(`24`, `null`, 'BOX')", Decimal(4)),
        ("linked_by_m3('customers', 'W0001235')", None),
        ("linked_by_m3('orders', 'W0001234')", None),
        ("short_code(`null`, `9`)", None),
        ("short_code('a', `9`) == short_code('b', `9`)", False),
        ("starts_with(short_code('a', `40`), short_code('a', `9`))", True),
        ("length(short_code('', `1`))", 1),
        ("in_flight('ROPE')", Decimal(0)),
        ("uuid5('a', 'b') == uuid5('a', 'b')", True),
        ("uuid5('a', 'b') == uuid5('a')", False),
        ("uuid5('a', '6ba7b810-9dad-11d1-80b4-00c04fd430c8') == uuid5('a')", False),
    ],
)
def test_codes(evaluate, text, expected):
    assert evaluate(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("upper(`true`)", "upper() needs text as `text`, not true/false true"),
        ("upper(`[]`)", "upper() needs text as `text`, not a list"),
        ("short_code('abc', `0`)", "`length` from 1 to 40"),
        ("short_code('abc', `41`)", "`length` from 1 to 40"),
        ("left('abc', `-1`)", "`count` of at least 0, not -1"),
        ("left('abc', `1.5`)", "needs a whole number as `count`, not number 1.5"),
        ("left('abc', `null`)", "not null; default() gives null a value"),
        ("left('abc', `1e30`)", "needs a whole number"),
        ("right('abc', `-1`)", "right() needs a `count`"),
        ("substr('abc', `0`, `-1`)", "substr() needs a `count`"),
        ("pad_left('a', `20000`)", "pads to 10000 characters at most"),
        ("pad_left('a', `-1`)", "`width` of at least 0"),
        ("pad_left('a', `3`, '')", "`fill` of one character"),
        ("pad_right('a', `3`, 'xy')", "`fill` of one character"),
        ("replace('a', '', 'b')", "`find` that is not empty"),
        ("split('a', '')", "`separator` that is not empty"),
        ("truncate('a', `-1`)", "`width` of at least 0"),
        ("wrap('a', `0`)", "`width` of at least 1"),
        ("concat(`[1]`)", "concat() needs text, number or true/false or null as `values`, not a list"),
        ("join(',', `[[1]]`)", "a list has no text"),
        ("regex_extract('a', 'a', `1`)", "has no group 1"),
        ("regex_extract('a', 'a', `-1`)", "has no group -1"),
        (r"regex_replace('a', 'a', '\1')", "has no group 1"),
        ("regex_match(pad_left('a', `2000`), 'a')", "1000 characters at most, this text has 2000"),
        ("add(`1`, `null`)", "add() needs number as `numbers`, not null"),
        ("add('1', `1`)", "not text '1'"),
        ("divide(`1`, `0`)", "cannot divide number 1 by 0"),
        ("mod(`1`, `0`)", "cannot divide number 1 by 0"),
        ("divide(`1e900000`, `1e-900000`)", "more than 100 digits"),
        ("add(`1e300`, `1`)", "more than 100 digits"),
        ("multiply(`1e90`, `1.1`, `1e90`, `1e999999`)", "more than 100 digits"),
        ("concat(`1e300`)", "more than 100 digits"),
        ("concat(`1e-300`)", "more than 100 digits"),
        ("round_to(`1e90`)", "cannot be rounded"),
        ("round_to(`1`, `21`)", "21 places are too many"),
        ("format_number(`1`, `-1`)", "`places` of at least 0"),
        ("sum(`[1, \"2\"]`)", "number 2 of the list is text '2'"),
        ("sum_by(`[{}]`, &price)", "sum_by() adds numbers, and number 1 of the list is null"),
        ("max(`[1, \"a\"]`)", "max() cannot compare number 1 with text 'a'"),
        ("sort(`[true]`)", "sort() true/false true and true/false true have no order"),
        ("sort_by(`[{\"a\": 1}, {}]`, &a)", "sort_by() cannot compare number 1 with null"),
        ("decimal('1,5')", "decimal() cannot read text '1,5'"),
        ("if('x', `1`)", "if() needs a condition that is true or false, not text 'x'"),
        ("case(`null`, `1`)", "case() needs a condition"),
        ("not('x')", "not() needs true or false"),
        ("contains('abc', `1`)", "looks for text in a text, not for number 1"),
        ("contains(`[1, null]`, 'x')", "looks for text 'x' in a list of number, where it never is"),
        ("contains(`null`, 'x')", "needs text or list"),
        ("length(`5`)", "length() needs text or list or object"),
        ("index_by(`[{\"a\": 1}, {\"a\": 1}]`, &a)", "two items with the key '1'; group_by() keeps both"),
        ("index_by(`[{\"a\": [1]}]`, &a)", "a list has no text"),
        ("type(half)", "a float is no value"),
        ("json(half)", "a float cannot be written"),
        ("concat(half)", "needs text, number"),
        ("m3_date('yesterday')", "text 'yesterday' is not a date"),
        ("m3_date('20261301')", "is not a date"),
        ("m3_date('2026-02-30T00:00:00Z')", "is not a date"),
        ("from_m3_date('2026-11-23')", "takes a date like 20261123"),
        ("add_days('9999-12-31', `1`)", "outside the calendar"),
        ("to_tz('2026-11-23', 'Mars/Olympus')", "there is no time zone 'Mars/Olympus'"),
        ("to_tz('2026-11-23', '')", "there is no time zone"),
        ("to_tz('0001-01-01T00:00:00Z', 'America/New_York')", "outside the calendar"),
        ("lookup('nothing', 'x')", "there is no lookup 'nothing'"),
        ("lookup('countries', 'XX')", "lookup 'countries' has no row for text 'XX'"),
        ("lookup('countries', 'SE', 'name')", "has no column 'name': value"),
        ("codes_of('payment_methods', '030')", "'payment_methods' has several columns, name one"),
        ("codes_of('nothing', 'x')", "there is no lookup 'nothing'"),
        ("take_off(`[1, \"2\"]`, `1`)", "take_off() adds numbers"),
        ("lookup('payment_methods', 'nothing')", "has no row for text 'nothing'"),
        ("country('XX')", "lookup 'countries' has no row"),
        ("uom(`1`, 'x', 'PALLET')", "lookup 'units' has no row for text 'PALLET'"),
        ("uom(`1`, 'x', 'BAD')", "no number but text 'many' as factor of 'BAD'"),
        ("uuid5(broken)", "half a character"),
        ("uuid5('x', broken)", "half a character"),
    ],
)  # fmt: skip
def test_what_a_function_cannot_do_it_says(evaluate, text, said):
    with pytest.raises(EvaluationError) as caught:
        evaluate(text, half=0.5, broken="\ud800")
    assert said in caught.value.message
    assert caught.value.on_fail == "reject"


def test_a_lookup_that_asks_for_review_says_so(evaluate):
    with pytest.raises(EvaluationError) as caught:
        evaluate("concat(lookup('reviewed', 'y'), 'x')")
    assert caught.value.on_fail == "review"


def test_a_hash_takes_any_text(evaluate):
    assert len(evaluate("sha256(a)", a="\ud800")) == 64


def test_an_expression_reference_sees_the_root(evaluate):
    lines = [{"sku": "A", "n": 1}, {"sku": "B", "n": 2}]
    assert evaluate("sum_by(lines, &multiply(n, root().rate))", lines=lines, rate=Decimal("0.5")) == Decimal(
        "1.5"
    )
    assert evaluate("map(&concat(root().prefix, sku), lines)", lines=lines, prefix="x") == ["xA", "xB"]


def test_the_documented_kinds_of_functions():
    assert FUNCTIONS["concat"].most is None
    assert (FUNCTIONS["substr"].least, FUNCTIONS["substr"].most) == (2, 3)
    assert FUNCTIONS["sum_by"].takes_reference
    assert not FUNCTIONS["sum"].takes_reference
    assert FUNCTIONS["country"].tables == {"countries"}
    assert {info.family for info in function_table()} == {
        "text",
        "numbers",
        "choice",
        "dates",
        "lists",
        "codes",
        "measures",
    }
