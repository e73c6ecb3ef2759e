"""What the M3 double holds at its first start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.catalogue import COUNTRIES, ITEMS
from m3nop.sandbox.m3 import finance_seed, stock
from m3nop.sandbox.m3.programs.customers import TEMPLATE
from m3nop.sandbox.m3.programs.customers import blank as blank_customer
from m3nop.sandbox.m3.session import DIVISION, Row, Session, Tables

if TYPE_CHECKING:
    from m3nop.sandbox.world import World

GUEST_CUSTOMER = "W9999"
STOPPED_CUSTOMER = "W9001"
INACTIVE_CUSTOMER = "W9002"
INACTIVE_ITEM = "TENT-OLD"
ALIAS_CATEGORY = "2"
"""Under it each shop SKU is an alias of its item; category 1 holds EANs."""

_ORDER_TYPES = (("W01", "Web order consumer"), ("W02", "Web order business"))
_WAREHOUSES = (("001", "Central warehouse"), ("002", "Shop warehouse"))
_CHARGES = (("FRT", "Freight", "0"), ("PAY", "Payment fee", "0"), ("GFT", "Gift card", "0"))
_CODES: dict[str, tuple[tuple[str, str], ...]] = {
    "TEPY": (("000", "Paid in advance"), ("014", "14 days net"), ("030", "30 days net")),
    "PYCD": (("INV", "Invoice"), ("CRD", "Card"), ("PPL", "PayPal"), ("COD", "Cash on delivery")),
    "MODL": (("POS", "Parcel post"), ("EXP", "Express"), ("PUP", "Pick-up"), ("TRK", "Truck")),
    "TEDL": (("DAP", "Delivered at place"), ("DDP", "Delivered duty paid"), ("EXW", "Ex works")),
    "LNCD": (("GB", "English"), ("SE", "Swedish"), ("DE", "German"), ("FR", "French"), ("FI", "Finnish")),
    "CUCD": (("EUR", "Euro"), ("SEK", "Swedish krona"), ("USD", "US dollar"), ("GBP", "Pound sterling")),
}


def seed(world: World) -> None:
    """Fill M3's tables."""
    session = Session(world, Tables(world))
    _organization(session)
    _codes(session)
    _items(session)
    _balances(session)
    _customers(session)
    finance_seed.seed(session)


def _organization(session: Session) -> None:
    tables = session.tables
    for code, name in _ORDER_TYPES:
        tables.order_types[code] = {"ORTP": code, "ORTK": "0", "TX40": name, "TX15": name[:15]}
    tables.facilities["A01"] = {"FACI": "A01", "FACN": "Main facility", "DIVI": DIVISION, "WHLO": "001"}
    for code, name in _WAREHOUSES:
        tables.warehouses[code] = {"WHLO": code, "WHNM": name, "DIVI": DIVISION, "FACI": "A01"}
    for code, name, amount in _CHARGES:
        tables.charges[code] = {
            "CRID": code, "CRTY": 0, "CRD0": name, "CRAM": amount, "VTCD": 1, "CUCD": "EUR",
        }  # fmt: skip


def _codes(session: Session) -> None:
    for kind, values in _CODES.items():
        for code, name in values:
            _code(session, kind, code, name, {})
    for country in COUNTRIES:
        _code(session, "CSCD", country.code, country.name, {"ECYN": int(country.european_union)})


def _code(session: Session, kind: str, code: str, name: str, more: Row) -> None:
    session.tables.codes[f"{kind}/{code}"] = {
        "STCO": kind, "STKY": code, "TX40": name, "TX15": name[:15], "LNCD": "", **more, **session.created(),
    }  # fmt: skip


def _items(session: Session) -> None:
    for index, item in enumerate(ITEMS):
        _item(session, item.item_number, item.name, item.price, weight=item.weight, unit=item.unit)
        _alias(session, ALIAS_CATEGORY, item.sku, item.item_number)
        _alias(session, "1", f"73500{index:07}0", item.item_number)
    _item(session, INACTIVE_ITEM, "Kupoltält 2019", "99.00", weight="2.6", unit="PCS", status="90")


def _item(
    session: Session, number: str, name: str, price: str, *, weight: str, unit: str, status: str = "20"
) -> None:
    session.tables.items[number] = {
        "ITNO": number,
        "ITDS": name[:30],
        "FUDS": name,
        "STAT": status,
        "UNMS": unit,
        "SPUN": unit,
        "ALUN": unit,
        "ITTY": "FG",
        "ITGR": "OUTDOOR",
        "ITCL": "OUT",
        "GRWE": weight,
        "NEWE": weight,
        "SALE": 1,
        "VTCS": 1,
        "DCCD": 2 if unit == "M" else 0,
        "SAPR": price,
        **session.created(),
    }


def _balances(session: Session) -> None:
    for index, item in enumerate(session.tables.items.values()):
        # The central warehouse has plenty of everything, the shop's a few, and of some things none.
        for warehouse, on_hand in (("001", 120 + index * 37 % 400), ("002", index * 7 % 23)):
            row = stock.new_row(warehouse, item, on_hand)
            session.tables.balances[stock.key(warehouse, item["ITNO"])] = {**row, **session.created()}


def _alias(session: Session, category: str, alias: str, number: str) -> None:
    session.tables.aliases[f"{category}/{alias}"] = {
        "ALWT": category, "POPN": alias, "ITNO": number, "VFDT": 20200101, **session.created(),
    }  # fmt: skip


def _customers(session: Session) -> None:
    template = {"CUTP": TEMPLATE}
    _customer(session, "TPLB2C", "Template consumer", ORTP="W01", TEPY="000", PYCD="CRD", **template)
    _customer(session, "TPLB2B", "Template business", ORTP="W02", TEPY="030", PYCD="INV", **template)
    _customer(session, GUEST_CUSTOMER, "Web guests", ORTP="W01", TEPY="000", PYCD="CRD")
    _customer(session, "W0000001", "Järvinen Retki Oy", ORTP="W02", TEPY="030", PYCD="INV", CSCD="FI")
    _customer(session, STOPPED_CUSTOMER, "Stopped for credit", ORTP="W02", TEPY="030", PYCD="INV", BLCD="1")
    _customer(session, INACTIVE_CUSTOMER, "No longer a customer", ORTP="W01", TEPY="000", STAT="90")


def _customer(session: Session, number: str, name: str, **more: str) -> None:
    session.tables.customers[number] = {
        **blank_customer(),
        "CUNO": number,
        "CUNM": name,
        "CUA1": "-",
        "TOWN": "Göteborg",
        "PONO": "41101",
        "CSCD": "SE",
        "STAT": "20",
        "CUTP": "0",
        "LNCD": "GB",
        "CUCD": "EUR",
        "FACI": "A01",
        "WHLO": "001",
        "MODL": "POS",
        "TEDL": "DAP",
        "BLCD": "0",
        **more,
        **session.created(),
    }
