"""What happens to goods without an MI call: items are made, changed and priced, by the thousand, too.

Columns carry M3's names. One that is wrong is a ``ValueError`` that says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m3nop.core import json
from m3nop.sandbox.books import KEY
from m3nop.sandbox.m3 import prices, stock
from m3nop.sandbox.m3.programs import pricing
from m3nop.sandbox.m3.refusal import does_not_exist

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from m3nop.sandbox.books import Doc
    from m3nop.sandbox.m3.session import Session

_BULK, _BULK_WAREHOUSE = "BULK-", "001"
_NAME, _PRICE = "<name>", "<price>"
_TEXT = (
    "ITDS", "FUDS", "STAT", "RESP", "UNMS", "SPUN", "ALUN", "PPUN", "ITTY", "ITGR", "ITCL", "BUAR",
    "GRWE", "NEWE", "VOL3", "HIE1", "HIE2", "HIE3", "HIE4", "HIE5", "GRP1", "GRP2", "GRP3", "DWNO",
    "PUUN", "CFI1", "CFI2", "CFI3", "CFI4", "CFI5", "PRGP", "TAXC", "HDPR", "ITNE", "SAPR", "CUCS",
    "GRTI",
)  # fmt: skip
_PRICES = ("SAPR",)
_NUMBERS = ("SALE", "STCD", "VTCS", "VTCP", "HVMT", "CHCD")


def new_item(
    number: str, name: str, price: str, *, weight: str = "0", unit: str = "PCS", status: str = "20"
) -> Doc:
    """Return an item (MITMAS) without stamps; an article of the web range that is stocked."""
    units = dict.fromkeys(("UNMS", "SPUN", "ALUN", "PPUN", "PUUN"), unit)
    numbers = dict.fromkeys(_NUMBERS, 0) | {"SALE": 1, "STCD": 1, "VTCS": 1, "DCCD": 2 if unit == "M" else 0}
    return {
        **dict.fromkeys(_TEXT, ""), **units, **numbers, "ITNO": number, "ITDS": name[:30], "FUDS": name,
        "STAT": status, "ITTY": "FG", "ITGR": "OUTDOOR", "ITCL": "OUT", "GRWE": weight, "NEWE": weight,
        "VOL3": "0", "CFI2": "0", "SAPR": price, "CUCS": "EUR",
    }  # fmt: skip


def change_item(session: Session, number: str, columns: Mapping[str, Any]) -> Doc:
    """Change columns of an item; one that is not there is made, and kept in every warehouse, none on hand."""
    tables = session.tables
    item = tables.items.get(number)
    changed = {name: _column(name, value) for name, value in columns.items()}
    row = {**(item or new_item(number, number, "0.00")), **changed}
    tables.items[number] = session.changed(row) if item else {**row, **session.created()}
    if item is None:
        for warehouse in tables.warehouses:
            stock.set_on_hand(session, warehouse, number, 0)
    return tables.items[number]


def change_names(session: Session, number: str, names: Mapping[str, str]) -> None:
    """Name an item in some languages; the item itself is not dated anew.

    Raises:
        RefusalError: there is no such item or language.
    """
    session.require(session.tables.items, "ITNO", number)
    for language in names:
        session.check_code("LNCD", {"LNCD": language})
    for language, name in names.items():
        key = f"{number}/{language}"
        known = session.tables.item_texts.get(key, {"ITNO": number, "LNCD": language, "TXID": 0})
        row = {**known, "ITDS": name[:30], "FUDS": name}
        stamped = session.changed(row) if "CHNO" in row else {**row, **session.created()}
        session.tables.item_texts[key] = stamped


def set_price(
    session: Session, number: str, price: str, *, prrf: str, cucd: str, cuno: str = "", quantity: int = 0
) -> Doc:
    """Let a price hold in a price list, or in one made of it for a customer; from a quantity on if not 0.

    Raises:
        RefusalError: there is no such item, list or customer; the price is none.
    """
    tables = session.tables
    item = session.require(tables.items, "ITNO", number)
    if cuno:
        session.require(tables.customers, "CUNO", cuno)
    checked = pricing.price(price)
    lists = tables.price_lists.select(
        ("PRRF", "=", prrf), ("CUCD", "=", cucd), ("CUNO", "in", [cuno, ""]), order=("CUNO", "FVDT"),
        descending=True,
    )  # fmt: skip
    if not lists:
        msg = "PRRF"
        raise does_not_exist(msg, f"{prrf} in {cucd}")
    head = prices.set_list(session, prrf, cucd, lists[0]["TX40"], cuno=cuno, fvdt=lists[0]["FVDT"])
    return prices.set_price(session, head, item, checked, qtyl=quantity)


def load(session: Session, *, items: int, on_hand: int = 100) -> None:
    """Make many items at once, ``BULK-000001`` and on, with a balance in one warehouse and a price each."""
    tables = session.tables
    head = prices.set_list(session, prices.WEB_LIST, "EUR", "Web shop")
    stamps = session.created()
    item = {**new_item(_NAME, f"Article {_NAME}", _PRICE), **stamps}
    balance = {**stock.new_row(_BULK_WAREHOUSE, item, on_hand), **stamps}
    price = {**prices.new_row(head, item), **stamps}
    first = tables.items.count((KEY, ">=", _BULK), (KEY, "<", f"{_BULK}~")) + 1
    numbers = range(first, first + items)
    tables.items.fill(_copies(_NAME, item, numbers))
    tables.balances.fill(_copies(stock.key(_BULK_WAREHOUSE, _NAME), balance, numbers))
    tables.prices.fill(_copies(prices.row_key(head, _NAME, 0), price, numbers))


def _copies(key: str, doc: Doc, numbers: Iterable[int]) -> Iterator[tuple[str, str]]:
    # The text is written once: making it anew for each of fifty thousand takes most of the time.
    text = json.dumps(doc)
    for number in numbers:
        name = f"{_BULK}{number:06}"
        yield key.replace(_NAME, name), text.replace(_NAME, name).replace(_PRICE, f"{1 + number % 500}.90")


def _column(name: str, value: Any) -> str | int:  # noqa: ANN401
    if name in _PRICES:
        return pricing.price(str(value))
    if name in _TEXT and isinstance(value, str):
        return value
    if name in _NUMBERS and str(value).isdecimal():
        return int(value)
    if name not in {*_TEXT, *_NUMBERS}:
        msg = f"{name} is not a column of an item that can be changed"
        raise ValueError(msg)
    msg = f"{name} must be {'a text' if name in _TEXT else 'a whole number'}, not {value!r}"
    raise ValueError(msg)
