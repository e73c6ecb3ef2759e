"""Reads a list to its end, or fails: a list that was cut must never pass for a whole one."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from m3nop.connectors.m3.results import Reply
from m3nop.core.connector import Effect, Failure, Outcome, Remedy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.connectors.m3.exchange import Exchange
    from m3nop.connectors.m3.results import Record, Result
    from m3nop.core.connector import Call

LARGEST_PAGE = 10_000
"""Rows that a list which cannot be read on is asked for, before it is given up."""

MOST_ROWS = 200_000
"""Longer lists are not gathered in memory."""

_KEY_WINDOWS = MappingProxyType({"CRS610MI/LstByNumber": "CUNO"})
"""Lists in the order of a unique field that is also the input to begin at, inclusive."""


def with_key(call: Call) -> Call:
    """Return the call with the column in it that its list is read on by."""
    key = _KEY_WINDOWS.get(call.operation.name)
    if key is None or not call.columns or key in call.columns:
        return call
    return replace(call, columns=(*call.columns, key))


def read_to_end(call: Call, reply: Reply, *, exchange: Exchange, most: int) -> Reply:
    """Read on from the first answer of a list until its end."""
    if call.operation.effect is not Effect.READ:
        return reply
    if _must_begin_again(call, reply.result, most=most):
        most = LARGEST_PAGE
        reply = exchange.send([call], most=most)[0]
    gathered: list[Record] = []
    while reply.result is not None and _goes_on(call, reply.result, most=most):
        gathered += _fresh(call, gathered, reply.result)
        if len(gathered) > MOST_ROWS:
            return _failed(f"{call.operation.name} has more than {MOST_ROWS} rows; narrow its fields")
        last = reply.result
        reply = _next_page(call, last, exchange=exchange, most=most)
        if reply.result is not None and _stands_still(call, last, reply.result):
            return _failed(f"{call.operation.name} does not advance: its pages repeat themselves")
    if reply.result is None or not gathered:
        return reply
    records = [*gathered, *_fresh(call, gathered, reply.result)]
    return replace(reply, result=replace(reply.result, records=records))


def _must_begin_again(call: Call, result: Result | None, *, most: int) -> bool:
    """Tell whether the list goes on, and only a larger page can show how."""
    if result is None or not _goes_on(call, result, most=most) or most >= LARGEST_PAGE:
        return False
    return not result.position and call.operation.name not in _KEY_WINDOWS


def _goes_on(call: Call, result: Result, *, most: int) -> bool:
    if result.refusal is not None or not result.processed:
        return False
    if result.position and call.operation.many:
        return bool(result.records)
    return len(result.records) >= most


def _next_page(call: Call, last: Result, *, exchange: Exchange, most: int) -> Reply:
    if last.position:
        return exchange.read_on(call, most=most, position=last.position)
    key = _KEY_WINDOWS.get(call.operation.name)
    reached = last.records[-1].get(key, "").rstrip() if key else ""
    if key is None or not reached:
        return _failed(
            f"{call.operation.name} has {most} rows or more and cannot be read on; narrow its fields"
        )
    return exchange.send([replace(call, fields={**call.fields, key: reached})], most=most)[0]


def _fresh(call: Call, gathered: list[Record], page: Result) -> Sequence[Record]:
    """Leave out the row that a window by key repeats."""
    key = _KEY_WINDOWS.get(call.operation.name)
    if key is None or not gathered or not page.records:
        return page.records
    repeated = page.records[0].get(key) == gathered[-1].get(key)
    return page.records[1:] if repeated else page.records


def _stands_still(call: Call, last: Result, page: Result) -> bool:
    if last.position:
        return page.position == last.position
    key = _KEY_WINDOWS[call.operation.name]
    return len(page.records) > 1 and page.records[-1].get(key) == last.records[-1].get(key)


def _failed(message: str) -> Reply:
    return Reply(None, Outcome.NOT_SENT, Failure(Remedy.CONFIGURATION, message))
