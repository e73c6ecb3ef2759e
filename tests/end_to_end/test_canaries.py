"""Secrets and card numbers are canaries here: every command runs, and none of them is found in anything it leaves."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

import pytest

from m3nop.cli.lazy import COMMANDS
from m3nop.cli.main import app
from m3nop.core import json
from m3nop.sandbox import access
from m3nop.sandbox.catalogue import UNKNOWN_SKU
from m3nop.sandbox.seed import seed
from m3nop.sandbox.shop import CARD_CANARY
from m3nop.sandbox.world import World
from tests.end_to_end.conftest import MakeProject, Project, place, rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from m3nop.sandbox.world import Request

PASSWORD, CLIENT, SERVICE = "canary-of-the-shop/ä", "canary-of-the-client+1", "canary-of-the-service=2"
HOSTILE = "New\x1b[2J\x9b31m\u202e"
"""What would clear a terminal, colour it, and turn the order of letters on it."""
ELSEWHERE = frozenset({"demo", "init", "secrets set", "dead-letters edit", "run"})
"""Commands that have no credentials yet, or are run by another step below."""


ALERTS = """
alerts:
  channels:
    chat: {slack: "${secret:CHAT}"}
    mail: {email: {host: 127.0.0.1, port: 1, security: none, from: m@example.com, to: [o@example.com], username: m,
                   password: "${secret:MAIL}"}}
  rules:
    refused: {when: new_dead_letter_group, to: [chat, mail]}
    decide: {when: review_waiting, to: [chat]}
  pings: {orders: {url: "${secret:PING}"}}
"""


@dataclass
class Birds:
    """What must never be seen outside the systems, in every form that it may take."""

    texts: set[str] = field(default_factory=set)

    def add(self, secret: str) -> None:
        encoded = base64.b64encode(secret.encode()).decode()
        self.texts |= {secret, quote_plus(secret), encoded.rstrip("="), json.dumps(secret)[1:-1]}

    def in_bytes(self, data: bytes) -> list[str]:
        return sorted(text for text in self.texts if text.encode() in data)


@pytest.fixture
def birds(monkeypatch: pytest.MonkeyPatch) -> Birds:
    made = Birds()
    for name, secret in (("SHOP_PASSWORD", PASSWORD), ("CLIENT_SECRET", CLIENT), ("SECRET_KEY", SERVICE)):
        monkeypatch.setattr(access, name, secret)
        made.add(secret)
    made.add(CARD_CANARY)
    return made


@pytest.fixture
def world(birds: Birds) -> Iterator[World]:
    """A sandbox that knows the canaries, and from which the tokens that it issues are learnt."""
    made = World()
    seed(made)

    def note_token(request: Request) -> None:
        kind, _, token = request.call.header("authorization").partition(" ")
        if kind.lower() == "bearer":
            birds.add(token)

    made.on_request.append(note_token)
    yield made
    made.close()


@pytest.fixture
def project(make_project: MakeProject, world: World, birds: Birds) -> Project:
    made = make_project(change=lambda text: re.sub(r', payments: "[^"]+"', "", text) + ALERTS)
    for name in ("CHAT", "MAIL", "PING"):
        # The addresses of channels are secrets in themselves; nobody answers there.
        canary = f"canary-of-the-{name.lower()}"
        birds.add(canary)
        made.environ[name] = f"http://127.0.0.1:1/{canary}"
    for path in made.folder.glob("pipelines/*.yaml"):
        # The others would cost each command a second.
        if path.stem not in {"customers", "guests", "orders"}:
            path.unlink()
            (made.folder / "tests" / path.name).unlink()
    place(world, payment_method="Payments.Manual")
    place(world, payment_method="Payments.Manual", lines=[{"sku": UNKNOWN_SKU, "quantity": 1}])
    place(world, payment_method="Payments.Manual", coupon="WELCOME10")
    place(world, payment_method=f"Payments.{HOSTILE}", shipping_method=HOSTILE)
    for order in rows(world, "shop.orders"):
        for name in ("card_number", "card_cvv2", "card_name"):
            if order.get(name) and order["payment_method_system_name"] == "Payments.Manual":
                birds.add(order[name])
    return made


class Echo:
    """A server that answers everything with an error page on which the whole request is printed."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.heard: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(0.2)
            with connection, contextlib.suppress(OSError):
                heard = b""
                with contextlib.suppress(TimeoutError):
                    while part := connection.recv(65536):
                        heard += part
                self.heard.append(heard)
                page = b"<html><title>Error in request: " + heard + b"</title></html>"
                head = f"HTTP/1.1 500 Oops\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n\r\n"
                connection.sendall(head.encode() + page)

    def close(self) -> None:
        # A thread in accept() is not woken by closing its socket.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.fixture
def echo() -> Iterator[Echo]:
    made = Echo()
    yield made
    made.close()


def every_command() -> set[str]:
    """Name every command that the program has, but those that act in the sandbox."""
    import typer.main  # noqa: PLC0415  only here

    def leaves(command: object, path: str) -> Iterator[str]:
        inner = getattr(command, "commands", None)
        if not inner:
            yield path
        for name in inner or ():
            yield from leaves(inner[name], f"{path} {name}".strip())

    assert COMMANDS
    return {name for name in leaves(typer.main.get_command(app), "") if not name.startswith("sandbox ")}


def tried(scratch: Path, orders: tuple[str, str, str]) -> list[tuple[str, ...]]:
    """Return a command line for every command, as the work on three orders would use them."""
    delivered, refused, reviewed = orders
    known = scratch / "links.csv"
    known.write_text("pipeline,key,shop,m3\ncustomers,77,77,C0000077\n", encoding="utf-8")
    return [
        ("validate",), ("schema", "--write", str(scratch)), ("show", "orders"), ("plan", "orders"),
        ("sync", "orders", "--log-format", "json"), ("sync", "orders", "--json"), ("status",), ("runs",),
        ("trace", delivered, "--read"), ("trace", refused, "--json"), ("map", "orders", "--key", delivered),
        ("reviews", "list"), ("reviews", "show", reviewed, "--json"), ("dead-letters", "list", "--json"),
        ("dead-letters", "show", refused, "--json"), ("dead-letters", "export", "--json"),
        ("dead-letters", "edit", refused, "--set", "items[0].sku=MUG-TI", "--reason", "a test"),
        ("reviews", "release", refused, "--reason", "a test"), ("reviews", "reject", reviewed, "--reason", "no"),
        ("dead-letters", "retry", "--all"), ("dead-letters", "discard", "--all", "--reason", "a test"),
        ("capture", "orders", "--key", delivered, "--wire", "--name", "canary"), ("test", "tests/canary.yaml"),
        ("reconcile", "orders", "--json"), ("report", "orders", "--json"), ("audit", "list", "--json"),
        ("audit", "verify"), ("audit", "export"), ("links", "list", "--json"), ("links", "export"),
        ("links", "import", str(known)), ("lookup", "list"), ("lookup", "show", "countries"),
        ("lookup", "get", "countries", "DE"), ("lookup", "gaps", "orders"), ("state", "show", "--json"),
        ("state", "verify"), ("state", "backup", str(scratch / "backup.db")),
        ("state", "baseline", "orders", "--before", "2020-01-01"), ("state", "prune", "--older-than", "400d"), ("state", "rebuild", "orders"), ("state", "vacuum"),
        ("state", "export", str(scratch / "export.jsonl")), ("state", "import", str(scratch / "export.jsonl")),
        ("state", "epoch", "--reason", "a test"), ("state", "restore", str(scratch / "backup.db"), "--yes"), ("doctor",),
        ("secrets", "check"), ("secrets", "list"), ("m3", "programs"), ("m3", "describe", "OIS100MI"),
        ("m3", "call", "OIS100MI/LstBatchHead", "CUNO=W0000005", "--json"), ("m3", "snapshot", "MMS200MI"),
        ("m3", "diff"), ("nop", "get", "orders", delivered), ("circuits", "list", "--json"), ("circuits", "close", "shop"),
        ("sync", "orders", "--log", "text", "--metrics-file", str(scratch / "m3nop.prom")), ("alerts", "list", "--json"),
        ("alerts", "test"), ("diff", "sandbox", "sandbox"), ("ion", "openapi"),
    ]  # fmt: skip


def leaks(birds: Birds, said: dict[str, str], folder: Path) -> dict[str, list[str]]:
    """Return where canaries were found: in the output of which command, in which file."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    found = {name: birds.in_bytes(text.encode()) for name, text in said.items()}
    found |= {name: birds.in_bytes(data) for name, data in files.items()}
    return {name: texts for name, texts in found.items() if texts}


def commanding(said: dict[str, str]) -> dict[str, list[str]]:
    """Return the characters that would command a terminal, by the command that put them out."""
    found = {
        name: [letter for letter in text if letter != "\n" and not letter.isprintable()]
        for name, text in said.items()
    }
    return {name: letters for name, letters in found.items() if letters}


def run_all(project: Project, lines: list[tuple[str, ...]]) -> dict[str, str]:
    said = {}
    for line in lines:
        ended = project.run(*line)
        assert "Traceback" not in ended.err, (line, ended.err)
        said[" ".join(line)] = ended.out + ended.err
    return said


@pytest.mark.timeout(300)
def test_no_command_shows_or_keeps_a_secret_or_a_card_number(
    project: Project, world: World, birds: Birds, tmp_path: Path
) -> None:
    assert project.run("sync", "orders").code == 1
    orders = tuple(
        json.loads(project.run("trace", key, "--json").out)["records"][0]["key"]
        for key in ("1014", "1015", "1016")
    )
    scratch = tmp_path / "written"
    scratch.mkdir()
    lines = tried(scratch, orders)  # type: ignore[arg-type]
    covered = {" ".join(line[:count]) for line in lines for count in (1, 2)}
    assert every_command() - covered - ELSEWHERE == set()

    said = run_all(project, lines)
    assert len(birds.texts) > 12, "no token was learnt"
    assert leaks(birds, said, tmp_path) == {}
    assert any("New\\x1b[2J" in text for text in said.values())
    assert commanding(said) == {}
    if os.name == "posix":
        private = [path for path in (project.folder / ".m3nop").rglob("*") if path.is_file()]
        private += [scratch / "backup.db", scratch / "export.jsonl"]
        assert {
            path.name: oct(path.stat().st_mode & 0o077) for path in private if path.stat().st_mode & 0o077
        } == {}


@pytest.mark.timeout(300)
def test_no_failure_shows_or_keeps_a_secret(
    project: Project, birds: Birds, echo: Echo, tmp_path: Path
) -> None:
    said = {}
    for name, faults in {
        "a wrong password": {"SHOP_PASSWORD": "canary-that-is-wrong"},
        "an ionapi that is no json": {"M3_IONAPI": '{"cs": "canary-that-is-cut'},
        "an ionapi without a key": {"M3_IONAPI": json.dumps({"cs": "canary-alone"})},
        "a wrong client": {
            "M3_IONAPI": project.environ["M3_IONAPI"].replace(CLIENT, "canary-that-was-replaced")
        },
    }.items():
        for secret in faults.values():
            birds.add(secret)
        for line in (("sync", "orders"), ("doctor", "--json")):
            ended = project.run(*line, **faults)
            assert ended.code in {3, 4}, (name, line, ended)
            assert "Traceback" not in ended.err
            said[f"{name}: {' '.join(line)}"] = ended.out + ended.err

    text = (project.folder / "m3nop.yaml").read_text(encoding="utf-8")
    (project.folder / "m3nop.yaml").write_text(text.replace(project.url, echo.url), encoding="utf-8")
    mirrored = project.environ["M3_IONAPI"].replace(project.url, echo.url)
    for line in (
        ("sync", "orders"),
        ("doctor", "--json"),
        ("nop", "get", "orders", "1014"),
        ("m3", "programs"),
    ):
        ended = project.run(*line, M3_IONAPI=mirrored)
        said[f"an echo: {' '.join(line)}"] = ended.out + ended.err
    assert any(PASSWORD.split("/", maxsplit=1)[0].encode() in heard for heard in echo.heard)
    birds.add("canary-that-is-cut")
    birds.add("canary-alone")
    birds.add("canary-that-was-replaced")
    assert leaks(birds, said, project.folder) == {}
