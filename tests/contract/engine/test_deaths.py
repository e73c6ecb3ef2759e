"""A run may die while it takes up what an earlier death left, and while it takes an attempt back."""

from __future__ import annotations

import pytest

from tests.contract.engine.bench import CLEAN, SETTLE, Bench, Fate
from tests.contract.engine.test_run import GUEST


def guest(bench: Bench) -> int:
    return bench.place(guest=GUEST)


def places_of(bench: Bench, name: str = "") -> list[int]:
    """Run to the end, and return the places where a run like it can die."""
    whole = Fate()
    bench.run(fate=whole)
    return [number for number, passed in enumerate(whole.passed, start=1) if passed.startswith(name)]


def test_a_run_that_dies_while_it_takes_up_a_death_is_completed_by_the_third(bench: Bench) -> None:
    guest(bench)
    for at in places_of(bench)[3::14]:
        order = guest(bench)
        bench.die(at)
        bench.clock.wait(SETTLE + 1)
        # Each run dies a little later than the one before, until one does not.
        deaths = 0
        while bench.die(2 + 9 * deaths).dead:
            deaths += 1
            bench.clock.wait(SETTLE + 1)
        assert deaths, at
        bench.run(linger=200.0)
        assert bench.judge(order) == CLEAN, at
        assert set(bench.states().values()) == {"done"}, at


@pytest.mark.parametrize("lost", [None, "reset_after"])
def test_a_run_that_dies_anywhere_while_it_takes_an_attempt_back_leaves_no_orphan(
    bench: Bench, lost: str | None
) -> None:
    def trouble() -> None:
        bench.fault("reset_after", "OIS100MI/AddBatchLine")
        if lost:
            bench.fault(lost, "OIS100MI/DelBatchHead")

    guest(bench)
    trouble()
    for at in places_of(bench)[8::16]:
        order = guest(bench)
        bench.world.faults.clear()
        trouble()
        bench.die(at)
        bench.clock.wait(SETTLE + 1)
        bench.die(at // 2)
        bench.clock.wait(SETTLE + 1)
        bench.run(linger=200.0)
        assert bench.judge(order) == CLEAN, at
        assert set(bench.states().values()) == {"done"}, at


def test_an_undo_is_taken_up_whoever_the_customer_is_and_whatever_of_the_commit_was_sent(
    bench: Bench,
) -> None:
    order = bench.place(customer_id=6)
    bench.fault("reset_before", "OIS100MI/Confirm")
    bench.fault("duplicate_records", "OIS100MI/LstBatchLine", count=1)
    bench.fault("reset_before", "OIS100MI/DelBatchHead")
    bench.run()
    bench.clock.wait(SETTLE + 1)
    for at in range(12, 22):
        bench.die(at)
        bench.clock.wait(SETTLE + 1)
    bench.run(linger=200.0)

    assert bench.judge(order) == CLEAN
    assert set(bench.states().values()) == {"done"}
