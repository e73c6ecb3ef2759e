"""When a schedule falls due next: arithmetic alone, no clock and no waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cronsim import CronSim

from m3nop.core.clock import SECOND, to_datetime, to_instant
from m3nop.engine.schedule import interval

if TYPE_CHECKING:
    from m3nop.core.clock import Instant

EVERY = "every "
_SHARE = 0.1
"""By how much of itself an interval is made longer at most, so that services do not act in step."""
_MOST = 30.0
"""Seconds that an interval is made longer by at most."""


def following(schedule: str, last: Instant, *, zone: str, spread: float = 0.0) -> Instant | None:
    """Return the first instant after ``last`` at which a schedule falls due; None if it does not in 50 years.

    ``every 5m`` counts from ``last``; ``spread``, from 0 to 1, makes it longer by up to a tenth, and by no
    more than half a minute. Five fields of cron are read in ``zone``: a time that the clocks leave out falls
    due when they have, one that they show twice falls due once.
    """
    if schedule.startswith(EVERY):
        seconds = interval(schedule)
        return last + int((seconds + min(seconds * _SHARE, _MOST) * spread) * SECOND)
    moment = to_datetime(last).astimezone(ZoneInfo(zone))
    found = next(CronSim(schedule, moment), None)
    return None if found is None else to_instant(found)


def starts_at_once(schedule: str) -> bool:
    """Tell whether a schedule that was never kept is due at once: an interval is, a time of day is not."""
    return schedule.startswith(EVERY)


def pause(failures: int, *, spread: float = 0.0) -> Instant:
    """Return how long to wait after so many failures one after the other: 5 s, doubled up to 5 minutes."""
    seconds = min(5.0 * 2 ** min(failures - 1, 10), 300.0)
    return int(seconds * (1 + 0.1 * spread) * SECOND)
