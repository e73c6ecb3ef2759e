"""Sends requests to a shop: signed in, reads repeated a few times, answers as JSON or a ShopFailure."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from m3nop.connectors.nopcommerce.refusals import ShopFailure, refusal, unreadable
from m3nop.core.connector import Outcome, Remedy
from m3nop.http.failures import HttpFailure
from m3nop.http.tokens import TokenFailure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.connectors.nopcommerce.auth import Access
    from m3nop.core.clock import Clock
    from m3nop.core.connector import Failure
    from m3nop.core.json import Json
    from m3nop.http.client import HttpClient
    from m3nop.http.response import Response

_PAUSES = (0.5, 2.0)
"""Seconds before a read is repeated the first and the second time."""
_LONGEST_PAUSE = 30.0


class Request(Struct, frozen=True):
    """One request; the path is below the shop's address and quoted already."""

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    body: Json = None
    headers: Mapping[str, str] | None = None


class ShopApi:
    """Requests of one dialect. ``forbidden`` says what a user who is turned away lacks."""

    def __init__(self, http: HttpClient, access: Access, *, clock: Clock, forbidden: str) -> None:
        self._http = http
        self._access = access
        self._clock = clock
        self._forbidden = forbidden

    def read(self, request: Request) -> Json:
        """Make a request that changes nothing, again after a passing failure; a row that is gone is None.

        Raises:
            ShopFailure: it failed.
        """
        for pause in _PAUSES:
            try:
                return self._read(request)
            except ShopFailure as error:
                failure = error.failure
                if not _may_pass(failure) or (failure.retry_after or 0) > _LONGEST_PAUSE:
                    raise
                self._clock.wait(max(pause, failure.retry_after or 0))
        return self._read(request)

    def write(self, request: Request) -> Json:
        """Make a request that acts, once; an answer without a body is None.

        Raises:
            ShopFailure: it failed.
        """
        response = self._exchange(request)
        if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            raise self._refused(response, request)
        return _document(response, request) if response.body.strip() else None

    def open_to_anybody(self, path: str) -> bool:
        """Tell whether the shop answers a request that does not say who asks (its developer mode).

        Raises:
            ShopFailure: there was no answer.
        """
        try:
            response = self._http.request("GET", path)
        except HttpFailure as error:
            raise ShopFailure(error.failure, outcome=error.outcome) from error
        return response.status == HTTPStatus.OK

    def trial(self, path: str) -> Failure | None:
        """Read once; None if the shop answered, even if it has no such row.

        Raises nothing: a failure is what is asked for.
        """
        try:
            self._read(Request("GET", path))
        except ShopFailure as error:
            return error.failure
        return None

    def close(self) -> None:
        """Give back sockets."""
        self._http.close()

    def _read(self, request: Request) -> Json:
        response = self._exchange(request)
        if response.status == HTTPStatus.OK:
            return _document(response, request)
        if response.status == HTTPStatus.NO_CONTENT:
            return None
        error = self._refused(response, request)
        if response.status == HTTPStatus.NOT_FOUND and error.failure.remedy is Remedy.BUSINESS:
            return None
        raise error

    def _exchange(self, request: Request) -> Response:
        def send(signed: Mapping[str, str]) -> Response:
            return self._http.request(
                request.method,
                request.path,
                params=list(request.query) or None,
                json=request.body,
                headers={**signed, **(request.headers or {})},
            )

        try:
            return self._access.send(send)
        except TokenFailure as error:
            raise ShopFailure(error.failure, outcome=Outcome.NOT_SENT) from error
        except HttpFailure as error:
            raise ShopFailure(error.failure, outcome=error.outcome) from error

    def _refused(self, response: Response, request: Request) -> ShopFailure:
        error = refusal(response, where=_where(request))
        said = {401: "the shop does not accept the token", 403: self._forbidden}.get(response.status)
        if said is None:
            return error
        failure = replace(error.failure, message=f"{_where(request)}: {said}", field="")
        return ShopFailure(failure, outcome=error.outcome)


def _document(response: Response, request: Request) -> Json:
    try:
        return response.json()
    except ValueError as error:
        raise unreadable(_where(request)) from error


def _may_pass(failure: Failure) -> bool:
    # Any failure of the server: a shop answers 500 where its database was busy for a moment.
    return failure.remedy is Remedy.TRANSIENT or (failure.status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR


def _where(request: Request) -> str:
    # A list of ids would bury the message.
    path, _, last = request.path.rpartition("/")
    return f"{request.method} /{path if ';' in last else request.path}"
