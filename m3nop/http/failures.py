"""What a request that failed means: whether it can have had an effect, and what has to happen next."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING

from m3nop.core import json
from m3nop.core.connector import Failure, Outcome, Remedy
from m3nop.core.html import plain_text
from m3nop.core.secrets import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.json import Json

LONGEST_WAIT = 86_400.0
"""Seconds; a ``Retry-After`` beyond a day is a mistake of the server."""

_SUMMARY = 200
_TITLE = re.compile(r"<(title|h1)\b", re.IGNORECASE)
_TITLE_ENDS = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("title", "h1")}
_MESSAGE_MEMBERS = (
    "error_description", "message", "Message", "errorMessage", "terminationReason", "faultstring", "detail",
    "title", "reason", "error", "errors", "fault",
)  # fmt: skip


class HttpFailureKind(StrEnum):
    """How a request failed below HTTP."""

    CONNECT = "connect"
    TLS = "tls"
    NAME = "name"
    TIMEOUT = "timeout"
    RESET = "reset"
    PROTOCOL = "protocol"
    TOO_LARGE = "too_large"


class HttpFailure(Exception):  # noqa: N818 - the name says what it is to its callers
    """A request got no usable answer.

    ``sent`` is False only where nothing can have reached the server (name, connect, TLS), True where an
    answer had begun, None where it is not known. Unless it is False a write is in doubt.
    """

    def __init__(self, message: str, *, kind: HttpFailureKind, sent: bool | None) -> None:
        self.kind = kind
        self.sent = sent
        super().__init__(message)

    @property
    def outcome(self) -> Outcome:
        """What is known of the effect of a write that failed so."""
        return Outcome.NOT_SENT if self.sent is False else Outcome.IN_DOUBT

    @property
    def failure(self) -> Failure:
        """The same as a failure of the call."""
        return Failure(_REMEDY_OF_KIND[self.kind], str(self))


_REMEDY_OF_KIND = {
    HttpFailureKind.CONNECT: Remedy.SYSTEMIC,
    HttpFailureKind.TLS: Remedy.CONFIGURATION,
    HttpFailureKind.NAME: Remedy.SYSTEMIC,
    HttpFailureKind.TIMEOUT: Remedy.TRANSIENT,
    HttpFailureKind.RESET: Remedy.TRANSIENT,
    HttpFailureKind.PROTOCOL: Remedy.TRANSIENT,
    HttpFailureKind.TOO_LARGE: Remedy.CONFIGURATION,
}

_AUTHENTICATION = frozenset({401, 403, 407})
_TURNED_AWAY = _AUTHENTICATION | {425, 429}
_TRANSIENT = frozenset({408, 425, 429, 499, 502, 503, 504})
_MISPLACED = frozenset({404, 405, 406, 410, 411, 413, 414, 415, 421, 426, 431})
_IN_DOUBT = frozenset({408, 499})


def outcome_of_status(status: int) -> Outcome:
    """Say what is known of the effect of a write that was answered with this status and no usable body."""
    if status in _TURNED_AWAY:
        return Outcome.NOT_SENT
    refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _IN_DOUBT
    # A redirect may answer a write that was done, and a success without its body says nothing.
    return Outcome.REFUSED if refused else Outcome.IN_DOUBT


def failure_of_status(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Classify an answer that is no success by its status alone; ``headers`` have lower-case names."""
    said = summarise(headers, body)
    message = f"HTTP {status}{_phrase(status)}" + (f": {said}" if said else "")
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        target = headers.get("location", "").split("?")[0]
        message = f"HTTP {status}: redirected to {target or 'somewhere else'}; set `url` to the final address"
    return Failure(_remedy(status), message, status=status, retry_after=retry_after(headers))


def _remedy(status: int) -> Remedy:
    if status in _AUTHENTICATION:
        return Remedy.AUTHENTICATION
    if status in _TRANSIENT:
        return Remedy.TRANSIENT
    if status in _MISPLACED or status < HTTPStatus.BAD_REQUEST:
        return Remedy.CONFIGURATION
    return Remedy.SYSTEMIC if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Remedy.BUSINESS


def _phrase(status: int) -> str:
    try:
        return f" {HTTPStatus(status).phrase}"
    except ValueError:
        return ""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read ``Retry-After`` in seconds; a date counts from the server's own ``Date``."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        moment = _http_date(text)
        if moment is None:
            return None
        seconds = (moment - (_http_date(headers.get("date", "")) or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), LONGEST_WAIT) if seconds == seconds else None  # noqa: PLR0124 - NaN


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def summarise(headers: Mapping[str, str], body: bytes) -> str:
    """Say in one short line what an error body says: JSON, XML, an HTML page or text; never a credential."""
    text = body[:20_000].decode("utf-8", errors="replace").strip()
    said = _said_by_json(text) if text[:1] in {"{", "["} else ""
    if not said:
        said = _said_by_markup(text) if text[:1] == "<" or "html" in headers.get("content-type", "") else text
    line = redact(" ".join(said.split()))
    return line if len(line) <= _SUMMARY else f"{line[: _SUMMARY - 1]}…"


def _said_by_json(text: str) -> str:
    try:
        return _message_in(json.loads(text), depth=4)
    except ValueError:
        return ""


def _message_in(document: Json, *, depth: int) -> str:
    if isinstance(document, str):
        return document
    if not depth or not document:
        return ""
    if isinstance(document, list):
        return _message_in(document[0], depth=depth - 1)
    if not isinstance(document, dict):
        return ""
    candidates = (
        _message_in(document[name], depth=depth - 1) for name in _MESSAGE_MEMBERS if name in document
    )
    named = next(filter(None, candidates), "")
    return named or next((v for v in map(_first_text, document.values()) if v), "")


def _first_text(value: Json) -> str:
    """Return the first text of a list: validation errors come as ``{"field": ["what is wrong"]}``."""
    return value[0] if isinstance(value, list) and value and isinstance(value[0], str) else ""


def _said_by_markup(text: str) -> str:
    title = _TITLE.search(text)
    end = _TITLE_ENDS[title[1].lower()].search(text, title.end()) if title else None
    return plain_text(text[title.start() : end.start()] if title and end else text)
