"""GLS200MI and CRS630MI: vouchers and accounts; and the site's own GLS200MI/Add, which posts."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from m3nop.sandbox.m3.programs import ledger
from m3nop.sandbox.m3.refusal import does_not_exist, is_not_valid

if TYPE_CHECKING:
    from m3nop.sandbox.books import Doc
    from m3nop.sandbox.m3.session import Handler, Record, Row, Session

_SITE = ledger.Origin("GL20", 200, "WEB", "Web shop")


def list_vouchers_by_date(session: Session, record: Record) -> list[Row]:
    """List ledger lines with an accounting date from one day to another, both included."""
    ledger.check_division(session, record)
    dates = (("ACDT", ">=", int(record["FRDT"])), ("ACDT", "<=", int(record["TODT"])))
    return session.tables.finance.ledger.select(*dates, order=("ACDT", "JRNO", "JSNO"), limit=session.limit)


def list_voucher_lines(session: Session, record: Record) -> list[Row]:
    """List the lines of a voucher."""
    return _voucher(session, record)


def get_voucher(session: Session, record: Record) -> list[Row]:
    """Return a voucher with its sums of debit and credit."""
    lines = _voucher(session, record)

    def total(field: str, side: str) -> str:
        amounts = (Decimal(line[field]) for line in lines if line["DBCR"] == side)
        return f"{abs(sum(amounts, Decimal(0))):.2f}"

    sums = {
        "DSUM": total("ACAM", "D"),
        "CSUM": total("ACAM", "C"),
        "CUAD": total("CUAM", "D"),
        "CUAC": total("CUAM", "C"),
    }
    return [{**lines[0], **sums}]


def get_voucher_line(session: Session, record: Record) -> list[Row]:
    """Return one line of a voucher."""
    sequence = session.whole("JSNO", record)
    found = [line for line in _voucher(session, record) if line["JSNO"] == sequence]
    if not found:
        msg = "JSNO"
        raise does_not_exist(msg, record["JSNO"])
    return found


def add(session: Session, record: Record) -> list[Row]:
    """Post a voucher of one debit and one credit.

    Site-specific: the standard program only reads. A repeat posts again; what this site offers to find
    a voucher is its text (VTXT).
    """
    ledger.check_division(session, record)
    amount = record["CUAM"]
    if Decimal(amount) <= 0:
        msg = "CUAM"
        raise is_not_valid(msg, amount)
    shared: Record = {
        field: record[field] for field in ("VTXT", "ACDT", "CUCD", "ARAT", "VTCD") if field in record
    }
    debit: Row = {**shared, "AIT1": record["AITD"], "CUAM": amount}
    credit: Row = {**shared, "AIT1": record["AITC"], "CUAM": f"-{amount}"}
    postings = [ledger.checked(session, posting) for posting in (debit, credit)]
    return [ledger.post(session, postings, _SITE)]


def list_accounts(session: Session, record: Record) -> list[Row]:
    """List the values of an accounting dimension (AITP 1 is accounts), from one on if it is given."""
    return [
        _shown(session, account)
        for account in session.tables.finance.accounts.select(
            ("AITP", "=", session.whole("AITP", record)),
            ("AITM", ">=", record.get("AITM", "")),
            order=("AITM",),
        )
    ]


def get_account(session: Session, record: Record) -> list[Row]:
    """Return a value of an accounting dimension."""
    key = ledger.account_key(session.whole("AITP", record), record["AITM"])
    if key not in session.tables.finance.accounts:
        msg = "AITM"
        raise does_not_exist(msg, record["AITM"])
    return [_shown(session, session.tables.finance.accounts[key])]


HANDLERS: dict[tuple[str, str], Handler] = {
    ("GLS200MI", "LstVouchersByDt"): list_vouchers_by_date,
    ("GLS200MI", "LstVoucherLines"): list_voucher_lines,
    ("GLS200MI", "GetVoucherHead"): get_voucher,
    ("GLS200MI", "GetVoucherLine"): get_voucher_line,
    ("GLS200MI", "Add"): add,
    ("CRS630MI", "LstAccountID"): list_accounts,
    ("CRS630MI", "GetAccountID"): get_account,
}


def _voucher(session: Session, record: Record) -> list[Doc]:
    ledger.check_division(session, record)
    wanted = [(field, "=", session.whole(field, record)) for field in ("YEA4", "VONO")]
    if "JRNO" in record:
        wanted.append(("JRNO", "=", session.whole("JRNO", record)))
    lines = session.tables.finance.ledger.select(*wanted, order=("JRNO", "JSNO"))
    lines = [line for line in lines if record.get("VSER", line["VSER"]) == line["VSER"]]
    if not lines:
        msg = "VONO"
        raise does_not_exist(msg, record["VONO"])
    return lines


def _shown(session: Session, account: Doc) -> Row:
    return {**account, "CONO": session.company, "DIVI": session.division}
