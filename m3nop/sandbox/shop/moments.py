"""Times as the shop keeps them: naive UTC text as .NET writes it, which sorts in the order of time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from m3nop.core.clock import to_datetime

if TYPE_CHECKING:
    from m3nop.core.clock import Instant

BEGINNING = "0001-01-01T00:00:00"
"""What .NET makes of a time that nobody set."""

SERVER_OFFSET = timedelta(hours=1)
"""How far ahead of UTC the shop's server runs: it reads a bound without a zone as its own local time."""

_PARTS = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)(?:T(?P<hour>\d\d):(?P<minute>\d\d)"
    r"(?::(?P<second>\d\d)(?:\.(?P<fraction>\d{1,7}))?(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?)?"
)


def shop_time(instant: Instant, *, digit: int = 0) -> str:
    """Write an instant as the shop stores it; ``digit`` is the seventh of the fraction."""
    moment = to_datetime(instant)
    return _text(moment, f"{moment.microsecond:06d}{digit}")


def normalised(text: str) -> str:
    """Turn an ISO 8601 time, with or without a zone, into the shop's text.

    Raises:
        ValueError: ``text`` is not such a time.
    """
    read = _read(text)
    if read is None:
        msg = f"{text!r} is not a time"
        raise ValueError(msg)
    moment, fraction, offset = read
    return _text(moment - (offset or timedelta()), fraction)


def bound(text: str, *, local: bool = False) -> str | None:
    """Read a time bound of a query; None when it cannot be read.

    With ``local`` one that names no zone counts as the server's local time (orders in the oss dialect).
    """
    read = _read(text)
    if read is None:
        return None
    moment, fraction, offset = read
    if offset is None:
        offset = SERVER_OFFSET if local else timedelta()
    return _text(moment - offset, fraction)


def _read(text: str) -> tuple[datetime, str, timedelta | None] | None:
    found = _PARTS.fullmatch(text)
    if found is None:
        return None
    part = found.groupdict()
    try:
        moment = datetime(  # noqa: DTZ001 -- the shop's times are naive
            int(part["year"]), int(part["month"] or 1), int(part["day"] or 1),
            int(part["hour"] or 0), int(part["minute"] or 0), int(part["second"] or 0),
        )  # fmt: skip
    except ValueError:
        return None
    return moment, (part["fraction"] or "").ljust(7, "0"), _offset(part["zone"])


def _offset(zone: str | None) -> timedelta | None:
    if zone is None:
        return None
    if zone == "Z":
        return timedelta()
    distance = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    return distance if zone[0] == "+" else -distance


def _text(moment: datetime, fraction: str) -> str:
    digits = fraction.rstrip("0")
    whole = moment.replace(microsecond=0, tzinfo=None).isoformat()
    return f"{whole}.{digits}" if digits else whole
