"""In a maintenance window M3 is left alone, whoever asks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from m3nop.app.windows import closed
from m3nop.connectors.m3.config import MaintenanceWindow
from m3nop.core.clock import to_instant
from tests.end_to_end.conftest import CLEAN, MakeProject, judge, place

if TYPE_CHECKING:
    from m3nop.sandbox.world import World

NIGHTLY = MaintenanceWindow.model_validate({"cron": "0 2 * * *", "for": "90m", "reason": "nightly jobs"})


def at(text: str, zone: str = "UTC") -> str:
    return closed("erp", [NIGHTLY], to_instant(datetime.fromisoformat(text)), zone=zone)


@pytest.mark.parametrize(
    ("moment", "is_closed"),
    [
        ("2026-11-23T01:59:59Z", False),
        ("2026-11-23T02:00:00Z", True),
        ("2026-11-23T03:29:59Z", True),
        ("2026-11-23T03:30:00Z", False),
    ],
)
def test_a_window_is_closed_from_its_first_moment_until_before_its_last(moment, is_closed):
    assert bool(at(moment)) is is_closed


def test_a_window_is_in_the_time_zone_of_m3():
    assert at("2026-11-23T01:30:00Z", "Europe/Oslo").startswith(
        "erp is in a maintenance window until 2026-11-23 03:30 CET"
    )
    assert at("2026-11-23T03:00:00Z", "Europe/Oslo") == ""


def test_a_sync_in_a_window_sends_nothing_and_says_when_to_come_back(
    make_project: MakeProject, world: World
) -> None:
    begun = datetime.now(UTC).strftime("%M %H") if datetime.now(UTC).second < 58 else "* *"
    minute, hour = begun.split()
    window = (
        f'time_zone: UTC, not_during: [{{cron: "{minute} {hour} * * *", for: 5m, reason: backup}}], timeout'
    )
    project = make_project(change=lambda text: text.replace("timeout", window, 1))
    reference = f"B2C-{place(world)}"
    refused = project.run("sync", "orders")
    assert refused.code == 7
    assert "maintenance window until" in refused.err
    assert "(backup)" in refused.err
    assert "Traceback" not in refused.err
    text = (project.folder / "m3nop.yaml").read_text(encoding="utf-8")
    (project.folder / "m3nop.yaml").write_text(text.replace(window, "timeout"), encoding="utf-8")
    assert project.run("sync", "orders").code == 0
    assert judge(world, [reference]) == CLEAN


def test_a_time_that_is_none_is_a_problem_of_the_project(make_project: MakeProject) -> None:
    project = make_project(
        change=lambda text: text.replace("timeout", 'not_during: [{cron: "61 2 * * *", for: 5m}], timeout', 1)
    )
    told = project.run("validate")
    assert told.code == 3
    assert "five fields" in told.out
