from __future__ import annotations

from itertools import cycle, islice

import pytest

from m3nop.connectors.m3.sizes import FEWEST, FULL_REQUESTS_BEFORE_GROWTH, GroupSizes
from m3nop.core.connector import Effect, Operation

LINE = Operation("OIS100MI/AddBatchLine", Effect.UNSAFE, bulk="OIS100MI", group_size=50)
CONFIRM = Operation("OIS100MI/Confirm", Effect.UNSAFE, bulk="OIS100MI", group_size=5)


@pytest.fixture
def sizes() -> GroupSizes:
    return GroupSizes(timeout=120, most=50)


def worked(sizes: GroupSizes, operation: Operation, *, start: float, each: float, requests: int = 40) -> int:
    """Make requests of full and of half groups to an M3 that takes so many seconds; return the size then."""
    for part in islice(cycle((1, 2)), requests):
        calls = max(1, sizes.size(operation) // part)
        sizes.answered([operation], calls=calls, seconds=start + calls * each)
    return sizes.size(operation)


def test_groups_begin_at_the_configured_size(sizes):
    assert (sizes.size(LINE), sizes.size(CONFIRM)) == (50, 5)


def test_a_group_that_timed_out_is_halved_down_to_one(sizes):
    seen = []
    for _ in range(4):
        sizes.timed_out([CONFIRM], calls=sizes.size(CONFIRM))
        seen.append(sizes.size(CONFIRM))

    assert seen == [2, 1, 1, 1]
    assert sizes.size(LINE) == 50


def test_a_slow_group_shrinks_to_what_fits_into_a_quarter_of_the_time(sizes):
    sizes.answered([LINE], calls=50, seconds=60)

    assert sizes.size(LINE) == 25


def test_a_group_grows_again_slowly_after_full_requests_that_went_well(sizes):
    sizes.timed_out([LINE], calls=50)

    for _ in range(FULL_REQUESTS_BEFORE_GROWTH - 1):
        sizes.answered([LINE], calls=25, seconds=1)
    assert sizes.size(LINE) == 25
    sizes.answered([LINE], calls=3, seconds=1)
    assert sizes.size(LINE) == 25
    sizes.answered([LINE], calls=25, seconds=1)
    assert sizes.size(LINE) == 30


def test_a_confirm_that_is_quick_comes_in_twice_as_many_each_time_up_to_the_configured_size(sizes):
    seen = []
    for _ in range(5):
        sizes.answered([CONFIRM], calls=sizes.size(CONFIRM), seconds=0.1)
        seen.append(sizes.size(CONFIRM))

    assert seen == [10, 20, 40, 50, 50]


def test_a_confirm_that_timed_out_once_is_not_doubled_any_more(sizes):
    sizes.answered([CONFIRM], calls=5, seconds=0.1)
    sizes.timed_out([CONFIRM], calls=10)

    sizes.answered([CONFIRM], calls=5, seconds=0.1)

    assert sizes.size(CONFIRM) == 5


def test_a_confirm_is_not_doubled_beyond_a_quarter_of_the_time_out(sizes):
    sizes.answered([CONFIRM], calls=5, seconds=16)

    assert sizes.size(CONFIRM) == 5


def test_where_each_call_takes_long_a_group_is_as_small_as_costs_little_and_no_smaller_than_ten(sizes):
    assert worked(sizes, LINE, start=0.005, each=0.001) == 20
    assert worked(sizes, CONFIRM, start=0.005, each=0.01) == FEWEST


def test_where_the_request_is_what_takes_long_groups_are_full(sizes):
    assert worked(sizes, LINE, start=0.05, each=0.0001) == 50
    assert worked(sizes, CONFIRM, start=0.05, each=0.0001) == 50


def test_groups_are_full_again_once_calls_have_become_quick(sizes):
    worked(sizes, LINE, start=0.005, each=0.002)

    assert worked(sizes, LINE, start=0.005, each=0.00001, requests=60) == 50


def test_an_operation_without_a_group_goes_alone(sizes):
    alone = Operation("X/Add", Effect.UNSAFE)

    for _ in range(10):
        sizes.answered([alone], calls=1, seconds=0.1)

    assert sizes.size(alone) == 1
