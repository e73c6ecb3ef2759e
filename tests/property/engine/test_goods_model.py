"""M3's people change items, prices and stock, the shop's people sell and edit, runs die: the shop ends as M3 says.

``M3NOP_EXAMPLES=300`` looks for longer, and somewhere else at each time.
"""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from m3nop.core.clock import SECOND
from m3nop.core.errors import AccessError, PausedError, SourceError
from m3nop.core.records import RecordState
from m3nop.sandbox.m3 import goods, goods_happenings, stock
from m3nop.sandbox.m3.session import Session, Tables
from tests.contract.engine.bench import SETTLE, Bench, Sandbox
from tests.contract.engine.test_run import GUEST
from tests.property.engine.trouble import TIMEOUT, lost_answers, patience, strike, writes

PIPELINES = ("products", "prices", "inventory")
NEW = "TENT-NEW"
PRODUCTS = ("TENT-2P", "PACK-35", NEW)
COUNTED = ("TENT-2P", "PACK-35", "BOOT-42", NEW)
"""Counted in one place, in several warehouses, by variant; and one that the shop does not have at first."""
OWNED = ("name", "price", "weight")
FREE = ("short_description", "admin_comment")
FILTERS = {
    "products": ("contains(settings.item_types, m3_item.ITTY)", "m3_item.ITNO", PRODUCTS),
    "prices": ("m3_item.CUCD == settings.currency", "m3_item.ITNO", PRODUCTS),
    "inventory": (
        "is_blank(balance.WHLO) || contains(settings.stock_warehouses, balance.WHLO)", "balance.ITNO", COUNTED,
    ),
}  # fmt: skip
WITHIN = (5.0, SETTLE - 30.0)
"""Seconds after which a request may take effect: it is as good as its answer was lost."""
STOCK_WRITES = st.sampled_from(["*AdjustInventory*", "*ProductWarehouse/Update*", "PUT *inventories*"])
SHOP = st.sampled_from(["*", "*", "GET *", "POST *Product/*", "POST *products*", "PUT *"])
FAULTS = st.one_of(
    lost_answers(st.sampled_from(["*", "MMS200MI/*", "OIS100MI/LstNewBalances", "OIS320MI/*"]), system="m3"),
    lost_answers(SHOP, system="shop"),
    lost_answers(STOCK_WRITES, system="shop", late=WITHIN),
)

_SANDBOX: list[Sandbox] = []


def setup_module() -> None:
    _SANDBOX.append(Sandbox())


def teardown_module() -> None:
    _SANDBOX.pop().close()


class Goods(RuleBasedStateMachine):
    """A few days of a shop whose goods are kept in M3."""

    @initialize(dialect=st.sampled_from(["official", "oss"]))
    def open(self, dialect: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.bench = Bench(Path(self.folder.name), _SANDBOX[0], dialect=dialect)
        self.tables = Tables(self.bench.world)
        self.bench.edit("lookups/shop_warehouses.yaml", "values: {}", 'values: {"001": "1"}')
        self.bench.edit("m3nop.yaml", "item_types: [FG]", "item_types: [WEB]")
        for name, (filter_, key, items) in FILTERS.items():
            listed = ", ".join(f"'{item}'" for item in items)
            text = self.bench.read(f"pipelines/{name}.yaml")
            self.bench.write(
                f"pipelines/{name}.yaml", text.replace(filter_, f"({filter_}) && contains([{listed}], {key})")
            )
        self.bench.load()
        self.said: dict[tuple[str, str], set[Any]] = defaultdict(set)
        """What M3, or the shop's people, ever said of a field of a product."""
        self.meant: dict[tuple[str, str], Any] = {}
        """What M3 says of it now."""
        self.theirs: dict[tuple[str, str], Any] = {}
        """What the shop's people wrote last where only they write."""
        self.sales: dict[int, tuple[str, int]] = {}
        """Item and quantity of the orders that hold stock."""
        for item in PRODUCTS[:2]:
            self.change_item(item, weight="2.5", name=f"{item} of M3")
            self.set_price(item, "100.00")
        self.bench.run("orders")

    # -- in M3

    @property
    def m3(self) -> Session:
        """A transaction that begins now."""
        return Session(self.bench.world, self.tables)

    @rule(
        item=st.sampled_from(PRODUCTS),
        weight=st.sampled_from(["1.25", "2.75", "3.5"]),
        name=st.sampled_from(["Tent", "Pack", "Rucksack 35"]),
    )
    def change_item(self, item: str, weight: str, name: str) -> None:
        columns = {"ITTY": "WEB", "GRWE": weight, "FUDS": name, "ITDS": name}
        is_new = item not in self.tables.items
        goods_happenings.change_item(self.m3, {"number": item}, {**columns, "names": {"GB": name}})
        self.say(item, weight=Decimal(weight), name=name)
        if is_new:
            self.set_price(item, "50.00")

    @rule(item=st.sampled_from(PRODUCTS), amount=st.sampled_from(["80.00", "81.50", "99.90"]))
    def set_price(self, item: str, amount: str) -> None:
        if item in self.tables.items:
            goods.set_price(self.m3, item, amount, prrf="WEB", cucd="EUR")
            self.say(item, price=Decimal(amount))

    def say(self, item: str, **fields: Any) -> None:
        for name, value in fields.items():
            self.said[item, name].add(value)
            self.meant[item, name] = value

    @rule(item=st.sampled_from(PRODUCTS), status=st.sampled_from(["20", "90"]))
    def change_status(self, item: str, status: str) -> None:
        if item in self.tables.items:
            goods_happenings.change_item(self.m3, {"number": item}, {"STAT": status})

    @rule(item=st.sampled_from(COUNTED), quantity=st.integers(20, 60))
    def count_stock(self, item: str, quantity: int) -> None:
        if item in self.tables.items:
            stock.set_on_hand(self.m3, "001", item, quantity)

    # -- in the shop

    @rule(item=st.sampled_from(PRODUCTS), field=st.sampled_from([*OWNED, *FREE]), number=st.integers(1, 99))
    def edit(self, item: str, field: str, number: int) -> None:
        """Let somebody of the shop's people write something else into a product."""
        for row in self.bench.rows("shop.products", sku=item):
            value = Decimal(number) if field in ("price", "weight") else f"Theirs {number}"
            self.keep("shop.products", {**row, field: value})
            if field in OWNED:
                self.said[item, field].add(value)
            else:
                self.theirs[item, field] = value

    def keep(self, table: str, row: dict[str, Any]) -> None:
        self.bench.world.books.table(table)[str(row["id"])] = row

    @rule(item=st.sampled_from(COUNTED), quantity=st.integers(0, 90))
    def count_in_the_shop(self, item: str, quantity: int) -> None:
        table = "shop.combinations" if item == "BOOT-42" else "shop.products"
        for row in self.bench.rows(table, sku=item):
            self.keep(table, {**row, "stock_quantity": quantity})

    @rule(item=st.sampled_from(COUNTED[:3]), quantity=st.integers(1, 3))
    def sell(self, item: str, quantity: int) -> None:
        """Let an order come in that is not paid yet: it holds what M3 still thinks is free."""
        lines = ({"sku": item, "quantity": quantity},)
        number = self.bench.place(guest=GUEST, lines=lines, payment_status="pending")
        self.sales[number] = (item, quantity)

    @precondition(lambda self: self.sales)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.sales)))
        del self.sales[number]
        self.bench.change(number, cancel=True)

    # -- what people do with the tool, and what goes wrong meanwhile

    @rule(
        faults=st.lists(FAULTS, max_size=2), full=st.sampled_from([False, False, True]),
        linger=st.sampled_from([0.0, 70.0]),
    )  # fmt: skip
    def run(self, faults: list[dict[str, Any]], linger: float, *, full: bool) -> None:
        strike(self.bench, faults)
        self.attempt(lambda: self.bench.run(*PIPELINES, linger=linger, full=full))

    @rule(at=st.integers(1, 80), faults=st.lists(FAULTS, max_size=1), full=st.booleans())
    def die(self, at: int, faults: list[dict[str, Any]], *, full: bool) -> None:
        strike(self.bench, faults)
        self.attempt(lambda: self.bench.die(at, *PIPELINES, linger=70.0, full=full))

    @rule(nth=st.integers(1, 80), landed=st.booleans())
    def die_within(self, nth: int, *, landed: bool) -> None:
        self.attempt(lambda: self.bench.die_within(nth, *PIPELINES, landed=landed, linger=70.0))

    @rule(nth=st.integers(1, 60), item=st.sampled_from(COUNTED[:3]))
    def sell_meanwhile(self, nth: int, item: str) -> None:
        """Let an order come in while a run is at its ``nth`` request."""
        seen = []

        def sell(_request: Any) -> None:
            seen.append(1)
            if len(seen) == nth:
                self.sell(item, 2)

        self.bench.world.on_request.append(sell)
        try:
            self.attempt(lambda: self.bench.run(*PIPELINES, linger=70.0))
        finally:
            self.bench.world.on_request.remove(sell)

    def attempt(self, work: Any) -> None:
        """Let a run end as it may; that a system does not answer is a way to end."""
        with suppress(AccessError, PausedError, SourceError):
            work()

    @rule(seconds=st.sampled_from([1, 30, 61, 600, 3600, 40_000, 90_000]))
    def pass_time(self, seconds: int) -> None:
        self.bench.clock.wait(seconds)

    @rule(how=st.sampled_from(["killed", "backed up", "restored", "lost"]))
    def something_happens_to_the_state(self, how: str) -> None:
        backup = Path(self.folder.name) / "backup.db"
        self.bench.clock.wait(1)
        if how == "killed":
            self.bench.reopen()
        elif how == "backed up":
            backup.unlink(missing_ok=True)
            self.bench.state.backup(backup)
        else:
            self.bench.lose_state(backup if how == "restored" and backup.exists() else None)

    @rule()
    def retry(self) -> None:
        for pipeline in PIPELINES:
            records = self.bench.state.records(pipeline)
            resting = [one.key for one in records if one.state in (RecordState.DEAD, RecordState.REVIEW)]
            self.bench.retry(*resting, pipeline=pipeline)

    # -- what must hold at any time

    @invariant()
    def what_was_read_past_is_known(self) -> None:
        """Each row of M3 that the next run will not ask for again is in the records as it is."""
        if not hasattr(self, "bench"):
            return
        state, tables = self.bench.state, self.tables
        for name, rows in (("prices", self.bench.rows("m3.prices", PRRF="WEB", CUCD="EUR")),
                           ("inventory", [row for row in tables.balances.values() if row["WHLO"] == "001"])):  # fmt: skip
            mark = state.watermark(name, "")
            known = {record.key: record for record in state.records(name)}
            for row in rows:
                if row["ITNO"] in FILTERS[name][2] and mark is not None and row["LMTS"] < int(mark):
                    assert row["ITNO"] in known, f"{name} was read past {row['ITNO']}"
                    assert known[row["ITNO"]].seen_at * 1000 // SECOND >= row["LMTS"], (name, row)
        mark, known = state.watermark("products", ""), {one.key: one for one in state.records("products")}
        for item in PRODUCTS:
            row = tables.items.get(item)
            if row and mark is not None and row["LMDT"] < int(mark):
                assert item in known, f"products was read past {item}"
                snapshot = known[item].snapshot
                assert (snapshot["FUDS"], Decimal(snapshot["NEWE"])) == (row["FUDS"], Decimal(row["NEWE"]))

    @invariant()
    def the_shop_has_only_what_somebody_said(self) -> None:
        if not hasattr(self, "bench"):
            return
        for item in PRODUCTS:
            for row in self.bench.rows("shop.products", sku=item):
                for field in OWNED:
                    first = self.said[item, field] if item == NEW else {*self.said[item, field], row[field]}
                    assert row[field] in first, (item, field)
                for field in FREE:
                    if (item, field) in self.theirs:
                        assert row[field] == self.theirs[item, field], (item, field)
        assert len(self.bench.rows("shop.products", sku=NEW)) <= 1

    @invariant()
    def no_movement_of_stock_is_made_twice(self) -> None:
        if hasattr(self, "bench"):
            moved = Counter(row["message"] for row in self.bench.rows("shop.stock_history"))
            assert [text for text, count in moved.items() if count > 1 and text.startswith("M3 item")] == []

    # -- and in the end

    def teardown(self) -> None:
        if not hasattr(self, "bench"):
            return
        try:
            self.the_shop_is_as_m3_says_in_the_end()
        finally:
            self.bench.close()
            self.folder.cleanup()

    def the_shop_is_as_m3_says_in_the_end(self) -> None:
        bench = self.bench
        bench.world.faults.clear()
        for full in (False, True):
            bench.clock.wait(SETTLE + 600)
            self.retry()
            bench.run("orders", *PIPELINES, linger=600.0, full=full, allow_to_zero=True)
        bench.clock.wait(SETTLE + 600)
        bench.run("orders", *PIPELINES, linger=600.0)
        for name in PIPELINES:
            assert set(bench.states(name).values()) <= {"done"}, (name, bench.states(name))
        self.every_field_is_equal()
        self.every_stock_is_equal()
        bench.world.requests.clear()
        bench.clock.wait(3600)
        bench.run(*PIPELINES, linger=600.0, full=True)
        assert writes(bench) == []
        assert bench.world.failures == []

    def every_field_is_equal(self) -> None:
        for (item, field), value in self.meant.items():
            found = self.bench.rows("shop.products", sku=item)
            blocked = self.tables.items[item]["STAT"] == "90"
            if not found:
                assert (item, blocked) == (NEW, True), f"{item} is not in the shop"
                continue
            assert found[0][field] == value, (item, field)
            assert not (blocked and found[0]["published"]), item

    def every_stock_is_equal(self) -> None:
        for item in COUNTED:
            if item not in self.tables.items or not self.rows_of(item):
                continue
            free = int(Decimal(stock.balance(self.m3, "001", item)["AV01"]))
            held = sum(quantity for sold, quantity in self.sales.values() if sold == item)
            assert self.sellable(item) == max(0, free - held), item

    def rows_of(self, item: str) -> list[dict[str, Any]]:
        return self.bench.rows("shop.combinations" if item == "BOOT-42" else "shop.products", sku=item)

    def sellable(self, item: str) -> int:
        (row,) = self.rows_of(item)
        if item != "PACK-35":
            return int(row["stock_quantity"])
        places = self.bench.rows("shop.inventories", product_id=row["id"], warehouse_id=1)
        return sum(place["stock_quantity"] - place["reserved_quantity"] for place in places)


Goods.TestCase.settings = patience(examples=6, steps=12)
TestGoods = pytest.mark.timeout(TIMEOUT)(Goods.TestCase)
