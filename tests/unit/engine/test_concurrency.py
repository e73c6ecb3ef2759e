"""How many requests a system is sent beside each other, by how it answers."""

from __future__ import annotations

from m3nop.core.clock import SECOND
from m3nop.engine.concurrency import Concurrency
from tests.unit.engine.cases import NOW


def answer(one: Concurrency, seconds: float, *, times: int = 1, kind: str = "heads", at: int = NOW) -> int:
    for _ in range(times):
        one.answered(kind, sent_at=at, now=at + int(seconds * SECOND))
        at += int(seconds * SECOND)
    return at


def test_a_connection_begins_with_all_that_it_is_allowed_or_with_what_it_bore_at_last():
    assert [Concurrency(8).allowed, Concurrency(8, start=3).allowed, Concurrency(8, start=99).allowed] == [
        8,
        3,
        8,
    ]


def test_a_failure_halves_the_number_once_for_all_that_were_under_way_together():
    one = Concurrency(16)
    for _ in range(16):
        one.failed(sent_at=NOW, now=NOW + SECOND)
    assert one.allowed == 8

    one.failed(sent_at=NOW + SECOND, now=NOW + 2 * SECOND)
    assert one.allowed == 4


def test_it_never_falls_below_one():
    one = Concurrency(2)
    for second in range(5):
        one.failed(sent_at=NOW + second * SECOND, now=NOW + second * SECOND)

    assert one.allowed == 1


def test_a_round_of_answers_allows_one_more():
    one, grown = Concurrency(8, start=1), []
    for _ in range(6):
        for _ in range(one.allowed):
            answer(one, 0.1)
        grown.append(one.allowed)

    assert grown == [2, 2, 3, 4, 5, 6]
    answer(one, 0.1, times=100)
    assert one.allowed == 8


def test_answers_that_take_three_times_as_long_halve_it():
    one = Concurrency(8)
    at = answer(one, 1.0, times=10)
    assert one.allowed == 8

    answer(one, 5.0, times=3, at=at)
    assert one.allowed < 8


def test_what_is_quick_is_never_too_slow():
    one = Concurrency(8)
    at = answer(one, 0.02, times=10)
    answer(one, 0.9, times=50, at=at)

    assert one.allowed == 8


def test_kinds_of_requests_are_compared_with_their_like():
    one = Concurrency(8)
    at = answer(one, 0.1, times=10, kind="reads")
    answer(one, 8.0, times=10, kind="confirms", at=at)

    assert one.allowed == 8


def test_what_is_slow_for_good_becomes_usual():
    one = Concurrency(8)
    at = answer(one, 1.0, times=10)
    at = answer(one, 5.0, times=20, at=at)
    assert one.allowed == 1

    answer(one, 5.0, times=100, at=at)
    assert one.allowed > 1
