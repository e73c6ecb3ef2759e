"""Counts what JSON would become before it is parsed: a small text can be very many objects in memory."""

from __future__ import annotations


def holds_at_most(text: str | bytes, most: int) -> bool:
    """Tell whether JSON text holds so many values at most, by the signs before which each but one stands.

    Such signs within its texts count, too, so that one with many of them may be told to hold too much.
    """
    if isinstance(text, str):
        return text.count(",") + text.count("[") + text.count("{") <= most
    return text.count(b",") + text.count(b"[") + text.count(b"{") <= most
