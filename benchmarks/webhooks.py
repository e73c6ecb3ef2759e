"""Webhooks at the highest rate that one sender gives: ``python -m benchmarks.webhooks [COUNT [ORDERS]]``.

A tenth of the messages comes twice, a twentieth is forged, and the service is killed in the middle; the
sender repeats what was not answered, as senders do. Judged by the inbox and by the books of M3: no message
that was accepted is lost, none that was forged is accepted, each order is in M3 once.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.receiving import Service, Shop, request, status_of

_CONNECTIONS = 32
_DOUBLED, _FORGED = 10, 20
"""Each so manieth message is sent twice; is signed by somebody else."""
_AGAIN = 0.2


@dataclass
class Sent:
    """What a sender was told."""

    accepted: set[str] = field(default_factory=set)
    forged: set[str] = field(default_factory=set)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    answered: int = 0
    seconds: float = 0.0
    """While something was answered: without the time in which the service was gone."""


@dataclass(frozen=True)
class Measured:
    """What came of it."""

    sent: int
    accepted: int
    per_second: float
    statuses: dict[tuple[str, int], int]
    lost: list[str]
    let_in: list[str]
    missing: list[str]
    doubled: list[str]

    @property
    def is_clean(self) -> bool:
        """Whether nothing is lost, doubled or let in that was forged."""
        return not (self.lost or self.let_in or self.missing or self.doubled)


def measure(messages: int, orders: int, *, kill: bool = True) -> Measured:
    """Send so many messages that name so many orders, in turn."""
    shop = Shop()
    try:
        with tempfile.TemporaryDirectory() as folder:
            service = Service.on(shop, Path(folder))
            service.start()
            ids = shop.place(orders)
            halves = [range(messages // 2), range(messages // 2, messages)] if kill else [range(messages)]
            sent = Sent()
            for number, half in enumerate(halves):
                asyncio.run(_Sending(service, ids, sent).send(half, die=kill and number == 0))
            service.until_handled()
            found, entered = service.messages(), shop.entered()
            service.end()
            wanted = [f"B2C-{one}" for one in ids]
            return Measured(
                sent=sent.answered,
                accepted=len(sent.accepted),
                per_second=sent.answered / sent.seconds,
                statuses=dict(sent.statuses),
                lost=sorted(one for one in sent.accepted if found.get(one) != "handled"),
                let_in=sorted(sent.forged & found.keys()),
                missing=[one for one in wanted if one not in entered],
                doubled=[one for one, (times, _) in entered.items() if times > 1],
            )
    finally:
        shop.close()


class _Sending:
    """Many connections that send what is next, each one request after the other."""

    def __init__(self, service: Service, orders: list[int], sent: Sent) -> None:
        self._service = service
        self._orders = orders
        self._sent = sent
        self._todo: list[tuple[str, str]] = []
        self._back = asyncio.Event()
        self._back.set()

    async def send(self, numbers: range, *, die: bool) -> None:
        """Send these messages; ``die`` kills the service when nine tenths of them were answered."""
        for number in numbers:
            kind = "forged" if number % _FORGED == 0 else "good"
            self._todo.append((f"msg_{number}", kind))
            if kind == "good" and number % _DOUBLED == 1:
                self._todo.append((f"msg_{number}", "again"))
        self._todo.reverse()
        at, began = len(self._todo) // 10, time.monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(_CONNECTIONS):
                group.create_task(self._connection())
            if die:
                group.create_task(self._kill_when(at))
        self._sent.seconds += time.monotonic() - began

    async def _kill_when(self, left: int) -> None:
        while len(self._todo) > left:
            await asyncio.sleep(0)
        self._back.clear()
        before = time.monotonic()
        self._service.kill()
        await asyncio.to_thread(self._service.start)
        self._sent.seconds -= time.monotonic() - before
        self._back.set()

    async def _connection(self) -> None:
        while self._todo:
            await self._back.wait()
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._service.port)
            except OSError:
                await asyncio.sleep(_AGAIN)
                continue
            await self._use(reader, writer)
            writer.close()

    async def _use(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while self._todo and self._back.is_set():
            number, kind = self._todo.pop()
            order = self._order(int(number.removeprefix("msg_")))
            options = {"key": b"another key"} if kind == "forged" else {}
            try:
                writer.write(request(order, number, **options))
                head = await reader.readuntil(b"\r\n\r\n")
            except (OSError, asyncio.IncompleteReadError):
                self._todo.append((number, kind))
                return
            self._note(number, kind, status_of(head))
            if b"connection: close" in head.lower():
                return

    def _order(self, number: int) -> int:
        """Return the order that a message names: each round another one, so none by forged ones alone."""
        every = len(self._orders)
        return self._orders[(number + number // every) % every]

    def _note(self, number: str, kind: str, status: int) -> None:
        self._sent.answered += 1
        self._sent.statuses[kind, status] += 1
        if kind == "forged":
            self._sent.forged.add(number)
        if status in (200, 202):
            self._sent.accepted.add(number)


def main() -> None:
    """Measure and print."""
    messages, orders = (
        int(sys.argv[at]) if len(sys.argv) > at else usual for at, usual in ((1, 100_000), (2, 200))
    )
    found = measure(messages, orders)
    print(f"{found.sent} messages answered, {found.per_second:.0f} a second; {found.accepted} accepted")
    for (kind, status), number in sorted(found.statuses.items()):
        print(f"  {kind:<7} {status}: {number}")
    for what in ("lost", "let_in", "missing", "doubled"):
        some = getattr(found, what)
        print(f"{what}: {len(some)} {some[:5] if some else ''}")
    sys.exit(0 if found.is_clean else 1)


if __name__ == "__main__":
    main()
