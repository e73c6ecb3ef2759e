from __future__ import annotations

import pytest

from m3nop.core.clock import parse_instant
from m3nop.core.connector import StoreRef
from m3nop.core.errors import ConfigurationError
from m3nop.core.secrets import SecretRef
from m3nop.spec import files, load_project
from tests.unit.spec.conftest import change
from tests.unit.spec.fake_systems import REGISTRY


def codes(problems) -> list[str]:
    return [problem.code for problem in problems]


def test_a_valid_project_loads_without_a_problem_and_without_a_secret(load):
    project = load()

    assert project.problems == ()
    assert project.environments == ("sandbox", "qa")
    assert project.pipelines == ("customers", "orders")
    assert project.stores == {"b2c": StoreRef("b2c", 1), "b2b": StoreRef("b2b", 2)}
    assert project.connections["erp"].url == "sandbox:"
    assert project.connections["erp"].password == SecretRef("ERP_PASSWORD")
    assert project.connection_types["shop"].name == "nopcommerce"
    assert project.state_url is None


def test_settings_of_a_store_lie_over_those_of_the_environment_and_the_project(load):
    project = load("qa")

    assert project.settings("b2c")["currency"] == "NOK"
    assert project.settings("b2c")["price_from"] == "shop"
    assert project.settings("b2b")["price_from"] == "m3"
    assert project.settings("b2b")["warehouse"] == "001"


def test_the_start_belongs_to_the_environment(load):
    begin = parse_instant("2026-11-01T00:00:00+01:00")

    assert load("qa").pipeline("orders", "b2c").start == begin
    assert load("sandbox").pipeline("orders", "b2c").start is None


def test_without_an_environment_only_the_base_counts(load):
    project = load(None)

    assert project.connections["erp"].url == "https://erp.example.com"
    assert project.pipeline("orders", "b2c").environment == ""


def test_a_variable_comes_from_the_environment_given(load):
    assert (
        load(None, ERP_URL="https://other.example.com").connections["erp"].url == "https://other.example.com"
    )


def test_an_environment_that_is_not_there_is_a_problem(load):
    (problem,) = load("sandbx").problems

    assert (problem.code, problem.hint) == ("unknown-environment", "did you mean 'sandbox'?")


def test_another_environment_reads_no_file_twice(load):
    project = load("sandbox")

    other = project.in_environment("qa")

    assert other.files is project.files
    assert other.settings("b2c")["currency"] == "NOK"


def test_a_project_without_stores_has_the_store_main(load, folder):
    text = (folder / "m3nop.yaml").read_text(encoding="utf-8")
    head, _, rest = text.partition("stores:")
    (folder / "m3nop.yaml").write_text(head + "blocks:" + rest.partition("blocks:")[2], encoding="utf-8")

    project = load()

    assert project.stores == {"main": StoreRef("main", 1)}
    assert project.pipeline("orders", "main").store == StoreRef("main", 1)


MAIL = "MAIL: customer.email"


def test_a_pipeline_that_is_the_same_in_several_stores_is_told_of_once(load):
    project = load()

    assert project.differing("customers", project.stores) == ["b2c"]
    assert project.pipeline("customers", "b2b").store == StoreRef("b2b", 2)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("m3nop.yaml", "      orders:\n", "      customers: {steps: {create: {fields: {PHNO: customer.id}}}}\n      orders:\n"),
        ("pipelines/customers.yaml", MAIL, "MAIL: settings.price_from"),
        ("pipelines/customers.yaml", MAIL, "MAIL: store.code"),
        ("pipelines/customers.yaml", MAIL, "MAIL: settings.nowhere"),
        ("pipelines/customers.yaml", MAIL, "MAIL: {from: customer.email, lookup: order_types, missing: blank}"),
    ],
    ids=["changed by the store", "another setting", "the store", "a problem", "another lookup"],
)  # fmt: skip
def test_a_pipeline_that_may_be_another_in_a_store_is_looked_at_there(load, folder, file, old, new):
    change(folder / file, old, new)
    (folder / "lookups" / "b2b").mkdir()
    own = (folder / "lookups" / "order_types.yaml").read_text(encoding="utf-8")
    (folder / "lookups" / "b2b" / "order_types.yaml").write_text(own, encoding="utf-8")
    change(
        folder / "m3nop.yaml",
        "settings: {price_from: m3}",
        "settings: {price_from: m3}\n    lookups: {order_types: lookups/b2b/order_types.yaml}",
    )

    project = load()

    assert project.differing("customers", project.stores) == ["b2c", "b2b"]


def test_a_project_whose_file_is_missing_says_so(tmp_path):
    project = load_project(tmp_path, environment=None, registry=REGISTRY, environ={})

    assert codes(project.problems) == ["unreadable-file"]
    assert project.failed
    assert project.environments == ()
    assert project.connections == {}


@pytest.mark.parametrize("text", ["[1, 2]\n", "just text\n", "5\n"])
def test_a_project_file_that_is_no_mapping_is_a_problem(load, folder, text):
    (folder / "m3nop.yaml").write_text(text, encoding="utf-8")

    assert codes(load().problems) == ["wrong-value"]


def test_an_unknown_pipeline_is_refused_with_what_was_meant(load):
    with pytest.raises(ConfigurationError, match="there is no pipeline 'order'; did you mean 'orders'"):
        load().pipeline("order", "b2c")


def test_a_pipeline_that_is_wrong_is_refused_with_its_problems(load, folder):
    change(folder / "pipelines" / "customers.yaml", "to_string(customer.id)", "to_string(customr.id)")

    with pytest.raises(ConfigurationError) as refused:
        load().pipeline("customers", "b2c")

    assert codes(refused.value.problems) == ["unknown-root"]
    assert load().pipeline("orders", "b2c").name == "orders"


def test_a_pipeline_whose_lookup_is_wrong_is_refused(load, folder):
    (folder / "lookups" / "order_types.yaml").write_text("lookup: order_types\n", encoding="utf-8")

    with pytest.raises(ConfigurationError) as refused:
        load().pipeline("orders", "b2c")

    assert codes(refused.value.problems) == ["missing-key"]


def test_two_lookup_files_of_one_name_are_a_problem(load, folder):
    (folder / "lookups" / "order_types.csv").write_text("from,value\n1,W01\n", encoding="utf-8")

    assert codes(load().problems) == ["duplicate-file"]


def test_a_store_may_use_another_lookup_file(load, folder):
    (folder / "lookups" / "order_types_b2b.yaml").write_text(
        "lookup: order_types\nvalues: {2: B02}\n", encoding="utf-8"
    )
    change(
        folder / "m3nop.yaml", "settings: {price_from: m3}",
        "settings: {price_from: m3}\n    lookups: {order_types: lookups/order_types_b2b.yaml}",
    )  # fmt: skip
    project = load()

    assert project.pipeline("orders", "b2b").lookups["order_types"].find("2") == "B02"
    assert project.pipeline("orders", "b2c").lookups["order_types"].find("2") == "002"
    assert "order_types_b2b" not in project.lookups("b2c")
    assert len(project.lookups("b2c")) == 2


@pytest.mark.parametrize("how", ["up", "absolute", "link"])
def test_no_file_outside_of_the_project_is_read_as_a_lookup(load, folder, how):
    outside = folder.parent / "outside.yaml"
    outside.write_text("lookup: order_types\nvalues: {2: SECRET}\n", encoding="utf-8")
    named = {"up": "../outside.yaml", "absolute": outside.as_posix(), "link": "lookups/linked.yaml"}[how]
    if how == "link":
        (folder / "lookups" / "linked.yaml").symlink_to(outside)
    change(
        folder / "m3nop.yaml", "settings: {price_from: m3}",
        f"settings: {{price_from: m3}}\n    lookups: {{order_types: {named}}}",
    )  # fmt: skip
    project = load()

    assert "outside-file" in codes(project.problems)
    assert project.lookups("b2b")["order_types"] is None


def test_a_snapshot_without_end_is_a_problem(load, folder):
    (folder / "m3").mkdir(exist_ok=True)
    with (folder / "m3" / "huge.json").open("wb") as stream:
        stream.truncate(files.MOST_METADATA_BYTES + 1)

    (problem,) = load().problems

    assert (problem.code, problem.message) == ("bad-metadata", "cannot be read: it is larger than 50 MB")


def test_a_pipeline_works_for_the_stores_of_the_shop_that_it_reads(load, folder):
    change(folder / "m3nop.yaml", "b2c: {connection: shop,", "b2c: {connection: erp,")
    project = load()

    assert project.stores_of("orders") == ("b2b",)


def test_a_pipeline_of_a_shop_that_no_store_names_works_for_all(load, folder):
    text = (folder / "m3nop.yaml").read_text(encoding="utf-8")
    (folder / "m3nop.yaml").write_text(
        text.replace("connection: shop, ", "").replace("    connection: shop\n", ""), encoding="utf-8"
    )

    assert load().stores_of("orders") == ("b2c", "b2b")


def test_damaged_metadata_is_a_problem(load, folder):
    (folder / "m3").mkdir()
    (folder / "m3" / "OIS100MI.json").write_text("{", encoding="utf-8")

    assert codes(load().problems) == ["bad-metadata"]


def test_metadata_that_a_connector_refuses_is_a_problem(load, folder):
    (folder / "m3").mkdir()
    (folder / "m3" / "foreign.json").write_text("{}", encoding="utf-8")

    (problem,) = load().problems

    assert (problem.code, problem.message) == ("bad-metadata", "foreign.json is no snapshot")


def test_a_connection_without_a_type_is_a_problem(load, folder):
    change(folder / "m3nop.yaml", "erp: {type: m3, ", "erp: {")

    assert codes(load().problems) == ["missing-key"]


def test_a_connection_that_is_no_mapping_is_a_problem(load, folder):
    text = (folder / "m3nop.yaml").read_text(encoding="utf-8")
    start, _, rest = text.partition("connections:\n")
    (folder / "m3nop.yaml").write_text(
        f"{start}connections: [erp]\n" + rest[rest.index("settings:") :], encoding="utf-8"
    )

    assert codes(load(None).problems) == ["wrong-value"]


def test_a_store_in_an_environment_may_be_taken_out(load, folder):
    change(
        folder / "m3nop.yaml",
        "settings: {currency: NOK}",
        "settings: {currency: NOK}\n    stores: {b2b: null}",
    )

    assert tuple(load("qa").stores) == ("b2c",)
    assert tuple(load("sandbox").stores) == ("b2c", "b2b")


def test_an_environment_may_change_a_store_and_its_pipelines(load, folder):
    change(
        folder / "m3nop.yaml", "settings: {currency: NOK}",
        "stores: {b2b: {settings: {price_from: shop}, pipelines: {orders: {steps: {address: null}}}}}",
    )  # fmt: skip
    project = load("qa")

    assert project.settings("b2b")["price_from"] == "shop"
    assert [step.id for step in project.pipeline("orders", "b2b").steps] == [
        "customer", "head", "lines", "confirm", "write_back",
    ]  # fmt: skip


def test_metadata_goes_to_the_catalog_by_file_name(load, folder):
    (folder / "m3").mkdir()
    (folder / "m3" / "OIS100MI.json").write_text('{"length": 1.50}', encoding="utf-8")

    assert str(load().files.metadata["OIS100MI.json"]["length"]) == "1.50"


def test_a_variable_that_is_missing_in_a_connection_is_the_only_problem(load, folder):
    change(folder / "m3nop.yaml", "company: 100", 'company: "${COMPANY}"')

    project = load()

    assert codes(project.problems) == ["missing-variable"]
    assert project.catalogs["erp"] is None


def test_the_state_has_a_short_and_a_long_form(load, folder):
    change(folder / "m3nop.yaml", "defaults:", 'state: "sqlite:///short.db"\ndefaults:')
    assert load().state_url == "sqlite:///short.db"

    change(folder / "m3nop.yaml", 'state: "sqlite:///short.db"', 'state: {url: "${secret:STATE_URL}"}')
    assert load().state_url == SecretRef("STATE_URL")


def test_the_effective_pipeline_knows_where_each_value_comes_from(load, folder):
    project = load()

    tree = project.effective("orders", "b2b")

    assert tree is not None
    steps = tree.entries["steps"].node
    head = steps.items[1]
    reference = head.get("fields").get("OREF")
    assert (reference.text, reference.layer) == ("order.vat_number", "store b2b")
    assert reference.position.file.endswith("m3nop.yaml")
    assert head.get("fields").get("FACI").position.file.endswith("orders.yaml")
    assert tree.get("on_error").get("retries").position.file.endswith("m3nop.yaml")
    assert [step.get("id").text for step in steps.items] == [
        "customer", "head", "address", "lines", "confirm", "write_back",
    ]  # fmt: skip
