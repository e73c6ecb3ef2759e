"""Customers and staff act in the shop, faults strike, runs die: every order is in M3 once, or its reason is known.

``M3NOP_EXAMPLES=300`` looks for longer, and somewhere else at each time.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from m3nop.core.errors import AccessError, PausedError, SourceError
from m3nop.sandbox.catalogue import UNKNOWN_SKU
from tests.contract.engine.bench import Bench, Sandbox

CUSTOMERS = {1: (5, 6, 7), 2: (11, 12)}
"""Registered customers of the first data, by store."""
CODES = {1: "B2C", 2: "B2B"}
GUEST = {
    "first_name": "Kari", "last_name": "Nordmann", "email": "kari@example.com", "address1": "Bakkegata 2",
    "city": "Oslo", "zip_postal_code": "0150", "country": "NO", "phone_number": "+47 70 00 00 10",
}  # fmt: skip
ACTING = ["AddBatchHead", "AddBatchAddress", "AddBatchLine", "Confirm", "DelBatchHead"]
FAULTS = st.one_of(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(
                [
                    "reset_before",
                    "reset_after",
                    "empty",
                    "invalid_json",
                    "content_type",
                    "terminated",
                    "html",
                    "status",
                ]
            ),
            "operation": st.sampled_from(
                [
                    *(f"OIS100MI/{name}" for name in ACTING),
                    "CRS610MI/Add",
                    "EXPORTMI/Select",
                    "OIS275MI/*",
                    "*",
                ]
            ),
            "status": st.sampled_from([429, 500, 502, 503, 504]),
            "effect": st.booleans(),
            "nth": st.integers(1, 3),
            "times": st.integers(1, 2),
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["truncate_bulk", "drop_after", "not_processed"]),
            "operation": st.sampled_from([f"OIS100MI/{name}" for name in ACTING]),
            "count": st.integers(0, 1),
            "nth": st.integers(1, 2),
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("late_effect"),
            "operation": st.sampled_from([f"OIS100MI/{name}" for name in ACTING]),
            "seconds": st.sampled_from([5.0, 59.0, 90.0, 3600.0]),
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("background_confirm"),
            "operation": st.just("OIS100MI/Confirm"),
            "seconds": st.sampled_from([5.0, 90.0, 3600.0]),
            "times": st.integers(1, 2),
        }
    ),
    st.fixed_dictionaries(
        {"kind": st.just("expired_token"), "operation": st.sampled_from(["OIS100MI/*", "*"])}
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("list_fails"),
            "operation": st.sampled_from(["OIS100MI/LstBatchLine", "EXPORTMI/Select"]),
            "count": st.integers(0, 1),
        }
    ),
)

_SANDBOX: list[Sandbox] = []


def setup_module() -> None:
    _SANDBOX.append(Sandbox())


def teardown_module() -> None:
    _SANDBOX.pop().close()


def content(row: dict[str, Any]) -> Counter[tuple[str, str]]:
    """Return items and quantities as M3 would have them."""
    return Counter((line["sku"], str(line["quantity"])) for line in row)


@dataclass
class Placed:
    """An order, and every content it ever had."""

    id: int
    store: int
    paid: bool
    lines: list[dict[str, Any]]
    cancelled: bool = False
    versions: list[Counter[tuple[str, str]]] = field(default_factory=list)

    @property
    def reference(self) -> str:
        return f"{CODES[self.store]}-{self.id}"


class Orders(RuleBasedStateMachine):
    """An afternoon in the shop, with everything that can go wrong."""

    @initialize(dialect=st.sampled_from(["official", "oss"]))
    def open(self, dialect: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.bench = Bench(Path(self.folder.name), _SANDBOX[0], dialect=dialect)
        self.orders: dict[int, Placed] = {}
        self.mapping = 0

    # -- in the shop

    @rule(
        store=st.sampled_from([1, 1, 2]),
        who=st.integers(0, 3),
        skus=st.lists(
            st.sampled_from(["LAMP-HEAD", "BATT-AAA-4", "MUG-TI"]), min_size=1, max_size=3, unique=True
        ),
        unknown=st.sampled_from([False, False, False, True]),
        paid=st.sampled_from([True, True, False]),
    )
    def place(self, store: int, who: int, skus: list[str], unknown: bool, paid: bool) -> None:
        lines = [{"sku": sku, "quantity": number} for number, sku in enumerate(skus, start=1)]
        if unknown:
            lines.append({"sku": UNKNOWN_SKU, "quantity": 1})
        known = CUSTOMERS[store]
        buyer = {"customer_id": known[who]} if who < len(known) else {"guest": GUEST}
        status = "paid" if paid else "pending"
        number = self.bench.place(store_id=store, lines=lines, payment_status=status, **buyer)
        self.orders[number] = Placed(number, store, paid, lines, versions=[content(lines)])

    def some(self, data: st.DataObject) -> Placed:
        return self.orders[data.draw(st.sampled_from(sorted(self.orders)))]

    @precondition(lambda self: any(not one.paid and not one.cancelled for one in self.orders.values()))
    @rule(data=st.data())
    def pay(self, data: st.DataObject) -> None:
        open_ones = [number for number, one in self.orders.items() if not one.paid and not one.cancelled]
        number = data.draw(st.sampled_from(open_ones))
        self.bench.change(number, payment_status="paid")
        self.orders[number].paid = True

    @precondition(lambda self: any(not one.cancelled for one in self.orders.values()))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        number = data.draw(
            st.sampled_from([number for number, one in self.orders.items() if not one.cancelled])
        )
        self.bench.change(number, cancel=True)
        self.orders[number].cancelled = True

    @precondition(lambda self: any(not one.cancelled for one in self.orders.values()))
    @rule(data=st.data(), quantity=st.integers(2, 5))
    def change_quantity(self, data: st.DataObject, quantity: int) -> None:
        order = self.orders[
            data.draw(st.sampled_from([n for n, one in self.orders.items() if not one.cancelled]))
        ]
        items = self.bench.rows("shop.order_items", order_id=order.id)
        item = data.draw(st.sampled_from(sorted(items, key=lambda row: row["id"])))
        self.bench.change(order.id, quantities={str(item["id"]): quantity})
        index = sorted(row["id"] for row in items).index(item["id"])
        order.lines = [dict(line) for line in order.lines]
        order.lines[index]["quantity"] = quantity
        order.versions.append(content(order.lines))

    # -- what goes wrong, and time

    @rule(fault=FAULTS)
    def strike(self, fault: dict[str, Any]) -> None:
        given = {name: value for name, value in fault.items() if name not in ("status", "effect")}
        if fault["kind"] in ("status", "html"):
            given |= {"status": fault["status"], "effect": fault["effect"] and fault["status"] != 429}
        self.bench.fault(**given, system="m3")

    @rule(
        fault=st.sampled_from(["reset_before", "reset_after", "html", "expired_token"]), nth=st.integers(1, 6)
    )
    def strike_the_shop(self, fault: str, nth: int) -> None:
        self.bench.fault(fault, nth=nth, system="shop")

    @rule(seconds=st.sampled_from([1, 30, 61, 600, 3600, 40_000, 90_000]))
    def pass_time(self, seconds: int) -> None:
        self.bench.clock.wait(seconds)

    # -- what people do with the tool

    @rule(linger=st.sampled_from([0.0, 70.0]))
    def run(self, linger: float) -> None:
        self.attempt(lambda: self.bench.run(linger=linger))

    @rule(at=st.integers(1, 70))
    def die(self, at: int) -> None:
        self.attempt(lambda: self.bench.die(at, linger=70.0))

    @rule()
    def kill_and_restart(self) -> None:
        self.bench.reopen()

    def attempt(self, work: Any) -> None:
        """Let a run end as it may; that a system does not answer is a way to end."""
        with suppress(AccessError, PausedError, SourceError):
            work()

    @rule()
    def edit_the_mapping(self) -> None:
        """Let an analyst change what later attempts send."""
        new = f"Payments.CheckMoneyOrder,0{14 + self.mapping % 2 * 16},INV"
        self.mapping += 1
        text = self.bench.read("lookups/payment_methods.csv")
        kept = [line for line in text.splitlines() if not line.startswith("Payments.CheckMoneyOrder")]
        self.bench.write("lookups/payment_methods.csv", "\n".join([*kept, new]) + "\n")
        self.bench.load()

    @precondition(lambda self: self.waiting())
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        self.bench.retry(data.draw(st.sampled_from(self.waiting())))

    def waiting(self) -> list[str]:
        states = self.bench.states() if self.orders else {}
        return sorted(key for key, state in states.items() if state in ("dead", "review"))

    # -- what must hold at any time

    @invariant()
    def nothing_is_entered_twice(self) -> None:
        if hasattr(self, "bench"):
            found = Counter(row["CUOR"] for row in self.bench.rows("m3.orders"))
            assert [reference for reference, count in found.items() if count > 1] == []

    @invariant()
    def what_is_done_is_in_m3_with_lines_that_the_order_had(self) -> None:
        if not hasattr(self, "bench"):
            return
        states = self.bench.states()
        for order in self.orders.values():
            real = self.bench.rows("m3.orders", CUOR=order.reference)
            if states.get(str(order.id)) == "done":
                assert len(real) == 1, order
                link = self.bench.state.link("orders", str(order.id))
                assert link is not None
                assert link.m3 == real[0]["ORNO"]
            for row in real:
                assert self.bench.entered_lines(row) in order.versions, order

    # -- and in the end

    def teardown(self) -> None:
        if not hasattr(self, "bench"):
            return
        try:
            if self.orders:
                self.everything_is_entered_in_the_end()
        finally:
            self.bench.close()
            self.folder.cleanup()

    def everything_is_entered_in_the_end(self) -> None:
        bench = self.bench
        bench.world.faults.clear()
        numbers = bench.read("lookups/item_numbers.yaml")
        bench.write("lookups/item_numbers.yaml", f'{numbers}  {UNKNOWN_SKU}: "LAMP-HEAD"\n')
        bench.load()
        for order in self.orders.values():
            order.versions += [
                Counter(
                    (sku.replace(UNKNOWN_SKU, "LAMP-HEAD"), quantity) for sku, quantity in version.elements()
                )
                for version in order.versions
            ]
        bench.settle()
        bench.retry(*(key for pipeline in ("customers", "orders") for key in self.waiting()))
        bench.settle()
        eligible = [one for one in self.orders.values() if one.paid and not one.cancelled]
        found = Counter(row["CUOR"] for row in bench.rows("m3.orders"))
        missing = {
            one.reference: bench.record(one.id).reason for one in eligible if found[one.reference] != 1
        }
        assert missing == {}
        assert bench.judge().orphans == ()
        self.nothing_is_entered_twice()
        self.what_is_done_is_in_m3_with_lines_that_the_order_had()
        assert bench.world.failures == []


_MANY = os.environ.get("M3NOP_EXAMPLES")
Orders.TestCase.settings = settings(
    max_examples=int(_MANY or 10),
    stateful_step_count=20,
    deadline=None,
    derandomize=not _MANY,
    suppress_health_check=list(HealthCheck),
)
TestOrders = pytest.mark.timeout(3600 if _MANY else 600)(Orders.TestCase)
