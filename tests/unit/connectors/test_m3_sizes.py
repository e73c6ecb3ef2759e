from __future__ import annotations

from m3nop.connectors.m3.sizes import FULL_REQUESTS_BEFORE_GROWTH, GroupSizes
from m3nop.core.connector import Effect, Operation

LINE = Operation("OIS100MI/AddBatchLine", Effect.UNSAFE, group_size=50)
CONFIRM = Operation("OIS100MI/Confirm", Effect.UNSAFE, group_size=5)


def test_groups_begin_at_the_configured_size():
    sizes = GroupSizes(timeout=120)

    assert (sizes.size(LINE), sizes.size(CONFIRM)) == (50, 5)


def test_a_group_that_timed_out_is_halved_down_to_one():
    sizes = GroupSizes(timeout=120)

    seen = []
    for _ in range(4):
        sizes.timed_out([CONFIRM], calls=sizes.size(CONFIRM))
        seen.append(sizes.size(CONFIRM))

    assert seen == [2, 1, 1, 1]
    assert sizes.size(LINE) == 50


def test_a_slow_group_shrinks_to_what_fits_into_a_quarter_of_the_time():
    sizes = GroupSizes(timeout=120)

    sizes.answered([LINE], calls=50, seconds=60)

    assert sizes.size(LINE) == 25


def test_a_group_grows_again_slowly_after_full_requests_that_went_well():
    sizes = GroupSizes(timeout=120)
    sizes.timed_out([LINE], calls=50)

    for _ in range(FULL_REQUESTS_BEFORE_GROWTH - 1):
        sizes.answered([LINE], calls=25, seconds=1)
    assert sizes.size(LINE) == 25
    sizes.answered([LINE], calls=3, seconds=1)
    assert sizes.size(LINE) == 25
    sizes.answered([LINE], calls=25, seconds=1)
    assert sizes.size(LINE) == 30


def test_a_group_never_grows_beyond_the_configured_size():
    sizes = GroupSizes(timeout=120)
    sizes.timed_out([CONFIRM], calls=5)

    for _ in range(100):
        sizes.answered([CONFIRM], calls=5, seconds=1)

    assert sizes.size(CONFIRM) == 5


def test_an_operation_without_a_group_goes_alone():
    assert GroupSizes(timeout=120).size(Operation("X/Add", Effect.UNSAFE)) == 1
