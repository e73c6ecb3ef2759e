"""Customers and staff act in the shop, faults strike, runs die: every order is in M3 once, or its reason is known.

``M3NOP_EXAMPLES=300`` looks for longer, and somewhere else at each time.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from m3nop.core.errors import AccessError, PausedError, SourceError
from m3nop.core.records import Phase
from m3nop.sandbox.catalogue import UNKNOWN_SKU
from tests.contract.engine.bench import Bench, Sandbox
from tests.contract.engine.test_delivery import without_table_reads
from tests.contract.engine.test_edits import edit
from tests.contract.engine.test_intake import position
from tests.property.engine.trouble import TIMEOUT, Witness, patience

CUSTOMERS = {1: (5, 6, 7), 2: (11, 12)}
"""Registered customers of the first data, by store."""
CODES = {1: "B2C", 2: "B2B"}
GUEST = {
    "first_name": "Kari", "last_name": "Nordmann", "email": "kari@example.com", "address1": "Bakkegata 2",
    "city": "Oslo", "zip_postal_code": "0150", "country": "NO", "phone_number": "+47 70 00 00 10",
}  # fmt: skip
HEAD, LINE, CONFIRM = (f"OIS100MI/{name}" for name in ("AddBatchHead", "AddBatchLine", "Confirm"))
ACTING = st.sampled_from(
    [HEAD, LINE, CONFIRM, "OIS100MI/AddBatchAddress", "OIS100MI/DelBatchHead", "CRS610MI/Add"]
)
READING = st.sampled_from(["EXPORTMI/Select", "OIS275MI/*", "OIS100MI/Lst*", "*"])
LOGGED = (
    HEAD,
    LINE,
    CONFIRM,
    *(f"OIS100MI/{name}" for name in ("AddBatchAddress", "DelBatchHead")),
    "CRS610MI/Add",
)
NTH = st.sampled_from([1, 1, 2])
FAULTS = st.one_of(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(
                ["reset_before", "reset_after", "empty", "invalid_json", "content_type", "terminated"]
            ),
            "operation": ACTING | READING,
            "nth": NTH,
            "times": st.integers(1, 2),
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["status", "html"]),
            "operation": ACTING | READING,
            "status": st.sampled_from([429, 500, 502, 503, 504]),
            "effect": st.booleans(),
            "nth": NTH,
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["truncate_bulk", "drop_after", "not_processed"]),
            "operation": ACTING,
            "count": st.integers(0, 1),
            "nth": NTH,
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("late_effect"),
            "operation": st.sampled_from([HEAD, HEAD, LINE, CONFIRM]),
            "seconds": st.sampled_from([5.0, 59.0, 90.0, 3600.0]),
            "nth": NTH,
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("background_confirm"),
            "operation": st.just(CONFIRM),
            "seconds": st.sampled_from([5.0, 90.0, 3600.0]),
        }
    ),
    st.fixed_dictionaries({"kind": st.just("expired_token"), "operation": ACTING | READING}),
    st.fixed_dictionaries(
        {
            "kind": st.just("list_fails"),
            "operation": st.sampled_from(["OIS100MI/LstBatchLine", "EXPORTMI/Select"]),
            "count": st.integers(0, 1),
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["reset_before", "reset_after", "html", "expired_token"]),
            "nth": st.integers(1, 6),
            "system": st.just("shop"),
        }
    ),
)
OUTAGES = st.sampled_from(
    [
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 401},
        {"kind": "status", "status": 500, "operation": "*MI/*", "effect": True},
        {"kind": "html"},
        {"kind": "reset_after"},
    ]
)
BY_HAND = "MUG-TI"
"""What a person writes into an order in place of an item that M3 does not know."""
ORDER = st.fixed_dictionaries(
    {
        "store": st.sampled_from([1, 1, 2]),
        "who": st.integers(0, 3),
        "skus": st.lists(
            st.sampled_from(["LAMP-HEAD", "BATT-AAA-4", "MUG-TI"]), min_size=1, max_size=2, unique=True
        ),
        "unknown": st.sampled_from([False, False, False, True]),
        "paid": st.sampled_from([True, True, True, False]),
    }
)

_SANDBOX: list[Sandbox] = []


def setup_module() -> None:
    _SANDBOX.append(Sandbox())


def teardown_module() -> None:
    _SANDBOX.pop().close()


def by_hand(order: dict[str, Any]) -> dict[str, Any]:
    """Put another item where M3 does not know the one that was ordered."""
    items = [{**item, "sku": item["sku"].replace(UNKNOWN_SKU, BY_HAND)} for item in order["items"]]
    return {**order, "items": items}


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
    known: list[str] = field(default_factory=list)
    """What a person, or in the end the lookup, made of the item that M3 does not know."""

    @property
    def allowed(self) -> list[Counter[tuple[str, str]]]:
        """What may be in M3."""
        other = [
            Counter((sku.replace(UNKNOWN_SKU, instead), quantity) for sku, quantity in version.elements())
            for version in self.versions
            for instead in self.known
        ]
        return [*self.versions, *other]

    @property
    def reference(self) -> str:
        return f"{CODES[self.store]}-{self.id}"


class Orders(RuleBasedStateMachine):
    """An afternoon in the shop, with everything that can go wrong."""

    @initialize(dialect=st.sampled_from(["official", "oss"]), tables=st.sampled_from([True, True, False]))
    def open(self, dialect: str, tables: bool) -> None:
        self.folder = tempfile.TemporaryDirectory()
        change = without_table_reads if not tables else str
        self.bench = Bench(Path(self.folder.name), _SANDBOX[0], dialect=dialect, change=change)
        self.orders: dict[int, Placed] = {}
        self.exact = tables
        self.mapping, self.lost = 0, False
        self.witness = Witness(self.bench, LOGGED)
        for who in (0, 3):
            self.place(store=1, who=who, skus=["LAMP-HEAD", "MUG-TI"], unknown=who == 3, paid=True)

    # -- in the shop

    @rule(orders=st.lists(ORDER, min_size=1, max_size=2))
    def orders_come_in(self, orders: list[dict[str, Any]]) -> None:
        for order in orders:
            self.place(**order)

    def place(self, *, store: int, who: int, skus: list[str], unknown: bool, paid: bool) -> None:
        lines = [{"sku": sku, "quantity": number} for number, sku in enumerate(skus, start=1)]
        if unknown:
            lines.append({"sku": UNKNOWN_SKU, "quantity": 1})
        known = CUSTOMERS[store]
        guest = who >= len(known) and self.exact
        buyer = {"guest": GUEST} if guest else {"customer_id": known[who % len(known)]}
        status = "paid" if paid else "pending"
        number = self.bench.place(store_id=store, lines=lines, payment_status=status, **buyer)
        self.orders[number] = Placed(number, store, paid, lines, versions=[content(lines)])

    @precondition(lambda self: self.changeable())
    @rule(data=st.data(), what=st.sampled_from(["pay", "cancel", "quantity", "quantity"]))
    def something_changes(self, data: st.DataObject, what: str) -> None:
        order = self.orders[data.draw(st.sampled_from(self.changeable()))]
        if what == "cancel":
            self.bench.change(order.id, cancel=True)
            order.cancelled = True
        elif what == "quantity":
            self.change_quantity(order, data)
        elif not order.paid:
            self.bench.change(order.id, payment_status="paid")
            order.paid = True

    def changeable(self) -> list[int]:
        return [number for number, one in self.orders.items() if not one.cancelled]

    def change_quantity(self, order: Placed, data: st.DataObject) -> None:
        items = sorted(self.bench.rows("shop.order_items", order_id=order.id), key=lambda row: row["id"])
        index, quantity = data.draw(st.integers(0, len(items) - 1)), data.draw(st.integers(2, 5))
        self.bench.change(order.id, quantities={str(items[index]["id"]): quantity})
        order.lines = [dict(line) for line in order.lines]
        order.lines[index]["quantity"] = quantity
        order.versions.append(content(order.lines))

    # -- what people do with the tool, and what goes wrong meanwhile

    @rule(faults=st.lists(FAULTS, max_size=2), linger=st.sampled_from([0.0, 70.0]))
    def run(self, faults: list[dict[str, Any]], linger: float) -> None:
        self.strike(faults)
        self.attempt(lambda: self.bench.run(linger=linger))

    @rule(at=st.integers(1, 8) | st.integers(1, 60), faults=st.lists(FAULTS, max_size=1))
    def die(self, at: int, faults: list[dict[str, Any]]) -> None:
        self.strike(faults)
        self.attempt(lambda: self.bench.die(at, linger=70.0))

    def strike(self, faults: list[dict[str, Any]]) -> None:
        for fault in faults:
            self.bench.fault(**{"system": "m3", **fault})

    @rule(outage=OUTAGES, system=st.sampled_from(["m3", "m3", "shop"]))
    def a_system_goes_down(self, outage: dict[str, Any], system: str) -> None:
        """Run on and on while a system does not work, until nobody asks it any more."""
        number = self.bench.fault(**outage, system=system, times=None)
        for _ in range(3):
            self.attempt(self.bench.run)
            self.bench.clock.wait(20)
        self.bench.world.faults.remove(number)

    @rule(seconds=st.sampled_from([1, 30, 61, 600, 3600, 40_000, 90_000]))
    def pass_time(self, seconds: int) -> None:
        self.bench.clock.wait(seconds)

    @rule(how=st.sampled_from(["killed", "backed up", "restored", "lost"]))
    def something_happens_to_the_state(self, how: str) -> None:
        backup = Path(self.folder.name) / "backup.db"
        if how == "killed":
            self.bench.reopen()
        elif how == "backed up":
            backup.unlink(missing_ok=True)
            self.bench.state.backup(backup)
        else:
            self.bench.lose_state(backup if how == "restored" and backup.exists() else None)
            self.lost = True
            self.witness.forget()

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

    @precondition(lambda self: self.refused())
    @rule(data=st.data())
    def edit_a_dead_letter(self, data: st.DataObject) -> None:
        """Let a person write an item that M3 knows into an order that was refused."""
        order = self.orders[data.draw(st.sampled_from(self.refused()))]
        edit(self.bench, order.id, by_hand)
        order.known.append(BY_HAND)

    def refused(self) -> list[int]:
        """Return the orders that are dead letters for an item that M3 does not know."""
        found = self.bench.states() if self.orders else {}
        return [
            one.id
            for one in self.orders.values()
            if found.get(str(one.id)) == "dead" and UNKNOWN_SKU in self.bench.record(one.id).reason
        ]

    def waiting(self, pipeline: str = "orders") -> list[str]:
        states = self.bench.states(pipeline) if self.orders else {}
        return sorted(key for key, state in states.items() if state in ("dead", "review"))

    # -- what must hold at any time

    @invariant()
    def the_log_is_ahead_and_attempts_are_frozen(self) -> None:
        if hasattr(self, "bench"):
            self.witness.testify()

    @invariant()
    def what_was_read_past_is_known(self) -> None:
        if hasattr(self, "bench"):
            read = [str(number) for number in self.orders if number <= position(self.bench)]
            assert self.bench.state.known_keys("orders", read) == set(read)

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
                assert self.bench.entered_lines(row) in order.allowed, order

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
            order.known.append("LAMP-HEAD")
        # Longer than what does not work is left alone.
        bench.clock.wait(2 * 3600)
        bench.settle()
        if self.waiting("customers") or self.waiting():
            for pipeline in ("customers", "orders"):
                bench.retry(*self.waiting(pipeline), pipeline=pipeline)
            bench.settle()
        eligible = [one for one in self.orders.values() if one.paid and not one.cancelled]
        found = Counter(row["CUOR"] for row in bench.rows("m3.orders"))
        missing = {
            one.reference: bench.record(one.id).reason for one in eligible if found[one.reference] != 1
        }
        assert missing == {}
        # What a lost state had begun, nobody can know of.
        assert self.lost or bench.judge().orphans == ()
        self.nothing_is_entered_twice()
        self.what_is_done_is_in_m3_with_lines_that_the_order_had()
        assert {one.phase for one in bench.state.circuits()} <= {Phase.CLOSED, Phase.RECOVERING}
        assert bench.world.failures == []


Orders.TestCase.settings = patience(examples=6, steps=12)
TestOrders = pytest.mark.timeout(TIMEOUT)(Orders.TestCase)
