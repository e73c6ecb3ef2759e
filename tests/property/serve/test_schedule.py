"""Schedules over clock changes and leap days, compared with the library that reads cron, and with plain counting."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim
from hypothesis import assume, example, given
from hypothesis import strategies as st

from m3nop.core.clock import SECOND, parse_instant, to_datetime, to_instant
from m3nop.engine.schedule import interval
from m3nop.serve.schedule import following, pause, starts_at_once

ZONES = [
    "UTC",
    "Europe/Stockholm",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/Santiago",
]
minutes = st.one_of(
    st.just("*"), st.integers(0, 59).map(str), st.sampled_from(["*/5", "*/15", "0,30", "10-20"])
)
hours = st.one_of(st.just("*"), st.integers(0, 23).map(str), st.sampled_from(["*/2", "1-4", "2", "3"]))
days = st.sampled_from(["*", "1", "15", "29", "31"])
months = st.sampled_from(["*", "2", "3", "10", "11"])
weekdays = st.sampled_from(["*", "0", "1-5", "6"])
crons = st.tuples(minutes, hours, days, months, weekdays).map(" ".join)


def at(text: str) -> int:
    return parse_instant(text)


moments = st.one_of(
    st.integers(at("2024-01-01"), at("2033-01-01")),
    # Around the nights in which clocks change, and leap days.
    st.builds(
        lambda day, seconds: at(day) + seconds * SECOND,
        st.sampled_from(
            ["2026-03-29", "2026-10-25", "2027-03-14", "2026-11-01", "2028-02-28", "2028-02-29", "2028-12-31"]
        ),
        st.integers(-90_000, 90_000),
    ),
)


@given(crons, moments, st.sampled_from(ZONES))
@example("30 2 * * *", at("2026-03-29"), "Europe/Stockholm")
@example("30 2 * * *", at("2026-10-25T00:20:00Z"), "Europe/Stockholm")
@example("0 12 29 2 *", at("2026-01-01"), "UTC")
def test_a_cron_schedule_falls_due_when_the_library_says(cron: str, last: int, zone: str) -> None:
    # Without a day of the week these never come, which `validate` says.
    assume(not any(never in cron for never in (" 31 2 ", " 31 11 ")))
    expected = next(CronSim(cron, to_datetime(last).astimezone(ZoneInfo(zone))), None)
    found = following(cron, last, zone=zone)
    assert found == (None if expected is None else to_instant(expected))
    assert found is None or found > last


@given(st.integers(0, 23), st.integers(0, 59), moments, st.sampled_from(ZONES))
def test_a_daily_schedule_falls_due_once_each_day_whatever_the_clocks_do(
    hour: int, minute: int, moment: int, zone: str
) -> None:
    due, dates = moment, []
    for _ in range(5):
        due = following(f"{minute} {hour} * * *", due, zone=zone) or 0
        dates.append(to_datetime(due).astimezone(ZoneInfo(zone)).date())
    assert dates == [dates[0] + timedelta(days=count) for count in range(5)]


@given(moments)
def test_a_leap_day_comes_every_four_years(moment: int) -> None:
    due = following("0 12 29 2 *", moment, zone="UTC")
    assert due is not None
    found = to_datetime(due)
    assert (found.month, found.day, found.hour) == (2, 29, 12)
    assert found - to_datetime(moment) <= timedelta(days=4 * 365 + 1)


@given(st.sampled_from(["every 30s", "every 5m", "every 2h", "every 1d"]), moments, st.floats(0, 1))
def test_an_interval_is_made_longer_by_a_tenth_at_most_and_never_by_more_than_half_a_minute(
    schedule: str, moment: int, spread: float
) -> None:
    last, seconds = moment, interval(schedule)
    waited = ((following(schedule, last, zone="Europe/Stockholm", spread=spread) or 0) - last) / SECOND
    assert seconds <= waited + 1e-6
    assert waited <= seconds + min(seconds / 10, 30)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_pauses_grow_and_end_at_five_minutes(failures: int, spread: float) -> None:
    assert 5 * SECOND <= pause(failures, spread=spread) <= 330 * SECOND
    assert pause(failures) <= pause(failures + 1)


def test_an_interval_that_was_never_kept_is_due_at_once_and_a_time_of_day_is_not() -> None:
    assert starts_at_once("every 5m")
    assert not starts_at_once("0 6 * * *")
