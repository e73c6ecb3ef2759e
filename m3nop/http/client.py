"""Sends requests: one httpx client a thread, TLS checked, sizes and times bounded, nothing repeated."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

import httpx

from m3nop import __version__
from m3nop.core import json as exact_json
from m3nop.core.crash import crashpoint
from m3nop.core.departure import depart
from m3nop.core.errors import ConfigurationError
from m3nop.http.addresses import checked_address, is_loopback
from m3nop.http.failures import HttpFailure, HttpFailureKind
from m3nop.http.response import Response

if TYPE_CHECKING:
    from m3nop.core.json import Json
    from m3nop.http.pace import Pace

MEGABYTE = 1024 * 1024

Params = Mapping[str, str] | Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Timeouts:
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
        self._loopback = is_loopback(urlsplit(self.base_url).hostname or "")
        self._tls = _tls_context(ca_file) if self.base_url.startswith("https:") else None
        self._local = threading.local()
        self._clients: list[httpx.Client] = []
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
        sent = {**self._headers, **(headers or {})}
        if json is not None:
            content = exact_json.compact(json).encode()
            sent.setdefault("content-type", "application/json")
        # A blank as %20: not every server reads a plus sign as one.
        query = f"?{urlencode(params, quote_via=quote)}" if params else ""
        request = self._client().build_request(
            method, f"{self.address(path)}{query}", content=content, data=form, headers=sent
        )
        if self._pace:
            self._pace.take()
        depart()
        crashpoint("http:before")
        response = self._exchange(request)
        crashpoint("http:after")
        return response

    def address(self, path: str) -> str:
        """Return the full address of a path."""
        return f"{self.base_url}/{path.lstrip('/')}" if path else self.base_url

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            clients, self._clients = self._clients, []
            self._local = threading.local()
        for client in clients:
            client.close()

    def _client(self) -> httpx.Client:
        client: httpx.Client | None = getattr(self._local, "client", None)
        if client is None:
            client = self._local.client = self._open()
            with self._lock:
                self._clients.append(client)
        return client

    def _open(self) -> httpx.Client:
        try:
            return httpx.Client(
                # An unused context stands in for plain http to loopback: loading authorities takes long.
                verify=self._tls or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                timeout=httpx.Timeout(self._timeouts.answer, connect=self._timeouts.connect),
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                follow_redirects=False,
                # Shorter than servers keep an idle connection: a write that meets its closing is in doubt.
                limits=httpx.Limits(max_connections=4, keepalive_expiry=3.0),
                # A proxy of the environment is for other machines.
                trust_env=not self._loopback,
            )
        except (ValueError, ImportError) as error:
            msg = f"the proxy that the environment names cannot be used: {error}"
            raise HttpFailure(msg, kind=HttpFailureKind.CONNECT, sent=False) from error

    def _exchange(self, request: httpx.Request) -> Response:
        where = f"{request.method} {request.url.copy_with(query=None, fragment=None)}"
        deadline = time.monotonic() + self._timeouts.answer
        answered = False
        try:
            response = self._client().send(request, stream=True)
            answered = True
            try:
                body = self._read(response, where=where, deadline=deadline)
            finally:
                response.close()
        except httpx.TransportError as error:
            raise _failure_of(error, where=where, answered=answered) from error
        except httpx.DecodingError as error:
            msg = f"{where}: the answer is damaged ({error})"
            raise HttpFailure(msg, kind=HttpFailureKind.PROTOCOL, sent=True) from error
        return Response(response.status_code, _joined(response.headers), body)

    def _read(self, response: httpx.Response, *, where: str, deadline: float) -> bytes:
        parts = bytearray()
        for part in response.iter_bytes():
            parts += part
            if len(parts) > self._largest_answer:
                msg = (
                    f"{where}: the answer is larger than {self._largest_answer} bytes; ask for less at a time"
                )
                raise HttpFailure(msg, kind=HttpFailureKind.TOO_LARGE, sent=True)
            if time.monotonic() > deadline:
                msg = f"{where}: the answer was not complete after {self._timeouts.answer:g} s"
                raise HttpFailure(msg, kind=HttpFailureKind.TIMEOUT, sent=True)
        return bytes(parts)


def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Trust the authorities of the library and of the operating system (companies add their own there)."""
    context = httpx.create_ssl_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:
            msg = f"the certificate authorities in `{ca_file}` cannot be read: {error}"
            raise ConfigurationError(msg) from error
    return context


def _joined(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _failure_of(error: httpx.TransportError, *, where: str, answered: bool) -> HttpFailure:
    kind, sent, words = _judge(error)
    return HttpFailure(f"{where}: {words}", kind=kind, sent=True if answered else sent)


def _judge(error: httpx.TransportError) -> tuple[HttpFailureKind, bool | None, str]:
    causes = _causes(error)
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.PoolTimeout)):
        return _judge_connect(error, causes)
    if isinstance(error, httpx.TimeoutException):
        return HttpFailureKind.TIMEOUT, None, "no answer in time"
    if isinstance(error, httpx.NetworkError):
        return HttpFailureKind.RESET, None, f"the connection broke ({_words(error)})"
    if "disconnected" in str(error):
        return HttpFailureKind.RESET, None, "the connection was closed before an answer came"
    return HttpFailureKind.PROTOCOL, None, f"the answer is not HTTP ({_words(error)})"


def _judge_connect(
    error: httpx.TransportError, causes: Sequence[BaseException]
) -> tuple[HttpFailureKind, bool | None, str]:
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return HttpFailureKind.NAME, False, "the host name is not known; check `url` and the network"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return HttpFailureKind.TLS, False, f"no trusted TLS connection ({_words(error)})"
    if isinstance(error, httpx.TimeoutException):
        return HttpFailureKind.CONNECT, False, "no connection in time"
    return HttpFailureKind.CONNECT, False, f"no connection ({_words(error)})"


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in found:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
