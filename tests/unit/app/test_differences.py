"""Two environments beside each other: what differs, and where each value was written."""

from __future__ import annotations

import shutil

import pytest

from m3nop.app.differences import Comparison
from m3nop.app.pack import pack_folder
from m3nop.core.errors import ConfigurationError, UsageError

ENVIRONMENTS = """
environments:
  dev:
    connections:
      erp: {company: 110, credentials: {ionapi: "${secret:M3_DEV}"}}
    settings: {item_types: [FG, HW]}
    state: "postgresql+psycopg://m3nop:${DB_PASSWORD:-pw1}@db.example.com/dev"
    start: {orders: 2026-01-01T00:00:00Z}
    lookups: {shop_warehouses: lookups/sandbox/shop_warehouses.yaml, order_types: lookups/dev/order_types.csv}
    stores:
      b2b: {settings: {facility: B02}, pipelines: {orders: {schedule: every 1m, steps: {freight: null}}}}
  prod:
    connections:
      erp: {company: 100, credentials: {ionapi: "${secret:M3_PROD}"}}
    state: "postgresql+psycopg://m3nop:pw2@db.example.com/dev"
    settings: {facility: "${FACILITY_OF_PROD}"}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("compared") / "project"
    shutil.copytree(pack_folder(), made, ignore=shutil.ignore_patterns(".m3nop"))
    text = (made / "m3nop.yaml").read_text(encoding="utf-8")
    head = text[: text.index("\nenvironments:")]
    (made / "m3nop.yaml").write_text(head + ENVIRONMENTS, encoding="utf-8", newline="\n")
    (made / "lookups" / "dev").mkdir()
    (made / "lookups" / "dev" / "order_types.csv").write_text("from,value\n1,E01\n2,E02\n", encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def comparison(folder):
    return Comparison(folder, "dev", "prod")


@pytest.fixture(scope="module")
def found(comparison):
    return comparison.differences()


def sides(found, path, *, pipeline="", stores=()):
    one = next(
        one for one in found if (one.pipeline, one.stores, one.path) == (pipeline, tuple(stores), path)
    )
    return tuple(None if side is None else side.text for side in (one.first, one.second))


def test_an_environment_is_equal_to_itself(folder):
    assert Comparison(folder, "prod", "prod").differences(stores=["b2c"]) == ()


def test_a_value_of_a_connection_is_told_with_the_file_line_and_layer_of_both_sides(found, folder):
    one = next(one for one in found if one.path == "connections.erp.company")
    lines = (folder / "m3nop.yaml").read_text(encoding="utf-8").splitlines()

    assert (one.first.text, one.first.file, one.first.layer) == ("110", "m3nop.yaml", "environment dev")
    assert "company: 110" in lines[one.first.line - 1]
    assert "company: 100, credentials" in lines[one.second.line - 1]


def test_of_a_secret_only_its_name_is_told_and_of_an_address_never_its_password(found):
    assert sides(found, "connections.erp.credentials.ionapi") == ("${secret:M3_DEV}", "${secret:M3_PROD}")
    assert sides(found, "state") == ("postgresql+psycopg://m3nop:***@db.example.com/dev",) * 2


def test_a_list_of_values_is_one_value(found):
    assert sides(found, "settings.item_types") == ("[FG, HW]", "[FG]")


def test_what_only_some_stores_have_names_them(found):
    assert sides(found, "settings.facility", stores=["b2c"]) == ("A01", "${FACILITY_OF_PROD}")
    assert sides(found, "settings.facility", stores=["b2b"]) == ("B02", "${FACILITY_OF_PROD}")
    assert sides(found, "schedule", pipeline="orders", stores=["b2b"])[0] == "every 1m"


def test_a_step_that_one_side_lacks_is_told_value_by_value(found):
    assert sides(found, "steps.freight.fields.ORNO", pipeline="orders", stores=["b2b"]) == (
        None, "steps.head.ORNO",
    )  # fmt: skip


def test_lookups_in_two_files_differ_by_their_rows(found, folder):
    one = next(one for one in found if one.path == "lookups.order_types.2")

    assert (one.first.text, one.first.file, one.first.line) == ("E02", "lookups/dev/order_types.csv", 3)
    assert one.second.file == "lookups/order_types.yaml"
    line = (folder / one.second.file).read_text(encoding="utf-8").splitlines()[one.second.line - 1]
    assert line.split(":")[0].strip(" \"'") == "2"


def test_a_start_that_one_side_lacks_is_told_with_its_pipeline(found):
    assert sides(found, "start", pipeline="orders") == ("2026-01-01T00:00:00Z", None)


def test_what_the_settings_switch_off_on_one_side_is_told(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    text = (copy / "m3nop.yaml").read_text(encoding="utf-8")
    assert "settings: {item_types: [FG, HW]}" in text
    (copy / "m3nop.yaml").write_text(
        text.replace("settings: {item_types: [FG, HW]}", "settings: {payment_target: ar}"), encoding="utf-8"
    )

    switched = Comparison(copy, "dev", "prod").differences(["payments", "payments_ar"], stores=["b2c"])

    assert sides(switched, "(enabled)", pipeline="payments_ar") == ("true", "false")
    assert {one.pipeline for one in switched} <= {"payments", "payments_ar"}


def test_only_the_pipelines_and_stores_that_were_named_are_compared(comparison):
    some = comparison.differences(["orders"], stores=["b2c"])

    assert [(one.pipeline, one.path) for one in some] == [("orders", "start")]


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"pipelines": ["ordres"]}, "there is no pipeline 'ordres'; did you mean 'orders'?"),
        ({"stores": ["b3c"]}, "there is no store 'b3c'"),
    ],
)
def test_a_name_that_is_not_there_is_refused(comparison, named, message):
    with pytest.raises(UsageError, match="there is no") as refused:
        comparison.differences(**named)

    assert str(refused.value).startswith(message)


def test_an_environment_that_is_not_there_is_refused(folder):
    with pytest.raises(UsageError, match="there is no environment 'prd'; did you mean 'prod'"):
        Comparison(folder, "dev", "prd")


def test_files_that_cannot_be_read_are_refused_as_something_would_be_missing(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "pipelines" / "orders.yaml").write_text("pipeline: [", encoding="utf-8")

    with pytest.raises(ConfigurationError) as refused:
        Comparison(copy, "dev", "prod").differences()

    assert any(problem.position.file.endswith("orders.yaml") for problem in refused.value.problems)
