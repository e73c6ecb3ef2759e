"""What goes over the wire of one thread. It alone needs httpx, which is imported with the first request."""

from __future__ import annotations

import socket
import ssl
import time
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING

import httpx

from m3nop.http.failures import HttpFailure, HttpFailureKind
from m3nop.http.response import Response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Wire:
    """The connections of one thread.

    ``answer`` and ``connect`` are seconds, ``largest_answer`` bytes. Without ``tls`` only plain http can be
    spoken; ``proxies`` are those that the environment names.
    """

    def __init__(
        self, *, answer: float, connect: float, largest_answer: int, tls: ssl.SSLContext | None, proxies: bool
    ) -> None:
        self._answer = answer
        self._largest_answer = largest_answer
        try:
            self._client = httpx.Client(
                # An unused context stands in for plain http to loopback: loading authorities takes long.
                verify=tls or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                timeout=httpx.Timeout(answer, connect=connect),
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                follow_redirects=False,
                # Shorter than servers keep an idle connection: a write that meets its closing is in doubt.
                limits=httpx.Limits(max_connections=4, keepalive_expiry=3.0),
                trust_env=proxies,
            )
        except (ValueError, ImportError) as error:
            msg = f"the proxy that the environment names cannot be used: {error}"
            raise HttpFailure(msg, kind=HttpFailureKind.CONNECT, sent=False) from error

    def prepare(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None,
        form: Mapping[str, str] | None,
        headers: Mapping[str, str],
    ) -> httpx.Request:
        """Make a request, which is not sent yet."""
        return self._client.build_request(method, url, content=content, data=form, headers=headers)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def exchange(self, request: httpx.Request) -> Response:
        """Send a request and read its answer, whatever its status.

        Raises:
            HttpFailure: there was no whole answer.
        """
        deadline = time.monotonic() + self._answer
        answered = False
        try:
            response = self._client.send(request, stream=True)
            answered = True
            try:
                body = self._read(response, deadline=deadline)
            finally:
                response.close()
        except httpx.TransportError as error:
            raise _failure_of(error, where=_where(request), answered=answered) from error
        except httpx.DecodingError as error:
            msg = f"{_where(request)}: the answer is damaged ({error})"
            raise HttpFailure(msg, kind=HttpFailureKind.PROTOCOL, sent=True) from error
        return Response(response.status_code, _joined(response.headers), body)

    def _read(self, response: httpx.Response, *, deadline: float) -> bytes:
        parts = bytearray()
        for part in response.iter_bytes():
            parts += part
            if len(parts) > self._largest_answer:
                where = _where(response.request)
                msg = (
                    f"{where}: the answer is larger than {self._largest_answer} bytes; ask for less at a time"
                )
                raise HttpFailure(msg, kind=HttpFailureKind.TOO_LARGE, sent=True)
            if time.monotonic() > deadline:
                msg = f"{_where(response.request)}: the answer was not complete after {self._answer:g} s"
                raise HttpFailure(msg, kind=HttpFailureKind.TIMEOUT, sent=True)
        return bytes(parts)


def _where(request: httpx.Request) -> str:
    """Name a request without its query, which may hold what nobody is to read in a log."""
    return f"{request.method} {request.url.copy_with(query=None, fragment=None)}"


def trusting(ca_file: str | None) -> ssl.SSLContext:
    """Trust the authorities of the library and of the operating system (companies add their own there)."""
    context = httpx.create_ssl_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs()
    if ca_file:
        context.load_verify_locations(ca_file)
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
