"""How much of a rate limit is used up, kept for all stores and processes on one state."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from m3nop.core.clock import HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    from tests.contract.state.conftest import Desk

SLOW = 10 * MINUTE
"""So far apart that the time of the test itself does not count."""


def reserve(desk: Desk, name: str = "m3", *, turns: int = 1, interval: int = SLOW) -> int:
    return desk.state.reserve(name, turns=turns, interval=interval, window=HOUR, now=desk.clock.now())


def test_who_comes_next_finds_the_turns_taken_that_others_reserved(desk: Desk) -> None:
    ahead = [reserve(desk, turns=turns) for turns in (3, 2, 1)]

    assert ahead == pytest.approx([0, 3 * SLOW, 5 * SLOW], abs=5 * SECOND)


def test_each_system_has_a_limit_of_its_own(desk: Desk) -> None:
    reserve(desk, turns=5)

    assert reserve(desk, "shop") == pytest.approx(0, abs=5 * SECOND)


def test_whoever_uses_the_same_system_at_another_pace_uses_up_the_same(desk: Desk) -> None:
    reserve(desk, turns=2)

    assert reserve(desk, interval=2 * SLOW) == pytest.approx(2 * SLOW, abs=5 * SECOND)
    assert reserve(desk) == pytest.approx(4 * SLOW, abs=5 * SECOND)


def test_threads_reserve_beside_each_other_and_beside_a_transaction(desk: Desk) -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(reserve(desk))) for _ in range(8)]
    with desk.state.transaction() as tx:
        for thread in threads:
            thread.start()
        tx.set_watermark("orders", "", "7", now=desk.clock.now())
    for thread in threads:
        thread.join(30)

    assert sorted(found) == pytest.approx([number * SLOW for number in range(8)], abs=5 * SECOND)
