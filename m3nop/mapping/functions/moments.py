"""Days and instants in the texts that the two systems write them in."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.values import show

_M3_DAY = re.compile(r"[0-9]{8}", re.ASCII)
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_ISO_INSTANT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<clock>[0-9]{2}:[0-9]{2}(:[0-9]{2})?)(?P<fraction>\.[0-9]+)?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}:?[0-9]{2})?",
    re.ASCII,
)


class Moment(Struct, frozen=True):
    """A day, or an instant in a zone, and how it was written."""

    value: date | datetime
    form: str
    """``m3`` (20261123), ``iso`` (2026-11-23) or ``instant`` (2026-11-23T09:00:00Z)."""

    def day(self, zone: str) -> date:
        """Return the day; an instant's is the day in ``zone``."""
        return shifted(self.value, zone).date() if isinstance(self.value, datetime) else self.value

    def instant(self, zone: str) -> datetime:
        """Return the instant; a day begins at midnight in ``zone``."""
        if isinstance(self.value, datetime):
            return self.value
        return datetime.combine(self.value, time(), tzinfo=time_zone(zone))

    def plus(self, days: int) -> Moment:
        """Return the moment some days later.

        Raises:
            EvaluationError: that is outside the calendar.
        """
        try:
            return Moment(self.value + timedelta(days=days), self.form)
        except OverflowError:
            msg = f"{days} days from {self} is outside the calendar"
            raise EvaluationError(msg) from None

    def __str__(self) -> str:
        if isinstance(self.value, datetime):
            text = self.value.isoformat()
            return text.removesuffix("+00:00") + "Z" if self.value.tzinfo is UTC else text
        return m3_day(self.value) if self.form == "m3" else self.value.isoformat()


def read(text: str) -> Moment | None:
    """Read a day or an instant; blank text and a date of zeros are None, an instant without zone is UTC.

    Raises:
        EvaluationError: it is something else.
    """
    stripped = text.strip()
    if not stripped.strip("0"):
        return None
    try:
        if _M3_DAY.fullmatch(stripped):
            return Moment(date(int(stripped[:4]), int(stripped[4:6]), int(stripped[6:])), "m3")
        if _ISO_DAY.fullmatch(stripped):
            return Moment(date.fromisoformat(stripped), "iso")
        if match := _ISO_INSTANT.fullmatch(stripped):
            return Moment(_instant(match), "instant")
    except ValueError:
        pass
    msg = f"{show(text)} is not a date: 2026-11-23, 20261123 or 2026-11-23T09:00:00Z"
    raise EvaluationError(msg)


def m3_day(day: date) -> str:
    """Write a day as M3 does (``20261123``)."""
    return f"{day.year:04}{day.month:02}{day.day:02}"


def shifted(instant: datetime, zone: str) -> datetime:
    """Return an instant in a time zone.

    Raises:
        EvaluationError: the zone is not known, or the instant at the very edge of the calendar.
    """
    try:
        return instant.astimezone(time_zone(zone))
    except OverflowError:
        msg = f"{instant.isoformat()} is outside the calendar in {zone}"
        raise EvaluationError(msg) from None


@lru_cache(maxsize=64)
def time_zone(name: str) -> ZoneInfo:
    """Return a zone of the IANA database.

    Raises:
        EvaluationError: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        msg = f"there is no time zone {name!r}; names are like Europe/Stockholm"
        raise EvaluationError(msg) from None


def _instant(match: re.Match[str]) -> datetime:
    fraction = (match["fraction"] or "")[:7]
    zone = (match["zone"] or "Z").upper()
    moment = datetime.fromisoformat(
        f"{match['day']}T{match['clock']}{fraction if len(fraction) > 1 else ''}{zone}"
    )
    return moment.astimezone(UTC) if zone in ("Z", "+00:00", "-00:00") else moment
