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


class Shared:
    """What is used up of the limits, as a state database keeps it."""

    def __init__(self):
        self.full_at = {}
        self.asked = 0

    def reserve(self, name, *, turns, interval, window, now):
        self.asked += 1
        assert turns * interval <= max(window, interval)
        full_at = max(self.full_at.get(name, 0), now)
        self.full_at[name] = full_at + turns * interval
        return full_at - now


@given(
    requests=st.integers(1, 20),
    asks=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2 * SECOND)), min_size=1, max_size=80),
)
def test_processes_that_share_a_limit_keep_to_it_together_and_seldom_ask_how_much_is_left(requests, asks):
    shared, watches = Shared(), [Watch() for _ in range(3)]
    paces = [Pace(requests, per=1.0, clock=watch) for watch in watches]
    for pace in paces:
        pace.share("m3", shared)
    passed, now = [], 0

    for who, pause in asks:
        now += pause
        # Each waits in a process of its own, while the others go on.
        watch = watches[who]
        if watch.instant > now:
            continue
        watch.instant = now
        paces[who].take()
        passed.append(watch.instant)

    for begin in passed:
        assert sum(begin <= moment < begin + SECOND for moment in passed) <= 2 * requests
    elapsed = (max(passed) - min(passed)) / SECOND
    assert len(passed) <= requests * (elapsed + 1) + 1


@given(requests=st.integers(1, 50), count=st.integers(1, 200))
def test_who_sends_all_the_time_asks_once_a_second_and_is_as_quick_as_alone(requests, count):
    shared, alone, together = Shared(), Watch(), Watch()
    by_itself, sharing = Pace(requests, per=1.0, clock=alone), Pace(requests, per=1.0, clock=together)
    sharing.share("m3", shared)

    for _ in range(count):
        by_itself.take()
        sharing.take()

    assert abs(together.instant - alone.instant) <= count
    assert shared.asked <= together.instant / SECOND + 2 + count / requests
