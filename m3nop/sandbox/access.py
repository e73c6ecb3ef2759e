"""Who may use the sandbox. Nothing here opens anything outside it."""

from __future__ import annotations

from typing import Any

TENANT = "SANDBOX_TST"
CLIENT_ID = f"{TENANT}~m3nop"
CLIENT_SECRET = "sandbox-client"  # noqa: S105
ACCESS_KEY = f"{TENANT}#m3nop"
SECRET_KEY = "sandbox-service-account"  # noqa: S105
M3_USER = "M3NOP"
M3_PASSWORD = "sandbox-m3"  # noqa: S105
SHOP_USER = "m3nop@shop.example.com"
SHOP_PASSWORD = "sandbox-shop"  # noqa: S105


def ionapi(url: str) -> dict[str, Any]:
    """Return the content of an ``.ionapi`` file that points at the sandbox at ``url``."""
    return {
        "ti": TENANT,
        "cn": "m3nop sandbox",
        "dt": "12",
        "ci": CLIENT_ID,
        "cs": CLIENT_SECRET,
        "iu": url,
        "pu": f"{url}/{TENANT}/as/",
        "oa": "authorization.oauth2",
        "ot": "token.oauth2",
        "or": "revoke_token.oauth2",
        "ev": "SANDBOX",
        "v": "1.0",
        "saak": ACCESS_KEY,
        "sask": SECRET_KEY,
    }
