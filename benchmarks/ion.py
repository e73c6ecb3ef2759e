"""Messages of ION: ``python -m benchmarks.ion [CHANGES [MESSAGES]]``.

First stock changes in M3 one after the other, each with the document that says so; printed is how long after
it the shop showed the new quantity, as the sandbox has it. Then come as many messages as one sender can send,
and printed is how many a second were kept.
"""

from __future__ import annotations

import asyncio
import http.client
import re
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.memory import project_in
from benchmarks.receiving import ION_KEY, ION_PATH, Service, Shop, change, status_of
from tests.end_to_end.ion import MULTIPART, counted, message

_ITEMS = ("BATT-AAA-4", "CARABINER", "COMPASS", "MUG-TI", "FUEL-230", "LAMP-HEAD", "MAT-FOAM", "AXE-S")
_LONGEST = 30.0
_LOOK = 0.005
_CONNECTIONS = 16
_LENGTH = re.compile(rb"content-length: (\d+)")


@dataclass(frozen=True)
class Measured:
    """What came of it."""

    waited: list[float]
    """Seconds from each document to the quantity in the shop."""
    missing: int
    """Changes that the shop did not show in time."""
    kept: int
    """Messages that were accepted, each for the first time."""
    lost: int
    """Those of them that were not handled."""
    seconds: float

    def percentile(self, share: float) -> float:
        """Return the time within which such a share of the changes was in the shop."""
        ordered = sorted(self.waited)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def measure(changes: int, messages: int) -> Measured:
    """Let so many quantities change; then send so many messages."""
    shop = Shop()
    try:
        with tempfile.TemporaryDirectory() as folder:
            project = project_in(Path(folder), shop.places)
            # What events miss is not found by a poll while this is measured.
            change(project / "pipelines" / "inventory.yaml", "schedule: every 5m", "schedule: every 6h")
            with Service.of(project, shop.places, "inventory") as service:
                waited = [_change(shop, service, number) for number in range(changes)]
                began = time.monotonic()
                kept = asyncio.run(_Sending(service.port).send(messages))
                seconds = time.monotonic() - began
                service.until_handled()
                states = service.messages()
                service.end()
    finally:
        shop.close()
    seen = [one for one in waited if one is not None]
    lost = sum(states.get(one) != "handled" for one in kept)
    return Measured(seen, changes - len(seen), len(kept), lost, seconds)


def _change(shop: Shop, service: Service, number: int) -> float | None:
    """Let a quantity change and say so; return the seconds until the shop shows it."""
    item, quantity = _ITEMS[number % len(_ITEMS)], 1_000 + number
    shop.ask("count", (item, quantity))
    body, headers = _message(f"change{number}", item)
    with closing(http.client.HTTPConnection("127.0.0.1", service.port)) as connection:
        began = time.monotonic()
        connection.request("POST", ION_PATH, body, headers)
        answer = connection.getresponse()
        if answer.status != 202:
            msg = f"the document of {item} was answered {answer.status}"
            raise RuntimeError(msg)
    while time.monotonic() < began + _LONGEST:
        if shop.ask("shown", item) == quantity:
            return time.monotonic() - began
        time.sleep(_LOOK)
    return None


def _message(number: str, item: str) -> tuple[bytes, dict[str, str]]:
    headers = {"authorization": f"Bearer {ION_KEY}", "content-type": MULTIPART}
    return message("Sync.InventoryCount", number, counted(item)), headers


class _Sending:
    """Connections that send what is next, each one message after the other."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._kept: list[str] = []

    async def send(self, messages: int) -> list[str]:
        """Send so many; return the ids of those that were accepted."""
        todo = [f"load{number}" for number in range(messages)]
        async with asyncio.TaskGroup() as group:
            for _ in range(_CONNECTIONS):
                group.create_task(self._connection(todo))
        return self._kept

    async def _connection(self, todo: list[str]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while todo:
            number = todo.pop()
            body, headers = _message(number, _ITEMS[len(todo) % len(_ITEMS)])
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            head = (
                f"POST {ION_PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n{lines}\r\n"
            )
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            if status_of(answer) == 202:
                self._kept.append(number)
            await reader.readexactly(int(_LENGTH.findall(answer)[0]))
        writer.close()


def main() -> None:
    """Measure and print."""
    changes, messages = (
        int(sys.argv[at]) if len(sys.argv) > at else usual for at, usual in ((1, 100), (2, 10_000))
    )
    found = measure(changes, messages)
    shares = ", ".join(f"p{share:.0%} {found.percentile(share):.2f} s" for share in (0.5, 0.95, 1.0))
    print(
        f"{len(found.waited)} stock changes, from document to shop: {shares.replace('%', '')};"
        f" missing {found.missing}"
    )
    print(f"{found.kept} messages kept, {found.kept / found.seconds:.0f} a second; lost {found.lost}")
    sys.exit(1 if found.missing or found.lost or found.kept != messages else 0)


if __name__ == "__main__":
    main()
