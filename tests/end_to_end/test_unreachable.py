"""Commands that only read the state while M3 is away, over real HTTP."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import pytest

from m3nop.core import json
from m3nop.sandbox.catalogue import UNKNOWN_SKU
from m3nop.sandbox.server import serve
from tests.end_to_end.conftest import MakeProject, Project, place

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
