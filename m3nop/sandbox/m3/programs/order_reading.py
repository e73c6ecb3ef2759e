"""OIS100MI and OIS275MI: what they tell about temporary and real orders."""

from __future__ import annotations

import textwrap
from decimal import Decimal
from typing import TYPE_CHECKING

from m3nop.sandbox.m3 import stock
from m3nop.sandbox.m3.programs.index_search import search
from m3nop.sandbox.m3.refusal import does_not_exist

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.sandbox.books import Doc, Table
    from m3nop.sandbox.m3.session import Handler, Record, Row, Session

_TEXT_WIDTH = 60
_HEAD_SEARCH = ("CUOR", "CUNO", "ORNO", "ORTP", "FACI", "PYRE", "YREF")
_BATCH_SEARCH = ("CUOR", "CUNO", "ORNO", "ORNR", "ORTP", "FACI", "STAT")


def _batch_head(session: Session, record: Record) -> Doc:
    return session.require(session.tables.batch_heads, "ORNO", record["ORNO"])


def _head(session: Session, record: Record) -> Doc:
    return session.require(session.tables.heads, "ORNO", record["ORNO"])


def _lines(table: Table, order: str) -> list[Doc]:
    return table.select(("ORNO", "=", order), order=("PONR",))


def _with_total(head: Doc, lines: Sequence[Doc]) -> Row:
    total = sum((Decimal(line["NLAM"]) for line in lines), Decimal(0))
    return {**head, "NTAM": f"{total:.2f}"}


def get_order_number(session: Session, record: Record) -> list[Row]:
    """Tell which order a temporary order became; blank while it is temporary."""
    return [{"ORNR": _batch_head(session, record)["ORNR"]}]


def get_temporary_state(session: Session, record: Record) -> list[Row]:
    """Tell state and order number of a temporary order."""
    return [_batch_head(session, record)]


def list_errors(session: Session, record: Record) -> list[Row]:
    """List why a temporary order was not accepted."""
    errors: list[Row] = _batch_head(session, record)["errors"]
    return errors


def get_batch_head(session: Session, record: Record) -> list[Row]:
    """Return a temporary order with the total of its lines."""
    head = _batch_head(session, record)
    return [_with_total(head, _lines(session.tables.batch_lines, head["ORNO"]))]


def get_head(session: Session, record: Record) -> list[Row]:
    """Return an order with the total of its lines."""
    head = _head(session, record)
    total = _with_total(head, _lines(session.tables.lines, head["ORNO"]))
    return [{**total, "STAT": head["ORST"], "DIVI": session.division}]


def list_batch_heads(session: Session, record: Record) -> list[Row]:
    """List the temporary orders of a customer, also those that became real.

    ORSL and ORST limit the status from below and above: an assumption.
    """
    session.require(session.tables.customers, "CUNO", record["CUNO"])
    states = [
        ("STAT", sign, record[field]) for field, sign in (("ORSL", ">="), ("ORST", "<=")) if field in record
    ]
    return session.tables.batch_heads.select(("CUNO", "=", record["CUNO"]), *states, limit=session.limit)


def list_heads(session: Session, record: Record) -> list[Row]:
    """List the orders of a customer; ORSL is the lowest lowest status, ORST the highest highest one."""
    session.require(session.tables.customers, "CUNO", record["CUNO"])
    states = [
        (field, sign, record[field]) for field, sign in (("ORSL", ">="), ("ORST", "<=")) if field in record
    ]
    heads = session.tables.heads.select(("CUNO", "=", record["CUNO"]), *states, limit=session.limit)
    return [{**head, "STAT": head["ORST"]} for head in heads]


def list_batch_lines(session: Session, record: Record) -> list[Row]:
    """List the lines of a temporary order."""
    return _lines(session.tables.batch_lines, _batch_head(session, record)["ORNO"])


def list_lines(session: Session, record: Record) -> list[Row]:
    """List the lines of an order; ORST limits the status from above: an assumption."""
    lines = _lines(session.tables.lines, _head(session, record)["ORNO"])
    lines = [line for line in lines if line["ORST"] <= record.get("ORST", line["ORST"])]
    return [_in_both_units(line) for line in lines if record.get("ITNO", line["ITNO"]) == line["ITNO"]]


def get_batch_line(session: Session, record: Record) -> list[Row]:
    """Return a line of a temporary order."""
    return [_one_line(session, session.tables.batch_lines, _batch_head(session, record), record)]


def get_line(session: Session, record: Record) -> list[Row]:
    """Return a line of an order."""
    return [_in_both_units(_one_line(session, session.tables.lines, _head(session, record), record))]


def get_batch_address(session: Session, record: Record) -> list[Row]:
    """Return an address of a temporary order: its own, or else the customer's."""
    return [_address(session, _batch_head(session, record), record)]


def get_address(session: Session, record: Record) -> list[Row]:
    """Return an address of an order: its own, or else the customer's."""
    return [_address(session, _head(session, record), record)]


def list_charges(session: Session, record: Record) -> list[Row]:
    """List the charges of an order."""
    head = _head(session, record)
    return [_shown_charge(head, charge) for charge in head["charges"] if _wanted(record, charge)]


def list_line_charges(session: Session, record: Record) -> list[Row]:
    """List the charges of an order line."""
    line = _one_line(session, session.tables.lines, _head(session, record), record)
    return [
        {**_shown_charge(line, charge), "PONR": line["PONR"]}
        for charge in line["charges"]
        if _wanted(record, charge)
    ]


def list_head_text(session: Session, record: Record) -> list[Row]:
    """List an order's text in lines of 60."""
    texts = [
        text["PARM"]
        for text in _head(session, record)["texts"]
        if text["TYPE"] == "1" and text["TYTR"] == record["TYTR"]
    ]
    lines = [line for text in texts for line in textwrap.wrap(text, _TEXT_WIDTH)]
    return [{"LINO": number, "TX60": line} for number, line in enumerate(lines, start=1)]


def search_heads(session: Session, record: Record) -> list[Row]:
    """Search orders in the index, which lags."""
    return search(session, session.tables.heads, record["SQRY"], fields=_HEAD_SEARCH)


def search_batch_lines(session: Session, record: Record) -> list[Row]:
    """Search lines of temporary orders in the index, which lags."""
    heads = search(session, session.tables.batch_heads, record["SQRY"], fields=_BATCH_SEARCH)
    return [
        {**head, "PONR": line["PONR"], "POSX": line["POSX"]}
        for head in heads
        for line in _lines(session.tables.batch_lines, head["ORNO"])
    ]


HANDLERS: dict[tuple[str, str], Handler] = {
    ("OIS100MI", "GetOrderNo"): get_order_number,
    ("OIS100MI", "LstErrMsgOrder"): list_errors,
    ("OIS100MI", "GetBatchHead"): get_batch_head,
    ("OIS100MI", "GetBatchLine"): get_batch_line,
    ("OIS100MI", "LstBatchHead"): list_batch_heads,
    ("OIS100MI", "LstBatchLine"): list_batch_lines,
    ("OIS100MI", "GetHead"): get_head,
    ("OIS100MI", "GetLine"): get_line,
    ("OIS100MI", "LstHead"): list_heads,
    ("OIS100MI", "LstLine"): list_lines,
    ("OIS100MI", "GetAddress"): get_address,
    ("OIS100MI", "LstOrderCharge"): list_charges,
    ("OIS100MI", "LstLineCharge"): list_line_charges,
    ("OIS100MI", "LstHeadText"): list_head_text,
    ("OIS100MI", "SearchHead"): search_heads,
    ("OIS275MI", "GetTmpOrderStat"): get_temporary_state,
    ("OIS275MI", "GetBatchHead"): get_batch_head,
    ("OIS275MI", "LstBatchLine"): list_batch_lines,
    ("OIS275MI", "GetAddress"): get_batch_address,
    ("OIS275MI", "SearchBatchLine"): search_batch_lines,
}


def _in_both_units(line: Doc) -> Row:
    # A line is kept in the unit in which it was ordered; real lines show the basic unit's quantity, too.
    return {**line, "ORQA": line["ORQT"], "ORQT": stock.shown_in_basic_unit(line, line["ORQT"])}


def _one_line(session: Session, table: Table, head: Doc, record: Record) -> Doc:
    line = table.get(f"{head['ORNO']}/{session.whole('PONR', record):05}")
    if line is None or session.whole("POSX", record):
        msg = "PONR"
        raise does_not_exist(msg, f"{record['PONR']}/{record.get('POSX', '0')}")
    return line


def _address(session: Session, head: Doc, record: Record) -> Row:
    own: dict[str, Row] = head["addresses"]
    kind = str(session.whole("ADRT", record))
    return own[kind] if kind in own else session.tables.customers[head["CUNO"]]


def _shown_charge(owner: Doc, charge: Row) -> Row:
    return {**charge, "ORNO": owner["ORNO"], "PBAM": charge["CRAM"]}


def _wanted(record: Record, charge: Row) -> bool:
    return record.get("CRID") in {None, charge["CRID"]}
