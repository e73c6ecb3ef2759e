"""The functions of the mapping language, by family."""

from __future__ import annotations

from types import MappingProxyType

from m3nop.mapping.functions import choice, codes, dates, lists, measures, numbers, text
from m3nop.mapping.functions.registry import FunctionInfo

__all__ = ["FUNCTIONS", "FunctionInfo", "function_table"]

FUNCTIONS = MappingProxyType({
    info.name: info
    for family in (
        text.FAMILY, numbers.FAMILY, measures.FAMILY, choice.FAMILY, dates.FAMILY, lists.FAMILY, codes.FAMILY,
    )
    for info in sorted(family.functions, key=lambda info: info.name)
})  # fmt: skip
"""Every function by name."""


def function_table() -> tuple[FunctionInfo, ...]:
    """List every function, by family and name."""
    return tuple(FUNCTIONS.values())
