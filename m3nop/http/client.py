"""Sends requests: each thread has its own connections, TLS is checked, sizes and times are bounded."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from msgspec import Struct

from m3nop import __version__
from m3nop.core import json as exact_json
from m3nop.core.crash import crashpoint
from m3nop.core.departure import depart
from m3nop.core.errors import ConfigurationError
from m3nop.http.addresses import checked_address, is_loopback
from m3nop.http.outgoing import Outgoing, taken_apart
from m3nop.http.tap import current

if TYPE_CHECKING:
    from m3nop.core.json import Json
    from m3nop.http.pace import Pace
    from m3nop.http.response import Response
    from m3nop.http.wire import Wire

MEGABYTE = 1024 * 1024

Params = Mapping[str, str] | Sequence[tuple[str, str]]


class Timeouts(Struct, frozen=True):
    """Seconds: to connect, and for the whole answer from the moment that the request leaves."""

    connect: float = 10.0
    answer: float = 120.0


class HttpClient:
    """Requests to one base address. Safe to use from several threads.

    Redirects are never followed and cookies never kept, so each request stands for itself. Nothing is
    repeated: only the caller knows whether it may be.

    Raises:
        ConfigurationError: the address is no http(s) address, is plain http to another machine, or holds
            credentials; or ``ca_file`` cannot be read.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeouts: Timeouts | None = None,
        headers: Mapping[str, str] | None = None,
        pace: Pace | None = None,
        largest_answer: int = 64 * MEGABYTE,
        ca_file: str | None = None,
    ) -> None:
        self.base_url = checked_address(base_url)
        self._timeouts = timeouts or Timeouts()
        self._headers = {
            "user-agent": f"m3nop/{__version__}",
            "accept": "application/json",
            **(headers or {}),
        }
        self._pace = pace
        self._largest_answer = largest_answer
        self._host, self._path = taken_apart(self.base_url)
        self._ca_file = ca_file
        if ca_file and self.base_url.startswith("https:"):
            _check_authorities(ca_file)
        self._tls: ssl.SSLContext | None = None
        self._local = threading.local()
        self._wires: list[Wire] = []
        self._lock = threading.Lock()

    def request(
        self,
        method: str,
        path: str = "",
        *,
        params: Params | None = None,
        json: Json = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send one request, whatever status it is answered with.

        ``path`` is appended to the base address and must be quoted already. At most one of ``json`` (written
        with exact numbers, members in their order), ``form`` and ``content`` is the body.

        Raises:
            HttpFailure: there was no whole answer.
        """
        sent = {**self._headers, **headers} if headers else {**self._headers}
        if json is not None:
            content = exact_json.packed(json)
            sent.setdefault("content-type", "application/json")
        elif form is not None:
            content = urlencode(form).encode()
            sent.setdefault("content-type", "application/x-www-form-urlencoded")
        # A blank as %20: not every server reads a plus sign as one.
        query = f"?{urlencode(params, quote_via=quote)}" if params else ""
        target = f"{self._path}/{path.lstrip('/')}" if path else self._path or "/"
        request = Outgoing(method, f"{target}{query}", sent, content)
        if self._pace:
            self._pace.take()
        tap = current()
        return self._put(request) if tap is None else tap(self._host, request, partial(self._put, request))

    def _put(self, request: Outgoing) -> Response:
        """Put a request on the wire of this thread."""
        wire = self._wire()
        wire.connect(request)
        depart()
        crashpoint("http:before")
        response = wire.exchange(request)
        crashpoint("http:after")
        return response

    def address(self, path: str) -> str:
        """Return the full address of a path."""
        return f"{self.base_url}/{path.lstrip('/')}" if path else self.base_url

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            wires, self._wires = self._wires, []
            self._local = threading.local()
        for wire in wires:
            wire.close()

    def _wire(self) -> Wire:
        wire: Wire | None = getattr(self._local, "wire", None)
        if wire is None:
            wire = self._local.wire = self._open()
            with self._lock:
                self._wires.append(wire)
        return wire

    def _open(self) -> Wire:
        from m3nop.http.proxies import proxy_for
        from m3nop.http.wire import Wire, trusting

        secured = self._host.scheme == "https"
        with self._lock:
            if self._tls is None and secured:
                self._tls = trusting(self._ca_file)
        return Wire(
            self._host,
            answer=self._timeouts.answer,
            connect=self._timeouts.connect,
            largest_answer=self._largest_answer,
            tls=self._tls,
            # A proxy of the environment is for other machines, and they are asked by https only.
            proxy=proxy_for(self._host, tls=self._tls)
            if secured and not is_loopback(self._host.name)
            else None,
        )


def _check_authorities(ca_file: str) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(ca_file)
    except OSError as error:
        msg = f"the certificate authorities in `{ca_file}` cannot be read: {error}"
        raise ConfigurationError(msg) from error
