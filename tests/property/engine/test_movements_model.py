"""Money comes in and goes back, periods close, answers are lost, runs die: the ledger has each movement once.

``M3NOP_EXAMPLES=300`` looks for longer, and somewhere else at each time.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from m3nop.core.errors import AccessError, PausedError, SourceError
from m3nop.core.records import RecordState
from tests.contract.engine.bench import SETTLE, Bench, Sandbox
from tests.contract.engine.test_payments import pay, post, total, vouchers
from tests.property.engine.trouble import TIMEOUT, Witness, lost_answers, patience, strike

NAME = "payments"
CLEARING = ("2421", "2420")
"""The account of what the shop is owed, before and after somebody changes the settings."""
BATCH = [f"GLS840MI/{name}" for name in ("AddBatchHead", "AddBatchLineFld", "CtrlBatch", "UpdBatch")]
ACTING = st.sampled_from(BATCH)
LATE = (5.0, SETTLE - 30.0, SETTLE + 30.0, 3600.0)
FAULTS = st.one_of(
    lost_answers(ACTING, system="m3", late=LATE),
    lost_answers(st.sampled_from(["EXPORTMI/*", "GLS200MI/*", "*"]), system="m3"),
    lost_answers(st.just("*"), system="shop"),
    st.fixed_dictionaries(
        {
            "kind": st.just("background_update"),
            "operation": st.just("GLS840MI/UpdBatch"),
            "seconds": st.sampled_from([5.0, 90.0, 3600.0]),
        }
    ),
)
PERIODS = ("202611", "202612")

_SANDBOX: list[Sandbox] = []


def setup_module() -> None:
    _SANDBOX.append(Sandbox())


def teardown_module() -> None:
    _SANDBOX.pop().close()


class Movements(RuleBasedStateMachine):
    """A few days of payments and refunds."""

    @initialize(dialect=st.sampled_from(["official", "oss"]))
    def open(self, dialect: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.bench = Bench(Path(self.folder.name), _SANDBOX[0], dialect=dialect, change=post)
        self.refunded: dict[int, Decimal] = {}
        """What was paid back, by order."""
        self.clearing = 0
        self.witness = Witness(self.bench, BATCH)
        self.pay()

    # -- money moves

    @rule()
    def pay(self) -> None:
        self.refunded[pay(self.bench)] = Decimal(0)

    @rule(data=st.data(), amount=st.sampled_from(["1.00", "2.50", "7.35"]))
    def refund(self, data: st.DataObject, amount: str) -> None:
        order = data.draw(st.sampled_from(sorted(self.refunded)))
        if self.refunded[order] + Decimal(amount) < total(self.bench, order):
            self.bench.change(order, refund=amount)
            self.refunded[order] += Decimal(amount)

    @rule(data=st.data())
    def refund_all(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(sorted(self.refunded)))
        if self.refunded[order] < total(self.bench, order):
            self.bench.change(order, payment_status="refunded")
            self.refunded[order] = total(self.bench, order)

    # -- what people do, and what goes wrong meanwhile

    @rule(faults=st.lists(FAULTS, max_size=2), linger=st.sampled_from([0.0, 70.0]))
    def run(self, faults: list[dict[str, Any]], linger: float) -> None:
        strike(self.bench, faults)
        self.attempt(lambda: self.bench.run(NAME, linger=linger))

    @rule(at=st.integers(1, 40), faults=st.lists(FAULTS, max_size=1))
    def die(self, at: int, faults: list[dict[str, Any]]) -> None:
        strike(self.bench, faults)
        self.attempt(lambda: self.bench.die(at, NAME, linger=70.0))

    @rule(nth=st.integers(1, 30), landed=st.booleans())
    def die_within(self, nth: int, *, landed: bool) -> None:
        self.attempt(lambda: self.bench.die_within(nth, NAME, landed=landed, linger=70.0))

    def attempt(self, work: Any) -> None:
        """Let a run end as it may; that a system does not answer is a way to end."""
        with suppress(AccessError, PausedError, SourceError):
            work()

    @rule(seconds=st.sampled_from([30, 61, 900, 900, 3600, 90_000]))
    def pass_time(self, seconds: int) -> None:
        self.bench.clock.wait(seconds)

    @rule(closed=st.booleans())
    def close_or_open_a_period(self, *, closed: bool) -> None:
        periods = self.bench.world.books.table("m3.closed_periods")
        for period in PERIODS:
            periods.pop(period, None)
            if closed:
                periods[period] = {"period": period}

    @rule()
    def edit_the_mapping(self) -> None:
        old, new = (
            f'clearing_account: "{CLEARING[number % 2]}"' for number in (self.clearing, self.clearing + 1)
        )
        self.bench.edit("m3nop.yaml", old, new)
        self.clearing += 1

    @precondition(lambda self: self.resting())
    @rule()
    def retry(self) -> None:
        self.bench.retry(*self.resting(), pipeline=NAME)

    def resting(self) -> list[str]:
        found = self.bench.state.records(NAME) if hasattr(self, "bench") else ()
        return [one.key for one in found if one.state in (RecordState.DEAD, RecordState.REVIEW)]

    # -- what must hold at any time

    @invariant()
    def the_log_is_ahead_and_attempts_are_frozen(self) -> None:
        if hasattr(self, "bench"):
            self.witness.testify()

    @invariant()
    def each_movement_is_one_balanced_voucher(self) -> None:
        if hasattr(self, "bench"):
            for text, lines in vouchers(self.bench).items():
                assert len({(line["YEA4"], line["VONO"]) for line in lines}) == 1, f"{text} is posted twice"
                assert sum(Decimal(line["ACAM"]) for line in lines) == 0, text

    @invariant()
    def no_more_is_posted_than_moved(self) -> None:
        if hasattr(self, "bench"):
            posted = self.posted()
            for order, refunded in self.refunded.items():
                assert posted[order, "capture"] in (0, total(self.bench, order)), order
                assert posted[order, "refund"] <= refunded, order

    @invariant()
    def what_is_remembered_is_in_the_ledger(self) -> None:
        if not hasattr(self, "bench"):
            return
        posted = self.posted()
        for record in self.bench.state.records(NAME):
            kept: Any = record.remembered or {}
            for kind, name in (("capture", "captured"), ("refund", "refunded")):
                assert Decimal(kept.get(name, 0)) <= posted[int(record.key), kind], (record.key, name)

    def posted(self) -> dict[tuple[int, str], Decimal]:
        """Return what the ledger says was paid and paid back, by order."""
        found: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
        for text, lines in vouchers(self.bench).items():
            reference, kind, _ = text.split(" ")
            moved = sum(Decimal(line["ACAM"]) for line in lines if line["AIT1"] in CLEARING)
            found[int(reference.removeprefix("B2C-")), kind] += -moved if kind == "capture" else moved
        return found

    # -- and in the end

    def teardown(self) -> None:
        if not hasattr(self, "bench"):
            return
        try:
            self.everything_is_posted_in_the_end()
        finally:
            self.bench.close()
            self.folder.cleanup()

    def everything_is_posted_in_the_end(self) -> None:
        bench = self.bench
        bench.world.faults.clear()
        self.close_or_open_a_period(closed=False)
        for _ in range(3):
            bench.clock.wait(2 * 3600)
            self.retry()
            bench.run(NAME, linger=600.0)
        posted = self.posted()
        for order, refunded in self.refunded.items():
            reason = bench.record(order, NAME).reason
            assert posted[order, "capture"] == total(bench, order), reason
            assert posted[order, "refund"] == refunded, reason
        self.each_movement_is_one_balanced_voucher()
        bench.world.requests.clear()
        bench.clock.wait(3600)
        bench.run(NAME, linger=600.0)
        assert [name for name in BATCH if bench.sent(name)] == []
        assert bench.world.failures == []


Movements.TestCase.settings = patience(examples=8, steps=12)
TestMovements = pytest.mark.timeout(TIMEOUT)(Movements.TestCase)
