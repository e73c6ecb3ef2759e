"""Tokens of both dialects: real JSON Web Tokens, valid only while the shop remembers them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from m3nop.core import json
from m3nop.core.clock import DAY, SECOND
from m3nop.sandbox import access

if TYPE_CHECKING:
    from m3nop.core.clock import Instant
    from m3nop.sandbox.shop.tables import Shop

STAFF_ID = 1
"""The customer id of the account that the integration signs in with."""

_SIGNING_KEY = b"sandbox signing key"


def signed_in(shop: Shop, login: str, password: str) -> int | None:
    """Return the customer who signs in with this e-mail address and password."""
    for customer in shop.customers.find(email=login):
        known = shop.passwords.get(str(customer["id"]))
        if customer["active"] and not customer["deleted"] and known == {"password": password}:
            number: int = customer["id"]
            return number
    return None


def issue(shop: Shop, customer_id: int, *, days: int) -> tuple[str, Instant]:
    """Make a token for a customer; return it with the instant it expires at."""
    now = shop.world.clock.now()
    expires = now + days * DAY
    claims = {"nbf": now // SECOND, "exp": expires // SECOND, "CustomerId": str(customer_id)}
    token = _signed(claims)
    shop.tokens[token] = {"customer_id": customer_id, "expires": expires}
    return token, expires


def holder(shop: Shop, token: str, *, skew: Instant = 0) -> int | None:
    """Return the customer whom a token was given to, or None if it is unknown or has expired."""
    if shop.world.replaying:
        return STAFF_ID
    known = shop.tokens.get(token)
    if known is None or known["expires"] + skew <= shop.world.clock.now():
        return None
    number: int = known["customer_id"]
    return number


def is_administrator(shop: Shop, customer_id: int) -> bool:
    """Tell whether a customer may do everything."""
    return "Administrators" in shop.role_names(customer_id)


def accounts() -> dict[str, str]:
    """Return the logins of the shop's staff: the integration's own, and one without any rights."""
    return {access.SHOP_USER: access.SHOP_PASSWORD, CLERK: CLERK_PASSWORD}


CLERK = "clerk@shop.example.com"
CLERK_PASSWORD = "sandbox-clerk"  # noqa: S105 -- opens nothing outside the sandbox


def _signed(claims: dict[str, object]) -> str:
    head = f"{_part(json.dumps({'alg': 'HS256', 'typ': 'JWT'}))}.{_part(json.dumps(claims))}"
    signature = hmac.new(_SIGNING_KEY, head.encode(), hashlib.sha256).digest()
    return f"{head}.{_plain(signature)}"


def _part(text: str) -> str:
    return _plain(text.encode())


def _plain(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
