"""What happens to goods without an MI call: items are made, changed and priced, by the thousand, too.

Wrong input is a ``ValueError`` that says what is wrong, and an item or list that is not there a ``KeyError``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m3nop.core import json
from m3nop.sandbox.books import KEY
from m3nop.sandbox.m3 import prices, stock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from m3nop.sandbox.books import Doc
    from m3nop.sandbox.m3.session import Session

_BULK, _BULK_WAREHOUSE = "BULK-", "001"
_TEXT = (
    "ITDS", "FUDS", "STAT", "RESP", "UNMS", "SPUN", "ALUN", "PPUN", "ITTY", "ITGR", "ITCL", "BUAR",
    "GRWE", "NEWE", "VOL3", "HIE1", "HIE2", "HIE3", "CFI1", "CFI2", "CFI3", "CFI4", "CFI5", "PRGP",
    "TAXC", "HDPR", "ITNE", "SAPR", "CUCS", "GRTI",
)  # fmt: skip
_NUMBERS = ("SALE", "STCD", "VTCS", "VTCP", "HVMT")


def new_item(
    number: str, name: str, price: str, *, weight: str = "0", unit: str = "PCS", status: str = "20"
) -> Doc:
    """Return an item (MITMAS) without stamps; an article of the web range that is stocked."""
    units = dict.fromkeys(("UNMS", "SPUN", "ALUN", "PPUN"), unit)
    numbers = {"SALE": 1, "STCD": 1, "VTCS": 1, "VTCP": 0, "HVMT": 0, "DCCD": 2 if unit == "M" else 0}
    return {
        **dict.fromkeys(_TEXT, ""), **units, **numbers, "ITNO": number, "ITDS": name[:30], "FUDS": name,
        "STAT": status, "ITTY": "FG", "ITGR": "OUTDOOR", "ITCL": "OUT", "GRWE": weight, "NEWE": weight,
        "VOL3": "0", "CFI2": "0", "SAPR": price, "CUCS": "EUR",
    }  # fmt: skip


def change_item(session: Session, number: str, columns: Mapping[str, Any]) -> Doc:
    """Change columns of an item; one that is not there is made, and kept in every warehouse, none on hand."""
    tables = session.tables
    item = tables.items.get(number)
    known = item or new_item(number, number, "0.00")
    changed = {name: _column(name, value) for name, value in columns.items()}
    row = {**known, **changed}
    tables.items[number] = session.changed(row) if item else {**row, **session.created()}
    if item is None:
        for warehouse in tables.warehouses:
            stock.set_on_hand(session, warehouse, number, 0)
    return tables.items[number]


def set_price(
    session: Session, number: str, price: str, *, prrf: str, cucd: str, cuno: str = "", quantity: int = 0
) -> Doc:
    """Let a price hold from today on, in a list that is there or is made for one customer."""
    item = session.tables.items[number]
    fitting = session.tables.price_lists.select(
        ("PRRF", "=", prrf), ("CUCD", "=", cucd), ("CUNO", "in", [cuno, ""]), order=("CUNO", "FVDT"),
        descending=True,
    )  # fmt: skip
    if not fitting:
        raise KeyError(f"price list {prrf} in {cucd}")  # noqa: EM102
    head = fitting[0]
    if head["CUNO"] != cuno:
        session.tables.customers[cuno]
        head = prices.set_list(session, prrf, cucd, head["TX40"], cuno=cuno, fvdt=head["FVDT"])
    return prices.set_price(session, head, item, price, qtyl=quantity)


def load(session: Session, *, items: int, on_hand: int = 100) -> None:
    """Make many items at once, ``BULK-000001`` and on, with a balance in one warehouse and a price each."""
    tables = session.tables
    head = prices.set_list(session, prices.WEB_LIST, "EUR", "Web shop")
    first = tables.items.count((KEY, ">=", _BULK), (KEY, "<", f"{_BULK}~")) + 1
    stamps = session.created()

    def rows() -> Iterator[Doc]:
        for number in range(first, first + items):
            name = f"{_BULK}{number:06}"
            yield {**new_item(name, f"Article {number}", f"{1 + number % 500}.90"), **stamps}

    def balances() -> Iterator[tuple[str, Doc]]:
        for item in rows():
            row = stock.new_row(_BULK_WAREHOUSE, item, on_hand)
            yield stock.key(_BULK_WAREHOUSE, item["ITNO"]), {**row, **stamps}

    tables.items.fill((item["ITNO"], json.dumps(item)) for item in rows())
    tables.balances.fill((key, json.dumps(row)) for key, row in balances())
    tables.prices.fill(
        (prices.row_key(head, item["ITNO"], 0), json.dumps({**prices.new_row(head, item), **stamps}))
        for item in rows()
    )


def _column(name: str, value: Any) -> str | int:  # noqa: ANN401
    if name in _TEXT and isinstance(value, str):
        return value
    if name in _NUMBERS and isinstance(value, int):
        return value
    kind = "a text" if name in _TEXT else "a whole number" if name in _NUMBERS else ""
    msg = f"{name} must be {kind}" if kind else f"{name} is not a column of an item that can be changed"
    raise ValueError(msg)
