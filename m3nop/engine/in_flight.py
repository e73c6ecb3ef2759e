"""Quantities that shoppers have bought and M3 does not know of yet: stock not to be published again."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from m3nop.core.records import RecordState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from m3nop.core.records import Record
    from m3nop.core.state import State

OPEN = tuple(
    state
    for state in RecordState
    if state not in (RecordState.DONE, RecordState.BASELINED, RecordState.IGNORED)
)
"""States of an order that is not in M3, or may not be. A refused one may be: the shop has sold its goods."""

_CANCELLED = "cancelled"
_PAGE = 500


def quantities(state: State, pipelines: Iterable[str]) -> dict[str, Decimal]:
    """Add up, by SKU as ``spelled``, the lines of the orders of these pipelines that M3 does not have.

    An order whose commit was answered counts no more, even if something is still to be done for it.
    """
    found: dict[str, Decimal] = defaultdict(Decimal)
    for pipeline in pipelines:
        letters = {letter.record_id for letter in state.dead_letters(pipeline=pipeline)}
        # What somebody discarded or rejected has been dealt with otherwise, or never will be.
        records = [
            record
            for record in state.records(pipeline, states=OPEN)
            if record.state is not RecordState.DEAD or record.id in letters
        ]
        for start in range(0, len(records), _PAGE):
            some = records[start : start + _PAGE]
            entered = {link.key for link in state.links(pipeline, keys=[record.key for record in some])}
            for record in some:
                if record.key not in entered:
                    _add(found, record)
    return dict(found)


def spelled(sku: str) -> str:
    """Return a SKU as it is compared: the shop does not tell capitals from small letters."""
    return sku.strip().casefold()


def _add(found: dict[str, Decimal], record: Record) -> None:
    order: Mapping[str, object] = record.snapshot or {}
    items = order.get("items")
    if order.get("order_status") == _CANCELLED or not isinstance(items, list):
        return
    for item in items:
        sku, quantity = item.get("sku"), item.get("quantity")
        if sku and quantity:
            found[spelled(str(sku))] += Decimal(str(quantity))
