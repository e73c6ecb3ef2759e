"""Who sends hooks of orders: once, twice or not at all, again where one was not kept; and who forges some."""

from __future__ import annotations

import heapq
import http.client
import random
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.receiving import PATH, hook

if TYPE_CHECKING:
    from collections.abc import Mapping

_SILENT, _TWICE, _FORGED = 0.1, 0.05, 0.05
"""Shares of orders that no hook tells of, that the same hook tells of twice, that a forged one comes with."""
_WHOLE = {"in pieces": 1.0, "paid later": 5.0}
"""Seconds until an order of a kind is whole and paid, and so told of."""
_AGAIN = 2.0
"""Seconds after which a sender tries again."""
_LATE = 3.0
"""Within so many seconds the second of two equal hooks comes."""
_KEPT = (200, 202)


@dataclass(order=True)
class _Hook:
    """A hook that is to be sent."""

    at: float
    order: int = field(compare=False)
    number: str = field(compare=False)
    reference: str = field(default="", compare=False)
    """Blank where it is forged."""


class Sending:
    """The senders of hooks to one service, one after the other."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._chance = random.Random("hooks")  # noqa: S311
        self._hooks: list[_Hook] = []
        self._numbers = 0
        self.told: dict[str, float] = {}
        """When a hook of each reference was first kept."""
        self.silent: set[str] = set()
        """References that no hook tells of."""
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.wrong: list[str] = []

    @property
    def waits(self) -> bool:
        """Whether some are still to be sent."""
        return bool(self._hooks)

    def placed(self, order: int, reference: str, kind: str, eligible: bool) -> None:  # noqa: FBT001
        """Take note of an order, and send what there is to send of it when it is time."""
        now, chance = time.monotonic(), self._chance
        if not eligible or chance.random() < _SILENT:
            self.silent.add(reference)
        else:
            number, at = self._next_number(), now + _WHOLE.get(kind, 0.0)
            heapq.heappush(self._hooks, _Hook(at, order, number, reference))
            if chance.random() < _TWICE:
                heapq.heappush(self._hooks, _Hook(at + chance.uniform(0, _LATE), order, number, reference))
        if chance.random() < _FORGED:
            heapq.heappush(self._hooks, _Hook(now, order, self._next_number()))

    def _next_number(self) -> str:
        self._numbers += 1
        return f"msg_{self._numbers}"

    def send_due(self) -> None:
        """Send what is due by now."""
        while self._hooks and self._hooks[0].at <= time.monotonic():
            self._send(heapq.heappop(self._hooks))

    def _send(self, one: _Hook) -> None:
        status = self._post(one)
        self.statuses["signed" if one.reference else "forged", status] += 1
        if not one.reference:
            if status in _KEPT:
                self.wrong.append(f"the forged hook {one.number} was answered {status}")
        elif status in _KEPT:
            self.told.setdefault(one.reference, time.time())
        else:
            one.at = time.monotonic() + _AGAIN
            heapq.heappush(self._hooks, one)

    def _post(self, one: _Hook) -> int:
        """Return the status; 0 where no answer came."""
        body, headers = hook(one.order, one.number, **({} if one.reference else {"key": b"another key"}))
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=15)
        with suppress(OSError, http.client.HTTPException):
            try:
                connection.request("POST", PATH, body, headers)
                return connection.getresponse().status
            finally:
                connection.close()
        return 0


def counts(counted: Mapping[Any, int]) -> str:
    """Return counts as one line, by name."""
    named = {" ".join(map(str, key)) if isinstance(key, tuple) else key: of for key, of in counted.items()}
    return ", ".join(f"{name} {of}" for name, of in sorted(named.items())) or "none"
