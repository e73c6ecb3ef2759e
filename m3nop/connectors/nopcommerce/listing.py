"""Lists all rows of the official dialect page by page, although they move between the pages meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from m3nop.connectors.nopcommerce.records import identity
from m3nop.connectors.nopcommerce.rows import number_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.connectors.nopcommerce.records import Raw
    from m3nop.core.json import Json

R = TypeVar("R")
_ENOUGH = 3


def whole_list(read: Callable[[int], Json], keep: Callable[[Raw], R], *, what: str) -> dict[int, R]:
    """Return something of every row by its id; ``read`` asks for a page by its number, from 0.

    A row that goes while the list is read moves those behind it to the page before, past the reader: the shop
    counts more rows than came, and the list is read again. What is not there after three times never comes.

    Raises:
        SourceError: a page is none.
    """
    found: dict[int, R] = {}
    for _ in range(_ENOUGH):
        total, index, more = 0, 0, True
        while more:
            document = read(index)
            rows = rows_of(document, what=f"{what}s")
            found.update((identity(row, what=what), keep(row)) for row in rows)
            total = number_of(document, "total_count", what=f"{what}s")
            more = bool(rows) and bool(document.get("has_next_page"))
            index += 1
        if len(found) >= total:
            break
    return found
