"""What happens to an order in M3 after Confirm: warehouse, stop and cancellation, and a view of its life.

A document names lines as ``{"lines": [{"ponr": 1, "quantity": "2"}]}``; without ``quantity`` it is all
that is left of the line, without ``lines`` all that is left of the order.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from m3nop.sandbox.m3 import delivering, order_life
from m3nop.sandbox.m3.programs import invoicing
from m3nop.sandbox.m3.refusal import refused

if TYPE_CHECKING:
    from m3nop.core.json import Json
    from m3nop.sandbox.books import Doc
    from m3nop.sandbox.m3.session import Session

Step = Callable[["Session", str, "Json"], None]


def allocate(session: Session, number: str, body: Json) -> None:
    """Allocate stock to an order."""
    delivering.allocate(session, number, _wanted(session, number, body))


def pick(session: Session, number: str, body: Json) -> None:
    """Print picking lists."""
    delivering.pick(session, number, _wanted(session, number, body))


def deliver(session: Session, number: str, body: Json) -> None:
    """Deliver."""
    delivering.deliver(session, number, _wanted(session, number, body))


def invoice(session: Session, number: str, _body: Json) -> None:
    """Invoice what was delivered and is not invoiced."""
    invoicing.invoice(session, number)


def stop(session: Session, number: str, body: Json) -> None:
    """Stop an order with a code (OBLC, 1 unless ``code`` says otherwise); 0 lets it go on."""
    code = int(body.get("code", 1))
    if code not in range(10):
        msg = f"an order stop is a digit, not {code}"
        raise ValueError(msg)
    order_life.keep(session, {**order_life.head_of(session, number), "OBLC": code}, [])


def cancel(session: Session, number: str, body: Json) -> None:
    """Cancel lines, or all of an order: delete what is untouched, close what is partly delivered.

    Raises:
        RefusalError: nothing is left, or something is on a picking list.
    """
    head = order_life.head_of(session, number)
    named = _positions(body)
    if named is None:
        lines = [line for line in order_life.lines_of(session, number) if not _settled(line)]
    else:
        lines = [order_life.line_of(session, number, position) for position in named]
    if not lines:
        text = f"Nothing of order {number} is left to cancel"
        raise refused(text, "WOR0106", "ORNO")
    for line in lines:
        order_life.check_closable(line)
    for line in lines:
        touched = order_life.amount(line, order_life.DELIVERED) > 0
        order_life.give_up(session, line, order_life.CLOSED if touched else order_life.DELETED)
    order_life.keep(session, head, lines)


STEPS: dict[str, Step] = {
    "allocate": allocate,
    "pick": pick,
    "deliver": deliver,
    "invoice": invoice,
    "stop": stop,
    "cancel": cancel,
}
"""What can be done with an order, by its name in the path."""


def life_of(session: Session, number: str) -> Json:
    """Return all that happened to an order.

    Raises:
        RefusalError: there is no such order.
    """
    head = order_life.head_of(session, number)
    return {
        "orno": number, "cuno": head["CUNO"], "cuor": head.get("CUOR", ""), "orsl": head["ORSL"],
        "orst": head["ORST"], "oblc": head["OBLC"],
        "lines": [_line(line) for line in order_life.lines_of(session, number)],
        "deliveries": [
            _delivery(session, delivery) for delivery in delivering.deliveries_of(session, number)
        ],
        "invoices": [_invoice(document) for document in invoicing.invoices_of(session, number)],
    }  # fmt: skip


def _line(line: Doc) -> Json:
    names = {
        "ordered": "ORQT",
        "allocated": "ALQT",
        "picking": "PLQT",
        "delivered": "DLQT",
        "invoiced": "IVQT",
    }
    quantities = {name: str(line.get(field, "0")) for name, field in names.items()}
    return {"ponr": line["PONR"], "itno": line["ITNO"], "status": line["ORST"], **quantities}


def _delivery(session: Session, delivery: Doc) -> Json:
    number = delivery["DLIX"]
    return {
        "dlix": number, "whlo": delivery["WHLO"], "pgrs": delivery["PGRS"], "conn": delivery["CONN"],
        "fwno": delivery["FWNO"], "etrn": delivery["ETRN"],
        "packages": [
            {name: package[name.upper()] for name in ("panr", "sscc", "etrn")}
            for package in delivering.packages_of(session, number)
        ],
        "lines": [
            {"ponr": part["RIDL"], "itno": part["ITNO"], "quantity": part["TRQA"]}
            for part in delivering.lines_of(session, number)
        ],
    }  # fmt: skip


def _invoice(document: Doc) -> Json:
    names = {
        "year": "YEA4", "ivno": "IVNO", "date": "IDAT", "due": "DUDT", "currency": "CUCD", "net": "net",
        "vat": "VTAM", "total": "IVAV", "left": "RAFC",
    }  # fmt: skip
    return {name: document[field] for name, field in names.items()}


def _settled(line: Doc) -> bool:
    picking = order_life.amount(line, order_life.PICKING)
    return not order_life.left(line) + order_life.amount(line, order_life.ALLOCATED) + picking


def _positions(body: Json) -> list[int] | None:
    named = body.get("lines")
    if named is None:
        return None
    positions = [int(entry["ponr"]) for entry in named]
    if not positions or len(set(positions)) < len(positions):
        msg = "'lines' names each line once, and at least one"
        raise ValueError(msg)
    return positions


def _wanted(session: Session, number: str, body: Json) -> delivering.Wanted | None:
    positions = _positions(body)
    if positions is None:
        return None
    order_life.head_of(session, number)
    wanted: delivering.Wanted = {}
    for position, entry in zip(positions, body["lines"], strict=True):
        line = order_life.line_of(session, number, position)
        rest = order_life.left(line) + order_life.amount(line, order_life.ALLOCATED)
        wanted[position] = _quantity(line, entry["quantity"]) if "quantity" in entry else rest
    return wanted


def _quantity(line: Doc, given: object) -> Decimal:
    try:
        quantity = Decimal(str(given))
    except InvalidOperation:
        msg = f"{given!r} is no quantity"
        raise ValueError(msg) from None
    decimals = len(str(line["ORQT"]).partition(".")[2])
    if not quantity.is_finite() or quantity != round(quantity, decimals):
        msg = f"line {line['PONR']} is counted with {decimals} decimals, not as {given}"
        raise ValueError(msg)
    return quantity
