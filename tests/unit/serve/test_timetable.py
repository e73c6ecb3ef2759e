"""What the timetable makes of time that passes, stands still, jumps, and of runs that fail."""

from __future__ import annotations

from m3nop.core.clock import HOUR, MINUTE, SECOND, parse_instant
from m3nop.serve.timetable import Plan, Timetable

NOON = parse_instant("2026-11-23T12:00:00Z")


def timetable(last: int | None = None, *, now: int = NOON, **schedules: str) -> Timetable:
    plans = {name: Plan(schedule, "Europe/Stockholm") for name, schedule in schedules.items()}
    return Timetable(plans, dict.fromkeys(plans, last), now=now, spread=lambda: 0.0)


def test_what_was_never_run_is_due_at_once_if_it_runs_in_intervals() -> None:
    table = timetable(orders="every 5m", report="0 6 * * *")
    assert table.due(NOON) == ("orders",)
    # Six o'clock in Stockholm, in winter.
    table.begun(["orders"], NOON + 20 * HOUR)
    assert table.next_due() == parse_instant("2026-11-24T05:00:00Z")


def test_a_pipeline_is_due_again_when_its_interval_has_passed() -> None:
    table = timetable(orders="every 5m")
    table.begun(["orders"], NOON)
    assert table.due(NOON + 4 * MINUTE) == ()
    assert table.due(NOON + 5 * MINUTE) == ("orders",)


def test_an_hour_asleep_is_made_up_for_by_one_run() -> None:
    table = timetable(orders="every 5m", tidy="*/10 * * * *")
    table.begun(["orders", "tidy"], NOON)
    awake = NOON + HOUR
    assert table.due(awake) == ("orders", "tidy")
    table.begun(["orders", "tidy"], awake)
    assert table.due(awake + SECOND) == ()
    assert table.next_due() == awake + 5 * MINUTE


def test_what_fell_due_while_no_service_ran_is_made_up_for_once() -> None:
    table = timetable(NOON - 30 * HOUR, report="0 6 * * *")
    assert table.due(NOON) == ("report",)
    table.begun(["report"], NOON)
    assert table.next_due() == parse_instant("2026-11-24T05:00:00Z")


def test_what_did_not_fall_due_while_no_service_ran_is_not_made_up_for() -> None:
    assert timetable(NOON - HOUR, report="0 6 * * *").due(NOON) == ()


def test_a_mark_of_a_clock_that_was_ahead_holds_nothing_up() -> None:
    assert timetable(NOON + 90 * HOUR, orders="every 5m").next_due() == NOON + 5 * MINUTE


def test_a_clock_that_is_set_back_holds_nothing_up() -> None:
    table = timetable(orders="every 5m")
    table.begun(["orders"], NOON)
    assert table.due(NOON - 2 * HOUR) == ()
    assert table.next_due() == NOON - 2 * HOUR + 5 * MINUTE


def test_what_failed_and_has_no_schedule_does_not_wait_for_a_time_that_the_clock_showed_once() -> None:
    table = timetable(report="0 6 * * *")
    table.begun(["payments"], NOON)
    table.failed(["payments"], NOON)
    assert table.due(NOON - 2 * HOUR) == ()
    assert table.due(NOON - 2 * HOUR + 5 * SECOND) == ("payments",)


def test_what_failed_is_tried_again_after_pauses_that_grow_until_it_is_due_anyway() -> None:
    table, now, pauses = timetable(orders="every 5m"), NOON, []
    for _ in range(8):
        table.begun(["orders"], now)
        table.failed(["orders"], now)
        due = table.next_due()
        assert due is not None
        pauses.append((due - now) // SECOND)
        now = due
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]


def test_a_run_that_went_well_forgets_the_failures_before_it() -> None:
    table = timetable(orders="every 5m")
    for _ in range(5):
        table.failed(["orders"], NOON)
    table.ended(["orders"])
    table.begun(["orders"], NOON)
    table.failed(["orders"], NOON)
    assert table.next_due() == NOON + 5 * SECOND


def test_a_pipeline_that_only_events_wake_is_tried_again_once_after_it_failed() -> None:
    table = timetable(orders="every 5m")
    table.begun(["orders", "payments"], NOON)
    table.failed(["payments"], NOON)
    assert table.due(NOON + 5 * SECOND) == ("payments",)
    table.begun(["payments"], NOON + 5 * SECOND)
    assert table.due(NOON + MINUTE) == ()
