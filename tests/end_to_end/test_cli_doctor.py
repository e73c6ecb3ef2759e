"""``m3nop doctor``: what is wrong is found, is named with its remedy, and decides the exit code."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from m3nop.app.actor import current_user
from m3nop.core import json
from m3nop.core.clock import SystemClock
from m3nop.sandbox import access
from m3nop.sandbox.faults import Fault
from m3nop.state.store import open_state
from tests.end_to_end.conftest import MakeProject, Project, patiently, rows
from tests.end_to_end.shops import make

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def make_project(make_project: MakeProject) -> MakeProject:
    """Make projects whose systems may answer late."""

    def make(*, change: Callable[[str], str] = lambda text: text, **options: Any) -> Project:
        return make_project(change=lambda text: change(patiently(text)), **options)

    return make


def examined(project, *arguments, **environ):
    ended = project.run("doctor", "--json", *arguments, **environ)
    assert "Traceback" not in ended.err
    return ended.code, json.loads(ended.out)["checks"]


def not_well(checks):
    return {
        (one["check"], one["subject"]): one for one in checks if one["result"] in ("failed", "skipped")
    }  # fmt: skip


def said(project, check, *, code=1, **environ):
    """Examine a project in which one check fails, and return what is said of it."""
    ended, checks = examined(project, **environ)
    found = [one for one in checks if one["check"] == check and one["result"] != "ok"]
    assert ended == code, checks
    assert found, checks
    return " ".join(f"{one['subject']}: {one['detail']}; {one['remedy']}" for one in found)


def test_a_new_project_is_well(tmp_path):
    shop = make(tmp_path)
    ended = shop.run("doctor")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert {line.split()[0] for line in lines} == {"ok", "warning"}
    for beginning in (
        "ok      sign-in erp", "ok      company erp", "ok      time erp", "ok      transactions OIS100MI",
        "ok      right OIS100MI/LstBatchLine", "ok      probe orders.temporary_orders", "ok      order types lookup",
        "ok      template customer TPLB2C", "ok      customer of the settings W9999", "ok      sign-in shop",
        "ok      store b2b", "ok      strangers shop", "ok      state", "ok      keyring", "warning countries lookup",
    ):  # fmt: skip
        assert [line for line in lines if line.startswith(beginning)], beginning
    assert "sandbox: " in ended.err
    few = shop.run("doctor", "--problems").out.splitlines()
    assert [line.split()[0] for line in few] == ["warning"]


def test_after_a_run_the_state_is_read_from_end_to_end(tmp_path):
    shop = make(tmp_path)
    shop.run("sync", "orders")
    code, checks = examined(shop)
    assert code == 0
    assert [one["detail"] for one in checks if one["check"] == "state"] == ["every row fits"]


def test_a_secret_that_is_missing_is_a_matter_of_access(tmp_path):
    shop = make(tmp_path, "--with", "qa")
    code, checks = examined(shop, "--env", "qa")
    assert code == 4
    wrong = not_well(checks)
    assert "m3nop secrets set SHOP_PASSWORD_QA" in wrong["secret", "SHOP_PASSWORD_QA"]["remedy"]
    assert wrong["sign-in", "erp"]["result"] == "failed"
    assert wrong["everything else", "shop"]["result"] == "skipped"


def test_wrong_credentials_are_a_matter_of_access(make_project: MakeProject):
    project = make_project()
    wrong = {**json.loads(project.environ["M3_IONAPI"]), "sask": "wrong"}
    text = said(project, "sign-in", code=4, M3_IONAPI=json.dumps(wrong))
    assert "erp: no access token" in text
    assert "service account" in text
    assert "shop: " in said(project, "sign-in", code=4, SHOP_PASSWORD="wrong")  # noqa: S106


def test_a_company_that_is_not_open_to_the_user_is_a_matter_of_access(make_project: MakeProject):
    project = make_project(change=lambda text: text.replace("company: 100 ", "company: 200 "))
    assert "company 200" in said(project, "sign-in", code=4)


def test_a_system_that_is_down_is_a_matter_of_access(make_project: MakeProject, world):
    project = make_project()
    world.faults.add(Fault(kind="html", system="m3", times=None))
    assert "check connections.erp" in said(project, "sign-in", code=4)


def test_a_company_that_is_not_named_is_pointed_out(make_project: MakeProject):
    project = make_project(change=lambda text: text.replace("company: 100 ", "# "))
    assert "write `company: 100`" in said(project, "company", code=0)


def test_an_order_type_that_m3_does_not_have(make_project: MakeProject, world):
    project = make_project()
    del world.books.table("m3.order_types")["W02"]
    text = said(project, "order types")
    assert "M3 does not know W02" in text
    assert "OIS010" in text


def test_codes_of_settings_and_of_lookups_that_m3_does_not_have(make_project: MakeProject, world):
    project = make_project()
    del world.books.table("m3.facilities")["A01"]
    assert "settings.facility" in said(project, "facilities")
    world.books.table("m3.facilities")["A01"] = {"FACI": "A01", "FACN": "", "DIVI": "AAA", "WHLO": "001"}
    del world.books.table("m3.codes")["TEPY/014"]
    assert "lookup payment_methods" in said(project, "payment terms", code=0)


def test_customers_of_the_settings_that_are_missing_or_not_active(make_project: MakeProject, world):
    project = make_project()
    customers = world.books.table("m3.customers")
    del customers["TPLB2B"]
    customers["W9999"] = {**customers["W9999"], "STAT": "90"}
    assert "TPLB2B (settings.template_customer): M3 has no such customer" in said(
        project, "template customer"
    )
    assert "its status is 90" in said(project, "customer of the settings")


def test_a_setting_that_is_only_a_part_of_a_code_is_no_code(make_project: MakeProject):
    project = make_project()
    path = project.folder / "pipelines" / "customers.yaml"
    text = path.read_text(encoding="utf-8")
    number = "concat(settings.customer_prefix, pad_left(customer.id, `7`, '0'))"
    assert "CUNO: vars.number" in text
    path.write_text(text.replace("CUNO: vars.number", f'CUNO: "{number}"'), encoding="utf-8")
    code, checks = examined(project)
    assert code == 0, checks
    assert not [one for one in checks if "customer_prefix" in one["subject"]]


def test_a_transaction_that_is_refused_is_named(make_project: MakeProject, world):
    project = make_project()
    world.faults.add(Fault(kind="status", operation="OIS100MI/LstErrMsgOrder", status=403, times=None))
    assert "OIS100MI/LstErrMsgOrder" in said(project, "right")


def test_a_transaction_and_a_field_that_m3_does_not_have(make_project: MakeProject):
    project = make_project()
    path = project.folder / "pipelines" / "orders.yaml"
    text = path.read_text(encoding="utf-8").replace(
        "CUOR: reference\n", "CUOR: reference\n      ZZZZ: {value: x}\n"
    )
    path.write_text(
        text.replace("erp/OIS275MI/GetTmpOrderStat", "erp/OIS275MI/GetTmpOrderStatX"), encoding="utf-8"
    )
    code, checks = examined(project)
    wrong = not_well(checks)
    assert code == 1
    assert "GetTmpOrderStatX" in wrong["transactions", "OIS275MI"]["detail"]
    assert "ZZZZ" in wrong["fields", "OIS100MI/AddBatchHead"]["detail"]
    assert ("probe", "orders.confirmed_order") in wrong


def test_where_the_repository_is_closed_the_rest_is_checked(make_project: MakeProject, world):
    project = make_project()
    world.faults.add(Fault(kind="status", operation="MRS001MI/*", status=403, times=None))
    code, checks = examined(project)
    assert code == 0
    assert {one["result"] for one in checks if one["check"] == "transactions"} == {"warning"}
    assert "ok" in {one["result"] for one in checks if one["check"] == "probe"}


def test_table_reads_that_a_site_forbids_have_a_remedy(make_project: MakeProject, world):
    project = make_project()
    world.faults.add(Fault(kind="status", operation="EXPORTMI/*", status=403, times=None))
    assert "table_reads: false" in said(project, "probe")
    switched = make_project(
        change=lambda text: text.replace("company: 100 ", "table_reads: false\n    company: 100 ").replace(
            "guest_customer: W9999", "guest_customer: null"
        )
    )
    code, checks = examined(switched)
    assert code == 0
    assert "switched off" in next(one["detail"] for one in checks if one["check"] == "table reads")


def test_a_clock_that_is_wrong_is_noticed(make_project: MakeProject, world):
    project = make_project()
    world.clock.advance(3600)
    assert "60 minutes" in said(project, "time")


def test_stores_that_the_shop_does_not_have_or_calls_otherwise(make_project: MakeProject):
    project = make_project(
        change=lambda text: text.replace("store_id: 2", "store_id: 7").replace("host: b2c.", "host: b3c.")
    )
    text = said(project, "store")
    assert "the shop has no store 7; it has 1 Fjällräv Friluft, 2 Fjällräv Proffs" in text
    assert "correct `store_id` or `host` of stores.b2c" in text


@pytest.mark.parametrize(
    ("dialect", "path"), [("official", "/api-backend/Store/GetAll"), ("oss", "/api/orders/count")]
)
def test_a_shop_that_answers_strangers_is_dangerous(make_project: MakeProject, world, dialect, path):
    project = make_project(dialect=dialect)
    world.faults.add(
        Fault(
            kind="status",
            system="shop",
            operation=f"GET {path}",
            nth=2 if dialect == "official" else 1,
            status=200,
        )
    )
    assert "developer mode" in said(project, "strangers")


def test_files_that_others_can_read_are_pointed_out(make_project: MakeProject, tmp_path):
    if os.name != "posix":
        pytest.skip("permissions of files are POSIX")
    project = make_project()
    file = tmp_path / "erp.ionapi"
    file.write_text(project.environ.pop("M3_IONAPI"), encoding="utf-8")
    file.chmod(0o644)
    assert f"chmod 600 {file}" in said(project, "permissions", code=0, M3NOP_SECRET_M3_IONAPI_FILE=str(file))


def test_an_environment_without_a_start_is_not_well(make_project: MakeProject):
    project = make_project(
        change=lambda text: text.replace("  sandbox:\n", "  qa:\n").replace("    start: {", "    # start: {")
    )
    assert "m3nop state baseline orders" in said(project, "start")


def test_a_damaged_state_is_named(make_project: MakeProject):
    project = make_project()
    project.run("sync", "orders")
    project.state_file.write_bytes(b"no database" * 1000)
    assert said(project, "state")


# -- the write test


def test_the_write_test_leaves_nothing_behind(make_project: MakeProject, world):
    project = make_project()
    code, checks = examined(project, "--write-test")
    (test,) = [one for one in checks if one["check"] == "write test"]
    assert (code, test["result"]) == (0, "ok")
    assert "was made and deleted" in test["detail"]
    assert any("OIS100MI/AddBatchHead" in request.operations for request in world.requests)
    assert rows(world, "m3.batch_orders") == []
    trail = json.loads(project.run("audit", "list", "--json").out)
    (entry,) = [one for one in trail if one["action"] == "write test"]
    assert (entry["actor"], entry["subject"]) == (current_user(), "erp/OIS100MI/AddBatchHead")
    (head,) = [one for one in world.requests if "OIS100MI/AddBatchHead" in one.operations]
    assert entry["detail"]["reference"] in head.body.decode()


def test_where_a_write_test_cannot_be_noted_nothing_is_sent(make_project: MakeProject, world):
    project = make_project()
    url = f"sqlite:///{project.state_file.as_posix()}"
    project.state_file.parent.mkdir(parents=True)
    scope = {"environment": "sandbox"}
    with closing(open_state(url, scope=scope, clock=SystemClock(), command="sync")):
        code, checks = examined(project, "--write-test")
    (test,) = [one for one in checks if one["check"] == "write test"]
    assert (code, test["result"]) == (1, "failed")
    assert "nothing was sent" in test["detail"]
    assert not any("OIS100MI/AddBatchHead" in request.operations for request in world.requests)


def test_the_write_test_finds_its_order_though_the_answer_is_lost(make_project: MakeProject, world):
    project = make_project()
    world.faults.add(Fault(kind="reset_after", operation="OIS100MI/AddBatchHead"))
    code, _ = examined(project, "--write-test")
    assert (code, rows(world, "m3.batch_orders")) == (0, [])


@pytest.mark.parametrize(
    ("fault", "left", "text"),
    [
        (Fault(kind="terminated", operation="OIS100MI/AddBatchHead"), 0, "OIS100MI/AddBatchHead"),
        (Fault(kind="reset_before", operation="OIS100MI/AddBatchHead"), 0, "try again"),
        (Fault(kind="status", status=403, operation="OIS100MI/DelBatchHead"), 1, "in OIS275"),
    ],
)
def test_a_write_test_that_fails_says_what_is_left(make_project: MakeProject, world, fault, left, text):
    project = make_project()
    world.faults.add(fault)
    ended, checks = examined(project, "--write-test")
    (test,) = [one for one in checks if one["check"] == "write test"]
    assert (ended, test["result"], len(rows(world, "m3.batch_orders"))) == (1, "failed", left)
    assert text in test["detail"] + test["remedy"]


def test_the_write_test_is_never_made_in_production(make_project: MakeProject, world):
    project = make_project(change=lambda text: text.replace("  sandbox:\n", "  prod:\n"))
    refused = project.run("doctor", "--write-test")
    assert (refused.code, refused.out) == (2, "")
    assert "never in prod" in refused.err
    assert not world.requests


def test_it_is_said_which_m3_answers(make_project: MakeProject):
    project = make_project()
    assert (
        f"{project.url}/{access.TENANT}/M3, tenant {access.TENANT}, company 100" in project.run("doctor").out
    )
