"""`m3nop reconcile` and `m3nop report` as commands: what they print, and how they end."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from m3nop.core import json
from m3nop.sandbox.catalogue import UNKNOWN_SKU
from m3nop.sandbox.faults import Fault
from tests.end_to_end.conftest import MakeProject, Project, place, rows

if TYPE_CHECKING:
    from m3nop.sandbox.world import World


@pytest.fixture
def project(make_project: MakeProject, world: World) -> Project:
    """One order in M3, and one that M3 refused."""
    made = make_project()
    place(world)
    place(world, lines=[{"sku": UNKNOWN_SKU, "quantity": 1}])
    assert made.run("sync", "orders").code == 1
    return made


def test_differences_end_with_code_1_and_a_plan_retries_only_when_it_is_applied(project: Project) -> None:
    planned = project.run("reconcile", "orders", "--fix")

    assert planned.code == 1
    assert "m3nop dead-letters retry orders/" in planned.out
    assert "retry: orders" in planned.out
    assert project.run("reconcile", "orders", "--fix", "--apply", "--json").code == 1
    found = json.loads(project.run("reconcile", "orders", "--json").out)
    assert [one["state"] for one in found["orders"]["differences"]] == ["ready"]
    assert found["orders"]["not_compared"] == []


def test_the_day_balances_once_what_was_refused_is_discarded_and_says_why_until_then(
    project: Project, world: World
) -> None:
    told = project.run("report", "orders", "--json")
    table = project.run("report", "orders")

    assert (told.code, table.code) == (1, 1)
    day = json.loads(told.out)["days"][-1]
    assert day["dead"] == 1
    assert day["entered"] == day["eligible"] - 1
    assert [reason.split(":")[0] for reason in day["reasons"]] == ["1 dead"]
    assert day["difference"] < 0
    assert "1 dead: orders/" in table.out
    assert "in doubt" not in table.out
    read = list(csv.DictReader(io.StringIO(project.run("report", "orders", "--format", "csv").out)))
    assert read[-1]["dead"] == "1"
    assert project.run("report", "orders", "--format", "md").out.startswith("| day | eligible |")
    del world


def test_a_day_whose_amount_was_changed_in_m3_does_not_balance(
    make_project: MakeProject, world: World
) -> None:
    project, order = make_project(), place(world)
    assert project.run("sync", "orders").code in (0, 1)
    assert project.run("report", "orders").code == 0
    number = next(row["ORNO"] for row in rows(world, "m3.orders") if row["CUOR"] == f"B2C-{order}")
    with world.books.change():
        table = world.books.table("m3.order_lines")
        table[f"{number}/00001"] = {**table[f"{number}/00001"], "NLAM": "1.00"}

    told = project.run("report", "orders", "--json")

    assert told.code == 1
    assert json.loads(told.out)["days"][-1]["reasons"] == [f"1 other amounts: orders/{order}"]


def test_m3_that_is_away_ends_with_code_4(project: Project, world: World) -> None:
    world.faults.add(Fault(kind="status", system="m3", operation="EXPORTMI/*", status=503, times=50))

    ended = project.run("reconcile", "orders")

    assert ended.code == 4
    assert "table:OOHEAD cannot be read" in ended.err


def test_what_does_not_go_together_is_a_mistake_of_the_command_line(project: Project) -> None:
    assert project.run("reconcile", "orders", "--apply").code == 2
    assert project.run("report", "orders", "--format", "xls").code == 2
