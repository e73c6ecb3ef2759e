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


class LogisticsTables:
    """Deliveries and what belongs to them."""

    def __init__(self, books: Books) -> None:
        self.deliveries = books.table("m3.deliveries", indexes=["RIDN"])
        """MHDISH by DLIX."""
        self.delivery_lines = books.table("m3.delivery_lines", indexes=["DLIX", ["RIDN", "RIDL"]])
        """MHDISL by ``DLIX/RIDN/RIDL``, with the invoice that a line is on."""
        self.packages = books.table("m3.packages", indexes=["DLIX", "PANR", "SSCC"])
        """MPTRNS by ``DLIX/PANR``."""
