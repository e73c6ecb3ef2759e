"""Signing in to the official dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.shop import tokens
from m3nop.sandbox.shop.official.call import Call, Entry, Refused

if TYPE_CHECKING:
    from m3nop.sandbox.shop.entities import Row

_DAYS = 7
"""How long a token is valid; the setting's default."""


def get_token(call: Call) -> Row:
    """Answer ``GetToken``; this shop signs in by e-mail address."""
    fields = call.fields()
    login, password = fields.get("email"), fields.get("password")
    customer = tokens.signed_in(call.shop, login, password) if login and password else None
    if customer is None:
        raise Refused(400, "Username or password is incorrect")
    token, _ = tokens.issue(call.shop, customer, days=_DAYS)
    return {"username": login, "customer_id": customer, "token": token}


ENTRIES: list[Entry] = [("POST", "Authenticate/GetToken", get_token)]
