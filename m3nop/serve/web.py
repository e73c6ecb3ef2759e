"""The HTTP side of the service: a Starlette application of the routes it is given, served by a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute


def application(routes: Sequence[BaseRoute]) -> Starlette:
    """Join routes to one application, which tells strangers nothing of what goes wrong."""
    return Starlette(routes=list(routes), exception_handlers={Exception: _say_nothing, 404: _say_nothing})


async def _say_nothing(_request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 500)
    return PlainTextResponse("", status_code=status)
