"""Hours of the day in which only what is critical is told."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from m3nop.core.clock import to_datetime

if TYPE_CHECKING:
    from m3nop.core.clock import Instant
    from m3nop.spec.alert_model import QuietSpec


def is_quiet(hours: QuietSpec | None, now: Instant) -> bool:
    """Tell whether quiet hours are on, by the clock on the wall of their time zone."""
    if hours is None:
        return False
    wall = to_datetime(now).astimezone(ZoneInfo(hours.time_zone)).strftime("%H:%M")
    if hours.from_ <= hours.until:
        return hours.from_ <= wall < hours.until
    return wall >= hours.from_ or wall < hours.until
