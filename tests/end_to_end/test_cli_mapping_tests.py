"""`m3nop test` as a user types it: the pack's own tests, differences, coverage, JUnit, and files brought up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from tests.end_to_end.shops import NewProject, make

if TYPE_CHECKING:
    from pathlib import Path

ORDERS = "tests/orders.yaml"
PLAIN = "a plain paid order becomes a head, an address, lines, freight and a confirmation"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> NewProject:
    """A new project that nobody changes."""
    return make(tmp_path_factory.mktemp("shared"))


@pytest.fixture
def shop(tmp_path: Path) -> NewProject:
    return make(tmp_path)


@pytest.mark.parametrize("dialect", ["official", "oss"])
def test_the_tests_of_the_pack_pass_in_a_new_project_without_a_network_a_secret_or_a_state(shared, dialect):
    ended = shared.run("test", SHOP_DIALECT=dialect, http_proxy="http://127.0.0.1:1")

    assert ended.code == 0, ended.out
    assert "tests/orders.yaml: " in ended.out
    assert ended.err.endswith(" passed, 0 failed\n")
    assert not (shared.folder / ".m3nop" / "sandbox").exists()


def test_every_rule_of_the_pack_is_reached_but_for_a_few(shared):
    document = shared.read("test", "--coverage")

    assert document["failed"] == 0
    for pipeline in document["coverage"]:
        assert pipeline["percent"] >= 90, [one["rule"] for one in pipeline["each"] if not one["tests"]]
    text = shared.run("test", "--coverage", "--filter", "without lines").out
    assert "rules are reached" in text
    assert "pipelines/orders.yaml:" in text
    assert "step head\n" in text


def test_a_change_of_a_mapping_fails_the_tests_that_promise_otherwise(shop):
    shop.change("CUPO: position", "CUPO: multiply(position, `10`)", file="pipelines/orders.yaml")

    ended = shop.run("test", "--pipeline", "orders", "--filter", "a plain paid", "--junit", "out.xml")

    assert ended.code == 1
    assert f"FAIL {PLAIN} (b2c)" in ended.out
    assert "tests/orders.yaml:" in ended.out
    assert "expected  1\n      is        10    <- multiply(position, `10`)" in ended.out
    assert ended.err == "1 test: 0 passed, 1 failed\n"
    (suite,) = ElementTree.parse(shop.folder / "out.xml").getroot()  # noqa: S314  our own file
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    (case,) = suite
    assert case.get("name") == PLAIN
    assert "CUPO" in case[0].get("message")
    document = shop.read("test", "--filter", "a plain paid", code=1)
    (failed,) = document["tests"]
    assert [(one["expected"], one["actual"]) for one in failed["differences"]] == [("1", "10"), ("2", "20")]


def test_what_came_can_be_written_as_what_is_expected(shop):
    shop.change("CUPO: position", "CUPO: multiply(position, `10`)", file="pipelines/orders.yaml")
    shop.change(
        "      YREF: {from: vars.buyer, truncate: true}\n",
        "",
        file="pipelines/orders.yaml",
    )
    before = (shop.folder / ORDERS).read_text(encoding="utf-8")

    ended = shop.run("test", "--update")

    assert ended.code == 0
    assert "updated: look at the difference before you commit it" in ended.err
    after = (shop.folder / ORDERS).read_text(encoding="utf-8")
    assert 'CUPO: "10"' in after
    assert "  # Which customer\n" in after
    assert len(after.splitlines()) - len(before.splitlines()) in range(-20, 20)
    assert shop.run("test").code == 0


def test_tests_are_chosen_by_pipeline_store_text_and_path(shared):
    every = shared.read("test")["tests"]
    chosen = shared.read("test", "--store", "b2b")["tests"]
    assert 0 < len(chosen) < len(every)
    assert {one["store"] for one in chosen} == {"b2b"}
    files = shared.read("test", "tests/customers.yaml")["tests"]
    assert {one["pipeline"] for one in files} == {"customers"}
    assert shared.read("test", "tests", "--pipeline", "customers")["passed"] == len(files)
    assert shared.run("test", "--filter", "no such test").code == 2
    assert shared.run("test", "tests/none.yaml").err == "m3nop: tests/none.yaml does not exist\n"
    assert "is no test file" in shared.run("test", "m3nop.yaml").err
    assert "there is no environment 'moon'" in shared.run("test", "--env", "moon").err


def test_a_wrong_test_file_runs_nothing_and_names_every_problem(shop):
    shop.change("reference: B2C-1001", "refrence: B2C-1001", file=ORDERS)

    ended = shop.run("test")

    assert (ended.code, ended.out) == (3, "")
    assert (
        "tests/orders.yaml:12:7: unknown-key: unknown key 'refrence'; did you mean 'reference'?" in ended.err
    )
    assert shop.run("validate").code == 3


def test_a_test_whose_settings_do_not_fit_fails_with_the_reason(shop):
    (shop.folder / "tests" / "odd.yaml").write_text(
        "pipeline: orders\n"
        "given: {order: {$fixture: fixtures/order_1001.json}}\n"
        "tests:\n"
        "  - name: a lookup loses its column\n"
        "    with: {lookups: {order_types: {1: A-TYPE-THAT-IS-TOO-LONG}}}\n"
        "    expect: {calls: []}\n"
    )

    ended = shop.run("test", "tests/odd.yaml")

    assert ended.code == 1
    assert "the pipeline cannot be used like this: " in ended.out
    assert "value-too-long" in ended.out
