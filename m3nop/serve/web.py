"""The HTTP side of the service: a Starlette application of the routes it is given, served by a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from m3nop.serve.log import Log


def application(routes: Sequence[BaseRoute], *, log: Log) -> Starlette:
    """Join routes to one application, which tells strangers nothing of what goes wrong, and the log all."""

    async def fail(request: Request, error: Exception) -> Response:
        where = f"{type(error).__name__}: {error}"
        log.say("web_error", f"{request.method} {request.url.path} failed: {where}", error=where)
        return Response(status_code=500)

    return Starlette(routes=list(routes), exception_handlers={Exception: fail, HTTPException: _say_nothing})


async def _say_nothing(_request: Request, error: Exception) -> Response:
    return Response(status_code=getattr(error, "status_code", 500))
