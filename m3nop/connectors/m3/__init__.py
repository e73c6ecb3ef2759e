"""Connects to Infor M3 by its MI transactions."""

from __future__ import annotations

from m3nop.connectors.m3.connector_type import M3

__all__ = ["M3"]
