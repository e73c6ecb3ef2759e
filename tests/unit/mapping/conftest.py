"""The surroundings that mapping tests and the documented examples of functions are evaluated in."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from m3nop.core.clock import parse_instant
from m3nop.mapping.context import Context
from m3nop.mapping.expressions import compile_expression
from m3nop.mapping.lookups import Lookup, Miss, lookup_from_csv

if TYPE_CHECKING:
    from collections.abc import Callable

_TABLES = {
    "payment_methods": "from,TEPY,PYCD\nPayments.CheckMoneyOrder,030,INV\n",
    "countries": "from,value\nSE,SE\nDE,DE\n",
    "currencies": "from,value\nEUR,EUR\n",
    "units": "from,factor\nTENT-2P:BOX,12\nBOX,6\nBAD,many\n",
}


@pytest.fixture
def context() -> Context:
    lookups = {name: lookup_from_csv(text, name) for name, text in _TABLES.items()}
    row = {"x": {"value": "1"}}
    lookups["reviewed"] = Lookup("reviewed", rows=row, missing=Miss.REVIEW)
    lookups["blanked"] = Lookup("blanked", rows=row, missing=Miss.BLANK)
    lookups["defaulted"] = Lookup("defaulted", rows=row, missing=Miss.DEFAULT, default="9")
    return Context(
        now=parse_instant("2026-11-23T09:00:00Z"),
        time_zone="Europe/Stockholm",
        lookups=lookups,
        link=lambda pipeline, key: (
            {"shop": key, "m3": "W0001234"} if (pipeline, key) == ("customers", "17") else None
        ),
        linked_by_m3=lambda pipeline, m3: (
            {"key": "17", "shop": "17", "m3": m3} if (pipeline, m3) == ("customers", "W0001234") else None
        ),
        in_flight=lambda sku: Decimal(3) if sku == "TENT-2P" else Decimal(0),
    )


@pytest.fixture
def evaluate(context: Context) -> Callable[..., Any]:
    """Evaluate an expression on a root given as keywords."""

    def run(text: str, /, **root: Any) -> Any:
        return compile_expression(text).evaluate(root, context)

    return run
