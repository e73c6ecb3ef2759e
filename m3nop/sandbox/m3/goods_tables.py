"""The tables of items: names, aliases, units, balances and prices. They are part of ``Tables``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from m3nop.sandbox.books import Books


class GoodsTables:
    """M3's tables of items in the books."""

    def __init__(self, books: Books) -> None:
        self.items = books.table("m3.items", indexes=["LMTS", ["LMDT", "ITNO"]])
        """MITMAS by item number."""
        self.item_texts = books.table("m3.item_texts", indexes=[["ITNO", "LNCD"]])
        """MITLAD, an item's names in a language, by ``ITNO/LNCD``."""
        self.aliases = books.table("m3.aliases", indexes=["ITNO", ["ALWT", "POPN"]])
        """MITPOP by ``ALWT/POPN``."""
        self.units = books.table("m3.item_units", indexes=[["ITNO", "AUTP", "ALUN"], "LMTS"])
        """MITAUN, alternate units, by ``ITNO/AUTP/ALUN``."""
        self.balances = books.table("m3.balances", indexes=[["WHLO", "ITNO"], ["ITNO", "WHLO"], "LMTS"])
        """MITBAL by ``WHLO/ITNO``; what may change in it is in ``m3/stock.py``."""
        self.price_lists = books.table("m3.price_lists")
        """OPRICH, heads of price lists, by ``PRRF/CUCD/CUNO/FVDT``."""
        self.prices = books.table("m3.prices", indexes=[["PRRF", "CUCD", "CUNO", "FVDT", "ITNO"], "LMTS"])
        """OPRBAS and the graduated prices, by the key of their list and ``ITNO/QTYL``; QTYL is an int."""
