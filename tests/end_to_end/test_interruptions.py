"""Between a crash and the next run the world goes on: effects land late, mappings and orders are edited."""

from __future__ import annotations

import os
import signal
import sqlite3
from typing import TYPE_CHECKING

import pytest

from m3nop.sandbox import shop
from m3nop.sandbox.faults import Fault
from tests.end_to_end.conftest import (
    CLEAN,
    MakeProject,
    Project,
    Verdict,
    judge,
    place,
    rows,
    slowly,
    wait_for,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.sandbox.world import World


def die_after(project: Project, world: World, operation: str) -> None:
    """Run, and die just after a request for this operation took effect."""
    child = project.start("sync", "orders")
    seen = wait_for(lambda: any(operation in request.operations for request in world.requests), seconds=20)
    assert seen, "the run never came to that operation"
    child.process.kill()
    assert child.wait().code == -9


def die_at(project: Project, world: World, operation: str) -> None:
    """Let the answer to this operation come so late that the client can be killed while it waits."""
    number = world.faults.add(Fault(kind="latency", operation=operation, seconds=20))
    die_after(project, world, operation)
    world.faults.remove(number)


@pytest.mark.parametrize("operation", ["OIS100MI/AddBatchHead", "OIS100MI/Confirm"])
def test_an_effect_that_lands_after_the_client_died_and_the_next_run_began_leaves_one_order(
    make_project: MakeProject, world: World, operation: str
) -> None:
    project = make_project(change=slowly)
    references = [f"B2C-{place(world)}" for _ in range(2)]
    world.faults.add(Fault(kind="late_effect", operation=operation, seconds=1.5))
    die_after(project, world, operation)
    ended = project.run("sync", "orders")
    assert ended.code == 0, ended.err
    assert judge(world, references) == CLEAN


@pytest.mark.parametrize("operation", ["OIS100MI/AddBatchHead", "OIS100MI/AddBatchLine", "EXPORTMI/Select"])
def test_a_mapping_that_was_edited_in_mid_attempt_is_used_by_a_new_attempt(
    make_project: MakeProject, world: World, operation: str
) -> None:
    project = make_project()
    reference = f"B2C-{place(world)}"
    die_at(project, world, operation)
    lookup = project.folder / "lookups" / "order_types.yaml"
    lookup.write_text(lookup.read_text().replace("W01", "W02"))
    ended = project.run("sync", "orders")
    assert ended.code == 0, ended.err
    assert judge(world, [reference]) == CLEAN
    assert [row["ORTP"] for row in rows(world, "m3.orders") if row["CUOR"] == reference] == ["W02"]


def test_a_mapping_that_was_edited_after_the_commit_was_sent_changes_nothing(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    reference = f"B2C-{place(world)}"
    die_at(project, world, "OIS100MI/Confirm")
    lookup = project.folder / "lookups" / "order_types.yaml"
    lookup.write_text(lookup.read_text().replace("W01", "W02"))
    assert project.run("sync", "orders").code == 0
    assert judge(world, [reference]) == CLEAN
    assert [row["ORTP"] for row in rows(world, "m3.orders") if row["CUOR"] == reference] == ["W01"]


def test_a_shop_order_that_changed_in_mid_attempt_is_entered_once_as_it_is_now(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    order = place(world)
    die_at(project, world, "OIS100MI/AddBatchLine")
    line = next(row for row in rows(world, "shop.order_items") if row["order_id"] == order)
    shop.change_order(world, order, {"quantities": {str(line["id"]): 7}})
    refresh(project)
    ended = project.run("sync", "orders")
    assert ended.code == 0, ended.err
    assert judge(world, [f"B2C-{order}"]) == CLEAN
    real = next(row for row in rows(world, "m3.orders") if row["CUOR"] == f"B2C-{order}")
    quantities = {float(row["ORQT"]) for row in rows(world, "m3.order_lines") if row["ORNO"] == real["ORNO"]}
    assert 7 in quantities


def refresh(project: Project) -> None:
    """Let the record be as old as one that the next run reads again."""
    with sqlite3.connect(project.state_file) as state:
        state.execute("update records set seen_at = seen_at - 3600000000")


def test_a_second_run_is_turned_away_while_the_first_is_stopped_and_nothing_is_doubled(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    references = [f"B2C-{place(world)}" for _ in range(2)]
    world.faults.add(Fault(kind="latency", operation="OIS100MI/AddBatchLine", seconds=0.3))
    first = project.start("sync", "orders")
    assert wait_for(lambda: any("OIS100MI/AddBatchHead" in request.operations for request in world.requests))
    assert first.process.pid is not None
    os.kill(first.process.pid, signal.SIGSTOP)
    second = project.run("sync", "orders")
    os.kill(first.process.pid, signal.SIGCONT)
    assert second.code == 5
    assert str(first.process.pid) in second.err
    assert first.wait().code == 0
    assert judge(world, references) == CLEAN


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_that_is_asked_to_stop_finishes_its_calls_and_the_next_one_goes_on(
    make_project: MakeProject, world: World, number: int, code: int
) -> None:
    project = make_project()
    references = [f"B2C-{place(world)}" for _ in range(3)]
    world.faults.add(Fault(kind="latency", operation="OIS100MI/AddBatchLine", seconds=0.3))
    child = project.start("sync", "orders")
    assert wait_for(lambda: any("OIS100MI/AddBatchLine" in request.operations for request in world.requests))
    assert child.process.pid is not None
    os.kill(child.process.pid, number)
    ended = child.wait()
    assert ended.code == code, ended.err
    with sqlite3.connect(project.state_file) as state:
        left = dict(state.execute("select state, count(*) from calls group by state"))
    assert not {"sent", "in_doubt"} & set(left)
    assert project.run("sync", "orders").code == 0
    assert judge(world, references) == CLEAN


@pytest.mark.parametrize("operation", ["OIS100MI/AddBatchHead", "EXPORTMI/Select"])
def test_a_run_that_is_asked_to_stop_begins_nothing_more(
    make_project: MakeProject, world: World, operation: str
) -> None:
    project = make_project()
    references = [f"B2C-{place(world)}" for _ in range(3)]
    number = world.faults.add(Fault(kind="latency", operation=operation, seconds=0.4))
    child = project.start("sync", "orders")
    assert wait_for(lambda: any(operation in request.operations for request in world.requests))
    asked = len(world.requests)
    assert child.process.pid is not None
    os.kill(child.process.pid, signal.SIGTERM)
    ended = child.wait()
    assert ended.code == 143, ended.err
    assert not [
        request for request in list(world.requests)[asked:] if "OIS100MI/Confirm" in request.operations
    ]
    world.faults.remove(number)
    assert project.run("sync", "orders").code == 0
    assert judge(world, references) == CLEAN


def test_an_order_that_changed_after_it_was_entered_goes_to_review_with_the_difference(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    order = place(world)
    assert project.run("sync", "orders").code == 0
    line = next(row for row in rows(world, "shop.order_items") if row["order_id"] == order)
    shop.change_order(world, order, {"quantities": {str(line["id"]): 9}})
    with sqlite3.connect(project.state_file) as state:
        state.execute("update records set not_before = 1 where state = 'done' and not_before is not null")
    ended = project.run("sync", "orders")
    with sqlite3.connect(project.state_file) as state:
        ((where, reason),) = state.execute(
            "select state, reason from records where pipeline = 'orders' and key = ?", [str(order)]
        )
    assert where == "review"
    assert "ORQT: 1 -> 9" in reason
    assert ended.code == 1
    assert judge(world, [f"B2C-{order}"]) == CLEAN


def test_an_order_whose_sweep_is_due_is_entered_after_it_and_not_swept(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    reference = f"B2C-{place(world)}"
    die_at(project, world, "OIS100MI/AddBatchAddress")
    assert project.run("sync", "orders", "--linger", "0s").code == 0
    with sqlite3.connect(project.state_file) as state:
        state.execute("update attempts set sweep_at = 1 where sweep_at is not null")
        state.execute("update records set not_before = null where state = 'ready'")
    assert project.run("sync", "orders").code == 0
    assert judge(world, [reference]) == CLEAN


def in_production(change: Callable[[str], str] = lambda text: text) -> Callable[[str], str]:
    """Call the environment ``qa``, so that it is not the sandbox's any more."""
    return lambda text: change(text).replace("environments:\n  sandbox:", "environments:\n  qa:")


def test_a_first_run_without_a_start_is_refused_with_the_remedy(
    make_project: MakeProject, world: World
) -> None:
    project = make_project(
        change=in_production(
            lambda text: "\n".join(line for line in text.split("\n") if not line.strip().startswith("start:"))
        )
    )
    place(world)
    refused = project.run("sync", "orders", "--env", "qa")
    assert refused.code == 3
    assert "start:" in refused.err
    assert "state baseline" in refused.err
    assert judge(world, []) == Verdict([], [], [], [])
    assert rows(world, "m3.orders") == []


def test_with_a_start_older_orders_are_left_alone(make_project: MakeProject, world: World) -> None:
    project = make_project(change=in_production())
    old = place(world, created="2026-01-01T00:00:00Z")
    new = place(world)
    ended = project.run("sync", "orders", "--env", "qa")
    assert ended.code == 0, ended.err
    assert [row["CUOR"] for row in rows(world, "m3.orders")] == [f"B2C-{new}"]
    told = project.run("trace", str(old), "--env", "qa")
    assert "left alone" in told.out


def test_a_limit_counts_orders_and_not_the_customers_that_they_wait_for(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    references = [f"B2C-{place(world)}" for _ in range(4)]
    assert project.run("sync", "orders", "--limit", "3").code == 0
    assert len(rows(world, "m3.orders")) == 3
    assert project.run("sync", "orders", "--limit", "3").code == 0
    assert judge(world, references) == CLEAN
