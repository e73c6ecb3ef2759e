"""Answers what watches the service: is it alive, is it ready, and its metrics. Nothing secret is told."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from m3nop import __version__
from m3nop.app.monitoring.exposition import CONTENT_TYPE
from m3nop.core.errors import M3nopError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from m3nop.app.monitoring.health import Readiness

_WELL, _NOT_READY = 200, 503
_UNCACHED = {"cache-control": "no-store"}


_FRESH = 1.0
"""Seconds for which an answer is told again."""
_Told = tuple[int, bytes]
"""Status and body."""


class _Shared:
    """Finds out at most once in a while, however many ask: what is asked of the state costs it something."""

    def __init__(self, find: Callable[[], _Told], *, fresh: float) -> None:
        self._find = find
        self._fresh = fresh
        self._lock = threading.Lock()
        self._told: _Told | None = None
        self._at = 0.0

    def __call__(self) -> _Told:
        with self._lock:
            if self._told is None or time.monotonic() - self._at >= self._fresh:
                self._told, self._at = self._find(), time.monotonic()
            return self._told


def routes(readiness: Readiness, metrics: Callable[[], bytes], *, fresh: float = _FRESH) -> list[Route]:
    """Return the routes ``/health/live``, ``/health/ready`` and ``/metrics``.

    ``metrics`` gives the text for Prometheus; an answer is told for ``fresh`` seconds. Starlette runs these
    functions on threads, so they may wait for the state.
    """

    def find_ready() -> _Told:
        checks = readiness.checks()
        well = not any(check.trouble for check in checks)
        document = {
            "status": "ready" if well else "not ready",
            "checks": {check.name: check.trouble or "ok" for check in checks},
        }
        return _WELL if well else _NOT_READY, bytes(JSONResponse(document).body)

    def find_metrics() -> _Told:
        try:
            return _WELL, metrics()
        except M3nopError as error:
            # A scrape that fails is seen by itself; why is for the log, for a message may name a server.
            return _NOT_READY, f"the state cannot be read ({type(error).__name__})\n".encode()

    shared_ready, shared_metrics = (_Shared(one, fresh=fresh) for one in (find_ready, find_metrics))

    def ready(_request: Request) -> Response:
        status, body = shared_ready()
        return Response(body, status, media_type="application/json", headers=_UNCACHED)

    def tell(_request: Request) -> Response:
        status, body = shared_metrics()
        kind = CONTENT_TYPE if status == _WELL else "text/plain"
        return Response(body, status, media_type=kind, headers=_UNCACHED)

    return [
        Route("/health/live", _live, methods=["GET"]),
        Route("/health/ready", ready, methods=["GET"]),
        Route("/metrics", tell, methods=["GET"]),
    ]


def _live(_request: Request) -> Response:
    return JSONResponse({"status": "alive", "version": __version__}, headers=_UNCACHED)
