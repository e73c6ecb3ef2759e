"""OIS320MI and OIS017MI: prices by price list, and the price that an order line would get.

Assumptions: FVDT and LMTS filters include what is given; where M3 finds no price it answers 0 and no list.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from m3nop.sandbox.m3 import prices, stock
from m3nop.sandbox.m3.interface import parse
from m3nop.sandbox.m3.programs import pricing
from m3nop.sandbox.m3.refusal import does_not_exist

if TYPE_CHECKING:
    from m3nop.sandbox.books import Condition, Doc
    from m3nop.sandbox.m3.session import Handler, Record, Row, Session

_OIS320MI = """
GetPriceLine one Get the price of an order line
  in CUNO:A10* ITNO:A15* CONO:N3 FACI:A3 WHLO:A3 ORDT:D10 ORQA:N16 ALUN:A3 CUCD:A3 ORTP:A3 PRRF:A10
  .. DISY:A10 DWDT:D10 PLTB:A10 SPUN:A3
  out WHLO:A3 SAPR:N13 LNAM:N15 ORDT:D10 ORQA:N11 ORQS:N11 PRRF:A10 ORTP:A3 DISY:A10 CUCD:A3 ALUN:A3
  .. SPUN:A3 SACD:A5 DIA1:A13 DIA2:A13 DIA3:A13 DIA4:A13 DIA5:A13 DIA6:A13 TINC:N1 NTCD:N1 DIP1:N7
  .. DIP2:N7 DIP3:N7 DIP4:N7 DIP5:N7 DIP6:N7 NETP:N13 ODAM:N13
LstPrices list List the prices of an item for a customer by quantity
  in CUNO:A10* ITNO:A15* CONO:N3 FACI:A3 ORTP:A3 CUCD:A3 WHLO:A3 SPDT:D10 OREP:N1 CAMA:N1
  out QTLB:N17 SAPR:N19 DIPC:N7 NETP:N19 CUCD:A3 SPUN:A3 PRRF:A10
LstNewPrices list List prices changed since
  in LMTS:N18
  out CONO:N3 PRRF:A10 CUCD:A3 CUNO:A10 FVDT:D10 LVDT:D10 ITNO:A15 QTYL:N17 QTLB:N17 SAPR:N18 SACD:N5
  .. SPUN:A3 NTCD:N1 TINC:N1 OBV1:A15 OBV2:A15 OBV3:A15
LstListPrices list List the prices of a price list
  in CONO:N3 PRRF:A10 CUCD:A3 CUNO:A10 FVDT:D10
  out CONO:N3 PRRF:A10 CUCD:A3 CUNO:A10 FVDT:D10 LVDT:D10 ITNO:A15 QTYL:N17 QTLB:N17 SAPR:N18 SACD:N5
  .. SPUN:A3 NTCD:N1 TINC:N1 OBV1:A15 OBV2:A15 OBV3:A15
LstPricelists list List price lists
  in CONO:N3 PRRF:A10 CUCD:A3 CUNO:A10 FVDT:D10
  out PRRF:A10 TX15:A15 TX40:A40 CUNO:A10 CUCD:A3 FVDT:D10 LVDT:D10 SCMO:A6
"""

_OIS017MI = """
LstPriceList list List price lists
  in PRRF:A10 CUCD:A3 CUNO:A10 FVDT:D10 NFTR:N1
  out CONO:N3 PRRF:A10 CUCD:A3 CUNO:A10 FVDT:D10 LVDT:D10 TX15:A15
GetPriceList one Get a price list
  in PRRF:A10* CUCD:A3* FVDT:D10* CUNO:A10
  out CONO:N3 PRRF:A10 CUCD:A3 CUNO:A10 FVDT:D10 LVDT:D10 TX40:A40 TX15:A15 NTCD:N1
LstBasePrice list List the base prices of a price list
  in PRRF:A10* CUCD:A3* FVDT:D10* CUNO:A10
  out CONO:N3 PRRF:A10 CUCD:A3 CUNO:A10 FVDT:D10 LVDT:D10 TX15:A15 ITNO:A15 SAPR:N19 SACD:N5 SPUN:A3
  .. NTCD:N1 OBV1:A15 OBV2:A15 OBV3:A15 VFDT:D10
GetBasePrice one Get the base price of an item
  in PRRF:A10* CUCD:A3* FVDT:D10* ITNO:A15* CUNO:A10 OBV1:A15 OBV2:A15 OBV3:A15 VFDT:D10
  out CONO:N3 PRRF:A10 CUCD:A3 CUNO:A10 FVDT:D10 LVDT:D10 TX15:A15 ITNO:A15 SAPR:N19 SACD:N5 SPUN:A3
  .. NTCD:N1 VFDT:D10
LstGradSlsPrc list List the graduated prices of an item
  in PRRF:A10* CUCD:A3* FVDT:D10* ITNO:A15* CUNO:A10 OBV1:A15 OBV2:A15 OBV3:A15 VFDT:D10
  out CONO:N3 PRRF:A10 CUCD:A3 CUNO:A10 FVDT:D10 ITNO:A15 QTYL:N17 PCOF:N17 SAPR:N19 VFDT:D10
"""

PROGRAMS = (
    parse("OIS320MI", "Sales price interface", _OIS320MI),
    parse("OIS017MI", "Price list interface", _OIS017MI),
)

_CENT = Decimal("0.01")
_LIST = ("PRRF", "CUCD", "CUNO", "FVDT")


def get_price_line(session: Session, record: Record) -> list[Row]:
    """Return the price of an order line: of a customer, an item, a quantity, a currency and a date."""
    tables = session.tables
    customer = session.require(tables.customers, "CUNO", record["CUNO"])
    item = session.require(tables.items, "ITNO", record["ITNO"])
    session.check_code("CUCD", record)
    unit = prices.unit_of(session, item, record.get("ALUN", ""))
    asked = pricing.quantity(record.get("ORQA", "1"), decimals=unit["DCCD"])
    basic = stock.in_basic_unit(unit, asked)
    currency = record.get("CUCD") or customer["CUCD"]
    day = int(record.get("ORDT") or session.today)
    named = record.get("PRRF") or record.get("PLTB")
    found = prices.price_of(session, customer, item, quantity=basic, currency=currency, day=day, named=named)
    price = found["SAPR"] if found else "0"
    return [
        {
            "WHLO": record.get("WHLO") or customer["WHLO"],
            "SAPR": price,
            "NETP": price,
            "LNAM": (Decimal(price) * basic).quantize(_CENT, ROUND_HALF_UP),
            "ORDT": day,
            "ORQA": asked,
            "ORQS": f"{basic:f}",
            "PRRF": found["PRRF"] if found else "",
            "ORTP": record.get("ORTP") or customer["ORTP"],
            "CUCD": currency,
            "ALUN": record.get("ALUN") or item["UNMS"],
            "SPUN": item["SPUN"],
        }
    ]


def list_customer_prices(session: Session, record: Record) -> list[Row]:
    """List the prices of an item for a customer, one for each quantity from which another one holds."""
    customer = session.require(session.tables.customers, "CUNO", record["CUNO"])
    item = session.require(session.tables.items, "ITNO", record["ITNO"])
    session.check_code("CUCD", record)
    currency = record.get("CUCD") or customer["CUCD"]
    day = int(record.get("SPDT") or session.today)
    rows = prices.levels_of(session, customer, item, currency=currency, day=day)
    return [{**_shown(session, row), "NETP": row["SAPR"]} for row in rows]


def list_changed(session: Session, record: Record) -> list[Row]:
    """List the prices that changed since LMTS, in the order of the changes."""
    since: list[Condition] = [("LMTS", ">=", session.whole("LMTS", record))] if "LMTS" in record else []
    return session.page(
        session.tables.prices, *since, order=("LMTS",), shape=lambda row: _shown(session, row)
    )


def list_prices(session: Session, record: Record) -> list[Row]:
    """List the prices of the price lists that fit what is given."""
    return session.page(
        session.tables.prices,
        *_fitting(record),
        order=(*_LIST, "ITNO", "QTYL"),
        shape=lambda row: _shown(session, row),
    )


def list_lists(session: Session, record: Record) -> list[Row]:
    """List the price lists that fit what is given."""
    return session.page(
        session.tables.price_lists,
        *_fitting(record),
        order=_LIST,
        shape=lambda row: {**row, "CONO": session.company},
    )


def get_list(session: Session, record: Record) -> list[Row]:
    """Return a price list."""
    return [{**_list(session, record), "CONO": session.company}]


def list_base_prices(session: Session, record: Record) -> list[Row]:
    """List the base prices of a price list by item."""
    head = _list(session, record)
    return session.page(
        session.tables.prices,
        *((field, "=", head[field]) for field in _LIST),
        ("QTYL", "=", 0),
        order=("ITNO",),
        shape=lambda row: _shown(session, row),
    )


def get_base_price(session: Session, record: Record) -> list[Row]:
    """Return the base price of an item in a price list."""
    head = _list(session, record)
    row = session.tables.prices.get(prices.row_key(head, record["ITNO"], 0))
    if row is None:
        msg = "ITNO"
        raise does_not_exist(msg, f"{record['ITNO']} in price list {head['PRRF']}")
    return [_shown(session, row)]


def list_graduated_prices(session: Session, record: Record) -> list[Row]:
    """List the prices that hold from a quantity on, of an item in a price list."""
    head = _list(session, record)
    return session.page(
        session.tables.prices,
        *((field, "=", head[field]) for field in _LIST),
        ("ITNO", "=", record["ITNO"]),
        ("QTYL", ">", 0),
        order=("QTYL",),
        shape=lambda row: _shown(session, row),
    )


HANDLERS: dict[tuple[str, str], Handler] = {
    ("OIS320MI", "GetPriceLine"): get_price_line,
    ("OIS320MI", "LstPrices"): list_customer_prices,
    ("OIS320MI", "LstNewPrices"): list_changed,
    ("OIS320MI", "LstListPrices"): list_prices,
    ("OIS320MI", "LstPricelists"): list_lists,
    ("OIS017MI", "LstPriceList"): list_lists,
    ("OIS017MI", "GetPriceList"): get_list,
    ("OIS017MI", "LstBasePrice"): list_base_prices,
    ("OIS017MI", "GetBasePrice"): get_base_price,
    ("OIS017MI", "LstGradSlsPrc"): list_graduated_prices,
}


def _list(session: Session, record: Record) -> Doc:
    head = session.tables.price_lists.get(
        prices.list_key(record["PRRF"], record["CUCD"], record.get("CUNO", ""), int(record["FVDT"]))
    )
    if head is None:
        msg = "PRRF"
        raise does_not_exist(msg, record["PRRF"])
    return head


def _fitting(record: Record) -> list[Condition]:
    conditions: list[Condition] = [
        (field, "=", record[field]) for field in ("PRRF", "CUCD", "CUNO") if field in record
    ]
    if "FVDT" in record:
        conditions.append(("FVDT", ">=", int(record["FVDT"])))
    return conditions


def _shown(session: Session, row: Doc) -> Row:
    return {**row, "CONO": session.company, "QTLB": row["QTYL"], "VFDT": row["FVDT"]}
