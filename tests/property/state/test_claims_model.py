"""Claims, saves and arrivals against a model in memory: no record is ever lost, doubled or taken too early."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from m3nop.core.records import Arrival, RecordState
from m3nop.state.store import open_state

KEYS = st.integers(0, 30).map(str)
RESTING = st.sampled_from(
    [RecordState.READY, RecordState.PENDING, RecordState.WAITING, RecordState.DONE, RecordState.REVIEW]
)
CLAIMABLE = (RecordState.READY, RecordState.PENDING)


class MovableClock:
    instant = 100

    def now(self) -> int:
        return self.instant

    def wait(self, seconds: float) -> None:
        raise AssertionError("nobody else owns this state")


@dataclass
class Modelled:
    store: str
    state: RecordState
    not_before: int | None
    seen_at: int
    blocked_by: str = ""

    @property
    def since(self) -> int:
        return self.seen_at if self.not_before is None else self.not_before


class StateMachine(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.clock = MovableClock()
        self.model: dict[str, Modelled] = {}
        self.reopen()

    def reopen(self) -> None:
        url = f"sqlite:///{(Path(self.folder.name) / 'state.db').as_posix()}"
        self.state = open_state(url, scope={}, clock=self.clock, command="m3nop sync")
        with self.state.transaction() as tx:
            self.run_id = tx.start_run("orders", now=self.clock.now(), command="m3nop sync", definition="d")

    def teardown(self) -> None:
        if hasattr(self, "state"):
            self.state.close()
            self.folder.cleanup()

    @rule(keys=st.lists(KEYS, max_size=6), store=st.sampled_from("abc"), wait=st.none() | st.integers(0, 50))
    def arrive(self, keys: list[str], store: str, wait: int | None) -> None:
        now = self.clock.now()
        not_before = None if wait is None else now + wait
        with self.state.transaction() as tx:
            tx.arrive(
                [
                    Arrival("orders", key, store, "", {}, "f", None, RecordState.READY, not_before=not_before)
                    for key in keys
                ],
                now=now,
            )
        for key in keys:
            self.model.setdefault(key, Modelled(store, RecordState.READY, not_before, now))

    @rule(
        limit=st.integers(0, 8),
        stores=st.sets(st.sampled_from("abc"), max_size=2),
        keys=st.none() | st.lists(KEYS, min_size=1),
    )
    def claim(self, limit: int, stores: set[str], keys: list[str] | None) -> None:
        now = self.clock.now()
        due = {
            key: one
            for key, one in self.model.items()
            if one.state in CLAIMABLE
            and (one.not_before is None or one.not_before <= now)
            and (not stores or one.store in stores)
            and (keys is None or key in keys)
        }
        with self.state.transaction() as tx:
            claimed = tx.claim(
                ["orders"], now=now, limit=limit, run_id=self.run_id, stores=sorted(stores), keys=keys or ()
            )

        taken = [record.key for record in claimed]
        assert len(set(taken)) == len(taken) == min(limit, len(due))
        assert set(taken) <= set(due)
        self.check_fairness(due, taken)
        for record in claimed:
            assert record.state is RecordState.IN_FLIGHT
            self.model[record.key].state = RecordState.IN_FLIGHT

    def check_fairness(self, due: dict[str, Modelled], taken: list[str]) -> None:
        shares = Counter(self.model[key].store for key in taken)
        for store in {one.store for one in due.values()}:
            mine = [due[key].since for key in taken if due[key].store == store]
            left = [one.since for key, one in due.items() if one.store == store and key not in taken]
            assert mine == sorted(mine)
            assert not mine or not left or max(mine) <= min(left)
            if left:
                assert shares[store] >= max(shares.values(), default=0) - 1

    @precondition(lambda self: any(one.state is RecordState.IN_FLIGHT for one in self.model.values()))
    @rule(data=st.data(), state=RESTING, wait=st.none() | st.integers(-20, 50))
    def save(self, data: st.DataObject, state: RecordState, wait: int | None) -> None:
        key = data.draw(
            st.sampled_from([key for key, one in self.model.items() if one.state is RecordState.IN_FLIGHT])
        )
        record = self.state.record("orders", key)
        record.state, record.not_before = state, None if wait is None else self.clock.now() + wait
        with self.state.transaction() as tx:
            tx.save_record(record)
        self.model[key].state, self.model[key].not_before = record.state, record.not_before

    @precondition(lambda self: any(one.state is RecordState.IN_FLIGHT for one in self.model.values()))
    @rule(data=st.data(), needed=KEYS)
    def block(self, data: st.DataObject, needed: str) -> None:
        key = data.draw(
            st.sampled_from([key for key, one in self.model.items() if one.state is RecordState.IN_FLIGHT])
        )
        record = self.state.record("orders", key)
        record.state, record.not_before, record.blocked_by = RecordState.BLOCKED, None, ("customers", needed)
        with self.state.transaction() as tx:
            tx.save_record(record)
        self.model[key].state, self.model[key].not_before, self.model[key].blocked_by = (
            record.state,
            None,
            needed,
        )

    @rule(keys=st.lists(KEYS, max_size=3))
    def wake(self, keys: list[str]) -> None:
        with self.state.transaction() as tx:
            tx.wake("customers", keys)
        for one in self.model.values():
            if one.state is RecordState.BLOCKED and one.blocked_by in keys:
                one.state, one.not_before = RecordState.READY, None

    @rule()
    def begin_again(self) -> None:
        self.state.close()
        self.reopen()
        self.give_back()

    @rule()
    def release(self) -> None:
        with self.state.transaction() as tx:
            released = tx.release_all(now=self.clock.now())
        assert released == self.give_back()

    def give_back(self) -> int:
        left = [one for one in self.model.values() if one.state is RecordState.IN_FLIGHT]
        for one in left:
            one.state, one.not_before = RecordState.READY, None
        return len(left)

    @rule(step=st.integers(1, 60))
    def pass_time(self, step: int) -> None:
        self.clock.instant += step

    @invariant()
    def every_record_is_where_the_model_has_it(self) -> None:
        if hasattr(self, "state"):
            found = {
                record.key: (record.state, record.not_before, record.store)
                for record in self.state.records("orders")
            }
            assert found == {key: (one.state, one.not_before, one.store) for key, one in self.model.items()}
            assert self.state.counts("orders") == Counter(one.state for one in self.model.values())
            assert {row["record_id"] for row in self.state.stream("claims")} == {
                record.id for record in self.state.records("orders", states=[RecordState.IN_FLIGHT])
            }

    @invariant()
    def the_next_due_time_is_that_of_the_model(self) -> None:
        if hasattr(self, "state"):
            times = [one.not_before or 0 for one in self.model.values() if one.state in CLAIMABLE]
            assert self.state.next_due(["orders"]) == min(times, default=None)


StateMachine.TestCase.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
TestClaims = StateMachine.TestCase
