"""What a transaction sees while it runs: M3's tables, its user, and the server's time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from m3nop.core.clock import to_instant
from m3nop.sandbox.m3.flow_tables import FinanceTables, InvoiceTables, LogisticsTables
from m3nop.sandbox.m3.goods_tables import GoodsTables
from m3nop.sandbox.m3.refusal import does_not_exist, is_not_valid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from m3nop.core.json import Json
    from m3nop.sandbox.books import Condition, Doc, Table
    from m3nop.sandbox.world import World

COMPANY = "100"
DIVISION = "AAA"
USER = "M3NOP"
TIME_ZONE = ZoneInfo("Europe/Stockholm")
"""Where the M3 server stands: neither UTC nor without summer time."""

Record = dict[str, str]
Row = dict[str, Any]
Handler = Callable[["Session", Record], list[Row]]
"""Runs one transaction: filled input fields to output rows. A number is int or text, a date YYYYMMDD or 0."""


class Page(list[Row]):
    """Rows of a list without those that earlier answers showed."""

    def __init__(self, rows: Iterable[Row], *, skipped: int) -> None:
        super().__init__(rows)
        self.skipped = skipped


class Tables(GoodsTables):
    """M3's tables in the books. Fields carry M3's names without the table's prefix."""

    def __init__(self, world: World) -> None:
        books = world.books
        super().__init__(books)
        self.batch_heads = books.table("m3.batch_orders", indexes=["CUOR", "CUNO", "LMDT", "ORNR"])
        """OXHEAD, temporary orders by number, with their addresses, charges, texts and errors."""
        self.batch_lines = books.table("m3.batch_lines", indexes=[["ORNO", "PONR"]])
        """OXLINE by ``ORNO/PONR``."""
        self.heads = books.table("m3.orders", indexes=["CUOR", "CUNO", "LMDT"])
        """OOHEAD, orders by number."""
        self.lines = books.table("m3.order_lines", indexes=[["ORNO", "PONR"], "LMDT"])
        """OOLINE by ``ORNO/PONR``."""
        self.customers = books.table(
            "m3.customers", indexes=["CUNO", ["CUNM", "CUNO"], "LMTS", "MAIL", "ALCU", "YREF"]
        )
        """OCUSMA by customer number; template customers have CUTP 9."""
        self.addresses = books.table("m3.customer_addresses", indexes=["CUNO"])
        """OCUSAD by ``CUNO/ADRT/ADID``."""
        self.codes = books.table("m3.codes", indexes=["STCO"])
        """CSYTAB by ``STCO/STKY``: payment terms, delivery methods, languages, countries …"""
        self.order_types = books.table("m3.order_types")
        self.facilities = books.table("m3.facilities")
        self.warehouses = books.table("m3.warehouses")
        self.charges = books.table("m3.charges")
        self.logistics = LogisticsTables(books)
        self.invoices = InvoiceTables(books)
        self.finance = FinanceTables(books)
        self.options = books.table("m3.options")
        """What this installation can: document ``features``."""

    def feature(self, name: str) -> Json:
        """Tell whether the installation has a feature, or how much of it."""
        features: Doc = self.options.get("features", {})
        return features.get(name, FEATURES[name])


FEATURES: dict[str, Any] = {"v2": True, "position_key": False, "token_seconds": 7200}
"""An installation unless ``m3.options/features`` says otherwise: has v2, has no ``positionkey`` paging."""


class Session(Struct, frozen=True, dict=True):
    """The circumstances of one transaction."""

    world: World
    tables: Tables
    company: str = COMPANY
    division: str = DIVISION
    limit: int | None = None
    """No more rows than these can be shown, so a list may stop there."""
    offset: int = 0
    """So many rows were shown by earlier answers, so a list may leave them out and say so: ``page``."""

    @cached_property
    def local(self) -> datetime:
        """The server's local time when the transaction began."""
        return self.world.clock.datetime().astimezone(TIME_ZONE)

    @property
    def today(self) -> int:
        """The server's local date as YYYYMMDD."""
        return (self.local.year * 100 + self.local.month) * 100 + self.local.day

    @property
    def time(self) -> int:
        """The server's local time as HHMMSS."""
        return (self.local.hour * 100 + self.local.minute) * 100 + self.local.second

    @property
    def stamp(self) -> int:
        """LMTS: milliseconds since 1970 (the epoch is an assumption)."""
        return to_instant(self.local) // 1000

    def created(self) -> Row:
        """Return the fields that M3 keeps about who made a row and when."""
        return {"RGDT": self.today, "RGTM": self.time, "CHNO": 0, **self._changed()}

    def changed(self, row: Row) -> Row:
        """Return a row with the fields about its last change brought up to date."""
        return {**row, **self._changed(), "CHNO": (row["CHNO"] + 1) % 1000}

    def page(
        self,
        table: Table,
        *conditions: Condition,
        order: Sequence[str],
        shape: Callable[[Doc], Row],
    ) -> list[Row]:
        """Read what a list can show, and no more: a long list costs the memory of one answer."""
        limit = None if self.limit is None else self.limit - self.offset
        docs = table.select(*conditions, order=order, limit=limit, offset=self.offset)
        return Page((shape(doc) for doc in docs), skipped=self.offset)

    def require(self, table: Table, field: str, value: str) -> Doc:
        """Return a document.

        Raises:
            RefusalError: there is none.
        """
        try:
            return table[value]
        except KeyError:
            raise does_not_exist(field, value) from None

    def check_code(self, field: str, record: Record) -> None:
        """Check a field whose values are kept as codes (CSYTAB); a blank is fine.

        Raises:
            RefusalError: there is no such code.
        """
        value = record.get(field, "")
        if value and f"{field}/{value}" not in self.tables.codes:
            raise does_not_exist(field, value)

    def whole(self, field: str, record: Record) -> int:
        """Return a field that is a whole number; blank is 0.

        Raises:
            RefusalError: it has decimals.
        """
        value = record.get(field, "0")
        if not value.lstrip("-").isdecimal():
            raise is_not_valid(field, value)
        return int(value)

    def _changed(self) -> Row:
        return {"LMDT": self.today, "LMTS": self.stamp, "CHID": USER}
