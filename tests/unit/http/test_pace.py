from __future__ import annotations

import pytest

from m3nop.core.clock import SECOND
from m3nop.http.pace import Pace


class Watch:
    """A clock that moves only when somebody waits."""

    def __init__(self):
        self.instant = 1_000 * SECOND
        self.waits = []

    def now(self):
        return self.instant

    def wait(self, seconds):
        self.waits.append(seconds)
        self.instant += round(seconds * SECOND)


def test_a_burst_passes_and_the_rest_goes_at_the_pace():
    watch = Watch()
    pace = Pace(4, per=2.0, clock=watch)

    for _ in range(7):
        pace.take()

    assert watch.waits == pytest.approx([0.5, 0.5, 0.5])


def test_a_rest_allows_a_new_burst():
    watch = Watch()
    pace = Pace(2, per=1.0, clock=watch)
    pace.take()
    pace.take()
    watch.instant += 10 * SECOND

    pace.take()
    pace.take()

    assert watch.waits == []


def test_a_clock_that_is_set_back_delays_nobody():
    watch = Watch()
    pace = Pace(1, per=1.0, clock=watch)
    pace.take()
    watch.instant -= 900 * SECOND

    pace.take()

    assert sum(watch.waits) <= 1.0


@pytest.mark.parametrize(("requests", "per"), [(0, 1.0), (1, 0.0)])
def test_a_pace_that_lets_nothing_through_is_refused(requests, per):
    with pytest.raises(ValueError, match="at least one"):
        Pace(requests, per=per, clock=Watch())
