"""The pack and the examples are valid in both dialects and for every store, without a network or a secret."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from m3nop.app.registry import CONNECTORS
from m3nop.mapping.pipeline import walk
from m3nop.spec.validate import validate
from tests.end_to_end.pack import EXAMPLES, PACK, project

if TYPE_CHECKING:
    from pathlib import Path

DIALECTS = ("official", "oss")
PROJECTS = sorted(path.parent for path in EXAMPLES.glob("*/m3nop.yaml"))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_pack_and_every_example_are_valid(dialect):
    report = validate([PACK, EXAMPLES], registry=CONNECTORS, environ={"SHOP_DIALECT": dialect})
    assert report.problems == ()


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("folder", [PACK, *PROJECTS], ids=lambda path: path.name)
def test_every_pipeline_compiles_for_every_store(folder, dialect):
    loaded = project(folder, environment=project(folder, environment=None).environments[0], dialect=dialect)
    compiled = [loaded.pipeline(name, store) for name in loaded.pipelines for store in loaded.stores_of(name)]
    assert {pipeline.name for pipeline in compiled} == set(loaded.pipelines)


def test_the_sandbox_is_the_only_environment_that_the_pack_defines():
    assert project().environments == ("sandbox",)
    configs = project().connections.values()
    assert [config.url for config in configs] == ["sandbox:", "sandbox:"]
    assert set(project().start) >= {"customers", "orders"}


def test_only_the_sandbox_reads_a_new_order_at_once():
    for store in ("b2c", "b2b"):
        assert project().pipeline("orders", store).source.quiet == 0
        assert project(environment=None).pipeline("orders", store).source.quiet == 60


def test_the_order_number_is_written_back_where_the_dialect_can():
    steps = {
        dialect: [step.id for step in walk(project(dialect=dialect).pipeline("orders", "b2c").steps)]
        for dialect in DIALECTS
    }
    assert set(steps["official"]) - set(steps["oss"]) == {"write_back"}


def test_the_business_store_sends_the_vat_number_and_nothing_else_differs():
    loaded = project()
    fields = {
        store: {
            rule.name
            for step in loaded.pipeline("orders", store).steps
            if step.call
            for rule in step.call.fields
        }
        for store in ("b2c", "b2b")
    }
    assert fields["b2b"] - fields["b2c"] == {"OREF"}


def test_references_of_every_store_fit_whatever_the_order_id():
    for folder in (PACK, *PROJECTS):
        for code in project(folder, environment=None).stores:
            assert re.fullmatch(r"[A-Z0-9]{1,9}", code.upper()), f"{folder.name}: {code}"


def test_every_lookup_of_the_pack_is_used():
    loaded = project()
    used = {name for pipeline in loaded.pipelines for name in loaded.compile(pipeline, "b2c").lookups}
    assert used == set(loaded.lookups("b2c"))


def test_every_setting_of_the_pack_is_used():
    text = "".join(path.read_text(encoding="utf-8") for path in (PACK / "pipelines").glob("*.yaml"))
    for name in project().settings("b2c"):
        assert f"settings.{name}" in text, name


def test_the_environment_template_becomes_an_environment(tmp_path):
    text = (PACK / "environment.template.yaml").read_text(encoding="utf-8")
    block = (
        text[text.index("\nexample_name:") + 1 :].replace("example_name", "qa").replace("EXAMPLE_NAME", "QA")
    )
    base = (PACK / "m3nop.yaml").read_text(encoding="utf-8")
    indented = "".join(f"  {line}\n" if line else "\n" for line in block.splitlines())
    site = _copy(tmp_path, base + indented)
    loaded = project(site, environment="qa")
    assert not loaded.failed, "\n".join(map(str, loaded.problems))
    assert loaded.connections["shop"].url == "https://qa.shop.example.com"
    assert loaded.start == {}


def test_a_site_that_forbids_table_reads_needs_only_to_do_without_a_guest_customer(tmp_path):
    text = (PACK / "m3nop.yaml").read_text(encoding="utf-8")
    forbidding = text.replace('erp: {url: "sandbox:",', 'erp: {url: "sandbox:", table_reads: false,')
    collective = project(_copy(tmp_path / "collective", forbidding)).compile("orders", "b2c")
    assert "collective-customer" in {problem.code for problem in collective.problems}
    alone = forbidding.replace("guest_customer: W9999", "guest_customer: null")
    assert project(_copy(tmp_path / "alone", alone)).pipeline("orders", "b2c")


def test_every_example_says_what_it_shows():
    index = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for folder in PROJECTS:
        assert f"[{folder.name}]({folder.name}/README.md)" in index
        assert (folder / "README.md").is_file()


def test_shipped_files_name_no_real_host():
    for path in [*PACK.rglob("*"), *EXAMPLES.rglob("*")]:
        if path.is_file() and ".m3nop" not in path.parts:
            hosts = re.findall(r"https?://([^/\s`)\"'}]+)", path.read_text(encoding="utf-8"))
            assert all(host.split(":")[0].endswith("example.com") for host in hosts), path


def _copy(folder: Path, text: str) -> Path:
    """Copy the pack with another ``m3nop.yaml``."""
    shutil.copytree(PACK, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".m3nop"))
    (folder / "m3nop.yaml").write_text(text, encoding="utf-8")
    return folder


def test_shipments_do_what_the_dialect_can_and_a_pipeline_that_needs_more_is_refused_with_the_remedy(
    tmp_path,
):
    steps = {
        dialect: {step.id for step in walk(project(dialect=dialect).pipeline("shipments", "b2c").steps)}
        for dialect in DIALECTS
    }
    absent = {"cancel", "held", "shipment", "told", "notes", "invoice_numbers", "status"}
    assert steps["official"] - steps["oss"] == absent

    site = _copy(tmp_path, (PACK / "m3nop.yaml").read_text(encoding="utf-8"))
    file = site / "pipelines" / "shipments.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("        optional: true\n", ""), encoding="utf-8"
    )
    assert project(site, dialect="official").pipeline("shipments", "b2c")
    problems = project(site, dialect="oss").compile("shipments", "b2c").problems
    (refused,) = [problem for problem in problems if problem.code == "unknown-operation"]
    assert refused.message == "'shop' has no operation 'shipments'"
    assert "no shipments and no tracking numbers" in refused.hint
    assert "dialect: official" in refused.hint


def test_only_what_the_shop_writes_in_pieces_is_left_alone_for_a_while(tmp_path):
    text = (PACK / "m3nop.yaml").read_text(encoding="utf-8")
    site = _copy(tmp_path, text.replace("version: 1\n", "version: 1\ndefaults: {quiet: 2m}\n", 1))
    orders = site / "pipelines" / "orders.yaml"
    orders.write_text(re.sub(r"  quiet: 60s .*\n", "", orders.read_text(encoding="utf-8")), encoding="utf-8")
    loaded = project(site, environment=None)
    assert not loaded.failed, loaded.problems
    assert {name: loaded.pipeline(name, "b2c").source.quiet for name in ("orders", "shipments")} == {
        "orders": 120,
        "shipments": 0,
    }
