"""Receives webhooks: who sends, how much, how signed, what; then the inbox; only then an answer of success.

A sender learns the status of its request and nothing else. What was wrong is in the log, without the body.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from m3nop.core.errors import M3nopError
from m3nop.serve.addresses import sender, within
from m3nop.serve.payload import Malformed, events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from m3nop.core.clock import Clock
    from m3nop.serve.addresses import Network
    from m3nop.serve.bucket import Bucket
    from m3nop.serve.inbox import Inbox
    from m3nop.serve.log import Log
    from m3nop.serve.payload import Places
    from m3nop.serve.signatures import Scheme

_ECHO = re.compile(r"[A-Za-z0-9-]{1,64}")
_JSON = re.compile(r"application/(?:[a-z0-9.-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)
_UNREAD = (403, 405, 408, 413, 415)
"""Statuses that a request gets before its body was read."""
_PATIENCE = 10.0
"""Seconds that a sender waits for the disk."""


@dataclass(frozen=True, slots=True)
class Source:
    """Who sends webhooks to a path."""

    name: str
    path: str
    scheme: Scheme
    places: Places
    bucket: Bucket
    body_limit: int
    allow: Sequence[Network] = ()
    echoes: bool = False
    """Whether a GET with ``echo`` is answered: how some senders find out that the address is right."""


class Refused(Exception):  # noqa: N818 - the name says what it is to its callers
    """A request that is not accepted."""

    def __init__(self, status: int, why: str, *, retry_after: int = 0) -> None:
        self.status = status
        self.why = why
        self.retry_after = retry_after
        super().__init__(why)


@dataclass(slots=True)
class Door:
    """What all sources of a service share."""

    inbox: Inbox
    log: Log
    clock: Clock
    trusted: Sequence[Network] = ()
    body_timeout: float = 10.0
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    """How many requests of each source were answered with which status."""


def routes(door: Door, sources: Callable[[], Mapping[str, Source]]) -> list[BaseRoute]:
    """Return what answers on the paths of the sources as they are at the time; it comes after all else."""

    async def receive(request: Request) -> Response:
        source = sources().get(request.url.path)
        if source is None:
            return Response(status_code=404)
        return await _answer(door, source, request)

    return [Route("/{path:path}", receive, methods=["GET", "POST"])]


async def _answer(door: Door, source: Source, request: Request) -> Response:
    try:
        answer = await _receive(door, source, request)
    except Refused as refused:
        headers = {"Retry-After": str(refused.retry_after)} if refused.retry_after else {}
        if refused.status in _UNREAD:
            # Whatever of its body is still on its way belongs to no other request.
            headers["Connection"] = "close"
        answer = Response(status_code=refused.status, headers=headers)
        door.log.say(
            "webhook_refused", f"a message for {source.name} was refused ({refused.status}): {refused.why}",
            source=source.name, status=refused.status, reason=refused.why,
        )  # fmt: skip
    door.answers[source.name, answer.status_code] += 1
    return answer


async def _receive(door: Door, source: Source, request: Request) -> Response:
    _check_address(door, source, request)
    if request.method == "GET":
        return _echo(source, request)
    _check_form(source, request)
    body = await _body(door, source, request)
    now = door.clock.now()
    headers = dict(request.headers.items())
    if not source.scheme.accepts(headers, body, now=now / 1e6):
        raise Refused(401, "no key of this source made its signature, or its time is not now")
    wait = source.bucket.take(time.monotonic())
    if wait:
        raise Refused(429, "more a second than `per_second` allows", retry_after=wait)
    try:
        messages = events(source.places, body, headers, source=source.name, now=now)
    except Malformed as error:
        raise Refused(400, str(error)) from error
    try:
        async with asyncio.timeout(_PATIENCE):
            new = await asyncio.wrap_future(door.inbox.put(messages))
    except (M3nopError, TimeoutError) as error:
        raise Refused(503, f"it cannot be kept: {error}", retry_after=5) from error
    return Response(status_code=202 if any(new) else 200)


def _check_address(door: Door, source: Source, request: Request) -> None:
    if not source.allow:
        return
    peer = request.client.host if request.client else ""
    found = sender(peer, request.headers.getlist("x-forwarded-for"), trusted=door.trusted)
    if found is None or not within(found, source.allow):
        raise Refused(403, f"{found or 'an address that cannot be told'} is not among `allow`")


def _echo(source: Source, request: Request) -> Response:
    echo = request.query_params.get("echo", "")
    if not source.echoes or not _ECHO.fullmatch(echo):
        raise Refused(405, "only messages are received here")
    return PlainTextResponse(echo, headers={"X-Content-Type-Options": "nosniff"})


def _check_form(source: Source, request: Request) -> None:
    """Refuse by its head what need not be read."""
    if request.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise Refused(415, "compressed bodies are not read")
    if not _JSON.fullmatch(request.headers.get("content-type", "")):
        raise Refused(415, "its content type is not JSON")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > source.body_limit:
        raise Refused(413, "it is larger than `body_limit`")


async def _body(door: Door, source: Source, request: Request) -> bytes:
    parts, size = [], 0
    try:
        async with asyncio.timeout(door.body_timeout):
            async for part in request.stream():
                size += len(part)
                if size > source.body_limit:
                    raise Refused(413, "it is larger than `body_limit`")
                parts.append(part)
    except TimeoutError as error:
        raise Refused(408, "its body did not come in time") from error
    return b"".join(parts)
