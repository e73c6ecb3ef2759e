"""Invoicing: what was delivered is invoiced, owed by the payer, and posted.

Assumptions: one invoice takes all that an order has delivered and not invoiced; charges of the order are on
its first invoice, those of a line on the first that has the line; the VAT code is the customer's, else the
item's; VAT is rounded once for each code; a line's net amount is spread over its invoices so that none of it
is lost.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from m3nop.sandbox.m3 import delivering, order_life
from m3nop.sandbox.m3.order_life import INVOICED
from m3nop.sandbox.m3.programs import ledger, pricing
from m3nop.sandbox.m3.refusal import refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from m3nop.sandbox.books import Doc
    from m3nop.sandbox.m3.session import Row, Session

GOODS, CHARGE, VAT = "31", "60", "80"
"""Kinds of invoice lines (IVTP)."""
INVOICE, PAYMENT = 10, 20
"""Kinds of rows in the receivables (TRCD)."""
PAID = 9
"""RECO of an invoice of which nothing is left to pay."""

_ORIGIN = ledger.Origin("OI20", 350, "INV", "Invoice")
_FIRST = 90001
_CENT = Decimal("0.01")


def invoice(session: Session, number: str) -> Doc:
    """Invoice what an order has delivered.

    Raises:
        RefusalError: there is nothing to invoice, the period is closed, or there is no rate.
    """
    head = order_life.head_of(session, number)
    parts = [part for delivery in _issued(session, number) for part in _uninvoiced(session, delivery)]
    if not parts:
        text = f"Order {number} has delivered nothing that is not invoiced"
        raise refused(text, "WIV0106", "ORNO")
    if ledger.is_closed(session, str(session.today)):
        text = f"Period {ledger.period_of(str(session.today))} is closed"
        raise refused(text, "WPE0105", "ACDT")
    rate = ledger.rate_of(session, head["CUCD"])
    lines = {line["PONR"]: line for line in order_life.lines_of(session, number)}
    rows = [*_goods(session, head, lines, parts), *_charges(session, head, lines, parts)]
    rows += _vat(session, rows)
    document = _document(session, head, rows, rate)
    _write(session, document, rows)
    _mark(session, document, parts)
    order_life.keep(session, head, [lines[position] for position in {part["RIDL"] for part in parts}])
    return document


def invoices_of(session: Session, number: str) -> list[Doc]:
    """Return the invoices of an order, oldest first, each with what is left to pay."""
    return [with_rest(session, document) for document in session.tables.invoices.heads.find(ORNO=number)]


def with_rest(session: Session, document: Doc) -> Doc:
    """Return an invoice with what is left to pay (RAFC)."""
    return document | {"RAFC": session.tables.invoices.receivables[document["receivable"]]["RAFC"]}


def receivable_key(row: Doc) -> str:
    """Return the key of a row of the receivables in the books."""
    return f"{row['YEA4']}/{row['JRNO']:07}/{row['JSNO']:07}"


def _issued(session: Session, number: str) -> list[Doc]:
    return [each for each in delivering.deliveries_of(session, number) if each["PGRS"] == delivering.ISSUED]


def _uninvoiced(session: Session, delivery: Doc) -> list[Doc]:
    return [part for part in delivering.lines_of(session, delivery["DLIX"]) if not part["invoice"]]


def _goods(session: Session, head: Doc, lines: dict[int, Doc], parts: Iterable[Doc]) -> list[Row]:
    rows = []
    for part in parts:
        line = lines[part["RIDL"]]
        quantity = Decimal(part["TRQA"])
        order_life.move(line, quantity, into=INVOICED)
        share = order_life.amount(line, INVOICED) / order_life.amount(line, "ORQT")
        total = (Decimal(line["NLAM"]) * share).quantize(_CENT, ROUND_HALF_UP)
        net, line["invoiced_amount"] = total - Decimal(line.get("invoiced_amount", "0")), f"{total:.2f}"
        gross = (Decimal(line["SAPR"]) * pricing.priced_quantity(line, quantity)).quantize(
            _CENT, ROUND_HALF_UP
        )
        code = _vat_code(session, head, session.tables.items[line["ITNO"]]["VTCS"])
        rows.append(
            {
                "IVTP": GOODS, "ORNO": head["ORNO"], "DLIX": part["DLIX"], "WHLO": part["WHLO"],
                "IVRF": line["ITDS"], "AMT2": f"{net:.2f}", "AMT3": f"{gross:.2f}", "VTCD": code,
            }
        )  # fmt: skip
    return rows


def _charges(session: Session, head: Doc, lines: dict[int, Doc], parts: list[Doc]) -> list[Row]:
    rows = [_charge(session, head, charge) for charge in _once(head)]
    for position in sorted({part["RIDL"] for part in parts}):
        rows += [_charge(session, head, charge) for charge in _once(lines[position])]
    return rows


def _once(owner: Doc) -> list[Row]:
    if owner.get("charges_invoiced"):
        return []
    owner["charges_invoiced"] = True
    charges: list[Row] = owner["charges"]
    return charges


def _charge(session: Session, head: Doc, charge: Row) -> Row:
    code = _vat_code(session, head, session.tables.charges[charge["CRID"]]["VTCD"])
    return {
        "IVTP": CHARGE, "ORNO": head["ORNO"], "DLIX": 0, "WHLO": "", "IVRF": charge["CRD0"],
        "AMT2": charge["CRAM"], "AMT3": charge["CRAM"], "VTCD": code,
    }  # fmt: skip


def _vat(session: Session, rows: Iterable[Row]) -> list[Row]:
    bases: dict[str, Decimal] = {}
    for row in rows:
        bases[row["VTCD"]] = bases.get(row["VTCD"], Decimal(0)) + Decimal(row["AMT2"])
    found = []
    for code, base in bases.items():
        known = session.tables.finance.vat_codes.get(code, {"TX40": "No VAT", "VTP1": "0"})
        vat = (base * Decimal(known["VTP1"]) / 100).quantize(_CENT, ROUND_HALF_UP)
        found.append(
            {
                "IVTP": VAT, "ORNO": "", "DLIX": 0, "WHLO": "", "IVRF": known["TX40"], "AMT2": f"{vat:.2f}",
                "AMT3": f"{base:.2f}", "VTAM": f"{vat:.2f}", "VTCD": code, "VTP1": known["VTP1"],
            }
        )  # fmt: skip
    return found


def _vat_code(session: Session, head: Doc, usual: object) -> str:
    customer = session.tables.customers[head["CUNO"]]
    return str(customer.get("VTCD") or "").lstrip("0") or str(usual)


def _document(session: Session, head: Doc, rows: list[Row], rate: Decimal) -> Doc:
    payer = head.get("PYNO") or head["CUNO"]
    tables, total = session.tables, sum((Decimal(row["AMT2"]) for row in rows), Decimal(0))
    vat = sum((Decimal(row["AMT2"]) for row in rows if row["IVTP"] == VAT), Decimal(0))
    number = session.world.books.next_number("invoice", start=_FIRST)
    due = session.local + timedelta(days=int(head["TEPY"] or 0))
    return {
        "YEA4": session.local.year, "IVNO": number, "INPX": "", "EXIN": str(number), "ORNO": head["ORNO"],
        "IVTP": "31", "IDAT": session.today, "DUDT": int(due.strftime("%Y%m%d")), "ACDT": session.today,
        "CUNO": head["CUNO"], "CUN1": tables.customers[head["CUNO"]]["CUNM"], "PYNO": payer,
        "PYN1": tables.customers[payer]["CUNM"], "INRC": head.get("INRC") or payer, "CUCD": head["CUCD"],
        "IVAV": f"{total:.2f}", "VTAM": f"{vat:.2f}", "net": f"{total - vat:.2f}", "RAIN": str(rate),
        "FACI": head["FACI"], "PYCD": head["PYCD"], "TEPY": head["TEPY"], "CASH": 0, "INST": "90",
    }  # fmt: skip


def _write(session: Session, document: Doc, rows: list[Row]) -> None:
    tables, rate = session.tables.invoices, Decimal(document["RAIN"])
    voucher = _post(session, document, rate)
    owed = {
        **{field: document[field] for field in ("CUNO", "PYNO", "CUCD", "VTAM", "DUDT", "PYCD", "TEPY")},
        **voucher, "JSNO": 1, "TRCD": INVOICE, "CINO": document["EXIN"], "INYR": document["YEA4"],
        "CUAM": document["IVAV"], "ARAT": document["RAIN"], "CRTP": 1, "RAFC": document["IVAV"],
        "IVDT": document["IDAT"], "ACDT": document["ACDT"], "IVTP": document["IVTP"], "TDSC": "Invoice",
        "RECO": 0, "REDE": 0, **session.created(),
    }  # fmt: skip
    if not Decimal(owed["RAFC"]):
        owed |= {"RECO": PAID, "REDE": session.today}
    key = receivable_key(owed)
    tables.receivables[key] = owed
    document |= {"receivable": key, "VONO": voucher["VONO"], **session.created()}
    name = f"{document['YEA4']}/{document['IVNO']}"
    tables.heads[name] = document
    for place, row in enumerate(rows, start=1):
        local = ledger.in_ledger_currency(Decimal(row["AMT2"]), rate)
        tables.lines[f"{name}/{place:05}"] = {**row, "AMT1": f"{local:.2f}", "invoice": name}


def _post(session: Session, document: Doc, rate: Decimal) -> Row:
    total, net, vat = (Decimal(document[field]) for field in ("IVAV", "net", "VTAM"))
    local = {part: ledger.in_ledger_currency(part, rate) for part in (net, vat)}
    # The sum is recorded as the parts are, so that no cent of another currency is left over.
    legs = (
        (ledger.RECEIVABLES, total, local[net] + local[vat]),
        (ledger.SALES, -net, -local[net]),
        (ledger.OUTPUT_VAT, -vat, -local[vat]),
    )
    shared = {
        "CUCD": document["CUCD"], "ACDT": str(session.today), "ARAT": document["RAIN"],
        "VTXT": f"Invoice {document['EXIN']}",
    }  # fmt: skip
    postings = [
        ledger.checked(
            session, {**shared, "AIT1": account, "CUAM": f"{amount:.2f}", "ACAM": f"{recorded:.2f}"}
        )
        for account, amount, recorded in legs
        if amount
    ]
    if not postings:
        return {"YEA4": session.local.year, "JRNO": ledger.next_journal(session), "VSER": "", "VONO": 0}
    return ledger.post(session, postings, _ORIGIN)


def _mark(session: Session, document: Doc, parts: Iterable[Doc]) -> None:
    tables = session.tables.logistics
    for part in parts:
        key = delivering.line_key(part)
        tables.delivery_lines[key] = session.changed(
            part | {"invoice": f"{document['YEA4']}/{document['IVNO']}"}
        )
        delivery = tables.deliveries[str(part["DLIX"])]
        marks = {"IVNO": document["IVNO"], "IVDT": document["IDAT"], "EXIN": document["EXIN"]}
        tables.deliveries[str(part["DLIX"])] = session.changed(delivery | marks)
