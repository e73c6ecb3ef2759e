"""Answers what watches the service: is it alive, is it ready, and its metrics. Nothing secret is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from m3nop import __version__
from m3nop.app.monitoring.exposition import CONTENT_TYPE
from m3nop.core.errors import M3nopError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from m3nop.app.monitoring.health import Readiness

_NOT_READY = 503
_UNCACHED = {"cache-control": "no-store"}


def routes(readiness: Readiness, metrics: Callable[[], bytes]) -> list[Route]:
    """Return the routes ``/health/live``, ``/health/ready`` and ``/metrics``.

    ``metrics`` gives the text for Prometheus. Starlette runs these functions on threads, so they may wait for
    the state.
    """

    def ready(_request: Request) -> Response:
        checks = readiness.checks()
        well = not any(check.trouble for check in checks)
        document = {
            "status": "ready" if well else "not ready",
            "checks": {check.name: check.trouble or "ok" for check in checks},
        }
        return JSONResponse(document, 200 if well else _NOT_READY, headers=_UNCACHED)

    def tell(_request: Request) -> Response:
        try:
            return Response(metrics(), media_type=CONTENT_TYPE, headers=_UNCACHED)
        except M3nopError as error:
            # A scrape that fails is seen by itself; why is for the log, for a message may name a server.
            message = f"the state cannot be read ({type(error).__name__})\n"
            return PlainTextResponse(message, _NOT_READY, headers=_UNCACHED)

    return [
        Route("/health/live", _live, methods=["GET"]),
        Route("/health/ready", ready, methods=["GET"]),
        Route("/metrics", tell, methods=["GET"]),
    ]


def _live(_request: Request) -> Response:
    return JSONResponse({"status": "alive", "version": __version__}, headers=_UNCACHED)
