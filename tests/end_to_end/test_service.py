"""The service in a process of its own: schedules, the end in order, a project that is read again."""

from __future__ import annotations

import signal
import socket
import sqlite3
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from m3nop.sandbox.faults import Fault
from tests.end_to_end.children import CLOCK
from tests.end_to_end.conftest import CLEAN, MakeProject, Project, judge, place, wait_for
from tests.end_to_end.services import Running
from tests.end_to_end.shops import make

if TYPE_CHECKING:
    from pathlib import Path

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


def test_a_service_goes_on_with_the_systems_that_its_state_belongs_to(
    make_project: MakeProject, world: World, services: list[Running]
) -> None:
    project = make_project()
    often(project, "every 1s")
    services.append(Running(project, "orders"))
    assert wait_for(lambda: runs(project) > 0)
    file = project.folder / "m3nop.yaml"
    whole = file.read_text(encoding="utf-8")
    for change in (("company: 100", "company: 200"), (f'url: "{project.url}', 'url: "http://127.0.0.1:9')):
        changed = whole.replace(*change)
        assert changed != whole
        file.write_text(changed, encoding="utf-8")
        before = services[0].said().count("belongs to another scope")
        services[0].signal(signal.SIGHUP)
        services[0].until("belongs to another scope", times=before + 1)
    references = [f"B2C-{place(world)}"]
    assert wait_for(lambda: not judge(world, references).missing), services[0].said()
    assert services[0].end().count("the old configuration goes on") == 2


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


def test_an_hour_in_which_the_machine_slept_is_made_up_for_by_one_run(
    make_project: MakeProject, world: World, services: list[Running], tmp_path: Path
) -> None:
    project = make_project()
    clock = tmp_path / "clock"
    clock.write_text("0", encoding="ascii")
    services.append(Running(project, "orders", **{CLOCK: str(clock)}))
    assert wait_for(lambda: runs(project) == 1)
    services[0].signal(signal.SIGSTOP)
    clock.write_text("3600", encoding="ascii")
    references = [f"B2C-{place(world)}"]
    services[0].signal(signal.SIGCONT)
    assert wait_for(lambda: not judge(world, references).missing), services[0].said()
    assert wait_for(lambda: runs(project) == 2)
    # Were the eleven others still to come, the next one would have begun by now.
    assert not wait_for(lambda: runs(project) > 2, seconds=1.5)
    services[0].end()


def test_systemd_is_told_when_the_service_is_ready_and_when_it_stops(
    make_project: MakeProject, services: list[Running], tmp_path: Path
) -> None:
    project = make_project()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(30)
        services.append(
            Running(project, "orders", NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="2000000")
        )
        told = [listening.recv(100) for _ in range(2)]
        services[0].end()
        listening.settimeout(0.1)
        with suppress(TimeoutError):
            while True:
                told.append(listening.recv(100))
    assert told[0] == b"READY=1"
    assert told[1] == b"WATCHDOG=1"
    assert told[-1] == b"STOPPING=1"


def test_a_service_waits_until_a_maintenance_window_is_over(
    make_project: MakeProject, world: World, services: list[Running], tmp_path: Path
) -> None:
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    clock = tmp_path / "clock"
    clock.write_text(str((noon - datetime.now(UTC)).total_seconds()), encoding="ascii")
    window = "rate_limit: null, time_zone: UTC, not_during: [{cron: '0 12 * * *', for: 1h, reason: closing}]"
    project = make_project(change=lambda text: text.replace("rate_limit: null", window))
    services.append(Running(project, "orders", **{CLOCK: str(clock)}))
    services[0].until("in a maintenance window until")
    assert runs(project) == 0
    clock.write_text(str((noon - datetime.now(UTC)).total_seconds() + 3700), encoding="ascii")
    assert wait_for(lambda: runs(project) > 0), services[0].said()
    services[0].end()


def test_a_project_with_a_sandbox_of_its_own_keeps_it_when_it_is_read_again(
    services: list[Running], tmp_path: Path
) -> None:
    project = make(tmp_path)
    services.append(Running(project, "orders"))
    state = project.folder / ".m3nop" / "sandbox" / "state.db"
    assert wait_for(lambda: runs_in(state) == 1), services[0].said()
    project.change("schedule: every 5m", "schedule: every 1s", file="pipelines/orders.yaml")
    services[0].signal(signal.SIGHUP)
    services[0].until("the configuration was read again")
    assert wait_for(lambda: runs_in(state) >= 3), services[0].said()
    services[0].end()
    assert {run["result"] for run in project.read("runs")} == {"ok"}


def test_a_poll_that_the_end_of_a_service_cuts_short_is_made_by_the_next(
    make_project: MakeProject, world: World, services: list[Running]
) -> None:
    project = make_project()
    number = world.faults.add(Fault(kind="latency", operation="*Order/Search", seconds=1))
    references = [f"B2C-{place(world)}"]
    services.append(Running(project, "orders"))
    assert wait_for(lambda: any("Order/Search" in str(one.operations) for one in list(world.requests)))
    services[0].end()
    world.faults.remove(number)
    assert judge(world, references).missing == references
    services.append(Running(project, "orders"))
    assert wait_for(lambda: not judge(world, references).missing), services[1].said()
    services[1].end()
    assert judge(world, references) == CLEAN


def runs(project: Project) -> int:
    """Count the runs that have ended."""
    return runs_in(project.state_file)


def runs_in(file: Path) -> int:
    """Count the runs that have ended, in a state that may not be there yet."""
    if not file.exists():
        return 0
    with sqlite3.connect(file) as state, suppress(sqlite3.OperationalError):
        ((count,),) = state.execute("SELECT count(*) FROM runs WHERE ended_at IS NOT NULL")
        return int(count)
    return 0
