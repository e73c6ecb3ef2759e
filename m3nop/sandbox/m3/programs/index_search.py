"""M3's search index: rows show up in it some time after they were written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from m3nop.sandbox.m3.refusal import refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.sandbox.books import Condition, Doc, Table
    from m3nop.sandbox.m3.session import Session

LAG_SECONDS = 60
"""How long a change takes to reach the index; an assumption, only that it lags is known."""

_TERM = re.compile(r"(?:([A-Z0-9]{4}):)?(?:\"([^\"]*)\"|(\S+))")


def search(session: Session, table: Table, query: str, *, fields: Sequence[str]) -> list[Doc]:
    """Return the rows that a query such as ``CUOR:B2C-1042`` or ``B2C-1042 CUNO:W9999`` finds.

    Terms are joined by ``AND``; one without a field may stand in any field.
    """
    indexed: Condition = ("LMTS", "<=", session.stamp - LAG_SECONDS * 1000)
    conditions: list[Condition] = []
    anywhere: list[list[Condition]] = []
    for field, quoted, plain in _TERM.findall(query):
        value = quoted or plain
        if field:
            if field not in fields:
                text = f"Field {field} is not in the search index"
                raise refused(text, "XSE0001", "SQRY")
            conditions.append((field, "=", value))
        elif value != "AND":
            anywhere = [[(name, "=", value)] for name in fields]
    return table.select(*conditions, indexed, any_of=anywhere, limit=session.limit)
