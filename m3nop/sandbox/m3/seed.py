"""What the M3 double holds at its first start."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from m3nop.sandbox.catalogue import COUNTRIES, ITEMS, ean
from m3nop.sandbox.m3 import finance_seed, goods, prices, stock
from m3nop.sandbox.m3.assortment import NAMES, TIERS, UNITS, Unit
from m3nop.sandbox.m3.programs.customers import TEMPLATE
from m3nop.sandbox.m3.programs.customers import blank as blank_customer
from m3nop.sandbox.m3.programs.items import unit_key
from m3nop.sandbox.m3.session import DIVISION, Row, Session, Tables

if TYPE_CHECKING:
    from m3nop.sandbox.world import World

GUEST_CUSTOMER = "W9999"
STOPPED_CUSTOMER = "W9001"
INACTIVE_CUSTOMER = "W9002"
INACTIVE_ITEM = "TENT-OLD"
ALIAS_CATEGORY = "2"
"""Under it each shop SKU is an alias of its item."""
EAN_CATEGORY = "1"
BUSINESS_LIST = "B2B"
PRICED_CUSTOMER = "W0000002"
"""A business customer whose price list is ``BUSINESS_LIST``; consumers have the list ``WEB``."""

_KRONA, _BUSINESS, _CENT = Decimal("11.5"), Decimal("0.85"), Decimal("0.01")

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
    _prices(session)
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
    tables = session.tables
    for item in ITEMS:
        row = goods.new_item(item.item_number, item.name, item.price, weight=item.weight, unit=item.unit)
        tables.items[item.item_number] = {**row, **session.created()}
        _alias(session, ALIAS_CATEGORY, item.sku, item.item_number)
        _alias(session, EAN_CATEGORY, item.ean, item.item_number)
        for unit in UNITS.get(item.sku, ()):
            _unit(session, item.item_number, unit)
        for language, name in NAMES.get(item.sku, {}).items():
            tables.item_texts[f"{item.item_number}/{language}"] = {
                "ITNO": item.item_number, "LNCD": language, "ITDS": name[:30], "FUDS": name, "TXID": 0,
                **session.created(),
            }  # fmt: skip
    old = goods.new_item(INACTIVE_ITEM, "Kupoltält 2019", "99.00", weight="2.6", status="90")
    tables.items[INACTIVE_ITEM] = {**old, **session.created()}


def _unit(session: Session, number: str, unit: Unit) -> None:
    # Each unit is kept for orders (1) and for stock (2); the factor leads to the basic unit.
    for kind in (1, 2):
        session.tables.units[unit_key(number, kind, unit.code)] = {
            "ITNO": number, "AUTP": kind, "ALUN": unit.code, "DCCD": 0, "COFA": unit.factor, "DMCF": 1,
            "AUS1": 1, "AUS2": 1, "AUS9": 1, **session.created(),
        }  # fmt: skip
    if unit.ean:
        _alias(session, EAN_CATEGORY, ean(unit.ean), number, unit.code)


def _balances(session: Session) -> None:
    for index, item in enumerate(session.tables.items.values()):
        # The central warehouse has plenty of everything, the shop's a few, and of some things none.
        for warehouse, on_hand in (("001", 120 + index * 37 % 400), ("002", index * 7 % 23)):
            row = stock.new_row(warehouse, item, on_hand)
            session.tables.balances[stock.key(warehouse, item["ITNO"])] = {**row, **session.created()}


def _prices(session: Session) -> None:
    web = prices.set_list(session, prices.WEB_LIST, "EUR", "Web shop")
    krona = prices.set_list(session, prices.WEB_LIST, "SEK", "Web shop")
    business = prices.set_list(session, BUSINESS_LIST, "EUR", "Business customers")
    for item in ITEMS:
        row, price = session.tables.items[item.item_number], Decimal(item.price)
        prices.set_price(session, web, row, item.price)
        prices.set_price(session, krona, row, f"{round(price * _KRONA)}.00")
        prices.set_price(session, business, row, f"{(price * _BUSINESS).quantize(_CENT, ROUND_HALF_UP)}")
        for quantity, lower in TIERS.get(item.sku, ()):
            prices.set_price(session, web, row, lower, qtyl=quantity)


def _alias(session: Session, category: str, alias: str, number: str, unit: str = "") -> None:
    session.tables.aliases[f"{category}/{alias}"] = {
        "ALWT": category, "POPN": alias, "ITNO": number, "ALUN": unit, "VFDT": 20200101, **session.created(),
    }  # fmt: skip


def _customers(session: Session) -> None:
    template = {"CUTP": TEMPLATE}
    _customer(
        session, "TPLB2C", "Template consumer", ORTP="W01", TEPY="000", PYCD="CRD", PLTB="WEB", **template
    )
    _customer(session, "TPLB2B", "Template business", ORTP="W02", TEPY="030", PYCD="INV", **template)
    _customer(session, GUEST_CUSTOMER, "Web guests", ORTP="W01", TEPY="000", PYCD="CRD", PLTB="WEB")
    _customer(session, "W0000001", "Järvinen Retki Oy", ORTP="W02", TEPY="030", PYCD="INV", CSCD="FI")
    _customer(
        session, PRICED_CUSTOMER, "Nordisk Turism AB", ORTP="W02", TEPY="030", PYCD="INV", PLTB=BUSINESS_LIST
    )
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
