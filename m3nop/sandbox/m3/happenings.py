"""What people and machines do in M3 while the integration looks on: the control interface runs these.

Each takes what the path names and a JSON document, checks all of it before it writes, and answers with JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from m3nop.sandbox.m3.session import Session, Tables

if TYPE_CHECKING:
    from m3nop.core.json import Json
    from m3nop.sandbox.world import World

Happening = Callable[["World", Mapping[str, Any], Any], "Json"]

_PERIOD = re.compile(r"\d{4}(0[1-9]|1[0-2])\Z")


def close_period(world: World, _named: Mapping[str, Any], body: Json) -> Json:
    """Let nothing be posted in a period YYYYMM any more."""
    period = _period(body)
    periods = _session(world).tables.finance.closed_periods
    periods[period] = {"period": period}
    return {"closed": sorted(periods)}


def open_period(world: World, _named: Mapping[str, Any], body: Json) -> Json:
    """Let a period that was closed take postings again."""
    periods = _session(world).tables.finance.closed_periods
    periods.pop(_period(body), None)
    return {"closed": sorted(periods)}


HAPPENINGS: dict[str, Happening] = {
    "/m3/periods/close": close_period,
    "/m3/periods/open": open_period,
}
"""What may happen, by its path below ``/sandbox``."""


def _session(world: World) -> Session:
    return Session(world, Tables(world))


def _period(body: Json) -> str:
    period = str(body["period"])
    if not _PERIOD.match(period):
        msg = f"{period!r} is no period; write YYYYMM, such as 202611"
        raise ValueError(msg)
    return period
