"""Mistakes in copies of the pack: each is found at its place by the metadata of the sandbox's own M3."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from m3nop.app.registry import CONNECTORS
from m3nop.connectors.m3 import M3
from m3nop.connectors.m3.connection import open_m3
from m3nop.connectors.m3.snapshot import snapshot
from m3nop.core.clock import SystemClock
from m3nop.core.json import dumps
from m3nop.sandbox.m3.seed import seed
from m3nop.sandbox.server import serve
from m3nop.sandbox.world import World
from m3nop.spec.validate import validate
from tests.end_to_end.pack import PACK

ORDERS = "pipelines/orders.yaml"
CUSTOMERS = "pipelines/customers.yaml"
PROJECT = "m3nop.yaml"


class Mistake(NamedTuple):
    """A text of a file of the pack replaced by another, and the problem: its code, file, and what stands there."""

    name: str
    file: str
    text: str
    instead: str
    code: str
    where: str
    at: str


MISTAKES = [
    Mistake("program", ORDERS, "call: erp/OIS100MI/AddBatchHead\n", "call: erp/OIS10MI/AddBatchHead\n",
     "unknown-program", ORDERS, "erp/OIS10MI/AddBatchHead"),
    Mistake("transaction", ORDERS, "AddBatchAddress", "AddBatchAdress", "unknown-operation", ORDERS,
     "erp/OIS100MI/AddBatchAdress"),
    Mistake("transaction to verify", ORDERS, "OIS100MI/LstBatchLine\n", "OIS100MI/LstBatchLines\n", "unknown-operation",
     ORDERS, "erp/OIS100MI/LstBatchLines"),
    Mistake("field", ORDERS, "      ORTP: {from: vars.order_type", "      ORTY: {from: vars.order_type", "unknown-input",
     ORDERS, "ORTY: {from"),
    Mistake("field of an undo", ORDERS, "DelBatchHead, fields: {ORNO:", "DelBatchHead, fields: {ORNR:", "unknown-input",
     ORDERS, "ORNR: steps.head.ORNO}}"),
    Mistake("field of a probe", ORDERS, "GetTmpOrderStat\n    fields: {ORNO:", "GetTmpOrderStat\n    fields: {ORNX:",
     "unknown-input", ORDERS, "ORNX:"),
    Mistake("field of a shared block", PROJECT, "    CUA2: vars.lines[2]", "    CUX2: vars.lines[2]", "unknown-input",
     PROJECT, "CUX2:"),
    Mistake("mandatory field", ORDERS, "      ADRT: settings.delivery_address_type\n", "", "missing-input", ORDERS,
     "fields:\n      include: address_fields"),
    Mistake("mandatory field of an undo", ORDERS, "DelBatchHead, fields: {ORNO: steps.head.ORNO}}",
     "DelBatchHead, fields: {CONO: {value: 100}}}", "missing-input", ORDERS, "fields: {CONO"),
    Mistake("answer", ORDERS, "outputs: [PONR, POSX]", "outputs: [PONR, POSZ]", "unknown-answer", ORDERS, "POSZ"),
    Mistake("long constant", ORDERS, 'TYPE: {value: "1"}', 'TYPE: {value: "10"}', "value-too-long", ORDERS, '"10"}'),
    Mistake("long choice", ORDERS, "WHLO: coalesce(lookup('warehouses', store.code), settings.warehouse)",
     "WHLO: coalesce(lookup('warehouses', store.code), 'MAIN')", "value-too-long", ORDERS,
     "coalesce(lookup('warehouses', store.code), 'MAIN')"),
    Mistake("long setting", PROJECT, "  facility: A01", "  facility: A001", "value-too-long", ORDERS, "settings.facility"),
    Mistake("long code", "lookups/order_types.yaml", "2: W02", "2: W002", "value-too-long", ORDERS,
     "order_types, missing: reject}"),
    Mistake("long key", CUSTOMERS, "pad_left(customer.id, `7`, '0')", "pad_left(customer.id, `12`, '0')",
     "value-too-long", CUSTOMERS, "vars.number\n      CUA1"),
    Mistake("text that is not cut", PROJECT, "TOWN: {from: vars.address.city, truncate: true}", "TOWN: vars.address.city",
     "may-be-too-long", PROJECT, "vars.address.city"),
    Mistake("lines that are too wide", ORDERS, "wrap(vars.address.address1, `36`)", "wrap(vars.address.address1, `40`)",
     "may-be-too-long", PROJECT, "vars.lines[0]"),
    Mistake("cut too late", ORDERS, "YREF: {from: vars.buyer, truncate: true}", "YREF: left(vars.buyer, `36`)",
     "may-be-too-long", ORDERS, "left(vars.buyer"),
    Mistake("text for a number", ORDERS, "CRAM: vars.freight}", "CRAM: order.billing_address.company}", "wrong-type",
     ORDERS, "order.billing_address.company}"),
    Mistake("word for a number", ORDERS, "TYTR: {value: 1}", "TYTR: {value: before}", "wrong-type", ORDERS, "before}"),
    Mistake("instant for a date", ORDERS, "ORDT: m3_date(order.created_on_utc)", "ORDT: order.created_on_utc", "wrong-type",
     ORDERS, "order.created_on_utc              # the day"),
    Mistake("amount for a date", ORDERS, "RLDT: m3_date(add_days(now(), settings.lead_days))", "RLDT: order.order_total",
     "wrong-type", ORDERS, "order.order_total\n      CUCD"),
    Mistake("flag for a text", ORDERS, "      ALUN: >-", "      BANO: order.pickup_in_store\n      ALUN: >-", "wrong-type",
     ORDERS, "order.pickup_in_store\n      ALUN"),
    Mistake("code that is no number", "lookups/vat_codes.csv", "AT,01", "AT,none", "wrong-type", CUSTOMERS, "vat_codes"),
    Mistake("more decimals than the field", ORDERS, "CRID: settings.freight_charge, CRAM: vars.freight}",
     "CRID: settings.freight_charge, CRAM: {value: 1.2345}}", "wrong-type", ORDERS, "1.2345}}"),
    Mistake("number that is too long", ORDERS, "TYTR: {value: 1}", "TYTR: {value: 10}", "value-too-long", ORDERS, "10}, PARM"),
]  # fmt: skip


REAL = """
  real:
    connections: {erp: {url: "https://m3.example.com"}}
"""


def check(folder):
    """Validate the environment in which M3 is a real one; from when on it enters orders is no question here."""
    report = validate([folder], registry=CONNECTORS, environ={}, environment="real")
    return replace(report, problems=tuple(p for p in report.problems if p.code != "no-start"))


def copy_of_pack(folder):
    shutil.copytree(PACK, folder)
    with (folder / PROJECT).open("a", encoding="utf-8") as file:
        file.write(REAL)
    return folder


@pytest.fixture(scope="module")
def metadata(tmp_path_factory):
    """Take the snapshot that the pack needs, from a sandbox."""
    pack = copy_of_pack(tmp_path_factory.mktemp("pack") / "project")
    programs = sorted({name.split("/")[1] for name in check(pack).unchecked})
    world = World()
    seed(world)
    with serve(world) as running:
        config = M3.config(
            url=running.m3_url, company=100, division="AAA", credentials={"ionapi": dumps(running.ionapi)}
        )
        catalog = M3.catalog(config, metadata={})
        connection = open_m3("erp", config, clock=SystemClock(), catalog=catalog)
        taken = snapshot(connection, catalog, programs, now=SystemClock().now())
        connection.close()
    folder = tmp_path_factory.mktemp("metadata") / "m3"
    folder.mkdir()
    for program, document in taken.items():
        (folder / f"{program}.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


@pytest.fixture
def copy(tmp_path, metadata):
    folder = copy_of_pack(tmp_path / "project")
    shutil.copytree(metadata, folder / "m3")
    return folder


def edit(folder, name, text, mistake):
    path = folder / name
    content = path.read_text(encoding="utf-8")
    assert content.count(text) >= 1, f"{name} has no {text!r} any more"
    path.write_text(content.replace(text, mistake, 1), encoding="utf-8")


def place(folder, name, text):
    content = (folder / name).read_text(encoding="utf-8")
    before = content[: content.index(text)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def found(report, folder, code):
    return {
        (Path(p.position.file).relative_to(folder).as_posix(), p.position.line, p.position.column)
        for p in report.problems
        if p.code == code
    }


def test_the_pack_as_it_is_fits_the_metadata(copy):
    report = check(copy)

    assert report.problems == ()
    assert report.unchecked == ()


def test_there_are_at_least_twenty_mistakes():
    assert len({mistake.name for mistake in MISTAKES}) >= 20


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_found_at_its_place(copy, mistake):
    edit(copy, mistake.file, mistake.text, mistake.instead)

    expected = (mistake.where, *place(copy, mistake.where, mistake.at))
    assert expected in found(check(copy), copy, mistake.code)


def test_a_mistake_is_told_with_what_was_meant(copy):
    edit(copy, ORDERS, "read: erp/OIS275MI/GetBatchHead", "read: erp/OIS276MI/GetBatchHead")
    edit(copy, ORDERS, "AddBatchAddress", "AddBatchAdress")
    edit(copy, ORDERS, "ORDT: m3_date(order.created_on_utc)", "ORDT: order.created_on_utc")

    told = {problem.code: f"{problem.message}; {problem.hint}" for problem in check(copy).problems}

    assert "did you mean OIS275MI?" in told["unknown-program"]
    assert "m3nop m3 snapshot OIS276MI" in told["unknown-program"]
    assert "snapshot of OIS100MI has no such transaction" in told["unknown-operation"]
    assert "m3_date() makes one of it" in told["wrong-type"]


def test_without_a_snapshot_it_is_said_what_was_not_checked(copy):
    shutil.rmtree(copy / "m3")
    edit(copy, ORDERS, "      ORTP: {from: vars.order_type", "      ORTY: {from: vars.order_type")

    report = check(copy)

    assert not found(report, copy, "unknown-input")
    assert "erp/OIS100MI/AddBatchHead" in report.unchecked
    assert {name.split("/")[1] for name in report.unchecked} >= {"OIS100MI", "CRS610MI"}


def test_of_the_sandbox_nothing_is_left_unchecked():
    report = validate([PACK], registry=CONNECTORS, environ={}, environment="sandbox")

    assert (report.problems, report.unchecked) == ((), ())


def test_what_the_snapshot_lacks_is_said_too(copy):
    (copy / "m3" / "CRS610MI.json").unlink()

    report = check(copy)

    assert report.problems == ()
    assert {name.split("/")[1] for name in report.unchecked} == {"CRS610MI"}
