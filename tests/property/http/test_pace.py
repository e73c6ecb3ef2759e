from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from m3nop.core.clock import SECOND
from m3nop.http.pace import Pace


class Watch:
    def __init__(self):
        self.instant = 0

    def now(self):
        return self.instant

    def wait(self, seconds):
        self.instant += round(seconds * SECOND)


@given(
    requests=st.integers(1, 20),
    pauses=st.lists(st.integers(0, 3 * SECOND), min_size=1, max_size=60),
)
def test_no_window_ever_holds_more_than_twice_the_requests_and_in_the_long_run_no_more_than_the_pace(
    requests, pauses
):
    watch = Watch()
    pace = Pace(requests, per=1.0, clock=watch)
    passed = []

    for pause in pauses:
        watch.instant += pause
        pace.take()
        passed.append(watch.instant)

    for begin in passed:
        assert sum(begin <= moment < begin + SECOND for moment in passed) <= 2 * requests
    elapsed = (passed[-1] - passed[0]) / SECOND
    assert len(passed) <= requests * (elapsed + 1) + 1
