"""Bombs into a running service: small on the wire, huge in memory, were they opened. None is, and nothing grows."""

from __future__ import annotations

import re
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end import hooks, ion
from tests.end_to_end.conftest import wait_for
from tests.end_to_end.hooks import Sender, of_plugin, port_of
from tests.end_to_end.ion import BEARER, MULTIPART, message, multipart, part
from tests.end_to_end.services import Running
from tests.end_to_end.test_service import runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.conftest import MakeProject

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")

MESSAGE, DOCUMENT = "/ion/gateway/service/v3/multipartMessage", "/ion/gateway/document"
ROOM = 40_000
"""Kilobytes by which the service may be larger for what it was sent; one bomb that goes off takes more."""


def listening(text: str) -> str:
    """Let a project receive webhooks and messages of ION."""
    more = ion.SETTINGS.partition("\n")[2].partition("\n")[2]
    return hooks.listening(text).replace("\nenvironments:", f"\n{more}\nenvironments:", 1)


def of_ion() -> Iterator[tuple[str, bytes, str, int]]:
    """Yield path, body, content type and the status that it deserves."""

    def xml(document: bytes, status: int = 413) -> tuple[str, bytes, str, int]:
        return MESSAGE, message("Sync.ItemMaster", "bomb", document), MULTIPART, status

    yield xml(b"<a>" + b" " * 30_000_000)
    yield xml(b"<a>" + b"<b/>" * 1_000_000)
    yield xml(b"<a b='" + b"y" * 9_000_000 + b"'/>")
    yield xml(b"<a><!--" + b"y" * 9_000_000)
    yield xml(b"<a " + b" ".join(b"a%d=''" % number for number in range(250_000)) + b"/>")
    yield xml(b"<a>" * 1_000_000)
    yield xml(b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>', 400)
    yield xml(b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', 400)
    lists = b"[" + b"[]," * 1_300_000 + b"[]]"
    payload = part("MessagePayload", "application/json", zlib.compress(lists))
    given = part("ParameterRequest", "application/json", ion.parameters("MITBAL", "bomb"))
    yield MESSAGE, multipart(given, payload), MULTIPART, 413
    yield DOCUMENT, lists, "application/json", 413
    twice = zlib.compress(zlib.compress(b"<a>" + b" " * 10_000_000))
    yield MESSAGE, multipart(given, part("MessagePayload", "text/xml", twice)), MULTIPART, 400
    packed = zlib.compress(b"{}", 0) * 100_000
    yield MESSAGE, multipart(given, part("MessagePayload", "application/json", packed)), MULTIPART, 400
    yield MESSAGE, multipart(*[part("x", "text/plain", b"")] * 50_000), MULTIPART, 413
    yield MESSAGE, multipart(part("x", f"text/plain\r\nX: {'y' * 5_000_000}", b"")), MULTIPART, 413
    numbered = f"multipart/form-data; boundary*{'1' * 5_000}=x"
    yield MESSAGE, b"--x--", numbered, 400


def resident(service: Running, name: str = "VmRSS") -> int:
    """Return how many kilobytes of memory a service has at present, or had at most."""
    status = Path(f"/proc/{service.child.process.pid}/status").read_text(encoding="ascii")
    found = re.search(rf"{name}:\s+(\d+)", status)
    assert found is not None
    return int(found[1])


def explode(sender: Sender) -> None:
    """Send every bomb once."""
    found = [
        (sender.send(path, body, {**BEARER, "content-type": kind}).status, status)
        for path, body, kind, status in of_ion()
    ]
    assert [status for status, _ in found] == [status for _, status in found]
    body = b'{"Id": "b", "Notifications": [' + b"[]," * 80_000 + b"{}]}"
    assert sender.send("/hooks/plugin", body, of_plugin(body)).status == 400
    packed = {**of_plugin(body), "content-encoding": "gzip"}
    assert sender.send("/hooks/plugin", zlib.compress(body, wbits=31), packed).status == 415
    endless = b"".join(b"%x\r\n%s\r\n" % (65_536, b"x" * 65_536) for _ in range(8))
    head = b"POST /hooks/plugin HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    assert b" 413 " in sender.raw(head + b"Transfer-Encoding: chunked\r\n\r\n", endless).split(b"\r\n")[0]


@pytest.mark.timeout(120)
def test_no_bomb_goes_off_and_the_memory_is_as_it_was(
    make_project: MakeProject, services: list[Running]
) -> None:
    project = make_project(change=listening)
    services.append(Running(project, "orders", **hooks.SECRETS, **ion.SECRETS))
    services[0].until("listening on")
    assert wait_for(lambda: runs(project) > 0)
    sender = Sender(port_of(services[0].said()))
    services[0].senders.append(sender)
    assert (
        sender.send(
            MESSAGE, message("Sync.Nobody", "a", b"<a/>"), {**BEARER, "content-type": MULTIPART}
        ).status
        == 202
    )
    before = resident(services[0])
    explode(sender)
    assert resident(services[0], "VmHWM") - before < ROOM
    services[0].end()
