"""Talks to the control interface of a sandbox, in this process or in another."""

from __future__ import annotations

import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from m3nop.core import json
from m3nop.core.errors import AccessError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from m3nop.core.json import Json

_SECONDS = 30.0
# A proxy of the environment is for other machines; this is always loopback.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Control:
    """The control interface of the sandbox at ``url``."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Json:
        """Read something.

        Raises:
            UsageError: the sandbox does not know it.
            AccessError: the sandbox does not answer.
        """
        return self._ask("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, body: Json = None) -> Json:
        """Do something; raises as ``get`` does."""
        return self._ask("POST", path, body)

    def delete(self, path: str) -> Json:
        """Remove something; raises as ``get`` does."""
        return self._ask("DELETE", path)

    def _ask(self, method: str, path: str, body: Json = None) -> Json:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/sandbox/{path}", data, method=method)  # noqa: S310
        try:
            with _OPENER.open(request, timeout=_SECONDS) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise UsageError(_said(error)) from error
        except (OSError, ValueError) as error:
            msg = f"the sandbox at {self.url} does not answer: {error}; start it again with `m3nop sandbox`"
            raise AccessError(msg) from error


@contextmanager
def control_of(folder: Path) -> Iterator[Control]:
    """Reach the sandbox whose books are in ``folder``: the one that runs, or one for as long as this takes.

    Raises:
        AccessError, StateError: it cannot be reached or started.
    """
    from m3nop.sandbox.embedded import attach_or_start

    running = attach_or_start(folder)
    try:
        yield Control(running.url)
    finally:
        running.close()


def segment(text: object) -> str:
    """Quote what becomes a part of a path."""
    return quote(str(text), safe="")


def _said(error: urllib.error.HTTPError) -> str:
    try:
        said: Any = json.loads(error.read())["error"]
    except (ValueError, KeyError, TypeError, OSError):
        said = f"HTTP {error.code}"
    return f"the sandbox refuses: {said}"
