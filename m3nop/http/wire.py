"""What goes over the wire of one thread. It alone needs httpx, which is imported with the first request."""

from __future__ import annotations

import socket
import ssl
import time
from functools import lru_cache, partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING
from urllib.request import getproxies

import httpx

from m3nop.http.failures import HttpFailure, HttpFailureKind
from m3nop.http.response import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_DECODED = httpx.Client(trust_env=False, transport=httpx.BaseTransport()).headers["accept-encoding"].encode()
"""The compressions that can be undone here."""
_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})


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
        # An unused context stands in for plain http to loopback: loading authorities takes long.
        verify = tls or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # Shorter than servers keep an idle connection: a write that meets its closing is in doubt.
        limits = httpx.Limits(max_connections=4, keepalive_expiry=3.0)
        self._timeouts = httpx.Timeout(answer, connect=connect).as_dict()
        self._way: httpx.Client | httpx.HTTPTransport
        self._respond: Callable[[httpx.Request], httpx.Response]
        if not (proxies and getproxies()):
            # What a client does besides (cookies, redirects, sign-in) is not wanted, and takes long.
            self._way = httpx.HTTPTransport(verify=verify, limits=limits)
            self._respond = self._way.handle_request
            return
        try:
            client = httpx.Client(
                verify=verify,
                limits=limits,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                follow_redirects=False,
            )
        except (ValueError, ImportError) as error:
            msg = f"the proxy that the environment names cannot be used: {error}"
            raise HttpFailure(msg, kind=HttpFailureKind.CONNECT, sent=False) from error
        self._way, self._respond = client, partial(client.send, stream=True)

    def prepare(
        self, method: str, url: str, *, content: bytes | None, headers: Mapping[str, str]
    ) -> httpx.Request:
        """Make a request, which is not sent yet; ``headers`` have lower-case names."""
        address = _address(url)
        fields = [(b"host", address.netloc), (b"accept-encoding", _DECODED)]
        if content is not None or method not in _WITHOUT_BODY:
            fields.append((b"content-length", b"%d" % len(content or b"")))
        fields += [(name.encode(), value.encode()) for name, value in headers.items()]
        return httpx.Request(
            method,
            address,
            headers=fields,
            stream=httpx.ByteStream(content or b""),
            extensions={"timeout": self._timeouts},
        )

    def close(self) -> None:
        """Close the connections."""
        self._way.close()

    def exchange(self, request: httpx.Request) -> Response:
        """Send a request and read its answer, whatever its status.

        Raises:
            HttpFailure: there was no whole answer.
        """
        deadline = time.monotonic() + self._answer
        answered = False
        try:
            response = self._respond(request)
            answered = True
            try:
                body = self._read(request, response, deadline=deadline)
            finally:
                response.close()
        except httpx.TransportError as error:
            raise _failure_of(error, where=_where(request), answered=answered) from error
        except httpx.DecodingError as error:
            msg = f"{_where(request)}: the answer is damaged ({error})"
            raise HttpFailure(msg, kind=HttpFailureKind.PROTOCOL, sent=True) from error
        return Response(response.status_code, _joined(response.headers), body)

    def _read(self, request: httpx.Request, response: httpx.Response, *, deadline: float) -> bytes:
        parts = bytearray()
        for part in response.iter_bytes():
            parts += part
            if len(parts) > self._largest_answer:
                where = _where(request)
                msg = (
                    f"{where}: the answer is larger than {self._largest_answer} bytes; ask for less at a time"
                )
                raise HttpFailure(msg, kind=HttpFailureKind.TOO_LARGE, sent=True)
            if time.monotonic() > deadline:
                msg = f"{_where(request)}: the answer was not complete after {self._answer:g} s"
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


@lru_cache(maxsize=64)
def _address(url: str) -> httpx.URL:
    return httpx.URL(url)


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
