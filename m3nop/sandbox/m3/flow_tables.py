"""M3's tables of what follows an order: deliveries, invoices, payments, and the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from m3nop.sandbox.books import Books


class FinanceTables:
    """The ledger and what is posted into it."""

    def __init__(self, books: Books) -> None:
        self.ledger = books.table("m3.ledger", indexes=["ACDT", "VTXT", ["YEA4", "VONO"]])
        """FGLEDG by ``DIVI/YEA4/JRNO/JSNO``; written by ``programs/ledger.py`` only."""
        self.batches = books.table("m3.ledger_batches")
        """FGLINH by KEY1, with the vouchers that came of a batch and what is wrong with it."""
        self.batch_lines = books.table("m3.ledger_batch_lines", indexes=["KEY1"])
        """FGLINL and FGLINF by ``KEY1/LINE``."""
        self.interfaces = books.table("m3.ledger_interfaces")
        """GLS840's interfaces by INTN, with their record kinds and the layout of a line of fixed text."""
        self.accounts = books.table("m3.accounts", indexes=[["AITP", "AITM"]])
        """FCHACC by ``AITP/AITM``: accounts are dimension 1; LCCD 1 is blocked."""
        self.vat_codes = books.table("m3.vat_codes")
        """VAT codes with VTP1, their rate in percent."""
        self.closed_periods = books.table("m3.closed_periods")
        """Periods YYYYMM in which nothing may be posted."""
        self.rates = books.table("m3.exchange_rates")
        """CCURRA by currency: ARAT is what one unit is worth in the ledger's currency."""
        self.payment_types = books.table("m3.payment_types")
        """Batch payment types by BOPE, with the account that they are paid into."""
        self.payment_batches = books.table("m3.payment_batches")
        """ARS040's batches by PBID."""
        self.payment_lines = books.table("m3.payment_lines", indexes=["PBID"])
        """Their payments by ``PBID/TRNO``."""
        self.cash_desks = books.table("m3.cash_desks")
        """Cash desks by CSHD, with their account."""
        self.cash_payments = books.table("m3.cash_payments")
        """Payments at cash desks by PMNB."""


class InvoiceTables:
    """Invoices, and what customers owe."""

    def __init__(self, books: Books) -> None:
        self.heads = books.table("m3.invoices", indexes=["ORNO", "IVNO"])
        """OINVOH by ``YEA4/IVNO``; each is of one order."""
        self.lines = books.table("m3.invoice_lines", indexes=["invoice"])
        """OINVOL in the order of the invoice, by ``YEA4/IVNO/`` and a number."""
        self.receivables = books.table("m3.receivables", indexes=["CUNO", "CINO"])
        """FSLEDG by ``YEA4/JRNO/JSNO``: TRCD 10 an invoice with what is left to pay (RAFC), 20 a payment."""


class LogisticsTables:
    """Deliveries and what belongs to them."""

    def __init__(self, books: Books) -> None:
        self.deliveries = books.table("m3.deliveries", indexes=["RIDN"])
        """MHDISH by DLIX, and ODHEAD, whose ORNO is MHDISH's RIDN."""
        self.delivery_lines = books.table("m3.delivery_lines", indexes=["DLIX", ["RIDN", "RIDL"]])
        """MHDISL by ``DLIX/RIDN/RIDL``, with the invoice that a line is on."""
        self.packages = books.table("m3.packages", indexes=["DLIX", "PANR", "SSCC"])
        """MPTRNS by ``DLIX/PANR``."""
