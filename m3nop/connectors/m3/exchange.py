"""Sends MI transactions and brings back what became of each, by version 2 or 1 of the REST interface."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct
from msgspec.structs import replace

from m3nop.connectors.m3.results import Reply
from m3nop.core.connector import Failure, Outcome, Remedy
from m3nop.http.failures import (
    HttpFailure,
    HttpFailureKind,
    failure_of_status,
    outcome_of_status,
    retry_after,
    summarise,
)
from m3nop.http.tokens import TokenFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from m3nop.core.connector import Call
    from m3nop.core.json import Json
    from m3nop.http.response import Response

POSITION_HEADER = "positionkey"
"""Says where a list goes on (Infor's public API documents; not all releases fill it)."""

TIMED_OUT = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT})


class Session(Struct, frozen=True):
    """What every request says of itself: company and division, None for the M3 user's own."""

    company: int | None
    division: str | None


class Exchange(Protocol):
    """A version of the REST interface."""

    def send(self, calls: Sequence[Call], *, most: int) -> list[Reply]:
        """Make the calls and reply to each; ``most`` limits the rows of each (0 for no limit)."""
        ...

    def read_on(self, call: Call, *, most: int, position: str) -> Reply:
        """Read a list on from where an answer ended."""
        ...


@dataclass(frozen=True, slots=True)
class Unusable(Exception):  # noqa: N818 - never leaves the connector
    """There was no answer to read; the same is true of every call of the request."""

    outcome: Outcome
    failure: Failure
    timed_out: bool = False


def document_of(send: Callable[[], Response]) -> tuple[Response, dict[str, Json]]:
    """Send a request and parse its answer; M3 puts its own refusals into 200 and 400.

    Raises:
        Unusable: it failed, or what came back is not JSON.
    """
    try:
        response = send()
    except TokenFailure as failed:
        raise Unusable(Outcome.NOT_SENT, failed.failure) from failed
    except HttpFailure as failed:
        timed_out = failed.kind is HttpFailureKind.TIMEOUT
        raise Unusable(failed.outcome, failed.failure, timed_out) from failed
    if response.status not in {HTTPStatus.OK, HTTPStatus.BAD_REQUEST}:
        raise _unusable_status(response)
    document = _document(response)
    if document is None:
        said = summarise(response.headers, response.body)
        message = f"HTTP {response.status} without a usable answer" + (f": {said}" if said else "")
        later = retry_after(response.headers)
        failure = Failure(Remedy.TRANSIENT, message, status=response.status, retry_after=later)
        raise Unusable(Outcome.IN_DOUBT, failure)
    return response, document


def _document(response: Response) -> dict[str, Json] | None:
    if "json" not in response.media_type:
        return None
    try:
        document = response.json()
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _unusable_status(response: Response) -> Unusable:
    failure = failure_of_status(response.status, response.headers, response.body)
    outcome = outcome_of_status(response.status)
    if failure.remedy is Remedy.CONFIGURATION and outcome is Outcome.REFUSED:
        # No such address: nothing there that could have acted.
        failure = replace(failure, message=f"{failure.message}; check `url`, `api_path` and `api`")
        outcome = Outcome.NOT_SENT
    if response.status == HTTPStatus.FORBIDDEN:
        hint = "company, division or this API may not be open to the M3 user that signs in"
        failure = replace(failure, message=f"{failure.message}; {hint}")
    return Unusable(outcome, failure, response.status in TIMED_OUT)


def replies_to(count: int, unusable: Unusable) -> list[Reply]:
    """Say the same of every call of a request."""
    return [Reply(None, unusable.outcome, unusable.failure, clean=False)] * count
