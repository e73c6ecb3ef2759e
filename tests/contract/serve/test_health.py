from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import httpx
import pytest
from starlette.applications import Starlette

from m3nop.app.monitoring.health import PATIENCE, Heartbeats, Readiness
from m3nop.core.clock import SystemClock
from m3nop.core.errors import StateError
from m3nop.serve.health import routes
from m3nop.state.store import SqlState, open_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOWHERE = "postgresql://m3nop:hunter2@db.example.com/m3nop"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SqlState]:
    url = f"sqlite:///{(tmp_path / 'state.db').as_posix()}"
    opened = open_state(url, scope={"environment": "prod"}, clock=SystemClock(), command="run")
    yield opened
    opened.close()


class Service:
    """A service as far as its health is concerned."""

    def __init__(self, state: SqlState | None, *, fresh: float = 0.0) -> None:
        self.state = state
        self.seconds = 0.0
        self.configuration = ""
        self.heartbeats = Heartbeats(now=lambda: self.seconds)
        readiness = Readiness(
            lambda: self.state, heartbeats=self.heartbeats, configuration=lambda: self.configuration
        )
        self._app = Starlette(routes=routes(readiness, self.metrics, fresh=fresh))
        self.failing = False
        self.scrapes = 0

    def ask(self, path: str, method: str = "GET") -> httpx.Response:
        async def exchange() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://m3nop") as client:
                return await client.request(method, path)

        return anyio.run(exchange)

    def metrics(self) -> bytes:
        self.scrapes += 1
        if self.failing:
            msg = f"{NOWHERE} does not answer"
            raise StateError(msg)
        return b"m3nop_build_info 1.0\n"

    def ready(self) -> tuple[int, dict[str, str]]:
        answer = self.ask("/health/ready")
        return answer.status_code, answer.json()["checks"]


def test_a_service_whose_parts_all_work_is_ready(state: SqlState):
    service = Service(state)
    service.heartbeats.beat("schedule", within=5)

    assert service.ready() == (200, {"state": "ok", "configuration": "ok", "loops": "ok"})


def test_it_is_alive_before_it_is_ready():
    service = Service(None)

    assert service.ask("/health/live").status_code == 200
    status, checks = service.ready()
    assert (status, checks["state"]) == (503, "the state is not open yet")


def test_a_state_that_is_gone_is_named_by_its_kind_of_error_and_no_more(state: SqlState, tmp_path: Path):
    service = Service(state)
    state.close()
    service.state = open_state(
        f"sqlite:///{(tmp_path / 'state.db').as_posix()}", scope={"environment": "prod"}, clock=SystemClock(),
        command="status", read_only=True,
    )  # fmt: skip

    status, checks = service.ready()
    service.state.close()

    assert (status, checks["state"]) == (503, "the state cannot be written (StateError)")


def test_a_loop_that_does_not_go_round_in_its_time_is_stuck_until_it_does(state: SqlState):
    service = Service(state)
    service.heartbeats.beat("schedule", within=5)
    service.heartbeats.beat("inbox", within=500)
    service.seconds = 5 + PATIENCE + 1

    assert service.ready() == (503, {"state": "ok", "configuration": "ok", "loops": "stuck: schedule"})
    service.heartbeats.beat("schedule", within=5)
    assert service.ready()[0] == 200
    service.seconds = 10_000.0
    service.heartbeats.end("schedule")
    service.heartbeats.end("inbox")
    assert service.ready()[0] == 200, "what ended as it should is not stuck"


def test_a_configuration_that_was_refused_makes_it_not_ready_and_is_named(state: SqlState):
    service = Service(state)
    service.configuration = "3 problems; see `m3nop validate`"

    status, checks = service.ready()

    assert (status, checks["configuration"]) == (503, "3 problems; see `m3nop validate`")


def test_metrics_are_told_as_prometheus_reads_them(state: SqlState):
    answer = Service(state).ask("/metrics")

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.content == b"m3nop_build_info 1.0\n"


def test_a_scrape_that_fails_says_so_and_tells_nothing_of_where(state: SqlState):
    service = Service(state)
    service.failing = True

    answer = service.ask("/metrics")

    assert answer.status_code == 503
    assert "hunter2" not in answer.text
    assert "example.com" not in answer.text
    assert "StateError" in answer.text


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics"])
def test_nothing_can_be_written_there(path: str, state: SqlState):
    assert Service(state).ask(path, "POST").status_code == 405


def test_the_state_is_asked_once_however_many_ask_at_a_time(state: SqlState) -> None:
    service = Service(state, fresh=60.0)
    assert [service.ask("/metrics").text for _ in range(5)] == ["m3nop_build_info 1.0\n"] * 5
    assert service.scrapes == 1
    assert service.ready()[0] == 200
    service.configuration = "the new one is refused; see the log"
    assert service.ready()[0] == 200
