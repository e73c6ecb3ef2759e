"""Tells who and where an M3 is, and which time zone its dates are in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from m3nop.core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from m3nop.core.connector import Row

_TOLERANCE = timedelta(minutes=2)


def server_time_zone(server: Row, user: Row) -> str:
    """Return the IANA name of the server's time zone.

    ``server`` is what ``GENERAL/ServerTimeZone`` answered, ``user`` what ``GENERAL/GetUserInfo`` did. The
    zone is named by either; the server's local time has to agree with it.

    Raises:
        ConfigurationError: there is no such name, or it cannot be right. Guessing would shift dates.
    """
    local, utc = str(server.get("TMTZ") or "").strip(), str(server.get("UTCT") or "").strip()
    named = str(user.get("TIZO") or "").strip()
    for name in (*_names(local), named):
        zone = _zone(name)
        if zone is not None and _agrees(zone, local, utc):
            return name
    said = ", ".join(f"`{text}`" for text in (local, named) if text) or "nothing"
    msg = (
        f"M3 does not tell its time zone by an IANA name (it says {said}); set `time_zone`, e.g. Europe/Oslo"
    )
    raise ConfigurationError(msg)


def _names(text: str) -> Iterator[str]:
    for word in text.replace("[", " ").replace("]", " ").split():
        if word[:1].isalpha() and not word[-1:].isdigit():
            yield word


def _zone(name: str) -> ZoneInfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _agrees(zone: ZoneInfo, local: str, utc: str) -> bool:
    """Compare with the server's two clocks, as far as they can be read."""
    here, there = _moment(local), _moment(utc)
    if here is None or there is None:
        return True
    try:
        if here.tzinfo is not None:
            return here.utcoffset() == here.astimezone(zone).utcoffset()
        expected = there.replace(tzinfo=there.tzinfo or UTC).astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        # At an end of the calendar: a clock that is wrong.
        return False
    return abs(expected - here) <= _TOLERANCE


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.split("[", maxsplit=1)[0].strip())
    except ValueError:
        return None
