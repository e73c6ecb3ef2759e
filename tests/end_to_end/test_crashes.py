"""A run that is killed anywhere is taken up by the next one: every order is entered once."""

from __future__ import annotations

import sqlite3
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import pytest

from m3nop.core import json
from tests.end_to_end.conftest import CLEAN, MakeProject, Prepare, Project, judge, place

if TYPE_CHECKING:
    from m3nop.sandbox.world import Request, World

SLICES = 4
"""The points of a dialect are shared out, so that several processes can try them at once."""
WHOLE = 9
"""At each ninth point the runs are commands, from the reading of the files to the exit code."""

ACTING = frozenset(
    f"OIS100MI/{name}"
    for name in (
        "AddBatchHead",
        "AddBatchAddress",
        "AddBatchText",
        "AddBatchLine",
        "AddBatchHeadChg",
        "Confirm",
    )
)


def watch_the_call_log(project: Project, world: World) -> list[str]:
    """Note every call that M3 receives before the state file says that it was sent."""
    unlogged: list[str] = []

    def look(request: Request) -> None:
        acting = Counter(name for name in request.operations if name in ACTING)
        if request.system != "m3" or not acting:
            return
        with sqlite3.connect(f"file:{project.state_file}?mode=ro", uri=True) as state:
            sent = Counter(
                name for (name,) in state.execute("select operation from calls where state = 'sent'")
            )
        unlogged.extend((acting - sent).elements())

    world.on_request.append(look)
    return unlogged


def crash_points(project: Project) -> int:
    log = project.scratch / "crash.log"
    ended = project.run("sync", "orders", M3NOP_CRASH_LOG=str(log))
    assert ended.code == 0, ended.err
    return len(log.read_text().splitlines())


def begin_again(project: Project, world: World) -> list[str]:
    """Empty both systems of orders, forget the state, and place two new orders; return their references."""
    project.forget()
    with world.books.change():
        for table in ("m3.orders", "m3.order_lines", "m3.batch_orders", "m3.batch_lines", "shop.orders"):
            world.books.table(table).clear()
    return [f"B2C-{place(world)}" for _ in range(2)]


def slice_of(points: int, part: int) -> range:
    """Return the points, from 1 on, that one of the slices tries."""
    return range(1 + part, points + 1, SLICES)


def test_the_slices_cover_every_crash_point() -> None:
    for points in range(200):
        tried = [point for part in range(SLICES) for point in slice_of(points, part)]
        assert sorted(tried) == list(range(1, points + 1))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(SLICES))
@pytest.mark.parametrize("dialect", ["official", "oss"])
def test_a_run_killed_at_any_crash_point_is_completed_by_the_next(
    make_project: MakeProject, world: World, prepare: Prepare, dialect: str, part: int
) -> None:
    project = make_project(dialect=dialect)
    references = begin_again(project, world)
    points = crash_points(project)
    assert judge(world, references) == CLEAN
    assert points > 40
    unlogged = watch_the_call_log(project, world)
    failed: dict[int, str] = {}
    prepared = prepare(project, "orders")
    command = partial(project.run, "sync", "orders")
    for point in slice_of(points, part):
        references = begin_again(project, world)
        run = prepared.run if point % WHOLE else command
        killed = run(M3NOP_CRASHPOINT=f"*#{point}")
        resumed = run()
        verdict = judge(world, references)
        if resumed.code != 0 or verdict != CLEAN or (killed.code != -9 and point < points - 5):
            failed[point] = f"{killed.code} {resumed.code} {verdict} {resumed.err[-400:]}"
    assert failed == {}
    assert unlogged == []


def test_the_json_of_a_summary_counts_what_was_delivered(make_project: MakeProject, world: World) -> None:
    project = make_project()
    order = place(world)
    ended = project.run("sync", "orders", "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["counts"]["done"] >= 1
    assert judge(world, [f"B2C-{order}"]) == CLEAN
