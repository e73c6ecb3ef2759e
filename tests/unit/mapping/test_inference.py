"""What is known of an expression's value without a record: how long its text can be, its kinds and form."""

from __future__ import annotations

import pytest

from m3nop.core.connector import FieldInfo
from m3nop.mapping.functions import FUNCTIONS
from m3nop.mapping.inference import Surroundings, is_literal, shape_of
from m3nop.mapping.shapes import UNKNOWN, constant, of_paths, text

RECORD = of_paths(
    {
        path: FieldInfo(path, kind, length)
        for path, kind, length in (
            ("id", "N", 9), ("name", "free", None), ("country", "A", 2), ("status", "word", None),
            ("at", "instant", None), ("guest", "bool", None), ("day", "D", 10), ("items.sku", "A", 15),
            ("odd", None, None),
        )
    }
)  # fmt: skip
ROOT = {"order": RECORD, "settings": constant({"width": 20, "code": "ABC", "list": ["a", "bcd"]})}
SURROUNDINGS = Surroundings(
    root=lambda name: ROOT.get(name, UNKNOWN), lookup=lambda name, column: text(len(f"{name}{column or ''}"))
)


def shape(expression):
    return shape_of(expression, SURROUNDINGS)


@pytest.mark.parametrize(
    ("expression", "longest", "surely"),
    [
        ("'ABC'", 3, 3),
        ("`12.5`", 4, 4),
        ("`null`", 0, 0),
        ("order.id", 9, 0),
        ("order.name", None, 0),
        ("order.country", 2, 0),
        ("concat(order.country, '-', order.id)", 12, 1),
        ("concat(order.name, '-')", None, 1),
        ("concat(settings.code, settings.width)", 5, 5),
        ("left(order.name, `10`)", 10, 0),
        ("left(order.name, settings.width)", 20, 0),
        ("left(order.country, `10`)", 2, 0),
        ("right(order.name, order.id)", None, 0),
        ("substr(order.name, `2`, `5`)", 5, 0),
        ("substr(order.country, `1`)", 2, 0),
        ("truncate(order.name, `12`, '…')", 12, 0),
        ("pad_left(order.id, `7`, '0')", 9, 7),
        ("pad_right(order.country, `12`)", 12, 12),
        ("pad_left(order.name, `7`)", None, 7),
        ("upper(trim(order.country))", 2, 0),
        ("wrap(order.name, `36`)[0]", 36, 0),
        ("[wrap(order.name, `36`), if(order.guest, `[]`, wrap(order.name, `40`))][] | [1]", 40, 0),
        ("join(', ', [order.country])", None, 0),
        ("regex_replace(order.country, '[0-9]', '')", 2, 0),
        ("regex_replace(order.country, '[0-9]', 'ab')", None, 0),
        ("replace(order.country, 'ab', '-')", 2, 0),
        ("regex_extract(order.country, '[a-z]')", 2, 0),
        ("if(order.guest, 'guest', order.country)", 5, 5),
        ("if(order.guest, 'guest')", 5, 5),
        ("case(order.guest, 'a', order.guest, 'bcd', 'ef')", 3, 3),
        ("case(order.guest, 'a', order.guest, 'bcd')", 3, 3),
        ("coalesce(order.country, 'none')", 4, 4),
        ("default(order.name, '-')", None, 1),
        ("order.country || 'none'", 4, 4),
        ("null_if_blank(order.country)", 2, 0),
        ("m3_date(order.at)", 8, 0),
        ("m3_time(order.at)", 6, 0),
        ("sha256(order.name)", 64, 64),
        ("uuid5(order.name)", 36, 36),
        ("lookup('codes', order.country)", 5, 0),
        ("lookup('codes', order.country, 'AB')", 7, 0),
        ("country(order.country)", 9, 0),
        ("lookup(order.name, order.country)", None, 0),
        ("order.items[*].sku | [0]", 15, 0),
        ("order.items[?sku == 'a'].sku | [0]", 15, 0),
        ("order.items[0].sku", 15, 0),
        ("first(order.items[].sku)", 15, 0),
        ("max_by(order.items, &sku).sku", 15, 0),
        ("sort_by(order.items, &sku)[1:].sku | [0]", 15, 0),
        ("root().order.country", 2, 0),
        ("{a: order.country, b: 'long'}.a", 2, 0),
        ("settings.list[1]", 3, 3),
        ("settings.list[:1] | [0]", 3, 3),
        ("flatten([['a'], 'bcd'])[0]", 3, 3),
        ("split(order.country, ',')[0]", 2, 0),
        ("order.odd", None, 0),
        ("nowhere.known", None, 0),
    ],
)
def test_how_long_a_text_can_be(expression, longest, surely):
    found = shape(expression)

    assert (found.longest, found.surely) == (longest, surely)


@pytest.mark.parametrize(
    ("expression", "typed"),
    [
        ("order.name", True),
        ("concat(order.name, 'x')", True),
        ("upper(order.name)", True),
        ("default(order.name, 'x')", True),
        ("left(order.name, `5`)", False),
        ("wrap(order.name, `5`)[0]", False),
        ("order.country", False),
        ("order.odd", False),
        ("join(' ', order.items[].sku)", True),
    ],
)
def test_what_people_type_stays_of_any_length_until_it_is_cut(expression, typed):
    assert shape(expression).typed is typed


@pytest.mark.parametrize(
    ("expression", "kinds", "form"),
    [
        ("order.id", {"number"}, ""),
        ("add(order.id, `1`)", {"number"}, ""),
        ("order.guest", {"true/false"}, ""),
        ("order.id == `1`", {"true/false"}, ""),
        ("!(order.guest)", {"true/false"}, ""),
        ("order.at", {"text"}, "instant"),
        ("now()", {"text"}, "instant"),
        ("add_days(now(), `1`)", {"text"}, "instant"),
        ("later_of(order.at, now())", {"text"}, "instant"),
        ("order.day", {"text", "null"}, "date"),
        ("default(order.day, m3_date(now()))", {"text", "null"}, "date"),
        ("default(order.day, 'x')", {"text"}, ""),
        ("order.status", {"text"}, "word"),
        ("concat(order.status, 'x')", {"text"}, "word"),
        ("concat(order.id, 'x')", {"text"}, ""),
        ("[order.id]", {"list"}, ""),
        ("{a: order.id}", {"object"}, ""),
        ("wrap(order.name, `3`)", {"list"}, ""),
        ("group_by(order.items, &sku)", {"list"}, ""),
        ("max([`1`])", {"number", "text", "null"}, ""),
    ],
)
def test_what_kind_of_value_comes_out(expression, kinds, form):
    found = shape(expression)

    assert (found.kinds, found.form) == (kinds, form)


@pytest.mark.parametrize("info", FUNCTIONS.values(), ids=lambda info: info.name)
def test_every_function_gives_what_its_example_shows(info):
    root = {name: constant(value) for name, value in info.example.root.items()}
    known = Surroundings(root=lambda name: root.get(name, UNKNOWN), lookup=lambda *_: UNKNOWN)

    found = shape_of(info.example.expression, known)

    example = constant(info.example.result)
    assert example.kinds <= found.kinds
    if example.longest is not None and found.longest is not None:
        assert example.longest <= found.longest


def test_a_literal_is_a_constant_as_it_stands():
    assert is_literal("'a'")
    assert is_literal("`1`")
    assert not is_literal("concat('a', 'b')")
    assert not is_literal("((")
