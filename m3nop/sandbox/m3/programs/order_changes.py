"""OIS100MI: orders and lines that are deleted or closed, after Confirm.

Assumptions: nothing is deleted of which something is on a picking list or was delivered; what is deleted
stays in the lists, with status 90; an order stop does not keep anybody from deleting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.m3 import order_life
from m3nop.sandbox.m3.refusal import must_be_entered, refused

if TYPE_CHECKING:
    from m3nop.sandbox.books import Doc
    from m3nop.sandbox.m3.session import Handler, Record, Row, Session


def delete_line(session: Session, record: Record) -> list[Row]:
    """Delete a line: what it held is free again."""
    head, line = _line(session, record)
    order_life.check_untouched(line)
    order_life.give_up(session, line, order_life.DELETED)
    order_life.keep(session, head, [line])
    return []


def delete_head(session: Session, record: Record) -> list[Row]:
    """Delete an order with all its lines; lines that were deleted before are passed over."""
    head = order_life.head_of(session, record["ORNO"])
    lines = [line for line in order_life.lines_of(session, head["ORNO"]) if not line.get("ended")]
    if not lines:
        text = f"Order {head['ORNO']} is deleted already"
        raise refused(text, "WOR0106", "ORNO")
    for line in lines:
        order_life.check_untouched(line)
    for line in lines:
        order_life.give_up(session, line, order_life.DELETED)
    order_life.keep(session, head, lines)
    return []


def close_line(session: Session, record: Record) -> list[Row]:
    """Close a line: what is not delivered yet will not be."""
    for field in ("ORNO", "PONR"):
        if field not in record:
            raise must_be_entered(field)
    head, line = _line(session, record)
    order_life.check_closable(line)
    order_life.give_up(session, line, order_life.CLOSED)
    order_life.keep(session, head, [line])
    return []


HANDLERS: dict[tuple[str, str], Handler] = {
    ("OIS100MI", "DelLine"): delete_line,
    ("OIS100MI", "DelHead"): delete_head,
    ("OIS100MI", "CloLine"): close_line,
}


def _line(session: Session, record: Record) -> tuple[Doc, Doc]:
    head = order_life.head_of(session, record["ORNO"])
    position, suffix = session.whole("PONR", record), session.whole("POSX", record)
    return head, order_life.line_of(session, head["ORNO"], position, suffix)
