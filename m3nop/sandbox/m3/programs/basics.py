"""The code tables that orders and customers refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.m3.interface import parse
from m3nop.sandbox.m3.refusal import does_not_exist

if TYPE_CHECKING:
    from m3nop.sandbox.m3.session import Handler, Record, Row, Session

_INTERFACES = {
    "OIS010MI": (
        "Order type interface",
        """
LstOrderTypes list List order types
  in CONO:N3 ORTP:A3 ORTK:A1 WODP:N1
  out CONO:N3 ORTP:A3 ORTK:A1 TX40:A40 TX15:A15
""",
    ),
    "OIS030MI": (
        "Charge interface",
        """
LstOrderCharges list List charges
  in CONO:N3 CRID:A6 CRTY:N1 LNCD:A2
  out CONO:N3 CRID:A6 CRTY:N1 CRD0:A30 CRAM:N17 VTCD:N2 CUCD:A3
""",
    ),
    "CRS008MI": (
        "Facility interface",
        """
ListFacility list List facilities
  in CONO:N3 FACI:A3
  out CONO:N3 FACI:A3 FACN:A30 DIVI:A3 WHLO:A3
Get one Get a facility
  in FACI:A3* CONO:N3
  out CONO:N3 FACI:A3 FACN:A30 DIVI:A3 WHLO:A3
""",
    ),
    "MMS005MI": (
        "Warehouse interface",
        """
LstWarehouses list List warehouses
  in CONO:N3 FWHL:A3 TWHL:A3
  out CONO:N3 DIVI:A3 FACI:A3 WHLO:A3 WHNM:A36
GetWarehouse one Get a warehouse
  in WHLO:A3*
  out CONO:N3 DIVI:A3 FACI:A3 WHLO:A3 WHNM:A36
""",
    ),
    "CRS045MI": (
        "Country interface",
        """
LstByCode list List countries
  in CONO:N3 CSCD:A3
  out CONO:N3 CSCD:A3 TX40:A40 TX15:A15 ECYN:N1
GetBasicData one Get a country
  in CSCD:A3* CONO:N3
  out CONO:N3 CSCD:A3 TX40:A40 TX15:A15 ECYN:N1
""",
    ),
    "CRS175MI": (
        "Code interface",
        """
LstGeneralCode list List the values of a code
  in STCO:A10* CONO:N3 DIVI:A3 LNCD:A2 LNC2:A2 STKY:A10
  out CONO:N3 DIVI:A3 STCO:A10 STKY:A10 LNCD:A2 TX40:A40 TX15:A15 LMDT:D10
GetGeneralCode one Get one value of a code
  in STCO:A10* STKY:A10* CONO:N3 DIVI:A3 LNCD:A2 LNC2:A2
  out STCO:A10 STKY:A10 TX15:A15 TX40:A40
""",
    ),
}

PROGRAMS = tuple(parse(name, about, text) for name, (about, text) in _INTERFACES.items())


def list_order_types(session: Session, record: Record) -> list[Row]:
    """List order types, from one on if it is given."""
    types = session.tables.order_types.select(("ORTP", ">=", record.get("ORTP", "")), order=("ORTP",))
    return [{**order_type, "CONO": session.company} for order_type in types]


def list_charges(session: Session, record: Record) -> list[Row]:
    """List charges, from one on if it is given."""
    charges = session.tables.charges.select(("CRID", ">=", record.get("CRID", "")), order=("CRID",))
    return [{**charge, "CONO": session.company} for charge in charges]


def get_facility(session: Session, record: Record) -> list[Row]:
    """Return a facility."""
    return [{**session.require(session.tables.facilities, "FACI", record["FACI"]), "CONO": session.company}]


def list_facilities(session: Session, record: Record) -> list[Row]:
    """List facilities, from one on if it is given."""
    found = session.tables.facilities.select(("FACI", ">=", record.get("FACI", "")), order=("FACI",))
    return [{**facility, "CONO": session.company} for facility in found]


def get_warehouse(session: Session, record: Record) -> list[Row]:
    """Return a warehouse."""
    return [{**session.require(session.tables.warehouses, "WHLO", record["WHLO"]), "CONO": session.company}]


def list_warehouses(session: Session, record: Record) -> list[Row]:
    """List the warehouses between two."""
    found = session.tables.warehouses.select(
        ("WHLO", ">=", record.get("FWHL", "")), ("WHLO", "<=", record.get("TWHL", "~")), order=("WHLO",)
    )
    return [{**warehouse, "CONO": session.company} for warehouse in found]


def get_country(session: Session, record: Record) -> list[Row]:
    """Return a country."""
    code = session.tables.codes.get(f"CSCD/{record['CSCD']}")
    if code is None:
        msg = "CSCD"
        raise does_not_exist(msg, record["CSCD"])
    return [_country(session, code)]


def list_countries(session: Session, record: Record) -> list[Row]:
    """List countries, from one on if it is given."""
    codes = session.tables.codes.select(
        ("STCO", "=", "CSCD"), ("STKY", ">=", record.get("CSCD", "")), order=("STKY",)
    )
    return [_country(session, code) for code in codes]


def list_codes(session: Session, record: Record) -> list[Row]:
    """List the values of a code such as TEPY (payment terms), MODL, TEDL, PYCD, LNCD, CUCD, CSCD."""
    codes = session.tables.codes.select(("STCO", "=", record["STCO"]), order=("STKY",))
    if not codes:
        msg = "STCO"
        raise does_not_exist(msg, record["STCO"])
    return [{**code, "CONO": session.company} for code in codes if code["STKY"] >= record.get("STKY", "")]


def get_code(session: Session, record: Record) -> list[Row]:
    """Return one value of a code."""
    code = session.tables.codes.get(f"{record['STCO']}/{record['STKY']}")
    if code is None:
        msg = "STKY"
        raise does_not_exist(msg, record["STKY"])
    return [code]


HANDLERS: dict[tuple[str, str], Handler] = {
    ("OIS010MI", "LstOrderTypes"): list_order_types,
    ("OIS100MI", "LstOrderTypes"): list_order_types,
    ("OIS030MI", "LstOrderCharges"): list_charges,
    ("CRS008MI", "Get"): get_facility,
    ("CRS008MI", "ListFacility"): list_facilities,
    ("MMS005MI", "GetWarehouse"): get_warehouse,
    ("MMS005MI", "LstWarehouses"): list_warehouses,
    ("CRS045MI", "GetBasicData"): get_country,
    ("CRS045MI", "LstByCode"): list_countries,
    ("CRS175MI", "LstGeneralCode"): list_codes,
    ("CRS175MI", "GetGeneralCode"): get_code,
}


def _country(session: Session, code: Row) -> Row:
    return {**code, "CSCD": code["STKY"], "CONO": session.company}
