"""The authorization server: tokens for a service account."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus

from m3nop.core.clock import SECOND
from m3nop.sandbox import access

if TYPE_CHECKING:
    from m3nop.sandbox.m3.session import Tables
    from m3nop.sandbox.world import World


class Tokens:
    """Gives and checks access tokens. They expire by the sandbox's clock; there are no refresh tokens."""

    def __init__(self, world: World, tables: Tables) -> None:
        self._world = world
        self._tables = tables
        self._issued = world.books.table("m3.tokens")

    def grant(self, form: str, content_type: str, authorization: str) -> tuple[int, dict[str, Any]]:
        """Answer a token request with status and JSON.

        The password grant with the service account's keys is the only one; client id and secret come in the
        form or by HTTP Basic. That wrong keys end in 401 (not in 400, as OAuth has it) is an assumption.
        """
        if content_type.partition(";")[0].strip() != "application/x-www-form-urlencoded":
            return _error(400, "invalid_request", "the request must be form-encoded")
        fields = dict(parse_qsl(form, keep_blank_values=True))
        if _client(fields, authorization) != (access.CLIENT_ID, access.CLIENT_SECRET):
            return _error(401, "invalid_client", "client id or client secret is wrong")
        grant_type = fields.get("grant_type", "")
        if grant_type == "client_credentials":
            return _error(
                400,
                "unauthorized_client",
                "this application has no client credentials grant: use grant_type=password with the service "
                "account's saak and sask (create the application as Backend Service)",
            )
        if grant_type != "password":
            return _error(400, "unsupported_grant_type", f"unknown grant type {grant_type!r}")
        if (fields.get("username"), fields.get("password")) != (access.ACCESS_KEY, access.SECRET_KEY):
            return _error(401, "invalid_grant", "service account access key or secret key is wrong")
        return 200, self._issue()

    def valid(self, authorization: str) -> bool:
        """Tell whether an Authorization header carries a token that lives."""
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer":
            return False
        issued = self._issued.get(token)
        return issued is not None and issued["expires"] > self._world.clock.now()

    def _issue(self) -> dict[str, Any]:
        number = self._world.books.next_number("token")
        token = hashlib.sha256(f"{self._world.seed}/{number}".encode()).hexdigest()
        seconds: int = self._tables.feature("token_seconds")
        self._issued[token] = {"expires": self._world.clock.now() + seconds * SECOND}
        # Every other server sends the number as text; clients have to live with both.
        lifetime: Any = str(seconds) if number % 2 else seconds
        return {"access_token": token, "token_type": "Bearer", "expires_in": lifetime}


def basic(authorization: str) -> tuple[str, str]:
    """Read user and password of an HTTP Basic header; blanks when there is none."""
    kind, _, encoded = authorization.partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


def _client(fields: dict[str, str], authorization: str) -> tuple[str, str]:
    if authorization:
        user, password = basic(authorization)
        # OAuth form-encodes both before they go into the header; many clients send them plain.
        return (user, password) if user == access.CLIENT_ID else (unquote_plus(user), unquote_plus(password))
    return fields.get("client_id", ""), fields.get("client_secret", "")


def _error(status: int, error: str, description: str) -> tuple[int, dict[str, Any]]:
    return status, {"error": error, "error_description": description}
