"""What goes over the wire of one thread. It alone needs urllib3, which is imported with the first request."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import time
from typing import TYPE_CHECKING

import certifi
import urllib3
import urllib3.connection
from urllib3.exceptions import DecodeError, HTTPError
from urllib3.util import make_headers

from m3nop.http.failures import HttpFailure, HttpFailureKind
from m3nop.http.response import Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from m3nop.http.outgoing import Host, Outgoing
    from m3nop.http.proxies import Proxy

_DECODED = make_headers(accept_encoding=True)["accept-encoding"]
"""The compressions that can be undone here."""
_KEPT = 3.0
"""Seconds; shorter than servers keep an idle connection: a write that meets its closing is in doubt."""
_PART = 65_536
_BROKEN = (OSError, http.client.HTTPException, HTTPError)
"""Whatever can be raised below HTTP, and by it."""


class Wire:
    """The connection of one thread to one host.

    ``answer`` and ``connect`` are seconds, ``largest_answer`` bytes. Without ``tls`` only plain http can be
    spoken. It is urllib3's connection without its pool: so it is known what failed before anything was sent.
    """

    def __init__(
        self,
        host: Host,
        *,
        answer: float,
        connect: float,
        largest_answer: int,
        tls: ssl.SSLContext | None,
        proxy: Proxy | None,
    ) -> None:
        self._host = host
        self._answer = answer
        self._connect = connect
        self._largest_answer = largest_answer
        self._tls = tls
        self._proxy = proxy
        self._connection: urllib3.connection.HTTPConnection | None = None
        self._used = 0.0
        self._under_way = False
        self._closed = False

    def connect(self, request: Outgoing) -> None:
        """See to it that there is a connection, to this moment, over which a request can be sent.

        Raises:
            HttpFailure: there is none; nothing was sent.
        """
        kept = self._connection
        if kept is not None and time.monotonic() - self._used < _KEPT and kept.is_connected:
            return
        self._drop()
        connection = self._new()
        try:
            connection.connect()
        except _BROKEN as error:
            connection.close()
            kind, words = _judge_connect(error)
            msg = f"{self._where(request)}: {words}"
            raise HttpFailure(msg, kind=kind, sent=False) from error
        connection.timeout = self._answer
        self._connection, self._used = connection, time.monotonic()

    def close(self) -> None:
        """Close the connection; a request that is under way gets its answer before."""
        self._closed = True
        if not self._under_way:
            self._drop()

    def exchange(self, request: Outgoing) -> Response:
        """Send a request over the connection and read its answer, whatever its status.

        Raises:
            HttpFailure: there was no whole answer.
        """
        connection, whole = self._connection, False
        if connection is None:
            msg = f"{self._where(request)}: the connection was closed before anything was sent"
            raise HttpFailure(msg, kind=HttpFailureKind.CONNECT, sent=False)
        self._under_way = True
        try:
            response = self._send(connection, request)
            whole = True
        finally:
            self._used = time.monotonic()
            self._under_way = False
            if self._closed or not whole:
                self._drop()
        return response

    def _send(self, connection: urllib3.connection.HTTPConnection, request: Outgoing) -> Response:
        deadline = time.monotonic() + self._answer
        answered = False
        try:
            self._write(connection, request)
            answer = connection.getresponse()
            answered = True
            body = self._read(answer, request, deadline=deadline)
        except _BROKEN as error:
            kind, words = _judge(error)
            msg = f"{self._where(request)}: {words}"
            raise HttpFailure(msg, kind=kind, sent=True if answered else None) from error
        return Response(answer.status, _joined(answer.headers.items()), body)

    def _write(self, connection: urllib3.connection.HTTPConnection, request: Outgoing) -> None:
        try:
            connection.request(
                request.method,
                request.target,
                body=request.content,
                headers={"accept-encoding": _DECODED, **request.headers},
                preload_content=False,
            )
        except ConnectionError:
            # A server may refuse a request and hang up before it has read it all: its answer is there then.
            return
        except (ValueError, http.client.InvalidURL):
            # The first byte leaves after this. What is wrong may be a credential, so it is not shown.
            msg = f"{self._where(request)}: a header or the address has a character that cannot be sent"
            raise HttpFailure(msg, kind=HttpFailureKind.PROTOCOL, sent=False) from None

    def _read(self, answer: urllib3.BaseHTTPResponse, request: Outgoing, *, deadline: float) -> bytes:
        parts = bytearray()
        while part := answer.read1(_PART):
            parts += part
            if len(parts) > self._largest_answer:
                words = f"the answer is larger than {self._largest_answer} bytes; ask for less at a time"
                msg = f"{self._where(request)}: {words}"
                raise HttpFailure(msg, kind=HttpFailureKind.TOO_LARGE, sent=True)
            if time.monotonic() > deadline:
                msg = f"{self._where(request)}: the answer was not complete after {self._answer:g} s"
                raise HttpFailure(msg, kind=HttpFailureKind.TIMEOUT, sent=True)
        return bytes(parts)

    def _new(self) -> urllib3.connection.HTTPConnection:
        name, port = self._host.name, self._host.port
        if self._host.scheme == "http":
            return urllib3.connection.HTTPConnection(name, port, timeout=self._connect)
        if self._proxy is None:
            return urllib3.connection.HTTPSConnection(
                name, port, timeout=self._connect, ssl_context=self._tls
            )
        return self._proxy.tunnel(name, port or http.client.HTTPS_PORT, timeout=self._connect, tls=self._tls)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _where(self, request: Outgoing) -> str:
        """Name a request without its query, which may hold what nobody is to read in a log."""
        return f"{request.method} {self._host}{request.target.partition('?')[0]}"


def trusting(ca_file: str | None) -> ssl.SSLContext:
    """Trust the authorities of certifi and of the operating system (companies add their own there)."""
    # As with other programs, SSL_CERT_FILE and SSL_CERT_DIR name others instead.
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file or not folder:
        context = ssl.create_default_context(cafile=file or certifi.where())
    else:
        context = ssl.create_default_context(capath=folder)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs()
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


def _joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers:
        small = name.lower()
        joined[small] = f"{joined[small]}, {value}" if small in joined else value
    return joined


def _judge_connect(error: Exception) -> tuple[HttpFailureKind, str]:
    causes = _causes(error)
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return HttpFailureKind.NAME, "the host name is not known; check `url` and the network"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return HttpFailureKind.TLS, f"no trusted TLS connection ({_words(causes)})"
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return HttpFailureKind.CONNECT, "no connection in time"
    return HttpFailureKind.CONNECT, f"no connection ({_words(causes)})"


def _judge(error: Exception) -> tuple[HttpFailureKind, str]:
    causes = _causes(error)
    if isinstance(error, DecodeError):
        return HttpFailureKind.PROTOCOL, f"the answer is damaged ({error})"
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return HttpFailureKind.TIMEOUT, "no answer in time"
    if isinstance(error, http.client.RemoteDisconnected):
        return HttpFailureKind.RESET, "the connection was closed before an answer came"
    if any(isinstance(cause, OSError) for cause in causes):
        return HttpFailureKind.RESET, f"the connection broke ({_words(causes)})"
    return HttpFailureKind.PROTOCOL, f"the answer is not HTTP ({_words(causes)})"


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in found:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found


def _words(causes: Sequence[BaseException]) -> str:
    """Say it as the system does, if it was the system; what is built upon it adds addresses of objects."""
    error = next((cause for cause in causes if isinstance(cause, OSError)), causes[-1])
    return str(error) or type(error).__name__
