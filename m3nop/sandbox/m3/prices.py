"""Sales prices: price lists, and which price holds for a customer.

Assumptions: a customer's price list table (PLTB) names the one list that holds for it; a list made for the
customer goes before the general one, a later one before an earlier one; QTYL is the quantity, in the basic
unit, from which a price holds. Where no list has a price, the item's own holds if it is in the currency.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.m3.programs import pricing
from m3nop.sandbox.m3.refusal import is_not_valid

if TYPE_CHECKING:
    from decimal import Decimal

    from m3nop.sandbox.books import Doc
    from m3nop.sandbox.m3.session import Session

WEB_LIST = "WEB"
FIRST_DAY = 20250101
"""From when the seeded lists hold."""

_ORDER_UNIT = 1
"""Type of an alternate unit (AUTP) in which goods are ordered."""


def list_key(prrf: str, cucd: str, cuno: str, fvdt: int) -> str:
    """Return the key of a price list's head in the books."""
    return f"{prrf}/{cucd}/{cuno}/{fvdt}"


def row_key(head: Doc, itno: str, qtyl: int) -> str:
    """Return the key of a price in the books."""
    return f"{list_key(head['PRRF'], head['CUCD'], head['CUNO'], head['FVDT'])}/{itno}/{qtyl}"


def set_list(
    session: Session, prrf: str, cucd: str, name: str, *, cuno: str = "", fvdt: int = FIRST_DAY
) -> Doc:
    """Make a price list, or return the one that is there."""
    key = list_key(prrf, cucd, cuno, fvdt)
    head = session.tables.price_lists.get(key)
    if head is None:
        head = {
            "PRRF": prrf, "CUCD": cucd, "CUNO": cuno, "FVDT": fvdt, "LVDT": 0, "TX40": name,
            "TX15": name[:15], **session.created(),
        }  # fmt: skip
        session.tables.price_lists[key] = head
    return head


def set_price(session: Session, head: Doc, item: Doc, price: str, *, qtyl: int = 0) -> Doc:
    """Let a price hold in a list, from a quantity on; it is stamped."""
    key = row_key(head, item["ITNO"], qtyl)
    known = session.tables.prices.get(key)
    row = session.changed(known) if known else {**new_row(head, item, qtyl=qtyl), **session.created()}
    row["SAPR"] = pricing.price(price)
    session.tables.prices[key] = row
    return row


def new_row(head: Doc, item: Doc, *, qtyl: int = 0) -> Doc:
    """Return a price at the item's own, without stamps."""
    kept = {field: head[field] for field in ("PRRF", "CUCD", "CUNO", "FVDT", "LVDT", "TX15")}
    return {
        **kept, "ITNO": item["ITNO"], "QTYL": qtyl, "SAPR": item["SAPR"], "SPUN": item["SPUN"], "NTCD": 0,
        "SACD": 1,
    }  # fmt: skip


def price_of(
    session: Session, customer: Doc, item: Doc, *, quantity: Decimal, currency: str, day: int,
    named: str | None = None,
) -> Doc | None:  # fmt: skip
    """Return the row of the price that holds for a quantity (basic unit); None where there is none.

    ``named`` takes the place of the customer's own price list.
    """
    levels = levels_of(session, customer, item, currency=currency, day=day, named=named)
    return next((row for row in reversed(levels) if row["QTYL"] <= quantity), None)


def levels_of(
    session: Session, customer: Doc, item: Doc, *, currency: str, day: int, named: str | None = None
) -> list[Doc]:
    """Return the prices that hold for a customer, lowest quantity first; the item's own has no list."""
    prrf = named or customer.get("PLTB", "")
    for cuno in (customer["CUNO"], ""):
        heads = session.tables.price_lists.select(
            ("PRRF", "=", prrf), ("CUCD", "=", currency), ("CUNO", "=", cuno), ("FVDT", "<=", day),
            order=("FVDT",), descending=True,
        )  # fmt: skip
        for head in heads:
            rows = _rows(session, head, item) if day <= (head["LVDT"] or day) else []
            if rows:
                return rows
    if currency != item["CUCS"]:
        return []
    return [{"PRRF": "", "CUCD": currency, "QTYL": 0, "SAPR": item["SAPR"], "SPUN": item["SPUN"], "FVDT": 0}]


def unit_of(session: Session, item: Doc, unit: str) -> Doc:
    """Return how a unit in which an item is ordered relates to its basic one: COFA, DMCF and DCCD.

    Raises:
        RefusalError: the item is not ordered in it.
    """
    if unit in {"", item["UNMS"]}:
        return {"DCCD": item["DCCD"]}
    alternate = session.tables.units.get(f"{item['ITNO']}/{_ORDER_UNIT}/{unit}")
    if alternate is None:
        msg = "ALUN"
        raise is_not_valid(msg, unit)
    return {name: alternate[name] for name in ("COFA", "DMCF", "DCCD")}


def _rows(session: Session, head: Doc, item: Doc) -> list[Doc]:
    wanted = {field: head[field] for field in ("PRRF", "CUCD", "CUNO", "FVDT")}
    conditions = [(field, "=", value) for field, value in wanted.items()]
    return session.tables.prices.select(*conditions, ("ITNO", "=", item["ITNO"]), order=("QTYL",))
