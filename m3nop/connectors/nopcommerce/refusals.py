"""Reads what a shop says when it refuses: the error shapes of both dialects, made into a Failure.

Official: a bare JSON string, ``{"message": ...}``, ASP.NET ProblemDetails in any casing. Open-source plugin:
``{"errors": {"field": ["..."]}}``, ``{"error": "..."}``, plain text, an empty body.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from msgspec.structs import replace

from m3nop.core.connector import Failure, Outcome, Remedy
from m3nop.core.errors import AccessError
from m3nop.core.secrets import redact
from m3nop.http.failures import failure_of_status, outcome_of_status

if TYPE_CHECKING:
    from m3nop.core.json import Json
    from m3nop.http.response import Response

_LONGEST = 200
_CARD_NUMBER = re.compile(r"\d(?:[ -]?\d){12,18}")


class ShopFailure(AccessError):  # noqa: N818 - the name says what it is to its callers
    """A request to the shop failed; ``outcome`` is what is known of its effect."""

    failure: Failure

    def __init__(self, failure: Failure, *, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(str(failure), failure=failure)


def refusal(response: Response, *, where: str) -> ShopFailure:
    """Make the failure of an answer that is no success."""
    failure = failure_of_status(response.status, response.headers, response.body)
    said = _said(response)
    if said is not None:
        message, field = said
        failure = replace(
            failure, message=_clean(message), field=field, remedy=_remedy(response.status, failure)
        )
    else:
        failure = replace(failure, message=_clean(failure.message))
    return ShopFailure(
        replace(failure, message=f"{where}: {failure.message}"), outcome=outcome_of_status(response.status)
    )


def unreadable(where: str) -> ShopFailure:
    """Make the failure of a success whose body is not JSON: a maintenance page, or a cut answer."""
    message = f"{where}: the answer is not JSON; is this the shop's address, and is the shop open?"
    return ShopFailure(Failure(Remedy.TRANSIENT, message), outcome=Outcome.IN_DOUBT)


def refused(message: str, *, code: str = "", field: str = "") -> ShopFailure:
    """Make the failure of something that the shop's state or the values of a call do not allow."""
    return ShopFailure(Failure(Remedy.BUSINESS, message, code=code, field=field), outcome=Outcome.REFUSED)


def unfit(name: str, message: str) -> ShopFailure:
    """Make the failure of a value that a call cannot be made with; nothing was sent."""
    return refused(message, field=name)


def said_of(document: Json) -> tuple[str, str] | None:
    """Return the message and field of an error document, or None if it has no shape that is known."""
    if isinstance(document, str):
        return (document, "") if document.strip() else None
    if not isinstance(document, Mapping):
        return None
    members = {name.lower(): value for name, value in document.items()}
    named = _first_of(members.get("errors"))
    if named is not None:
        return named
    for name in ("error", "message", "detail", "title"):
        if isinstance(members.get(name), str) and members[name].strip():
            return members[name], ""
    return None


def _said(response: Response) -> tuple[str, str] | None:
    try:
        return said_of(response.json())
    except ValueError:
        return None


def _first_of(errors: Json) -> tuple[str, str] | None:
    if not isinstance(errors, Mapping):
        return None
    for field, messages in errors.items():
        message = messages[0] if isinstance(messages, list) and messages else messages
        if isinstance(message, str) and message.strip():
            return message, field.removeprefix("$").strip(".")
    return None


def _remedy(status: int, failure: Failure) -> Remedy:
    # A 404 that the API worded itself is about the row; one of the web server is about the address.
    return Remedy.BUSINESS if status == HTTPStatus.NOT_FOUND else failure.remedy


def _clean(text: str) -> str:
    line = _CARD_NUMBER.sub("***", redact(" ".join(text.split())))
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
