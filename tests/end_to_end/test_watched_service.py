"""The service as those see it who watch it: health, metrics, and what it tells of itself."""

from __future__ import annotations

import re
import socket
import sys
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from m3nop.core import json
from m3nop.sandbox.catalogue import UNKNOWN_SKU
from tests.end_to_end.conftest import MakeProject, judge, place, wait_for
from tests.end_to_end.services import Running
from tests.end_to_end.test_service import often, runs
from tests.receiver import receiving

if TYPE_CHECKING:
    from m3nop.sandbox.world import World

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no signals that a process handles"
)

WATCHED = """
listen: {{port: 0}}
alerts:
  channels:
    hook: {{webhook: {{url: "{url}/hook"}}}}
  rules:
    refused: {{when: new_dead_letter_group, to: [hook]}}
  pings:
    orders: {{url: "{url}/ping"}}
"""


def test_a_ping_that_is_not_answered_holds_up_neither_the_next_run_nor_the_others(
    make_project: MakeProject, services: list[Running]
):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        project = make_project(change=lambda text: text + WATCHED.format(url=url))
        often(project)
        services.append(Running(project, "orders"))
        # Each call would be waited for for ten seconds.
        assert wait_for(lambda: runs(project) >= 3, seconds=9), services[0].said()
    said = services[0].end()
    assert said.count("the ping of orders (127.0.0.1)") <= 2


def ask(url: str) -> tuple[int, str]:
    try:
        with urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def values(text: str) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(text)
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def test_a_service_tells_how_it_stands_and_what_is_the_matter(
    make_project: MakeProject, world: World, services: list[Running]
):
    with receiving() as receiver:
        project = make_project(change=lambda text: text + WATCHED.format(url=receiver.url))
        often(project)
        project.forget()
        references = [f"B2C-{place(world)}"]
        place(world, lines=[{"sku": UNKNOWN_SKU, "quantity": 1}])
        service = Running(project, "orders")
        services.append(service)
        service.until("listening on http://")
        url = re.search(r"listening on (\S+)", service.said())[1]
        assert ask(f"{url}/health/live")[0] == 200
        assert wait_for(lambda: not judge(world, references).missing), service.said()

        status, text = ask(f"{url}/health/ready")
        assert (status, json.loads(text)["status"]) == (200, "ready")
        assert wait_for(
            lambda: values(ask(f"{url}/metrics")[1]).get(("m3nop_runs_total", "orders", "ok"), 0) > 0
        )
        told = values(ask(f"{url}/metrics")[1])
        assert told["m3nop_records_processed_total", "orders", "done"] >= 1
        assert told["m3nop_records", "orders", "dead"] == 1
        assert told["m3nop_request_duration_seconds_count", "erp", "OIS100MI"] >= 1
        assert ask(f"{url}/something-else")[0] == 404

        said = service.end()
        assert "alert" not in said
        # At the latest when it ends it looks for alerts.
        hooked = [json.loads(body) for _, path, _, body in receiver.requests if path == "/hook"]
        assert [one["status"] for document in hooked for one in document["alerts"]][:1] == ["new"]
        pings = [path for _, path, _, _ in receiver.requests if path != "/hook"]
        assert pings[:2] == ["/ping/start", "/ping"]
