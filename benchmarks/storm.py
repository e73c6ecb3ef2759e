"""A sandbox in a process of its own in which things go wrong all the time, and people order all the same."""

from __future__ import annotations

import math
import random
import threading
import time
from collections import Counter, deque
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.memory import places_of
from benchmarks.receiving import entered_of, obey, watch
from m3nop.sandbox import shop
from m3nop.sandbox.catalogue import ITEMS
from m3nop.sandbox.m3 import stock
from m3nop.sandbox.m3.session import Session, Tables
from m3nop.sandbox.seed import seed
from m3nop.sandbox.server import serve
from m3nop.sandbox.shop.statuses import OrderStatus
from m3nop.sandbox.world import World
from tests.chaos.shoppers import Placed, Shoppers
from tests.chaos.verdict import judge, reading
from tests.chaos.weather import Weather

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from m3nop.sandbox.world import Request

_SEED = "soak"
_COMPLETE_AFTER = 60.0
"""Seconds after which the shop's people are done with an order, so that nobody looks at it any more."""
_KINDS, _TIMES = (0, 1, 2), (1, 2)
"""How many kinds of faults are set at a time, and how often each strikes: always some, short of an outage."""
_WAREHOUSE = "001"
_GOODS = [item for item in ITEMS if item.unit == "PCS" and item.sku != "GIFT-WRAP"]


def serve_storm(pipe: Connection) -> None:
    """Serve until told to end; what is asked is the name of a method of ``_Storm``, and its argument."""
    world = World()
    seed(world)
    storm, ended = _Storm(world), threading.Event()
    watching = threading.Thread(target=watch, args=(world, storm.seen, ended), daemon=True)
    watching.start()
    with serve(world) as running:
        pipe.send(places_of(running))
        wishes: dict[str, Callable[[Any], Any]] = {
            "place": storm.place, "go_on": storm.go_on, "calm": storm.calm, "count": storm.count,
            "tell": storm.tell, "entered": lambda _: entered_of(world, storm.seen),
            "stock": storm.wrong_stock, "judge": storm.judge,
        }  # fmt: skip
        obey(pipe, wishes)
    ended.set()
    watching.join()


class _Storm:
    """What happens in the sandbox."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = random.Random(f"{_SEED} stock")  # noqa: S311
        self.seen: dict[str, float] = {}
        """When each reference was first in M3's books."""
        self._shoppers = Shoppers(world, seed=_SEED)
        self._weather = Weather(world, seed=_SEED, kinds=_KINDS, times=_TIMES)
        self._open: deque[tuple[float, Placed]] = deque()
        world.on_request.append(self._arrived)
        self._requests: Counter[str] = Counter()

    def _arrived(self, request: Request) -> None:
        self._requests[request.system] += 1

    def place(self, _about: object) -> tuple[int, str, str, bool]:
        """Place an order; return its id, its reference, its kind, and whether it has to be entered."""
        placed = self._shoppers.place()
        self._open.append((time.monotonic() + _COMPLETE_AFTER, placed))
        return placed.id, placed.reference, placed.kind, placed.eligible

    def go_on(self, _about: object) -> None:
        """Do what is due by now: pay, cancel, edit, complete."""
        self._shoppers.go_on()
        self._complete(time.monotonic())

    def calm(self, _about: object) -> None:
        """Let nothing go wrong any more, and do all that is still to be done."""
        self._weather.calm = True
        self._shoppers.go_on(to_the_end=True)
        self._complete(math.inf)

    def _complete(self, until: float) -> None:
        while self._open and self._open[0][0] <= until:
            _, placed = self._open.popleft()
            if placed.eligible:
                shop.change_order(self._world, placed.id, {"order_status": int(OrderStatus.COMPLETE)})

    def count(self, items: int | None) -> None:
        """Let a stocktaking in M3 find other quantities of so many items, or of every one."""
        session = Session(self._world, Tables(self._world))
        for item in _GOODS if items is None else self._chance.sample(_GOODS, k=items):
            quantity = self._chance.randint(100_000, 900_000)
            with self._world.books.change():
                stock.set_on_hand(session, _WAREHOUSE, item.item_number, quantity)

    def tell(self, _about: object) -> dict[str, Any]:
        """Return figures, and by system how many requests arrived."""
        return {
            "placed": len(self._shoppers.placed),
            "wanted": sum(one.eligible for one in self._shoppers.placed.values()),
            "entered": len(self.seen),
            "struck": dict(self._weather.struck),
            "never": self._weather.never_struck,
            "requests": dict(self._requests),
            "failures": [repr(error) for error in self._world.failures],
        }

    def wrong_stock(self, _about: object) -> list[str]:
        """Name products that do not show what M3 can promise, less what orders hold that are not in M3."""
        session = Session(self._world, Tables(self._world))
        held = self._held()
        products = {row["sku"]: row for row in self._world.books.table("shop.products").values()}
        wrong = []
        for item in _GOODS:
            row = products.get(item.sku)
            if row is None or row["use_multiple_warehouses"]:
                # A combination of a product, or one whose stock is spread: other rows have theirs.
                continue
            free = Decimal(stock.balance(session, _WAREHOUSE, item.item_number)["AV01"])
            if not free - held[item.sku] <= row["stock_quantity"] <= free:
                wrong.append(
                    f"{item.sku}: {row['stock_quantity']}, M3 has {free}, orders hold {held[item.sku]}"
                )
        return wrong

    def _held(self) -> Counter[str]:
        """Count by SKU what orders want that are not in M3."""
        held: Counter[str] = Counter()
        skus = {item.item_number: item.sku for item in ITEMS}
        for placed in self._shoppers.placed.values():
            if placed.reference not in self.seen:
                for number, quantity, _ in placed.contents[-1]:
                    held[skus.get(number, number)] += int(quantity)
        return held

    def judge(self, state: str) -> tuple[dict[str, list[str]], list[str]]:
        """Compare the books of both systems and the records with what was ordered; tell what is wrong.

        Returned beside it are orders that a person has to look at because they were edited in the very moment
        in which they were read: half of one state and half of the other, which does not add up.
        """
        placed = self._shoppers.placed.values()
        wrong = dict(judge(self._world, placed, Path(state), prefixes=("B2C-", "B2B-")).wrong)
        with reading(Path(state)) as db:
            rows = db.execute("SELECT key FROM records WHERE pipeline = 'orders' AND state = 'review'")
            put_aside = {key for (key,) in rows}
        missing = wrong.pop("missing", [])
        torn = [
            one.reference
            for one in placed
            if one.kind == "edited" and str(one.id) in put_aside and one.reference in missing
        ]
        lost = sorted({*missing} - {*torn})
        return wrong | ({"missing": lost} if lost else {}), torn
