"""When a schedule of the language falls due."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim

from m3nop.core.clock import SECOND, Instant

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def is_due(schedule: str, last: Instant, now: Instant, *, zone: str) -> bool:
    """Tell whether a schedule (``every 15m``, or five fields of cron in ``zone``) fell due since ``last``."""
    if schedule.startswith("every "):
        return now - last >= interval(schedule) * SECOND
    begin = datetime.fromtimestamp(last / SECOND, UTC).astimezone(ZoneInfo(zone))
    return next(CronSim(schedule, begin)).timestamp() * SECOND <= now


def interval(schedule: str) -> float:
    """Return the seconds of ``every 15m``; a plain number is seconds."""
    text = schedule.removeprefix("every ").strip()
    return float(text[:-1]) * _UNITS[text[-1]] if text[-1] in _UNITS else float(text)
