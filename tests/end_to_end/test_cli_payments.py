"""Payments by the command line, over real HTTP: what people decide about a movement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox import shop
from tests.end_to_end.conftest import CLEAN, MakeProject, Project, judge, place, rows

if TYPE_CHECKING:
    from m3nop.sandbox.world import World


def with_news(project: Project) -> Project:
    """Let every order be read again by the next run."""
    file = project.folder / "pipelines" / "payments.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("every: 15m", "every: 0.1s"), encoding="utf-8")
    return project


def edit(world: World, order: int) -> None:
    line = next(row for row in rows(world, "shop.order_items") if row["order_id"] == order)
    shop.change_order(world, order, {"quantities": {line["id"]: 3}})


def texts(world: World) -> list[str]:
    return [row["DESC"].split()[1] for row in rows(world, "m3.ledger_batches")]


def test_a_movement_that_waits_for_a_person_is_released_or_rejected(
    make_project: MakeProject, world: World
) -> None:
    project = with_news(make_project())
    released, rejected = place(world), place(world)
    assert project.run("sync", "payments").code == 0
    assert texts(world) == ["capture", "capture"]

    for order in (released, rejected):
        edit(world, order)
    changed = project.run("sync", "payments")
    assert changed.code == 1, changed.err
    assert "after the payment was entered in M3" in project.run("reviews", "list").out

    refused = project.run("reviews", "reject", f"payments/{rejected}", "--reason", "booked by hand")
    assert refused.code == 0, refused.err
    passed = project.run("reviews", "release", f"payments/{released}", "--reason", "paid by card at the desk")
    assert passed.code == 0, passed.err
    project.run("sync", "payments")
    assert texts(world) == ["capture"] * 3
    assert project.run("sync", "payments").code == 0
    assert texts(world) == ["capture"] * 3


def test_a_mistake_in_a_pipeline_stops_that_one_and_all_but_not_another(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    broken = project.folder / "pipelines" / "payments.yaml"
    broken.write_text(broken.read_text(encoding="utf-8").replace("steps:", "stepz:"), encoding="utf-8")
    order = place(world)
    assert project.run("sync", "orders").code == 0
    assert judge(world, [f"B2C-{order}"]) == CLEAN
    assert [project.run("sync", name).code for name in ("payments", "--all")] == [3, 3]


def test_a_pipeline_that_is_switched_off_says_so_and_is_left_out_of_all(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    ended = project.run("sync", "payments_ar")
    assert (ended.code, ended.err.strip()) == (
        2,
        "m3nop: payments_ar is switched off in sandbox: see its `enabled_when`",
    )
    place(world)
    assert project.run("sync", "--all").code == 0
    assert texts(world) == ["capture"]
