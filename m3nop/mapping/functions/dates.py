"""Functions of dates and times. A date is text: 2026-11-23, M3's 20261123, or an instant; null gives null.

Days and times are those of the M3 connection's time zone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.clock import to_text
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.functions import moments
from m3nop.mapping.functions.registry import Family, Mode

if TYPE_CHECKING:
    from datetime import datetime

    from m3nop.mapping.context import Context

FAMILY = Family("dates")


@FAMILY.function(
    "now() -> text",
    "Give the time of the attempt, the same wherever it is asked.",
    "now()",
    "2026-11-23T09:00:00Z",
    mode=Mode.CONTEXT,
)
def _now(context: Context) -> str:
    return to_text(context.now)


@FAMILY.function(
    "m3_date(date: text?) -> text?",
    "Give the day as M3 writes it; an instant's day is that of M3's time zone.",
    "m3_date('2026-11-23T23:30:00Z')",
    "20261124",
    mode=Mode.CONTEXT,
)
def _m3_date(context: Context, date: str) -> str | None:
    moment = moments.read(date)
    return moments.m3_day(moment.day(context.time_zone)) if moment else None


@FAMILY.function(
    "m3_time(instant: text?) -> text?",
    "Give the time of day as M3 writes it, in M3's time zone.",
    "m3_time('2026-11-23T09:05:00Z')",
    "100500",
    mode=Mode.CONTEXT,
)
def _m3_time(context: Context, instant: str) -> str | None:
    moment = moments.read(instant)
    if moment is None:
        return None
    return moments.shifted(moment.instant(context.time_zone), context.time_zone).strftime("%H%M%S")


@FAMILY.function(
    "from_m3_date(date: text?) -> text?",
    "Give M3's date with hyphens; 0 and blank give null.",
    "from_m3_date('20261123')",
    "2026-11-23",
)
def _from_m3_date(date: str) -> str | None:
    moment = moments.read(date)
    if moment is None:
        return None
    if moment.form != "m3":
        msg = f"from_m3_date() takes a date like 20261123, not '{date}'"
        raise EvaluationError(msg)
    return moment.day("UTC").isoformat()


@FAMILY.function(
    "iso_date(date: text?) -> text?",
    "Give the day with hyphens; an instant's day is that of M3's time zone.",
    "iso_date('2026-11-23T23:30:00Z')",
    "2026-11-24",
    mode=Mode.CONTEXT,
)
def _iso_date(context: Context, date: str) -> str | None:
    moment = moments.read(date)
    return moment.day(context.time_zone).isoformat() if moment else None


@FAMILY.function(
    "add_days(date: text?, days: whole) -> text?",
    "Give the date some days later, written as it was.",
    "add_days('20261130', `2`)",
    "20261202",
)
def _add_days(date: str, days: int) -> str | None:
    moment = moments.read(date)
    return str(moment.plus(days)) if moment else None


@FAMILY.function(
    "to_tz(instant: text?, zone: text) -> text?",
    "Give the instant as the clocks of a time zone show it.",
    "to_tz('2026-11-23T09:00:00Z', 'Europe/Stockholm')",
    "2026-11-23T10:00:00+01:00",
    mode=Mode.CONTEXT,
)
def _to_tz(context: Context, instant: str, zone: str) -> str | None:
    moment = moments.read(instant)
    return moments.shifted(moment.instant(context.time_zone), zone).isoformat() if moment else None


@FAMILY.function(
    "later_of(dates...: text|null) -> text?",
    "Give the latest date, written as it was; nulls are left out.",
    "later_of('2026-11-23', `null`, '20261201')",
    "20261201",
    mode=Mode.CONTEXT,
)
def _later_of(context: Context, *dates: str | None) -> str | None:
    return max(_moments(context, dates), default=(None, None))[1]


@FAMILY.function(
    "earlier_of(dates...: text|null) -> text?",
    "Give the earliest date, written as it was; nulls are left out.",
    "earlier_of('2026-11-23', `null`, '20261201')",
    "2026-11-23",
    mode=Mode.CONTEXT,
)
def _earlier_of(context: Context, *dates: str | None) -> str | None:
    return min(_moments(context, dates), default=(None, None))[1]


def _moments(context: Context, dates: tuple[str | None, ...]) -> list[tuple[datetime, str]]:
    known = ((moments.read(date), date) for date in dates if date is not None)
    return [(moment.instant(context.time_zone), date) for moment, date in known if moment is not None]
