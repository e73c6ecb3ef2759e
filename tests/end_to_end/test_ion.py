"""Messages of ION into a running service: from a change in M3 to the shop, and everything that is refused."""

from __future__ import annotations

import sqlite3
import sys
import time
import zlib
from typing import TYPE_CHECKING

import pytest

from m3nop.app.secret_uses import uses_of
from m3nop.core import json
from tests.end_to_end import ion
from tests.end_to_end.conftest import MakeProject, Project, wait_for
from tests.end_to_end.hooks import Answer, Sender, port_of
from tests.end_to_end.ion import BEARER, MULTIPART, counted, item_master, message, multipart, part
from tests.end_to_end.services import Running

if TYPE_CHECKING:
    from m3nop.sandbox.world import World

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no signals that a process handles"
)
MESSAGE = "/ion/gateway/service/v3/multipartMessage"
SINGLE = "/ion/gateway/service/v3/message/multipart"


def serve(project: Project, services: list[Running], *pipelines: str, **environ: str) -> Sender:
    """Start a service, and return a sender to it."""
    services.append(Running(project, *pipelines, **ion.SECRETS, **environ))
    services[-1].until("listening on")
    services[-1].senders.append(Sender(port_of(services[-1].said())))
    return services[-1].senders[-1]


def send(sender: Sender, body: bytes, path: str = MESSAGE, kind: str = MULTIPART, **more: str) -> Answer:
    return sender.send(path, body, {**BEARER, "content-type": kind, **more})


def inbox(project: Project) -> list[tuple[str, str, str]]:
    """List topic, key and state of the messages, in the order of reception."""
    with sqlite3.connect(project.state_file) as state:
        return state.execute("SELECT topic, key, state FROM inbox ORDER BY id").fetchall()


def settled(project: Project) -> bool:
    return all(state != "accepted" for _, _, state in inbox(project))


def stock_of(world: World, sku: str) -> int:
    table = world.books.table("shop.products")
    return next(int(row["stock_quantity"]) for row in table.values() if row["sku"] == sku)


def first_run_is_over(project: Project) -> bool:
    with sqlite3.connect(project.state_file) as state:
        return bool(state.execute("SELECT 1 FROM runs WHERE ended_at IS NOT NULL").fetchall())


ITEM = "Sync.ItemMaster ItemMasterHeader/ItemID/ID"
COUNT = "Sync.InventoryCount InventoryCountLine/Item/ItemID/ID"


def test_a_stock_change_is_in_the_shop_after_its_event_without_a_poll(
    make_project: MakeProject, world: World, services: list[Running]
) -> None:
    project = make_project(change=ion.listening)
    sender = serve(project, services, "inventory")
    assert wait_for(lambda: first_run_is_over(project)), services[0].said()
    for number, others in ((17, ["NOT-OURS"]), (23, [])):
        ion.count_stock(project, "BATT-AAA-4", number)
        event = message("Sync.InventoryCount", f"m{number}", counted("BATT-AAA-4", *others))
        assert send(sender, event).status == 202
        assert wait_for(lambda quantity=number: stock_of(world, "BATT-AAA-4") == quantity), services[0].said()
    assert wait_for(lambda: settled(project))
    log = services[0].end()
    ours, foreign = (COUNT, "BATT-AAA-4", "handled"), (COUNT, "NOT-OURS", "handled")
    assert inbox(project) == [ours, foreign, ours]
    # What is known is looked at alone: the second event lists nothing.
    assert "inventory: 1 done" in log
    assert COUNT in project.run("trace", "BATT-AAA-4", **ion.SECRETS).out


def test_the_documented_exchange_is_answered_and_kept_in_all_its_forms(
    make_project: MakeProject, services: list[Running]
) -> None:
    project = make_project(change=ion.listening)
    sender = serve(project, services, "products")
    base, now = f"http://127.0.0.1:{sender.port}", time.time()

    def signed(path: str, body: bytes = b"", method: str = "POST") -> Answer:
        headers = {
            **ion.oauth(method, base + path, at=now),
            "content-type": MULTIPART,
            "X-TenantId": "ACME_TST",
        }
        return sender.send(path, body, headers, method=method)

    ping = signed("/ion/m3/service/ping", method="GET")
    assert (ping.status, json.loads(ping.body)) == (200, {"status": "OK", "code": 200})
    protocol = signed("/ion/m3/service/protocol", method="GET")
    assert json.loads(protocol.body) == {
        "version": "v3",
        "messageMethod": "multipartMessage",
        "hasDiscovery": False,
    }
    assert signed("/ion/m3/service/v3/discovery").status == 501
    document = item_master("TENT-2P", variation=4)
    third = "/ion/m3/service/v3/multipartMessage"
    assert signed(third, message("Sync.ItemMaster", "a", document)).status == 202
    assert signed(third, message("Sync.ItemMaster", "a", document)).status == 200
    assert signed(third, message("Sync.ItemMaster", "b", document, encoding="NONE")).status == 202
    second = "/ion/m3/service/v2/multipartMessage"
    assert signed(second, message("Sync.ItemMaster", "c", document, swapped=True)).status == 202
    late = message("Sync.ItemMaster", "d", item_master("TENT-2P", variation=3))
    assert signed(third, late).status == 202
    single = "/ion/m3/service/v3/message/multipart?documentName=Sync.ItemMaster"
    packer = zlib.compressobj(wbits=-15)
    raw = packer.compress(item_master("STOVE-1")) + packer.flush()
    body = multipart(part("", "application/xml", raw))
    headers = {
        **ion.oauth("POST", base + single, at=now), "content-type": MULTIPART.replace("form-data", "mixed"),
        "messageId": "e", "encoding": "DEFLATE", "X-Character-Set": "UTF-8",
    }  # fmt: skip
    assert sender.send(single, body, headers).status == 202
    assert signed(third, message("Sync.Nobody", "f", b"<x/>")).status == 202
    assert wait_for(lambda: settled(project)), services[0].said()
    services[0].end()
    assert inbox(project) == [
        (ITEM, "TENT-2P", "handled"), (ITEM, "TENT-2P", "handled"), (ITEM, "TENT-2P", "handled"),
        (ITEM, "TENT-2P", "superseded"), (ITEM, "STOVE-1", "handled"), ("Sync.Nobody", "", "ignored"),
    ]  # fmt: skip


def test_a_document_flow_sends_documents_and_events_as_the_openapi_file_says(
    make_project: MakeProject, services: list[Running]
) -> None:
    project = make_project(change=ion.listening)
    sender = serve(project, services, "products")
    path = "/ion/gateway/document"
    described = sender.send("/ion/gateway/openapi.json", headers=BEARER, method="GET")
    printed = project.run("ion", "openapi", "--source", "gateway", **ion.SECRETS)
    assert (printed.code, json.loads(printed.out)["paths"]) == (0, json.loads(described.body)["paths"])
    assert list(json.loads(described.body)["paths"]) == [path]
    needed = {(use.use, use.name) for use in uses_of(project.folder, ["sandbox"])}
    assert {("ion.gateway.secrets", "GATEWAY"), ("ion.m3.secrets", "ION")} <= needed
    assert send(sender, item_master("TENT-2P"), path, "application/xml; charset=UTF-8").status == 202
    packed = zlib.compress(item_master("STOVE-1"))
    assert (
        send(sender, packed, f"{path}?messageId=x", "text/xml", **{"content-encoding": "deflate"}).status
        == 202
    )
    event = {"documentName": "Sync.ItemMaster", "key": "LAMP-HEAD", "messageId": "y", "variationId": 5}
    body = json.dumps([event, {**event, "variationId": 6}]).encode()
    assert [send(sender, body, path, "application/json").status for _ in range(2)] == [202, 200]
    outside = json.dumps({"ItemMasterHeader": {"ItemID": {"ID": "BATT-AAA-4"}}}).encode()
    assert send(sender, outside, f"{path}?documentName=Sync.ItemMaster", "application/json").status == 202
    assert wait_for(lambda: settled(project)), services[0].said()
    services[0].end()
    named = [
        ("TENT-2P", ITEM),
        ("STOVE-1", ITEM),
        ("LAMP-HEAD", "Sync.ItemMaster"),
        ("LAMP-HEAD", "Sync.ItemMaster"),
    ]
    assert inbox(project) == [(topic, key, "handled") for key, topic in [*named, ("BATT-AAA-4", ITEM)]]


def test_what_is_not_right_has_its_status_and_leaves_no_trace(
    make_project: MakeProject, services: list[Running]
) -> None:
    project = make_project(change=ion.listening)
    sender = serve(project, services, "products")
    small, name = "/ion/m3/service/v3/multipartMessage", "Sync.ItemMaster"
    url = f"http://127.0.0.1:{sender.port}{small}"
    document, now = item_master("TENT-2P"), time.time()
    right = part("ParameterRequest", "application/json", ion.parameters(name, "q"))
    bomb = message(name, "q", b"<a>" + b" " * 50_000_000 + b"</a>")
    lol = b'<!DOCTYPE a [<!ENTITY a "ha">]><a>&a;</a>'

    def oauth(body: bytes, *, at: float = now, **more: str) -> int:
        return sender.send(
            small, body, {**ion.oauth("POST", url, at=at), "content-type": MULTIPART, **more}
        ).status

    statuses = {
        "unsigned": sender.send(small, b"x", {"content-type": MULTIPART}).status,
        "late": oauth(b"x", at=now - 400),
        "wrong token": send(sender, b"x", authorization="Bearer x").status,
        "other tenant": oauth(b"x", **{"x-tenantid": "ACME_PRD"}),
        "no source": send(sender, b"x", "/ion/nobody/service/v3/multipartMessage").status,
        "no version": send(sender, b"x", "/ion/gateway/service/v1/multipartMessage").status,
        "large": oauth(message(name, "q", bytes(200_000), encoding="NONE")),
        "bomb": oauth(bomb),
        "no boundary": send(sender, b"x", kind="multipart/form-data").status,
        "no multipart": send(sender, b"x", kind="application/xml").status,
        "cut": send(sender, message(name, "q", document)[:-30]).status,
        "no payload": send(sender, multipart(right)).status,
        "no parameters": send(sender, multipart(part("MessagePayload", "application/xml", document))).status,
        "no name": send(sender, message("", "q", document)).status,
        "charset": send(sender, message(name, "q", document, characterSet="KLINGON")).status,
        "not in it": send(sender, message(name, "q", document, characterSet="US-ASCII")).status,
        "encoding": send(sender, message(name, "q", document, encoding="LZ4")).status,
        "not deflated": send(sender, multipart(right, part("MessagePayload", "application/xml", document))).status,
        "entities": send(sender, message(name, "q", lol)).status,
        "no xml": send(sender, message(name, "q", b"{}")).status,
        "long id": send(sender, message(name, "q" * 300, document)).status,
        "text": send(sender, b"x", "/ion/gateway/document", "text/plain").status,
        "no event": send(sender, b"[{}]", "/ion/gateway/document", "application/json").status,
        "get": sender.send(MESSAGE, headers=BEARER, method="GET").status,
    }  # fmt: skip
    slow = f"POST {MESSAGE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ion.GATEWAY_KEY}\r\nContent-Length: 60\r\n\r\n"
    assert b" 408 " in sender.raw(slow.encode(), b"--").split(b"\r\n")[0]
    assert statuses == {
        "unsigned": 401, "late": 401, "wrong token": 401, "other tenant": 403, "no source": 404, "no version": 404,
        "large": 413, "bomb": 413, "no boundary": 400, "no multipart": 400, "cut": 400, "no payload": 400,
        "no parameters": 400, "no name": 400, "charset": 400, "not in it": 400, "encoding": 400, "not deflated": 400,
        "entities": 400, "no xml": 400, "long id": 400, "text": 415, "no event": 400, "get": 404,
    }  # fmt: skip
    assert inbox(project) == []
    log = services[0].end()
    assert ion.GATEWAY_KEY not in log
    assert ion.CONSUMER_KEY not in log


def test_what_was_accepted_before_a_kill_is_looked_at_by_the_next_service(
    make_project: MakeProject, services: list[Running]
) -> None:
    project = make_project(change=ion.listening)
    sender = serve(project, services, "shipments", M3NOP_CRASHPOINT="inbox:committed#2")
    first, second = (message("Sync.Nobody", number, b"<Nobody/>") for number in "ab")
    assert send(sender, first).status == 202
    # It is on the disk, and its sender does not hear so any more.
    with pytest.raises(ConnectionError):
        send(sender, second)
    assert services[0].child.wait().code < 0
    assert len(inbox(project)) == 2
    sender = serve(project, services, "shipments")
    assert [send(sender, body).status for body in (first, second)] == [200, 200]
    assert wait_for(lambda: settled(project))
    services[1].end()
    assert inbox(project) == [("Sync.Nobody", "", "ignored")] * 2
