"""What happens to items, stock, prices and customers in M3 without the integration: people at work.

Documents name items, warehouses and the like by M3's field names in small letters; columns keep M3's names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from m3nop.sandbox.m3 import goods, prices, stock
from m3nop.sandbox.m3.programs import customers
from m3nop.sandbox.m3.session import COMPANY, Session

if TYPE_CHECKING:
    from m3nop.core.json import Json

Happening = Callable[[Session, Mapping[str, Any], Any], "Json"]

_MOST_ITEMS = 500_000
_UNTOUCHABLE = ("CUNO", "LMDT", "RGDT", "CHNO")


def change_item(session: Session, named: Mapping[str, Any], body: Json) -> Json:
    """Change or make an item: its columns, and ``names`` by language."""
    number = str(named["number"])
    columns = {name: value for name, value in body.items() if name != "names"}
    if columns or number not in session.tables.items:
        goods.change_item(session, number, columns)
    goods.change_names(session, number, body.get("names", {}))
    return session.tables.items[number]


def set_stock(session: Session, _named: Mapping[str, Any], body: Json) -> Json:
    """Count what is on hand: ``{itno, whlo, quantity}``, or a list of these."""
    counted = body if isinstance(body, list) else [body]
    entries = [(str(entry["whlo"]), str(entry["itno"]), str(entry["quantity"])) for entry in counted]
    for entry in entries:
        stock.check_on_hand(session, *entry)
    rows = [stock.set_on_hand(session, *entry) for entry in entries]
    return rows if isinstance(body, list) else rows[0]


def show_stock(session: Session, named: Mapping[str, Any], _body: Json) -> Json:
    """List the balances of an item by warehouse."""
    item = session.require(session.tables.items, "ITNO", str(named["number"]))
    rows = session.tables.balances.select(("ITNO", "=", item["ITNO"]), order=("ITNO", "WHLO"))
    return [stock.shown(session, row) for row in rows]


def set_price(session: Session, _named: Mapping[str, Any], body: Json) -> Json:
    """Let a price hold: ``{itno, price, prrf: WEB, cucd: EUR, cuno: "", quantity: 0}``."""
    quantity = int(body.get("quantity", 0))
    return goods.set_price(
        session, str(body["itno"]), str(body["price"]), prrf=str(body.get("prrf", prices.WEB_LIST)),
        cucd=str(body.get("cucd", "EUR")), cuno=str(body.get("cuno", "")), quantity=quantity,
    )  # fmt: skip


def change_customer(session: Session, named: Mapping[str, Any], body: Json) -> Json:
    """Change columns of a customer, as somebody at M3's screens does."""
    known = set(customers.blank()).difference(_UNTOUCHABLE)
    for name, value in body.items():
        if name not in known or not isinstance(value, str):
            msg = f"{name} is not a column of a customer" if name not in known else f"{name} must be a text"
            raise ValueError(msg)
    number = str(named["number"])
    customers.change_order_info(session, {**body, "CUNO": number, "CONO": COMPANY})
    return session.tables.customers[number]


def load(session: Session, _named: Mapping[str, Any], body: Json) -> Json:
    """Make ``items`` items with balances and prices, ``on_hand`` of each."""
    items, on_hand = int(body["items"]), int(body.get("on_hand", 100))
    if not 0 < items <= _MOST_ITEMS or on_hand < 0:
        msg = f"items must be from 1 to {_MOST_ITEMS}, and on_hand not below 0"
        raise ValueError(msg)
    goods.load(session, items=items, on_hand=on_hand)
    return {"items": len(session.tables.items), "balances": len(session.tables.balances)}


HAPPENINGS: dict[str, Happening] = {
    "/m3/items/{number}": change_item,
    "/m3/stock": set_stock,
    "/m3/prices": set_price,
    "/m3/customers/{number}": change_customer,
    "/m3/bulk": load,
}
"""What may happen, by its path below ``/sandbox``."""

VIEWS: dict[str, Happening] = {"/m3/stock/{number}": show_stock}
"""What can be looked at, by its path below ``/sandbox``."""
