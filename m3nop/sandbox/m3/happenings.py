"""What people and machines do in M3 while the integration looks on: the control interface runs these.

Each takes what the path names and a JSON document, checks all of it before it writes, and answers with JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from m3nop.sandbox.m3 import goods_happenings
from m3nop.sandbox.m3.order_happenings import STEPS, Step, life_of
from m3nop.sandbox.m3.refusal import RefusalError
from m3nop.sandbox.m3.session import Session, Tables

if TYPE_CHECKING:
    from m3nop.core.json import Json
    from m3nop.sandbox.world import World

Happening = Callable[["World", Mapping[str, Any], Any], "Json"]

_ORDER_DIGITS = 10
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


def show_order(world: World, named: Mapping[str, Any], _body: Json) -> Json:
    """Tell the life of an order."""
    session, number = _session(world), _number(named)
    with _refusals_are_errors():
        return life_of(session, number)


def _on_order(step: Step) -> Happening:
    def happen(world: World, named: Mapping[str, Any], body: Json) -> Json:
        session, number = _session(world), _number(named)
        with _refusals_are_errors():
            step(session, number, body)
        return life_of(session, number)

    return happen


def _with_goods(step: goods_happenings.Happening) -> Happening:
    def happen(world: World, named: Mapping[str, Any], body: Json) -> Json:
        with _refusals_are_errors():
            return step(_session(world), named, body)

    return happen


HAPPENINGS: dict[str, Happening] = {
    "/m3/periods/close": close_period,
    "/m3/periods/open": open_period,
    **{f"/m3/orders/{{number}}/{name}": _on_order(step) for name, step in STEPS.items()},
    **{path: _with_goods(step) for path, step in goods_happenings.HAPPENINGS.items()},
}
"""What may happen, by its path below ``/sandbox``."""

VIEWS: dict[str, Happening] = {
    "/m3/orders/{number}": show_order,
    **{path: _with_goods(view) for path, view in goods_happenings.VIEWS.items()},
}
"""What can be looked at, by its path below ``/sandbox``."""


def _session(world: World) -> Session:
    return Session(world, Tables(world))


def _number(named: Mapping[str, Any]) -> str:
    return str(named["number"]).zfill(_ORDER_DIGITS)


@contextmanager
def _refusals_are_errors() -> Iterator[None]:
    try:
        yield
    except RefusalError as error:
        raise ValueError(error.text) from error


def _period(body: Json) -> str:
    period = str(body["period"])
    if not _PERIOD.match(period):
        msg = f"{period!r} is no period; write YYYYMM, such as 202611"
        raise ValueError(msg)
    return period
