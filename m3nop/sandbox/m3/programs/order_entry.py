"""OIS100MI: a temporary order is entered in steps and becomes real at Confirm.

M3 does not refuse a second order with the same CUOR. Assumptions, no source says otherwise: a temporary
order that was entered has status 10; a confirmed one cannot be changed or deleted; confirming it again
gives its number again; status 30 and the like are lifted by confirming again once the reason is gone.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from m3nop.sandbox.m3 import order_life, prices, refusal, stock
from m3nop.sandbox.m3.programs import pricing
from m3nop.sandbox.m3.refusal import does_not_exist, exists_already, is_not_valid, must_be_entered, refused
from m3nop.sandbox.m3.session import Handler, Record, Row, Session, Tables

if TYPE_CHECKING:
    from m3nop.sandbox.books import Doc
    from m3nop.sandbox.world import World

ENTERED, HEAD_ERROR, NO_LINES, LINE_ERROR, CREDIT_STOP, CREATED = "10", "15", "20", "25", "30", "90"
"""States of a temporary order (OIS275), ``ENTERED`` assumed."""

_CONFIRM = "m3.confirm"
_ACTIVE = "20"
_TEMPLATE = "9"
_FIRST_TEMPORARY = 104711
_FIRST_ORDER = 10004711
_CODES = ("TEPY", "PYCD", "MODL", "TEDL", "CUCD", "LNCD")
_DATES = ("ORDT", "RLDT", "CUDT", "RLDZ", "DWDT", "CODT")
_SCRAP = ("confirming", "errors", "ORNR")


def add_batch_head(session: Session, record: Record) -> list[Row]:
    """Create a temporary order; what is blank comes from the customer."""
    customer = _active_customer(session, record["CUNO"])
    tables = session.tables
    head = _entered(record)
    for field in ("ORTP", "FACI", *_CODES):
        head[field] = record.get(field) or customer.get(field, "")
    if not head["ORTP"]:
        msg = "ORTP"
        raise must_be_entered(msg)
    if not head["FACI"]:
        msg = "FACI"
        raise must_be_entered(msg)
    session.require(tables.order_types, "ORTP", head["ORTP"])
    facility = session.require(tables.facilities, "FACI", head["FACI"])
    head["WHLO"] = record.get("WHLO") or facility["WHLO"]
    session.require(tables.warehouses, "WHLO", head["WHLO"])
    for field in _CODES:
        session.check_code(field, head)
    if "PYNO" in record:
        session.require(tables.customers, "PYNO", record["PYNO"])
    if "ADID" in record and not tables.addresses.find(CUNO=record["CUNO"], ADID=record["ADID"]):
        msg = "ADID"
        raise does_not_exist(msg, record["ADID"])
    number = f"{session.world.books.next_number('temporary order', start=_FIRST_TEMPORARY):010}"
    head |= {
        "ORNO": number,
        "STAT": ENTERED,
        "ORNR": "",
        "ORDT": head.get("ORDT") or session.today,
        "RLDT": head.get("RLDT") or session.today,
        "addresses": {},
        "charges": [],
        "texts": [],
        "errors": [],
    }
    tables.batch_heads[number] = {**head, **session.created()}
    return [{"ORNO": number}]


def add_batch_address(session: Session, record: Record) -> list[Row]:
    """Give a temporary order an address of its own."""
    head = _open_head(session, record["ORNO"])
    kind = str(session.whole("ADRT", record))
    if kind in head["addresses"]:
        msg = "ADRT"
        raise exists_already(msg, record["ADRT"])
    session.check_code("CSCD", record)
    for field in ("MODL", "TEDL"):
        session.check_code(field, record)
    head["addresses"][kind] = _without(record, "ORNO", "CONO", "ADRT")
    _keep(session, head)
    return []


def add_batch_text(session: Session, record: Record) -> list[Row]:
    """Add a text before (1) or after (2) a temporary order (type 1) or one of its lines (type 2)."""
    head = _open_head(session, record["ORNO"])
    if record["TYPE"] not in {"1", "2"}:
        msg = "TYPE"
        raise is_not_valid(msg, record["TYPE"])
    if record["TYTR"] not in {"1", "2"}:
        msg = "TYTR"
        raise is_not_valid(msg, record["TYTR"])
    if record["TYPE"] == "2":
        _line(session, record)
    head["texts"].append(_without(record, "ORNO", "CONO"))
    _keep(session, head)
    return []


def add_batch_line(session: Session, record: Record) -> list[Row]:
    """Add a line; without a price it gets M3's own."""
    head = _open_head(session, record["ORNO"])
    tables = session.tables
    item = _item(session, record)
    line = {**_entered(record), "ITNO": item["ITNO"], "ITDS": record.get("ITDS") or item["ITDS"]}
    line["ALUN"] = record.get("ALUN") or item["UNMS"]
    unit = prices.unit_of(session, item, line["ALUN"])
    line["ORQT"] = pricing.quantity(record.get("ORQT", ""), decimals=unit["DCCD"])
    line |= {name: factor for name, factor in unit.items() if name != "DCCD"}
    line["SPUN"] = _price_unit(record, line, item)
    line["SAPR"] = pricing.price(record.get("SAPR") or _own_price(session, head, line, item))
    pricing.check_discounts(record)
    line["WHLO"] = record.get("WHLO") or head["WHLO"]
    session.require(tables.warehouses, "WHLO", line["WHLO"])
    last = tables.batch_lines.select(("ORNO", "=", head["ORNO"]), order=("PONR",), descending=True, limit=1)
    line |= {
        "PONR": last[0]["PONR"] + 1 if last else 1,
        "POSX": 0,
        "CUCD": head["CUCD"],
        "DWDT": line.get("DWDT") or head["RLDT"],
        "charges": [],
    }
    line |= pricing.amounts(line)
    tables.batch_lines[_line_key(head["ORNO"], line["PONR"])] = {**line, **session.created()}
    return [{"PONR": line["PONR"], "POSX": 0, "ATNR": 0}]


def add_batch_head_charge(session: Session, record: Record) -> list[Row]:
    """Add a charge to a temporary order."""
    head = _open_head(session, record["ORNO"])
    head["charges"].append(_charge(session, record, head["charges"], head["CUCD"]))
    _keep(session, head)
    return []


def add_batch_line_charge(session: Session, record: Record) -> list[Row]:
    """Add a charge to a line of a temporary order."""
    head = _open_head(session, record["ORNO"])
    line = _line(session, record)
    line["charges"].append(_charge(session, record, line["charges"], head["CUCD"]))
    session.tables.batch_lines[_line_key(head["ORNO"], line["PONR"])] = session.changed(line)
    return []


def delete_batch_head(session: Session, record: Record) -> list[Row]:
    """Delete a temporary order with its lines."""
    head = _open_head(session, record["ORNO"])
    for line in session.tables.batch_lines.find(ORNO=head["ORNO"]):
        del session.tables.batch_lines[_line_key(head["ORNO"], line["PONR"])]
    del session.tables.batch_heads[head["ORNO"]]
    return []


def delete_batch_line(session: Session, record: Record) -> list[Row]:
    """Delete a line of a temporary order."""
    head = _open_head(session, record["ORNO"])
    line = _line(session, record)
    del session.tables.batch_lines[_line_key(head["ORNO"], line["PONR"])]
    return []


def confirm(session: Session, record: Record) -> list[Row]:
    """Make a temporary order real, or say by its status why it stays temporary."""
    head = session.require(session.tables.batch_heads, "ORNO", record["ORNO"])
    if not (head["ORNR"] or head.get("confirming")):
        background = session.world.fault("background_confirm")
        if background:
            head["confirming"] = True
            session.world.later(_CONFIRM, {"ORNO": head["ORNO"]}, seconds=background.seconds)
            _keep(session, head)
        else:
            head = _make_real(session, head)
    return [{"ORNO": head["ORNR"], "STAT": head["STAT"]}]


def finish_confirm(world: World, tables: Tables) -> None:
    """Let Confirms that were left to the background finish in ``world``."""

    def finish(detail: dict[str, Any]) -> None:
        session = Session(world, tables)
        head = tables.batch_heads.get(detail["ORNO"])
        if head is not None and not head["ORNR"]:
            _make_real(session, head)

    world.effects[_CONFIRM] = finish


HANDLERS: dict[tuple[str, str], Handler] = {
    ("OIS100MI", "AddBatchHead"): add_batch_head,
    ("OIS100MI", "AddBatchAddress"): add_batch_address,
    ("OIS100MI", "AddBatchText"): add_batch_text,
    ("OIS100MI", "AddBatchLine"): add_batch_line,
    ("OIS100MI", "AddBatchHeadChg"): add_batch_head_charge,
    ("OIS100MI", "AddBatchLineChg"): add_batch_line_charge,
    ("OIS100MI", "DelBatchHead"): delete_batch_head,
    ("OIS100MI", "DelBatchLine"): delete_batch_line,
    ("OIS100MI", "Confirm"): confirm,
}


def _make_real(session: Session, head: Doc) -> Doc:
    lines = session.tables.batch_lines.select(("ORNO", "=", head["ORNO"]), order=("PONR",))
    status, errors = _judged(session, head, lines)
    head |= {"confirming": False, "STAT": status, "errors": errors}
    if status == CREATED:
        head["ORNR"] = _create(session, head, lines)
    return _keep(session, head)


def _judged(session: Session, head: Doc, lines: list[Doc]) -> tuple[str, list[Row]]:
    customer = session.tables.customers.get(head["CUNO"], {"STAT": "", "BLCD": ""})
    if customer["STAT"] != _ACTIVE:
        return HEAD_ERROR, [_error("H", "WCU0101", f"Customer {head['CUNO']} is not active")]
    if not lines:
        return NO_LINES, [_error("H", "OX20001", "The order has no lines")]
    wrong = [
        _error("L", "WIT0101", f"Line {line['PONR']}: item {line['ITNO']} is not active")
        for line in lines
        if session.tables.items.get(line["ITNO"], {"STAT": ""})["STAT"] != _ACTIVE
    ]
    if wrong:
        return LINE_ERROR, wrong
    if customer["BLCD"] not in {"", "0"}:
        return CREDIT_STOP, [_error("H", "OX30001", f"Customer {head['CUNO']} is stopped for credit")]
    return CREATED, []


def _create(session: Session, head: Doc, lines: list[Doc]) -> str:
    number = f"{session.world.books.next_number('order', start=_FIRST_ORDER):010}"
    order = {field: value for field, value in head.items() if field not in _SCRAP}
    states = {"ORSL": "22", "ORST": "22", "OBLC": 0}
    session.tables.heads[number] = {
        **order,
        **states,
        "ORNO": number,
        "temporary": head["ORNO"],
        **session.created(),
    }
    for line in lines:
        session.tables.lines[_line_key(number, line["PONR"])] = {
            **line,
            "ORNO": number,
            **order_life.fresh(line),
            **session.created(),
        }
        stock.reserve(session, line["WHLO"], line["ITNO"], stock.in_basic_unit(line, line["ORQT"]))
    return number


def _error(level: str, code: str, text: str) -> Row:
    return {"LEVL": level, "MSID": code, "MDTA": "", "TX60": text[:60]}


def _entered(record: Record) -> Doc:
    dates = {field: int(record[field]) for field in _DATES if field in record}
    return {**_without(record, "CONO"), **dates}


def _without(record: Record, *left_out: str) -> Doc:
    return {field: value for field, value in record.items() if field not in left_out}


def _active_customer(session: Session, number: str) -> Doc:
    customer = session.require(session.tables.customers, "CUNO", number)
    if customer["STAT"] != _ACTIVE or customer["CUTP"] == _TEMPLATE:
        msg = "CUNO"
        raise is_not_valid(msg, number)
    return customer


def _open_head(session: Session, number: str) -> Doc:
    head = session.require(session.tables.batch_heads, "ORNO", number)
    if head["ORNR"] or head.get("confirming"):
        text = f"Temporary order {number} is confirmed"
        raise refused(text, "WOR0105", "ORNO")
    return head


def _keep(session: Session, head: Doc) -> Doc:
    head = session.changed(head)
    session.tables.batch_heads[head["ORNO"]] = head
    return head


def _line_key(order: str, line: int) -> str:
    return f"{order}/{line:05}"


def _line(session: Session, record: Record) -> Doc:
    if "PONR" not in record:
        msg = "PONR"
        raise must_be_entered(msg)
    line = session.tables.batch_lines.get(_line_key(record["ORNO"], session.whole("PONR", record)))
    if line is None or session.whole("POSX", record):
        msg = "PONR"
        raise does_not_exist(msg, f"{record['PONR']}/{record.get('POSX', '0')}")
    return line


def _item(session: Session, record: Record) -> Doc:
    number = record.get("ITNO", "")
    if not number:
        alias = f"{session.whole('ALWT', record)}/{record['POPN']}"
        number = session.require(session.tables.aliases, "POPN", alias)["ITNO"]
    return session.require(session.tables.items, "ITNO", number)


def _price_unit(record: Record, line: Doc, item: Doc) -> str:
    # A price is for a basic unit unless the line says that it is for the unit ordered.
    unit = record.get("SPUN") or str(item["UNMS"])
    if unit not in {item["UNMS"], line["ALUN"]}:
        msg = "SPUN"
        raise is_not_valid(msg, unit)
    return unit


def _own_price(session: Session, head: Doc, line: Doc, item: Doc) -> str:
    customer = session.tables.customers[head["CUNO"]]
    found = prices.price_of(
        session, customer, item, quantity=stock.in_basic_unit(line, line["ORQT"]), currency=head["CUCD"],
        day=head["ORDT"],
    )  # fmt: skip
    price = Decimal(found["SAPR"] if found else item["SAPR"])
    return f"{price if line['SPUN'] == item['UNMS'] else stock.in_basic_unit(line, price):f}"


def _charge(session: Session, record: Record, charges: list[Row], currency: str) -> Row:
    known = session.require(session.tables.charges, "CRID", record["CRID"])
    if any(charge["CRID"] == record["CRID"] for charge in charges):
        msg = "CRID"
        raise exists_already(msg, record["CRID"])
    session.check_code("CUCD", record)
    if record.get("CUCD", currency) != currency:
        text = f"Charge in {record['CUCD']} on an order in {currency}"
        raise refusal.RefusalError(text, code="WCC0101", field="CUCD")
    amount = pricing.money("CRAM", record.get("CRAM") or known["CRAM"])
    return {
        "CRID": record["CRID"],
        "CRD0": record.get("CRD0") or known["CRD0"],
        "CRAM": amount,
        "CUCD": currency,
    }
