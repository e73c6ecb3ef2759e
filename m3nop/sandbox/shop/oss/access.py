"""Signing in to the oss dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.shop import checkout, entities, tokens
from m3nop.sandbox.shop.moments import shop_time
from m3nop.sandbox.shop.oss.refusals import Refused

if TYPE_CHECKING:
    from m3nop.sandbox.shop.entities import Row
    from m3nop.sandbox.shop.oss.call import Call, Entry

_DAYS = 365
"""How long a token is valid; the setting's default."""


def create_token(call: Call) -> Row:
    """Answer ``POST /token``; whoever asks for a guest's token gets one."""
    fields = call.body()
    customer = _guest(call) if fields.get("guest") is True else _signed_in(call, fields)
    token, expires = tokens.issue(call.shop, customer, days=_DAYS)
    row = call.shop.customers[str(customer)]
    return {
        "access_token": token,
        "token_type": "Bearer",
        "created_at_utc": f"{call.shop.now()}Z",
        "expires_at_utc": f"{shop_time(expires, digit=7)}Z",
        "username": row["email"],
        "customer_id": customer,
        "customer_guid": row["customer_guid"],
    }


def _signed_in(call: Call, fields: Row) -> int:
    for name in ("username", "password"):
        if not fields.get(name):
            raise Refused(400, f"Missing {name}")
    customer = tokens.signed_in(call.shop, str(fields["username"]), str(fields["password"]))
    if customer is None:
        raise Refused(403, "Wrong username or password")
    return customer


def _guest(call: Call) -> int:
    shop = call.shop
    row = checkout.guest_row(shop, created=shop.now())
    guest = shop.insert(entities.CUSTOMER, shop.customers, row)
    for role in shop.roles.values():
        if role["system_name"] in {"Guests", "ApiUserRole"}:
            shop.give_role(guest["id"], role["id"])
    number: int = guest["id"]
    return number


def check_token(_call: Call) -> Row:
    """Answer ``GET /token/check``."""
    return {}


PUBLIC: list[Entry] = [("POST", "/token", create_token), ("POST", "/api/token", create_token)]
ENTRIES: list[Entry] = [("GET", "/token/check", check_token)]
