"""Receives webhooks: who sends, how much, how signed, what; then the inbox; then an answer of success."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from msgspec import Struct
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from m3nop.serve.door import Refused
from m3nop.serve.payload import Malformed, events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from m3nop.serve.addresses import Network
    from m3nop.serve.bucket import Bucket
    from m3nop.serve.door import Door
    from m3nop.serve.payload import Places
    from m3nop.serve.signatures import Scheme

_ECHO = re.compile(r"[A-Za-z0-9-]{1,64}")
_JSON = re.compile(r"application/(?:[a-z0-9.-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)


class Source(Struct, frozen=True):
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


def routes(door: Door, sources: Callable[[], Mapping[str, Source]]) -> list[BaseRoute]:
    """Return what answers on the paths of the sources as they are at the time; it comes after all else."""

    async def receive(request: Request) -> Response:
        source = sources().get(request.url.path)
        if source is None:
            return Response(status_code=404)
        return await door.answer(source, request, _receive(door, source, request))

    return [Route("/{path:path}", receive, methods=["GET", "POST"])]


async def _receive(door: Door, source: Source, request: Request) -> Response:
    door.check_address(source, request)
    if request.method != "POST":
        return _echo(source, request)
    _check_form(request)
    body = await door.body(source, request)
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
    return Response(status_code=202 if await door.keep(messages) else 200)


def _echo(source: Source, request: Request) -> Response:
    echo = request.query_params.get("echo", "")
    if not source.echoes or not _ECHO.fullmatch(echo):
        raise Refused(405, "only messages are received here")
    return PlainTextResponse(echo, headers={"X-Content-Type-Options": "nosniff"})


def _check_form(request: Request) -> None:
    """Refuse by its head what need not be read."""
    if request.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise Refused(415, "compressed bodies are not read")
    if not _JSON.fullmatch(request.headers.get("content-type", "")):
        raise Refused(415, "its content type is not JSON")
