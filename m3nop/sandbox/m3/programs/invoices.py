"""OIS350MI and ARS200MI: invoices of orders, and what their customers still owe.

Assumption: an invoice shows its remaining amount in its own currency, also where it is asked for by order.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from m3nop.sandbox.m3 import delivering, order_life
from m3nop.sandbox.m3.programs import invoicing, ledger
from m3nop.sandbox.m3.refusal import does_not_exist

if TYPE_CHECKING:
    from m3nop.sandbox.books import Doc
    from m3nop.sandbox.m3.session import Handler, Record, Row, Session


def list_by_delivery(session: Session, record: Record) -> list[Row]:
    """List the invoices of an order, once for each delivery on them; OOIN 1 leaves out what is paid."""
    head = order_life.head_of(session, record["ORNO"])
    deliveries = {delivery["DLIX"]: delivery for delivery in delivering.deliveries_of(session, head["ORNO"])}
    rows = []
    for document in invoicing.invoices_of(session, head["ORNO"]):
        if session.whole("OOIN", record) and not Decimal(document["RAFC"]):
            continue
        for number, (gross, net) in _by_delivery(session, document).items():
            place = {"DLIX": number, "WHLO": deliveries[number]["WHLO"], "CONN": deliveries[number]["CONN"]}
            rows.append(
                {
                    **document, **place, "IVDT": document["IDAT"], "ORST": head["ORST"],
                    "AMT1": f"{gross:.2f}", "AMT2": f"{net:.2f}",
                }
            )  # fmt: skip
    wanted = [row for row in rows if record.get("WHLO", row["WHLO"]) == row["WHLO"]]
    return [row for row in wanted if session.whole("DLIX", record) in {0, row["DLIX"]}]


def list_by_order(session: Session, record: Record) -> list[Row]:
    """List the invoices of an order, with VAT (IVAV)."""
    number = order_life.head_of(session, record["ORNO"])["ORNO"]
    return [document | {"INR1": document["PYN1"]} for document in invoicing.invoices_of(session, number)]


def get_invoice_head(session: Session, record: Record) -> list[Row]:
    """Return an invoice; AMT1 is its amount in the ledger's currency, AMT2 in its own, both with VAT."""
    document = invoicing.with_rest(session, _invoice(session, record))
    local = ledger.in_ledger_currency(Decimal(document["IVAV"]), Decimal(document["RAIN"]))
    return [
        {
            **document, "CUNM": document["PYN1"], "CUN2": document["PYN1"], "FAC2": document["FACI"],
            "AMT1": f"{local:.2f}", "CUC1": ledger.CURRENCY, "AMT2": document["IVAV"],
            "CUC2": document["CUCD"],
        }
    ]  # fmt: skip


def list_invoice_lines(session: Session, record: Record) -> list[Row]:
    """List the lines of an invoice: goods (IVTP 31), charges (60), VAT (80)."""
    document = _invoice(session, record)
    lines = session.tables.invoices.lines.find(invoice=f"{document['YEA4']}/{document['IVNO']}")
    return [{**line, "PYNO": document["PYNO"], "CUNM": document["PYN1"]} for line in lines]


def list_receivables(session: Session, record: Record) -> list[Row]:
    """List the invoices of a customer: AAC0 1 leaves out what is paid, IVDT is the first invoice date."""
    session.require(session.tables.customers, "CUNO", record["CUNO"])
    dates = [("IVDT", ">=", int(record["IVDT"]))] if "IVDT" in record else []
    open_only = [("RECO", "!=", invoicing.PAID)] if session.whole("AAC0", record) else []
    return session.tables.invoices.receivables.select(
        ("CUNO", "=", record["CUNO"]), ("TRCD", "=", invoicing.INVOICE), *dates, *open_only,
        limit=session.limit,
    )  # fmt: skip


def get_receivable(session: Session, record: Record) -> list[Row]:
    """Return an invoice or a payment of the receivables; RECO 9 is paid."""
    ledger.check_division(session, record)
    key = invoicing.receivable_key(
        {field: session.whole(field, record) for field in ("YEA4", "JRNO", "JSNO")}
    )
    found = session.require(session.tables.invoices.receivables, "JRNO", key)
    return [{**found, "CONO": session.company, "DIVI": session.division}]


HANDLERS: dict[tuple[str, str], Handler] = {
    ("OIS350MI", "LstInvHeadByCo"): list_by_delivery,
    ("OIS350MI", "LstAllInvByCO"): list_by_order,
    ("OIS350MI", "GetInvHead"): get_invoice_head,
    ("OIS350MI", "LstInvLine"): list_invoice_lines,
    ("ARS200MI", "LstInvoices"): list_receivables,
    ("ARS200MI", "GetInvoice"): get_receivable,
}


def _invoice(session: Session, record: Record) -> Doc:
    ledger.check_division(session, record)
    number = session.whole("IVNO", record)
    document = session.tables.invoices.heads.get(f"{session.whole('YEA4', record)}/{number}")
    if document is None or any(
        record.get(field, document[field]) != document[field] for field in ("INPX", "EXIN")
    ):
        msg = "IVNO"
        raise does_not_exist(msg, record["IVNO"])
    return document


def _by_delivery(session: Session, document: Doc) -> dict[int, tuple[Decimal, Decimal]]:
    sums: dict[int, tuple[Decimal, Decimal]] = {}
    lines = session.tables.invoices.lines.find(
        invoice=f"{document['YEA4']}/{document['IVNO']}", IVTP=invoicing.GOODS
    )
    for line in lines:
        gross, net = sums.get(line["DLIX"], (Decimal(0), Decimal(0)))
        sums[line["DLIX"]] = (gross + Decimal(line["AMT3"]), net + Decimal(line["AMT2"]))
    return sums
