"""Reads a range of a table by EXPORTMI, in as many queries as it takes.

EXPORTMI has no pages and promises no order, so a range that has more rows than one answer holds is asked for
in halves: by the first column that still has more than one value, then by the next. An answer that may have
been cut is never used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from m3nop.connectors.m3.results import answer
from m3nop.connectors.m3.tables import (
    LONGEST_QUERY,
    SEPARATORS,
    CutError,
    Query,
    SeparatorError,
    TableError,
    check,
    literal,
    parse,
)
from m3nop.core.connector import Answer, Call, Failure, Outcome, Remedy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from m3nop.connectors.m3.exchange import Exchange
    from m3nop.core.connector import Operation

Range = tuple[int, int]
"""Lowest and highest value, both inclusive."""


class RangeQuery(Query, frozen=True):
    """A query on ranges of whole numbers, besides columns that have one value."""

    ranges: Mapping[str, Range] | None = None

    def _condition(self) -> str:
        fields = self.calls[0].fields
        parts = [f"{name} = {literal(fields[name])}" for name in self.where]
        for name, (low, high) in (self.ranges or {}).items():
            parts.append(f"{name} = {low}" if low == high else f"{name} >= {low} and {name} <= {high}")
        return " and ".join(parts)

    def halves(self) -> tuple[Query, ...]:
        """Ask for the two halves of the first range that has more than one value."""
        ranges = self.ranges or {}
        for name, (low, high) in ranges.items():
            if low < high:
                middle = (low + high) // 2
                return tuple(
                    replace(self, ranges={**ranges, name: half})
                    for half in ((low, middle), (middle + 1, high))
                )
        return ()


def has_ranges(call: Call) -> bool:
    """Tell whether a table read asks for ranges: a list of lowest and highest value in place of one value."""
    return any(isinstance(value, list) for value in call.fields.values())


def scan_ranges(exchange: Exchange, call: Call, *, select: Operation, most: int) -> Iterator[Answer]:
    """Answer a read of ranges part by part; the last answer is one that is not DONE, if any failed."""
    try:
        waiting: list[Query] = [_query(call)]
    except TableError as error:
        yield Answer(Outcome.REFUSED, failure=Failure(Remedy.BUSINESS, str(error)))
        return
    while waiting:
        query = waiting.pop()
        fields = {"SEPC": query.separator, "HDRS": "1", "QERY": query.text}
        asked = Call("0", select, fields, ("REPL",))
        (reply,) = exchange.send([asked], most=most)
        got = answer(asked, reply)
        if got.outcome is not Outcome.DONE:
            yield got
            return
        try:
            rows = parse(query, got.rows, most=most)
        except TableError as error:
            instead = _instead(query, error)
            if not instead:
                yield Answer(Outcome.NOT_SENT, failure=Failure(Remedy.CONFIGURATION, str(error)))
                return
            waiting.extend(reversed(instead))
        else:
            yield Answer(Outcome.DONE, rows=tuple(rows))


def _query(call: Call) -> RangeQuery:
    ranges = {name: _range(name, value) for name, value in call.fields.items() if isinstance(value, list)}
    single = {name: value for name, value in call.fields.items() if name not in ranges}
    # Names are looked at as those of any table read.
    check(replace(call, fields={**dict.fromkeys(ranges, 1), **single}))
    columns = tuple(dict.fromkeys((*single, *ranges, *call.columns)))
    query = RangeQuery(
        call.operation.name.partition(":")[2], columns, tuple(sorted(single)), "",
        (replace(call, fields=single),), SEPARATORS[0], ranges,
    )  # fmt: skip
    if len(query.text) > LONGEST_QUERY:
        msg = f"the query on {query.table} has {len(query.text)} characters; EXPORTMI takes {LONGEST_QUERY}"
        raise TableError(msg)
    return query


def _range(name: str, value: list[object]) -> Range:
    low, high = (value[0], value[-1]) if len(value) == 2 else (None, None)  # noqa: PLR2004 - a pair
    if not isinstance(low, int) or not isinstance(high, int) or isinstance(low, bool) or low > high:
        msg = f"{name} cannot be looked up by {value!r}; a range is a lowest and a highest whole number"
        raise TableError(msg)
    return low, high


def _instead(query: Query, error: TableError) -> list[Query]:
    if isinstance(error, CutError):
        return list(query.halves())
    if isinstance(error, SeparatorError):
        other = query.with_next_separator()
        return [other] if other else []
    return []
