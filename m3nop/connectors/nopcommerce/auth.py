"""Who signs in: a token that is fetched with a user name and password, or one that does not end."""

from __future__ import annotations

import base64
import binascii
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from m3nop.connectors.options import filled_in
from m3nop.core import json
from m3nop.core.clock import SECOND, parse_instant
from m3nop.core.connector import Failure, Remedy
from m3nop.core.errors import ConfigurationError
from m3nop.core.secrets import Secret
from m3nop.http.failures import HttpFailure, failure_of_status
from m3nop.http.tokens import Token, TokenFailure, TokenKeeper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from m3nop.connectors.nopcommerce.config import ShopCredentials
    from m3nop.core.clock import Clock
    from m3nop.core.json import Json
    from m3nop.http.client import HttpClient
    from m3nop.http.response import Response

Headers = dict[str, str]
OFFICIAL_LOGIN = "api-backend/Authenticate/GetToken"
OSS_LOGIN = "token"


class Access(Protocol):
    """Makes requests as somebody."""

    def send(self, request: Callable[[Headers], Response]) -> Response:
        """Make a request with the headers that show who asks.

        Raises:
            TokenFailure: nobody could be signed in.
            HttpFailure: there was no whole answer.
        """
        ...


class FixedToken:
    """Shows the same token with each request."""

    def __init__(self, token: Secret, *, header: str) -> None:
        bearer = header.lower() == "authorization" and " " not in token.reveal()
        self._headers = {header: f"Bearer {token.reveal()}" if bearer else token.reveal()}

    def send(self, request: Callable[[Headers], Response]) -> Response:
        """Make a request with the token."""
        return request(self._headers)


class Login:
    """Fetches tokens with a user name and password, and a new one after a 401."""

    def __init__(self, fetch: Callable[[], Token], *, clock: Clock) -> None:
        self._keeper = TokenKeeper(fetch, clock=clock)

    def send(self, request: Callable[[Headers], Response]) -> Response:
        """Make a request with a token that is good."""
        return self._keeper.send(lambda token: request({"Authorization": f"Bearer {token.reveal()}"}))


def access(
    http: HttpClient, credentials: ShopCredentials | None, *, name: str, dialect: str, clock: Clock
) -> Access:
    """Return how a configured shop is signed in to.

    Raises:
        ConfigurationError: a credential has not been filled in.
    """
    if credentials is None:
        msg = f"connections.{name}.credentials are missing"
        raise ConfigurationError(msg)
    if credentials.token is not None:
        return FixedToken(filled_in(credentials.token), header=credentials.header)
    user, password = credentials.username or "", filled_in(credentials.password or Secret(""))
    if dialect == "oss":
        return Login(lambda: _oss_token(http, user, password, name=name, clock=clock), clock=clock)
    return Login(lambda: _official_token(http, user, password, name=name, clock=clock), clock=clock)


def _official_token(http: HttpClient, user: str, password: Secret, *, name: str, clock: Clock) -> Token:
    # Which of the two names is read depends on the store's settings, so the login goes in both.
    body = {"username": user, "email": user, "password": password.reveal()}
    document = _answer(http, OFFICIAL_LOGIN, body, name=name, refused=(HTTPStatus.BAD_REQUEST,))
    token = _text(document, "token", name=name)
    return Token(Secret(token), _life_of_jwt(token, clock=clock))


def _oss_token(http: HttpClient, user: str, password: Secret, *, name: str, clock: Clock) -> Token:
    body = {"guest": False, "username": user, "password": password.reveal(), "remember_me": True}
    # A wrong password is a 403 here; a user without the role gets a token that no request accepts.
    document = _answer(
        http, OSS_LOGIN, body, name=name, refused=(HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST)
    )
    token = _text(document, "access_token", name=name)
    return Token(Secret(token), _life_between(document) or _life_of_jwt(token, clock=clock))


def _answer(
    http: HttpClient, path: str, body: Json, *, name: str, refused: tuple[HTTPStatus, ...]
) -> Mapping[str, Json]:
    try:
        response = http.request("POST", path, json=body)
    except HttpFailure as error:
        raise TokenFailure(error.failure) from error
    if response.status in refused:
        message = f"the shop refuses the user name or password of connections.{name}"
        raise TokenFailure(Failure(Remedy.AUTHENTICATION, message, status=response.status))
    if response.status != HTTPStatus.OK:
        failure = failure_of_status(response.status, response.headers, response.body)
        message = f"{http.address(path)} gives no token: {failure.message}"
        raise TokenFailure(replace(failure, message=message))
    message = f"{http.address(path)} answers no token; is `url` the shop's address, and the API plugin on?"
    try:
        document = response.json()
    except ValueError as error:
        # A page is somebody else's answer; an answer that was lost or cut passes, as with any request.
        remedy = Remedy.CONFIGURATION if response.is_page else Remedy.TRANSIENT
        raise TokenFailure(Failure(remedy, message)) from error
    if not isinstance(document, dict):
        raise TokenFailure(Failure(Remedy.CONFIGURATION, message))
    return document


def _text(document: Mapping[str, Json], member: str, *, name: str) -> str:
    value = document.get(member)
    if isinstance(value, str) and value:
        return value
    message = f"the shop signed in connections.{name}, but its answer has no `{member}`"
    raise TokenFailure(Failure(Remedy.CONFIGURATION, message))


def _life_of_jwt(token: str, *, clock: Clock) -> float | None:
    """Return the seconds that a JSON Web Token lasts from its issue, by its own claims."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - head, claims, signature
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        # By the issuer's clock, as far as it tells: ours need not agree with it.
        since = claims.get("iat") or claims.get("nbf") or clock.now() // SECOND
        return max(float(claims["exp"] - since), 0.0)
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, binascii.Error):
        return None


def _life_between(document: Mapping[str, Json]) -> float | None:
    try:
        created, expires = (parse_instant(document[f"{name}_at_utc"]) for name in ("created", "expires"))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return max((expires - created) / SECOND, 0.0)
