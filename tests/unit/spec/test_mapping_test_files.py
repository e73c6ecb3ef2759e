"""Test files are read, merged and checked; every problem has its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from m3nop.spec.mapping_test_checks import check_tests, environment_of
from m3nop.spec.mapping_test_files import load_test_file, mapping_test_files, merged_values
from m3nop.spec.validate import validate
from tests.unit.spec.fake_systems import REGISTRY

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
pipeline: orders
given:
  order: {$fixture: fixtures/order.json, payment_status: pending}
  links: {customers: {17: W17}}
tests:
  - name: one
    with: {order: {items: {1: {sku: Y}}, customer: null}, links: {customers: {17: null}}}
    expect: {calls: []}
"""


def write(folder: Path, text: str, *, name: str = "orders.yaml") -> Path:
    path = folder / "tests" / name
    (path.parent / "fixtures").mkdir(parents=True, exist_ok=True)
    (path.parent / "fixtures" / "order.json").write_text(
        '{"id": 1042, "store_id": 1, "items": [{"sku": "A", "quantity": 1.50}, {"sku": "B"}], "customer": {"id": 17}}'
    )
    path.write_text(text, encoding="utf-8")
    return path


def test_a_fixture_is_taken_in_and_changes_are_laid_over_it(folder):
    (test,) = load_test_file(write(folder, GOOD)).tests

    record = test.given.model_extra["order"]
    assert [item["sku"] for item in record["items"]] == ["A", "Y"]
    assert (record["payment_status"], record["customer"], str(record["items"][0]["quantity"])) == (
        "pending",
        None,
        "1.50",
    )
    assert test.given.links == {"customers": {"17": None}}
    assert str(test.position).endswith("orders.yaml:6:5")


@pytest.mark.parametrize(
    ("base", "over", "merged"),
    [
        ({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ([{"a": 1}, {"a": 2}], {"1": {"b": 3}}, [{"a": 1}, {"a": 2, "b": 3}]),
        ([1], {"5": 2}, [1, 2]),
        ([1], {"a": 2}, {"a": 2}),
        ({"a": 1}, {"a": None}, {"a": None}),
        (1, {"a": 2}, {"a": 2}),
    ],
)
def test_changes_merge_mappings_and_items_and_replace_the_rest(base, over, merged):
    assert merged_values(base, over) == merged


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("pipeline: orders", "pipeline: order", "1:11 unknown-pipeline"),
        ("given:\n", "given:\n  ordr: {}\n", "3:3 unknown-given"),
        ("fixtures/order.json", "fixtures/oder.json", "3:21 missing-file"),
        ("fixtures/order.json", "../../../secret.json", "3:21 fixture"),
        ("fixtures/order.json", "orders.yaml", "3:21 fixture"),
        ("customers: {17: W17}", "customer: {17: W17}", "4:11 unknown-pipeline"),
        ("with: {order", "with: {settings: {facilty: B}, order", "7:23 unknown-setting"),
        ("with: {order", "with: {lookups: {order_typs: {1: X}}, order", "7:22 unknown-lookup"),
        ("with: {order", "with: {answers: {hed: {ORNO: 1}}, order", "7:22 unknown-step"),
        ("with: {order", "with: {answers: {erp/OIS100MI/Nope: {ORNO: 1}}, order", "7:22 unknown-operation"),
        ("with: {order", "with: {answers: {head: 5}, order", "7:28 wrong-value"),
        ("name: one", "name: one\n    store: shop9", "7:12 unknown-store"),
        ("pipeline: orders", "pipeline: orders\nenvironment: moon", "2:14 unknown-environment"),
        ("calls: []", "skipped: [hed]", "8:24 unknown-step"),
        ("calls: []", "calls: [{call: erp/OIS100MI/AddHead}]", "8:29 unknown-call"),
        (
            "calls: []",
            "calls: [{call: erp/OIS100MI/AddBatchHead, fields: {CUNOO: x}}]",
            "8:65 unknown-input",
        ),
        ("calls: []", "calls: [{fields: {}}]", "8:22 test-form"),
        ("calls: []", "calls: [{call: a/b, upsert: a/b}]", "8:22 test-form"),
        ("calls: []", "calls: [{call: erp/OIS100MI/Confirm, match: {}}]", "8:51 test-form"),
        ("calls: []", "reads: [{call: erp/OIS100MI/Confirm}]", "8:22 test-form"),
        ("calls: []", "review: a, rejected: b", "8:25 test-form"),
        ("{calls: []}", "{}", "8:13 test-form"),
        ("calls: []", "cals: []", "8:14 unknown-key"),
        ("    expect: {calls: []}\n", "", "6:5 missing-key"),
        (
            "    expect: {calls: []}\n",
            "    expect: {calls: []}\n  - {name: one, expect: {calls: []}}\n",
            "9:12 duplicate-test",
        ),
        ("tests:\n", "clock: yesterday\ntests:\n", "5:8 instant"),
    ],
)
def test_every_problem_of_a_test_file_is_found_by_validate_at_its_place(folder, old, new, expected):
    assert GOOD.count(old) == 1
    path = write(folder, GOOD.replace(old, new))

    found = validate([path], registry=REGISTRY, environ={}).problems

    place, code = expected.split()
    assert [(str(p.position).removeprefix(f"{path.as_posix()}:"), p.code) for p in found] == [(place, code)]


def test_a_record_has_to_be_given(folder):
    text = "pipeline: orders\ngiven: {}\ntests: [{name: one, expect: {calls: []}}]\n"
    path = write(folder, text)

    (problem,) = validate([path], registry=REGISTRY, environ={}).problems
    assert str(problem) == f"{path.as_posix()}:2:1: unknown-given: the record 'order' is not given"


def test_a_good_test_file_has_no_problem(folder):
    path = write(folder, GOOD)

    assert validate([path], registry=REGISTRY, environ={}).problems == ()
    assert mapping_test_files(folder) == [path]


def test_a_file_that_is_no_yaml_says_so(folder):
    file = load_test_file(write(folder, "pipeline: [\n"))

    assert file.spec is None
    assert [problem.code for problem in file.problems] == ["yaml-syntax"]
    assert re.search(r"orders\.yaml:1:1$", str(file.at(("tests", 0))))


def test_a_call_that_the_connection_cannot_do_may_be_expected_as_optional(folder, load):
    text = GOOD.replace("calls: []", "calls: [{call: shop/orders/none, optional: true}]")

    assert check_tests(load_test_file(write(folder, text)), load()) == ()


def test_tests_run_in_the_sandbox_unless_something_else_is_said(load):
    project = load(None)

    assert environment_of(project, None) == "sandbox"
    assert environment_of(project, "qa") == "qa"
