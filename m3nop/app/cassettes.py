"""Lets requests go through a cassette of vcrpy.

What vcrpy puts in place of an HTTP library's classes is not for several threads, and both connections have
several. So nothing is replaced here: a cassette is only matched, kept and read by vcrpy.
"""

from __future__ import annotations

import importlib
import threading
from contextlib import contextmanager
from http.client import responses
from typing import TYPE_CHECKING, Any

from m3nop.core.errors import UsageError
from m3nop.http.response import Response
from m3nop.http.tap import tapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from m3nop.http.outgoing import Host, Outgoing


def vcrpy() -> Any:  # noqa: ANN401  the library has no types
    """Return the library.

    Raises:
        UsageError: it is not installed.
    """
    try:
        for part in ("errors", "patch", "request"):
            importlib.import_module(f"vcr.{part}")
        return importlib.import_module("vcr")
    except ImportError:
        msg = "the wire needs the extra `capture`: pip install 'm3nop[capture]'"
        raise UsageError(msg) from None


def recorder(**options: Any) -> Any:  # noqa: ANN401  vcrpy's
    """Return what opens cassettes, with options of vcrpy's ``VCR``.

    Raises:
        UsageError: vcrpy is not installed.
    """
    vcr = vcrpy()
    return vcr.VCR(skip_patchers=vcr.patch.PATCHER_NAMES, **options)


@contextmanager
def through(cassette: Any) -> Iterator[None]:  # noqa: ANN401  vcrpy's
    """Answer each request from an open cassette, or keep it there with the answer that it gets.

    A request that a cassette for replay only does not have raises CannotOverwriteExistingCassetteException
    of vcrpy.
    """
    vcr, lock = vcrpy(), threading.Lock()

    def pass_through(host: Host, request: Outgoing, send: Callable[[], Response]) -> Response:
        url = f"{host}{request.target}"
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = vcr.request.Request(request.method, url, request.content or b"", headers)
        with lock:
            if cassette.can_play_response_for(asked):
                return _played(cassette.play_response(asked))
        if cassette.write_protected and cassette.filter_request(asked):
            raise vcr.errors.CannotOverwriteExistingCassetteException(cassette=cassette, failed_request=asked)
        answered = send()
        with lock:
            cassette.append(asked, _kept(answered))
        return answered

    with tapped(pass_through):
        yield


def _kept(answered: Response) -> dict[str, Any]:
    return {
        "status": {"code": answered.status, "message": responses.get(answered.status, "")},
        "headers": {name: [value] for name, value in answered.headers.items()},
        "body": {"string": answered.body},
    }


def _played(kept: Any) -> Response:  # noqa: ANN401  vcrpy's
    headers = {name.lower(): ", ".join(values) for name, values in kept["headers"].items()}
    return Response(kept["status"]["code"], headers, kept["body"]["string"])
