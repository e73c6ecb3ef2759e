"""ARS040MI and OIS215MI: payments of customers, for invoices and at a cash desk.

The caller numbers batches, their lines, and payments at a cash desk, so a repeat is refused. Assumptions:
ControlBatch enters the payments of a batch that is right, once; each posts to the account of the batch's
payment type, with IRNO as its text; a negative payment takes back what was paid; a payment at a cash desk is
a prepayment.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from m3nop.sandbox.m3.programs import invoicing, ledger, pricing
from m3nop.sandbox.m3.refusal import (
    RefusalError,
    does_not_exist,
    exists_already,
    is_not_valid,
    must_be_entered,
    refused,
)
from m3nop.sandbox.m3.session import Handler, Record, Row, Session, Tables

if TYPE_CHECKING:
    from m3nop.sandbox.books import Doc
    from m3nop.sandbox.world import World

ENTERED, UPDATING, POSTED = "10", "30", "90"
"""States of a payment batch."""

_UPDATE = "m3.payment_batch"
_BATCH = ledger.Origin("AR30", 40, "PAY", "Payment")
_CASH = ledger.Origin("OI21", 215, "CSH", "Cash desk")


def add_batch_head(session: Session, record: Record) -> list[Row]:
    """Create a batch of payments under a number of the caller's choice."""
    ledger.check_division(session, record)
    session.require(session.tables.finance.payment_types, "BOPE", record["BOPE"])
    number = str(session.whole("PBID", record))
    if number in session.tables.finance.payment_batches:
        msg = "PBID"
        raise exists_already(msg, number)
    session.tables.finance.payment_batches[number] = {
        "PBID": number, "BOPE": record["BOPE"], "ACDT": record.get("ACDT") or str(session.today),
        "STAT": ENTERED, **session.created(),
    }  # fmt: skip
    return [{"PBID": number}]


def add_batch_line(session: Session, record: Record) -> list[Row]:
    """Add the payment of an invoice to a batch."""
    batch = _open_batch(session, record)
    key = f"{batch['PBID']}/{session.whole('TRNO', record):07}"
    if key in session.tables.finance.payment_lines:
        msg = "TRNO"
        raise exists_already(msg, record["TRNO"])
    session.require(session.tables.customers, "CUNO", record["CUNO"])
    owed = _owed(session, record)
    if record.get("CUCD", owed["CUCD"]) != owed["CUCD"]:
        msg = "CUCD"
        raise is_not_valid(msg, record["CUCD"])
    session.tables.finance.payment_lines[key] = {
        **record, "PBID": batch["PBID"], "PYAM": _amount("PYAM", record), **session.created(),
    }  # fmt: skip
    return []


def control_batch(session: Session, record: Record) -> list[Row]:
    """Check a batch and enter its payments, at once or in the background."""
    batch = _open_batch(session, record)
    lines = _checked(session, batch)
    background = session.world.fault("background_update")
    if background:
        session.world.later(_UPDATE, {"PBID": batch["PBID"]}, seconds=background.seconds)
        _keep(session, batch, UPDATING)
    else:
        _enter(session, batch, lines)
    return []


def add_payment(session: Session, record: Record) -> list[Row]:
    """Enter a payment at a cash desk, ahead of any invoice."""
    tables = session.tables
    number = str(session.whole("PMNB", record))
    if number in tables.finance.cash_payments:
        msg = "PMNB"
        raise exists_already(msg, number)
    desk = session.require(tables.finance.cash_desks, "CSHD", record["CSHD"])
    session.require(tables.customers, "PYNO", record["PYNO"])
    session.check_code("PYCD", record)
    amount = _amount("PMAM", record)
    text = record.get("IRNO") or f"Payment {number}"
    shared = {"CUCD": record["CUCD"], "ACDT": record["PYDT"], "VTXT": text}
    _post_pair(session, (desk["AIT1"], ledger.PREPAYMENTS), amount, _CASH, shared)
    tables.finance.cash_payments[number] = {**record, "PMNB": number, "PMAM": amount, **session.created()}
    return []


def finish_payments(world: World, tables: Tables) -> None:
    """Let payment batches that were left to the background be entered in ``world``."""

    def finish(detail: dict[str, Any]) -> None:
        session = Session(world, tables)
        batch = tables.finance.payment_batches.get(detail["PBID"])
        if batch is None or batch["STAT"] != UPDATING:
            return
        try:
            _enter(session, batch, _checked(session, batch))
        except RefusalError:
            _keep(session, batch, ENTERED)

    world.effects[_UPDATE] = finish


HANDLERS: dict[tuple[str, str], Handler] = {
    ("ARS040MI", "AddBatchHead"): add_batch_head,
    ("ARS040MI", "AddBatchLine"): add_batch_line,
    ("ARS040MI", "ControlBatch"): control_batch,
    ("OIS215MI", "AddPayment"): add_payment,
}


def _open_batch(session: Session, record: Record) -> Doc:
    ledger.check_division(session, record)
    if "PBID" not in record:
        msg = "PBID"
        raise must_be_entered(msg)
    number = str(session.whole("PBID", record))
    batch = session.require(session.tables.finance.payment_batches, "PBID", number)
    if batch["STAT"] != ENTERED:
        text = f"Payment batch {number} is entered already"
        raise refused(text, "WPB0105", "PBID")
    return batch


def _owed(session: Session, record: Record) -> Doc:
    found = session.tables.invoices.receivables.find(CINO=record["CINO"], TRCD=invoicing.INVOICE)
    year = session.whole("INYR", record)
    for row in found:
        if row["INYR"] == year and record["CUNO"] == row["CUNO"]:
            return row
    msg = "CINO"
    raise does_not_exist(msg, record["CINO"])


def _amount(field: str, record: Record) -> str:
    amount = pricing.money(field, record[field])
    if not Decimal(amount):
        raise must_be_entered(field)
    return amount


def _checked(session: Session, batch: Doc) -> list[tuple[Doc, Doc]]:
    lines = session.tables.finance.payment_lines.find(PBID=batch["PBID"])
    if not lines:
        text = f"Payment batch {batch['PBID']} has no payments"
        raise refused(text, "WTN0102", "TRNO")
    if ledger.is_closed(session, batch["ACDT"]):
        text = f"Period {ledger.period_of(batch['ACDT'])} is closed"
        raise refused(text, "WPE0105", "ACDT")
    owed: dict[str, Doc] = {}
    pairs = []
    for line in lines:
        row = _owed(session, line)
        row = owed.setdefault(invoicing.receivable_key(row), row)
        rest = Decimal(row["RAFC"]) - Decimal(line["PYAM"])
        if not 0 <= rest <= Decimal(row["CUAM"]):
            text = (
                f"Payment {line['TRNO']}: {row['RAFC']} of invoice {row['CINO']} is left, not {line['PYAM']}"
            )
            raise refused(text, "WPA0106", "PYAM")
        row["RAFC"] = f"{rest:.2f}"
        pairs.append((line, row))
    return pairs


def _enter(session: Session, batch: Doc, pairs: list[tuple[Doc, Doc]]) -> None:
    account: str = session.tables.finance.payment_types[batch["BOPE"]]["AIT1"]
    receivables = session.tables.invoices.receivables
    for line, row in pairs:
        shared = {
            "CUCD": row["CUCD"], "ACDT": batch["ACDT"], "ARAT": row["ARAT"],
            "VTXT": line.get("IRNO") or f"Payment {row['CINO']}",
        }  # fmt: skip
        voucher = _post_pair(session, (account, ledger.RECEIVABLES), line["PYAM"], _BATCH, shared)
        payment = row | voucher | {
            "JSNO": 1, "TRCD": invoicing.PAYMENT, "CUAM": f"{-Decimal(line['PYAM']):.2f}", "RAFC": "0.00",
            "ACDT": int(batch["ACDT"]), "TDSC": "Payment", **session.created(),
        }  # fmt: skip
        paid = not Decimal(row["RAFC"])
        state = {"RECO": invoicing.PAID if paid else 0, "REDE": session.today if paid else 0}
        receivables[invoicing.receivable_key(row)] = session.changed(row | state)
        receivables[invoicing.receivable_key(payment)] = payment | state
    _keep(session, batch, POSTED)


def _post_pair(
    session: Session, accounts: tuple[str, str], amount: str, origin: ledger.Origin, shared: Row
) -> Row:
    legs = zip(accounts, (Decimal(amount), -Decimal(amount)), strict=True)
    postings = [
        ledger.checked(session, {**shared, "AIT1": account, "CUAM": f"{part:.2f}"}) for account, part in legs
    ]
    return ledger.post(session, postings, origin)


def _keep(session: Session, batch: Doc, status: str) -> None:
    session.tables.finance.payment_batches[batch["PBID"]] = session.changed(batch | {"STAT": status})
