"""Stock by warehouse and item (MITBAL): one row each, and the few ways in which it changes.

A row holds STQT (on hand, approved), REQT (reserved by entered order lines), ALQT (allocated to order lines
that are picked) and ORQT (on order from suppliers), in the item's basic unit. The rest follows from them:
AVAL = STQT - REQT and AV01 = AVAL - ALQT; AV02 is the same, because nothing here is on hand but blocked. That
AVAL leaves out what is reserved, so that AV01 falls as soon as an order is entered, and that both may fall
below zero, are assumptions. Temporary orders hold nothing.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from m3nop.sandbox.m3.refusal import is_not_valid, refused

if TYPE_CHECKING:
    from m3nop.sandbox.books import Doc
    from m3nop.sandbox.m3.session import Row, Session

Quantity = Decimal | int | str
"""In the item's basic unit; text is plain, with a decimal point."""

_KEPT = ("STQT", "REQT", "ALQT", "ORQT")


def key(whlo: str, itno: str) -> str:
    """Return the key of a balance in the books."""
    return f"{whlo}/{itno}"


def balance(session: Session, whlo: str, itno: str) -> Row:
    """Return the balance of an item in a warehouse, with what follows from it; zero where none is kept.

    Raises:
        RefusalError: no such item or warehouse.
    """
    return shown(session, _row(session, whlo, itno))


def shown(session: Session, row: Doc) -> Row:
    """Return a balance with the quantities that are not kept because they follow from the others."""
    allocatable = Decimal(row["STQT"]) - Decimal(row["REQT"])
    free = _text(allocatable - Decimal(row["ALQT"]), row["DCCD"])
    return {
        **row,
        "CONO": session.company,
        "AVAL": _text(allocatable, row["DCCD"]),
        "AV01": free,
        "AV02": free,
    }


def set_on_hand(session: Session, whlo: str, itno: str, quantity: Quantity) -> Row:
    """Let a stocktaking find this quantity on hand.

    Raises:
        RefusalError: no such item or warehouse; a quantity below zero or with too many decimals.
    """
    row = _row(session, whlo, itno)
    row["STQT"] = _text(_positive(row, quantity), row["DCCD"])
    return _keep(session, row)


def check_on_hand(session: Session, whlo: str, itno: str, quantity: Quantity) -> None:
    """Refuse what ``set_on_hand`` would refuse.

    Raises:
        RefusalError: no such item or warehouse; a quantity below zero or with too many decimals.
    """
    _positive(_row(session, whlo, itno), quantity)


def reserve(session: Session, whlo: str, itno: str, quantity: Quantity) -> Row:
    """Hold a quantity for an order line that was entered (status 22)."""
    return _move(session, whlo, itno, REQT=_amount(quantity))


def allocate(session: Session, whlo: str, itno: str, quantity: Quantity) -> Row:
    """Make allocated (status 33 and up to delivery) what an order line had reserved."""
    return _move(session, whlo, itno, REQT=-_amount(quantity), ALQT=_amount(quantity))


def release(session: Session, whlo: str, itno: str, quantity: Quantity) -> Row:
    """Let go of what an order line held, allocated or reserved, because it is cancelled."""
    return _move(session, whlo, itno, **_held(_row(session, whlo, itno), _amount(quantity)))


def issue(session: Session, whlo: str, itno: str, quantity: Quantity) -> Row:
    """Take out of the warehouse what an order line held: on hand falls, AV01 stays.

    Raises:
        RefusalError: there is less on hand.
    """
    row, amount = _row(session, whlo, itno), _amount(quantity)
    if Decimal(row["STQT"]) < amount:
        text = f"On-hand balance of {itno} in warehouse {whlo} is {row['STQT']}, less than {amount}"
        raise refused(text, "WSQ0101", "STQT")
    return _move(session, whlo, itno, STQT=-amount, **_held(row, amount))


def in_basic_unit(line: Doc, quantity: Quantity) -> Decimal:
    """Return a quantity of an order line, which is in the line's unit, in its item's basic unit."""
    factor = Decimal(line.get("COFA", 1))
    amount = _amount(quantity)
    # DMCF says how to come from the alternate unit to the basic one: 1 multiplies, 2 divides.
    return amount / factor if line.get("DMCF", 1) == 2 else amount * factor  # noqa: PLR2004


def shown_in_basic_unit(line: Doc, quantity: Quantity) -> str:
    """Return a quantity of an order line as M3 shows it in the basic unit."""
    return f"{in_basic_unit(line, quantity).normalize():f}" if "COFA" in line else str(quantity)


def new_row(whlo: str, item: Doc, on_hand: Quantity = 0) -> Doc:
    """Return a balance that nothing has touched, without stamps."""
    decimals = item["DCCD"]
    row: Doc = dict.fromkeys(_KEPT, _text(Decimal(0), decimals))
    return row | {
        "WHLO": whlo,
        "ITNO": item["ITNO"],
        "DCCD": decimals,
        "STQT": _text(Decimal(on_hand), decimals),
    }


def _row(session: Session, whlo: str, itno: str) -> Doc:
    tables = session.tables
    session.require(tables.warehouses, "WHLO", whlo)
    item = session.require(tables.items, "ITNO", itno)
    return tables.balances.get(key(whlo, itno)) or new_row(whlo, item)


def _move(session: Session, whlo: str, itno: str, **changes: Decimal) -> Row:
    row = _row(session, whlo, itno)
    for field, change in changes.items():
        row[field] = _text(Decimal(row[field]) + change, row["DCCD"])
    return _keep(session, row)


def _held(row: Doc, amount: Decimal) -> dict[str, Decimal]:
    # Allocated quantities go first: a line that is delivered or closed was allocated unless it was skipped.
    allocated = min(Decimal(row["ALQT"]), amount)
    return {"ALQT": -allocated, "REQT": allocated - amount}


def _keep(session: Session, row: Doc) -> Row:
    row = session.changed(row) if "CHNO" in row else {**row, **session.created()}
    session.tables.balances[key(row["WHLO"], row["ITNO"])] = row
    return shown(session, row)


def _positive(row: Doc, quantity: Quantity) -> Decimal:
    amount = _amount(quantity)
    if amount < 0 or amount != round(amount, row["DCCD"]):
        msg = "STQT"
        raise is_not_valid(msg, str(quantity))
    return amount


def _amount(quantity: Quantity) -> Decimal:
    try:
        amount = Decimal(quantity)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        msg = f"{quantity!r} is no quantity"
        raise ValueError(msg)
    return amount


def _text(value: Decimal, decimals: int) -> str:
    return f"{value:.{decimals}f}"
