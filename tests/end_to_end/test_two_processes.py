"""Two processes on one PostgreSQL state: they share the work, and one that stands still and wakes does no harm."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from m3nop.sandbox.faults import Fault
from tests.end_to_end.conftest import CLEAN, MakeProject, Project, judge, place, rows, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.sandbox.world import World
    from tests.end_to_end.children import Child

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGSTOP")

LEASE = 2
"""Seconds that one which stands still keeps what it works on."""


def shared(url: str, lease: int = LEASE) -> Callable[[str], str]:
    """Keep the state in PostgreSQL."""
    state = f'state: {{url: "{url}", lease: {lease}s}}'
    return lambda text: text.replace("  sandbox:\n", f"  sandbox:\n    {state}\n", 1)


def ask(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Ask the database something, or change it."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def stop_during(project: Project, world: World, operation: str) -> Child:
    """Run, and let the process stand still while a request for this operation is under way."""
    begun = len(world.requests)
    child = project.start("sync", "orders")
    seen = wait_for(
        lambda: any(operation in request.operations for request in list(world.requests)[begun:]), seconds=20
    )
    assert seen, "the run never came to that operation"
    assert child.process.pid is not None
    os.kill(child.process.pid, signal.SIGSTOP)
    return child


def wake(child: Child) -> None:
    """Let a process that stands still go on."""
    assert child.process.pid is not None
    os.kill(child.process.pid, signal.SIGCONT)


def let_it_arrive(world: World) -> None:
    """Let what is under way since long ago take effect now."""
    with world.books.change():
        under_way = world.books.table("sandbox.effects")
        for number, effect in list(under_way.items()):
            under_way[number] = {**effect, "due": 0}


def let_the_lease_end(url: str) -> None:
    """Wait until the lease of every owner has ended."""
    late = "SELECT 1 FROM owners WHERE expires_at > extract(epoch FROM clock_timestamp()) * 1000000"
    assert wait_for(lambda: not ask(url, late), seconds=10)


def test_two_runs_at_once_enter_each_order_once_between_them(
    make_project: MakeProject, world: World, postgres_url: str
) -> None:
    project = make_project(change=shared(postgres_url, lease=30))
    # The customer of them all is entered by then.
    references = [f"B2C-{place(world)}"]
    assert project.run("sync", "orders").code == 0
    references += [f"B2C-{place(world)}" for _ in range(8)]
    world.faults.add(Fault(kind="latency", operation="OIS100MI/AddBatchLine", seconds=0.3))
    runs = [project.start("sync", "orders", "--limit", "4") for _ in range(2)]
    for ended in [run.wait() for run in runs]:
        assert ended.code == 0, ended.err
    assert judge(world, references) == CLEAN
    done = ask(
        postgres_url, "SELECT run_id, count(DISTINCT record_id) FROM calls WHERE step = 'confirm' GROUP BY 1"
    )
    assert sorted(count for _, count in done) == [1, 4, 4]
    ((overlap,),) = ask(postgres_url, "SELECT max(started_at) < min(ended_at) FROM runs WHERE id > 1")
    assert overlap
    assert ask(postgres_url, "SELECT * FROM owners") == ask(postgres_url, "SELECT * FROM claims") == []


def test_stores_are_run_beside_each_other(make_project: MakeProject, world: World, postgres_url: str) -> None:
    project = make_project(change=shared(postgres_url, lease=30))
    # The customers are entered by then.
    references = [f"B2C-{place(world)}", f"B2B-{place(world, store_id=2)}"]
    assert project.run("sync", "orders").code == 0
    references += [f"B2C-{place(world)}" for _ in range(2)]
    references += [f"B2B-{place(world, store_id=2)}" for _ in range(2)]
    world.faults.add(Fault(kind="latency", operation="OIS100MI/AddBatchLine", seconds=0.3))
    runs = [project.start("sync", "orders", "--store", store) for store in ("b2c", "b2b")]
    for ended in [run.wait() for run in runs]:
        assert ended.code == 0, ended.err
    assert judge(world, references) == CLEAN
    by_run = ask(
        postgres_url,
        "SELECT run_id, store FROM calls JOIN records ON records.id = record_id WHERE step = 'confirm' AND run_id > 1 GROUP BY 1, 2",
    )
    assert sorted(store for _, store in by_run) == ["b2b", "b2c"]
    assert len({run for run, _ in by_run}) == 2


def test_a_run_leaves_what_a_stopped_one_works_on_alone_while_its_lease_lasts(
    make_project: MakeProject, world: World, postgres_url: str
) -> None:
    project = make_project(change=shared(postgres_url, lease=600))
    first = f"B2C-{place(world)}"
    assert project.run("sync", "customers").code == 0
    world.faults.add(Fault(kind="latency", operation="OIS100MI/AddBatchHead", seconds=0.3))
    stopped = stop_during(project, world, "OIS100MI/AddBatchHead")
    second = f"B2C-{place(world)}"
    assert project.run("sync", "orders").code == 0
    assert [row["CUOR"] for row in rows(world, "m3.orders")] == [second]
    wake(stopped)
    assert stopped.wait().code == 0
    assert judge(world, [first, second]) == CLEAN


@pytest.mark.parametrize("operation", ["OIS100MI/AddBatchHead", "OIS100MI/Confirm"])
def test_a_stopped_owner_that_wakes_writes_nothing_and_leaves_at_most_an_orphan_that_is_swept(
    make_project: MakeProject, world: World, postgres_url: str, operation: str
) -> None:
    project = make_project(change=shared(postgres_url))
    reference = f"B2C-{place(world)}"
    # What it sent before it stood still arrives later than anybody waits for.
    fault = world.faults.add(Fault(kind="late_effect", operation=operation, seconds=600))
    stopped = stop_during(project, world, operation)
    world.faults.remove(fault)
    let_the_lease_end(postgres_url)
    other = project.run("sync", "orders")
    assert other.code == 0, other.err
    assert [row["CUOR"] for row in rows(world, "m3.orders")] == [reference]
    seen, state = len(world.requests), ask(postgres_url, "SELECT * FROM records ORDER BY id")

    wake(stopped)
    woken = stopped.wait()

    # It depends on whether it stood still while it wrote, which the server ended meanwhile.
    assert woken.code in (3, 5), woken.err
    assert list(world.requests)[seen:] == []
    assert ask(postgres_url, "SELECT * FROM records ORDER BY id") == state
    let_it_arrive(world)
    orphans = 1 if operation == "OIS100MI/AddBatchHead" else 0
    assert len(judge(world, [reference]).orphans) == orphans
    ask(postgres_url, "UPDATE attempts SET sweep_at = 1 WHERE sweep_at IS NOT NULL")
    assert project.run("sync", "orders").code == 0
    assert judge(world, [reference]) == CLEAN


def test_what_a_killed_process_worked_on_is_taken_over_at_once(
    make_project: MakeProject, world: World, postgres_url: str
) -> None:
    project = make_project(change=shared(postgres_url))
    references = [f"B2C-{place(world)}" for _ in range(2)]
    world.faults.add(Fault(kind="latency", operation="OIS100MI/AddBatchLine", seconds=0.4))
    killed = project.start("sync", "orders")
    assert wait_for(lambda: any("OIS100MI/AddBatchLine" in request.operations for request in world.requests))
    killed.process.kill()
    assert killed.wait().code == -9
    ended = project.run("sync", "orders")
    assert ended.code == 0, ended.err
    assert judge(world, references) == CLEAN


def test_a_shared_state_that_was_lost_is_rebuilt_and_nothing_is_entered_again(
    make_project: MakeProject, world: World, postgres_url: str
) -> None:
    project = make_project(change=shared(postgres_url, lease=30))
    references = [f"B2C-{place(world)}" for _ in range(3)]
    assert project.run("sync", "orders").code == 0
    before = {row["CUOR"]: row["ORNO"] for row in rows(world, "m3.orders")}
    ask(postgres_url, "DROP SCHEMA public CASCADE")
    ask(postgres_url, "CREATE SCHEMA public")

    rebuilt = project.run("state", "rebuild")

    assert rebuilt.code == 0, rebuilt.err
    linked = dict(ask(postgres_url, "SELECT 'B2C-' || key, m3 FROM links WHERE pipeline = 'orders'"))
    assert linked == before
    assert project.run("sync", "orders").code == 0
    assert judge(world, references) == CLEAN
    assert project.run("state", "verify").out == "everything fits\n"
