"""Finds the name that was probably meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def suggest(name: str, known: Iterable[str]) -> str:
    """Say which known name was probably meant, or ``""``; upper and lower case do not matter."""
    folded = {item.casefold(): item for item in known}
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return f"did you mean '{folded[near[0]]}'?" if near else ""
