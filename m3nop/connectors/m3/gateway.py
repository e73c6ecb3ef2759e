"""Signs requests to M3: a bearer token of the ION API gateway, or HTTP Basic on premise."""

from __future__ import annotations

import base64
import math
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from m3nop.connectors.m3.ionapi import Client, IonApi, parse_ionapi
from m3nop.connectors.options import SANDBOX, filled_in
from m3nop.core.connector import Failure, Remedy
from m3nop.core.errors import ConfigurationError
from m3nop.core.secrets import Secret
from m3nop.http.client import HttpClient, Timeouts
from m3nop.http.failures import HttpFailure, failure_of_status
from m3nop.http.pace import Pace
from m3nop.http.tokens import Token, TokenFailure, TokenKeeper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.connectors.m3.config import M3Config, M3Credentials
    from m3nop.core.clock import Clock
    from m3nop.core.connector import Rates
    from m3nop.core.json import Json
    from m3nop.http.client import Params
    from m3nop.http.response import Response


class Gateway:
    """Requests to one M3, signed.

    Raises:
        ConfigurationError: address or credentials cannot be used.
    """

    def __init__(self, config: M3Config, *, clock: Clock) -> None:
        if config.url == SANDBOX or config.credentials is None:
            msg = f"the sandbox has not been started for a connection whose `url` is `{SANDBOX}`"
            raise ConfigurationError(msg)
        file = config.credentials.ionapi
        ionapi = parse_ionapi(filled_in(file)) if file is not None else None
        self.tenant = ionapi.tenant if ionapi else ""
        self.base_url = m3_address(config.url, ionapi)
        timeouts = Timeouts(answer=config.timeout)
        limit = config.rate_limit
        self._pace = Pace(limit.requests, per=limit.per, clock=clock) if limit else None
        self._client = HttpClient(
            f"{self.base_url}/{config.api_path.strip('/')}",
            timeouts=timeouts,
            pace=self._pace,
            ca_file=config.ca_file,
        )
        self._tokens: TokenIssuer | None = None
        self._basic: Secret | None = None
        if client := _client_of(config.credentials, ionapi):
            self._tokens = TokenIssuer(client, config=config, clock=clock)
        else:
            self._basic = basic(config.credentials.username or "", filled_in_password(config.credentials))

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: Json = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send one request; a token that is refused is renewed once.

        Raises:
            TokenFailure: no token could be had, so nothing was sent.
            HttpFailure: there was no whole answer.
        """

        def signed(authorization: str) -> Response:
            sent = {**(headers or {}), "authorization": authorization}
            return self._client.request(method, path, params=params, json=json, headers=sent)

        if self._tokens:
            return self._tokens.keeper.send(lambda token: signed(f"Bearer {token.reveal()}"))
        return signed(self._basic.reveal() if self._basic else "")

    @property
    def waited(self) -> float:
        """Seconds that requests have waited for the rate limit so far."""
        return self._pace.waited if self._pace else 0.0

    def share_rate(self, rates: Rates) -> None:
        """Keep to the rate limit together with whoever uses the same tenant at the same address."""
        if self._pace:
            self._pace.share(f"{self.base_url} {self.tenant}".rstrip(), rates)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        if self._tokens:
            self._tokens.close()


class TokenIssuer:
    """The gateway's authorization server."""

    def __init__(self, client: Client, *, config: M3Config, clock: Clock) -> None:
        self._client = client
        self._by_form = config.client_auth == "form"
        self._http = HttpClient(
            client.token_url, timeouts=Timeouts(answer=min(config.timeout, 60.0)), ca_file=config.ca_file
        )
        self.keeper = TokenKeeper(self._fetch, clock=clock)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _fetch(self) -> Token:
        try:
            response = self._http.request("POST", form=self._form(), headers=self._headers())
        except HttpFailure as failed:
            raise TokenFailure(failed.failure) from failed
        if response.status != HTTPStatus.OK:
            raise TokenFailure(_refused(response))
        msg = f"{self._client.token_url} answered without an `access_token`; is it the token endpoint?"
        try:
            answer = response.json()
        except ValueError as error:
            # A page is somebody else's answer; an answer that was lost or cut passes, as with any request.
            remedy = Remedy.CONFIGURATION if response.is_page else Remedy.TRANSIENT
            raise TokenFailure(Failure(remedy, msg)) from error
        if not (isinstance(answer, dict) and answer.get("access_token")):
            raise TokenFailure(Failure(Remedy.CONFIGURATION, msg))
        return Token(Secret(str(answer["access_token"])), _seconds(answer.get("expires_in")))

    def _form(self) -> dict[str, str]:
        form = {"grant_type": "client_credentials"}
        if self._client.account:
            access_key, secret_key = self._client.account
            form = {
                "grant_type": "password",
                "username": access_key.reveal(),
                "password": secret_key.reveal(),
            }
        if self._by_form:
            form |= {
                "client_id": self._client.client_id,
                "client_secret": self._client.client_secret.reveal(),
            }
        return form

    def _headers(self) -> dict[str, str]:
        if self._by_form:
            return {}
        return {"authorization": basic(self._client.client_id, self._client.client_secret).reveal()}


def m3_address(url: str, ionapi: IonApi | None) -> str:
    """Tell M3's address: as configured, else what the .ionapi file says.

    The address of a gateway alone is completed by the tenant's part.
    """
    if ionapi is None:
        return url.rstrip("/")
    if not url:
        return ionapi.m3_url
    bare = urlsplit(url).path in {"", "/"}
    return f"{url.rstrip('/')}/{ionapi.tenant}/M3" if bare else url.rstrip("/")


def basic(username: str, password: Secret) -> Secret:
    """Make the header of HTTP Basic."""
    pair = f"{username}:{password.reveal()}".encode()
    return Secret(f"Basic {base64.b64encode(pair).decode()}")


def filled_in_password(credentials: M3Credentials) -> Secret:
    """Return the password of an on-premise user."""
    return filled_in(credentials.password) if credentials.password else Secret("")


def _client_of(credentials: M3Credentials, ionapi: IonApi | None) -> Client | None:
    if ionapi:
        return ionapi.client
    if credentials.token_url is None or credentials.client_id is None or credentials.client_secret is None:
        return None
    account = None
    if credentials.access_key is not None and credentials.secret_key is not None:
        account = (filled_in(credentials.access_key), filled_in(credentials.secret_key))
    return Client(credentials.token_url, credentials.client_id, filled_in(credentials.client_secret), account)


def _refused(response: Response) -> Failure:
    failure = failure_of_status(response.status, response.headers, response.body)
    refused = HTTPStatus.BAD_REQUEST <= response.status < HTTPStatus.NOT_FOUND
    remedy = Remedy.AUTHENTICATION if refused else failure.remedy
    message = f"no access token: {failure.message}"
    if refused:
        message += "; check the .ionapi file, and that its service account is not expired or locked"
    return Failure(remedy, message, status=response.status, retry_after=failure.retry_after)


def _seconds(value: Json) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) else None
