"""Keep a nopCommerce shop and an Infor M3 ERP in step."""

from __future__ import annotations

__version__ = "0.1.0"
