"""Names, types and lengths of the few transactions that the pack uses, one module an area.

They are those of M3's MI repository. A block is ``PROGRAM/Name: what it does.``, with ``many`` where it
answers a list; a field is ``NAME:TYPELENGTH``, with ``!`` where the repository says that it is mandatory.
"""

from __future__ import annotations

from m3nop.connectors.m3.known.basics import BASICS
from m3nop.connectors.m3.known.customers import CUSTOMERS
from m3nop.connectors.m3.known.deliveries import DELIVERIES
from m3nop.connectors.m3.known.finance import FINANCE
from m3nop.connectors.m3.known.items import ITEMS
from m3nop.connectors.m3.known.labels import LABELS
from m3nop.connectors.m3.known.orders import ORDERS

__all__ = ["AREAS", "LABELS"]

AREAS = (ORDERS, CUSTOMERS, ITEMS, DELIVERIES, FINANCE, BASICS)
"""The texts of all areas."""
