"""The service in a process of its own: schedules, the end in order, a project that is read again."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pytest

from m3nop.sandbox.faults import Fault
from tests.end_to_end.conftest import CLEAN, MakeProject, Project, judge, place, wait_for
from tests.end_to_end.services import Running

if TYPE_CHECKING:
    from m3nop.sandbox.world import World

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no signals that a process handles"
)


def often(project: Project, schedule: str = "every 1s") -> None:
    """Let the orders be looked for so often."""
    file = project.folder / "pipelines" / "orders.yaml"
    text = file.read_text(encoding="utf-8")
    assert "schedule: every 5m" in text
    file.write_text(text.replace("schedule: every 5m", f"schedule: {schedule}"), encoding="utf-8")


def test_a_service_enters_orders_as_they_come_and_ends_in_order(
    make_project: MakeProject, world: World, services: list[Running]
) -> None:
    project = make_project()
    often(project)
    references = [f"B2C-{place(world)}"]
    services.append(Running(project, "orders"))
    assert wait_for(lambda: not judge(world, references).missing), services[0].said()
    references.append(f"B2C-{place(world)}")
    assert wait_for(lambda: not judge(world, references).missing), services[0].said()
    busy = project.run("sync", "orders")
    assert busy.code == 5
    assert "(run orders)" in busy.err
    assert project.run("status").code == 0
    assert "asked to end by SIGTERM" in services[0].end()
    assert judge(world, references) == CLEAN
    assert project.run("state", "verify").code == 0


def test_a_service_reads_its_project_again_and_refuses_one_that_is_broken(
    make_project: MakeProject, world: World, services: list[Running]
) -> None:
    project = make_project()
    often(project, "every 9m")
    services.append(Running(project, "orders"))
    services[0].until("orders in sandbox")
    file = project.folder / "pipelines" / "orders.yaml"
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace("key: order.id", "key: ordre.id"), encoding="utf-8")
    services[0].signal(signal.SIGHUP)
    services[0].until("the old configuration goes on")
    file.write_text(whole.replace("every 9m", "every 1s"), encoding="utf-8")
    services[0].signal(signal.SIGHUP)
    services[0].until("the configuration was read again")
    references = [f"B2C-{place(world)}"]
    assert wait_for(lambda: not judge(world, references).missing), services[0].said()
    services[0].end()
    assert judge(world, references) == CLEAN


def test_a_service_whose_systems_do_not_answer_goes_on_and_works_when_they_do(
    make_project: MakeProject, world: World, services: list[Running]
) -> None:
    project = make_project()
    often(project)
    number = world.faults.add(_refusing())
    references = [f"B2C-{place(world)}"]
    services.append(Running(project, "orders"))
    services[0].until("orders:")
    world.faults.remove(number)
    assert wait_for(lambda: not judge(world, references).missing), services[0].said()
    services[0].end()
    assert judge(world, references) == CLEAN


def _refusing() -> Fault:
    return Fault(kind="status", operation="*Order/Search", status=503)
