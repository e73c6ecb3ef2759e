from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from m3nop.core import json
from m3nop.sandbox.catalogue import UNKNOWN_SKU
from tests.end_to_end.conftest import place
from tests.receiver import Receiver, receiving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.end_to_end.conftest import MakeProject, Project

ALERTS = """
alerts:
  channels:
    hook: {{webhook: {{url: "{url}/hook"}}}}
    gone: {{slack: "${{secret:NOWHERE}}"}}
  rules:
    refused: {{when: new_dead_letter_group, to: [hook, gone]}}
    failed: {{when: pipeline_failed, to: [hook], severity: critical}}
    down: {{when: circuit_open, to: [hook]}}
  pings:
    orders: {{url: "{url}/ping"}}
"""
WRONG = {"SHOP_PASSWORD": "wrong"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as kept:
        yield kept


@pytest.fixture
def project(make_project: MakeProject, receiver: Receiver) -> Project:
    change: Callable[[str], str] = lambda text: text + ALERTS.format(url=receiver.url)  # noqa: E731
    return make_project(change=change)


def told(receiver: Receiver) -> list[tuple[str, str]]:
    """Return, and forget, what the hook was told: status and subject."""
    found = [json.loads(body) for _, path, _, body in receiver.requests if path == "/hook"]
    pinged.extend(path for _, path, _, _ in receiver.requests if path != "/hook")
    receiver.requests.clear()
    return [(one["status"], one["subject"]) for document in found for one in document["alerts"]]


pinged: list[str] = []


def sync(project: Project, **environ: str) -> tuple[int, str]:
    ended = project.run("sync", "orders", "--quiet", "--linger", "0s", **environ)
    return ended.code, ended.err


def test_a_failure_is_told_once_and_its_end_and_no_channel_changes_how_a_run_ends(
    project: Project, receiver: Receiver
):
    pinged.clear()
    assert sync(project)[0] == 0
    assert told(receiver) == []

    code, said = sync(project, **WRONG)
    assert code == 4
    assert "alert" not in said
    assert told(receiver) == [("new", "orders"), ("new", "shop")]
    assert sync(project, **WRONG)[0] == 7
    assert told(receiver) == []

    listed = json.loads(project.run("alerts", "list", "--json").out)
    assert [(one["rule"], one["subject"], one["severity"]) for one in listed] == [
        ("down", "shop", "warning"), ("failed", "orders", "critical"),
    ]  # fmt: skip
    assert all(one["told"] and one["until"] is None for one in listed)

    assert project.run("circuits", "close", "shop").code == 0
    assert sync(project)[0] == 0
    assert sorted(told(receiver)) == [("over", "orders"), ("over", "shop")]
    assert project.run("alerts", "list").err == "nothing is the matter that anybody is to be told of\n"
    assert pinged == ["/ping/start", "/ping", "/ping/start", "/ping/fail", "/ping", "/ping/start", "/ping"]


def test_a_channel_that_cannot_be_used_is_said_and_changes_no_exit_code(project: Project, receiver: Receiver):
    order = place(project.world, lines=[{"sku": UNKNOWN_SKU, "quantity": 1}])

    code, said = sync(project)

    assert code == 1
    assert "an alert was not sent and will be tried again: the secret NOWHERE is nowhere to be found" in said
    ((status, subject),) = told(receiver)
    assert status == "new"
    assert subject.startswith("orders: OIS100MI/AddBatchLine ")
    assert str(order) not in subject

    assert sync(project, NOWHERE=f"{receiver.url}/slack")[0] == 0
    assert [path for _, path, _, _ in receiver.requests if path == "/slack"] == ["/slack"]
    assert told(receiver) == [], "the other channel knows already"


def test_channels_can_be_tried(project: Project, receiver: Receiver):
    tried = project.run("alerts", "test", "--json", NOWHERE="http://127.0.0.1:1/services/secret")

    assert tried.code == 4
    hook, gone = json.loads(tried.out)
    assert (hook["channel"], hook["error"]) == ("hook", None)
    assert gone["error"].startswith("channel gone (127.0.0.1): no connection")
    assert told(receiver) == [("test", "hook")]

    one = project.run("alerts", "test", "hook")
    assert (one.code, one.out) == (0, "channel hook took it\n")
    unknown = project.run("alerts", "test", "hok")
    assert (unknown.code, unknown.err) == (2, "m3nop: there is no channel 'hok'; did you mean 'hook'?\n")
