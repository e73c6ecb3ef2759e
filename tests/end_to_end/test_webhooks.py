"""Webhooks into a running service: from the order in the shop to the order in M3, and everything that is refused."""

from __future__ import annotations

import signal
import sqlite3
import sys
import time
import zlib
from typing import TYPE_CHECKING

import pytest

from m3nop.core import json
from m3nop.core.clock import SystemClock, to_text
from m3nop.sandbox import shop
from m3nop.sandbox.faults import Fault
from tests.end_to_end.conftest import CLEAN, MakeProject, Project, judge, place, wait_for
from tests.end_to_end.hooks import SECRETS, Sender, listening, of_plugin, port_of, signed
from tests.end_to_end.services import Running
from tests.end_to_end.test_two_processes import ask, shared

if TYPE_CHECKING:
    from m3nop.sandbox.world import World

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no signals that a process handles"
)
BODY = json.dumps({"type": "order.placed", "data": {"id": 1}}).encode()


def serve(project: Project, services: list[Running], **environ: str) -> Sender:
    """Start a service, and return a sender to it."""
    services.append(Running(project, "orders", **SECRETS, **environ))
    services[-1].until("listening on")
    services[-1].senders.append(Sender(port_of(services[-1].said())))
    return services[-1].senders[-1]


def inbox(project: Project) -> dict[str, int]:
    """Count the messages by where they stand."""
    with sqlite3.connect(project.state_file) as state:
        return dict(state.execute("SELECT state, count(*) FROM inbox GROUP BY state").fetchall())


def test_an_order_is_in_m3_seconds_after_its_hook_and_once_however_often_the_hook_comes(
    make_project: MakeProject,
    world: World,
    services: list[Running],
) -> None:
    project = make_project(change=listening)
    sender = serve(project, services)
    assert wait_for(lambda: "mark" in str(_marks(project)))
    order = place(world, created=to_text(SystemClock().now()))
    begun = time.monotonic()
    assert sender.hook(order, number="msg_a").status == 202
    assert wait_for(lambda: not judge(world, [f"B2C-{order}"]).missing), services[0].said()
    took = time.monotonic() - begun
    assert [sender.hook(order, number="msg_a").status for _ in range(3)] == [200] * 3
    assert sender.hook(order, topic="order.paid").status == 202
    assert sender.hook(order, topic="nobody.asked").status == 202
    assert sender.hook(999_999).status == 202
    assert wait_for(lambda: inbox(project) == {"handled": 3, "ignored": 1})
    services[0].end()
    assert judge(world, [f"B2C-{order}"]) == CLEAN
    assert took < 3
    traced = json.loads(project.run("trace", f"orders/{order}", "--json").out)
    (told,) = [one["events"] for one in traced["records"]]
    assert [(one["topic"], one["source"], one["state"]) for one in told] == [
        ("order.placed", "events", "handled"), ("order.paid", "events", "handled"),
    ]  # fmt: skip
    unknown = project.run("trace", "orders/999999")
    assert (unknown.code, "the event order.placed named it at" in unknown.out) == (1, True)
    assert "order.paid from events: handled" in project.run("trace", f"orders/{order}").out


def _marks(project: Project) -> list[tuple[str]]:
    """Return what the first poll has left, once it is over."""
    with sqlite3.connect(project.state_file) as state:
        return state.execute("SELECT 'mark' FROM runs WHERE ended_at IS NOT NULL").fetchall()


def test_what_is_not_right_has_its_status_and_leaves_no_trace(
    make_project: MakeProject,
    services: list[Running],
) -> None:
    project = make_project(change=listening)
    sender = serve(project, services)
    send, good = sender.send, signed(BODY, number="m1")
    big = b'{"type": "' + b"x" * 30_000 + b'"}'
    bomb = zlib.compress(b'{"type": "' + b"x" * 5_000_000 + b'"}')
    statuses = {
        "forged": send("/hooks/events", BODY, signed(BODY, number="m1", key=b"another")).status,
        "changed": send("/hooks/events", BODY + b" ", good).status,
        "unsigned": send("/hooks/events", BODY).status,
        "late": send("/hooks/events", BODY, signed(BODY, number="m1", at=time.time() - 400)).status,
        "early": send("/hooks/events", BODY, signed(BODY, number="m1", at=time.time() + 400)).status,
        "large": send("/hooks/events", big, signed(big, number="m2")).status,
        "compressed": send("/hooks/events", bomb, {**signed(bomb, number="m3"), "content-encoding": "deflate"}).status,
        "text": send("/hooks/events", BODY, {**good, "content-type": "text/plain"}).status,
        "no JSON": send("/hooks/events", b"{", signed(b"{", number="m4")).status,
        "no UTF-8": send("/hooks/events", b"\xff\xfe", signed(b"\xff\xfe", number="m5")).status,
        "deep": send("/hooks/events", b"[" * 9999, signed(b"[" * 9999, number="m6")).status,
        "elsewhere": send("/hooks/nowhere", BODY, good).status,
        "get": send("/hooks/events?echo=abc", method="GET").status,
        "put": send("/hooks/events", BODY, good, method="PUT").status,
        "stranger": send("/hooks/guarded", BODY, of_plugin(BODY, header="x-signature", prefix="")).status,
        "forwarded": send(
            "/hooks/guarded", BODY,
            {**of_plugin(BODY, header="x-signature", prefix=""), "x-forwarded-for": "203.0.113.9"},
        ).status,
    }  # fmt: skip
    assert statuses == {
        "forged": 401, "changed": 401, "unsigned": 401, "late": 401, "early": 401, "large": 413, "compressed": 415,
        "text": 415, "no JSON": 400, "no UTF-8": 400, "deep": 400, "elsewhere": 404, "get": 405, "put": 405,
        "stranger": 403, "forwarded": 403,
    }  # fmt: skip
    assert inbox(project) == {}
    log = services[0].end()
    assert "whsec" not in log
    assert "xxxx" not in log


def test_requests_of_strange_forms_are_answered_or_hung_up_on(
    make_project: MakeProject,
    services: list[Running],
) -> None:
    project = make_project(change=listening)
    sender = serve(project, services)
    head = "".join(f"{name}: {value}\r\n" for name, value in signed(BODY, number="c1").items())
    begin = f"POST /hooks/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{head}".encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (1, BODY[i : i + 1]) for i in range(len(BODY)))
    chunked = begin + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    assert b" 202 " in sender.raw(chunked, chunks, b"0\r\n\r\n").split(b"\r\n")[0]
    endless = b"".join(b"%x\r\n%s\r\n" % (4096, b"x" * 4096) for _ in range(20))
    assert b" 413 " in sender.raw(chunked, endless).split(b"\r\n")[0]
    # A body that comes drop by drop, a head that never ends, nothing at all, and no HTTP.
    slow = begin + b"Content-Length: 60\r\n\r\n"
    began = time.monotonic()
    assert b" 408 " in sender.raw(slow, b"{").split(b"\r\n")[0]
    assert sender.raw(b"POST /hooks/events HTTP/1.1\r\nHost:") == b""
    assert sender.raw() == b""
    assert time.monotonic() - began < 10
    assert (
        b" 400 "
        in sender.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 nonsense\r\n\r\n").split(b"\r\n")[0]
    )
    assert sender.hook(7).status == 202
    services[0].end()


def test_the_plugin_finds_the_address_and_tells_of_several_changes_in_one_message(
    make_project: MakeProject,
    world: World,
    services: list[Running],
) -> None:
    project = make_project(change=listening)
    sender = serve(project, services)
    echo = sender.send("/hooks/plugin?echo=3f2a-11", method="GET")
    assert (echo.status, echo.body) == (200, b"3f2a-11")
    assert sender.send("/hooks/plugin?echo=<script>", method="GET").status == 405
    orders = [place(world) for _ in range(2)]
    items = [{"Action": "orders/create", "Item": {"id": order, "order_total": 1}} for order in orders]
    body = json.dumps({"Id": "w1", "Attempt": 1, "Notifications": items, "WebHookId": "r1"}).encode()
    assert [sender.send("/hooks/plugin", body, of_plugin(body)).status for _ in range(2)] == [202, 200]
    references = [f"B2C-{order}" for order in orders]
    assert wait_for(lambda: not judge(world, references).missing), services[0].said()
    services[0].end()
    assert judge(world, references) == CLEAN


def test_who_sends_too_much_is_told_when_to_come_again(
    make_project: MakeProject,
    services: list[Running],
) -> None:
    project = make_project(change=listening)
    sender = serve(project, services)
    bodies = [json.dumps({"event": "e", "order_id": number}).encode() for number in range(2)]
    answers = [
        sender.send("/hooks/slow", body, of_plugin(body, header="x-signature", prefix="")) for body in bodies
    ]
    assert [answer.status for answer in answers] == [202, 429]
    assert int(answers[1].headers["retry-after"]) in (1, 2)
    services[0].end()


def test_what_was_accepted_before_a_kill_is_delivered_by_the_next_service(
    make_project: MakeProject,
    world: World,
    services: list[Running],
) -> None:
    project = make_project(change=listening)
    sender = serve(project, services, M3NOP_CRASHPOINT="inbox:committed#3")
    orders = [place(world, payment_status="paid") for _ in range(3)]
    accepted = []
    for order in orders:
        try:
            if sender.hook(order).status == 202:
                accepted.append(order)
        except OSError:
            break
    assert len(accepted) == 2
    assert services[0].child.wait().code < 0
    serve(project, services)
    references = [f"B2C-{order}" for order in orders]
    assert wait_for(lambda: not judge(world, references).missing), services[1].said()
    assert wait_for(lambda: inbox(project) == {"handled": 3})
    services[1].end()
    assert judge(world, references) == CLEAN


def test_on_a_shared_database_a_sync_works_beside_the_service(
    make_project: MakeProject, world: World, services: list[Running], postgres_url: str
) -> None:
    project = make_project(change=lambda text: listening(shared(postgres_url, lease=30)(text)))
    sender = serve(project, services)
    orders = [place(world) for _ in range(4)]
    told, polled = orders[::2], [f"B2C-{order}" for order in orders]
    assert [sender.hook(order).status for order in told] == [202, 202], services[0].said()
    assert project.run("sync", "orders").code == 0
    assert wait_for(lambda: not judge(world, polled).missing), services[0].said()
    assert wait_for(lambda: ask(postgres_url, "SELECT DISTINCT state FROM inbox") == [("handled",)])
    services[0].end()
    assert judge(world, polled) == CLEAN


def test_a_hook_that_comes_while_the_shop_does_not_answer_is_followed_when_it_does(
    make_project: MakeProject, world: World, services: list[Running]
) -> None:
    project = make_project(change=listening)
    sender = serve(project, services)
    assert wait_for(lambda: bool(_marks(project)))
    waiting = place(world, payment_status="pending")
    assert sender.hook(waiting).status == 202
    assert wait_for(lambda: inbox(project) == {"handled": 1})
    number = world.faults.add(Fault(kind="status", operation="*Order/*", status=503))
    shop.change_order(world, waiting, {"payment_status": "paid"})
    orders = [waiting, place(world)]
    assert [sender.hook(order, topic="order.paid").status for order in orders] == [202, 202]
    services[0].until("orders:")
    assert wait_for(lambda: inbox(project) == {"handled": 3})
    world.faults.remove(number)
    references = [f"B2C-{order}" for order in orders]
    assert wait_for(lambda: not judge(world, references).missing), services[0].said()
    services[0].end()
    assert judge(world, references) == CLEAN


def test_what_was_accepted_before_a_service_ends_in_order_is_delivered_by_the_next(
    make_project: MakeProject, world: World, services: list[Running]
) -> None:
    project = make_project(change=listening)
    sender = serve(project, services)
    assert wait_for(lambda: bool(_marks(project)))
    world.faults.add(Fault(kind="latency", operation="*AddBatchHead", seconds=0.3, times=5))
    orders = [place(world) for _ in range(6)]
    assert [sender.hook(order).status for order in orders] == [202] * 6
    services[0].end()
    serve(project, services)
    references = [f"B2C-{order}" for order in orders]
    assert wait_for(lambda: not judge(world, references).missing), services[1].said()
    assert wait_for(lambda: inbox(project) == {"handled": 6})
    services[1].end()
    assert judge(world, references) == CLEAN


def test_secrets_are_changed_one_by_one_while_the_service_runs(
    make_project: MakeProject, services: list[Running]
) -> None:
    project = make_project(change=listening)
    sender = serve(project, services)
    assert sender.hook(1).status == 202
    file = project.folder / "m3nop.yaml"
    whole = file.read_text(encoding="utf-8")
    for secrets, status in (
        ('["${secret:OLD_HOOK}"]', 401),
        ('["${secret:OLD_HOOK}", "${secret:HOOK}"]', 202),
    ):
        file.write_text(whole.replace('["${secret:OLD_HOOK}", "${secret:HOOK}"]', secrets), encoding="utf-8")
        before = services[0].said().count("was read again")
        services[0].signal(signal.SIGHUP)
        services[0].until("was read again", times=before + 1)
        assert sender.hook(2).status == status
    for change, said in (
        (('"${secret:HOOK}"', '"${secret:GONE}"'), "the secret GONE is nowhere to be found"),
        (("port: 0", "port: 1"), "`listen` is another one now"),
    ):
        file.write_text(whole.replace(*change), encoding="utf-8")
        services[0].signal(signal.SIGHUP)
        services[0].until(said)
        assert sender.hook(said).status == 202
    services[0].end()


def test_a_key_that_is_none_is_refused_before_anybody_signs_with_it(make_project: MakeProject) -> None:
    project = make_project(change=listening)
    ended = project.run("run", "orders", **{**SECRETS, "HOOK": "whsec_"})
    assert (ended.code, "a secret of a webhook is blank" in ended.err) == (3, True)


def test_two_services_share_the_pipelines_of_one_project(
    make_project: MakeProject, world: World, services: list[Running], postgres_url: str
) -> None:
    project = make_project(change=lambda text: listening(shared(postgres_url, lease=30)(text)))
    services.append(Running(project, "payments", **SECRETS))
    services[0].until("listening on")
    services.append(Running(project, "orders", "--no-listen", **SECRETS))
    services[1].until("orders in sandbox")
    sender = Sender(port_of(services[0].said()))
    services[0].senders.append(sender)
    order = place(world)
    assert sender.hook(order).status == 202
    assert wait_for(lambda: ask(postgres_url, "SELECT DISTINCT state FROM inbox") == [("handled",)])
    assert project.run("sync", "orders").code == 0
    # Whichever of the three has it: one that is ended in the middle leaves the rest to the next.
    assert wait_for(lambda: not judge(world, [f"B2C-{order}"]).missing), services[1].said()
    for one in services:
        one.end()
    assert "listening" not in services[1].said()
    assert judge(world, [f"B2C-{order}"]) == CLEAN
