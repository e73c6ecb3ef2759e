"""Transactions that M3 does not ship: a site may define its own, and this installation has.

Their names are those of the first description of this integration. Standard M3 enters a temporary order with
OIS100MI AddBatchHead and AddBatchLine; here AddHead and AddLine do the very same, Confirm included, and
MMS080MI LstItemBal lists balances, for which standard M3 has MMS200MI GetItmWhsBal and others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from m3nop.sandbox.m3 import stock
from m3nop.sandbox.m3.interface import Program, parse
from m3nop.sandbox.m3.programs import order_entry, order_interface

if TYPE_CHECKING:
    from m3nop.sandbox.books import Condition
    from m3nop.sandbox.m3.session import Handler, Record, Row, Session

_MMS080MI = """
LstItemBal list List balances (site-specific)
  in CONO:N3 WHLO:A3 ITNO:A15 LMTS:N18
  out WHLO:A3 ITNO:A15 ITDS:A30 UNMS:A3 STQT:N17 REQT:N17 ALQT:N17 AVAL:N17 AV01:N17 AV02:N17 LMDT:D10
"""

_STANDARD = {"AddHead": "AddBatchHead", "AddLine": "AddBatchLine"}


def _renamed(program: Program) -> Program:
    transactions = {
        name: replace(
            program.transactions[standard],
            name=name,
            description=f"{program.transactions[standard].description} (site-specific)",
        )
        for name, standard in _STANDARD.items()
    }
    return replace(program, transactions=transactions)


_ORDERS = next(program for program in order_interface.PROGRAMS if program.name == "OIS100MI")
PROGRAMS = (_renamed(_ORDERS), parse("MMS080MI", "Material plan interface", _MMS080MI))


def add_head(session: Session, record: Record) -> list[Row]:
    """Create a temporary order. Site-specific: what AddBatchHead does under another name."""
    return order_entry.add_batch_head(session, record)


def add_line(session: Session, record: Record) -> list[Row]:
    """Add a line to a temporary order. Site-specific: what AddBatchLine does under another name."""
    return order_entry.add_batch_line(session, record)


def list_balances(session: Session, record: Record) -> list[Row]:
    """List balances by warehouse and item: of one, of the other, changed since LMTS. Site-specific."""
    tables = session.tables
    wanted: list[Condition] = []
    for field, table in (("WHLO", tables.warehouses), ("ITNO", tables.items)):
        if field in record:
            session.require(table, field, record[field])
            wanted.append((field, "=", record[field]))
    if "LMTS" in record:
        wanted.append(("LMTS", ">=", session.whole("LMTS", record)))

    def shape(row: Row) -> Row:
        item = tables.items[row["ITNO"]]
        return {**stock.shown(session, row), "ITDS": item["ITDS"], "UNMS": item["UNMS"]}

    return session.page(
        tables.balances,
        *wanted,
        order=[field for field in ("WHLO", "ITNO") if field not in record],
        shape=shape,
    )


HANDLERS: dict[tuple[str, str], Handler] = {
    ("OIS100MI", "AddHead"): add_head,
    ("OIS100MI", "AddLine"): add_line,
    ("MMS080MI", "LstItemBal"): list_balances,
}
