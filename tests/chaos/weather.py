"""Every fault of the sandbox, by turns and at random: which ones strike changes with the requests that arrive."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from m3nop.sandbox.faults import KINDS, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.sandbox.world import Request, World

LATEST = 1.2
"""Seconds after which everything has taken effect that was sent: less than ``settle_after`` by a margin."""
ACTS = ("AddBatchHead", "AddBatchAddress", "AddBatchLine", "AddBatchHeadChg", "Confirm", "DelBatchHead")
BULKS = ("AddBatchHead", "AddBatchAddress", "AddBatchLine", "Confirm")
_FRONT = (5, 25)
"""How many requests one weather lasts."""


def forecasts() -> list[Fault]:
    """List every fault that may strike; what a fault of the whole path hits, a read or a write, is left to chance."""
    acts = [f"OIS100MI/{name}" for name in ACTS] + ["CRS610MI/*"]
    faults = [
        Fault(kind=kind, system="m3", operation=operation, probability=0.5, **more)
        for operation in acts
        for kind, more in (
            ("reset_before", {}),
            ("reset_after", {}),
            ("late_effect", {"seconds": LATEST}),
            ("latency", {"seconds": 1.5}),
            ("status", {"status": 503}),
            ("status", {"status": 504, "effect": True}),
        )
    ]
    faults += [
        Fault(kind=kind, system="m3", operation=f"OIS100MI/{name}", count=1, probability=0.5)
        for name in BULKS
        for kind in ("truncate_bulk", "drop_after", "not_processed")
    ]
    for system in ("m3", "shop"):
        faults += [
            Fault(kind="latency", system=system, seconds=0.4, probability=0.3),
            Fault(kind="latency", system=system, seconds=1.5, probability=0.1),
            Fault(kind="status", system=system, status=429, probability=0.3),
            Fault(kind="status", system=system, status=429, retry_after=1, probability=0.2),
            Fault(kind="status", system=system, status=500, probability=0.2),
            Fault(kind="status", system=system, status=502, effect=True, probability=0.2),
            Fault(kind="status", system=system, status=503, retry_after=1, probability=0.2),
            Fault(kind="html", system=system, probability=0.2),
            Fault(kind="html", system=system, effect=True, probability=0.2),
            Fault(kind="reset_before", system=system, probability=0.2),
            Fault(kind="reset_after", system=system, probability=0.2),
            Fault(kind="silence", system=system, seconds=1.5, probability=0.1),
            Fault(kind="slow_body", system=system, seconds=1.5, probability=0.1),
            Fault(kind="cut_body", system=system, probability=0.2),
            Fault(kind="empty", system=system, probability=0.2),
            Fault(kind="invalid_json", system=system, probability=0.2),
            Fault(kind="content_type", system=system, probability=0.2),
            Fault(kind="expired_token", system=system, probability=0.3),
        ]
    faults += [
        Fault(kind="terminated", system="m3", operation="*MI/*", probability=0.2),
        Fault(kind="background_confirm", system="m3", operation="OIS100MI/Confirm", seconds=LATEST),
        Fault(kind="list_fails", system="m3", count=1, probability=0.3),
        Fault(kind="duplicate_records", count=1, probability=0.3),
        Fault(kind="drifting_pages", count=1, probability=0.3),
        Fault(kind="drifting_pages", count=-1, probability=0.3),
        Fault(kind="late_records", system="shop", count=1, probability=0.5),
        Fault(kind="status", system="m3", operation="token", status=503, probability=0.5),
    ]
    return faults


class Weather:
    """Sets the sandbox's faults anew every few dozen requests, and counts which ones struck."""

    def __init__(
        self, world: World, *, seed: str, kinds: Sequence[int] = (0, 3, 6, 9),
        times: Sequence[int | None] = (1, 3, None),
    ) -> None:  # fmt: skip
        """Let one of so many kinds of faults be set at a time, each of which strikes one of so many times."""
        self.struck: Counter[str] = Counter()
        self.calm = False
        """Nothing goes wrong any more."""
        self._kinds = kinds
        self._times = times
        self._world = world
        self._chance = random.Random(f"{seed} weather")  # noqa: S311
        self.requests = 0
        """How many have arrived."""
        self._known: dict[str, list[Fault]] = {}
        for fault in forecasts():
            self._known.setdefault(fault.kind, []).append(fault)
        self._left = 0
        # In the server's own thread, so that no fault changes while one strikes.
        world.on_request.append(self._change)

    def _change(self, _request: Request) -> None:
        self.requests += 1
        self._left -= 1
        if self._left > 0 and not self.calm:
            return
        self._count()
        self._world.faults.clear()
        if self.calm:
            return
        self._left = self._chance.randint(*_FRONT)
        for kind in self._chance.sample(list(self._known), k=self._chance.choice(self._kinds)):
            fault = self._chance.choice(self._known[kind])
            self._world.faults.add(replace(fault, times=self._chance.choice(self._times)))

    def _count(self) -> None:
        self.struck.update({fault["kind"]: fault["fired"] for fault in self._world.faults.describe()})

    @property
    def never_struck(self) -> list[str]:
        """Name the kinds of faults that orders can meet and that were never injected."""
        return sorted(
            KINDS.keys() - {"background_update"} - {kind for kind, count in self.struck.items() if count}
        )
