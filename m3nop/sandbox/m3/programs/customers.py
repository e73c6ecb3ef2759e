"""CRS610MI: customers.

Assumptions: a change leaves alone what is blank and clears what is ``?``; a customer without a country is
created in status 12 and ERRM says so; LMTS filters include the instant given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.m3.interface import parse
from m3nop.sandbox.m3.programs.index_search import search
from m3nop.sandbox.m3.refusal import does_not_exist, exists_already, is_not_valid

if TYPE_CHECKING:
    from m3nop.sandbox.books import Condition, Doc
    from m3nop.sandbox.m3.session import Handler, Record, Row, Session

_CRS610MI = """
Add one Create a customer from a template
  in CUTM:A10* CUNM:A36* CUA1:A36* CONO:N3 DIVI:A3 LNCD:A2 CUNO:A10 CUA2:A36 CUA3:A36 CUA4:A36 PONO:A10
  .. PHNO:A16 PHN2:A16 TFNO:A16 CUTP:N1 ALCU:A10 YREF:A30 YRE2:A30 MAIL:A50 CSCD:A3 ECAR:A2 CFC1:A10
  .. CFC3:A3 CFC4:A5 CFC5:A1 CFC6:A10 CFC8:A3 CFC9:A5 CFC0:A1 CESA:A32 STAT:A2 TOWN:A20 CUSU:A10 FRCO:A7
  .. EDES:A10 CFC2:N15 CFC7:N15 PWMT:A10 IVGP:A3 EALO:N13 RASN:A10 SPLE:A10
  out CUNO:A10 ERRM:A50
GetBasicData one Get a customer's basic data
  in CUNO:A10* CONO:N3
  out CONO:N3 DIVI:A3 CUNO:A10 LNCD:A2 CUNM:A36 CUA1:A36 CUA2:A36 CUA3:A36 CUA4:A36 PONO:A10 PHNO:A16
  .. PHN2:A16 TFNO:A16 CUTP:N1 ALCU:A10 YREF:A30 YRE2:A30 MAIL:A50 CSCD:A3 ECAR:A2 CFC1:A10 CFC3:A3
  .. CFC4:A5 CFC5:A1 CFC6:A10 CFC8:A3 CFC9:A5 CFC0:A1 CESA:A32 STAT:A2 TOWN:A20 CUSU:A10 FRCO:A7
  .. CUCD:A3 LMDT:D10 RGDT:D10 CHNO:N3
ChgBasicData one Change a customer's basic data
  in CUNO:A10* CONO:N3 DIVI:A3 LNCD:A2 CUNM:A36 CUA1:A36 CUA2:A36 CUA3:A36 CUA4:A36 PONO:A10 PHNO:A16
  .. PHN2:A16 TFNO:A16 CUTP:N1 ALCU:A10 YREF:A30 YRE2:A30 MAIL:A50 CSCD:A3 ECAR:A2 CFC1:A10 CFC3:A3
  .. CFC4:A5 CFC5:A1 CFC6:A10 CFC8:A3 CFC9:A5 CFC0:A1 CESA:A32 STAT:A2 TOWN:A20 CUSU:A10 FRCO:A7
  out CUNO:A10
ChgOrderInfo one Change a customer's order data
  in CUNO:A10* CONO:N3 DIVI:A3 LNCD:A2 CUNM:A36 OREF:A30 SMCD:A10 SDST:A3 ORTP:A3 CUCL:A3 EXCD:A2 TEDL:A3
  .. MODL:A3 WHLO:A3 DISY:A10 EDES:A3 TEPY:A3 PYNO:A10 IVGP:A3 FACI:A3 ADID:A6 PLTB:A10 RESP:A10 PRIO:N1
  .. DIGC:A2 INRC:A10 TEPA:A3 TINC:N1 BCKO:N1 PADL:N1
GetOrderInfo one Get a customer's order data
  in CUNO:A10* CONO:N3 DIVI:A3
  out CONO:N3 DIVI:A3 LNCD:A2 CUNO:A10 CUNM:A36 OREF:A30 SMCD:A10 SDST:A3 ORTP:A3 CUCL:A3 EXCD:A2 TEDL:A3
  .. MODL:A3 WHLO:A3 DISY:A10 EDES:A3 TEPY:A3 PYNO:A10 IVGP:A3 FACI:A3 ADID:A6 PLTB:A10 RESP:A10
  .. PRIO:N1 DIGC:A2 TINC:N1 TEPA:A3 BCKO:N1 PADL:N1 LMDT:D10 CHNO:N3
ChgFinancial one Change a customer's financial data
  in CUNO:A10* CONO:N3 DIVI:A3 LNCD:A2 CUNM:A36 CORG:A11 COR2:A11 CUCD:A3 VTCD:N2 VRNO:A16 CRLM:N15
  .. CRL2:N15 CRL3:N15 TDIN:N15 CRTP:N2 TXAP:N1 TAXC:A3 PYCD:A3 TECD:A3 BLCD:N1
GetFinancial one Get a customer's financial data
  in CUNO:A10* CONO:N3 DIVI:A3
  out CONO:N3 DIVI:A3 LNCD:A2 CUNO:A10 CUNM:A36 CORG:A11 COR2:A11 CUCD:A3 VTCD:N2 VRNO:A16 CRLM:N15 CRL2:N15
  .. CRL3:N15 TDIN:N15 CRTP:N2 TXAP:N1 TAXC:A3 PYCD:A3 TECD:A3 BLCD:N1 INRC:A10 LMDT:D10 CHNO:N3
LstByNumber list List customers by number, also those changed since
  in CONO:N3 CUNO:A10 LMTS:N18
  out CONO:N3 DIVI:A3 CUNO:A10 LNCD:A2 CUNM:A36 CUA1:A36 CUA2:A36 CUA3:A36 CUA4:A36 PONO:A10 PHNO:A16
  .. PHN2:A16 TFNO:A16 CUTP:N1 ALCU:A10 YREF:A30 YRE2:A30 MAIL:A50 CSCD:A3 ECAR:A2 CORG:A11 CUCD:A3
  .. VRNO:A16 CUCL:A3 OREF:A30 SMCD:A10 ORTP:A3 TEDL:A3 MODL:A3 WHLO:A3 TEPY:A3 PYNO:A10 STAT:A2
  .. TOWN:A20
LstByName list List customers by name, also those changed since
  in CONO:N3 CUNM:A36 LMTS:N18
  out CONO:N3 DIVI:A3 CUNO:A10 LNCD:A2 CUNM:A36 CUA1:A36 CUA2:A36 CUA3:A36 CUA4:A36 PONO:A10 PHNO:A16
  .. PHN2:A16 TFNO:A16 CUTP:N1 ALCU:A10 YREF:A30 YRE2:A30 MAIL:A50 CSCD:A3 ECAR:A2 CORG:A11 CUCD:A3
  .. VRNO:A16 CUCL:A3 OREF:A30 SMCD:A10 ORTP:A3 TEDL:A3 MODL:A3 WHLO:A3 TEPY:A3 PYNO:A10 STAT:A2 TOWN:A20
LstTemplates list List template customers
  in CONO:N3
  out CONO:N3 CUNO:A10 CUNM:A36
AddAddress one Add an address to a customer
  in CUNO:A10* ADRT:N2* ADID:A6* CUA1:A36* PONO:A10* CSCD:A3* TOWN:A20* CONO:N3 DIVI:A3 CUNM:A36 CUA2:A36
  .. CUA3:A36 CUA4:A36 ECAR:A2 MODL:A3 TEDL:A3 TEL2:A36 PHNO:A16 TFNO:A16 YREF:A30 VRNO:A16 EDES:A3
  .. FRCO:A7 TAXC:A3 FVDT:D10 LVDT:D10
  out CONO:N3 CUNO:A10 ADRT:N2 ADID:A6
ChgAddress one Change an address of a customer
  in CUNO:A10* ADRT:N2* ADID:A6* CUA1:A36* CSCD:A3* CONO:N3 DIVI:A3 CUNM:A36 CUA2:A36 CUA3:A36 CUA4:A36
  .. PONO:A10 ECAR:A2 MODL:A3 TEDL:A3 TEL2:A36 PHNO:A16 TFNO:A16 YREF:A30 VRNO:A16 EDES:A3 TAXC:A3
  .. TOWN:A20 FVDT:D10 LVDT:D10 FRCO:A7
DeleteAddress one Delete an address of a customer
  in CUNO:A10* ADRT:N2* ADID:A6* CONO:N3
GetAddress one Get an address of a customer
  in CUNO:A10* ADRT:N2* ADID:A6* CONO:N3
  out CONO:N3 DIVI:A3 CUNO:A10 CUNM:A36 ADRT:N2 ADID:A6 CUA1:A36 CUA2:A36 CUA3:A36 CUA4:A36 PONO:A10
  .. ECAR:A2 MODL:A3 TEDL:A3 TEL2:A36 PHNO:A16 TFNO:A16 YREF:A30 CSCD:A3 VRNO:A16 EDES:A3 TOWN:A20
  .. CHNO:N3
LstAddresses list List addresses of a customer
  in CUNO:A10* CONO:N3 LMTS:N18 ADRT:N2
  out CONO:N3 DIVI:A3 CUNO:A10 CUNM:A36 ADRT:N2 ADID:A6 CUA1:A36 CUA2:A36 CUA3:A36 CUA4:A36 PONO:A10
  .. ECAR:A2 MODL:A3 TEDL:A3 TEL2:A36 PHNO:A16 TFNO:A16 YREF:A30 CSCD:A3 VRNO:A16 EDES:A3 TOWN:A20
  .. TAXC:A3 FVDT:D10 LVDT:D10 FRCO:A7
SearchCustomer list Search customers in the index
  in SQRY:A900
  out CUNO:A10 CUNM:A36 STAT:A2 CUCL:A3 CUTP:N1 PYNO:A10 SMCD:A10 RESP:A10 BLCD:N1 RGDT:D10 CSCD:A3
  .. ECAR:A2
"""

PROGRAM = parse("CRS610MI", "Customer interface", _CRS610MI)
PROGRAMS = (PROGRAM,)

TEMPLATE = "9"
"""Customer type (CUTP) of a template."""

_FIRST_CUSTOMER = 1234
_NOT_COPIED = ("CUNO", "CUNM", "CUTP", "CUA1", "CUA2", "CUA3", "CUA4", "PONO", "TOWN", "MAIL", "PHNO")
_CODES = ("CSCD", "LNCD", "TEPY", "PYCD", "MODL", "TEDL", "CUCD")
_SEARCHABLE = ("CUNO", "CUNM", "MAIL", "ALCU", "YREF", "PHNO", "PONO")


def add(session: Session, record: Record) -> list[Row]:
    """Create a customer from a template; without a number it gets the next of the series."""
    tables = session.tables
    template = session.require(tables.customers, "CUTM", record["CUTM"])
    if template["CUTP"] != TEMPLATE:
        msg = "CUTM"
        raise is_not_valid(msg, record["CUTM"])
    _check(session, record)
    number = record.get("CUNO") or f"W{session.world.books.next_number('customer', start=_FIRST_CUSTOMER):07}"
    if number in tables.customers:
        msg = "CUNO"
        raise exists_already(msg, number)
    copied = {field: value for field, value in template.items() if field not in _NOT_COPIED}
    error = "" if record.get("CSCD") else "Country must be entered"
    tables.customers[number] = {
        **blank(),
        **copied,
        **_entered(record),
        "CUNO": number,
        "CUTP": record.get("CUTP", "0"),
        "STAT": "12" if error else record.get("STAT", "20"),
        **session.created(),
    }
    return [{"CUNO": number, "ERRM": error}]


def change(session: Session, record: Record) -> list[Row]:
    """Change the fields that are given."""
    customer = session.require(session.tables.customers, "CUNO", record["CUNO"])
    _check(session, record)
    changes = {field: "" if value == "?" else value for field, value in _entered(record).items()}
    session.tables.customers[customer["CUNO"]] = session.changed({**customer, **changes})
    return [{"CUNO": customer["CUNO"]}]


def change_order_info(session: Session, record: Record) -> list[Row]:
    """Change how the customer orders."""
    tables = session.tables
    for field, table in (
        ("ORTP", tables.order_types),
        ("FACI", tables.facilities),
        ("WHLO", tables.warehouses),
    ):
        if record.get(field, "?") != "?":
            session.require(table, field, record[field])
    change(session, record)
    return []


def change_financial(session: Session, record: Record) -> list[Row]:
    """Change how the customer pays."""
    change(session, record)
    return []


def get(session: Session, record: Record) -> list[Row]:
    """Return a customer."""
    customer = session.require(session.tables.customers, "CUNO", record["CUNO"])
    return [_shown(session, customer)]


def list_by_number(session: Session, record: Record) -> list[Row]:
    """List customers from a number on, only those changed since LMTS if it is given."""
    conditions: list[Condition] = [("CUNO", ">=", record.get("CUNO", ""))]
    if "LMTS" in record:
        conditions.append(("LMTS", ">=", session.whole("LMTS", record)))
    customers = session.tables.customers
    return session.page(
        customers, *conditions, order=("CUNO",), shape=lambda customer: _shown(session, customer)
    )


def list_by_name(session: Session, record: Record) -> list[Row]:
    """List customers from a name on, only those changed since LMTS if it is given."""
    conditions: list[Condition] = [("CUNM", ">=", record.get("CUNM", ""))]
    if "LMTS" in record:
        conditions.append(("LMTS", ">=", session.whole("LMTS", record)))
    customers = session.tables.customers
    return session.page(
        customers, *conditions, order=("CUNM", "CUNO"), shape=lambda customer: _shown(session, customer)
    )


def list_templates(session: Session, _record: Record) -> list[Row]:
    """List the template customers."""
    templates = session.tables.customers.select(("CUTP", "=", TEMPLATE), order=("CUNO",))
    return [_shown(session, template) for template in templates]


def search_customers(session: Session, record: Record) -> list[Row]:
    """Search customers in the index, which lags."""
    found = search(session, session.tables.customers, record.get("SQRY", ""), fields=_SEARCHABLE)
    return [_shown(session, customer) for customer in found]


def add_address(session: Session, record: Record) -> list[Row]:
    """Add an address to a customer."""
    customer = session.require(session.tables.customers, "CUNO", record["CUNO"])
    _check(session, record)
    key = _address_key(session, record)
    if key in session.tables.addresses:
        msg = "ADID"
        raise exists_already(msg, record["ADID"])
    session.tables.addresses[key] = {
        "CUNM": customer["CUNM"],
        **_entered(record),
        "CUNO": customer["CUNO"],
        "ADRT": str(session.whole("ADRT", record)),
        **session.created(),
    }
    return [{"CONO": session.company, **record}]


def change_address(session: Session, record: Record) -> list[Row]:
    """Change the fields of an address that are given."""
    address = _address(session, record)
    _check(session, record)
    changes = {field: "" if value == "?" else value for field, value in _entered(record).items()}
    key = _address_key(session, record)
    session.tables.addresses[key] = session.changed({**address, **changes, "ADRT": address["ADRT"]})
    return []


def delete_address(session: Session, record: Record) -> list[Row]:
    """Delete an address of a customer."""
    _address(session, record)
    del session.tables.addresses[_address_key(session, record)]
    return []


def get_address(session: Session, record: Record) -> list[Row]:
    """Return an address of a customer."""
    return [_shown(session, _address(session, record))]


def list_addresses(session: Session, record: Record) -> list[Row]:
    """List the addresses of a customer."""
    session.require(session.tables.customers, "CUNO", record["CUNO"])
    conditions: list[Condition] = [("CUNO", "=", record["CUNO"])]
    if "ADRT" in record:
        conditions.append(("ADRT", "=", str(session.whole("ADRT", record))))
    if "LMTS" in record:
        conditions.append(("LMTS", ">=", session.whole("LMTS", record)))
    return [_shown(session, address) for address in session.tables.addresses.select(*conditions)]


HANDLERS: dict[tuple[str, str], Handler] = {
    ("CRS610MI", "Add"): add,
    ("CRS610MI", "GetBasicData"): get,
    ("CRS610MI", "ChgBasicData"): change,
    ("CRS610MI", "GetOrderInfo"): get,
    ("CRS610MI", "ChgOrderInfo"): change_order_info,
    ("CRS610MI", "GetFinancial"): get,
    ("CRS610MI", "ChgFinancial"): change_financial,
    ("CRS610MI", "LstByNumber"): list_by_number,
    ("CRS610MI", "LstByName"): list_by_name,
    ("CRS610MI", "LstTemplates"): list_templates,
    ("CRS610MI", "SearchCustomer"): search_customers,
    ("CRS610MI", "AddAddress"): add_address,
    ("CRS610MI", "ChgAddress"): change_address,
    ("CRS610MI", "DeleteAddress"): delete_address,
    ("CRS610MI", "GetAddress"): get_address,
    ("CRS610MI", "LstAddresses"): list_addresses,
}


def blank() -> Doc:
    """Return a customer with every field that a customer has, blank."""
    outputs = [
        PROGRAM.transactions[name].outputs for name in ("GetBasicData", "GetOrderInfo", "GetFinancial")
    ]
    return {name: "" for fields in outputs for name in fields if name not in {"CONO", "DIVI"}}


def _entered(record: Record) -> Doc:
    return {field: value for field, value in record.items() if field not in {"CONO", "DIVI", "CUTM"}}


def _check(session: Session, record: Record) -> None:
    for field in _CODES:
        if record.get(field) != "?":
            session.check_code(field, record)


def _shown(session: Session, row: Doc) -> Row:
    return {**row, "CONO": session.company, "DIVI": ""}


def _address(session: Session, record: Record) -> Doc:
    session.require(session.tables.customers, "CUNO", record["CUNO"])
    address = session.tables.addresses.get(_address_key(session, record))
    if address is None:
        msg = "ADID"
        raise does_not_exist(msg, record["ADID"])
    return address


def _address_key(session: Session, record: Record) -> str:
    return f"{record['CUNO']}/{session.whole('ADRT', record)}/{record['ADID']}"
