"""EXPORTMI: rows of M3's tables by a query.

There are OXHEAD and OXLINE (temporary orders), OOHEAD and OOLINE (orders), ODHEAD (deliveries) and OINVOH
(invoices), FGLEDG (ledger), FGLINH (ledger batches) and FSLEDG (receivables), OCUSMA and OCUSAD (customers
and their addresses), MITMAS, MITLAD, MITPOP, MITAUN and MITBAL (items, their names, aliases, units and
balances), OPRICH and OPRBAS (price lists and base prices) and CSYTAB (codes).
That a batch's state is FHSTAT, the columns of ODHEAD and OINVOH, and the prefixes of OCUSAD, MITLAD, MITPOP,
MITAUN, OPRICH and OPRBAS, are assumptions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.m3 import stock
from m3nop.sandbox.m3.descriptions import describe
from m3nop.sandbox.m3.interface import parse as parse_interface
from m3nop.sandbox.m3.programs.query import Column, parse
from m3nop.sandbox.m3.refusal import does_not_exist, is_not_valid, refused

if TYPE_CHECKING:
    from m3nop.sandbox.books import Condition, Doc, Table
    from m3nop.sandbox.m3.session import Handler, Record, Row, Session

_EXPORTMI = """
Select list Read rows of a table
  in QERY:A982* SEPC:A1 HDRS:N1
  out REPL:A984
SelectPad list Read rows of a table, each padded to its full length
  in QERY:A982* SEPC:A1 HDRS:N1
  out REPL:A984
LstFields list List the columns of a table
  in FILE:A10*
  out FLDN:A6 FLDS:A15 FLTY:A1 FLLE:N3 FLDP:N2
"""

PROGRAMS = (parse_interface("EXPORTMI", "Data export", _EXPORTMI),)

_LINE_LENGTH = 984
_STAMPS = "RGDT:N8 RGTM:N6 LMDT:N8 LMTS:N18 CHNO:N3 CHID:A10"
_HEAD = (
    "CONO:N3 DIVI:A3 ORNO:A10 CUNO:A10 ORTP:A3 FACI:A3 WHLO:A3 CUOR:A20 ORDT:N8 RLDT:N8 CUCD:A3 TEPY:A3 "
    f"PYCD:A3 MODL:A3 TEDL:A3 YREF:A30 OREF:A30 PYRE:A25 NREF:A20 {_STAMPS}"
)
_LINE = (
    "CONO:N3 ORNO:A10 PONR:N5 POSX:N3 ITNO:A15 ITDS:A30 WHLO:A3 ORQT:N15.6 ORQA:N15.6 SAPR:N17.6 NEPR:N17.6 "
    f"NLAM:N15.2 ALUN:A3 CUPO:A7 CUOR:A20 DWDT:N8 {_STAMPS}"
)
_LEDGER = (
    "CONO:N3 DIVI:A3 YEA4:N4 JRNO:N7 JSNO:N7 VSER:A3 VONO:N8 FEID:A4 FNCN:N3 ACDT:N8 ACYP:N6 AIT1:A10 "
    "AIT2:A10 AIT3:A10 AIT4:A10 AIT5:A10 AIT6:A10 AIT7:A10 CUCD:A3 CUAM:N15.2 ACAM:N15.2 ARAT:N11.6 "
    f"DBCR:A1 VTCD:N2 VTXT:A40 TRCD:N2 {_STAMPS}"
)
_RECEIVABLE = (
    "CONO:N3 DIVI:A3 YEA4:N4 JRNO:N7 JSNO:N7 PYNO:A10 CUNO:A10 CINO:A15 INYR:N4 TRCD:N2 VSER:A3 VONO:N8 "
    f"CUCD:A3 CUAM:N15.2 ARAT:N11.6 IVDT:N8 DUDT:N8 ACDT:N8 RECO:N1 REDE:N8 {_STAMPS}"
)
_DELIVERY = (
    "CONO:N3 ORNO:A10 DLIX:N11 WHLO:A3 CONA:A10 CUOR:A20 MODL:A3 TEDL:A3 PGRS:A2 CONN:N7 DSDT:N8 IVNO:N9 "
    f"IVDT:N8 EXIN:A15 {_STAMPS}"
)
_INVOICE = (
    "CONO:N3 DIVI:A3 YEA4:N4 IVNO:N9 INPX:A6 EXIN:A15 ORNO:A10 CUNO:A10 PYNO:A10 INRC:A10 IVTP:A2 IDAT:N8 "
    f"DUDT:N8 ACDT:N8 CUCD:A3 IVAV:N15.2 VTAM:N15.2 TEPY:A3 PYCD:A3 {_STAMPS}"
)
_LEDGER_BATCH = f"CONO:N3 DIVI:A3 KEY1:A15 INTN:A15 DESC:A40 STAT:A2 {_STAMPS}"

_ITEM = (
    "CONO:N3 STAT:A2 ITNO:A15 ITDS:A30 FUDS:A60 RESP:A10 UNMS:A3 ITGR:A8 ITCL:A5 BUAR:A3 ITTY:A3 SALE:N1 "
    "STCD:N1 DCCD:N1 VTCS:N2 ALUN:A3 SPUN:A3 PPUN:A3 GRWE:N9.3 NEWE:N9.3 VOL3:N9.3 SAPR:N17.6 CUCS:A3 "
    f"HDPR:A15 CFI1:A10 CFI3:A3 CFI4:A5 CFI5:A1 {_STAMPS}"
)
_CUSTOMER = (
    "CONO:N3 DIVI:A3 CUNO:A10 CUTP:T1 CUNM:A36 CUA1:A36 CUA2:A36 CUA3:A36 CUA4:A36 PONO:A10 TOWN:A20 CSCD:A3 "
    "ECAR:A2 PHNO:A16 TFNO:A16 MAIL:A50 ALCU:A10 YREF:A30 STAT:A2 LNCD:A2 CUCD:A3 VRNO:A16 CUCL:A3 ORTP:A3 "
    f"FACI:A3 WHLO:A3 MODL:A3 TEDL:A3 TEPY:A3 PYCD:A3 PYNO:A10 PLTB:A10 BLCD:T1 {_STAMPS}"
)
_ADDRESS = (
    "CONO:N3 DIVI:A3 CUNO:A10 ADRT:T2 ADID:A6 CUNM:A36 CUA1:A36 CUA2:A36 CUA3:A36 CUA4:A36 PONO:A10 TOWN:A20 "
    f"CSCD:A3 ECAR:A2 PHNO:A16 YREF:A30 {_STAMPS}"
)
_BALANCE = f"CONO:N3 WHLO:A3 ITNO:A15 STQT:N15.6 ALQT:N15.6 REQT:N15.6 ORQT:N15.6 AVAL:N15.6 {_STAMPS}"
_PRICE = f"CONO:N3 PRRF:A10 CUCD:A3 CUNO:A10 FVDT:N8 LVDT:N8 ITNO:A15 SAPR:N17.6 SPUN:A3 NTCD:N1 {_STAMPS}"


def _columns(prefix: str, text: str) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for entry in text.split():
        name, _, form = entry.partition(":")
        length, _, decimals = form[1:].partition(".")
        kind = "N" if form[0] == "T" else form[0]
        column = Column(
            prefix + name, kind, int(length), int(decimals or 0), describe(name), kept_as_text=form[0] == "T"
        )
        columns[column.name] = column
    return columns


TABLES = {
    "OXHEAD": _columns("OA", f"{_HEAD} STAT:A2 ORNR:A10"),
    "OOHEAD": _columns("OA", f"{_HEAD} ORSL:A2 ORST:A2 OBLC:N1"),
    "OXLINE": _columns("OB", _LINE),
    "OOLINE": _columns("OB", f"{_LINE} ORST:A2 ALQT:N15.6 PLQT:N15.6 DLQT:N15.6 IVQT:N15.6"),
    "FGLEDG": _columns("EG", _LEDGER),
    "FGLINH": _columns("FH", _LEDGER_BATCH),
    "FSLEDG": _columns("ES", _RECEIVABLE),
    "ODHEAD": _columns("UA", _DELIVERY),
    "OINVOH": _columns("UH", _INVOICE),
    "OCUSMA": _columns("OK", _CUSTOMER),
    "OCUSAD": _columns("OP", _ADDRESS),
    "MITMAS": _columns("MM", _ITEM),
    "MITLAD": _columns("LA", f"CONO:N3 ITNO:A15 LNCD:A2 ITDS:A30 FUDS:A60 {_STAMPS}"),
    "MITPOP": _columns("MP", f"CONO:N3 ALWT:T2 ALWQ:A4 ITNO:A15 POPN:A30 ALUN:A3 VFDT:N8 {_STAMPS}"),
    "MITAUN": _columns("MU", f"CONO:N3 ITNO:A15 AUTP:N1 ALUN:A3 DCCD:N1 COFA:N15.9 DMCF:N1 {_STAMPS}"),
    "MITBAL": _columns("MB", _BALANCE),
    "OPRICH": _columns(
        "OJ", f"CONO:N3 PRRF:A10 CUCD:A3 CUNO:A10 FVDT:N8 LVDT:N8 TX40:A40 TX15:A15 {_STAMPS}"
    ),
    "OPRBAS": _columns("OD", _PRICE),
    "CSYTAB": _columns("CT", f"CONO:N3 DIVI:A3 STCO:A10 STKY:A10 LNCD:A2 TX40:A40 TX15:A15 {_STAMPS}"),
}

_ALWAYS: dict[str, tuple[Condition, ...]] = {"OPRBAS": (("QTYL", "=", 0),)}
"""What holds for every row: graduated prices, kept beside the base prices, are not of this table."""

_BASIC = frozenset({"OBORQT", "OBALQT", "OBPLQT", "OBDLQT", "OBIVQT"})
"""Quantities that the books keep in the unit of the order line, and these tables in the item's basic unit."""


def select(session: Session, record: Record) -> list[Row]:
    """Read rows of a table, each as one text; with HDRS 1 the column names come first."""
    return [{"REPL": line} for line in _lines(session, record)]


def select_padded(session: Session, record: Record) -> list[Row]:
    """Read rows of a table, each padded to the full length of the reply."""
    return [{"REPL": line.ljust(_LINE_LENGTH)} for line in _lines(session, record)]


def list_fields(_session: Session, record: Record) -> list[Row]:
    """List the columns of a table."""
    columns = TABLES.get(record["FILE"])
    if columns is None:
        msg = "FILE"
        raise does_not_exist(msg, record["FILE"])
    return [
        {
            "FLDN": column.name,
            "FLDS": column.description,
            "FLTY": column.type,
            "FLLE": column.length,
            "FLDP": column.decimals,
        }
        for column in columns.values()
    ]


HANDLERS: dict[tuple[str, str], Handler] = {
    ("EXPORTMI", "Select"): select,
    ("EXPORTMI", "SelectPad"): select_padded,
    ("EXPORTMI", "LstFields"): list_fields,
}


def _lines(session: Session, record: Record) -> list[str]:
    query = parse(record["QERY"], TABLES)
    separator = record.get("SEPC", "")
    if separator in {"*", "#"}:
        # Real: each value is then preceded by its column's name. Nothing here needs it.
        msg = "SEPC"
        raise is_not_valid(msg, separator)
    table = _table(session, query.table)
    always = _ALWAYS.get(query.table, ())
    if not query.columns:
        return [str(table.count(*always, any_of=query.groups))]
    docs = table.select(*always, any_of=query.groups, limit=session.limit)
    lines = [
        _line([_value(session, column, doc) for column in query.columns], query.columns, separator)
        for doc in docs
    ]
    if record.get("HDRS") == "1":
        lines.insert(0, _line([column.name for column in query.columns], query.columns, separator))
    if any(len(line) > _LINE_LENGTH for line in lines):
        text = f"A row is longer than {_LINE_LENGTH}"
        raise refused(text, "XQE0002", "QERY")
    return lines


def _table(session: Session, name: str) -> Table:
    tables = session.tables
    return {
        "OXHEAD": tables.batch_heads,
        "OXLINE": tables.batch_lines,
        "OOHEAD": tables.heads,
        "OOLINE": tables.lines,
        "FGLEDG": tables.finance.ledger,
        "FGLINH": tables.finance.batches,
        "FSLEDG": tables.invoices.receivables,
        "ODHEAD": tables.logistics.deliveries,
        "OINVOH": tables.invoices.heads,
        "OCUSMA": tables.customers,
        "OCUSAD": tables.addresses,
        "MITMAS": tables.items,
        "MITLAD": tables.item_texts,
        "MITPOP": tables.aliases,
        "MITAUN": tables.units,
        "MITBAL": tables.balances,
        "OPRICH": tables.price_lists,
        "OPRBAS": tables.prices,
        "CSYTAB": tables.codes,
    }[name]


def _value(session: Session, column: Column, doc: Doc) -> str:
    if column.field == "CONO":
        return session.company
    if column.field == "DIVI":
        return session.division
    if column.name == "OBORQA":
        return str(doc["ORQT"])
    if column.name in _BASIC:
        return stock.shown_in_basic_unit(doc, doc.get(column.field, 0))
    if column.name == "MBAVAL":
        return str(stock.shown(session, doc)["AVAL"])
    return str(doc.get(column.field, "" if column.type == "A" else 0))


def _line(values: list[str], columns: tuple[Column, ...], separator: str) -> str:
    if separator:
        return separator.join(values)
    return "".join(value.ljust(column.length) for value, column in zip(values, columns, strict=True))
