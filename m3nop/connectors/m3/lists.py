"""Reads a list to its end, or fails: a list that was cut must never pass for a whole one.

A list goes on at the position that the server tells. Releases that tell none are asked for windows: the list
once more, from the key or date of the last row, whose rows are then repeated. What has neither is asked for
with larger pages.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from m3nop.connectors.m3.results import Reply, answer
from m3nop.core.connector import Answer, Effect, Failure, Outcome, Remedy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from m3nop.connectors.m3.exchange import Exchange
    from m3nop.connectors.m3.results import Record, Result
    from m3nop.core.connector import Call, Row

LARGEST_PAGE = 10_000
"""Rows of the larger page that a list is asked for which cannot be read on; site-defined lists end there."""

MOST_ROWS = 200_000
"""Rows of the largest page of all; and longer lists are not gathered in memory."""


class Window(Struct, frozen=True):
    """How a list is read on without a position: ``begin`` is the input it starts at, inclusive.

    Its rows come in the order of ``column`` and are told apart by ``unique``. The order of dates is checked;
    that of keys cannot be, because it depends on the database. ``unless`` one of these inputs is given, which
    may change the order.
    """

    begin: str
    column: str
    unique: tuple[str, ...]
    dated: bool = False
    unless: frozenset[str] = frozenset()


_WINDOWS = MappingProxyType(
    {
        "CRS610MI/LstByNumber": Window("CUNO", "CUNO", ("CUNO",)),
        "MMS200MI/SelItem": Window("FRIT", "ITNO", ("ITNO",), unless=frozenset({"LMDT", "LMTS"})),
        "MMS200MI/LstItmDescLang": Window("FITN", "ITNO", ("ITNO", "LNCD")),
        "MMS200MI/LstItmByChgDate": Window("FLMD", "LMDT", ("ITNO",), dated=True, unless=frozenset({"CSDS"})),
    }
)


def with_key(call: Call) -> Call:
    """Return the call with the columns in it that its list is read on by."""
    window = _window_of(call)
    if window is None or not call.columns:
        return call
    lacking = {window.column: None, **dict.fromkeys(window.unique)}
    return replace(call, columns=(*call.columns, *(name for name in lacking if name not in call.columns)))


def scan(call: Call, reply: Reply, *, exchange: Exchange, most: int) -> Iterator[Answer]:
    """Answer a read page by page, from its first reply on; a page that failed is the last."""
    if call.operation.effect is not Effect.READ:
        yield answer(call, reply)
        return
    for page in _Pages(call, exchange=exchange, most=most).read(reply):
        got = answer(call, page)
        yield got
        if got.outcome is not Outcome.DONE:
            return


def read_to_end(call: Call, reply: Reply, *, exchange: Exchange, most: int) -> Answer:
    """Answer a call with all rows of its list, read on from the first reply until its end."""
    rows: list[Row] = []
    clean = True
    for page in scan(call, reply, exchange=exchange, most=most):
        if page.outcome is not Outcome.DONE:
            return page
        rows += page.rows
        clean = clean and page.clean
        if len(rows) > MOST_ROWS:
            failure = Failure(
                Remedy.CONFIGURATION,
                f"{call.operation.name} has more than {MOST_ROWS} rows; narrow its fields",
            )
            return Answer(Outcome.NOT_SENT, failure=failure)
    return Answer(Outcome.DONE, tuple(rows), clean=clean)


class _Pages:
    """The pages of one list, each with only the rows that the one before it had not."""

    def __init__(self, call: Call, *, exchange: Exchange, most: int) -> None:
        self._call = call
        self._name = call.operation.name
        self._exchange = exchange
        self._most = most
        self._window = _window_of(call)

    def read(self, reply: Reply) -> Iterator[Reply]:
        """Read on from the first reply; the last page is the end of the list or says why there is no more."""
        reply = self._begin(reply)
        last: Result | None = None
        while True:
            result = reply.result
            if result is None:
                yield reply
                return
            yield replace(reply, result=replace(result, records=self._fresh(result.records, last)))
            if not self._goes_on(result):
                return
            last = result
            reply = self._next(last)

    def _begin(self, reply: Reply) -> Reply:
        """Ask for larger pages where the first one does not show how to read on."""
        result = reply.result
        if result is None or not self._goes_on(result) or result.position or self._may_go_on_from(result):
            return reply
        return self._enlarged(self._call, result)

    def _may_go_on_from(self, page: Result) -> bool:
        window = self._window
        if window is None:
            return False
        reached = [_text(record, window.column) for record in page.records]
        return bool(reached[-1]) and (not window.dated or reached == sorted(reached))

    def _goes_on(self, page: Result) -> bool:
        if page.refusal is not None or not page.processed:
            return False
        if page.position and self._call.operation.many:
            return bool(page.records)
        return len(page.records) >= self._most

    def _next(self, last: Result) -> Reply:
        if last.position:
            reply = self._exchange.read_on(self._call, most=self._most, position=last.position)
            stands = reply.result is not None and reply.result.position == last.position
            return self._repeats_itself() if stands else reply
        if self._window is None or not self._may_go_on_from(last):
            return self._cannot_go_on(last)
        return self._next_window(self._window, _text(last.records[-1], self._window.column))

    def _next_window(self, window: Window, reached: str) -> Reply:
        call = replace(self._call, fields={**self._call.fields, window.begin: reached})
        reply = self._exchange.send([call], most=self._most)[0]
        page = reply.result
        if page is None or len(page.records) < 2:  # noqa: PLR2004 - the row that is repeated, and no other
            return reply
        if _text(page.records[-1], window.column) != reached:
            return reply
        if window.unique == (window.column,):
            return self._repeats_itself()
        return self._enlarged(call, page) if self._goes_on(page) else reply

    def _enlarged(self, call: Call, page: Result) -> Reply:
        """Ask for larger pages until one is not full; an answer as long as a limit of M3's may be cut."""
        for size in (LARGEST_PAGE, MOST_ROWS):
            if size <= self._most:
                continue
            self._most = size
            reply = self._exchange.send([call], most=size)[0]
            if reply.result is None:
                return reply
            page = reply.result
            if page.position or len(page.records) not in {size, LARGEST_PAGE}:
                return reply
        return self._cannot_go_on(page)

    def _fresh(self, records: Sequence[Record], last: Result | None) -> Sequence[Record]:
        """Leave out the rows that a window repeats."""
        window = self._window
        if window is None or last is None or last.position:
            return records
        reached = _text(last.records[-1], window.column)
        seen = {_key(record, window) for record in last.records if _text(record, window.column) == reached}
        return [record for record in records if _key(record, window) not in seen]

    def _repeats_itself(self) -> Reply:
        return _failed(f"{self._name} does not advance: its pages repeat themselves")

    def _cannot_go_on(self, page: Result) -> Reply:
        rows = len(page.records)
        return _failed(f"{self._name} has {rows} rows or more and cannot be read on; narrow its fields")


def _window_of(call: Call) -> Window | None:
    window = _WINDOWS.get(call.operation.name)
    return None if window is None or any(call.fields.get(name) for name in window.unless) else window


def _text(record: Record, column: str) -> str:
    return record.get(column, "").rstrip()


def _key(record: Record, window: Window) -> tuple[str, ...]:
    return tuple(_text(record, name) for name in (window.column, *window.unique))


def _failed(message: str) -> Reply:
    return Reply(None, Outcome.NOT_SENT, Failure(Remedy.CONFIGURATION, message))
