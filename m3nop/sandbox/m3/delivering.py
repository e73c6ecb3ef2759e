"""What a warehouse does: it allocates, prints picking lists, and issues deliveries with a package each.

A delivery (MHDISH) is of one order and one warehouse and has one picking list and, once it is issued, one
package. Assumptions: DLIX, CONN, PANR and the numbers that carriers read are drawn from series; PGRS is
``PICKED`` while the picking list is out and ``ISSUED`` after it; TRQT is what the delivery is about from
its first day, PLQT what is still on its picking list.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from m3nop.sandbox.m3 import order_life, stock
from m3nop.sandbox.m3.order_life import ALLOCATED, CUSTOMER_ORDER, DELIVERED, PICKING
from m3nop.sandbox.m3.refusal import refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.sandbox.books import Doc
    from m3nop.sandbox.m3.session import Session

PICKED, ISSUED = "40", "90"
"""Progress of a delivery (PGRS)."""

FORWARDER = "PARCELCO"

_FIRST_DELIVERY = 1000101
_FIRST_SHIPMENT = 200101
_FIRST_PACKAGE = 1
_GS1_PREFIX = "3735001"
_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)

Wanted = dict[int, Decimal]
"""Quantities by line number, in the line's unit."""


def allocate(session: Session, number: str, wanted: Wanted | None = None) -> None:
    """Allocate quantities of an order, or all that is left of it.

    Raises:
        RefusalError: the order is stopped, has less to allocate, or there is less on hand.
    """
    head = order_life.head_of(session, number)
    order_life.refuse_stopped(head)
    lines = {line["PONR"]: line for line in order_life.lines_of(session, number)}
    wanted = _wanted(lines, wanted, allocated=False)
    _check_on_hand(session, lines, wanted)
    for position, quantity in wanted.items():
        _allocate(session, lines[position], quantity)
    order_life.keep(session, head, [lines[position] for position in wanted])


def pick(session: Session, number: str, wanted: Wanted | None = None) -> list[Doc]:
    """Put quantities of an order, or all that is left of it, on picking lists: a delivery for each warehouse.

    Raises:
        RefusalError: as ``allocate`` does.
    """
    head = order_life.head_of(session, number)
    order_life.refuse_stopped(head)
    lines = {line["PONR"]: line for line in order_life.lines_of(session, number)}
    wanted = _wanted(lines, wanted, allocated=True)
    needed = {
        position: max(quantity - order_life.amount(lines[position], ALLOCATED), Decimal(0))
        for position, quantity in wanted.items()
    }
    _check_on_hand(session, lines, needed)
    warehouses: dict[str, Wanted] = {}
    for position, quantity in wanted.items():
        line = lines[position]
        _allocate(session, line, needed[position])
        order_life.move(line, quantity, out_of=ALLOCATED, into=PICKING)
        warehouses.setdefault(line["WHLO"], {})[position] = quantity
    head = order_life.keep(session, head, [lines[position] for position in wanted])
    return [_deliver(session, head, lines, warehouse, part) for warehouse, part in warehouses.items()]


def issue(session: Session, delivery: Doc) -> Doc:
    """Report a delivery as issued: it leaves the warehouse in a package with a tracking number.

    Raises:
        RefusalError: it is issued already, the order is stopped, or there is less on hand.
    """
    if delivery["PGRS"] == ISSUED:
        text = f"Delivery {delivery['DLIX']} is issued already"
        raise refused(text, "WDL0105", "DLIX")
    head = order_life.head_of(session, delivery["RIDN"])
    order_life.refuse_stopped(head)
    parts = lines_of(session, delivery["DLIX"])
    _check_issuable(session, delivery, parts)
    lines = []
    for part in parts:
        line = order_life.line_of(session, part["RIDN"], part["RIDL"])
        order_life.move(line, Decimal(part["TRQA"]), out_of=PICKING, into=DELIVERED)
        stock.issue(session, delivery["WHLO"], part["ITNO"], Decimal(part["TRQT"]))
        part |= {"PLQT": "0", "PLQA": "0"}
        session.tables.logistics.delivery_lines[line_key(part)] = session.changed(part)
        lines.append(line)
    order_life.keep(session, head, lines)
    return _issued(session, delivery)


def deliver(session: Session, number: str, wanted: Wanted | None = None) -> list[Doc]:
    """Deliver quantities of an order; without them what is on picking lists and all that is left.

    Raises:
        RefusalError: as ``pick`` and ``issue`` do, or there is nothing to deliver.
    """
    picked = [] if wanted else [each for each in deliveries_of(session, number) if each["PGRS"] == PICKED]
    if not picked or _open(session, number):
        picked += pick(session, number, wanted)
    return [issue(session, delivery) for delivery in picked]


def deliveries_of(session: Session, number: str) -> list[Doc]:
    """Return the deliveries of an order, oldest first."""
    return session.tables.logistics.deliveries.find(RIDN=number)


def lines_of(session: Session, delivery: int) -> list[Doc]:
    """Return the lines of a delivery."""
    return session.tables.logistics.delivery_lines.select(("DLIX", "=", delivery), order=("RIDN", "RIDL"))


def packages_of(session: Session, delivery: int) -> list[Doc]:
    """Return the packages of a delivery."""
    return session.tables.logistics.packages.find(DLIX=delivery)


def line_key(row: Doc) -> str:
    """Return the key of a delivery line in the books."""
    return f"{row['DLIX']}/{row['RIDN']}/{row['RIDL']:06}"


def _open(session: Session, number: str) -> bool:
    return any(
        order_life.left(line) + order_life.amount(line, ALLOCATED) > 0
        for line in order_life.lines_of(session, number)
    )


def _wanted(lines: Mapping[int, Doc], wanted: Wanted | None, *, allocated: bool) -> Wanted:
    def available(line: Doc) -> Decimal:
        return order_life.left(line) + (order_life.amount(line, ALLOCATED) if allocated else 0)

    if wanted is None:
        wanted = {position: available(line) for position, line in lines.items() if available(line) > 0}
    for position, quantity in wanted.items():
        if position not in lines:
            text = f"The order has no line {position}"
            raise refused(text, "WPO0103", "PONR")
        if not 0 < quantity <= available(lines[position]):
            text = f"Line {position} has {available(lines[position])} left, not {quantity}"
            raise refused(text, "WOQ0101", "ORQT")
    if not wanted:
        text = "Nothing of the order is left"
        raise refused(text, "WOQ0105", "ORQT")
    return wanted


def _check_on_hand(session: Session, lines: Mapping[int, Doc], wanted: Wanted) -> None:
    needed: dict[tuple[str, str], Decimal] = {}
    for position, quantity in wanted.items():
        line = lines[position]
        place = (line["WHLO"], line["ITNO"])
        needed[place] = needed.get(place, Decimal(0)) + stock.in_basic_unit(line, quantity)
    for (warehouse, item), quantity in needed.items():
        balance = stock.balance(session, warehouse, item)
        free = Decimal(balance["STQT"]) - Decimal(balance["ALQT"])
        if quantity > free:
            text = f"Of {item} in warehouse {warehouse} {free} can be allocated, not {quantity}"
            raise refused(text, "WSQ0101", "STQT")


def _check_issuable(session: Session, delivery: Doc, parts: list[Doc]) -> None:
    needed: dict[str, Decimal] = {}
    for part in parts:
        needed[part["ITNO"]] = needed.get(part["ITNO"], Decimal(0)) + Decimal(part["TRQT"])
    for item, quantity in needed.items():
        on_hand = stock.balance(session, delivery["WHLO"], item)["STQT"]
        if Decimal(on_hand) < quantity:
            text = f"Of {item} in warehouse {delivery['WHLO']} {on_hand} are on hand, less than {quantity}"
            raise refused(text, "WSQ0101", "STQT")


def _allocate(session: Session, line: Doc, quantity: Decimal) -> None:
    if quantity:
        stock.allocate(session, line["WHLO"], line["ITNO"], stock.in_basic_unit(line, quantity))
        order_life.move(line, quantity, into=ALLOCATED)


def _deliver(session: Session, head: Doc, lines: Mapping[int, Doc], warehouse: str, part: Wanted) -> Doc:
    books, tables = session.world.books, session.tables.logistics
    number = books.next_number("delivery", start=_FIRST_DELIVERY)
    rows = [_delivery_line(session, number, head, lines[position], part[position]) for position in part]
    for row in rows:
        tables.delivery_lines[line_key(row)] = row
    address = head["addresses"].get("1") or session.tables.customers[head["CUNO"]]
    delivery = {
        "DLIX": number, "RORC": CUSTOMER_ORDER, "RIDN": head["ORNO"], "ORNO": head["ORNO"], "WHLO": warehouse,
        "PGRS": PICKED, "PLSX": 1, "CONN": books.next_number("shipment", start=_FIRST_SHIPMENT),
        "FWNO": FORWARDER,
        "CUOR": head.get("CUOR", ""), "YREF": head.get("YREF", ""), "MODL": head["MODL"],
        "TEDL": head["TEDL"], "CONA": head["CUNO"], "TTYP": 31, "RLFA": 1, "RLTD": 1, "BLOP": 0, "NRUL": 0,
        "GRW2": _weight(rows, "GRWE"), "NEW2": _weight(rows, "NEWE"), "ETRN": "", "IVNO": 0, "IVDT": 0,
        **{field: address.get(field, "") for field in ("CSCD", "ECAR", "PONO")}, **session.created(),
    }  # fmt: skip
    tables.deliveries[str(number)] = delivery
    return delivery


def _delivery_line(session: Session, number: int, head: Doc, line: Doc, quantity: Decimal) -> Doc:
    item = session.tables.items[line["ITNO"]]
    basic = stock.in_basic_unit(line, quantity)
    shown, alternate = f"{basic:.{item['DCCD']}f}", str(quantity)
    return {
        "DLIX": number, "RORC": CUSTOMER_ORDER, "RIDN": head["ORNO"], "RIDL": line["PONR"], "RIDX": 0,
        "ITNO": line["ITNO"], "FACI": head["FACI"], "WHLO": line["WHLO"], "TRQT": shown, "PLQT": shown,
        "TRQA": alternate, "PLQA": alternate, "ALUN": line["ALUN"], "UNMS": item["UNMS"],
        "GRWE": f"{Decimal(item['GRWE']) * basic:.3f}", "NEWE": f"{Decimal(item['NEWE']) * basic:.3f}",
        "invoice": "", **session.created(),
    }  # fmt: skip


def _issued(session: Session, delivery: Doc) -> Doc:
    tables = session.tables.logistics
    serial = session.world.books.next_number("package", start=_FIRST_PACKAGE)
    tracking = _tracking_number(serial)
    minute = session.time // 100
    tables.packages[f"{delivery['DLIX']}/{serial:010}"] = {
        "DLIX": delivery["DLIX"], "PANR": f"{serial:010}", "SSCC": _sscc(serial), "PACT": "CARTON", "NUPA": 1,
        "PACO": 1, "NEWE": delivery["NEW2"], "GRWE": delivery["GRW2"], "ETRN": tracking,
        "DSDT": session.today, "DSHM": minute, **session.created(),
    }  # fmt: skip
    issued = delivery | {
        "PGRS": ISSUED, "ETRN": tracking, "NRUL": 1, "TRDT": session.today, "TRTM": session.time,
        "DSDT": session.today, "DSHM": minute,
    }  # fmt: skip
    tables.deliveries[str(delivery["DLIX"])] = session.changed(issued)
    return issued


def _weight(rows: list[Doc], field: str) -> str:
    return f"{sum((Decimal(row[field]) for row in rows), Decimal(0)):.3f}"


def _sscc(serial: int) -> str:
    digits = f"{_GS1_PREFIX}{serial:010}"
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def _tracking_number(serial: int) -> str:
    # The form that postal services share: two letters, eight digits with a check digit, a country.
    total = sum(int(digit) * weight for digit, weight in zip(f"{serial:08}", _WEIGHTS, strict=True))
    check = {10: 0, 11: 5}.get(11 - total % 11, 11 - total % 11)
    return f"RR{serial:08}{check}SE"
