"""Maintenance windows: times in which M3 is left alone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from m3nop.core.clock import to_datetime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.core.clock import Instant


class Window(Protocol):
    """When it begins (five cron fields), how many seconds it lasts, and why."""

    cron: str
    for_: float
    reason: str


def closed(name: str, windows: Sequence[Window], now: Instant, *, zone: str) -> str:
    """Say until when a connection is left alone, and why; ``""`` if it may be used."""
    from cronsim import CronSim

    moment = to_datetime(now).astimezone(ZoneInfo(zone))
    for window in windows:
        length = timedelta(seconds=window.for_)
        # The first beginning after the latest that would be over by now.
        begun = next(CronSim(window.cron, moment - length))
        if begun <= moment:
            why = f" ({window.reason})" if window.reason else ""
            return f"{name} is in a maintenance window until {begun + length:%Y-%m-%d %H:%M %Z}{why}"
    return ""
