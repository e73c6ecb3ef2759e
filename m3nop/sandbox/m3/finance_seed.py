"""What M3's finance side holds at the first start: accounts, VAT codes, ledger interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.m3.programs.ledger import OUTPUT_VAT, PREPAYMENTS, RECEIVABLES, SALES, account_key

if TYPE_CHECKING:
    from m3nop.sandbox.m3.session import Session

INTERFACE = "NOP01"
BANK = "1930"
BLOCKED_ACCOUNT = "1999"

_ACCOUNTS = (
    (RECEIVABLES, "Trade debtors"), ("1580", "Card receivables"), (BANK, "Bank"), ("1942", "PayPal"),
    ("1943", "Stripe"), (PREPAYMENTS, "Prepayments of customers"), ("2421", "Web shop clearing"),
    (OUTPUT_VAT, "Output VAT"), (SALES, "Sales of goods"), ("3740", "Rounding"), ("6570", "Payment fees"),
    (BLOCKED_ACCOUNT, "Account of an earlier time"),
)  # fmt: skip
_COST_CENTRES = (("100", "Shop"), ("200", "Web"))
_VAT_CODES = (("1", "Standard rate", "25"), ("2", "Reduced rate", "12"), ("3", "Outside the EU", "0"))
_RATES = (("SEK", "0.0875"), ("USD", "0.92"), ("GBP", "1.17"))
_PAYMENT_TYPES = (("BNK", "Bank", BANK), ("CRD", "Cards", "1580"), ("PPL", "PayPal", "1942"))
CASH_DESK = "WEB01"
_RECORDS = ["I1"]
_LAYOUT = [
    ["INRI", 2], ["GRNR", 10], ["AIT1", 10], ["AIT2", 10], ["CUCD", 3], ["CUAM", 17], ["DBCR", 1],
    ["ACDT", 8], ["VTCD", 2], ["VTXT", 40],
]  # fmt: skip
"""A line of fixed text: fields with their lengths, one after the other. Each site lays out its own."""


def seed(session: Session) -> None:
    """Fill the tables of the finance side."""
    tables = session.tables.finance
    for dimension, values in ((1, _ACCOUNTS), (2, _COST_CENTRES)):
        for value, name in values:
            tables.accounts[account_key(dimension, value)] = {
                "AITP": dimension, "AITM": value, "TX40": name, "TX15": name[:15], "VTCD": 0,
                "LCCD": int(value == BLOCKED_ACCOUNT), **session.created(),
            }  # fmt: skip
    for code, name, rate in _VAT_CODES:
        tables.vat_codes[code] = {"VTCD": code, "TX40": name, "TX15": name[:15], "VTP1": rate}
    for currency, rate in _RATES:
        tables.rates[currency] = {"CUCD": currency, "ARAT": rate}
    for kind, name, account in _PAYMENT_TYPES:
        tables.payment_types[kind] = {"BOPE": kind, "TX40": name, "AIT1": account}
    tables.cash_desks[CASH_DESK] = {"CSHD": CASH_DESK, "TX40": "Web shop", "AIT1": "1580"}
    tables.interfaces[INTERFACE] = {
        "INTN": INTERFACE, "TX40": "Web shop", "VSER": "NOP", "records": _RECORDS, "layout": _LAYOUT,
    }  # fmt: skip
