"""The addresses below ``/ion/SOURCE``: the connection point that ION calls, and what document flows call.

A connection point (ION Messaging Service, version 3, and version 2 as far as it differs) has ``ping``,
``protocol``, ``multipartMessage`` and ``message/multipart`` below ``service``. Discovery is optional for an
application, and its form is not published: ``protocol`` says that there is none. ``document`` is what a
document flow calls through API Gateway; ``openapi.json`` describes it.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from m3nop.serve.door import Refused
from m3nop.serve.ion.callers import Asked
from m3nop.serve.ion.envelope import Envelope, opened, opened_single
from m3nop.serve.ion.errors import Unreadable
from m3nop.serve.ion.openapi import openapi
from m3nop.serve.ion.receiving import messages_in, messages_of
from m3nop.serve.ion.unpacking import unpacked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from m3nop.core.inbox import Message
    from m3nop.serve.door import Door
    from m3nop.serve.ion.receiving import IonSource

    Read = Callable[[IonSource, Request, bytes], Sequence[Message]]

_VERSIONS = ("v2", "v3")
_KINDS = ("application/json", "application/xml", "text/xml", "application/octet-stream")


def routes(door: Door, sources: Callable[[], Mapping[str, IonSource]]) -> list[BaseRoute]:
    """Return what answers for the sources as they are at the time."""

    def route(
        path: str, answer: Callable[[Door, IonSource, Request], Awaitable[Response]], verb: str
    ) -> Route:
        async def respond(request: Request) -> Response:
            source = sources().get(request.path_params["source"])
            if source is None:
                return Response(status_code=404)
            return await door.answer(source, request, _guarded(door, source, request, answer))

        return Route(f"/ion/{{source}}{path}", respond, methods=[verb])

    return [
        route("/service/ping", _ping, "GET"),
        route("/service/protocol", _protocol, "GET"),
        route("/service/{version}/discovery", _discovery, "POST"),
        route("/service/{version}/multipartMessage", _multipart_message, "POST"),
        route("/service/{version}/message/multipart", _message_multipart, "POST"),
        route("/document", _document, "POST"),
        route("/openapi.json", _openapi, "GET"),
    ]


async def _guarded(
    door: Door, source: IonSource, request: Request,
    answer: Callable[[Door, IonSource, Request], Awaitable[Response]],
) -> Response:  # fmt: skip
    """Answer those only who have proved who they are."""
    door.check_address(source, request)
    query = f"?{request.url.query}" if request.url.query else ""
    host = source.url or f"{request.url.scheme}://{request.headers.get('host', '')}"
    asked = Asked(
        request.method, f"{host}{request.url.path}{query}", request.headers.get("authorization", "")
    )  # fmt: skip
    if not source.caller.accepts(asked, now=door.clock.now() / 1e6):
        headers = {"WWW-Authenticate": source.caller.challenge}
        raise Refused(401, "it does not prove that it is from ION, or its time is not now", headers=headers)
    version = request.path_params.get("version", _VERSIONS[-1])
    if version not in _VERSIONS:
        raise Refused(404, "the protocol has versions 2 and 3")
    tenant = request.headers.get("x-tenantid")
    if source.tenant is not None and tenant is not None and tenant != source.tenant:
        raise Refused(403, "it is of another tenant")
    return await answer(door, source, request)


async def _ping(_door: Door, _source: IonSource, _request: Request) -> Response:
    return _well(200)


async def _protocol(_door: Door, source: IonSource, _request: Request) -> Response:
    return JSONResponse({"version": "v3", "messageMethod": source.method, "hasDiscovery": False})


async def _discovery(_door: Door, _source: IonSource, _request: Request) -> Response:
    raise Refused(501, "there is no discovery, as `protocol` says")


async def _openapi(_door: Door, source: IonSource, _request: Request) -> Response:
    return JSONResponse(openapi(source.name, sorted(source.places)))


async def _multipart_message(door: Door, source: IonSource, request: Request) -> Response:
    return await _received(door, source, request, _read_two)


async def _message_multipart(door: Door, source: IonSource, request: Request) -> Response:
    return await _received(door, source, request, _read_one)


async def _document(door: Door, source: IonSource, request: Request) -> Response:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _KINDS and not kind.endswith(("+xml", "+json")):
        raise Refused(415, "its content type is neither XML nor JSON")
    return await _received(door, source, request, _read_plain)


async def _received(door: Door, source: IonSource, request: Request, read: Read) -> Response:
    """Read a message, keep it on the disk, and only then say so."""
    body = await door.body(source, request)
    wait = source.bucket.take(time.monotonic())
    if wait:
        raise Refused(429, "more a second than `per_second` allows", retry_after=wait)
    try:
        # A large document takes its time, in which others are answered.
        messages = await asyncio.to_thread(read, source, request, body)
    except Unreadable as error:
        raise Refused(error.status, str(error)) from error
    return _well(202 if await door.keep(messages) else 200)


def _read_two(source: IonSource, request: Request, body: bytes) -> Sequence[Message]:
    return messages_in(source, opened(body, request.headers.get("content-type", "")))


def _read_one(source: IonSource, request: Request, body: bytes) -> Sequence[Message]:
    outside = [*request.query_params.items(), *request.headers.items()]
    return messages_in(source, opened_single(body, request.headers.get("content-type", ""), outside))


def _read_plain(source: IonSource, request: Request, body: bytes) -> Sequence[Message]:
    """Read a document as it is, or events in JSON where no parameter says which document it is."""
    kind = request.headers.get("content-type", "")
    encoding, given = request.headers.get("content-encoding", ""), request.query_params
    is_json = "json" in kind.partition(";")[0].lower()
    if is_json and "documentName" not in given:
        return messages_of(source, b"".join(unpacked(body, encoding, limit=source.body_limit)))
    return messages_in(
        source, Envelope.plain(body, kind, is_json=is_json, given=given.items(), encoding=encoding)
    )


def _well(status: int) -> Response:
    return JSONResponse({"status": "OK", "code": status}, status_code=status)
