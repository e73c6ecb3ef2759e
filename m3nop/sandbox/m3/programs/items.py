"""MMS200MI, MMS015MI and MMS025MI: items, their names by language, their alternate units and aliases.

Assumptions: dates and LMTS filters include the instant given; CSDS counts days back from today; a name asked
for in a language that has none is the item's own; names, units and aliases have stamps of their own, so a
change of them does not date the item anew.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from m3nop.sandbox.books import KEY
from m3nop.sandbox.m3.interface import parse
from m3nop.sandbox.m3.programs.index_search import search
from m3nop.sandbox.m3.refusal import does_not_exist

if TYPE_CHECKING:
    from m3nop.sandbox.books import Condition, Doc
    from m3nop.sandbox.m3.session import Handler, Record, Row, Session

_MMS200MI = """
GetItmBasic one Get an item
  in ITNO:A15* CONO:N3 LNCD:A2
  out STAT:A2 ITNO:A15 ITDS:A30 FUDS:A60 DWNO:A20 RESP:A10 UNMS:A3 ITGR:A8 ITCL:A5 BUAR:A3 ITTY:A3 CHCD:N1
  .. STCD:N1 VOL3:N11 NEWE:N11 GRWE:N11 PPUN:A3 HIE1:A15 HIE2:A15 HIE3:A15 HIE4:A15 HIE5:A15 GRP1:A15
  .. GRP2:A15 GRP3:A15 CFI1:A10 CFI2:N17 CFI3:A3 CFI4:A5 CFI5:A1 PRGP:A3 PUUN:A3 SALE:N1 TAXC:A3 ALUN:A3
  .. HDPR:A15 VTCP:N2 VTCS:N2 LMDT:D10 DCCD:N1 SPUN:A3 HVMT:N1 ITNE:A40 GRTI:A10 ILEN:N7 IWID:N7 IHEI:N7
  .. SPGV:N11 RGDT:D10 RGTM:N6 CHID:A10
LstItmByChgDate list List items by the date of their last change
  in CONO:N3 FLMD:D10 TLMD:D10 CSDS:N3 LNCD:A2
  out STAT:A2 ITNO:A15 ITDS:A30 FUDS:A60 DWNO:A20 RESP:A10 UNMS:A3 ITGR:A8 ITCL:A5 BUAR:A3 ITTY:A3 CHCD:N1
  .. STCD:N1 VOL3:N11 NEWE:N11 GRWE:N11 PPUN:A3 HIE1:A15 HIE2:A15 HIE3:A15 HIE4:A15 HIE5:A15 GRP1:A15
  .. GRP2:A15 GRP3:A15 CFI1:A10 CFI2:N17 CFI3:A3 CFI4:A5 CFI5:A1 PRGP:A3 PUUN:A3 SALE:N1 TAXC:A3 ALUN:A3
  .. HDPR:A15 VTCP:N2 VTCS:N2 LMDT:D10 DCCD:N1 SPUN:A3 HVMT:N1 ITNE:A40
SelItem list List items of a range, also those changed since
  in CONO:N3 FRIT:A15 TOIT:A15 LMDT:D10 LMTS:N18
  out CONO:N3 ITNO:A15 ITDS:A30 FUDS:A60 STAT:N2 UNMS:A3 NEWE:N11 VOL3:N11 SAPR:N18 CUCS:A3 ITGR:A8
  .. ITCL:A5 ITTY:A3 PUPR:N17 CUCD:A3 CFI1:A10 CFI2:N15 CFI3:A3 CFI4:A5 HVMT:N1 ITNE:A40
LstItmDescLang list List the names of items by language
  in FITN:A15 TITN:A15 FLNC:A2 TLNC:A2
  out CONO:N3 ITNO:A15 LNCD:A2 ITDS:A30 TEDS:A60 FUDS:A60 TXID:N13 LMDT:D10 CHID:A10 ITNE:A40
GetItmFac one Get an item in a facility
  in FACI:A3* ITNO:A15* CONO:N3
  out CONO:N3 FACI:A3 FACN:A30 ITNO:A15 ITDS:A30 CSNO:A16 ORCO:A3 APPR:N19 UCOS:N19 ECCC:A4 VAMT:N1
  .. LMDT:D10 RGDT:D10 CHID:A10
GetItmPrice one Get the price of an item
  in ITNO:A15* CONO:N3 LNCD:A2
  out PPUN:A3 PUPR:N19 PUCD:N5 CUCD:A3 SAPR:N19 SACD:N5 CUCS:A3 SPUN:A3 SPUC:N1 VTCP:N2 VTCS:N2 LMDT:D10
  .. PDCC:N1 CHNO:N3
LstItmAltUnitMs list List the alternate units of items
  in FITN:A15* TITN:A15* CONO:N3 FAUT:N1 TAUT:N1 LNCD:A2 LGUN:N1
  out ITNO:A15 ITDS:A30 FUDS:A60 AUTP:N1 ALUN:A3 TX40:A40 DCCD:N1 COFA:N17 DMCF:N1 AUS1:N1 AUS2:N1 AUS9:N1
  .. UNMU:N17 ITNE:A40
LstAUMTime list List alternate units changed since
  in LMTS:N18
  out ITNO:A15 ITDS:A30 FUDS:A60 AUTP:N1 ALUN:A3 TX40:A40 DCCD:N1 COFA:N17 DMCF:N1 AUS1:N1 AUS2:N1 AUS9:N1
  .. UNMU:N17 ITNE:A40
SearchItem list Search items in the index
  in SQRY:A900*
  out ITNO:A15 ITDS:A30 FUDS:A60 STAT:A2 ITNE:A40 RESP:A10
"""

_MMS015MI = """
Lst list List alternate units
  in ITNO:A15 AUTP:N1 ALUN:A3
  out ITNO:A15 AUTP:N1 ALUN:A3 DCCD:N1 COFA:N17 DMCF:N1 PCOF:N17 AUS1:N1 AUS2:N1 AUS3:N1 AUS4:N1 AUS5:N1
  .. AUS6:N1 AUS9:N1 UNMU:N17
Get one Get an alternate unit
  in ITNO:A15* AUTP:N1* ALUN:A3*
  out ITNO:A15 AUTP:N1 ALUN:A3 DCCD:N1 COFA:N17 DMCF:N1 PCOF:N17 AUS1:N1 AUS2:N1 AUS3:N1 AUS4:N1 AUS5:N1
  .. AUS6:N1 AUS9:N1 UNMU:N17
"""

_MMS025MI = """
GetItem one Get the item behind an alias
  in ALWT:N2* POPN:A30* CONO:N3 ALWQ:A4 E0PA:A17 SEA1:A7 VFDT:D10
  out CONO:N3 ALWT:N2 ALWQ:A4 ITNO:A15 POPN:A30 E0PA:A17 VFDT:D10 LVDT:D10 CNQT:N17 ALUN:A3 SEQN:N7
  .. REMK:A30 RGDT:D10 RGTM:N6 LMDT:D10 CHNO:N3 CHID:A10
LstAlias list List the aliases of an item
  in ITNO:A15* CONO:N3 ALWT:N2
  out CONO:N3 ALWT:N2 ALWQ:A4 ITNO:A15 POPN:A30 E0PA:A17 VFDT:D10 LVDT:D10 CNQT:N17 ALUN:A3 SEQN:N7
  .. REMK:A30 RGDT:D10 RGTM:N6 LMDT:D10 CHNO:N3 CHID:A10
LstItem list List the items behind an alias
  in POPN:A30* CONO:N3 ALWT:N2
  out CONO:N3 ALWT:N2 ALWQ:A4 ITNO:A15 POPN:A30 E0PA:A17 VFDT:D10 LVDT:D10 CNQT:N17 ALUN:A3 SEQN:N7
  .. REMK:A30 RGDT:D10 RGTM:N6 LMDT:D10 CHNO:N3 CHID:A10
LstAliasViaCat list List aliases of a category, also those changed since
  in ALWT:N2* CONO:N3 ALWQ:A4 LMTS:N18
  out CONO:N3 ALWT:N2 ALWQ:A4 ITNO:A15 POPN:A30 E0PA:A17 VFDT:D10 LVDT:D10 CNQT:N17 ALUN:A3 SEQN:N7
  .. REMK:A30 RGDT:D10 RGTM:N6 LMDT:D10 CHNO:N3 CHID:A10
"""

PROGRAMS = (
    parse("MMS200MI", "Item interface", _MMS200MI),
    parse("MMS015MI", "Alternate unit interface", _MMS015MI),
    parse("MMS025MI", "Alias interface", _MMS025MI),
)

_SEARCHABLE = ("ITNO", "ITDS", "FUDS", "ITGR", "ITTY", "STAT")


def get_item(session: Session, record: Record) -> list[Row]:
    """Return an item, named in a language if one is given."""
    session.check_code("LNCD", record)
    item = session.require(session.tables.items, "ITNO", record["ITNO"])
    return [_named(session, record, item)]


def list_by_change_date(session: Session, record: Record) -> list[Row]:
    """List the items changed between two dates, by date and number."""
    session.check_code("LNCD", record)
    conditions: list[Condition] = [
        ("LMDT", sign, int(record[field]))
        for field, sign in (("FLMD", ">="), ("TLMD", "<="))
        if field in record
    ]
    if "CSDS" in record:
        first = session.local - timedelta(days=session.whole("CSDS", record))
        conditions.append(("LMDT", ">=", int(first.strftime("%Y%m%d"))))
    return session.page(
        session.tables.items,
        *conditions,
        order=("LMDT", "ITNO"),
        shape=lambda item: _named(session, record, item),
    )


def select_items(session: Session, record: Record) -> list[Row]:
    """List the items of a range by number, those changed since LMDT or LMTS if one is given."""
    conditions: list[Condition] = [
        (KEY, sign, record[field]) for field, sign in (("FRIT", ">="), ("TOIT", "<=")) if field in record
    ]
    conditions += _since(session, record)
    if "LMDT" in record:
        conditions.append(("LMDT", ">=", int(record["LMDT"])))
    return session.page(
        session.tables.items, *conditions, order=(KEY,), shape=lambda item: {**item, "CONO": session.company}
    )


def list_names(session: Session, record: Record) -> list[Row]:
    """List the names of the items of a range in the languages of a range."""
    return session.page(
        session.tables.item_texts,
        *_range(record, "ITNO", "FITN", "TITN"),
        *_range(record, "LNCD", "FLNC", "TLNC"),
        order=("ITNO", "LNCD"),
        shape=lambda text: {**text, "CONO": session.company},
    )


def get_in_facility(session: Session, record: Record) -> list[Row]:
    """Return an item with its facility; costs are not kept."""
    facility = session.require(session.tables.facilities, "FACI", record["FACI"])
    return [
        {**session.require(session.tables.items, "ITNO", record["ITNO"]), **facility, "CONO": session.company}
    ]


def list_units(session: Session, record: Record) -> list[Row]:
    """List alternate units: of an item, of a type, of a unit, or all."""
    if "ITNO" in record:
        session.require(session.tables.items, "ITNO", record["ITNO"])
    wanted: list[Condition] = [(field, "=", record[field]) for field in ("ITNO", "ALUN") if field in record]
    if "AUTP" in record:
        wanted.append(("AUTP", "=", session.whole("AUTP", record)))
    return session.page(session.tables.units, *wanted, order=("ITNO", "AUTP", "ALUN"), shape=dict)


def get_unit(session: Session, record: Record) -> list[Row]:
    """Return an alternate unit of an item."""
    session.require(session.tables.items, "ITNO", record["ITNO"])
    key = unit_key(record["ITNO"], session.whole("AUTP", record), record["ALUN"])
    unit = session.tables.units.get(key)
    if unit is None:
        msg = "ALUN"
        raise does_not_exist(msg, record["ALUN"])
    return [unit]


def list_units_of_items(session: Session, record: Record) -> list[Row]:
    """List the alternate units of a range of items."""
    conditions = _range(record, "ITNO", "FITN", "TITN")
    for field, sign in (("FAUT", ">="), ("TAUT", "<=")):
        if field in record:
            conditions.append(("AUTP", sign, session.whole(field, record)))
    return session.page(
        session.tables.units,
        *conditions,
        order=("ITNO", "AUTP", "ALUN"),
        shape=lambda unit: _with_item(session, record, unit),
    )


def list_changed_units(session: Session, record: Record) -> list[Row]:
    """List the alternate units that changed since LMTS."""
    return session.page(
        session.tables.units,
        *_since(session, record),
        order=("LMTS",),
        shape=lambda unit: _with_item(session, record, unit),
    )


def search_items(session: Session, record: Record) -> list[Row]:
    """Search items in the index, which lags."""
    return search(session, session.tables.items, record["SQRY"], fields=_SEARCHABLE)


def get_item_by_alias(session: Session, record: Record) -> list[Row]:
    """Return the alias with the item behind it."""
    key = f"{session.whole('ALWT', record)}/{record['POPN']}"
    return [_alias(session, session.require(session.tables.aliases, "POPN", key))]


def list_aliases(session: Session, record: Record) -> list[Row]:
    """List the aliases of an item."""
    session.require(session.tables.items, "ITNO", record["ITNO"])
    aliases = session.tables.aliases.find(ITNO=record["ITNO"])
    wanted = str(session.whole("ALWT", record)) if "ALWT" in record else ""
    return [_alias(session, alias) for alias in aliases if wanted in {"", alias["ALWT"]}]


def list_items_of_alias(session: Session, record: Record) -> list[Row]:
    """List what an alias number stands for, in one category or all."""
    wanted: list[Condition] = [("POPN", "=", record["POPN"])]
    if "ALWT" in record:
        wanted.append(("ALWT", "=", str(session.whole("ALWT", record))))
    return session.page(
        session.tables.aliases, *wanted, order=("ALWT",), shape=lambda alias: _alias(session, alias)
    )


def list_aliases_of_category(session: Session, record: Record) -> list[Row]:
    """List the aliases of a category by number, those changed since LMTS if it is given."""
    category = str(session.whole("ALWT", record))
    return session.page(
        session.tables.aliases,
        ("ALWT", "=", category),
        *_since(session, record),
        order=("POPN",),
        shape=lambda alias: _alias(session, alias),
    )


HANDLERS: dict[tuple[str, str], Handler] = {
    ("MMS200MI", "GetItmBasic"): get_item,
    ("MMS200MI", "GetItmPrice"): get_item,
    ("MMS200MI", "LstItmByChgDate"): list_by_change_date,
    ("MMS200MI", "SelItem"): select_items,
    ("MMS200MI", "LstItmDescLang"): list_names,
    ("MMS200MI", "GetItmFac"): get_in_facility,
    ("MMS200MI", "LstItmAltUnitMs"): list_units_of_items,
    ("MMS200MI", "LstAUMTime"): list_changed_units,
    ("MMS200MI", "SearchItem"): search_items,
    ("MMS015MI", "Lst"): list_units,
    ("MMS015MI", "Get"): get_unit,
    ("MMS025MI", "GetItem"): get_item_by_alias,
    ("MMS025MI", "LstAlias"): list_aliases,
    ("MMS025MI", "LstItem"): list_items_of_alias,
    ("MMS025MI", "LstAliasViaCat"): list_aliases_of_category,
}


def unit_key(itno: str, autp: int, alun: str) -> str:
    """Return the key of an alternate unit in the books."""
    return f"{itno}/{autp}/{alun}"


def _named(session: Session, record: Record, item: Doc) -> Row:
    if "LNCD" not in record:
        return item
    text = session.tables.item_texts.get(f"{item['ITNO']}/{record['LNCD']}", item)
    return {**item, "ITDS": text["ITDS"], "FUDS": text["FUDS"]}


def _with_item(session: Session, record: Record, unit: Doc) -> Row:
    item = _named(session, record, session.tables.items[unit["ITNO"]])
    return {**unit, "ITDS": item["ITDS"], "FUDS": item["FUDS"], "TX40": unit["ALUN"]}


def _alias(session: Session, alias: Doc) -> Row:
    return {**alias, "CONO": session.company}


def _since(session: Session, record: Record) -> list[Condition]:
    return [("LMTS", ">=", session.whole("LMTS", record))] if "LMTS" in record else []


def _range(record: Record, field: str, first: str, last: str) -> list[Condition]:
    return [(field, sign, record[name]) for name, sign in ((first, ">="), (last, "<=")) if name in record]
