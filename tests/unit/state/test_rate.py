"""A rate limit between runs that come one after the other."""

from __future__ import annotations

from m3nop.core.clock import MINUTE, SECOND
from m3nop.http.pace import Pace
from m3nop.state.store import SqlState, open_state


class Watch:
    def __init__(self) -> None:
        self.instant = 1_000_000 * SECOND
        self.waits: list[float] = []

    def now(self) -> int:
        return self.instant

    def wait(self, seconds: float) -> None:
        self.waits.append(round(seconds, 3))
        self.instant += round(seconds * SECOND)


def opened(folder, watch: Watch) -> SqlState:
    return open_state(f"sqlite:///{(folder / 'state.db').as_posix()}", scope={}, clock=watch, command="sync")


def pace(state: SqlState, watch: Watch) -> Pace:
    made = Pace(4, per=60.0, clock=watch)
    made.share("https://m3.example.com TENANT", state)
    return made


def test_a_run_that_follows_another_at_once_has_no_new_burst(tmp_path):
    watch = Watch()
    for _ in range(2):
        state = opened(tmp_path, watch)
        ours = pace(state, watch)
        for _ in range(4):
            ours.take()
        state.close()

    assert watch.waits == [15.0] * 4


def test_after_a_rest_there_is_one_again(tmp_path):
    watch = Watch()
    for _ in range(2):
        state = opened(tmp_path, watch)
        ours = pace(state, watch)
        for _ in range(4):
            ours.take()
        state.close()
        watch.instant += 2 * MINUTE

    assert watch.waits == []


def test_stores_of_one_tenant_share_its_limit(tmp_path):
    watch = Watch()
    state = opened(tmp_path, watch)
    paces = [pace(state, watch) for _ in range(2)]
    for _ in range(3):
        for one in paces:
            one.take()
    state.close()

    assert watch.waits == [15.0, 15.0]


def test_a_clock_that_was_set_back_by_days_between_runs_delays_nobody_for_days(tmp_path):
    watch = Watch()
    state = opened(tmp_path, watch)
    pace(state, watch).take()
    state.close()
    watch.instant -= 10 * 24 * 60 * MINUTE
    state = opened(tmp_path, watch)
    pace(state, watch).take()
    state.close()

    assert watch.waits == [15.0]
