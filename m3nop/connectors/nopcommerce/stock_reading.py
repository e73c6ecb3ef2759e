"""Reads the stock of many products at once, whatever the dialect (``products/stock``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from m3nop.connectors.nopcommerce import stock
from m3nop.connectors.nopcommerce.fields import Fields
from m3nop.connectors.nopcommerce.goods import Goods
from m3nop.connectors.nopcommerce.refusals import ShopFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from m3nop.connectors.nopcommerce.goods import Found, Name, Together
    from m3nop.connectors.nopcommerce.records import Raw, Record
    from m3nop.core.json import Json

    Answered = Sequence[Record] | ShopFailure
    """The rows of a call, or why there are none."""
    Shared = Callable[[Sequence[Mapping[str, Json]]], Sequence[Answered]]


class _Question(Struct, frozen=True):
    """Whose stock a call asks for, and of which warehouse."""

    name: Name
    warehouse: int | None


class Finder(Protocol):
    """Finds products by SKU or id."""

    together: Together

    def find(self, names: Sequence[Name]) -> Mapping[Name, Found]:
        """Return what has each name."""
        ...


class StockReader:
    """Reads stock for several calls; ``rows`` reads what a product has in the warehouses, by its id."""

    def __init__(self, finder: Finder, rows: Callable[[int], Sequence[Raw]]) -> None:
        self._finder = finder
        self._rows = rows

    def read(self, calls: Sequence[Mapping[str, Json]]) -> list[Answered]:
        """Answer each call: its row, or none where there is no such product."""
        asked = [_question(values) for values in calls]
        goods = self._finder.find(
            list(dict.fromkeys(one.name for one in asked if isinstance(one, _Question)))
        )
        spread = [
            one.product["id"]
            for one in goods.values()
            if isinstance(one, Goods) and stock.in_several(one.product)
        ]
        rows = self._finder.together.each(spread, self._rows)
        return [one if isinstance(one, ShopFailure) else _answer(one, goods[one.name], rows) for one in asked]


def _question(values: Mapping[str, Json]) -> _Question | ShopFailure:
    try:
        fields = Fields(values)
        warehouse = fields.number("warehouse") if fields.given("warehouse") else None
        stock.about(fields)
        named: Name = fields.text("sku").strip() if fields.given("sku") else fields.number("product_id")
        return _Question(named, warehouse)
    except ShopFailure as error:
        return error


def _answer(asked: _Question, found: Found, rows: Mapping[int, Sequence[Raw] | ShopFailure]) -> Answered:
    if found is None:
        return []
    if isinstance(found, ShopFailure):
        return found
    held = rows.get(found.product["id"])
    if isinstance(held, ShopFailure):
        return held
    return [stock.stock_row(found.product, variant=found.combination, rows=held, warehouse=asked.warehouse)]
