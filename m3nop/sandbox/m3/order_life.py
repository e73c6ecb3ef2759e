"""The life of an order after Confirm: lines are allocated, picked, delivered, invoiced, or come to nothing.

A line keeps how much of ORQT, in its own unit, has come how far: ALQT allocated, PLQT on picking lists, DLQT
delivered, IVQT invoiced (of what was delivered); what is in none of them is still to be allocated. Its status
says with two digits how far the least and the most of it has come (26: one part to allocate, one delivered).

Assumptions: an order shows each of the two as a whole status (ORSL 22, ORST 66), over the lines that were not
deleted or closed; a deleted line stays and shows 90, one that was closed before anything was delivered 99; a
line of which something was delivered is closed by giving up the rest, and shows what was delivered.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from m3nop.sandbox.m3 import stock
from m3nop.sandbox.m3.refusal import does_not_exist, refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from m3nop.sandbox.books import Doc
    from m3nop.sandbox.m3.session import Row, Session

DELETED, CLOSED = "90", "99"
ALLOCATED, PICKING, DELIVERED, INVOICED = "ALQT", "PLQT", "DLQT", "IVQT"
CUSTOMER_ORDER = 3
"""RORC, the reference order category of a customer order."""

_STAGES = (ALLOCATED, PICKING, DELIVERED, INVOICED)
_FIRST = "22"
_UNTOUCHED = frozenset({"22", "23", "33"})


def fresh(line: Doc) -> Row:
    """Return what a line has when its order becomes real."""
    return {"ORST": _FIRST, "ended": "", **dict.fromkeys(_STAGES, _shown(line, Decimal(0)))}


def amount(line: Doc, field: str) -> Decimal:
    """Return a quantity of a line; one that is not kept yet is zero."""
    return Decimal(line.get(field) or 0)


def left(line: Doc) -> Decimal:
    """Return how much of a line is still to be allocated."""
    if line.get("ended"):
        return Decimal(0)
    return amount(line, "ORQT") - sum((amount(line, field) for field in _STAGES[:3]), Decimal(0))


def status_of(line: Doc) -> str:
    """Return a line's status."""
    if line.get("ended") and not amount(line, DELIVERED):
        return str(line["ended"])
    delivered = amount(line, DELIVERED) - amount(line, INVOICED)
    stages = {"2": left(line), "3": amount(line, ALLOCATED), "4": amount(line, PICKING), "6": delivered}
    reached = [digit for digit, quantity in (stages | {"7": amount(line, INVOICED)}).items() if quantity > 0]
    return reached[0] + reached[-1]


def states_of(lines: Iterable[Doc]) -> Row:
    """Return lowest and highest status of an order with these lines."""
    states = [status_of(line) for line in lines]
    alive = "".join(state for state in states if state < DELETED)
    if alive:
        return {"ORSL": min(alive) * 2, "ORST": max(alive) * 2}
    return {"ORSL": min(states), "ORST": max(states)}


def head_of(session: Session, number: str) -> Doc:
    """Return an order's head.

    Raises:
        RefusalError: there is no such order.
    """
    return session.require(session.tables.heads, "ORNO", number)


def lines_of(session: Session, number: str) -> list[Doc]:
    """Return the lines of an order by number."""
    return session.tables.lines.select(("ORNO", "=", number), order=("PONR",))


def line_of(session: Session, number: str, position: int, suffix: int = 0) -> Doc:
    """Return a line of an order.

    Raises:
        RefusalError: there is none with this number.
    """
    line = session.tables.lines.get(_key(number, position))
    if line is None or suffix:
        msg = "PONR"
        raise does_not_exist(msg, f"{position}/{suffix}")
    return line


def move(line: Doc, quantity: Decimal, *, out_of: str = "", into: str = "") -> None:
    """Let a quantity of a line come from one stage to the next, in ``line`` alone."""
    if out_of:
        line[out_of] = _shown(line, amount(line, out_of) - quantity)
    if into:
        line[into] = _shown(line, amount(line, into) + quantity)


def keep(session: Session, head: Doc, lines: Iterable[Doc]) -> Doc:
    """Write lines that changed, and the order's head with the states that follow."""
    for line in lines:
        line["ORST"] = status_of(line)
        session.tables.lines[_key(line["ORNO"], line["PONR"])] = session.changed(line)
    head = session.changed(head | states_of(lines_of(session, head["ORNO"])))
    session.tables.heads[head["ORNO"]] = head
    return head


def refuse_stopped(head: Doc) -> None:
    """Refuse to go on with an order that is stopped.

    Raises:
        RefusalError: OBLC is not 0.
    """
    if head["OBLC"]:
        text = f"Order {head['ORNO']} is stopped, with code {head['OBLC']}"
        raise refused(text, "WOB0105", "OBLC")


def check_untouched(line: Doc) -> None:
    """Refuse to delete what a warehouse works on or has delivered, or what is deleted already.

    Raises:
        RefusalError: the line's status is none of 22, 23 and 33.
    """
    if status_of(line) not in _UNTOUCHED:
        text = f"Order line {line['PONR']} has status {status_of(line)} and cannot be deleted"
        raise refused(text, "WPO0106", "PONR")


def check_closable(line: Doc) -> None:
    """Refuse to close a line that has nothing left, or of which something is being picked.

    Raises:
        RefusalError: it is one of these.
    """
    if amount(line, PICKING) or not left(line) + amount(line, ALLOCATED):
        text = f"Order line {line['PONR']} has status {status_of(line)} and cannot be closed"
        raise refused(text, "WPO0106", "PONR")


def give_up(session: Session, line: Doc, state: str) -> None:
    """End a line in ``state``: what nobody has picked yet is let go of, in ``line`` and in stock."""
    place = (line["WHLO"], line["ITNO"])
    rest = left(line)
    # Stock releases what is allocated first, and that could be another line's.
    stock.allocate(session, *place, stock.in_basic_unit(line, rest))
    stock.release(session, *place, stock.in_basic_unit(line, rest + amount(line, ALLOCATED)))
    line[ALLOCATED] = _shown(line, Decimal(0))
    line["ended"] = state


def _key(number: str, position: int) -> str:
    return f"{number}/{position:05}"


def _shown(line: Doc, quantity: Decimal) -> str:
    _, _, decimals = str(line["ORQT"]).partition(".")
    return f"{quantity:.{len(decimals)}f}"
