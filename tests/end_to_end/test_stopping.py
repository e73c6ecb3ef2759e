"""SIGTERM in every phase of a run: it ends in order, the state is whole, and the next run completes what is left."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from typing import TYPE_CHECKING

import pytest

from m3nop.sandbox.faults import Fault
from tests.end_to_end.conftest import CLEAN, MakeProject, Project, judge, place, wait_for
from tests.end_to_end.test_crashes import begin_again, crash_points
from tests.end_to_end.test_interruptions import die_at

if TYPE_CHECKING:
    from m3nop.sandbox.world import World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that can be handled")

PLACES = 6
"""Crash points that are tried, spread over the whole run."""


def unanswered(project: Project) -> int:
    """Count the calls whose answer nobody waits for."""
    with sqlite3.connect(project.state_file) as state:
        ((count,),) = state.execute("SELECT count(*) FROM calls WHERE state = 'sent'")
    return int(count)


def claimed(project: Project) -> int:
    """Count the records that somebody works on."""
    with sqlite3.connect(project.state_file) as state:
        ((count,),) = state.execute("SELECT count(*) FROM claims")
    return int(count)


def assert_whole(project: Project) -> None:
    """Check that a run that has ended has let go of everything."""
    assert (unanswered(project), claimed(project)) == (0, 0)
    verified = project.run("state", "verify")
    assert verified.code == 0, verified.err


@pytest.mark.timeout(300)
def test_a_run_that_is_asked_to_stop_anywhere_is_completed_by_the_next(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    references = begin_again(project, world)
    points = crash_points(project)
    codes = []
    for point in range(2, points + 1, points // PLACES):
        references = begin_again(project, world)
        stopped = project.run("sync", "orders", M3NOP_CRASHPOINT=f"*#{point}", M3NOP_CRASH_SIGNAL="SIGTERM")
        assert stopped.code in (0, 143), (point, stopped.err)
        assert (unanswered(project), claimed(project)) == (0, 0), point
        codes.append(stopped.code)
        resumed = project.run("sync", "orders")
        assert (resumed.code, judge(world, references)) == (0, CLEAN), (point, resumed.err)
    # Only where nothing is left to do it is too late to stop.
    assert codes.count(0) <= 1


@pytest.mark.parametrize("operation", ["Order/Search", "OIS100MI/AddBatchHead", "OIS100MI/Confirm"])
def test_a_run_that_is_asked_to_stop_while_it_waits_for_an_answer_takes_the_answer_in(
    make_project: MakeProject, world: World, operation: str
) -> None:
    project = make_project()
    references = [f"B2C-{place(world)}" for _ in range(2)]
    number = world.faults.add(Fault(kind="latency", operation=f"*{operation}", seconds=0.4))
    stop_during(project, world, operation)
    world.faults.remove(number)
    assert_whole(project)
    assert project.run("sync", "orders").code == 0
    assert judge(world, references) == CLEAN


def test_a_run_that_is_asked_to_stop_while_it_probes_leaves_the_doubt_to_the_next(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    reference = f"B2C-{place(world)}"
    die_at(project, world, "OIS100MI/Confirm")
    number = world.faults.add(Fault(kind="latency", operation="OIS275MI/GetTmpOrderStat", seconds=0.4))
    stop_during(project, world, "OIS275MI/GetTmpOrderStat")
    world.faults.remove(number)
    assert_whole(project)
    assert project.run("sync", "orders").code == 0
    assert judge(world, [reference]) == CLEAN


def test_a_run_that_is_asked_to_stop_while_it_sweeps_leaves_the_orphan_to_the_next(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    reference = f"B2C-{place(world)}"
    fault = world.faults.add(Fault(kind="late_effect", operation="OIS100MI/AddBatchHead", seconds=3))
    assert project.run("sync", "orders").code == 0
    world.faults.remove(fault)
    with sqlite3.connect(project.state_file) as state:
        state.execute("update attempts set sweep_at = 1 where sweep_at is not null")
    number = world.faults.add(Fault(kind="latency", operation="EXPORTMI/Select", seconds=0.4))
    stop_during(project, world, "EXPORTMI/Select")
    world.faults.remove(number)
    assert_whole(project)
    world.settle()
    assert project.run("sync", "orders").code == 0
    assert judge(world, [reference]) == CLEAN


def stop_during(project: Project, world: World, operation: str) -> None:
    """Run, and ask the run to stop while a request for this operation is under way."""
    begun = len(world.requests)
    child = project.start("sync", "orders")
    seen = wait_for(
        lambda: any(
            name.endswith(operation)
            for request in list(world.requests)[begun:]
            for name in request.operations
        ),
        seconds=20,
    )
    assert seen, "the run never came to that operation"
    assert child.process.pid is not None
    os.kill(child.process.pid, signal.SIGTERM)
    ended = child.wait()
    assert ended.code == 143, ended.err
