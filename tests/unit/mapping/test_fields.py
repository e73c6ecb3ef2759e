from __future__ import annotations

from decimal import Decimal

import pytest

from m3nop.core.connector import FieldInfo
from m3nop.mapping.expressions import compile_expression
from m3nop.mapping.fields import FieldRefusal, FieldRule, map_fields
from m3nop.mapping.lookups import Miss

ROOT = {
    "order": {
        "id": 1042,
        "total": Decimal("149.500"),
        "placed": "2026-11-23T23:30:00Z",
        "name": "Anna Långström",
        "blank": "  ",
        "guest": False,
        "method": "Payments.CheckMoneyOrder",
        "tags": ["a"],
    },
    "settings": {"price_from": "shop"},
}
INPUTS = {
    "CUNO": FieldInfo("CUNO", "A", 10, mandatory=True),
    "CUOR": FieldInfo("CUOR", "A", 20),
    "SAPR": FieldInfo("SAPR", "N", 17, 2),
    "ORDT": FieldInfo("ORDT", "D", 10),
    "YREF": FieldInfo("YREF", "A", 6),
}


def rule(name, text=None, *, when=None, unit=None, **options):
    def compiled(source):
        return None if source is None else compile_expression(source)

    return FieldRule(name, compiled(text), when=compiled(when), unit=compiled(unit), **options)


def test_fields_become_text_that_fits_m3(context):
    mapped = map_fields(
        [
            rule("CUNO", "order.id"),
            rule("SAPR", "order.total"),
            rule("ORDT", "m3_date(order.placed)"),
            rule("YREF", "order.name", truncate=True),
            rule("XXXX", "order.total"),
        ],
        ROOT, context, INPUTS,
    )  # fmt: skip
    assert mapped.fields == {
        "CUNO": "1042",
        "SAPR": "149.5",
        "ORDT": "20261124",
        "YREF": "Anna L",
        "XXXX": "149.5",
    }
    assert mapped.origins["ORDT"] == "m3_date(order.placed)"


def test_what_has_no_value_is_left_out(context):
    mapped = map_fields(
        [rule("CUOR", "order.nothing"), rule("YREF", "order.blank"), rule("SAPR", value="")], ROOT, context
    )
    assert mapped.fields == mapped.origins == {}


@pytest.mark.parametrize(("as_text", "sent"), [(True, "?"), (False, "")])
def test_a_blank_value_empties_a_field_that_is_to_be_cleared(context, as_text, sent):
    rules = [rule("YREF", "order.blank", clear=True), rule("CUOR", "order.id", clear=True)]
    mapped = map_fields(rules, ROOT, context, as_text=as_text)
    assert mapped.fields["YREF"] == sent
    assert mapped.fields["CUOR"] in (1042, "1042")
    assert mapped.origins["YREF"] == "order.blank, which is blank"


def test_a_mandatory_field_cannot_be_emptied(context):
    with pytest.raises(FieldRefusal, match="a value is required"):
        map_fields([rule("CUNO", "order.blank", clear=True)], ROOT, context, INPUTS)


def test_the_shop_keeps_json_values(context):
    rules = [
        rule("id", "order.id"), rule("price", "order.total"), rule("guest", "order.guest"), rule("tags", "order.tags"),
        rule("none", "order.nothing"), rule("blank", "order.blank"), rule("empty", value=[]), rule("published", value=False),
    ]  # fmt: skip
    mapped = map_fields(rules, ROOT, context, as_text=False)
    assert mapped.fields == {
        "id": 1042, "price": Decimal("149.500"), "guest": False, "tags": ["a"], "empty": [], "published": False,
    }  # fmt: skip
    assert mapped.origins["published"] == "value false"


def test_the_shops_texts_have_lengths_too(context):
    inputs = {"name": FieldInfo("name", length=4)}
    assert map_fields(
        [rule("name", "order.name", truncate=True)], ROOT, context, inputs, as_text=False
    ).fields == {"name": "Anna"}
    with pytest.raises(
        FieldRefusal, match="name: text 'Anna Långström' has 14 characters, the field holds 4"
    ):
        map_fields([rule("name", "order.name")], ROOT, context, inputs, as_text=False)


@pytest.mark.parametrize(
    ("options", "expected", "origin"),
    [
        ({"text": "order.method", "lookup": "payment_methods", "column": "TEPY"}, "030",
         "order.method -> lookup payment_methods.TEPY"),
        ({"value": "SE", "lookup": "countries"}, "SE", 'value "SE" -> lookup countries'),
        ({"text": "order.name", "lookup": "countries", "missing": Miss.DEFAULT, "default": "GB"}, "GB",
         "order.name -> lookup countries, else default"),
        ({"text": "order.name", "lookup": "defaulted"}, "9", "order.name -> lookup defaulted"),
        ({"text": "order.name", "lookup": "defaulted", "default": "7", "missing": Miss.DEFAULT}, "7",
         "order.name -> lookup defaulted, else default"),
        ({"text": "order.nothing", "default": "-"}, "-", "order.nothing, else default"),
        ({"text": "order.id", "default": "-"}, "1042", "order.id"),
        ({"value": 12, "unit": "'BOX'"}, "2", "value 12 in 'BOX'"),
        ({"text": "order.total", "when": "settings.price_from == 'shop'"}, "149.5", "order.total"),
    ],
)  # fmt: skip
def test_a_value_is_looked_up_converted_and_defaulted(context, options, expected, origin):
    mapped = map_fields([rule("FLD", **options)], ROOT, context)
    assert mapped.fields == {"FLD": expected}
    assert mapped.origins == {"FLD": origin}


@pytest.mark.parametrize(
    "options",
    [
        {"text": "order.name", "lookup": "countries", "missing": Miss.BLANK},
        {"text": "order.name", "lookup": "blanked"},
        {"text": "order.id", "when": "settings.price_from == 'm3'"},
        {"text": "order.id", "when": "settings.price_from == 'm3'", "required": True},
        {"text": "order.nothing", "unit": "'BOX'"},
    ],
)
def test_a_field_may_come_to_nothing(context, options):
    assert map_fields([rule("FLD", **options)], ROOT, context).fields == {}


@pytest.mark.parametrize(
    ("name", "options", "on_fail", "said"),
    [
        ("CUNO", {"text": "order.nothing"}, "reject", "CUNO: a value is required, and order.nothing gives none"),
        ("CUNO", {"text": "order.id", "when": "order.guest"}, "reject", "CUNO: the operation demands a value, and `when: order.guest` is false"),
        ("CUOR", {"text": "order.blank", "required": True}, "reject", "order.blank gives none"),
        ("CUOR", {"value": None, "required": True}, "reject", "value null gives none"),
        ("YREF", {"text": "order.name"}, "reject", "text 'Anna Långström' has 14 characters, the field holds 6"),
        ("YREF", {"text": "order.name"}, "reject", "(from order.name)"),
        ("ORDT", {"text": "order.placed"}, "reject", "m3_date() makes one of it"),
        ("YREF", {"text": "order.guest"}, "reject", "write if(condition, '1', '0')"),
        ("YREF", {"text": "divide(`1`, `0`)"}, "reject", "cannot divide number 1 by 0, in `divide(`1`, `0`)`"),
        ("YREF", {"text": "order.id", "when": "order.name"}, "reject", "a condition gives true or false"),
        ("YREF", {"text": "order.id", "when": "lookup('reviewed', 'y') == 'x'"}, "review", "has no row"),
        ("YREF", {"text": "order.name", "lookup": "countries"}, "reject", "lookup 'countries' has no row for text 'Anna"),
        ("YREF", {"text": "order.name", "lookup": "countries", "missing": Miss.REVIEW}, "review", "has no row"),
        ("YREF", {"text": "order.nothing", "lookup": "reviewed"}, "review", "has no row for null"),
        ("YREF", {"text": "order.tags", "lookup": "countries"}, "reject", "a list has no text"),
        ("YREF", {"text": "order.id", "lookup": "unknown"}, "reject", "there is no lookup 'unknown'"),
        ("YREF", {"text": "order.method", "lookup": "payment_methods"}, "reject", "has several columns"),
        ("YREF", {"text": "order.name", "unit": "'BOX'"}, "reject", "only a number has a unit of measure"),
        ("YREF", {"text": "order.id", "unit": "'PALLET'"}, "reject", "lookup 'units' has no row"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_field_and_what_to_do_with_the_record(context, name, options, on_fail, said):
    with pytest.raises(FieldRefusal) as caught:
        map_fields([rule(name, **options)], ROOT, context, INPUTS)
    assert (caught.value.field, caught.value.on_fail) == (name, on_fail)
    assert said in str(caught.value)


def test_a_refusal_keeps_the_value(context):
    with pytest.raises(FieldRefusal) as caught:
        map_fields([rule("YREF", "order.name")], ROOT, context, INPUTS)
    assert caught.value.value == "Anna Långström"
