"""MWS410MI, MWS411MI, MWS422MI and OIS100MI: deliveries as others see them; MWS420MI issues one.

A list that nothing narrows down is refused, though the repository marks no field as mandatory: an assumption.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.m3 import delivering, order_life
from m3nop.sandbox.m3.refusal import does_not_exist, is_not_valid, must_be_entered

if TYPE_CHECKING:
    from m3nop.sandbox.books import Doc
    from m3nop.sandbox.m3.session import Handler, Record, Row, Session

_ORDER_FIELDS = ("RIDL", "RIDX")


def get_head(session: Session, record: Record) -> list[Row]:
    """Return a delivery; its tracking number (ETRN) is blank until it is issued."""
    return [_delivery(session, record)]


def list_packages(session: Session, record: Record) -> list[Row]:
    """List the packages of a delivery; there are none until it is issued."""
    delivery = _delivery(session, record)
    packages = delivering.packages_of(session, delivery["DLIX"])
    return [{**delivery, **package} for package in packages]


def get_package(session: Session, record: Record) -> list[Row]:
    """Return a package by its number or by its SSCC."""
    wanted = {field: record[field] for field in ("PANR", "SSCC") if field in record}
    if not wanted:
        msg = "PANR"
        raise must_be_entered(msg)
    found = session.tables.logistics.packages.find(**wanted)
    if "DLIX" in record:
        found = [package for package in found if package["DLIX"] == session.whole("DLIX", record)]
    if not found:
        field, value = next(iter(wanted.items()))
        raise does_not_exist(field, value)
    return found[:1]


def list_package_lines(session: Session, record: Record) -> list[Row]:
    """List what is in the packages of a delivery."""
    session.whole("PDSO", record)
    delivery = _delivery(session, record)
    lines = delivering.lines_of(session, delivery["DLIX"])
    return [
        {
            **line, "PANR": package["PANR"], "CUOR": delivery["CUOR"], "DLQT": line["TRQT"],
            "RCQT": line["TRQT"], "DLQA": line["TRQA"], "RCQM": line["TRQA"],
        }
        for package in delivering.packages_of(session, delivery["DLIX"])
        for line in lines
        if _narrowed(package, record, "PANR", "SSCC") and _narrowed(line, record, "ITNO", "RIDN")
        if _is_line(session, line, record)
    ]  # fmt: skip


def list_lines_by_order(session: Session, record: Record) -> list[Row]:
    """List the delivery lines of an order, or of one of its lines; RORC other than 3 is no customer order."""
    if "RIDN" not in record:
        msg = "RIDN"
        raise must_be_entered(msg)
    if session.whole("RORC", record) not in {0, order_life.CUSTOMER_ORDER}:
        return []
    lines = session.tables.logistics.delivery_lines.select(
        ("RIDN", "=", record["RIDN"]), order=("RIDL", "DLIX")
    )
    return [line for line in lines if _is_line(session, line, record)]


def list_lines(session: Session, record: Record) -> list[Row]:
    """List the lines of a delivery."""
    lines = delivering.lines_of(session, _delivery(session, record)["DLIX"])
    return [line for line in lines if _narrowed(line, record, "RIDN")]


def get_line(session: Session, record: Record) -> list[Row]:
    """Return a line of a delivery."""
    found = [line for line in list_lines(session, record) if _is_line(session, line, record)]
    if not found or session.whole("RORC", record) != order_life.CUSTOMER_ORDER:
        msg = "RIDL"
        raise does_not_exist(msg, record["RIDL"])
    return found


def list_lines_of_order_line(session: Session, record: Record) -> list[Row]:
    """List the deliveries of an order line."""
    position, suffix = session.whole("PONR", record), session.whole("POSX", record)
    line = order_life.line_of(session, order_life.head_of(session, record["ORNO"])["ORNO"], position, suffix)
    parts = session.tables.logistics.delivery_lines.select(
        ("RIDN", "=", line["ORNO"]), ("RIDL", "=", position), order=("DLIX",)
    )
    heads = session.tables.logistics.deliveries
    shown = [(part, heads[str(part["DLIX"])]) for part in parts]
    return [{**part, "MODL": head["MODL"], "PGRS": head["PGRS"]} for part, head in shown]


def list_pick_details(session: Session, record: Record) -> list[Row]:
    """List the lines of a delivery's picking list; a status of 40 is being picked, 90 reported."""
    delivery = _picking_list(session, record)
    customer = session.tables.customers[delivery["CONA"]]["CUNM"]
    items = session.tables.items
    return [
        {
            **line, "CONO": session.company, "REPN": delivery["DLIX"], "TTYP": delivery["TTYP"], "PLSX": 1,
            "STAT": delivery["PGRS"], "ALQT": line["TRQT"], "ITDS": items[line["ITNO"]]["ITDS"],
            "PAQT": line["TRQT"] if delivery["PGRS"] == delivering.ISSUED else "0", "CUNM": customer,
            "CUNO": delivery["CONA"], "CONA": delivery["CONA"],
        }
        for line in delivering.lines_of(session, delivery["DLIX"])
    ]  # fmt: skip


def confirm_issue(session: Session, record: Record) -> list[Row]:
    """Report a picking list as issued: the goods leave."""
    delivering.issue(session, _picking_list(session, record))
    return []


HANDLERS: dict[tuple[str, str], Handler] = {
    ("MWS410MI", "GetHead"): get_head,
    ("MWS410MI", "LstPackages"): list_packages,
    ("MWS410MI", "GetPackage"): get_package,
    ("MWS410MI", "LstPackageLine"): list_package_lines,
    ("MWS411MI", "LstDelLnByOrd"): list_lines_by_order,
    ("MWS411MI", "LstDeliveryLine"): list_lines,
    ("MWS411MI", "GetDeliveryLine"): get_line,
    ("MWS420MI", "Confirm"): confirm_issue,
    ("MWS422MI", "LstPickDetail"): list_pick_details,
    ("OIS100MI", "LstDelLineByCO"): list_lines_of_order_line,
}


def _delivery(session: Session, record: Record) -> Doc:
    if "DLIX" not in record:
        msg = "DLIX"
        raise must_be_entered(msg)
    number = str(session.whole("DLIX", record))
    return session.require(session.tables.logistics.deliveries, "DLIX", number)


def _picking_list(session: Session, record: Record) -> Doc:
    delivery = _delivery(session, record)
    if "PLSX" in record and session.whole("PLSX", record) != delivery["PLSX"]:
        msg = "PLSX"
        raise is_not_valid(msg, record["PLSX"])
    return delivery


def _narrowed(row: Doc, record: Record, *fields: str) -> bool:
    return all(record.get(field, row[field]) == row[field] for field in fields)


def _is_line(session: Session, line: Doc, record: Record) -> bool:
    return all(session.whole(field, record) == line[field] for field in _ORDER_FIELDS if field in record)
