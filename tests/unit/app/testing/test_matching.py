"""What came of a record is compared with what a test expects: exactly, unless the test says otherwise."""

from __future__ import annotations

from decimal import Decimal

import pytest

from m3nop.app.testing.matching import NOTHING, aligned, differences, fits, reason_fits
from m3nop.core.records import RecordState
from m3nop.engine.preview import Planned
from m3nop.engine.rehearsal import Rehearsal
from m3nop.spec.mapping_tests import ExpectSpec

HEAD = Planned("head", "erp/A/Head", "unsafe", {"CUNO": "W1", "ORTP": "W01"}, {"CUNO": "order.customer"})
LINES = [Planned(f"lines/{n}", "erp/A/Line", "unsafe", {"ITNO": f"I{n}", "ORQT": "1"}) for n in (1, 2, 3)]
READ = Planned("price", "erp/A/Price", "read", {"ITNO": "I1"})
PRODUCT = Planned(
    "product", "shop/products", "convergent",
    {"match": {"sku": "A"}, "fields": {"price": Decimal("1.50"), "published": True}, "missing": "skip"},
)  # fmt: skip
DONE = Rehearsal(
    RecordState.DONE, calls=(HEAD, READ, *LINES), skipped=("freight",), warnings=("odd",),
    required=(("customers", "17"),), vars={"a": 1, "b": "x"}, link={"shop": 1042, "m3": "0010"},
    remembered={"total": Decimal(5)}, reference="B2C-1",
)  # fmt: skip


def told(expect: dict, found: Rehearsal = DONE) -> list[str]:
    spec = ExpectSpec.model_validate(expect)
    return [f"{'.'.join(map(str, one.loc))}: {one.message}" for one in differences(spec, found, ())]


def call(target: str, /, **more) -> dict:
    return {"call": target, **more}


EXACT = [
    call("erp/A/Head", fields={"CUNO": "W1", "ORTP": "W01"}),
    *(call("erp/A/Line", fields={"ITNO": f"I{n}", "ORQT": 1}) for n in (1, 2, 3)),
]


def test_the_same_calls_in_the_same_order_are_as_expected():
    assert told({"calls": EXACT}) == []


def test_a_call_more_or_less_is_told_where_the_list_stands():
    assert told({"calls": EXACT[:-1]}) == ["calls: the call erp/A/Line (lines/3) is not expected"]
    assert told({"calls": [*EXACT, call("erp/A/Confirm")]}) == ["calls.4: the call erp/A/Confirm is not made"]
    assert told({"calls": EXACT[1:] + EXACT[:1]})


def test_other_calls_are_allowed_where_the_test_says_so_but_the_order_holds():
    assert told({"calls": [EXACT[0], EXACT[3]], "other_calls": "allowed"}) == []
    assert told({"calls": [EXACT[3], EXACT[0]], "other_calls": "allowed"}) != []


def test_fields_are_compared_exactly_unless_others_are_allowed():
    missing = call("erp/A/Head", fields={"CUNO": "W1"})
    others = {"other_calls": "allowed"}
    assert told({"calls": [missing], **others}) == ["calls.0.fields: erp/A/Head (head): ORTP is not expected"]
    assert told({"calls": [{**missing, "other_fields": "allowed"}], **others}) == []
    wrong = call("erp/A/Head", fields={"CUNO": "W2", "ORTP": "W01", "FACI": "A01"})
    assert told({"calls": [wrong], **others}) == [
        "calls.0.fields.CUNO: erp/A/Head (head): CUNO",
        "calls.0.fields.FACI: erp/A/Head (head): FACI",
    ]
    assert told({"calls": [call("erp/A/Line", step="lines/9", other_fields="allowed")], **others}) == [
        "calls.0.step: another step makes it"
    ]


def test_the_call_that_fits_best_is_compared():
    pairs = aligned(ExpectSpec.model_validate({"calls": [EXACT[2]]}).calls, LINES)
    assert pairs == [(0, 1)]


def test_reads_are_compared_only_where_they_are_expected():
    assert told({"reads": [{"read": "erp/A/Price", "fields": {"ITNO": "I1"}}]}) == []
    assert told({"reads": []}) == ["reads: the call erp/A/Price (price) is not expected"]


def test_the_parts_of_an_upsert_are_compared():
    found = Rehearsal(RecordState.DONE, calls=(PRODUCT,))
    good = {
        "upsert": "shop/products", "match": {"sku": "A"}, "fields": {"price": 1.5, "published": True},
        "missing": "skip",
    }  # fmt: skip
    assert told({"calls": [good]}, found) == []
    assert told({"calls": [{**good, "match": {"sku": "B"}}]}, found)
    assert told({"calls": [{**good, "missing": "create"}]}, found) == ["calls.0.missing: another `missing`"]
    assert told({"calls": [{**good, "on_create": {"sku": "A"}}]}, found)
    assert told({"calls": [{"upsert": "shop/products", "other_fields": "allowed"}]}, found) == []


def test_another_end_than_the_expected_one_is_told_with_its_reason():
    review = Rehearsal(RecordState.REVIEW, "no code for XX")
    assert told({"calls": []}, review) == [": delivery is expected, and the end is review: no code for XX"]
    assert told({"rejected": "any"}, review) == [
        "rejected: `rejected` is expected, and the end is review: no code for XX"
    ]
    assert told({"review": "no code for XX"}, review) == []
    assert told({"review": "no code"}, review) == ["review: another reason for `review`"]
    assert told({"review": "any"}) == ["review: it is delivered, not review"]


@pytest.mark.parametrize(
    ("expected", "fits_it"),
    [
        ("a b c", True), ("a b", False), ("a b...", True), ("...b c", True), ("... b ...", True), ("any", True),
        ("...b", False), ("b...", False), ("... x ...", False),
    ],
)  # fmt: skip
def test_a_reason_is_exact_but_for_the_rest_that_is_left_open(expected, fits_it):
    assert reason_fits(expected, "a b c") is fits_it


def test_everything_else_is_compared_where_it_is_named():
    good = {
        "skipped": ["freight"], "warnings": ["odd"], "requires": [{"pipeline": "customers", "key": "17"}],
        "vars": {"a": 1}, "link": {"shop": "1042", "m3": "0010"}, "remember": {"total": 5}, "reference": "B2C-1",
    }  # fmt: skip
    assert told(good) == []
    bad = {
        "skipped": [], "warnings": [], "requires": [], "vars": {"a": 2}, "link": {"shop": "1", "m3": "0010"},
        "remember": {}, "reference": "B2C-2",
    }  # fmt: skip
    assert [one.partition(":")[0] for one in told(bad)] == [
        "skipped", "warnings", "requires", "link.shop", "vars.a", "remember", "reference",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "actual", "fits_it"),
    [
        (2, "2", True), (Decimal("149.50"), "149.50", True), (Decimal("149.50"), "149.5", False),
        ("2", "2", True), ("2", 2, False), (2, Decimal("2.0"), True), (True, "true", True), (True, 1, False),
        (None, NOTHING, True), (None, None, True), (None, "", False), ("x", NOTHING, False), ("x", None, False),
        ({"$any": True}, "x", True), ({"$any": True}, NOTHING, False), ({"$matches": "[0-9]+"}, "12", True),
        ({"$matches": "[0-9]"}, "12", False), ({"$matches": "."}, NOTHING, False),
        ({"a": [1, {"b": None}]}, {"a": [1, {}]}, True), ({"a": [1]}, {"a": [1, 2]}, False),
        ([1], "1", False), ({"a": 1}, {"a": 1, "b": 2}, False),
    ],
)  # fmt: skip
def test_values_are_compared_as_the_target_takes_them(expected, actual, fits_it):
    assert fits(expected, actual) is fits_it
