"""M3 is away, or stumbles while a run begins: what goes on all the same, over real HTTP."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import pytest

from m3nop.core import json
from m3nop.sandbox.catalogue import UNKNOWN_SKU
from m3nop.sandbox.faults import Fault
from m3nop.sandbox.server import serve
from tests.end_to_end.conftest import CLEAN, MakeProject, Project, judge, place

if TYPE_CHECKING:
    from pathlib import Path

    from m3nop.sandbox.world import World


def with_m3_at(url: str, settings: str) -> str:
    changed, count = re.subn(r'erp: {url: "[^"]*"', f'erp: {{url: "{url}"', settings)
    assert count == 1
    return changed


@pytest.fixture
def project(make_project: MakeProject, world: World) -> Project:
    """A project that was synced once, and whose M3 is not there any more."""
    with serve(world) as m3:
        made = make_project(change=partial(with_m3_at, m3.m3_url))
        made.environ["M3_IONAPI"] = json.dumps(m3.ionapi)
        place(world)
        place(world, coupon="WELCOME10")
        place(world, lines=[{"sku": UNKNOWN_SKU, "quantity": 1}])
        assert made.run("sync", "orders").code == 1
    assert made.run("sync", "orders").code == 4
    return made


def test_what_happened_is_told_although_m3_cannot_be_reached(project: Project, tmp_path: Path) -> None:
    commands = {
        ("trace", "1014"): "B2C-1014",
        ("status",): "orders",
        ("runs",): "1 dead",
        ("links", "list"): "1014",
        ("reviews", "list"): "1015",
        ("dead-letters", "list"): UNKNOWN_SKU,
        ("state", "show"): "epoch 1",
        ("state", "verify"): "",
        ("state", "backup", str(tmp_path / "kept.db")): "",
    }
    for command, said in commands.items():
        ended = project.run(*command)
        assert ended.code in (0, 1), (command, ended.err)
        assert said in ended.out, (command, ended.out, ended.err)
        assert "erp" not in ended.err, (command, ended.err)


def test_a_reader_still_refuses_the_state_of_another_system(project: Project) -> None:
    settings = project.folder / "m3nop.yaml"
    other = with_m3_at("http://127.0.0.1:1/OTHER/M3", settings.read_text(encoding="utf-8"))
    settings.write_text(other, encoding="utf-8")

    ended = project.run("status")

    assert ended.code != 0
    assert "belongs to another scope: erp.base_url" in ended.err


STUMBLES = {
    "429": Fault(kind="status", system="m3", operation="GENERAL/*", status=429, retry_after=1),
    "a reset": Fault(kind="reset_after", system="m3", operation="GENERAL/*"),
    "a gateway's page": Fault(kind="html", system="m3", operation="GENERAL/*"),
    "a terminated request": Fault(kind="terminated", system="m3", operation="GENERAL/*"),
    "no token": Fault(kind="status", system="m3", operation="token", status=503),
}


@pytest.mark.parametrize("name", STUMBLES)
def test_a_run_begins_although_its_first_request_meets(
    name: str, make_project: MakeProject, world: World
) -> None:
    project = make_project()
    reference = f"B2C-{place(world)}"
    world.faults.add(STUMBLES[name])

    ended = project.run("sync", "orders")

    assert (ended.code, judge(world, [reference])) == (0, CLEAN), ended.err
    assert [fault["fired"] for fault in world.faults.describe()] == [1]
