"""A service whose clock is set, back and ahead and back again: events go on, schedules too, and nothing comes twice."""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from m3nop.core import json
from tests.end_to_end.children import CLOCK
from tests.end_to_end.conftest import CLEAN, MakeProject, judge, place, wait_for
from tests.end_to_end.hooks import SECRETS, Sender, listening, port_of, signed
from tests.end_to_end.services import Running
from tests.end_to_end.test_service import often, runs

if TYPE_CHECKING:
    from pathlib import Path

    from m3nop.sandbox.world import World

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no signals that a process handles"
)


def test_events_and_schedules_go_on_whatever_the_clock_is_set_to(
    make_project: MakeProject, world: World, services: list[Running], tmp_path: Path
) -> None:
    project = make_project(change=listening)
    often(project, "every 2s")
    clock = tmp_path / "clock"
    set_to(clock, 0)
    services.append(Running(project, "orders", **SECRETS, **{CLOCK: str(clock)}))
    services[0].until("listening on")
    sender = Sender(port_of(services[0].said()))
    services[0].senders.append(sender)
    references: list[str] = []

    def all_are_entered() -> bool:
        return not judge(world, references).missing

    for number, offset in enumerate([0, -3_600, 86_400, 0]):
        set_to(clock, offset)
        order, before = place(world), runs(project)
        references.append(f"B2C-{order}")
        body = json.dumps({"type": "order.placed", "data": {"id": order}}).encode()
        headers = signed(body, number=f"m{number}", at=time.time() + offset)
        assert sender.send("/hooks/events", body, headers).status == 202
        assert wait_for(all_are_entered), (offset, services[0].said())
        # One run is that of the event.
        assert wait_for(partial(lambda least: runs(project) >= least, before + 3)), offset
    services[0].end()
    assert judge(world, references) == CLEAN


def set_to(clock: Path, offset: int) -> None:
    """Set the clock of the service, all at once: it is looked at from several threads."""
    written = clock.with_suffix(".new")
    written.write_text(str(offset), encoding="ascii")
    written.replace(clock)
