"""Balances: MMS200MI, MMS060MI, MMS080MI and OIS100MI about what is on hand and what can be promised.

Assumptions: LMTS filters include the instant given; a warehouse has one location, which holds everything in
status 2 (approved); lists begin at the item given; ATP is AV02, never below zero, on any date.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from m3nop.sandbox.m3 import stock
from m3nop.sandbox.m3.interface import parse
from m3nop.sandbox.m3.refusal import does_not_exist

if TYPE_CHECKING:
    from m3nop.sandbox.books import Condition, Doc
    from m3nop.sandbox.m3.session import Handler, Record, Row, Session

_MMS200MI = """
GetItmWhsBal one Get the balance of an item in a warehouse
  in WHLO:A3* ITNO:A15* CONO:N3
  out CONO:N3 WHLO:A3 ITNO:A15 STQT:N17 QUQT:N17 RJQT:N17 ALQT:N17 AV01:N17 AVAL:N17 EXQT:N17 PLQT:N17
  .. ORQT:N17 REQT:N17 RLQT:N17 AV02:N17 IDDT:D10 ODDT:D10 INDT:D10 FACI:A3
GetSumWhsBal one Get the summarized balance of an item
  in WHLO:A3* POPN:A30* CONO:N3
  out CONO:N3 WHLO:A3 POPN:A30 ITNO:A15 WHNM:A36 ITDS:A30 STAT:A2 QUQT:N17 UNMS:A3 LEAT:N3 RJQT:N17
  .. STQT:N17 RESP:A10 ORQT:N17 REQT:N17 AV02:N17 SSQT:N17 AVAL:N17 REOP:N17 ALQT:N17 AV01:N17
LstSumWhsBal list List summarized balances of a warehouse
  in WHLO:A3* POPN:A30* CONO:N3 LNCD:A2 INVF:N1 CHCD:N1
  out CONO:N3 WHLO:A3 POPN:A30 ITNO:A15 WHNM:A36 ITDS:A30 STAT:A2 QUQT:N17 UNMS:A3 LEAT:N3 RJQT:N17
  .. STQT:N17 RESP:A10 ORQT:N17 REQT:N17 AV02:N17 SSQT:N17 AVAL:N17 REOP:N17 ALQT:N17 AV01:N17
"""

_MMS060MI = """
List list List balances by location
  in WHLO:A3* CONO:N3 ITNO:A15 WHSL:A10 BANO:A20 CAMU:A20 REPN:N10
  out CONO:N3 WHLO:A3 WHNM:A30 ITNO:A15 ITDS:A30 WHSL:A10 BANO:A20 CAMU:A20 REPN:N10 ITTY:A3 RESP:A10
  .. UNMS:A3 ITGR:A8 STAS:A1 STQT:N11 ALOC:N1 ALQT:N11 STAT:A2
LstViaItem list List balances of an item by location
  in ITNO:A15* CONO:N3 BANO:A20 WHLO:A3 WHSL:A10 CAMU:A20 REPN:N10 STOF:N1 DCIN:N1
  out CONO:N3 ITNO:A15 ITDS:A30 BANO:A20 WHLO:A3 WHNM:A30 WHSL:A10 CAMU:A20 REPN:N10 ITTY:A3 RESP:A10
  .. UNMS:A3 ITGR:A8 STAS:A1 STQT:N11 ALOC:N1 ALQT:N11 STAT:A2
LstNewItemBal list List balances of an item that changed since
  in ITNO:A15* LMTS:N18
  out ITNO:A15 WHLO:A3 WHSL:A10 STAS:A1 STQT:N17 STQM:N17
"""

_MMS080MI = """
LstItemWarehous list List items by warehouse with their balances
  in FWHL:A3* TWHL:A3* CONO:N3 WHGR:A15 APIP:A3 CRTM:N1 SELE:N1
  out CONO:N3 WHLO:A3 ITNO:A15 ITDS:A30 STQT:N16 SALE:N1 SSQT:N16 LMDT:D10 CHNO:N3 CHID:A10 AVAL:N16
  .. ALQT:N16 AV01:N16 ITGR:A8 ITCL:A5 ITTY:A3 GRWE:N10 NEWE:N10 RESP:A10 REOP:N16 QUQT:N16 FACI:A3
"""

_OIS100MI = """
LstNewBalances list List what can be promised, where it changed since
  in LMTS:N18
  out WHLO:A3 ITNO:A15 AV01:A16 AV02:A16 LTDT:D10 PFDT:D10
LstWarehBalance list List what can be promised of an item by warehouse
  in ITNO:A15* CONO:N3
  out WHLO:A3 AV01:A16 AV02:A16 LTDT:D10 PFDT:D10 LMDT:D10
GetATP one Get what can be promised of an item on a date
  in ITNO:A15* WHLO:A3* CONO:N3 DWDT:D10
  out AVTQ:A16 UNMS:A3 AVTD:A8
"""

PROGRAMS = (
    parse("MMS200MI", "Item interface", _MMS200MI),
    parse("MMS060MI", "Balance identity interface", _MMS060MI),
    parse("MMS080MI", "Material plan interface", _MMS080MI),
    parse("OIS100MI", "Customer order interface", _OIS100MI),
)

_LOCATION, _APPROVED = "MAIN", "2"
# A list of one warehouse or item is sorted by the other alone: SQLite would sort it anew by both.
_IN_WAREHOUSE, _OF_ITEM, _BY_WAREHOUSE = ("ITNO",), ("WHLO",), ("WHLO", "ITNO")


def get_balance(session: Session, record: Record) -> list[Row]:
    """Return the balance of an item in a warehouse, which must keep it."""
    return [_with_warehouse(session, _kept(session, record["WHLO"], record["ITNO"]))]


def get_summarized(session: Session, record: Record) -> list[Row]:
    """Return the balance of an item, which POPN names by its number or an alias, in a warehouse."""
    return [_summarized(session, _kept(session, record["WHLO"], _behind(session, record["POPN"])))]


def list_summarized(session: Session, record: Record) -> list[Row]:
    """List the balances of a warehouse from an item on, which POPN names by its number or an alias."""
    warehouse = _warehouse(session, record)
    first: Condition = ("ITNO", ">=", _behind(session, record["POPN"]))
    return session.page(
        session.tables.balances,
        warehouse,
        first,
        order=_IN_WAREHOUSE,
        shape=lambda row: _summarized(session, row),
    )


def list_by_location(session: Session, record: Record) -> list[Row]:
    """List the balances of a warehouse by location, from an item on if one is given."""
    warehouse = _warehouse(session, record)
    first: Condition = ("ITNO", ">=", record.get("ITNO", ""))
    return session.page(
        session.tables.balances,
        warehouse,
        first,
        order=_IN_WAREHOUSE,
        shape=lambda row: _located(session, row),
    )


def list_of_item(session: Session, record: Record) -> list[Row]:
    """List the balances of an item by location, from a warehouse on if one is given."""
    session.require(session.tables.items, "ITNO", record["ITNO"])
    return session.page(
        session.tables.balances,
        ("ITNO", "=", record["ITNO"]),
        ("WHLO", ">=", record.get("WHLO", "")),
        order=_OF_ITEM,
        shape=lambda row: _located(session, row),
    )


def list_changed_of_item(session: Session, record: Record) -> list[Row]:
    """List the balances of an item, those changed since LMTS if it is given."""
    session.require(session.tables.items, "ITNO", record["ITNO"])
    return session.page(
        session.tables.balances,
        ("ITNO", "=", record["ITNO"]),
        *_since(session, record),
        order=_OF_ITEM,
        shape=lambda row: {**row, "WHSL": _LOCATION, "STAS": _APPROVED, "STQM": row["STQT"]},
    )


def list_by_warehouse(session: Session, record: Record) -> list[Row]:
    """List the balances of a range of warehouses."""
    return session.page(
        session.tables.balances,
        ("WHLO", ">=", record["FWHL"]),
        ("WHLO", "<=", record["TWHL"]),
        order=_BY_WAREHOUSE,
        shape=lambda row: _with_item(session, _with_warehouse(session, row)),
    )


def list_changed(session: Session, record: Record) -> list[Row]:
    """List what can be promised where it changed since LMTS, in the order of the changes."""
    return session.page(
        session.tables.balances,
        *_since(session, record),
        order=("LMTS",),
        shape=lambda row: stock.shown(session, row),
    )


def list_promisable(session: Session, record: Record) -> list[Row]:
    """List what can be promised of an item by warehouse."""
    session.require(session.tables.items, "ITNO", record["ITNO"])
    return session.page(
        session.tables.balances,
        ("ITNO", "=", record["ITNO"]),
        order=_OF_ITEM,
        shape=lambda row: stock.shown(session, row),
    )


def get_promisable(session: Session, record: Record) -> list[Row]:
    """Return what can be promised of an item on a date, today unless one is given."""
    row = stock.shown(session, _kept(session, record["WHLO"], record["ITNO"]))
    free = max(Decimal(row["AV02"]), Decimal(0))
    unit = session.tables.items[record["ITNO"]]["UNMS"]
    return [{"AVTQ": f"{free:.{row['DCCD']}f}", "UNMS": unit, "AVTD": record.get("DWDT") or session.today}]


HANDLERS: dict[tuple[str, str], Handler] = {
    ("MMS200MI", "GetItmWhsBal"): get_balance,
    ("MMS200MI", "GetSumWhsBal"): get_summarized,
    ("MMS200MI", "LstSumWhsBal"): list_summarized,
    ("MMS060MI", "List"): list_by_location,
    ("MMS060MI", "LstViaItem"): list_of_item,
    ("MMS060MI", "LstNewItemBal"): list_changed_of_item,
    ("MMS080MI", "LstItemWarehous"): list_by_warehouse,
    ("OIS100MI", "LstNewBalances"): list_changed,
    ("OIS100MI", "LstWarehBalance"): list_promisable,
    ("OIS100MI", "GetATP"): get_promisable,
}


def _kept(session: Session, whlo: str, itno: str) -> Doc:
    session.require(session.tables.warehouses, "WHLO", whlo)
    session.require(session.tables.items, "ITNO", itno)
    row = session.tables.balances.get(stock.key(whlo, itno))
    if row is None:
        msg = "ITNO"
        raise does_not_exist(msg, f"{itno} in warehouse {whlo}")
    return row


def _behind(session: Session, number: str) -> str:
    if number in session.tables.items:
        return number
    aliases = session.tables.aliases.find(POPN=number)
    return str(aliases[0]["ITNO"]) if aliases else number


def _warehouse(session: Session, record: Record) -> Condition:
    return ("WHLO", "=", session.require(session.tables.warehouses, "WHLO", record["WHLO"])["WHLO"])


def _since(session: Session, record: Record) -> list[Condition]:
    return [("LMTS", ">=", session.whole("LMTS", record))] if "LMTS" in record else []


def _with_warehouse(session: Session, row: Doc) -> Row:
    warehouse = session.tables.warehouses[row["WHLO"]]
    return {**stock.shown(session, row), "FACI": warehouse["FACI"], "WHNM": warehouse["WHNM"]}


def _with_item(session: Session, row: Row) -> Row:
    stamps = {name: row[name] for name in ("LMDT", "CHNO", "CHID", "CONO")}
    return {**session.tables.items[row["ITNO"]], **row, **stamps}


def _summarized(session: Session, row: Doc) -> Row:
    return {**_with_item(session, _with_warehouse(session, row)), "POPN": row["ITNO"]}


def _located(session: Session, row: Doc) -> Row:
    where = {"WHSL": _LOCATION, "STAS": _APPROVED, "ALOC": 1, "REPN": 0}
    return {**_with_item(session, _with_warehouse(session, row)), **where}
