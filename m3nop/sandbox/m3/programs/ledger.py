"""The general ledger (FGLEDG): what may be posted, and the posting of vouchers that balance.

A posting is a row with the fields of a ledger line: AIT1 to AIT7, CUCD, CUAM, ARAT, ACAM, DBCR, ACDT, VTCD,
VTXT, all text as M3's callers send it. An amount above zero is a debit. Assumptions: the fiscal year is the
calendar year with a period for each month, a voucher has one accounting date, DBCR must agree with the sign
if it is given, a foreign currency has the rate of the table unless the line says otherwise.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.sandbox.m3.programs import pricing
from m3nop.sandbox.m3.refusal import does_not_exist, is_not_valid, must_be_entered, refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.sandbox.books import Doc
    from m3nop.sandbox.m3.session import Row, Session

CURRENCY = "EUR"
"""The ledger's own currency."""

RECEIVABLES, PREPAYMENTS, OUTPUT_VAT, SALES = "1510", "2420", "2611", "3001"
"""Accounts that M3 posts to by itself."""

DIMENSIONS = tuple(f"AIT{number}" for number in range(1, 8))

_CENT = Decimal("0.01")
_FIRST_VOUCHER = 60000001
_FIRST_JOURNAL = 1000001


class Origin(Struct, frozen=True):
    """Where a voucher comes from: event (FEID), its function, voucher series and a text of ten."""

    event: str
    function: int
    series: str
    text: str


def account_key(dimension: int | str, value: str) -> str:
    """Return the key of an account (dimension 1) or of a value of another dimension in the books."""
    return f"{dimension}/{value}"


def period_of(date: str) -> str:
    """Return the period YYYYMM of a date YYYYMMDD."""
    return date[:6]


def is_closed(session: Session, date: str) -> bool:
    """Tell whether nothing may be posted on a date any more."""
    return period_of(date) in session.tables.finance.closed_periods


def checked(session: Session, given: Mapping[str, str]) -> Row:
    """Check one posting and return it with all its amounts.

    Raises:
        RefusalError: what does not exist, is closed, or does not add up.
    """
    _check_dimensions(session, given)
    _check_date(session, given.get("ACDT", ""))
    check_vat_code(session, given)
    session.check_code("CUCD", dict(given))
    currency = given.get("CUCD") or CURRENCY
    amount = pricing.money("CUAM", given.get("CUAM") or "0")
    if not Decimal(amount):
        msg = "CUAM"
        raise must_be_entered(msg)
    debit = Decimal(amount) > 0
    if given.get("DBCR") not in {None, "", "D" if debit else "C"}:
        msg = "DBCR"
        raise is_not_valid(msg, given["DBCR"])
    rate = rate_of(session, currency, given.get("ARAT", ""))
    recorded = _recorded(given, currency, Decimal(amount), rate)
    return {
        **given, "CUCD": currency, "CUAM": amount, "ACAM": recorded, "ARAT": str(rate),
        "DBCR": "D" if debit else "C",
    }  # fmt: skip


def check_balance(postings: Sequence[Row]) -> None:
    """Check that postings make one voucher.

    Raises:
        RefusalError: fewer than two, several dates, debit and credit are not equal.
    """
    if len(postings) < 2:  # noqa: PLR2004
        text = "A voucher needs two lines at least"
        raise refused(text, "WLI0106", "LINE")
    if len({posting["ACDT"] for posting in postings}) > 1:
        text = "The lines of a voucher have different accounting dates"
        raise refused(text, "WAC0106", "ACDT")
    total = sum((Decimal(posting["ACAM"]) for posting in postings), Decimal(0))
    if total:
        text = f"Debit and credit differ by {total:.2f} {CURRENCY}"
        raise refused(text, "WAM0106", "CUAM")


def post(session: Session, postings: Sequence[Row], origin: Origin) -> Row:
    """Post one voucher and return its key (YEA4, JRNO, VSER, VONO).

    Raises:
        RefusalError: it does not balance.
    """
    check_balance(postings)
    books, tables = session.world.books, session.tables
    year = int(postings[0]["ACDT"][:4])
    voucher: Row = {
        "YEA4": year,
        "JRNO": next_journal(session),
        "VSER": origin.series,
        "VONO": books.next_number(f"voucher {year}", start=_FIRST_VOUCHER),
    }
    for sequence, posting in enumerate(postings, start=1):
        row = _line(session, posting, origin) | voucher | {"JSNO": sequence}
        tables.finance.ledger[f"{session.division}/{year}/{voucher['JRNO']:07}/{sequence:07}"] = row
    return voucher


def check_vat_code(session: Session, given: Mapping[str, str]) -> None:
    """Check a VAT code; a blank or zero is none.

    Raises:
        RefusalError: there is no such code.
    """
    code = given.get("VTCD", "").lstrip("0")
    if code and code not in session.tables.finance.vat_codes:
        msg = "VTCD"
        raise does_not_exist(msg, code)


def next_journal(session: Session) -> int:
    """Draw a journal number."""
    return session.world.books.next_number("journal", start=_FIRST_JOURNAL)


def rate_of(session: Session, currency: str, given: str = "") -> Decimal:
    """Return what one unit of a currency is worth in the ledger's: as given, else from the rates.

    Raises:
        RefusalError: no rate is known.
    """
    if currency == CURRENCY:
        return Decimal(1)
    if not given and currency not in session.tables.finance.rates:
        msg = "ARAT"
        raise must_be_entered(msg)
    return Decimal(given or session.tables.finance.rates[currency]["ARAT"])


def in_ledger_currency(amount: Decimal, rate: Decimal) -> Decimal:
    """Return an amount in the ledger's currency, in cents."""
    return (amount * rate).quantize(_CENT, ROUND_HALF_UP)


def check_division(session: Session, given: Mapping[str, str]) -> None:
    """Check a division; a blank is the session's.

    Raises:
        RefusalError: another one than the session's.
    """
    if given.get("DIVI", session.division) != session.division:
        msg = "DIVI"
        raise does_not_exist(msg, given["DIVI"])


def _check_dimensions(session: Session, given: Mapping[str, str]) -> None:
    if not given.get("AIT1"):
        msg = "AIT1"
        raise must_be_entered(msg)
    for number, field in enumerate(DIMENSIONS, start=1):
        value = given.get(field, "")
        if not value:
            continue
        account: Doc | None = session.tables.finance.accounts.get(account_key(number, value))
        if account is None:
            raise does_not_exist(field, value)
        if account["LCCD"]:
            raise is_not_valid(field, value)


def _check_date(session: Session, date: str) -> None:
    if not date.strip("0"):
        msg = "ACDT"
        raise must_be_entered(msg)
    try:
        datetime.strptime(date, "%Y%m%d")  # noqa: DTZ007
    except ValueError:
        msg = "ACDT"
        raise is_not_valid(msg, date) from None
    if is_closed(session, date):
        text = f"Period {period_of(date)} is closed"
        raise refused(text, "WPE0105", "ACDT")


def _recorded(given: Mapping[str, str], currency: str, amount: Decimal, rate: Decimal) -> str:
    if currency == CURRENCY:
        recorded = Decimal(pricing.money("ACAM", given.get("ACAM") or str(amount)))
        if recorded != amount:
            msg = "ACAM"
            raise is_not_valid(msg, given["ACAM"])
    elif given.get("ACAM"):
        recorded = Decimal(pricing.money("ACAM", given["ACAM"]))
    else:
        recorded = in_ledger_currency(amount, rate)
    return f"{recorded:.2f}"


def _line(session: Session, posting: Row, origin: Origin) -> Row:
    date = posting["ACDT"]
    kept = (*DIMENSIONS, "CUCD", "CUAM", "ACAM", "DBCR", "VTXT", "BSCD", "FTCO", "VRNO")
    return {
        **{field: posting.get(field, "") for field in kept},
        "CONO": session.company,
        "DIVI": session.division,
        "FEID": origin.event,
        "FNCN": origin.function,
        "TDSC": origin.text,
        "VDSC": origin.text[:7],
        "TRCD": 50,
        "ACDT": int(date),
        "ACYP": int(period_of(date)),
        "ARAT": posting["ARAT"],
        "CRTP": posting.get("CRTP") or 1,
        "ACQT": posting.get("ACQT") or 0,
        "EICD": posting.get("EICD") or 0,
        "VTCD": int(posting.get("VTCD") or 0),
        **session.created(),
    }
